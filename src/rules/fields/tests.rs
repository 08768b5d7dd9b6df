//! Small schemas of every shape, and what is said of paths on them.

use std::path::PathBuf;

use super::{Schemas, read_schemas};
use crate::rules::fields::check;
use crate::rules::{Code, Input, LoadOptions, load};

const DEFINITION: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  names: { kind: Widget, plural: widgets, singular: widget, shortNames: [wd] }
  versions:
    - name: v1beta1
      served: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { old: { type: string } } } } } }
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            metadata: { type: object }
            spec:
              type: object
              properties:
                size: { type: integer }
                on: { type: boolean }
                port: { x-kubernetes-int-or-string: true, anyOf: [ { type: integer }, { type: string } ] }
                limits: { type: object, additionalProperties: { type: string } }
                anything: { type: object, x-kubernetes-preserve-unknown-fields: true }
                mixed: { type: object, x-kubernetes-preserve-unknown-fields: true, properties: { known: { type: object, properties: { a: { type: string } } } } }
                bare: { type: object }
                template: { type: object, x-kubernetes-embedded-resource: true, properties: { spec: { type: object, properties: { a: { type: string } } } } }
                parts:
                  type: array
                  items: { type: object, properties: { name: { type: string }, level: { type: string, enum: [High, Low] } }, oneOf: [ { required: [name] }, { required: [level] } ] }
                either: { type: object, properties: { a: { type: string } }, anyOf: [ { properties: { b: { type: string } } } ] }
            status: { type: object, properties: { phase: { type: string, enum: [Ready, Failed] }, since: { type: string } } }
    - { name: v3, served: false, schema: { openAPIV3Schema: { type: object } } }
";

const EVERY_FIELD_OF_SPEC: &str =
    "it has `anything`, `bare`, `either`, `limits`, `mixed`, `on`, `parts`, `port`, `size` and `template`";

fn schemas(files: &[(&str, &str)]) -> super::SchemaFiles {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    read_schemas(&[folder.path().to_owned()])
}

/// What is said of the paths of a rule: code, characters, help.
fn said(schemas: &Schemas, watch: &str, matchers: &str) -> Vec<(Code, String, String)> {
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: a }}\nrules:\n- name: a\n  watch: {watch}\n  \
         namespaces: test-*\n  match:\n{matchers}\n  actions: [ delete: {{}} ]\n"
    );
    let bytes = text.clone().into_bytes();
    let mut loaded = load(&[Input::Text { name: "a".to_owned(), bytes }], &LoadOptions::default());
    assert!(loaded.rule_set.is_some(), "{:#?}", loaded.diagnostics);
    check(&mut loaded, schemas, &std::collections::BTreeMap::new());
    assert_eq!(loaded.summary.warnings, loaded.diagnostics.len());
    let known =
        |code| [Code::UnknownField, Code::WrongField, Code::UnknownValue, Code::NoSchema].contains(&code);
    let found: Vec<_> = loaded.diagnostics.into_iter().filter(|diagnostic| known(diagnostic.code)).collect();
    let shown = |diagnostic: crate::rules::Diagnostic| {
        let place = diagnostic.place.unwrap().span;
        (diagnostic.code, text[place.start..place.end].to_owned(), diagnostic.help)
    };
    found.into_iter().map(shown).collect()
}

fn of_path(schemas: &Schemas, path: &str) -> Vec<(Code, String, String)> {
    said(schemas, "widgets.example.com", &format!("  - field: {{ path: \"{path}\", exists: true }}"))
}

