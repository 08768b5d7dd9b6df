//! The same pods in every form that a person can get them in.

use std::path::Path;

use serde_json::{Value, json};

use super::{folder, gzip, read, read_text};

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "test-a", "annotations": {"a": "x: ]}\"\\ é\n- b\n", "items": "["}},
        "spec": {"containers": [{"name": "main", "args": ["-a", "--- b", "123"]}]},
        "status": {"phase": "Running", "items": [{"a": 1}]},
    })
}

fn without_kind(mut pod: Value) -> Value {
    let map = pod.as_object_mut().unwrap();
    map.remove("apiVersion");
    map.remove("kind");
    pod
}

/// As `kubectl get -o yaml` writes it: keys in order, texts quoted where they could be taken for something else.
fn yaml(name: &str, first: &str, indent: &str) -> String {
    let text = format!(
        "{first}apiVersion: v1\n{indent}kind: Pod\n{indent}metadata:\n{indent}  annotations:\n{indent}    a: |\n\
         {indent}      x: ]}}\"\\ é\n{indent}      - b\n{indent}    items: '['\n{indent}  name: {name}\n\
         {indent}  namespace: test-a\n{indent}spec:\n{indent}  containers:\n{indent}  - args:\n{indent}    - -a\n\
         {indent}    - '--- b'\n{indent}    - \"123\"\n{indent}    name: main\n{indent}status:\n{indent}  items:\n\
         {indent}  - a: 1\n{indent}  phase: Running\n"
    );
    text
}

