//! What holds rules back: what is built in, what each document of guardrails adds or lifts, and which of several
//! wins.

use k8s_healer_engine::guard::SYSTEM_NAMESPACES;
use k8s_healer_engine::guardrails::{Document, Guardrails, SYSTEM_OWNERS};
use k8s_healer_engine::values::Globs;
use serde::Serialize;

use super::place;
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
    /// What it comes to beside the others; empty: it holds.
    pub(super) note: String,
}

/// All of them, the built-in ones first.
pub(super) fn all(loaded: &Loaded) -> Vec<Protection> {
    let none = Guardrails::default();
    let guardrails = loaded.rule_set.as_ref().map_or(&none, |rules| &*rules.guardrails);
    let mut all = built_in(loaded, guardrails);
    for (document, effective) in guardrails.documents.iter().zip(&loaded.effective_guardrails) {
        let mut values = Vec::new();
        effective.keys.iter().for_each(|(key, item)| item.flatten(key, &mut values));
        for value in values {
            let note = note(loaded, guardrails, document, &value.path, &value.value);
            all.push(Protection {
                key: value.path,
                value: value.value,
                guardrails: Some(document.name.clone()),
                from: place::shown(loaded, value.origin),
                note,
            });
        }
    }
    all
}

fn built_in(loaded: &Loaded, guardrails: &Guardrails) -> Vec<Protection> {
    let one = |key: &str, value: String, note: String| Protection {
        key: key.to_owned(),
        value,
        guardrails: None,
        from: "built in".to_owned(),
        note,
    };
    let lifted = |lifts: &dyn Fn(&Document) -> bool| {
        let by: Vec<String> = guardrails
            .documents
            .iter()
            .filter(|document| lifts(document))
            .map(|document| named(loaded, &document.name))
            .collect();
        if by.is_empty() { String::new() } else { format!("lifted by {}", by.join(", ")) }
    };
    let namespaces = SYSTEM_NAMESPACES.iter().map(|name| {
        let lifts = |document: &Document| {
            document.unprotect.namespaces.as_ref().is_some_and(|globs| overlap(globs, name))
        };
        one("protect.namespaces", (*name).to_owned(), lifted(&lifts))
    });
    let owners = SYSTEM_OWNERS.iter().map(|kind| {
        let lifts = |document: &Document| document.unprotect.owner_kinds.iter().any(|own| own == kind);
        one("protect.ownerKinds", (*kind).to_owned(), lifted(&lifts))
    });
    let priority = one("protect.priorityAtLeast", "1000000000".to_owned(), String::new());
    namespaces.chain(owners).chain([priority]).collect()
}

/// Whether what is lifted touches this name or prefix of the built-in list.
fn overlap(lifted: &Globs, name: &str) -> bool {
    let prefix = name.trim_end_matches('*');
    lifted.sources().iter().any(|source| {
        !source.starts_with('!')
            && (source.trim_end_matches('*') == prefix || source.starts_with(prefix) && name.ends_with('*'))
    })
}

/// Which document is stricter.
fn note(loaded: &Loaded, guardrails: &Guardrails, own: &Document, path: &str, value: &str) -> String {
    let others = || guardrails.documents.iter().filter(|other| other.name != own.name);
    match path {
        "protect.priorityAtLeast" => {
            let strictest = |other: &&std::sync::Arc<Document>| {
                let theirs = other.protect.priority_at_least.filter(|_| other.within.is_none());
                theirs.is_some_and(|theirs| own.protect.priority_at_least.is_some_and(|own| theirs < own))
            };
            let winner = others().filter(strictest).min_by_key(|other| other.protect.priority_at_least);
            winner.map_or_else(String::new, |winner| {
                let least = winner.protect.priority_at_least.unwrap_or_default();
                format!("{} wins with {least}", named(loaded, &winner.name))
            })
        }
        "unprotect.namespaces" => {
            let names: Vec<&str> = value.trim_matches(['[', ']']).split(", ").collect();
            let keepers: Vec<String> = guardrails
                .documents
                .iter()
                .filter(|other| {
                    let protects = |globs: &Globs| names.iter().any(|name| globs.matches(name));
                    other.protect.namespaces.as_ref().is_some_and(protects)
                })
                .map(|other| named(loaded, &other.name))
                .collect();
            if keepers.is_empty() {
                String::new()
            } else {
                format!("protected all the same by {}", keepers.join(", "))
            }
        }
        _ => String::new(),
    }
}

/// `team (team.yaml:3)`.
fn named(loaded: &Loaded, name: &str) -> String {
    let place: Option<Place> = loaded
        .effective_guardrails
        .iter()
        .find(|document| document.name == name)
        .map(|document| document.place);
    format!("{name} ({})", place::shown(loaded, place))
}
