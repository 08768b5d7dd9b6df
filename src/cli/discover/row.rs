//! One kind as it is shown.

use std::sync::Arc;

use crate::cluster::resource::Resource;

/// What nearly every kind can do; where it is all of these, that is said in a word.
const USUAL: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// How many objects there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    NotAsked,
    Objects(usize),
    /// The kind cannot be listed by anybody.
    NotListed,
    Forbidden,
    /// Why it is not known.
    Unknown(String),
}

impl Count {
    pub(super) fn objects(&self) -> Option<usize> {
        match self {
            Self::Objects(count) => Some(*count),
            _ => None,
        }
    }

    /// Why there is no number, where one was asked for.
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::NotAsked | Self::Objects(_) => None,
            Self::NotListed => Some("it cannot be listed"),
            Self::Forbidden => Some("listing is not permitted"),
            Self::Unknown(reason) => Some(reason),
        }
    }
}

pub(super) struct Row {
    pub(super) resource: Arc<Resource>,
    pub(super) other_versions: Vec<String>,
    pub(super) count: Count,
    pub(super) rules: Vec<String>,
}

impl Row {
    /// Whether a rule can watch it.
    pub(super) fn is_watchable(&self) -> bool {
        ["list", "watch"].into_iter().all(|verb| self.resource.allows(verb))
    }

    pub(super) fn scope(&self) -> &'static str {
        if self.resource.namespaced { "namespaced" } else { "cluster" }
    }

    /// `all`, `all but create`, `get, list`.
    pub(super) fn verbs(&self) -> String {
        let missing: Vec<&str> = USUAL.into_iter().filter(|verb| !self.resource.allows(verb)).collect();
        match missing.as_slice() {
            [] => "all".to_owned(),
            few @ ([_] | [_, _]) => format!("all but {}", few.join(", ")),
            _ => self.resource.verbs.join(", "),
        }
    }
}
