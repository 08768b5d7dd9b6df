//! Paths into an object: names that need quotes, filters, slices, descendants, and what reaches nothing.

use super::*;

const POD: &str = r#"{ metadata: { name: web-0, annotations: { "a.b/c": "1", "it's": "2", "say \"hi\"": "3", "größe": "4",
    "kubectl.kubernetes.io/last-applied-configuration": "{}" }, labels: { app: web, "app.kubernetes.io/name": web } },
    spec: { containers: [ { name: main, image: "registry.example/web:1", ports: [ { containerPort: 80 }, { containerPort: 443 } ] },
    { name: side, image: "registry.example/side:1" } ] },
    status: { conditions: [ { type: Ready, status: "False", reason: ContainersNotReady }, { type: PodScheduled, status: "True" } ] } }"#;

#[test]
fn names_with_dots_slashes_and_quotes_are_written_in_brackets() {
    table(
        POD,
        &[
            ("field: { path: \"$.metadata.annotations['a.b/c']\", equals: \"1\" }", YES),
            ("field: { path: '$.metadata.annotations[\"a.b/c\"]', equals: \"1\" }", YES),
            ("field: { path: '$[\"metadata\"][\"annotations\"][\"a.b/c\"]', equals: \"1\" }", YES),
            (r#"field: { path: "$.metadata.annotations['it\\'s']", equals: "2" }"#, YES),
            (r#"field: { path: "$.metadata.annotations[\"it's\"]", equals: "2" }"#, YES),
            (r#"field: { path: '$.metadata.annotations["say \"hi\""]', equals: "3" }"#, YES),
            ("field: { path: $.metadata.annotations.größe, equals: \"4\" }", YES),
            (r#"field: { path: "$.metadata.annotations['gr\\u00f6\\u00dfe']", equals: "4" }"#, YES),
            ("field: { path: \"$.metadata.labels['app.kubernetes.io/name']\", equals: web }", YES),
            ("field: { path: \"$.metadata.labels['none.io/name']\", equals: web }", UNKNOWN),
            ("field: { path: $.metadata.annotations.a.b, exists: true }", NO),
        ],
    );
}

#[test]
fn filters_slices_and_descendants_are_read_as_rfc_9535_has_them() {
    table(
        POD,
        &[
            ("field: { path: \"$.status.conditions[?@.type=='Ready'].status\", equals: \"False\" }", YES),
            ("field: { path: \"$.status.conditions[?(@.type == 'Ready')].reason\", glob: Containers* }", YES),
            (
                "field: { path: \"$.status.conditions[?@.type=='Initialized'].status\", equals: \"True\" }",
                UNKNOWN,
            ),
            ("field: { path: \"$.status.conditions[?@.type=='Initialized']\", exists: false }", YES),
            ("field: { path: \"$.status.conditions[?@.reason].type\", equals: Ready }", YES),
            ("field: { path: \"$.spec.containers[0:1].name\", equals: main }", YES),
            ("field: { path: \"$.spec.containers[*].ports[*].containerPort\", any: { equals: 443 } }", YES),
            ("field: { path: $..containerPort, all: { gte: 80 } }", YES),
            ("field: { path: \"$.spec.containers[*].image\", all: { glob: registry.example/* } }", YES),
            ("field: { path: \"$.spec.containers[?@.name=='side'].ports\", exists: false }", YES),
            ("field: { path: \"$.spec.containers['name']\", exists: false }", YES),
            ("field: { path: \"$.metadata.labels[*]\", all: { equals: web } }", YES),
            ("field: { path: \"$.spec.containers[?@.name==$.metadata.name]\", exists: true }", NO),
            ("field: { path: $, exists: true }", YES),
            ("field: { path: $, equals: a }", UNKNOWN),
        ],
    );
}

#[test]
fn what_is_no_path_from_the_root_is_refused() {
    for path in [
        "status.phase",
        ".status.phase",
        "{.status.phase}",
        "'{$.status.phase}'",
        "$.",
        "$..",
        "$[",
        "$.a[",
        "$.a['b]",
        "\"$.a b\"",
        "\"\"",
        "/status/phase",
        "$.metadata.annotations.a/b",
        "\"$.a[?]\"",
        "\"@.a\"",
    ] {
        let found = errors(&format!("match:\n- field:\n    path: {path}\n    exists: true"));
        assert!(found == [Code::BadPath] || found == [Code::WrongType], "{path}: {found:?}");
    }
}
