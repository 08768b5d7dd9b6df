//! Text of the reader's files and of messages about them, made harmless to a terminal.

use std::borrow::Cow;

use crate::rules::diagnostic::is_bidirectional;

/// The same text, every byte at its place, without what a terminal would obey.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || is_bidirectional(c));
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let replaced = |c: char| match c.len_utf8() {
        _ if is_harmless(c) => c,
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(replaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_replaced_byte_for_byte() {
        let text = "a\u{1b}[2J\u{9b}b\u{202e}\tc\r\n";
        assert_eq!(printable(text), "a?[2J\u{b7}b\u{fffd}\tc\r\n");
        assert_eq!(printable(text).len(), text.len());
    }
}
