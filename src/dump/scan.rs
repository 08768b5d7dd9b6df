//! Where a JSON value ends, without its being parsed: only strings and brackets are followed. What lies between
//! is parsed later, alone, so that one broken object costs that object. Pure; no byte is looked at twice.

use memchr::memchr2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

/// Follows one value to its end.
#[derive(Debug, Default)]
pub(super) struct Value {
    depth: usize,
    text: Text,
}

impl Value {
    /// Where the value that goes on in `bytes` ends; `None`: not in there. Begin with a byte of the value.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.text {
                Text::Escaped => self.text = Text::Inside,
                Text::Inside => {
                    at += memchr2(b'"', b'\\', &bytes[at..])?;
                    self.text = if bytes[at] == b'"' { Text::Outside } else { Text::Escaped };
                    if self.text == Text::Outside && self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                Text::Outside => match bytes[at] {
                    b'"' => self.text = Text::Inside,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 1 => self.depth -= 1,
                    b'}' | b']' if self.depth == 1 => {
                        self.depth = 0;
                        return Some(at + 1);
                    }
                    b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                        return Some(at);
                    }
                    _ => {}
                },
            }
            at += 1;
        }
        None
    }
}

/// What a document holds next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The list of its `items` opens before [`Document::at`]; the key begins here.
    Items(usize),
    /// Its end is at [`Document::at`].
    End,
    /// More bytes are needed.
    More,
}

/// Follows an object from its first bracket, and stops at the `items` of its top level.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// So many bytes were looked at.
    pub(super) at: usize,
    /// Its items are no list of objects, or behind us: it is followed to its end.
    pub(super) is_whole: bool,
    depth: usize,
    text: Text,
    string_start: usize,
    string_is_items: bool,
    items_next: bool,
}

impl Document {
    /// Goes on in `bytes`, which begin where the object does, or where [`Self::cut`] said.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Found {
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            match (self.text, byte) {
                (Text::Escaped, _) => self.text = Text::Inside,
                (Text::Inside, b'"') => {
                    self.text = Text::Outside;
                    let string = bytes.get(self.string_start..self.at);
                    self.string_is_items = self.depth == 1 && string == Some(b"\"items\"");
                }
                (Text::Inside, b'\\') => self.text = Text::Escaped,
                (Text::Inside, _) => {
                    let skipped = memchr2(b'"', b'\\', &bytes[self.at..]);
                    self.at = skipped.map_or(bytes.len(), |skipped| self.at + skipped);
                }
                (Text::Outside, b' ' | b'\t' | b'\r' | b'\n') => {}
                (Text::Outside, b':') => {
                    self.items_next = self.depth == 1 && self.string_is_items && !self.is_whole;
                }
                (Text::Outside, b'[') if self.items_next => {
                    self.items_next = false;
                    return Found::Items(self.string_start);
                }
                (Text::Outside, other) => {
                    self.items_next = false;
                    match other {
                        b'"' => {
                            self.text = Text::Inside;
                            self.string_start = self.at - 1;
                        }
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 {
                                return Found::End;
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        Found::More
    }

    /// The list that opened is a part of the object like any other.
    pub(super) fn enter(&mut self) {
        self.is_whole = true;
        self.depth += 1;
    }

    /// What was looked at is gone.
    pub(super) fn cut(&mut self) {
        self.at = 0;
        self.string_start = 0;
        self.string_is_items = false;
        self.is_whole = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_json_says_wherever_it_is_cut() {
        for (text, end) in [
            (r#"{"a":[1,{"b":"}]"}]},"#, 20),
            (r#""a\"b\\" "#, 8),
            ("12,3", 2),
            ("null]", 4),
            ("[]", 2),
            ("true\n", 4),
        ] {
            assert_eq!(Value::default().end(text.as_bytes()), Some(end), "{text}");
            for cut in 1..end {
                let mut value = Value::default();
                assert_eq!(value.end(&text.as_bytes()[..cut]), None, "{text} at {cut}");
                assert_eq!(value.end(&text.as_bytes()[cut..]), Some(end - cut), "{text} at {cut}");
            }
        }
    }

    #[test]
    fn the_items_of_the_top_level_alone_are_found() {
        let mut document = Document::default();
        let text = r#"{"metadata":{"items":[1]},"x":"\"items\":[","items" : [{}]}"#;
        let key = text.rfind("\"items\"").unwrap();
        assert_eq!(document.next(text.as_bytes()), Found::Items(key));
        assert_eq!(&text[document.at..], "{}]}");
        for text in [r#"{"items":null}"#, r#"{"a":"items","b":[]}"#, r#"{"items":{"a":[]}}"#] {
            let mut document = Document::default();
            assert_eq!(document.next(text.as_bytes()), Found::End, "{text}");
            assert_eq!(document.at, text.len(), "{text}");
        }
    }

    #[test]
    fn a_document_that_is_taken_whole_ends_where_it_does() {
        let text = r#"{"items":[[1],{"items":[]}]}{"#;
        let mut document = Document::default();
        assert_eq!(document.next(text.as_bytes()), Found::Items(1));
        document.enter();
        assert_eq!(document.next(text.as_bytes()), Found::End);
        assert_eq!(document.at, text.len() - 1);
    }
}
