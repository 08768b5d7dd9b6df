//! Which kinds a document tells of: a CustomResourceDefinition, a list of them, or an OpenAPI document as the
//! API server serves it (`/openapi/v2`, `/openapi/v3/apis/apps/v1`). Documents are told apart by content.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::schema::{GroupVersionKind, Schema, or_default};
use super::tree::{FormId, Planting};
use super::{KnownKind, Schemas};

/// Enough of a document to tell what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(deserialize_with = "lenient")]
    kind: String,
    swagger: Option<IgnoredAny>,
    openapi: Option<IgnoredAny>,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Definition,
    Definitions,
    OpenApi,
    /// Something else, which is of no concern.
    Other,
}

impl Head {
    pub(super) fn form(&self) -> Form {
        match self.kind.as_str() {
            "CustomResourceDefinition" => Form::Definition,
            "CustomResourceDefinitionList" | "List" => Form::Definitions,
            _ if self.swagger.is_some() || self.openapi.is_some() => Form::OpenApi,
            _ => Form::Other,
        }
    }
}

/// A word where there is one.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Definition {
    /// Empty where a list of definitions leaves it out.
    kind: String,
    spec: DefinitionSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Definitions {
    /// Of whatever kinds.
    items: Vec<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DefinitionSpec {
    group: String,
    names: Called,
    #[serde(deserialize_with = "or_default")]
    versions: Vec<Version>,
    /// Of `apiextensions.k8s.io/v1beta1`, as is the next.
    version: Option<String>,
    validation: Validation,
    #[serde(deserialize_with = "or_default")]
    preserve_unknown_fields: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Called {
    kind: String,
    plural: String,
    #[serde(deserialize_with = "or_default")]
    singular: String,
    #[serde(deserialize_with = "or_default")]
    short_names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version {
    name: String,
    served: bool,
    schema: Option<Validation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    schema: Option<Schema>,
}

/// An OpenAPI document, version 2 or 3.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OpenApi {
    #[serde(deserialize_with = "or_default")]
    pub(super) definitions: BTreeMap<String, Schema>,
    #[serde(deserialize_with = "or_default")]
    components: Components,
    #[serde(deserialize_with = "or_default")]
    paths: BTreeMap<String, PathItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Components {
    #[serde(deserialize_with = "or_default")]
    schemas: BTreeMap<String, Schema>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PathItem {
    get: Option<Operation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Operation {
    #[serde(rename = "x-kubernetes-action")]
    action: String,
    #[serde(rename = "x-kubernetes-group-version-kind")]
    kind: GroupVersionKind,
}

impl Definitions {
    /// Its definitions; each that cannot be read is an error of its own.
    pub(super) fn each(self) -> impl Iterator<Item = serde_json::Result<Definition>> {
        let is_definition = |item: &serde_json::Value| {
            item.get("kind").is_none_or(|kind| kind == "CustomResourceDefinition")
                && item.get("spec").is_some()
        };
        self.items.into_iter().filter(is_definition).map(serde_json::from_value)
    }
}

impl OpenApi {
    /// The definitions, wherever its version has them.
    pub(super) fn into_parts(self) -> (BTreeMap<String, Schema>, BTreeSet<(GroupVersionKind, String)>) {
        let listed = self.paths.iter().filter_map(|(path, item)| {
            let operation = item.get.as_ref().filter(|operation| operation.action == "list")?;
            let plural = path.trim_end_matches('/').rsplit('/').next()?;
            Some((operation.kind.clone(), plural.to_owned()))
        });
        let listed = listed.collect();
        let mut definitions = self.definitions;
        definitions.extend(self.components.schemas);
        (definitions, listed)
    }
}

impl Schemas {
    /// Adds the served versions of a definition.
    pub(super) fn add_definition(&mut self, definition: &Definition) {
        let spec = &definition.spec;
        if !matches!(definition.kind.as_str(), "" | "CustomResourceDefinition")
            || spec.names.plural.is_empty()
        {
            return;
        }
        let served = spec.versions.iter().filter(|version| version.served);
        let versions = served.map(|version| {
            let own = version.schema.as_ref().and_then(|validation| validation.schema.as_ref());
            (version.name.as_str(), own.or(spec.validation.schema.as_ref()))
        });
        let alone = spec.version.as_deref().filter(|_| spec.versions.is_empty());
        let alone = alone.map(|version| (version, spec.validation.schema.as_ref()));
        let versions: Vec<_> = versions.chain(alone).collect();
        for (version, schema) in versions {
            let anything = Schema::default();
            let root = Planting::new(&mut self.tree, self.object_meta).root(schema.unwrap_or(&anything));
            if spec.preserve_unknown_fields {
                self.tree.open(root);
            }
            self.kinds.push(KnownKind {
                group: spec.group.clone(),
                version: version.to_owned(),
                plural: spec.names.plural.clone(),
                singular: spec.names.singular.clone(),
                short_names: spec.names.short_names.clone(),
                kind: spec.names.kind.clone(),
                root,
            });
        }
    }

    /// Adds the kinds of an OpenAPI document that can be listed.
    pub(super) fn add_openapi(&mut self, document: OpenApi) {
        let (definitions, listed) = document.into_parts();
        let mut planting = Planting::new(&mut self.tree, self.object_meta);
        planting.define(&definitions);
        let mut roots: BTreeMap<GroupVersionKind, Vec<FormId>> = BTreeMap::new();
        for (name, schema) in &definitions {
            for kind in schema.kinds() {
                roots.entry(kind).or_default().extend(planting.definition(name));
            }
        }
        for (kind, plural) in listed {
            let Some(of_kind) = roots.get(&kind) else { continue };
            let root = planting.object(of_kind);
            self.kinds.push(KnownKind {
                group: kind.group,
                version: kind.version,
                plural,
                singular: kind.kind.to_lowercase(),
                short_names: Vec::new(),
                kind: kind.kind,
                root,
            });
        }
    }
}
