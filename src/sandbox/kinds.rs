//! The kinds that the sandbox serves: those built in, and those that CustomResourceDefinitions add.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A group and a plural: the name under which objects are kept, whatever the version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// Empty: the core group.
    pub group: String,
    /// `pods`.
    pub plural: String,
}

impl Resource {
    /// `Resource::new("apps", "deployments")`.
    #[must_use]
    pub fn new(group: &str, plural: &str) -> Self {
        Self { group: group.to_owned(), plural: plural.to_owned() }
    }

    /// Of the core group.
    #[must_use]
    pub fn core(plural: &str) -> Self {
        Self::new("", plural)
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }
}

/// `deployments.apps`, as messages name it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.group {
            "" => write!(f, "{}", self.plural),
            group => write!(f, "{}.{group}", self.plural),
        }
    }
}

/// One column of what `kubectl get` shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// `Age`.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub kind: String,
    /// OpenAPI's: `name`, `int32` …; empty: none.
    pub format: String,
    /// For a person.
    pub description: String,
    /// 0: always shown; more: by `-o wide` alone.
    pub priority: i64,
    /// `.status.phase`.
    pub json_path: String,
}

/// A version of a kind.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// `v1beta1`.
    pub name: String,
    /// Its status is written through a subresource of its own.
    pub status: bool,
    /// `spec.scale` of a definition, or the equivalent: its `specReplicasPath` and the others; null: none.
    pub scale: Value,
    /// `openAPIV3Schema`; null: unknown, anything goes.
    pub schema: Arc<Value>,
    /// `additionalPrinterColumns`.
    pub columns: Vec<Column>,
    /// Paths of `selectableFields`.
    pub selectable_fields: Vec<String>,
    /// What everyone is warned of who uses it; none: it is in no way deprecated.
    pub deprecation: Option<String>,
}

/// A kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Where its objects are kept.
    pub resource: Resource,
    /// `Pod`.
    pub kind: String,
    /// `PodList`.
    pub list_kind: String,
    /// `pod`.
    pub singular: String,
    /// `po`.
    pub short_names: Vec<String>,
    /// `all`.
    pub categories: Vec<String>,
    /// Its objects are in namespaces.
    pub namespaced: bool,
    /// Those that are served, the preferred one first.
    pub versions: Vec<Version>,
    /// Of a custom resource: its definition's name.
    pub definition: Option<String>,
}

impl Kind {
    /// The version of this name, if it is served.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// `apps/v1`.
    #[must_use]
    pub fn api_version(&self, version: &str) -> String {
        match &*self.resource.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// Whether a definition made it.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.definition.is_some()
    }

    /// The subresources of this version, without `status` and `scale`, which the version itself tells.
    #[must_use]
    pub fn other_subresources(&self) -> &'static [&'static str] {
        match (&*self.resource.group, &*self.resource.plural) {
            ("", "pods") => &["binding", "eviction"],
            ("", "serviceaccounts") => &["token"],
            ("", "namespaces") => &["finalize"],
            _ => &[],
        }
    }

    /// What may be done with its objects.
    #[must_use]
    pub fn verbs(&self) -> &'static [&'static str] {
        match (&*self.resource.group, &*self.resource.plural) {
            // The real server has no deletion of all namespaces at once.
            ("", "namespaces") => &["create", "delete", "get", "list", "patch", "update", "watch"],
            _ => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        }
    }
}

/// All kinds that are served now.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    kinds: BTreeMap<Resource, Arc<Kind>>,
}

impl Kinds {
    /// Those of Kubernetes itself that the sandbox knows.
    #[must_use]
    pub fn built_in() -> Self {
        let kinds = super::built_in::kinds();
        Self { kinds: kinds.into_iter().map(|kind| (kind.resource.clone(), Arc::new(kind))).collect() }
    }

    /// By group and plural.
    #[must_use]
    pub fn get(&self, resource: &Resource) -> Option<&Arc<Kind>> {
        self.kinds.get(resource)
    }

    /// Serves it from now on, in place of one of the same name.
    pub fn insert(&mut self, kind: Kind) {
        self.kinds.insert(kind.resource.clone(), Arc::new(kind));
    }

    /// Serves it no more.
    pub fn remove(&mut self, resource: &Resource) -> Option<Arc<Kind>> {
        self.kinds.remove(resource)
    }

    /// By group, then plural.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.values()
    }

    /// By `apiVersion` and `kind` of an object.
    #[must_use]
    pub fn of_object(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let fits =
            |it: &&Arc<Kind>| it.resource.group == group && it.kind == kind && it.version(version).is_some();
        self.iter().find(fits)
    }
}
