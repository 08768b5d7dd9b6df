//! The part of an object that a rule set reads, as a tree of field names: compiled once, then used to
//! parse every object so that nothing else of it is ever built in memory (managedFields least of all).
//! Reading through a projection and then evaluating equals evaluating the whole object.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::values::{Path, Segment};

/// A tree of what is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// Everything below is read.
    whole: bool,
    /// These members of an object are read.
    members: BTreeMap<String, Projection>,
    /// This of every element of an array, and of every member of an object, is read.
    every: Option<Box<Projection>>,
}

impl Projection {
    /// What identity, freshness and protection need of every object, whatever the rules read.
    #[must_use]
    pub fn of_identity() -> Self {
        let mut projection = Self::default();
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            projection.read_members(&["metadata", field]);
        }
        projection
    }

    /// Everything.
    #[must_use]
    pub fn of_everything() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Adds all that a path can reach.
    pub fn read(&mut self, path: &Path) {
        self.add(path.reach());
    }

    /// Adds all below these segments.
    pub fn read_segments(&mut self, segments: &[Segment]) {
        self.add(segments);
    }

    /// Whether something of the field at these members is read.
    #[must_use]
    pub fn reads_members(&self, members: &[&str]) -> bool {
        match members {
            [] => true,
            [first, rest @ ..] => self.of_member(first).is_some_and(|part| part.reads_members(rest)),
        }
    }

    /// What is read of the member of this name.
    pub(crate) fn of_member(&self, name: &str) -> Option<Cow<'_, Self>> {
        if self.whole {
            return Some(Cow::Borrowed(self));
        }
        self.member(name).map(|part| match part {
            MemberProjection::Borrowed(part) => Cow::Borrowed(part),
            MemberProjection::Merged(part) => Cow::Owned(*part),
        })
    }

    /// What is read of every element.
    pub(crate) fn of_every(&self) -> Option<&Self> {
        if self.whole { Some(self) } else { self.every.as_deref() }
    }

    /// Adds the field at these members and all below it.
    pub fn read_members(&mut self, members: &[&str]) {
        self.read(&Path::of_members(members));
    }

    /// Adds all that another projection reads.
    pub fn merge(&mut self, other: &Self) {
        if other.whole {
            *self = Self::of_everything();
        }
        if self.whole {
            return;
        }
        for (name, part) in &other.members {
            self.members.entry(name.clone()).or_default().merge(part);
        }
        if let Some(part) = &other.every {
            self.every.get_or_insert_default().merge(part);
        }
    }

    /// Whether nothing outside `metadata` is read, so that the kind can be watched as
    /// PartialObjectMetadata.
    #[must_use]
    pub fn is_metadata_only(&self) -> bool {
        let metadata_only = |name: &String| name == "metadata";
        !self.whole && self.every.is_none() && self.members.keys().all(metadata_only)
    }

    /// Parses one object from its bytes, keeping only what is read.
    pub fn parse(&self, bytes: &[u8]) -> serde_json::Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let value = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// The same of an object that is in memory already.
    #[must_use]
    pub fn of_value(&self, value: Value) -> Value {
        self.deserialize(value).unwrap_or_default()
    }

    fn add(&mut self, segments: &[Segment]) {
        if self.whole {
            return;
        }
        match segments.split_first() {
            None => *self = Self::of_everything(),
            Some((Segment::Member(name), rest)) => self.members.entry(name.clone()).or_default().add(rest),
            // An index needs the elements before it to keep its place, so all are read alike.
            Some((Segment::Element(_) | Segment::Every, rest)) => {
                self.every.get_or_insert_default().add(rest);
            }
        }
    }

    /// What is read of the member of this name: what is asked of it and what is asked of every one.
    fn member(&self, name: &str) -> Option<MemberProjection<'_>> {
        match (self.members.get(name), &self.every) {
            (None, None) => None,
            (Some(part), None) => Some(MemberProjection::Borrowed(part)),
            (None, Some(part)) => Some(MemberProjection::Borrowed(part)),
            (Some(part), Some(every)) => {
                let mut merged = part.clone();
                merged.merge(every);
                Some(MemberProjection::Merged(Box::new(merged)))
            }
        }
    }
}

enum MemberProjection<'a> {
    Borrowed(&'a Projection),
    Merged(Box<Projection>),
}

impl MemberProjection<'_> {
    fn get(&self) -> &Projection {
        match self {
            Self::Borrowed(part) => part,
            Self::Merged(part) => part,
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Projection {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.whole { Value::deserialize(deserializer) } else { deserializer.deserialize_any(self) }
    }
}

/// Scalars and shapes other than the expected one are kept as they are: whether a field is missing,
/// null or of another type is for the matcher to tell.
impl<'de> Visitor<'de> for &Projection {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = access.next_key::<Name<'de>>()? {
            match self.member(&name.0) {
                Some(part) => {
                    let value = access.next_value_seed(part.get())?;
                    kept.insert(name.0.into_owned(), value);
                }
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        let Some(part) = &self.every else {
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Array(kept));
        };
        while let Some(element) = access.next_element_seed(part.as_ref())? {
            kept.push(element);
        }
        Ok(Value::Array(kept))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// A member's name, borrowed from the bytes where it has no escapes; serde's own `Cow` always copies.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn projected(paths: &[&str], object: &Value) -> Value {
        let mut projection = Projection::default();
        paths.iter().for_each(|path| projection.read(&Path::parse(path).unwrap()));
        let parsed = projection.parse(object.to_string().as_bytes()).unwrap();
        assert_eq!(projection.of_value(object.clone()), parsed, "from memory as from bytes");
        parsed
    }

    #[test]
    fn only_what_is_read_is_built() {
        let object = json!({"metadata": {"name": "a", "managedFields": [{"x": 1}]},
            "status": {"phase": "Running", "list": [{"a": 1, "b": 2}, 3, null]}, "spec": {"deep": {}}});
        let kept = projected(&["$.metadata.name", "$.status.list[*].a", "$.spec.deep.none"], &object);
        assert_eq!(
            kept,
            json!({"metadata": {"name": "a"}, "status": {"list": [{"a": 1}, 3, null]}, "spec": {"deep": {}}})
        );
    }

    #[test]
    fn every_path_yields_the_same_on_the_projection_as_on_the_whole() {
        let object =
            json!({"a": {"b": [{"c": 1, "d": [1, 2]}, {"c": 2}], "e": {"f": {"g": 1}, "h": {"g": 2}}}});
        for path in
            ["$.a.b[1].c", "$.a.b[-1]", "$.a.e[*].g", "$.a.e.f", "$..g", "$.a.b[?@.c == 2].c", "$.a[*]"]
        {
            let compiled = Path::parse(path).unwrap();
            // A second path through the same place must not narrow what the first one reads.
            let kept = projected(&[path, "$.a.e.f.none", "$.a.e[*].other"], &object);
            assert_eq!(compiled.nodes(&kept), compiled.nodes(&object), "{path}");
        }
    }

    #[test]
    fn a_projection_of_metadata_alone_is_recognised() {
        let mut projection = Projection::of_identity();
        assert!(projection.is_metadata_only());
        projection.read_members(&["status", "phase"]);
        assert!(!projection.is_metadata_only());
    }
}
