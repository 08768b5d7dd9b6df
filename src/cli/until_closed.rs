//! Standard output whose reader may have seen enough (`| head`): what is written after that is for nobody, and the
//! command goes on to the exit status that it would have had.

use std::io::{self, ErrorKind, Write};

/// Writes until the other end is closed, and then nowhere.
pub(super) struct UntilClosed<W>(pub(super) W);

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_closed_pipe_takes_all_and_a_full_disk_is_an_error() {
        let mut closed = UntilClosed(Fails(ErrorKind::BrokenPipe));
        closed.write_all(b"text").unwrap();
        closed.flush().unwrap();
        let mut full = UntilClosed(Fails(ErrorKind::StorageFull));
        assert_eq!(full.write_all(b"text").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(full.flush().unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
