//! Which objects of a dump have come before: of one that comes several times the newest stays.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Which objects have come, by two hashes of what they are called, and in which version: some forty bytes each.
#[derive(Default)]
pub(super) struct Seen {
    hashers: (RandomState, RandomState),
    versions: HashMap<(u64, u64), Option<u64>>,
}

/// How an object comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coming {
    /// For the first time.
    First,
    /// Again, and newer, as far as that can be told.
    Newer,
    /// Again, and not newer.
    Older,
}

impl Seen {
    /// Takes in one more, by its group, kind, namespace and name.
    pub(super) fn take(&mut self, name: (&str, &str, &str, &str), version: Option<&str>) -> Coming {
        let key = (self.hashers.0.hash_one(name), self.hashers.1.hash_one(name));
        // A number in every cluster there is; where it is none, the last one that comes is taken for the newest.
        let version = version.and_then(|version| version.parse().ok());
        match self.versions.insert(key, version) {
            None => Coming::First,
            Some(known) if known.is_some() && version.is_some() && version <= known => {
                self.versions.insert(key, known);
                Coming::Older
            }
            Some(_) => Coming::Newer,
        }
    }
}
