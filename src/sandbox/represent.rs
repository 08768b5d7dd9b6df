//! The form in which a client gets what it asked for: the objects themselves, a table for people, or
//! their metadata alone. Columns and cells are those of a real API server.

mod accept;
mod columns;
mod custom;
mod duration;
mod json_path;
mod printers;
mod refusals;
mod table;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use accept::{Clause, clauses};
pub(super) use refusals::not_acceptable;
use refusals::{misfit, not_available};

use super::failure::Failure;
use super::kinds::{Kind, Version};
use super::request::Query;

const META: &str = "meta.k8s.io/v1";

/// What a row of a table says of its object, beside the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata: what is told where nothing is asked for.
    Metadata,
    /// All of it.
    Object,
}

/// The form that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// The objects as they are.
    Whole,
    /// Rows of cells.
    Table {
        /// What goes with the cells.
        include: IncludeObject,
    },
    /// `PartialObjectMetadata`.
    Partial,
}

impl Representation {
    /// The first form of the `Accept` header that is served; 406 if none is.
    pub fn negotiate(accept: &str, query: &Query) -> Result<Self, Failure> {
        match chosen(accept).as_ref().map(Self::of_clause) {
            Some(Some(Self::Table { .. })) => Ok(Self::Table { include: include_object(query)? }),
            Some(Some(form)) => Ok(form),
            _ => Err(not_acceptable()),
        }
    }

    /// The form for a request about objects of a kind: one of them, or a list. Refusals are in the words that
    /// a real server has for each.
    pub fn of_request(accept: &str, query: &Query, kind: &Kind, is_list: bool) -> Result<Self, Failure> {
        if !kind.is_custom() && !clauses(accept).is_empty() && !clauses(accept).iter().any(Clause::is_known) {
            return Err(not_available(is_list));
        }
        let form = Self::negotiate(accept, query)?;
        let asked = chosen(accept);
        match asked.as_ref().map_or("", |clause| clause.parameter("as")) {
            "PartialObjectMetadata" if is_list && !query.is_set("watch") => {
                Err(misfit("PartialObjectMetadata", "a list", kind, &kind.list_kind))
            }
            "PartialObjectMetadataList" if !is_list => {
                Err(misfit("PartialObjectMetadataList", "not a list", kind, &kind.kind))
            }
            _ => Ok(form),
        }
    }

    fn of_clause(clause: &Clause) -> Option<Self> {
        let form = clause.parameter("as");
        if form.is_empty() {
            return Some(Self::Whole);
        }
        if clause.parameter("g") != "meta.k8s.io" || clause.parameter("v") != "v1" {
            return None;
        }
        match form {
            "Table" => Some(Self::Table { include: IncludeObject::Metadata }),
            "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Self::Partial),
            _ => None,
        }
    }

    /// What the answer's `Content-Type` says: a table is not told apart from an object there.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        "application/json"
    }

    /// One object.
    #[must_use]
    pub fn object(&self, kind: &Kind, version: &Version, object: Value, now: Timestamp) -> Value {
        match self {
            Self::Whole => object,
            Self::Partial => partial(&object),
            Self::Table { include } => {
                let metadata = of_one(&object);
                table::table(kind, version, metadata, vec![object], *include, now)
            }
        }
    }

    /// Many, with the `metadata` of their list.
    #[must_use]
    pub fn list(
        &self,
        kind: &Kind,
        version: &Version,
        metadata: Value,
        items: Vec<Value>,
        now: Timestamp,
    ) -> Value {
        match self {
            Self::Whole => {
                let mut items = items;
                // The items of built-in lists do not say what they are: the list does.
                for item in items.iter_mut().filter_map(Value::as_object_mut).filter(|_| !kind.is_custom()) {
                    item.remove("apiVersion");
                    item.remove("kind");
                }
                json!({
                    "apiVersion": kind.api_version(&version.name),
                    "kind": kind.list_kind,
                    "metadata": metadata,
                    "items": items,
                })
            }
            Self::Partial => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": META,
                "metadata": metadata,
                "items": items.iter().map(partial).collect::<Vec<_>>(),
            }),
            Self::Table { include } => table::table(kind, version, metadata, items, *include, now),
        }
    }

    /// An event of a watch. The columns of a table are told with the first one alone.
    #[must_use]
    pub fn event(
        &self,
        kind: &Kind,
        version: &Version,
        event_type: &str,
        object: Value,
        now: Timestamp,
        first: bool,
    ) -> Value {
        if event_type == "ERROR" {
            return json!({"type": event_type, "object": object});
        }
        let mut object = self.object(kind, version, object, now);
        if matches!(self, Self::Table { .. }) && !first {
            object["columnDefinitions"] = Value::Null;
        }
        json!({"type": event_type, "object": object})
    }
}

/// What is taken of the `Accept` header.
fn chosen(accept: &str) -> Option<Clause> {
    let any = if accept.trim().is_empty() { "*/*" } else { accept };
    clauses(any).into_iter().find(|clause| clause.takes_json() && Representation::of_clause(clause).is_some())
}

/// The metadata alone.
fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": object["metadata"]})
}

/// The metadata of a table of one object.
fn of_one(object: &Value) -> Value {
    match &object["metadata"]["resourceVersion"] {
        Value::Null => json!({}),
        version => json!({"resourceVersion": version}),
    }
}

fn include_object(query: &Query) -> Result<IncludeObject, Failure> {
    match query.text("includeObject") {
        "" | "Metadata" => Ok(IncludeObject::Metadata),
        "Object" => Ok(IncludeObject::Object),
        "None" => Ok(IncludeObject::None),
        other => Err(Failure::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: \
             must be 'Metadata', 'Object', 'None', or empty"
        ))),
    }
}

#[cfg(test)]
mod tests;
