//! Under which name an object is kept.

/// Where an object is kept within its resource: `namespace/name`, or `name` where there are no namespaces.
/// In the order of etcd's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The namespace is empty for what is in none.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self(if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") })
    }

    /// From what a `continue` token holds.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `namespace/name`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Empty for what is in none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.0.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// What all keys of a namespace begin with, which stand side by side; empty for all of them.
    pub(super) fn prefix(namespace: &str) -> Self {
        Self(if namespace.is_empty() { String::new() } else { format!("{namespace}/") })
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}
