//! The `continue` token: where a list goes on, and of which version it is. In the form of the real server,
//! base64 of JSON, as clients have been seen to look into it.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine};
use serde_json::{Value, json};

use super::failure::Failure;
use super::store::Key;

const VERSION: &str = "meta.k8s.io/v1";

/// What a token holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Continue {
    /// Of the first page; none: whatever is the newest then.
    pub(super) revision: Option<u64>,
    /// The last key of the page before.
    pub(super) behind: Key,
    /// So many objects are behind it, where that was counted.
    pub(super) remaining: Option<usize>,
}

impl Continue {
    /// To be handed to clients, who may not look into it.
    pub(super) fn to_text(&self) -> String {
        let revision = self.revision.map_or_else(|| json!(-1), Value::from);
        // The first key that is behind this one.
        let start = format!("{}\0", self.behind.as_str());
        let mut token = json!({"v": VERSION, "rv": revision, "start": start});
        if let Some(remaining) = self.remaining {
            // A real server counts anew for each page; here that is known.
            token["remaining"] = remaining.into();
        }
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    /// 400: it is none of ours.
    pub(super) fn from_text(text: &str) -> Result<Self, Failure> {
        Self::parse(text).map_err(|because| {
            Failure::bad_request(format!("invalid continue token: continue key is not valid: {because}"))
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|error| illegal(&error, text))?;
        let token: Value = serde_json::from_slice(&plain).map_err(|error| not_json(&plain, &error))?;
        match token["v"].as_str().unwrap_or_default() {
            VERSION => {}
            other => return Err(format!("server does not recognize this encoded version {other}")),
        }
        let revision = match token["rv"].as_i64().unwrap_or_default() {
            0 => return Err(format!("incorrect encoded start resourceVersion (version {VERSION})")),
            revision => u64::try_from(revision).ok(),
        };
        let start = token["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(format!("encoded start key empty (version {VERSION})"));
        }
        if start.split('/').any(|part| ["", ".", ".."].contains(&part)) {
            return Err(start.to_owned());
        }
        let remaining = token["remaining"].as_u64().and_then(|remaining| usize::try_from(remaining).ok());
        Ok(Self { revision, behind: Key::from_text(start.trim_end_matches('\0')), remaining })
    }
}

/// In Go's words, as far as the first letter tells.
fn not_json(plain: &[u8], error: &serde_json::Error) -> String {
    let first = plain.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => "unexpected end of JSON input".to_owned(),
        Some(byte) if b"{[\"-0123456789tfn".contains(byte) => error.to_string(),
        Some(byte @ 0x80..=0xa0) => {
            format!("invalid character '\\u{byte:04x}' looking for beginning of value")
        }
        Some(byte) => format!("invalid character '{}' looking for beginning of value", char::from(*byte)),
    }
}

/// In Go's words.
fn illegal(error: &DecodeError, text: &str) -> String {
    let at = match error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => *at,
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len().saturating_sub(1),
    };
    format!("illegal base64 data at input byte {at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_went() {
        for (revision, name) in
            [(Some(42), "b c"), (Some(1), "é"), (None, "abc"), (Some(u64::from(u32::MAX)), "ab")]
        {
            let token = Continue { revision, behind: Key::new("a", name), remaining: revision.map(|_| 7) };
            assert_eq!(Continue::from_text(&token.to_text()).unwrap(), token);
        }
    }

    #[test]
    fn what_is_no_token_is_refused_as_a_real_server_does() {
        for (text, because) in [
            ("nothing", r"invalid character '\u009e' looking for beginning of value"),
            ("e30", "server does not recognize this encoded version "),
            ("a+b=", "illegal base64 data at input byte 1"),
            ("e", "illegal base64 data at input byte 0"),
            (
                &URL_SAFE_NO_PAD.encode(br#"{"v":"meta.k8s.io/v1"}"#),
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (
                &URL_SAFE_NO_PAD.encode(br#"{"v":"meta.k8s.io/v1","rv":1}"#),
                "encoded start key empty (version meta.k8s.io/v1)",
            ),
            (&URL_SAFE_NO_PAD.encode(br#"{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}"#), "../a"),
        ] {
            let refused = Continue::from_text(text).unwrap_err();
            assert_eq!(
                refused.message,
                format!("invalid continue token: continue key is not valid: {because}")
            );
        }
    }
}
