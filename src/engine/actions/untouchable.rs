//! What no patch of a rule may change: who an object is, what holds it and what takes it with it, where the
//! server or an action of its own watches over it.

use crate::descriptor::{Fault, FaultKind};

/// Why a change at this place is refused; `None`: it is not.
pub(super) fn untouchable(place: &[String]) -> Option<Fault> {
    let words: Vec<&str> = place.iter().map(String::as_str).collect();
    let (what, help) = match words.as_slice() {
        [] => ("an object is never replaced as a whole", "name the fields that are to change"),
        ["metadata"] => ("`metadata` is never replaced as a whole", "name labels or annotations below it"),
        ["metadata", "labels" | "annotations", ..] => return None,
        ["metadata", "finalizers", ..] => (
            "finalizers are taken off terminating objects alone, and only those that a rule names",
            "write `- stripFinalizers: { only: […] }`",
        ),
        // With it, a namespace would lose its `spec.finalizers`.
        ["spec"] => ("`spec` is never replaced as a whole", "name the fields below it that are to change"),
        ["spec", "finalizers", ..] => (
            "`spec.finalizers` keep a namespace until everything in it is gone",
            "find out what is left in it: the namespace's conditions tell",
        ),
        ["metadata", "ownerReferences", ..] => (
            "owners decide when an object is deleted with them",
            "write `- delete: {}` if the object is to go",
        ),
        ["metadata" | "apiVersion" | "kind", ..] => (
            "that is the object's identity, which the server gives",
            "change labels, annotations or fields of `spec`",
        ),
        _ => return None,
    };
    let message = format!("a patch cannot change `{}`: {what}", shown(&words));
    Some(Fault::new(FaultKind::Untouchable, message, help))
}

fn shown(words: &[&str]) -> String {
    if words.is_empty() { "/".to_owned() } else { words.join(".") }
}
