//! One resource as the API server serves it: what discovery tells, and the paths of its requests.

use std::fmt;

/// A resource of a group and version, such as `virtualmachines.kubevirt.io` in `v1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The group; empty for the core group.
    pub group: String,
    /// The version that is spoken: the group's preferred one.
    pub version: String,
    /// `VirtualMachine`.
    pub kind: String,
    /// `virtualmachines`, as in paths.
    pub plural: String,
    /// `virtualmachine`; may be empty.
    pub singular: String,
    /// `vm`, `vms`.
    pub short_names: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// `get`, `list`, `watch`, `delete` …
    pub verbs: Vec<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods`, `virtualmachines.kubevirt.io`: the identity of the resource over all versions.
    #[must_use]
    pub fn name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What it is called too: its singular, its short names, its kind.
    #[must_use]
    pub fn other_names(&self) -> Vec<&str> {
        let short_names = self.short_names.iter().map(String::as_str);
        [self.singular.as_str(), self.kind.as_str()].into_iter().chain(short_names).collect()
    }

    /// The path of the collection: all namespaces where `namespace` is `None`.
    #[must_use]
    pub fn collection_path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// The path of one object.
    #[must_use]
    pub fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.collection_path(namespace.filter(|_| self.namespaced)))
    }

    /// An object as people write it: `pods/test-a/web-1`, `nodes/node-1`.
    #[must_use]
    pub fn object_name(&self, namespace: Option<&str>, name: &str) -> String {
        match namespace {
            Some(namespace) => format!("{}/{namespace}/{name}", self.name()),
            None => format!("{}/{name}", self.name()),
        }
    }

    /// Whether a wildcard can stand for it: it can be listed, watched and deleted.
    #[must_use]
    pub fn suits_wildcards(&self) -> bool {
        ["list", "watch", "delete"].into_iter().all(|verb| self.allows(verb))
    }

    /// Whether a verb is served.
    #[must_use]
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|served| served == verb)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
