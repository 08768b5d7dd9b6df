//! What values take in memory, which may be a hundred times their text: a mapping of one key takes more than six
//! hundred bytes. It is bounded before a piece is parsed, as its text is.

use memchr::memchr_iter;

use super::problem::Flaw;

/// In pieces of some 32 bytes. The largest objects that etcd takes are far below it; so is a list inside a list, which
/// is parsed as a whole, of as many pods as its text may hold.
pub(super) const MOST: usize = 6_000_000;
/// What a mapping takes.
pub(super) const MAPPING: usize = 20;
/// What a list takes.
pub(super) const LIST: usize = 5;
/// Of shorter texts none is over the bound.
const SHORT: usize = 1 << 20;

/// Refuses JSON that takes too much, by its brackets and commas alone. Those in texts are counted with the others: no
/// object has as many.
pub(super) fn check(text: &[u8]) -> Result<(), Flaw> {
    if text.len() <= SHORT {
        return Ok(());
    }
    let count = |byte: u8| memchr_iter(byte, text).count();
    if MAPPING * count(b'{') + LIST * count(b'[') + count(b',') <= MOST { Ok(()) } else { Err(too_much(0)) }
}

pub(super) fn too_much(offset: usize) -> Flaw {
    let help = "no object of Kubernetes does; a list is read if it is written as kubectl does it";
    Flaw::new(offset, "what begins here holds too many values", help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_a_hundred_times_its_text_is_refused_and_texts_are_not() {
        assert!(check("{\"a\":0},".repeat(1 << 20).as_bytes()).is_err());
        assert!(check("[0],".repeat(2 << 20).as_bytes()).is_err());
        assert!(check("a".repeat(8 << 20).as_bytes()).is_ok());
        assert!(check("{\"name\":\"a-quite-usual-name\"},".repeat(50_000).as_bytes()).is_ok());
    }
}
