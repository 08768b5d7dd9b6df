//! From bytes to observations: one object of a list, or one line of a watch, is parsed in one pass
//! through the projection. What cannot be read is an error of that object alone, as long as it is
//! known that an object is all that is lost.

use std::cell::Cell;
use std::fmt;

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::failure::Status;
use super::resource::Resource;

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is not JSON, or not as the API server writes it.
    #[error("an object cannot be parsed")]
    Parse(#[from] serde_json::Error),
    /// Without an identity nothing can be known of it, or done to it.
    #[error("an object has no `metadata.{missing}`{}", of(.name))]
    Anonymous {
        /// `name` or `uid`.
        missing: &'static str,
        /// What it is called, where that is known.
        name: String,
    },
}

fn of(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(": `{name}`") }
}

/// Why a line of a watch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The object that was created or changed; nothing else is lost.
    #[error(transparent)]
    Object(#[from] DecodeError),
    /// A deletion, or what the line is at all, is lost: the watch cannot be followed past it.
    #[error("a line of the watch cannot be read")]
    Protocol(#[source] DecodeError),
}

/// One line of a watch.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// `ADDED`, `MODIFIED`: the object as it is now.
    Applied(Observation),
    /// `DELETED`: the identity of the last state, nothing else.
    Deleted(Observation),
    /// `BOOKMARK`: all up to this version was sent.
    Bookmark {
        /// Where a watch can go on.
        resource_version: String,
        /// Whether it ends the initial events of a streaming list.
        ends_initial_events: bool,
    },
    /// `ERROR`: the server ends the watch.
    Error(Status),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// Parses objects and lines of one resource.
#[derive(Clone, Debug)]
pub struct Decoder {
    projection: Projection,
    identity: Projection,
    whole: Projection,
    /// `apiVersion` and `kind`, where they are read: the API server leaves them out of the elements
    /// of its lists, but neither of a watch nor of a single object.
    implied: Map<String, Value>,
}

impl Decoder {
    /// A decoder that keeps what the projection reads, and the identity.
    #[must_use]
    pub fn new(projection: &Projection, resource: &Resource) -> Self {
        let mut projection = projection.clone();
        projection.merge(&Projection::of_identity());
        let implied = serde_json::json!({"apiVersion": resource.api_version(), "kind": resource.kind});
        let implied = match projection.parse(implied.to_string().as_bytes()) {
            Ok(Value::Object(read)) => read,
            _ => Map::new(),
        };
        let (identity, whole) = (Projection::of_identity(), Projection::of_everything());
        Self { projection, identity, whole, implied }
    }

    /// One object of a list.
    pub fn object(&self, bytes: &[u8]) -> Result<Observation, DecodeError> {
        let mut value = self.projection.parse(bytes)?;
        if let Value::Object(object) = &mut value {
            for (name, implied) in &self.implied {
                object.entry(name.as_str()).or_insert_with(|| implied.clone());
            }
        }
        identified(value)
    }

    /// One line of a watch: `{"type": …, "object": …}`.
    pub fn line(&self, bytes: &[u8]) -> Result<Event, LineError> {
        let kind = Cell::new(None);
        let parsed = self.parse_line(bytes, &kind).and_then(|first| match first {
            // The type came after the object: once more, now that it is known.
            Value::Null => self.parse_line(bytes, &kind),
            object => Ok(object),
        });
        let decoded = parsed.map_err(DecodeError::from).and_then(|object| event(kind.get(), object));
        decoded.map_err(|error| match kind.get() {
            Some(Kind::Added | Kind::Modified) => LineError::Object(error),
            _ => LineError::Protocol(error),
        })
    }

    /// Whether a line that is too large to be read, and begins like this, is one object's creation or
    /// change, so that nothing else is lost with it.
    #[must_use]
    pub fn loses_one_object(head: &[u8]) -> bool {
        head.starts_with(b"{\"type\":\"ADDED\"") || head.starts_with(b"{\"type\":\"MODIFIED\"")
    }

    fn parse_line(&self, bytes: &[u8], kind: &Cell<Option<Kind>>) -> serde_json::Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let object = deserializer.deserialize_map(Line { decoder: self, kind })?;
        deserializer.end()?;
        Ok(object)
    }

    fn projection_of(&self, kind: Kind) -> &Projection {
        match kind {
            Kind::Added | Kind::Modified => &self.projection,
            Kind::Deleted => &self.identity,
            Kind::Bookmark | Kind::Error => &self.whole,
        }
    }
}

/// Reads a line's object by its type; null where the object came before the type.
struct Line<'a> {
    decoder: &'a Decoder,
    kind: &'a Cell<Option<Kind>>,
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of a watch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut found = None;
        while let Some(member) = access.next_key::<Member>()? {
            match (member, self.kind.get()) {
                (Member::Type, _) => self.kind.set(Some(access.next_value()?)),
                (Member::Object, Some(kind)) => {
                    let object = access.next_value_seed(self.decoder.projection_of(kind))?;
                    if object.is_null() {
                        return Err(Error::custom("the object is null"));
                    }
                    found = Some(object);
                }
                (Member::Object, None) => {
                    access.next_value::<IgnoredAny>()?;
                    found = Some(Value::Null);
                }
                (Member::Other, _) => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        if self.kind.get().is_none() {
            return Err(Error::missing_field("type"));
        }
        found.ok_or_else(|| Error::missing_field("object"))
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Member {
    Type,
    Object,
    #[serde(other)]
    Other,
}

fn event(kind: Option<Kind>, object: Value) -> Result<Event, DecodeError> {
    match kind {
        Some(Kind::Added | Kind::Modified) => identified(object).map(Event::Applied),
        Some(Kind::Deleted) => identified(object).map(Event::Deleted),
        Some(Kind::Error) => Ok(Event::Error(Status::of(&object))),
        Some(Kind::Bookmark) | None => {
            let bookmark = Observation::new(object);
            let resource_version = bookmark.resource_version().to_owned();
            if resource_version.is_empty() {
                return Err(DecodeError::Anonymous { missing: "resourceVersion", name: String::new() });
            }
            let ends_initial_events = bookmark.annotation("k8s.io/initial-events-end") == Some("true");
            Ok(Event::Bookmark { resource_version, ends_initial_events })
        }
    }
}

fn identified(object: Value) -> Result<Observation, DecodeError> {
    let observation = Observation::new(object);
    for (missing, value) in [("name", observation.name()), ("uid", observation.uid())] {
        if value.is_empty() {
            return Err(DecodeError::Anonymous { missing, name: observation.name().to_owned() });
        }
    }
    Ok(observation)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