#[test]
fn every_form_of_two_pods_is_read_alike() {
    let (a, b) = (pod("a"), pod("b"));
    let (bare_a, bare_b) = (without_kind(a.clone()), without_kind(b.clone()));
    let list =
        json!({"apiVersion": "v1", "items": [a, b], "kind": "List", "metadata": {"resourceVersion": ""}});
    let nested = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "PodList", "items": [bare_a]}, {"apiVersion": "v1", "kind": "List", "items": [b]}]});
    let pretty = serde_json::to_string_pretty(&list).unwrap();
    let raw =
        format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":[{bare_a},{bare_b}]}}"#);
    let kind_behind = format!(r#"{{"items":[{bare_a},{bare_b}],"apiVersion":"v1","kind":"PodList"}}"#);
    let items = format!("{}{}", yaml("a", "- ", "  "), yaml("b", "- ", "  "));
    let indented = format!("{}{}", yaml("a", "  - ", "    "), yaml("b", "  - ", "    "));
    let list_in_yaml =
        format!("apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    let bare_in_yaml = list_in_yaml
        .replace("- apiVersion: v1\n  kind: Pod\n  metadata", "- metadata")
        .replace("kind: List", "kind: PodList");
    let whole = list_in_yaml.replace("items:\n- ", "\"items\":\n- ");
    for (form, text) in [
        ("a list", list.to_string()),
        ("a list for people", pretty.clone()),
        ("a list with a byte order mark", format!("\u{feff}{pretty}")),
        ("a raw list", raw),
        ("a typed list that says so behind its items", kind_behind),
        ("lists in a list", nested.to_string()),
        ("an array", json!([a, b]).to_string()),
        ("objects, one a line", format!("{a}\n{b}\n")),
        ("objects without a break", format!("{a}{b}")),
        ("objects for people", format!("{a:#}\r\n{b:#}\r\n")),
        ("records", format!("\u{1e}{a}\n\u{1e}{b}\n")),
        (
            "an object and a list",
            format!("{a}\n{}", json!({"kind": "List", "apiVersion": "v1", "items": [b]})),
        ),
        ("a YAML list", list_in_yaml.clone()),
        ("a YAML list that is indented", format!("apiVersion: v1\nkind: List\nitems:\n{indented}")),
        ("a typed YAML list", bare_in_yaml),
        ("a YAML list written otherwise", whole),
        ("a YAML list with line ends of Windows", list_in_yaml.replace('\n', "\r\n")),
        (
            "a YAML list with comments",
            list_in_yaml.replace("v1\nitems:\n", "v1\n# a\nitems: \n\n# b\n").replace("- api", "# c\n- api"),
        ),
        ("items alone", items.clone()),
        ("items of a document", format!("---\n{items}...\n")),
        ("documents", format!("{}---\n{}", yaml("a", "", ""), yaml("b", "", ""))),
        (
            "documents with all marks",
            format!("# x\n%YAML 1.2\n---\n{}...\n--- # b\n{}---\n", yaml("a", "", ""), yaml("b", "", "")),
        ),
        (
            "lists in documents",
            format!(
                "{}---\n{}",
                list_in_yaml.replace("name: b", "name: a"),
                list_in_yaml.replace("name: a", "name: b")
            )
            .replace("name: main", "name: main"),
        ),
        ("a document in JSON", format!("---\n{a}\n---\n{b}\n")),
        ("JSON between marks", format!("{a}\n---\n{b}\n")),
        ("JSON, and YAML behind it", format!("{a:#}\n---\n{}", yaml("b", "", ""))),
    ] {
        let found = read_text(&text);
        assert!(found.end.is_ok(), "{form}: {:?}", found.end);
        let values: Vec<Value> =
            found.items.iter().filter(|item| !item.replaces).map(|item| item.value.clone()).collect();
        assert_eq!(values, [a.clone(), b.clone()], "{form}");
        assert!(found.items.iter().all(|item| item.api_version == "v1" && item.kind == "Pod"), "{form}");
        assert_eq!(found.summary().objects, 2, "{form}");
        let packed = read(&[Path::new("-")], &gzip(&text));
        assert_eq!(packed.items, found.items, "{form}, compressed");
    }
}

#[test]
fn each_item_knows_where_it_begins() {
    let places = |text: &str| -> Vec<String> {
        read_text(text).items.iter().map(|item| item.place.to_string()).collect()
    };
    let (a, b) = (pod("a"), pod("b"));
    assert_eq!(
        places(&format!("{{\"apiVersion\":\"v1\",\n \"items\":[{a},\n  {b}],\"kind\":\"List\"}}")),
        ["standard input:2:11", "standard input:3:3"]
    );
    let list =
        format!("apiVersion: v1\nitems:\n{}{}kind: List\n", yaml("a", "- ", "  "), yaml("b", "- ", "  "));
    let second = 3 + yaml("a", "- ", "  ").lines().count();
    assert_eq!(places(&list), ["standard input:3:1".to_owned(), format!("standard input:{second}:1")]);
}

#[test]
fn an_object_that_has_a_field_of_the_name_items_is_no_list() {
    let object = json!({"apiVersion": "a.example/v1", "items": [{"a": 1}, "b"], "kind": "Shelf", "metadata": {"name": "a"}});
    let kind_first =
        r#"{"kind":"Shelf","apiVersion":"a.example/v1","items":[{"a":1},"b"],"metadata":{"name":"a"}}"#;
    let in_yaml = "apiVersion: a.example/v1\nitems:\n- a: 1\n- b\nkind: Shelf\nmetadata:\n  name: a\n";
    for text in [
        object.to_string().as_str(),
        kind_first,
        in_yaml,
        &in_yaml.replace("items:", "kind: Shelf\nitems:").replace("- b\nkind: Shelf", "- b"),
    ] {
        let found = read_text(text);
        assert_eq!(found.items.iter().map(|item| &item.value).collect::<Vec<_>>(), [&object], "{text}");
    }
}

#[test]
fn of_two_members_of_one_name_json_takes_the_last() {
    let found = read_text(r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b"}}"#);
    assert_eq!(found.names(), ["b"]);
}

#[test]
fn the_newest_time_of_a_dump_is_found_and_the_future_is_not() {
    let text = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    creationTimestamp: \"2026-01-01T00:00:00Z\"\n\
                \x20   deletionTimestamp: \"2126-01-01T00:00:00Z\"\n    name: a\n- apiVersion: v1\n  kind: Event\n\
                \x20 lastTimestamp: \"2026-01-02T00:00:00Z\"\n  metadata:\n    name: b\nkind: List\n";
    assert_eq!(read_text(text).summary().newest.unwrap().to_string(), "2026-01-02T00:00:00Z");
}

#[test]
fn many_items_come_in_their_order() {
    let items: String = (0..3000).map(|number| yaml(&format!("pod-{number}"), "- ", "  ")).collect();
    let found = read_text(&format!("apiVersion: v1\nitems:\n{items}kind: List\n"));
    let expected: Vec<String> = (0..3000).map(|number| format!("pod-{number}")).collect();
    assert_eq!(found.names(), expected);
    assert!(found.end.is_ok());
}

#[test]
fn lines_of_blanks_between_items_end_no_list() {
    let item = |name: &str| yaml(name, "- ", "  ");
    for line in ["\t\n", " \t \n", "\t# a comment\n", "  \t\r\n", "\r\n", "   # a comment\n"] {
        let text = format!("apiVersion: v1\nitems:\n{}{line}{}kind: List\n", item("a"), item("b"));
        let found = read_text(&text);
        match &found.end {
            Ok(_) => assert_eq!(found.names(), ["a", "b"], "{line:?}"),
            Err(problems) => panic!("{line:?} {problems:?}"),
        }
    }
}

#[test]
fn objects_of_json_may_be_separated_as_documents_of_yaml_are() {
    let (a, b) = (pod("a"), serde_json::to_string_pretty(&pod("b")).unwrap());
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pod("c")]});
    let text =
        format!("{a}\n---\n{b}\n# a comment\n...\n---  # another\n{list}\n---\n{}---\n", yaml("d", "", ""));
    let folder = super::folder(&[("some.yaml", text.as_str()), ("none/some.json", text.as_str())]);
    for found in [read_text(&text), read(&[&folder.path().join("some.yaml")], b"")] {
        assert_eq!(found.names(), ["a", "b", "c", "d"], "{:?}", found.end);
        assert_eq!(found.summary().objects, 4);
    }
    // What is called JSON holds nothing else, and a mark stands at the begin of its line.
    let found = read(&[&folder.path().join("none/some.json")], b"");
    assert_eq!((found.names().len(), found.problems().len()), (1, 1), "{:?}", found.end);
    assert!(read_text(&format!("{a} --- {a}")).end.is_err());
}

