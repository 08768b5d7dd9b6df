//! The `continue` token: where a list goes on, and of which version it is.

use super::store::Key;

/// What a token holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Continue {
    /// Of the first page.
    pub(super) revision: u64,
    /// The last key of the page before.
    pub(super) behind: Key,
}

impl Continue {
    /// To be handed to clients, who may not look into it.
    pub(super) fn to_text(&self) -> String {
        let plain = format!("{} {}", self.revision, self.behind.as_str());
        plain.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// `None`: it is none of ours.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let pairs = text.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let plain = String::from_utf8(pairs.map(byte).collect::<Option<Vec<u8>>>()?).ok()?;
        let (revision, behind) = plain.split_once(' ')?;
        Some(Self { revision: revision.parse().ok()?, behind: Key::from_text(behind) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_went_and_garbage_does_not() {
        let token = Continue { revision: 42, behind: Key::new("a", "b c/é") };
        assert_eq!(Continue::from_text(&token.to_text()), Some(token));
        for garbage in ["", "x", "zz", "4", "34", "3420", "ff20", "342"] {
            assert_ne!(Continue::from_text(garbage).map(|token| token.revision), Some(42), "{garbage}");
        }
    }
}