#[test]
fn a_path_that_leads_somewhere_or_may_do_so_is_no_alarm() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    assert!(files.problems.is_empty(), "{:#?}", files.problems);
    for path in [
        "$",
        "$.kind",
        "$.metadata.annotations['a.b/c']",
        "$.metadata.ownerReferences[*].kind",
        "$.spec.size",
        "$.spec.limits.whatever",
        "$.spec.limits['a/b']",
        "$.spec.anything.deep.deeper[0]",
        "$.spec.mixed.unknown.x",
        "$.spec.mixed.known.a",
        "$.spec.bare.x",
        "$.spec.template.metadata.labels.x",
        "$.spec.template.spec.a",
        "$.spec.parts[0].name",
        "$.spec.parts[-1].name",
        "$.spec.parts[0:2].name",
        "$.spec.parts[*]['name', 'level']",
        "$.spec.parts[?@.level == 'High' && $.spec.on].name",
        "$.spec.either.a",
        "$.spec.either.b",
        "$.spec.*",
        "$.*.phase",
        "$.status..phase",
        "$..anything_at_all",
        "$.spec..whatever",
    ] {
        assert_eq!(of_path(&files.schemas, path), [], "{path}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_told_at_its_segment() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    for (path, segment, help) in [
        ("$.status.phse", "phse", "did you mean `phase`?"),
        ("$.statsu.phase", "statsu", "did you mean `status`?"),
        ("$.spec.phase", "phase", "did you mean `$.status.phase`?"),
        ("$['status']['phse']", "phse", "did you mean `phase`?"),
        ("$.metadata.creationTimestmp", "creationTimestmp", "did you mean `creationTimestamp`?"),
        ("$.spec.template.metdata.name", "metdata", "did you mean `metadata`?"),
        ("$.spec.mixed.known.b", "b", "did you mean `a`?"),
        ("$.spec.parts.name", "name", "write `$.spec.parts[*]` for its elements, with `any` or `all`"),
        ("$.spec.parts[*].nme", "nme", "did you mean `name`?"),
        ("$.spec.parts[*]['nme', 'level']", "nme", "did you mean `name`?"),
        ("$.spec.parts[?@.levle == 'High'].name", "levle", "did you mean `level`?"),
        ("$.spec.parts[?$.spec.off].name", "off", EVERY_FIELD_OF_SPEC),
        ("$.spec.size.x", "x", "leave out what follows it"),
        ("$.spec[0]", "[0]", "write the name of a field"),
        ("$.status..phse", "phse", "did you mean `phase`?"),
        ("$.spec.old", "old", EVERY_FIELD_OF_SPEC),
        ("$.spec.either.other", "other", "it has `a` and `b`"),
        ("$.metadata.labels.a.b", "b", "leave out what follows it"),
    ] {
        let said = of_path(&files.schemas, path);
        let [(code, place, shown)] = said.as_slice() else { panic!("{path}: {said:?}") };
        assert_eq!((*code, place.as_str(), shown.as_str()), (Code::UnknownField, segment, help), "{path}");
    }
}

#[test]
fn what_an_operator_cannot_read_and_what_a_field_never_is_are_told() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    for (field, expected) in [
        ("path: $.spec.size, gt: 3", None),
        ("path: $.spec.size, gt: \"3\", as: number", None),
        ("path: $.spec.port, equals: http", None),
        ("path: $.spec.port, equals: 80", None),
        ("path: $.spec.limits.cpu, gt: 500m, as: quantity", None),
        ("path: $.spec.anything.x, gt: 3", None),
        ("path: $.spec.parts, size: \"> 3\"", None),
        ("path: $.status.since, olderThan: 1h", None),
        ("path: $.status.phase, equals: Ready", None),
        ("path: $.status.phase, glob: R*", None),
        ("path: \"$.spec.parts[*].level\", any: { in: [High, Low] }", None),
        ("path: $.spec.on, gt: 3", Some((Code::WrongField, "3"))),
        ("path: $.spec.on, equals: \"true\"", Some((Code::WrongField, "\"true\""))),
        ("path: $.spec.on, equals: \"true\", as: string", None),
        ("path: $.spec.parts, equals: High", Some((Code::WrongField, "High"))),
        ("path: $.spec.size, matches: \"1.*\"", Some((Code::WrongField, "\"1.*\""))),
        ("path: $.status.phase, equals: ready", Some((Code::UnknownValue, "ready"))),
        ("path: $.status.phase, notIn: [Ready, Failde]", Some((Code::UnknownValue, "Failde"))),
        ("path: \"$.spec.parts[*].level\", any: { equals: Hihg }", Some((Code::UnknownValue, "Hihg"))),
    ] {
        let said = said(&files.schemas, "wd", &format!("  - field: {{ {field} }}"));
        let found = said.first().map(|(code, place, _)| (*code, place.as_str()));
        assert_eq!(found, expected, "{field}: {said:?}");
    }
}

