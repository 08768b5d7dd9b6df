//! What holds rules back: what is built in, what each document of guardrails adds or lifts, and which of several
//! wins.

use std::sync::Arc;

use k8s_healer_engine::guard::SYSTEM_NAMESPACES;
use k8s_healer_engine::guardrails::{Document, Guardrails, SYSTEM_OWNERS};
use k8s_healer_engine::values::Globs;
use serde::Serialize;

use super::lifting::{self, Share};
use super::place;
use crate::rules::effective::EffectiveGuardrails;
use crate::rules::{Loaded, Place};

/// One protection, or one that is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Protection {
    /// `protect.namespaces`, `unprotect.namespaces`.
    pub(super) key: String,
    pub(super) value: String,
    /// The document; `None`: it is built in.
    pub(super) guardrails: Option<String>,
    /// `team.yaml:5`, or `built in`.
    pub(super) from: String,
    /// Globs that the path confines it to: it holds for nothing else.
    pub(super) within: Vec<String>,
    /// What it comes to beside the others; empty: it holds.
    pub(super) note: String,
}

/// All of them, the built-in ones first.
pub(super) fn all(loaded: &Loaded) -> Vec<Protection> {
    let none = Guardrails::default();
    let guardrails = loaded.rule_set.as_ref().map_or(&none, |rules| &*rules.guardrails);
    let told = Told { loaded, documents: &guardrails.documents };
    let mut all = built_in(&told);
    for (document, effective) in guardrails.documents.iter().zip(&loaded.effective_guardrails) {
        let mut values = Vec::new();
        effective.keys.iter().for_each(|(key, item)| item.flatten(key, &mut values));
        all.extend(values.into_iter().map(|value| Protection {
            note: told.note(document, &value.path),
            key: value.path,
            value: value.value,
            guardrails: Some(document.name.clone()),
            from: place::shown(loaded, value.origin),
            within: effective.within.clone(),
        }));
    }
    all
}

fn built_in(told: &Told<'_>) -> Vec<Protection> {
    let one = |key: &str, value: String, note: String| Protection {
        key: key.to_owned(),
        value,
        guardrails: None,
        from: "built in".to_owned(),
        within: Vec::new(),
        note,
    };
    let namespaces =
        SYSTEM_NAMESPACES.iter().map(|name| one("protect.namespaces", (*name).to_owned(), told.lifted(name)));
    let owners = SYSTEM_OWNERS
        .iter()
        .map(|kind| one("protect.ownerKinds", (*kind).to_owned(), told.lifted_owner(kind)));
    let priority = one("protect.priorityAtLeast", "1000000000".to_owned(), String::new());
    namespaces.chain(owners).chain([priority]).collect()
}

/// What documents come to beside each other.
struct Told<'a> {
    loaded: &'a Loaded,
    documents: &'a [Arc<Document>],
}

