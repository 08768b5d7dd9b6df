//! The corpus of mistakes of `tests/validate`: those of structure are seen by the schema too.

use std::collections::BTreeSet;
use std::fs;

use super::{documents, path, validators};

/// Files of `tests/validate` with mistakes that a schema sees, and where: there and nowhere else. The mistakes
/// of the other files lie in what the words mean, or in their YAML: a schema must not complain of them.
const SEEN: &[(&str, &[&str])] = &[
    (
        "bad-choice",
        &[
            "/rules/0/actions/0/delete/propagation",
            "/rules/0/actions/0/delete/while",
            "/rules/0/match/0/age/formats",
            "/rules/0/mode",
            "/rules/0/scope",
        ],
    ),
    ("bad-count", &["/rules/0/match/0/containers/restarts", "/rules/0/match/1/containers/restarts"]),
    (
        "bad-duration",
        &[
            "/rules/0/actions/0/delete/after",
            "/rules/0/cooldown",
            "/rules/0/for",
            "/rules/0/match/0/age/over",
            "/rules/0/match/1/age/over",
            "/rules/0/match/2/age/over",
            "/rules/0/match/3/age/under",
        ],
    ),
    ("bad-glob-curly-quotes", &["/rules/0/match/0/age/over"]),
    ("bad-glob", &["/rules/0/namespaces", "/rules/1/namespaces"]),
    ("bad-name", &["/metadata/name", "/rules/0/name", "/rules/1/name", "/rules/2/name"]),
    ("bad-parameter", &["/parameters", "/parameters/a", "/parameters/b", "/parameters/c"]),
    ("bad-path", &["/rules/0/match/0/field/path", "/rules/0/match/2/age/since"]),
    ("bad-time", &["/rules/0/match/0/field/before", "/rules/0/match/1/field/after"]),
    ("bad-watch", &["/rules/0/watch"]),
    ("conflict", &["/defaults", "/rules/0"]),
    (
        "empty-list",
        &[
            "/rules/0/actions",
            "/rules/0/match",
            "/rules/1/actions/0/stripFinalizers/only",
            "/rules/1/actions/1/label",
            "/rules/1/match/0/phase",
            "/rules/1/match/1/any",
            "/rules/1/watch",
            "/rules/2/actions",
            "/rules/2/match",
            "/rules/2/namespaces",
        ],
    ),
    ("foreign-document", &["", "/apiVersion", "/kind"]),
    (
        "missing-key",
        &[
            "",
            "/metadata",
            "/rules",
            "/rules/0",
            "/rules/1/actions/0/stripFinalizers",
            "/rules/1/match/0/age",
            "/rules/1/match/1/field",
            "/rules/1/match/2/containers",
        ],
    ),
    ("no-scope", &["/rules/0", "/rules/1", "/rules/2"]),
    ("not-supported-yet-guardrails", &[""]),
    (
        "breakers",
        &[
            "/defaults/breaker/share",
            "/rules/0/breaker",
            "/rules/1/breaker/share",
            "/rules/2/breaker",
            "/rules/3/breaker",
            "/rules/3/breaker/from",
        ],
    ),
    (
        "not-supported-yet",
        &["/rules/0/actions/0", "/rules/0/actions/1/delete", "/rules/0/match/0", "/rules/0/match/1"],
    ),
    ("one-long-line", &["/rules/20/match/0/age/over", "/rules/40"]),
    (
        "test-bad-objects",
        &[
            "/bases/text",
            "/cases/0/objects/1",
            "/cases/0/objects/4",
            "/cases/0/objects/5",
            "/cases/0/objects/8",
        ],
    ),
    (
        "test-bad-set",
        &["/cases/0/set", "/cases/0/set/m", "/cases/0/set/n", "/cases/0/set/o", "/cases/0/set/p"],
    ),
    (
        "test-bad-values",
        &[
            "/cases/0/now",
            "/cases/0/set",
            "/cases/0/set/c",
            "/cases/0/timeline/0/at",
            "/cases/0/timeline/0/expect",
            "/cases/0/timeline/1/expect",
            "/cases/0/timeline/2/expect/0/delete",
            "/cases/0/timeline/2/expect/1/step",
            "/cases/0/timeline/3/expect/0",
            "/cases/0/timeline/4/expect/1/held",
            "/cases/0/timeline/4/expect/1/mode",
            "/cases/0/timeline/5/patch/merge",
            "/cases/0/timeline/5/remove",
            "/cases/0/until",
            "/cases/1",
            "/cases/2/timeline",
            "/cases/3/set",
            "/cases/3/set/n",
            "/cases/3/timeline/0/patch",
            "/cases/3/timeline/0/remove",
        ],
    ),
    (
        "test-missing-keys",
        &[
            "",
            "/cases/0",
            "/cases/1",
            "/cases/1/timeline/0",
            "/cases/2/timeline/0",
            "/cases/2/timeline/1/expect/0",
            "/cases/2/timeline/2/patch",
        ],
    ),
    (
        "test-unknown-keys",
        &[
            "",
            "/cases/0",
            "/cases/0/guardrails",
            "/cases/0/timeline/0",
            "/cases/0/timeline/1/patch",
            "/cases/0/timeline/2/expect/0",
            "/cases/0/timeline/3/expect/0",
            "/cases/1/timeline/0/facts",
            "/cases/1/timeline/1/facts",
            "/cases/1/timeline/2/facts/nodes/node-1",
        ],
    ),
    (
        "three-mistakes",
        &["/rules/0/actions/1/stripFinalizers", "/rules/0/match/0/age/over", "/rules/0/match/1"],
    ),
    (
        "two-in-one",
        &[
            "/rules/0/actions/0",
            "/rules/0/actions/0/delete/propagation",
            "/rules/0/match/0",
            "/rules/0/match/0/age/over",
        ],
    ),
    (
        "overrides",
        &[
            "",
            "/overrides/1/namespaces",
            "/overrides/1/rule",
            "/overrides/4/mode",
            "/overrides/4/namespaces",
            "/overrides/5/enabled",
            "/overrides/6",
            "/overrides/7",
            "/overrides/8",
            "/overrides/9",
        ],
    ),
    (
        "guardrails",
        &[
            "",
            "/protect",
            "/protect/kinds",
            "/protect/labels/0",
            "/protect/labels/1/matchExpressions/0/operator",
            "/protect/namespaces",
            "/protect/ownerKinds",
            "/protect/priorityAtLeast",
            "/unprotect",
            "/unprotect/ownerKinds",
        ],
    ),
    (
        "unknown-action",
        &["/rules/0/actions/0", "/rules/0/actions/1", "/rules/0/actions/2", "/rules/0/actions/3"],
    ),
    (
        "unknown-key",
        &[
            "",
            "/metadata",
            "/rules/0",
            "/rules/0/actions/0/delete",
            "/rules/0/match/0/age",
            "/rules/0/match/1/field",
            "/rules/0/match/2/containers",
        ],
    ),
    ("unknown-key-blank", &["/rules/0"]),
    (
        "unknown-matcher",
        &[
            "/rules/0/match/0",
            "/rules/0/match/1/not",
            "/rules/0/match/2/any/0",
            "/rules/0/match/2/any/1",
            "/rules/0/match/3",
            "/rules/0/match/4",
        ],
    ),
    ("wrong-api-version-foreign", &["", "/apiVersion", "/kind"]),
    ("wrong-api-version", &["/apiVersion"]),
    ("wrong-kind-missing", &[""]),
    ("wrong-kind", &["/kind", "/rules/0/match/0"]),
    (
        "wrong-type",
        &[
            "/defaults",
            "/rules/0/actions",
            "/rules/0/match",
            "/rules/1/actions/0",
            "/rules/1/actions/1/label",
            "/rules/1/actions/2/annotate/a",
            "/rules/1/match/0",
            "/rules/1/match/1/age",
            "/rules/1/match/2/age/over",
            "/rules/1/match/3/containers/exitCodes",
            "/rules/1/match/3/containers/ready",
            "/rules/1/match/4",
            "/rules/2",
        ],
    ),
    (
        "wrong-type-entries",
        &[
            "/protect/kinds",
            "/protect/ownerKinds",
            "/rules/0/actions/0/patch/json/0",
            "/rules/0/actions/1/patch/json/0",
            "/rules/0/actions/2/stripFinalizers/only",
            "/rules/0/match/0/phase",
            "/rules/0/match/1/containers/exitCodes",
            "/rules/0/match/1/containers/waiting",
            "/rules/0/match/2/field/in",
            "/rules/0/match/3/labels/matchExpressions/0",
            "/rules/0/namespaces",
            "/rules/0/watch",
        ],
    ),
];

#[test]
fn the_mistakes_of_structure_are_seen_where_they_are_and_the_others_are_no_false_alarms() {
    let mistakes_of = validators();
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in fs::read_dir(path("tests/validate")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        let places = SEEN.iter().find(|(known, _)| *known == name).map(|(_, places)| *places);
        let found = match documents(&fs::read_to_string(&file).unwrap()) {
            Ok(documents) => documents.iter().flat_map(mistakes_of).collect(),
            Err(_) => BTreeSet::new(),
        };
        let expected: BTreeSet<String> = places.unwrap_or_default().iter().map(ToString::to_string).collect();
        if found != expected {
            wrong.push((name.to_owned(), found));
        }
        seen += usize::from(places.is_some());
    }
    assert!(wrong.is_empty(), "found elsewhere than the table says: {wrong:#?}");
    assert_eq!(seen, SEEN.len(), "the table names files that are not there");
}
