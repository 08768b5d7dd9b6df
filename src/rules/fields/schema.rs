//! A schema as it is written in a CustomResourceDefinition or an OpenAPI document, as far as it says which
//! fields there are. Descriptions, patterns and bounds are never built in memory.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;

/// A schema of OpenAPI, or a structural one of a CustomResourceDefinition.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Schema {
    /// `#/components/schemas/io.k8s.api.core.v1.Pod`.
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    /// A word, or a list of them.
    #[serde(rename = "type")]
    types: Value,
    format: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) properties: BTreeMap<String, Schema>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) additional_properties: Option<Additional>,
    #[serde(rename = "enum", deserialize_with = "or_default")]
    pub(super) choices: Vec<Value>,
    #[serde(deserialize_with = "or_default")]
    all_of: Vec<Schema>,
    #[serde(deserialize_with = "or_default")]
    any_of: Vec<Schema>,
    #[serde(deserialize_with = "or_default")]
    one_of: Vec<Schema>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields", deserialize_with = "or_default")]
    pub(super) preserves_unknown: bool,
    #[serde(rename = "x-kubernetes-embedded-resource", deserialize_with = "or_default")]
    pub(super) embeds_resource: bool,
    #[serde(rename = "x-kubernetes-int-or-string", deserialize_with = "or_default")]
    int_or_string: bool,
    /// A list of them, where the schema is a kind's.
    #[serde(rename = "x-kubernetes-group-version-kind")]
    group_version_kind: Value,
}

/// `additionalProperties`: of what form the members are that are not named.
#[derive(Debug)]
pub(super) enum Additional {
    /// There may be any, or none.
    Allowed(bool),
    /// They are of this form.
    Form(Box<Schema>),
}

/// A kind in a version.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(default)]
pub(super) struct GroupVersionKind {
    #[serde(deserialize_with = "or_default")]
    pub(super) group: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) kind: String,
}

impl Schema {
    /// The words under `type`.
    pub(super) fn types(&self) -> Vec<&str> {
        if self.is_int_or_string() {
            return vec!["integer", "string"];
        }
        match &self.types {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// OpenAPI v2 knows no two types, and calls such a value a string.
    fn is_int_or_string(&self) -> bool {
        self.int_or_string || self.format.as_deref() == Some("int-or-string")
    }

    /// Schemas that hold beside this one, all or some of them.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Self> {
        self.all_of.iter().chain(&self.any_of).chain(&self.one_of)
    }

    /// Whether it says anything of the form of a value, not only of its content.
    pub(super) fn says_form(&self) -> bool {
        self.reference.is_some()
            || !self.types().is_empty()
            || !self.properties.is_empty()
            || self.items.is_some()
            || self.additional_properties.is_some()
            || self.preserves_unknown
            || self.embeds_resource
    }

    /// The kinds that it is the schema of.
    pub(super) fn kinds(&self) -> Vec<GroupVersionKind> {
        Vec::deserialize(&self.group_version_kind).unwrap_or_default()
    }
}

/// YAML's `properties:` with nothing behind it is null.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// By hand: serde's untagged enums copy what they look at once for each level.
impl<'de> Deserialize<'de> for Additional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AdditionalVisitor;

        impl<'de> Visitor<'de> for AdditionalVisitor {
            type Value = Additional;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schema, true or false")
            }

            fn visit_bool<E: de::Error>(self, allowed: bool) -> Result<Self::Value, E> {
                Ok(Additional::Allowed(allowed))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                Schema::deserialize(MapAccessDeserializer::new(access))
                    .map(|schema| Additional::Form(Box::new(schema)))
            }
        }

        deserializer.deserialize_any(AdditionalVisitor)
    }
}
