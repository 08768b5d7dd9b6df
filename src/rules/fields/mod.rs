//! The fields that kinds are known to have, and the paths of rules held against them: a path that leads
//! nowhere is a warning, since the rule would stay silent for ever.
//!
//! What is known comes from CustomResourceDefinitions and OpenAPI documents (`files`, `yaml`, `documents`,
//! `schema`), and of Kubernetes' own kinds from an embedded table (`kubernetes`). It is kept as a graph of
//! forms (`tree`), which a path is followed in (`walk`); `check` says what is wrong, and where. No false
//! alarm comes first: what a schema leaves open may be anything.

mod check;
mod documents;
mod files;
mod kubernetes;
mod schema;
mod tree;
mod versions;
mod walk;
mod wording;
mod yaml;

#[cfg(test)]
mod tests;

use k8s_healer_engine::rule::WatchTarget;

pub use check::{Served, check};
pub use files::{SchemaFiles, read_schemas};
pub use kubernetes::fields_of;

use super::kinds;
use documents::OpenApi;
use tree::{FormId, Tree};

/// The kinds whose fields are known.
#[derive(Debug)]
pub struct Schemas {
    tree: Tree,
    /// Kubernetes' own first, then what was added.
    kinds: Vec<KnownKind>,
    built_in: usize,
    /// What every object's metadata can have.
    object_meta: FormId,
    /// The version of Kubernetes that the embedded table is of.
    version: String,
}

/// A kind in a version, and the form of its objects.
#[derive(Clone, Debug)]
struct KnownKind {
    group: String,
    version: String,
    plural: String,
    singular: String,
    short_names: Vec<String>,
    kind: String,
    root: FormId,
}

impl KnownKind {
    fn is_called(&self, name: &str) -> bool {
        let same = |own: &str| own.eq_ignore_ascii_case(name);
        same(&self.plural)
            || same(&self.singular)
            || self.short_names.iter().any(|own| same(own))
            || same(&self.kind)
    }

    fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

impl Schemas {
    /// Adds the kinds of an OpenAPI document of a server.
    ///
    /// # Errors
    /// It is none.
    pub fn add_openapi_document(&mut self, bytes: &[u8]) -> serde_json::Result<()> {
        serde_json::from_slice::<OpenApi>(bytes).map(|document| self.add_openapi(document))
    }

    /// The version of Kubernetes whose kinds are known.
    #[must_use]
    pub fn kubernetes_version(&self) -> &str {
        &self.version
    }

    /// How many kinds were added to Kubernetes' own.
    #[must_use]
    pub fn added(&self) -> usize {
        self.kinds.len() - self.built_in
    }

    /// What a watched name stands for: several where they are told of twice. What was added counts more than
    /// what is embedded. Of several versions the one that a server would speak.
    fn resolve(&self, target: &WatchTarget) -> Vec<&KnownKind> {
        let (embedded, added) = self.kinds.split_at(self.built_in);
        [added, embedded]
            .into_iter()
            .map(|kinds| resolve_in(kinds, target))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// The kinds of a group, each in the version that a server would speak.
    fn of_group(&self, group: &str) -> Vec<&KnownKind> {
        let (embedded, added) = self.kinds.split_at(self.built_in);
        let same = |known: &&KnownKind| known.group.eq_ignore_ascii_case(group);
        let mut found: Vec<&KnownKind> = added.iter().filter(same).collect();
        if found.is_empty() {
            found = embedded.iter().filter(same).collect();
        }
        versions::keep_preferred(&mut found);
        found
    }

    /// A kind that a server was asked about.
    fn of_version(&self, group: &str, version: &str, kind: &str) -> Vec<&KnownKind> {
        let same =
            |known: &&KnownKind| known.group == group && known.version == version && known.kind == kind;
        let (embedded, added) = self.kinds.split_at(self.built_in);
        let found: Vec<&KnownKind> = added.iter().filter(same).collect();
        if found.is_empty() { embedded.iter().filter(same).collect() } else { found }
    }
}

fn resolve_in<'k>(all: &'k [KnownKind], target: &WatchTarget) -> Vec<&'k KnownKind> {
    let (name, group) = match target {
        WatchTarget::Kind { group, version, kind } => {
            let same = |known: &&KnownKind| {
                known.group.eq_ignore_ascii_case(group)
                    && known.version.eq_ignore_ascii_case(version)
                    && known.kind.eq_ignore_ascii_case(kind)
            };
            return all.iter().filter(same).collect();
        }
        WatchTarget::Resource { name, group } => (name.as_str(), group.as_deref()),
        WatchTarget::Every { .. } | WatchTarget::Except(_) => return Vec::new(),
    };
    // Short names that every server has stand in no OpenAPI document.
    let well_known = kinds::resolve(target);
    let well_known = well_known.known();
    let is_meant = |known: &&KnownKind| match well_known {
        Some(kind) => known.plural == kind.plural && known.group == kind.group,
        None => known.is_called(name) && group.is_none_or(|written| versions::is_of_group(written, known)),
    };
    let mut found: Vec<&KnownKind> = all.iter().filter(is_meant).collect();
    if let Some(version) = group.and_then(|written| versions::written_before(written, &found)) {
        found.retain(|known| known.version == version);
        return found;
    }
    versions::keep_preferred(&mut found);
    found
}
