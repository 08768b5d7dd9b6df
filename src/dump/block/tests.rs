//! Against the parser that knows all of YAML: on what kubectl writes, on what is near it, and case by case.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::yaml::parsed;
use super::value;

/// Where the fast way gives a value, it is the parser's.
fn same(text: &str) -> bool {
    let Some(found) = value(text) else { return false };
    match parsed(text) {
        Ok(Some(expected)) => assert_eq!(found, expected, "{text}"),
        other => panic!("read as {} and by the parser as {other:?}:\n{text}", found.0),
    }
    true
}

#[test]
fn what_kubectl_writes_is_read_without_the_parser() {
    let text = "\
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      example.com/empty: \"\"
      example.com/json: '{\"a\":\"it''s\"}'
      kubectl.kubernetes.io/last-applied-configuration: |
        {\"apiVersion\":\"v1\"}

          # kept
    creationTimestamp: \"2026-01-01T00:00:00Z\"
    deletionGracePeriodSeconds: -30
    managedFields:
    - apiVersion: v1
      fieldsV1:
        f:metadata:
          f:labels:
            .: {}
            k:{\"containerPort\":8080,\"protocol\":\"TCP\"}:
              f:app: {}
  spec:
    containers:
    - args:
      - --verbose=2
      - -c
      - |-
        while true; do
          sleep 1
        done
      env: []
      image: registry.example.com:5000/app@sha256:00
    nodeSelector:
    terminationGracePeriodSeconds: 30
  status:
    conditions:
    - message: 'containers with unready
        status: [app]'
      reason: back-off restarting
        failed container
      note: \"x
        \\\"y\\\"\"
      status: \"False\"
";
    assert!(same(text));
    let (found, begin) = value(text).unwrap();
    assert_eq!(begin, 0);
    assert_eq!(
        found.pointer("/0/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"),
        Some(&json!("{\"apiVersion\":\"v1\"}\n\n  # kept\n"))
    );
    assert_eq!(found.pointer("/0/spec/containers/0/args/2"), Some(&json!("while true; do\n  sleep 1\ndone")));
    assert_eq!(found.pointer("/0/spec/nodeSelector"), Some(&Value::Null));
    assert_eq!(
        found.pointer("/0/status/conditions/0/message"),
        Some(&json!("containers with unready status: [app]"))
    );
    assert_eq!(
        found.pointer("/0/status/conditions/0/reason"),
        Some(&json!("back-off restarting failed container"))
    );
    assert_eq!(found.pointer("/0/status/conditions/0/note"), Some(&json!("x \"y\"")));
}

#[test]
fn whatever_is_written_otherwise_is_left_to_the_parser() {
    for text in [
        "",
        "a: 1",
        "a: 1\na: 2\n",
        "a: 1\n\nb: 2\n",
        "# a\nb: 1\n",
        "a: 1 # b\n",
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "a: {b: 1}\n",
        "a: [1]\n",
        "? a\n: b\n",
        "a: >\n  b\n",
        "a: |+\n  b\n",
        "a: |2\n  b\n",
        "a: |\nb: 1\n",
        "a: |\n\n  b\n",
        "a: |\n  b\n\nc: 1\n",
        "a: |\n   b\n  c\n",
        "a: 'b' c\n",
        "a: 'b\n",
        "a: \"b\\x41\"\n",
        "a: \"b\\\n  c\"\n",
        "a: b \n  c\n",
        "a: b\n  c: d\n",
        "a: b: c\n",
        "a:  b\n",
        "a: b \n",
        "a:\tb\n",
        "a: b\r\n",
        "a: \u{e4}\n",
        "-  a\n",
        "-\n  a: 1\n",
        "- - a\n",
        "  a: 1\n b: 2\n",
        "a:\n    b: 1\n  c: 2\n",
        "- a\nb: 1\n",
        "a: 1\n- b\n",
        "---\na: 1\n",
        "a: 1\n...\n",
        "a\n",
        "<<: a\n",
        "a: -\n",
        "a: - b\n",
        "a: @b\n",
        "a: %b\n",
        "a: {}\n  b: 1\n",
    ] {
        assert_eq!(value(text), None, "{text}");
    }
}

/// Values as objects have them.
fn values() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        "[ -~]{0,12}",
        "[a-z]{1,6}( [a-z:#'\"-]{1,6}){0,8}",
        "[a-z ]{0,6}\n[ -~]{0,6}\n?",
        Just("true".to_owned()),
        Just("0644".to_owned()),
        Just("~".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z.][a-z./:-]{0,5}[a-z]", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// As kubectl writes it; long texts are folded.
fn write(out: &mut String, value: &Value, indent: usize) {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                *out += &format!("{blanks}{key}:");
                match value {
                    Value::Array(items) if !items.is_empty() => {
                        out.push('\n');
                        write(out, value, indent);
                    }
                    Value::Object(map) if !map.is_empty() => {
                        out.push('\n');
                        write(out, value, indent + 2);
                    }
                    scalar => *out += &scalar_of(scalar, indent),
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let begin = out.len();
                        write(out, item, indent + 2);
                        out.replace_range(begin + indent..=begin + indent, "-");
                    }
                    scalar => *out += &format!("{blanks}-{}", scalar_of(scalar, indent)),
                }
            }
        }
        _ => {}
    }
}

fn scalar_of(value: &Value, indent: usize) -> String {
    let deeper = " ".repeat(indent + 2);
    match value {
        Value::String(text) if text.contains('\n') && !text.starts_with(['\n', ' ']) => {
            let (mark, lines) = text.strip_suffix('\n').map_or(("|-", &**text), |lines| ("|", lines));
            let lines: Vec<String> = lines.split('\n').map(|line| format!("{deeper}{line}")).collect();
            format!(" {mark}\n{}\n", lines.join("\n"))
        }
        Value::String(text) if text.contains('\n') => format!(" {value}\n"),
        Value::String(text) if text.len() > 20 && !text.contains("  ") && !text.ends_with(' ') => {
            let folded = text.replacen(' ', &format!("\n{deeper}"), 1);
            if text.starts_with(' ') {
                format!(" {value}\n")
            } else if text.contains([':', '#', '\'', '"']) {
                format!(" '{}'\n", folded.replace('\'', "''"))
            } else {
                format!(" {folded}\n")
            }
        }
        Value::String(text) if text.len() % 2 == 1 => format!(" '{}'\n", text.replace('\'', "''")),
        // A list inside a list is nothing that objects have.
        Value::Array(_) => " []\n".to_owned(),
        scalar => format!(" {scalar}\n"),
    }
}

fn text_of(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, &json!([{ "kind": "Pod", "spec": value }]), 0);
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_are_what_the_parser_makes_of_them(value in values()) {
        let text = text_of(&value);
        // Lines that are blank, end in a blank or look like a comment are for the parser.
        let is_odd = |line: &str| line.is_empty() || line.ends_with(' ') || line.trim_start().starts_with('#');
        if !text.lines().any(is_odd) {
            prop_assert!(same(&text), "left to the parser:\n{text}");
        }
    }

    #[test]
    fn what_is_near_it_is_the_same_or_left_to_the_parser(
        value in values(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), "[-:#'\"|> \n&*!{}a\\[\\]\\\\?%0]{0,2}", 0..3usize), 1..4),
    ) {
        let mut text = text_of(&value);
        for (at, by, drop) in changes {
            let at = at.index(text.len());
            let end = (at + drop).min(text.len());
            text.replace_range(at..end, &by);
        }
        same(&text);
    }
}
