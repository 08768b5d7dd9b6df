//! Objects in protobuf, made JSON. `kubectl create`, `drain`, `auth can-i` and other commands that know the
//! type of what they send write protobuf without asking; of the answer they take JSON just as well.

mod messages;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use messages::{Field, Kind, Message};

/// The media type.
pub const MEDIA: &str = "application/vnd.kubernetes.protobuf";

/// What each such body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// An object as JSON, its `apiVersion` and `kind` among the fields; `None`: it is none, or of a kind that is
/// not known here.
#[must_use]
pub fn to_json(body: &[u8]) -> Option<Value> {
    let envelope = entries(body.strip_prefix(MAGIC)?)?;
    let part = |wanted: u64| {
        envelope.iter().find_map(|(number, content)| match content {
            Content::Bytes(bytes) if *number == wanted => Some(*bytes),
            _ => None,
        })
    };
    let told = object(part(messages::ENVELOPE_TYPE)?, messages::TYPE)?;
    let mut value =
        object(part(messages::ENVELOPE_OBJECT).unwrap_or_default(), messages::of(told["kind"].as_str()?)?)?;
    value["apiVersion"] = told["apiVersion"].clone();
    value["kind"] = told["kind"].clone();
    Some(value)
}

/// What stands under a number.
#[derive(Clone, Copy)]
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Numbers and what stands under them, in their order.
fn entries(mut bytes: &[u8]) -> Option<Vec<(u64, Content<'_>)>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let content = match tag & 7 {
            0 => Content::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Content::Bytes(content)
            }
            // Nothing that Kubernetes sends is of another type.
            _ => return None,
        };
        entries.push((tag >> 3, content));
    }
    Some(entries)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn object(bytes: &[u8], message: Message) -> Option<Value> {
    let mut object = Map::new();
    for (number, content) in entries(bytes)? {
        let Some((_, name, field)) = message.iter().find(|(known, ..)| u64::from(*known) == number) else {
            // Better refused than lost.
            if is_zero(content) {
                continue;
            }
            return None;
        };
        let name = *name;
        match field {
            Field::One(kind) => {
                let (value, is_empty) = value(content, kind)?;
                if !is_empty {
                    object.insert(name.to_owned(), value);
                }
            }
            Field::Optional(kind) => {
                object.insert(name.to_owned(), value(content, kind)?.0);
            }
            Field::Many(kind) => {
                let (value, _) = value(content, kind)?;
                if let Value::Array(all) = object.entry(name).or_insert_with(|| json!([])) {
                    all.push(value);
                }
            }
            Field::Map(kind) => {
                let (key, value) = pair(content, kind)?;
                object.entry(name).or_insert_with(|| json!({}))[key] = value;
            }
        }
    }
    Some(Value::Object(object))
}

/// Whether it says no more than its absence: Go writes all that is not a pointer.
fn is_zero(content: Content<'_>) -> bool {
    match content {
        Content::Number(number) => number == 0,
        Content::Bytes(bytes) => {
            entries(bytes).is_some_and(|entries| entries.into_iter().all(|(_, content)| is_zero(content)))
        }
    }
}

fn pair(content: Content<'_>, kind: &Kind) -> Option<(String, Value)> {
    let Content::Bytes(bytes) = content else { return None };
    let (mut key, mut found) = (String::new(), Value::from(""));
    for (number, content) in entries(bytes)? {
        match (number, content) {
            (1, Content::Bytes(text)) => std::str::from_utf8(text).ok()?.clone_into(&mut key),
            (2, content) => (found, _) = value(content, kind)?,
            _ => {}
        }
    }
    Some((key, found))
}

/// And whether it is empty, which Go writes too.
fn value(content: Content<'_>, kind: &Kind) -> Option<(Value, bool)> {
    Some(match (content, kind) {
        #[expect(clippy::cast_possible_wrap, reason = "so negative numbers are written")]
        (Content::Number(number), Kind::Number) => ((number as i64).into(), number == 0),
        (Content::Number(number), Kind::Flag) => ((number != 0).into(), number == 0),
        (Content::Bytes(bytes), Kind::Text) => (std::str::from_utf8(bytes).ok()?.into(), bytes.is_empty()),
        (Content::Bytes(bytes), Kind::Bytes) => (base64(bytes).into(), bytes.is_empty()),
        (Content::Bytes(bytes), Kind::Moment) => {
            let moment = object(bytes, messages::MOMENT)?;
            let seconds = moment["seconds"].as_i64().unwrap_or_default();
            (Timestamp::from_second(seconds).ok()?.to_string().into(), bytes.is_empty())
        }
        (Content::Bytes(bytes), Kind::Quantity) => {
            (object(bytes, messages::QUANTITY)?["text"].take(), bytes.is_empty())
        }
        (Content::Bytes(bytes), Kind::NumberOrText) => {
            let mut either = object(bytes, messages::NUMBER_OR_TEXT)?;
            let is_text = either["type"] == 1;
            (
                if is_text {
                    either["text"].take()
                } else {
                    either["number"].as_i64().unwrap_or_default().into()
                },
                false,
            )
        }
        (Content::Bytes(bytes), Kind::Object(message)) => (object(bytes, message)?, false),
        _ => return None,
    })
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = ALPHABET[(bits >> shift & 63) as usize];
            text.push(if index > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests;
