//! What is in memory of a dump: a window that moves over the bytes as they are read, as wide as the piece that
//! is looked at. I/O.

use std::io::{self, Read};

use super::problem::Position;

/// So much is read at once.
const CHUNK: usize = 128 << 10;
/// A wider window is given back once it is empty.
const KEPT: usize = 8 * CHUNK;

/// The largest piece, an object most often, that is taken in. etcd refuses objects over 1.5 MiB of its own
/// encoding; JSON, with binary data in base64, is a small multiple of that.
pub(super) const LARGEST: usize = 8 << 20;

/// The bytes that were read and not consumed yet.
pub(super) struct Window<'r> {
    reader: Box<dyn Read + 'r>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    position: Position,
}

impl<'r> Window<'r> {
    pub(super) fn new(reader: Box<dyn Read + 'r>) -> Self {
        Self { reader, bytes: Vec::new(), start: 0, end: 0, ended: false, position: Position::START }
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Where [`Self::rest`] begins.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Widens the window; `false`: the end of the dump is in it.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == 0 && self.bytes.len() > KEPT {
            self.bytes = Vec::new();
        }
        if self.bytes.len() < self.end + CHUNK {
            self.bytes.resize(self.end + CHUNK, 0);
        }
        while !self.ended {
            match self.reader.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(false)
    }

    /// Moves on by so many bytes.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.position = self.position.behind(&self.bytes[self.start..self.start + count]);
        self.start += count;
    }

    /// The same over a mark that is no text.
    pub(super) fn consume_mark(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Moves on over blanks; the first byte that is none, unless the dump ends.
    pub(super) fn skip_blanks(&mut self) -> io::Result<Option<u8>> {
        loop {
            // A record separator begins each record of RFC 7464.
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1E);
            let blanks = self.rest().iter().take_while(|byte| is_blank(byte)).count();
            self.consume(blanks);
            if let Some(byte) = self.rest().first() {
                return Ok(Some(*byte));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_as_wide_as_asked_and_given_back() {
        let text = vec![b'x'; 4 << 20];
        let mut window = Window::new(Box::new(&text[..]));
        while window.rest().len() < 2 << 20 {
            assert!(window.more().unwrap());
        }
        let width = window.rest().len();
        window.consume(width);
        assert!(window.more().unwrap());
        assert!(window.bytes.len() <= KEPT);
        assert_eq!(window.position(), Position { line: 1, column: width + 1 });
    }

    #[test]
    fn what_is_not_consumed_stays_and_the_position_moves_on() {
        let mut window = Window::new(Box::new(&b" \n\t{a"[..]));
        assert_eq!(window.skip_blanks().unwrap(), Some(b'{'));
        assert_eq!(window.position(), Position { line: 2, column: 2 });
        assert!(!window.more().unwrap());
        assert_eq!(window.rest(), b"{a");
        window.consume(99);
        assert_eq!(window.skip_blanks().unwrap(), None);
    }
}