#[test]
fn every_path_of_a_rule_is_checked_wherever_it_stands() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    let matchers = "  - any: [ { field: { path: $.a, exists: true } }, { not: { field: { path: $.b, equals: x } } } ]\n  \
                    - age: { over: 1h, since: [$.status.since, $.status.sinec] }\n  unless: [ { field: { path: $.c, exists: true } } ]";
    let places: Vec<_> = said(&files.schemas, "Widget.example.com".to_lowercase().as_str(), matchers)
        .into_iter()
        .map(|(_, place, _)| place)
        .collect();
    assert_eq!(places, ["a", "b", "sinec", "c"]);
}

#[test]
fn the_paths_of_an_expression_are_checked_but_for_those_that_it_asks_for_itself() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    for (source, expected) in [
        ("object.status.phase == 'Ready' && object.spec.parts.exists(p, p.name == 'a')", None),
        ("object.spec.limits.exists(k, k == 'cpu') && object.spec.limits['a/b'] == '1'", None),
        ("object.metadata.labels['a.b/c'] == 'x' && size(object.metadata.finalizers) > 0", None),
        ("has(object.spec.other) && object.spec.other.deep == 1", None),
        ("object.status.phse == 'Ready'", Some("did you mean `phase`?")),
        ("object.spec.parts.exists(p, p.nam == 'a')", Some("did you mean `name`?")),
        ("timestamp(object.status.sinec) > timestamp('2026-01-01T00:00:00Z')", Some("did you mean `since`?")),
    ] {
        let said = said(&files.schemas, "wd", &format!("  - cel: \"{source}\""));
        let found = said.first().map(|(code, _, help)| (*code, help.as_str()));
        assert_eq!(found, expected.map(|help| (Code::UnknownField, help)), "{source}: {said:?}");
    }
}

#[test]
fn the_version_that_a_rule_names_counts_and_of_several_the_one_that_servers_prefer() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    let old = "  - field: { path: $.spec.old, exists: true }";
    assert_eq!(said(&files.schemas, "example.com/v1beta1/Widget", old), []);
    assert_eq!(said(&files.schemas, "widgets.v1beta1.example.com", old), []);
    assert_eq!(said(&files.schemas, "example.com/v1/Widget", old).len(), 1);
    assert_eq!(said(&files.schemas, "example.com/v3/Widget", old)[0].0, Code::NoSchema, "v3 is not served");
}

#[test]
fn kubernetes_own_kinds_are_known_and_a_kind_without_a_schema_is_told() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    let phase = "  - field: { path: $.status.phse, exists: true }";
    for (watch, expected) in [("po", 1), ("pods", 1), ("v1/Pod", 1), ("[deploy, pods]", 1), ("hpa", 1)] {
        let said = said(&files.schemas, watch, phase);
        assert_eq!(
            said.iter().filter(|(code, ..)| *code == Code::UnknownField).count(),
            expected,
            "{watch}: {said:?}"
        );
    }
    let said_of_gadgets = said(&files.schemas, "gadgets.example.com", phase);
    assert_eq!((said_of_gadgets[0].0, &*said_of_gadgets[0].1), (Code::NoSchema, "gadgets.example.com"));
    let age = "  - age: { over: 1h }";
    assert_eq!(said(&files.schemas, "gadgets.example.com", age), [], "there is no path to check");
}