impl Told<'_> {
    /// Which document is stricter than this one.
    fn note(&self, own: &Document, path: &str) -> String {
        match path {
            "protect.priorityAtLeast" => self.stricter(own),
            "unprotect.namespaces" => {
                self.kept(&own.unprotect.namespaces.as_ref().map(Globs::sources).unwrap_or_default())
            }
            "unprotect.ownerKinds" => self.kept_owners(&own.unprotect.owner_kinds),
            _ => String::new(),
        }
    }

    fn stricter(&self, own: &Document) -> String {
        let own_least = own.protect.priority_at_least;
        let others = self.documents.iter().filter(|other| other.name != own.name && other.within.is_none());
        let theirs = others.filter_map(|other| Some((other.protect.priority_at_least?, other)));
        let stricter = theirs.filter(|(theirs, _)| own_least.is_some_and(|own| *theirs < own));
        stricter.min_by_key(|(least, _)| *least).map_or_else(String::new, |(least, winner)| {
            format!("{} wins with {least}", self.named(winner, "protect.priorityAtLeast"))
        })
    }

    /// Who lifts the protection of a built-in name or prefix, how much of it, and what is left of that.
    fn lifted(&self, built_in: &str) -> String {
        let shares = self.shares(|document| lifting::lifted(document, built_in));
        let mut names: Vec<String> = Vec::new();
        for (_, share) in &shares {
            match share {
                Share::All => names.push(built_in.to_owned()),
                Share::Part(parts) => names.extend(parts.iter().cloned()),
                Share::Nothing => {}
            }
        }
        sentences([self.by("lifted", &shares, "unprotect.namespaces"), self.kept(&names)])
    }

    fn lifted_owner(&self, kind: &str) -> String {
        let lifts = |document: &Document| names(&document.unprotect.owner_kinds, kind);
        let shares = self.shares(|document| if lifts(document) { Share::All } else { Share::Nothing });
        if shares.is_empty() {
            return String::new();
        }
        sentences([self.by("lifted", &shares, "unprotect.ownerKinds"), self.kept_owners(&[kind.to_owned()])])
    }

    /// Who protects all the same what is lifted.
    fn kept(&self, lifted: &[String]) -> String {
        if lifted.is_empty() {
            return String::new();
        }
        let shares = self.shares(|document| lifting::kept(document, lifted));
        self.by(ALL_THE_SAME, &shares, "protect.namespaces")
    }

    fn kept_owners(&self, kinds: &[String]) -> String {
        let keeps = |document: &Document| kinds.iter().all(|kind| names(&document.protect.owner_kinds, kind));
        let shares = self.shares(|document| if keeps(document) { Share::All } else { Share::Nothing });
        self.by(ALL_THE_SAME, &shares, "protect.ownerKinds")
    }

    fn shares(&self, share: impl Fn(&Document) -> Share) -> Vec<(&Document, Share)> {
        let shares = self.documents.iter().map(|document| (&**document, share(document)));
        shares.filter(|(_, share)| *share != Share::Nothing).collect()
    }

    /// `lifted by a (a.yaml:3), b (b.yaml:3); lifted in part by c (c.yaml:3): kube-system`.
    fn by(&self, what: &str, shares: &[(&Document, Share)], key: &str) -> String {
        let whole = shares.iter().filter(|(_, share)| *share == Share::All);
        let whole: Vec<String> = whole.map(|(document, _)| self.named(document, key)).collect();
        let mut all = Vec::new();
        if !whole.is_empty() {
            all.push(format!("{what} by {}", whole.join(", ")));
        }
        for (document, share) in shares {
            if let Share::Part(parts) = share {
                all.push(format!("{what} in part by {}: {}", self.named(document, key), parts.join(", ")));
            }
        }
        all.join("; ")
    }

    /// `team (team.yaml:5)`, by where what it says under this key stands, and where alone it holds.
    fn named(&self, document: &Document, key: &str) -> String {
        let known = self.loaded.effective_guardrails.iter().find(|one| one.name == document.name);
        let place = place::shown(self.loaded, known.map(|one| place_of(one, key)));
        let within = document.within.as_ref().map(|globs| format!(" within {globs}"));
        format!("{} ({place}){}", document.name, within.unwrap_or_default())
    }
}

/// Where the first value under a key stands; else where the document is called.
fn place_of(guardrails: &EffectiveGuardrails, key: &str) -> Place {
    let mut values = Vec::new();
    guardrails.keys.iter().for_each(|(key, item)| item.flatten(key, &mut values));
    let is_of =
        |path: &str| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
    let found = values.into_iter().find(|value| is_of(&value.path)).and_then(|value| value.origin);
    found.unwrap_or(guardrails.place)
}

const ALL_THE_SAME: &str = "protected all the same";

fn names(kinds: &[String], kind: &str) -> bool {
    kinds.iter().any(|own| own == kind)
}

fn sentences(sentences: [String; 2]) -> String {
    sentences.into_iter().filter(|sentence| !sentence.is_empty()).collect::<Vec<_>>().join("; ")
}
