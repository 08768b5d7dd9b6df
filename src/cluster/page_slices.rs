//! Cuts a list page into the bytes of each element of its `items`, as they arrive, in chunks of any
//! size; everything else, the envelope, is kept apart. No order of the keys is presumed. Only the
//! structure is followed here: each piece is parsed later, alone, so that one broken object costs
//! that object.

use serde_json::Value;

use super::slices::{Carry, LARGEST_PIECE, Slice};

/// A page without its items is a few hundred bytes, most of them the token of the next page.
const LARGEST_ENVELOPE: usize = 64 << 10;

/// Between two items is a comma and, where a person is to read it, a line's indentation.
const LARGEST_GAP: usize = 64 << 10;

/// Why a page cannot be cut.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Between two elements is something else than a comma.
    #[error("the list is not JSON: `{}` between two items", char::from(*.0).escape_default())]
    Malformed(u8),
    /// What is not in `items` is larger than any list's metadata.
    #[error("the list has more than {LARGEST_ENVELOPE} bytes beside its items")]
    EnvelopeTooLarge,
    /// One item has no end, or nothing comes between two of them, at length.
    #[error("the list has an item without end")]
    Endless,
    /// The page ended before its end.
    #[error("the list broke off")]
    Truncated,
    /// What is not in `items` is not JSON.
    #[error("the list is not JSON")]
    Parse(#[from] serde_json::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Envelope,
    /// In `items`, before an element or the end.
    BeforeFirst,
    AfterComma,
    AfterElement,
    /// In an element of `items`.
    Element,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

/// Cuts one page.
#[derive(Debug)]
pub struct PageScanner {
    place: Place,
    text: Text,
    /// Brackets that are open, in the envelope.
    depth: usize,
    /// Brackets that are open, in the element.
    element_depth: usize,
    envelope: Vec<u8>,
    /// Where in the envelope the last string of the top level began.
    string_start: usize,
    /// The last string of the top level is `items`.
    string_is_items: bool,
    /// The next value is that of `items`.
    items_next: bool,
    /// Blanks since the last item.
    gap: usize,
    carry: Carry,
}

impl Default for PageScanner {
    fn default() -> Self {
        Self::new(LARGEST_PIECE)
    }
}

impl PageScanner {
    /// A scanner that skips elements of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            place: Place::Envelope,
            text: Text::Outside,
            depth: 0,
            element_depth: 0,
            envelope: Vec::new(),
            string_start: 0,
            string_is_items: false,
            items_next: false,
            gap: 0,
            carry: Carry::new(limit),
        }
    }

    /// The next element that ends in `input`, from which it is taken; `None`: all of `input` is taken.
    pub fn next<'a, 'input: 'a>(
        &'a mut self,
        input: &mut &'input [u8],
    ) -> Result<Option<Slice<'a>>, ScanError> {
        self.carry.release();
        while let Some(&byte) = input.first() {
            match self.place {
                Place::Envelope => {
                    self.envelope_byte(byte)?;
                    *input = &input[1..];
                }
                Place::Element => match self.element_end(input) {
                    Some(end) => {
                        let last = &input[..end];
                        *input = &input[end..];
                        self.place = Place::AfterElement;
                        return Ok(Some(self.carry.complete(last)));
                    }
                    None => {
                        self.carry.extend(input);
                        *input = &[];
                        if self.carry.is_endless() {
                            return Err(ScanError::Endless);
                        }
                    }
                },
                _ => {
                    if self.between(byte)? {
                        *input = &input[1..];
                    }
                }
            }
        }
        Ok(None)
    }

    /// The page without its elements, once all of it was fed.
    pub fn finish(self) -> Result<Value, ScanError> {
        if self.place != Place::Envelope || self.depth > 0 || self.text != Text::Outside {
            return Err(ScanError::Truncated);
        }
        Ok(serde_json::from_slice(&self.envelope)?)
    }

    fn envelope_byte(&mut self, byte: u8) -> Result<(), ScanError> {
        if self.envelope.len() >= LARGEST_ENVELOPE {
            return Err(ScanError::EnvelopeTooLarge);
        }
        self.envelope.push(byte);
        match (self.text, byte) {
            (Text::Escaped, _) => self.text = Text::Inside,
            (Text::Inside, b'\\') => self.text = Text::Escaped,
            (Text::Inside, b'"') => {
                self.text = Text::Outside;
                let string = &self.envelope[self.string_start..];
                self.string_is_items = self.depth == 1 && string == b"\"items\"";
            }
            (Text::Inside, _) => {}
            (Text::Outside, b':') => self.items_next = self.depth == 1 && self.string_is_items,
            (Text::Outside, b' ' | b'\t' | b'\r' | b'\n') => {}
            (Text::Outside, b'[') if self.items_next => {
                self.items_next = false;
                self.place = Place::BeforeFirst;
            }
            (Text::Outside, other) => {
                self.items_next = false;
                match other {
                    b'"' => {
                        self.text = Text::Inside;
                        self.string_start = self.envelope.len() - 1;
                    }
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Whether the byte is used up; else an element begins with it.
    fn between(&mut self, byte: u8) -> Result<bool, ScanError> {
        match (self.place, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {
                self.gap += 1;
                if self.gap > LARGEST_GAP { Err(ScanError::Endless) } else { Ok(true) }
            }
            (Place::BeforeFirst | Place::AfterElement, b']') => {
                self.envelope.push(byte);
                self.place = Place::Envelope;
                Ok(true)
            }
            (Place::AfterElement, b',') => {
                self.place = Place::AfterComma;
                Ok(true)
            }
            (Place::AfterElement, _) | (_, b',' | b':' | b']' | b'}') => Err(ScanError::Malformed(byte)),
            _ => {
                self.place = Place::Element;
                self.element_depth = 0;
                self.gap = 0;
                Ok(false)
            }
        }
    }

    /// Where the element that goes on in `input` ends; `None`: not in it.
    fn element_end(&mut self, input: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < input.len() {
            match self.text {
                Text::Escaped => self.text = Text::Inside,
                Text::Inside => {
                    at += input[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
                    self.text = if input[at] == b'"' { Text::Outside } else { Text::Escaped };
                    if self.text == Text::Outside && self.element_depth == 0 {
                        return Some(at + 1);
                    }
                }
                Text::Outside => match input[at] {
                    b'"' => self.text = Text::Inside,
                    b'{' | b'[' => self.element_depth += 1,
                    // A number or a word ends before what follows it.
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.element_depth == 0 => {
                        return Some(at);
                    }
                    b'}' | b']' => {
                        self.element_depth -= 1;
                        if self.element_depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                },
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
#[path = "page_slices_tests.rs"]
mod tests;