#[test]
fn a_path_that_one_of_several_kinds_lacks_is_told_with_that_kind() {
    let files = schemas(&[("a.yaml", DEFINITION)]);
    let text = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nrules:\n- { name: a, watch: [wd, po], \
                namespaces: test-*, match: [ { field: { path: $.spec.size, exists: true } } ], actions: [ delete: {} ] }\n";
    let input = Input::Text { name: "a".to_owned(), bytes: text.as_bytes().to_vec() };
    let mut loaded = load(&[input], &LoadOptions::default());
    check(&mut loaded, &files.schemas, &std::collections::BTreeMap::new());
    let messages: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    let expected = "`$.spec.size` is no field of `pods`; it is one of `widgets.example.com`";
    assert!(messages.contains(&expected), "{messages:?}");
}

#[test]
fn schemas_are_recognised_by_content_and_the_broken_ones_are_named() {
    let v3 = r##"{"openapi": "3.0.0", "paths": {"/apis/example.com/v1/gadgets": {"get": {"x-kubernetes-action": "list",
        "x-kubernetes-group-version-kind": {"group": "example.com", "version": "v1", "kind": "Gadget"}}}},
        "components": {"schemas": {"com.example.v1.Gadget": {"type": "object", "properties": {"spec": {"allOf": [
        {"$ref": "#/components/schemas/Node"}], "default": {}}}, "x-kubernetes-group-version-kind": [
        {"group": "example.com", "version": "v1", "kind": "Gadget"}]}, "Node": {"type": "object", "properties": {
        "name": {"type": "string"}, "next": {"$ref": "#/components/schemas/Node"}, "self": {"$ref": "#/components/schemas/Loop"}}},
        "Loop": {"$ref": "#/components/schemas/Loop"}}}}"##;
    let list = "{\"kind\": \"List\", \"items\": [{\"kind\": \"Pod\", \"spec\": {}}]}";
    let deep = format!("{{\"kind\": \"CustomResourceDefinition\", \"spec\": {}", "{\"a\":".repeat(100_000));
    let files = schemas(&[
        ("crd.yaml", &format!("kind: Deployment\nspec: {{ a: b }}\n---\n{DEFINITION}\n---\n- a list\n")),
        ("gadgets.json", v3),
        ("list.json", list),
        ("deep.json", &deep),
        ("broken.yaml", "a: ["),
        ("notes.txt", "no schema"),
    ]);
    let problems: Vec<_> = files.problems.iter().map(|it| (it.code, it.message.as_str())).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].0 == Code::BadSchema && problems[0].1.contains("broken.yaml"), "{problems:?}");
    assert!(problems[1].0 == Code::BadSchema && problems[1].1.contains("deep.json"), "{problems:?}");
    let of = |path: &str| {
        said(&files.schemas, "gadgets.example.com", &format!("  - field: {{ path: {path}, exists: true }}"))
            .len()
    };
    assert_eq!(
        (of("$.spec.next.next.next.name"), of("$.spec.next.next.nam"), of("$.spec.self.x")),
        (0, 1, 0)
    );
    assert_eq!(of_path(&files.schemas, "$.status.phse").len(), 1);
}

#[test]
fn what_holds_no_schema_or_cannot_be_read_is_an_error() {
    let empty = schemas(&[("notes.txt", "no schema"), ("pod.yaml", "kind: Pod")]);
    assert_eq!(empty.problems[0].code, Code::Unreadable);
    assert!(empty.problems[0].message.contains("holds no schema of any kind"));
    let missing = read_schemas(&[PathBuf::from("/nowhere")]);
    assert!(missing.problems[0].message.contains("there is no such file or folder"));
    assert_eq!(read_schemas(&[PathBuf::from("/dev/zero")]).problems[0].code, Code::Unreadable);
}

#[test]
fn a_file_that_is_larger_than_schemas_are_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), DEFINITION).unwrap();
    let huge = std::fs::File::create(folder.path().join("huge.json")).unwrap();
    huge.set_len(50 << 20).unwrap();
    let files = read_schemas(&[folder.path().to_owned()]);
    assert!(
        files.problems.len() == 1 && files.problems[0].message.contains("huge.json"),
        "{:?}",
        files.problems
    );
    assert_eq!(files.schemas.added(), 2);
}