#[test]
fn an_answer_with_nothing_in_it_is_an_empty_list() {
    for text in [
        "[]",
        r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":null}"#,
        r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#,
        "kind: PodList\napiVersion: v1\nitems: null\n",
        "kind: PodList\napiVersion: v1\nitems:\n",
        "apiVersion: v1\nitems: []\nkind: List\n",
    ] {
        let folder = super::folder(&[("some.yaml", text)]);
        for found in [read_text(text), read(&[&folder.path().join("some.yaml")], b"")] {
            assert_eq!(found.summary().objects, 0, "{text}");
        }
    }
    // An object whose kind ends so is one.
    let named = r#"{"kind":"AllowList","apiVersion":"example.com/v1","metadata":{"name":"a"},"items":null}"#;
    assert_eq!(read_text(named).names(), ["a"]);
    assert!(read_text("[1]").end.is_err());
}

#[test]
fn an_object_is_where_its_first_key_is() {
    let text = format!("# a comment\n\n---\n# another\n{}---\n\n{}", yaml("a", "", ""), yaml("b", "", ""));
    let list = format!(
        "items:\n{}\n  # a comment\n{}kind: List\napiVersion: v1\n",
        yaml("a", "  - ", "    "),
        yaml("b", "  - ", "    ")
    );
    for text in [text, list] {
        let found = read_text(&text);
        let places = found.items.iter().map(|item| (item.place.position.line, item.place.position.column));
        let begins = |line: &str| line.trim_start_matches([' ', '-']) == "apiVersion: v1";
        let lines = text.lines().zip(1..).filter(|(line, _)| begins(line));
        let expected: Vec<(usize, usize)> =
            lines.map(|(line, number)| (number, 1 + line.len() - line.trim_start().len())).take(2).collect();
        assert_eq!(places.collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn a_list_inside_a_list_may_hold_as_many_pods_as_its_text_may() {
    let one = |number: usize| {
        let mut pod = pod(&format!("p-{number}"));
        pod["status"]["conditions"] = vec![json!({"type": "Ready", "status": "True"}); 80].into();
        pod
    };
    let pods: Vec<Value> = (0..2550).map(one).collect();
    let inner = json!({"apiVersion": "v1", "kind": "PodList", "items": pods});
    let text = json!({"apiVersion": "v1", "kind": "List", "items": [inner]}).to_string();
    assert!((7 << 20..8 << 20).contains(&text.len()), "{}", text.len());
    assert_eq!(read_text(&text).summary().objects, 2550);
}

#[test]
fn a_typed_list_without_items_says_that_there_is_none_and_a_page_of_one_does_not() {
    let empty = |text: &str| {
        let empty = read_text(text).summary().empty;
        empty.into_iter().map(|one| (one.api_version, one.kind, one.namespace)).collect::<Vec<_>>()
    };
    let none = r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudgetList","metadata":{},"items":[]}"#;
    let told = vec![("policy/v1".to_owned(), "PodDisruptionBudget".to_owned(), None)];
    assert_eq!(empty(none), told);
    assert_eq!(empty(&none.replace("[]", "null")), told);
    assert_eq!(empty(&none.replace("{}", r#"{"continue":"x"}"#)), []);
    assert_eq!(empty(r#"{"apiVersion":"v1","kind":"List","items":[]}"#), []);
    let gathered = folder(&[("namespaces/test-a/policy/poddisruptionbudgets.yaml", none)]);
    let empty = read(&[gathered.path()], b"").summary().empty;
    assert_eq!(empty.first().and_then(|one| one.namespace.as_deref()), Some("test-a"));
}

#[test]
fn items_of_lists_that_are_no_objects_are_counted_and_files_that_hold_none_are_not_among_them() {
    let list = |items: &str| format!(r#"{{"apiVersion":"v1","kind":"PodList","items":[{items}]}}"#);
    let pod = r#"{"metadata":{"name":"a"}}"#;
    for (items, count) in [(pod.to_owned(), 0), (format!(r#"{pod},{{}},7,{{"metadata":{{}}}}"#), 3)] {
        let summary = read_text(&list(&items)).summary();
        assert_eq!((summary.objects, summary.items_skipped), (1, count), "{items}");
        let behind = format!(r#"{{"items":[{items}],"apiVersion":"v1","kind":"PodList"}}"#);
        assert_eq!(read_text(&behind).summary().items_skipped, count, "{items}");
    }
    let values = folder(&[("values.yaml", "items: [ { a: 1 } ]\n"), ("pod.json", &list(pod))]);
    assert_eq!(read(&[values.path()], b"").summary().items_skipped, 0);
}
