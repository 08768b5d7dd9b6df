//! What is lifted of the built-in protections, and what of that is protected all the same. A document may lift a part of
//! a built-in protection (`kube-system` of `kube-*`), and another may keep a part of what is lifted.

use k8s_healer_engine::guardrails::Document;
use k8s_healer_engine::values::Globs;

use crate::rules::intersection::{covers, meet};

/// How much of something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Share {
    Nothing,
    /// These names and globs of it, excludes with their `!`.
    Part(Vec<String>),
    All,
}

impl Share {
    fn of(parts: Vec<String>) -> Self {
        if parts.is_empty() { Self::Nothing } else { Self::Part(parts) }
    }
}

/// What a document lifts of a built-in name or prefix: `kubevirt`, `kube-*`.
pub(super) fn lifted(document: &Document, built_in: &str) -> Share {
    let Some(globs) = &document.unprotect.namespaces else { return Share::Nothing };
    if covered(globs, built_in) {
        return Share::All;
    }
    Share::of(
        globs.sources().into_iter().filter(|glob| meet(glob.trim_start_matches('!'), built_in)).collect(),
    )
}

/// What a document protects of namespaces that are lifted.
pub(super) fn kept(document: &Document, lifted: &[String]) -> Share {
    let Some(globs) = &document.protect.namespaces else { return Share::Nothing };
    let lists: Vec<&Globs> = std::iter::once(globs).chain(&document.within).collect();
    let is_covered = |name: &String| lists.iter().all(|globs| covered(globs, name));
    let lifted: Vec<&String> = lifted.iter().filter(|name| !name.starts_with('!')).collect();
    if lifted.iter().all(|name| is_covered(name)) {
        return Share::All;
    }
    let mut parts = Vec::new();
    for name in lifted {
        if is_covered(name) {
            parts.push(name.clone());
        } else if lists.iter().all(|globs| touches(globs, name)) {
            let of_it = globs.sources().into_iter();
            parts.extend(of_it.filter(|glob| meet(glob.trim_start_matches('!'), name)));
        }
    }
    Share::of(parts)
}

/// Whether all that a glob matches is matched, as far as that can be told.
fn covered(globs: &Globs, glob: &str) -> bool {
    let is_kept_out = |source: &String| source.strip_prefix('!').is_some_and(|exclude| meet(exclude, glob));
    let sources = globs.sources();
    globs.matches(glob)
        && sources.iter().any(|source| covers(source, glob))
        && !sources.iter().any(is_kept_out)
}

fn touches(globs: &Globs, glob: &str) -> bool {
    globs.sources().iter().any(|source| !source.starts_with('!') && meet(source, glob))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_healer_engine::guardrails::{Protect, Unprotect};

    fn globs(sources: &[&str]) -> Globs {
        Globs::parse(sources).unwrap()
    }

    fn part(names: &[&str]) -> Share {
        Share::Part(names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_part_of_a_prefix_that_is_lifted_is_named() {
        for (lifts, built_in, share) in [
            (&["kube-*"][..], "kube-*", Share::All),
            (&["kube-system"], "kube-*", part(&["kube-system"])),
            (&["kube-s*", "kubevirt"], "kube-*", part(&["kube-s*"])),
            (&["kube-*", "!kube-system"], "kube-*", part(&["kube-*", "!kube-system"])),
            (&["kubevirt"], "kubevirt", Share::All),
            (&["openshift-*"], "openshift", Share::Nothing),
        ] {
            let unprotect = Unprotect { namespaces: Some(globs(lifts)), ..Unprotect::default() };
            let document = Document { unprotect, ..Document::default() };
            assert_eq!(lifted(&document, built_in), share, "{lifts:?}");
        }
    }

    #[test]
    fn what_is_kept_of_what_is_lifted_is_named_too() {
        for (protects, within, lifted, share) in [
            (&["kube*"][..], None, &["kube-*", "kubevirt"][..], Share::All),
            (&["kube-system"], None, &["kube-*"], part(&["kube-system"])),
            (&["kube-*", "!kube-public"], None, &["kube-*"], part(&["kube-*", "!kube-public"])),
            (&["kubevirt", "x"], None, &["kubevirt", "cdi"], part(&["kubevirt"])),
            (&["kube-?"], None, &["kube-*"], part(&["kube-?"])),
            (&["*"], Some(globs(&["team-a-*"])), &["kubevirt"], Share::Nothing),
            (&["prod-*"], None, &["kubevirt"], Share::Nothing),
        ] {
            let protect = Protect { namespaces: Some(globs(protects)), ..Protect::default() };
            let document = Document { within, protect, ..Document::default() };
            let lifted: Vec<String> = lifted.iter().map(ToString::to_string).collect();
            assert_eq!(kept(&document, &lifted), share, "{protects:?}");
        }
    }
}
