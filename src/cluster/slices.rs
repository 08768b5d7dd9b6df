//! Cuts a stream of bytes into the pieces that are parsed alone: here what all cutting shares, and
//! the lines of a watch; the elements of a list page are in [`super::page_slices`]. Pure and
//! synchronous; no byte is looked at twice, and memory is bounded by the largest piece.

/// The largest piece that is kept. etcd refuses objects over 1.5 MiB of its own encoding; JSON, with
/// binary data in base64, is a small multiple of that.
pub const LARGEST_PIECE: usize = 8 << 20;

/// A buffer above this is given back after use, so that one large object costs no memory for ever.
const KEPT_CAPACITY: usize = 64 << 10;

/// So much of a piece that is too large is kept, to tell what it was.
const HEAD: usize = 64;

/// A piece of which more than this was skipped has no end.
pub(super) const ENDLESS: usize = 64 << 20;

/// One piece of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice<'a> {
    /// All its bytes.
    Whole(&'a [u8]),
    /// It was larger than the limit and skipped; its first bytes.
    TooLarge(&'a [u8]),
}

/// The beginning of a piece whose end has not come yet.
#[derive(Debug)]
pub(super) struct Carry {
    bytes: Vec<u8>,
    limit: usize,
    too_large: bool,
    /// Of a piece that is too large, so many bytes have gone by.
    skipped: usize,
    /// The bytes were handed out; they are cleared before the next use.
    taken: bool,
}

impl Carry {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, too_large: false, skipped: 0, taken: false }
    }

    /// To be called before anything else is added after [`Self::complete`].
    pub(super) fn release(&mut self) {
        if self.taken {
            self.taken = false;
            self.too_large = false;
            self.skipped = 0;
            if self.bytes.capacity() > KEPT_CAPACITY {
                self.bytes = Vec::new();
            }
            self.bytes.clear();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The piece that is under way goes on and on.
    pub(super) fn is_endless(&self) -> bool {
        self.skipped > ENDLESS
    }

    pub(super) fn extend(&mut self, part: &[u8]) {
        if self.too_large {
            self.skipped = self.skipped.saturating_add(part.len());
            return;
        }
        if self.bytes.len() + part.len() > self.limit {
            self.too_large = true;
            let missing = HEAD.saturating_sub(self.bytes.len()).min(part.len());
            self.bytes.extend_from_slice(&part[..missing]);
            self.bytes.truncate(HEAD);
            self.bytes.shrink_to_fit();
            return;
        }
        self.bytes.extend_from_slice(part);
    }

    /// The piece, now that its last part is here; copied only where it came in several.
    pub(super) fn complete<'a>(&'a mut self, last: &'a [u8]) -> Slice<'a> {
        if self.bytes.is_empty() && last.len() <= self.limit {
            return Slice::Whole(last);
        }
        self.extend(last);
        self.taken = true;
        if self.too_large { Slice::TooLarge(&self.bytes) } else { Slice::Whole(&self.bytes) }
    }
}

/// Cuts a watch stream into its lines. A line that the end of the stream cuts is never handed out.
#[derive(Debug)]
pub struct LineScanner {
    carry: Carry,
}

impl Default for LineScanner {
    fn default() -> Self {
        Self::new(LARGEST_PIECE)
    }
}

impl LineScanner {
    /// A scanner that skips lines of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { carry: Carry::new(limit) }
    }

    /// Whether the line that is under way is so long that it is none.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.carry.is_endless()
    }

    /// The next line that ends in `input`, from which it is taken; `None`: all of `input` is taken.
    /// Blank lines are left out.
    pub fn next<'a, 'input: 'a>(&'a mut self, input: &mut &'input [u8]) -> Option<Slice<'a>> {
        self.carry.release();
        if self.carry.is_empty() {
            *input = input.trim_ascii_start();
        }
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            self.carry.extend(input);
            *input = &[];
            return None;
        };
        let line = &input[..end];
        *input = &input[end + 1..];
        Some(self.carry.complete(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(scanner: &mut LineScanner, chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        for chunk in chunks {
            let mut rest = *chunk;
            while let Some(slice) = scanner.next(&mut rest) {
                found.push(match slice {
                    Slice::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Slice::TooLarge(head) => format!("too large: {}", String::from_utf8_lossy(head)),
                });
            }
            assert!(rest.is_empty());
        }
        found
    }

    #[test]
    fn lines_are_the_same_wherever_the_stream_is_cut() {
        let stream = b"{\"a\":1}\n\n{\"b\":\"\xc3\xa4\"}\n \n{\"c\":[]}\n{\"unfinished\"";
        let whole = lines(&mut LineScanner::default(), &[stream]);
        assert_eq!(whole, ["{\"a\":1}", "{\"b\":\"ä\"}", "{\"c\":[]}"]);
        for size in 1..stream.len() {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(lines(&mut LineScanner::default(), &chunks), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_told_and_the_next_one_is_whole() {
        let mut scanner = LineScanner::new(10);
        let stream = b"0123456789\n0123456789a\nshort\n";
        let expected = ["0123456789", "too large: 0123456789a", "short"];
        assert_eq!(lines(&mut scanner, &[stream]), expected);
        for size in 1..stream.len() {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(lines(&mut LineScanner::new(10), &chunks), expected, "chunks of {size}");
        }
    }

    #[test]
    fn the_buffer_of_a_large_line_is_given_back() {
        let mut scanner = LineScanner::default();
        let large = vec![b'x'; 1 << 20];
        assert_eq!(lines(&mut scanner, &[&large, b"\n", b"a\n"]).len(), 2);
        assert!(scanner.carry.bytes.capacity() <= KEPT_CAPACITY);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        let mut scanner = LineScanner::new(1 << 10);
        for _ in 0..100 {
            let mut rest: &[u8] = &[b'x'; 100];
            assert_eq!(scanner.next(&mut rest), None);
        }
        assert!(scanner.carry.bytes.capacity() <= 1 << 11);
        assert!(!scanner.is_endless());
        for _ in 0..65 {
            let piece = vec![b'x'; 1 << 20];
            let mut rest: &[u8] = &piece;
            assert_eq!(scanner.next(&mut rest), None);
        }
        assert!(scanner.is_endless());
        assert_eq!(lines(&mut scanner, &[b"\nshort\n"]).len(), 2);
        assert!(!scanner.is_endless());
    }
}
