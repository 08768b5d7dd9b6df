//! Plans of dumps.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::{Told, plan_of, snapshot};

const RULES: &str = "tests/plan/rules.yaml";
const DUMP: &str = "tests/plan/dump/dump.json";

fn plan(flags: &[&str]) -> Told {
    plan_of(b"", &[&["--rules", RULES, "--from", DUMP], flags].concat())
}

#[test]
fn a_plan_tells_what_would_be_done_now_and_later_what_is_held_back_and_what_is_not_known() {
    let told = plan(&[]);
    assert_eq!(told.status, Some(1), "{}", told.errors);
    snapshot("dump", &told.text);
    assert_eq!(plan(&["--format", "wide"]).text, told.text, "nothing is cut where there is no terminal");
}

#[test]
fn programs_get_one_document() {
    let told = plan(&["--format", "json"]);
    assert_eq!(told.status, Some(1), "{}", told.errors);
    snapshot("dump-json", &told.text);
    let yaml: Value = serde_saphyr::from_str(&plan(&["--format", "yaml"]).text).unwrap();
    assert_eq!(yaml, told.json());
}

/// Every key of a value, at whatever depth.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_document_is_described() {
    let page = fs::read_to_string(format!("{}/docs/plan.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let tables = page.split("## The document").nth(1).unwrap();
    let described: BTreeSet<&str> = tables.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let mut found = BTreeSet::new();
    keys(&plan(&["--format", "json"]).json(), &mut found);
    assert!(found.len() > 30, "{found:?}");
    let missing: Vec<&String> = found.iter().filter(|key| !described.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/plan.md says nothing of {missing:?}");
}

#[test]
fn the_moment_is_the_newest_time_of_the_dump_unless_another_is_given() {
    assert_eq!(plan(&["--format", "json"]).json()["at"], "2026-01-01T12:00:00Z");
    let earlier = ["--format", "json", "--at", "2026-01-01T11:31:00Z", "--within", "5m"];
    let told = plan(&earlier).json();
    assert_eq!(
        (&told["at"], &told["until"]),
        (&json!("2026-01-01T11:31:00Z"), &json!("2026-01-01T11:36:00Z"))
    );
    assert_eq!(told["rules"][0]["within"][0]["at"], "2026-01-01T11:36:00Z", "{told}");
    for wrong in ["yesterday", "2026-01-01", ""] {
        let told = plan(&["--at", wrong]);
        assert!(told.status == Some(2) && told.errors.contains("2026-01-01T12:00:00Z"), "{}", told.errors);
    }
}

#[test]
fn what_falls_due_beyond_the_time_is_not_told() {
    let whole = plan(&["--within", "0s"]);
    whole.assert(1, "2 now; 1 only told, 2 held back, 8 unknown, 5 later; 14 objects looked at");
    let told = plan(&["--within", "2m29s"]).text;
    assert!(!told.contains("run-2"), "{told}");
    assert!(plan(&["--within", "2m30s"]).text.contains("run-2"));
}

#[test]
fn a_namespace_that_is_not_in_the_dump_is_noted() {
    let told = plan(&["--namespace", "nosuch", "test-k*", "x-*"]).text;
    for (pattern, is_told) in [("nosuch", true), ("test-k*", false), ("x-*", true)] {
        let note = format!("note: no namespace of the dump is called `{pattern}`, as --namespace has it");
        assert_eq!(told.contains(&note), is_told, "{told}");
    }
    assert!(!plan(&[]).text.contains("--namespace has it"));
}

#[test]
fn a_pipeline_can_gate_on_the_exit_status() {
    // Nothing would be done.
    let told = plan(&["--set", "age=2h", "--namespace", "test-none", "test-kept"]);
    told.assert(0, "nothing would be done within 10m; 1 object looked at");
    // It would only be told.
    let told = plan(&["--mode", "observe"]);
    assert_eq!(told.status, Some(0), "{}", told.text);
    assert!(told.text.contains("only told: observe"), "{}", told.text);
    // It cannot be told.
    for (flags, why) in [
        (&["--rules", "tests/plan/none.yaml", "--from", DUMP][..], "none.yaml"),
        (&["--rules", RULES, "--from", "tests/plan/none.json"], "none.json"),
        (&["--rules", RULES, "--complete"], "--from"),
        (&["--from", DUMP], "--rules"),
    ] {
        let told = plan_of(b"", flags);
        assert!(told.status == Some(2) && told.errors.contains(why), "{flags:?}: {}", told.errors);
        assert_eq!(told.text, "");
    }
}

#[test]
fn a_dump_comes_from_standard_input_too() {
    let dump = fs::read(format!("{}/{DUMP}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let told = plan_of(&dump, &["--rules", RULES, "--from", "-"]);
    let named = plan(&[]).text.replace(DUMP, "-");
    let (next, named) = (told.text.rsplit_once("next: "), named.rsplit_once("next: "));
    assert_eq!((told.status, next.map(|(text, _)| text)), (Some(1), named.map(|(text, _)| text)));
    // What came through the pipe cannot be read again.
    assert_eq!(next.map(|(_, next)| next.trim()), Some(format!("k8s-healer plan --rules {RULES}").as_str()));
}

#[test]
fn yaml_and_folders_tell_the_same_and_what_cannot_be_read_is_told_with_its_place() {
    let root = env!("CARGO_MANIFEST_DIR");
    let list: Value = serde_json::from_str(&fs::read_to_string(format!("{root}/{DUMP}")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (index, item) in list["items"].as_array().unwrap().iter().enumerate() {
        let (name, text) = match index % 2 {
            0 => (format!("{index}.json"), item.to_string()),
            _ => (format!("{index}.yaml"), format!("---\n{item:#}\n")),
        };
        fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let told = plan_of(b"", &["--rules", RULES, "--from", path]);
    let named = plan(&[]).text.replace(DUMP, path);
    assert_eq!((told.status, told.text), (Some(1), named), "{}", told.errors);
    fs::write(folder.path().join("broken.yaml"), "kind: Pod\nmetadata: { name: a\n").unwrap();
    let told = plan_of(b"", &["--rules", RULES, "--from", path]);
    assert!(told.status == Some(2) && told.text.is_empty(), "{}", told.text);
    let errors = told.errors.replace('\n', " ");
    assert!(errors.contains("broken.yaml") && errors.contains("nothing was planned"), "{errors}");
}

#[test]
fn of_an_empty_list_nothing_would_be_done_and_of_a_page_of_one_not_all_is_known() {
    for list in [
        r#"{"apiVersion": "v1", "kind": "List", "items": []}"#,
        r#"{"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": null}"#,
        "apiVersion: v1\nkind: List\nitems: []\nmetadata:\n  resourceVersion: \"\"\n",
    ] {
        let told = plan_of(list.as_bytes(), &["--rules", RULES, "--from", "-"]);
        assert_eq!(told.status, Some(0), "{list}: {}", told.errors);
        assert!(
            told.text.contains("nothing would be done") && told.text.contains("has no pods"),
            "{}",
            told.text
        );
    }
    for metadata in [
        r#""metadata": {"continue": "abc", "remainingItemCount": 7}, "items": []"#,
        r#""items": [], "metadata": {"continue": "abc"}"#,
    ] {
        let list = format!(r#"{{"apiVersion": "v1", "kind": "PodList", {metadata}}}"#);
        let told = plan_of(list.as_bytes(), &["--rules", RULES, "--from", "-"]);
        assert!(
            told.status == Some(2) && told.text.contains("metadata.continue"),
            "{}{}",
            told.text,
            told.errors
        );
    }
}

#[test]
fn without_objects_or_without_a_time_there_is_no_plan() {
    let told = plan_of(b"[1, 2]", &["--rules", RULES, "--from", "-"]);
    assert!(told.status == Some(2) && told.errors.contains("no object"), "{}", told.errors);
    let map =
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "test-a"}}"#;
    let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{map}]}}"#);
    let told = plan_of(list.as_bytes(), &["--rules", RULES, "--from", "-"]);
    assert!(told.status == Some(2) && told.errors.contains("--at"), "{}", told.errors);
}

#[test]
fn what_the_dump_does_not_have_is_not_known_unless_it_is_complete() {
    let row = |told: &Value, name: &str| {
        let rows = told["rules"].as_array().unwrap().iter().flat_map(|rule| {
            ["now", "within", "held"]
                .into_iter()
                .flat_map(|section| rule[section].as_array().unwrap().clone())
        });
        rows.filter(|row| row["name"] == name).collect::<Vec<_>>()
    };
    let partial = plan(&["--format", "json"]).json();
    assert_eq!(row(&partial, "far-1")[0]["notKnown"], json!(["ReplicaSet far"]));
    assert_eq!(row(&partial, "web-1")[0]["notKnown"], json!([]));
    let notes = partial["notes"].to_string();
    assert!(notes.contains("ReplicaSet (1)"), "{notes}");
    let whole = plan(&["--format", "json", "--complete"]).json();
    assert_eq!(row(&whole, "far-1")[0]["notKnown"], json!([]));
    assert!(!whole["notes"].to_string().contains("ReplicaSet"), "{}", whole["notes"]);
}

#[test]
fn without_namespaces_in_the_dump_a_note_says_that_what_they_protect_is_not_known() {
    let text = fs::read_to_string(format!("{}/{DUMP}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut list: Value = serde_json::from_str(&text).unwrap();
    list["items"].as_array_mut().unwrap().retain(|item| item["kind"] != "Namespace");
    let told = plan_of(list.to_string().as_bytes(), &["--rules", RULES, "--from", "-", "--format", "json"]);
    let told = told.json();
    assert!(told["notes"].to_string().contains("Namespace (2)"), "{}", told["notes"]);
    assert!(told["rules"][0]["now"].to_string().contains("run-4"), "what keeps it is not known: {told}");
}

#[test]
fn what_comes_next_of_a_dump_has_the_flags_of_the_plan() {
    let last = |flags: &[&str]| plan(flags).text.lines().last().unwrap().to_owned();
    let flags =
        ["--set", "age=2h", "--namespace", "test-none", "test-kept", "--mode", "dry-run", "--within", "1h"];
    let expected = "next: k8s-healer plan --rules tests/plan/rules.yaml --set age=2h --mode dry-run \
        --namespace test-none test-kept --exclude-namespaces 'prod-*' --within 1h --context 'the one'";
    assert_eq!(
        last(&[&flags[..], &["--exclude-namespaces", "prod-*", "--context", "the one"]].concat()),
        expected
    );
    let told = last(&["--exclude-namespaces", "prod-*", "--complete", "--at", "2026-01-01T12:00:00Z"]);
    let expected = " --exclude-namespaces 'prod-*' --from tests/plan/dump/dump.json --complete --at \
        2026-01-01T12:00:00Z";
    assert!(told.starts_with("next: k8s-healer explain ") && told.ends_with(expected), "{told}");
}

const EVICTED: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"test-a","uid":"p",
"creationTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Running"}}
"#;
const NAMESPACE: &str = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"test-a","uid":"n"}}
"#;
const NO_BUDGETS: &str = r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudgetList","metadata":{"resourceVersion":"1"},"items":[]}"#;
const EVICTS: &str = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: pack }
rules:
  - { name: old, watch: pods, namespaces: test-*, match: [ age: { over: 0s } ], actions: [ evict: {} ] }
";

fn evicted(dump: &str, flags: &[&str]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    fs::write(&rules, EVICTS).unwrap();
    plan_of(dump.as_bytes(), &[&["--rules", rules.to_str().unwrap(), "--from", "-"], flags].concat())
}

#[test]
fn a_namespace_that_a_complete_dump_does_not_have_holds_back_as_it_would_the_daemon() {
    let told = evicted(EVICTED, &["--complete"]);
    assert_eq!(told.status, Some(0), "{}", told.text);
    let why = "protection: namespace test-a cannot be read, and it could be protected: it is not in the dump";
    assert!(told.text.contains(why), "{}", told.text);
    assert_eq!(evicted(&format!("{EVICTED}{NAMESPACE}"), &["--complete"]).status, Some(1));
}

#[test]
fn an_empty_list_of_budgets_says_that_there_is_none() {
    let not_known = "PodDisruptionBudgets of its namespace";
    let without = evicted(&format!("{EVICTED}{NAMESPACE}"), &[]).text;
    assert!(without.contains(not_known), "{without}");
    let with = evicted(&format!("{EVICTED}{NAMESPACE}{NO_BUDGETS}"), &[]).text;
    assert!(!with.contains(not_known) && with.contains("1 now"), "{with}");
}

#[test]
fn items_that_are_no_objects_are_counted() {
    let broken = r#"{"apiVersion":"v1","kind":"PodList","items":[{},{"metadata":{}}]}"#;
    let told = evicted(&format!("{EVICTED}{NAMESPACE}{broken}"), &[]).text;
    assert!(told.contains("note: 2 items of lists were passed over: "), "{told}");
}

#[test]
fn rules_come_from_standard_input_too_and_who_names_none_is_told_where_to_name_them() {
    let told = plan_of(EVICTS.as_bytes(), &["--rules", "-", "--from", DUMP]);
    assert!(told.status == Some(0) || told.status == Some(1), "{}", told.errors);
    assert!(told.text.starts_with("plan of "), "{}", told.text);
    let twice = plan_of(EVICTS.as_bytes(), &["--rules", "-", "--from", "-"]);
    assert!(twice.status == Some(2) && twice.errors.contains("can be read once"), "{}", twice.errors);
    let none = plan_of(b"", &["--from", DUMP]);
    assert!(
        none.status == Some(2) && none.errors.contains("name files or folders with --rules"),
        "{}",
        none.errors
    );
}

#[test]
fn a_time_before_now_is_no_duration_to_look_ahead() {
    let told = plan(&["--within", "-5m"]);
    assert_eq!(told.status, Some(2));
    assert!(
        told.errors.contains("invalid value '-5m' for '--within <DURATION>': it is not a duration"),
        "{}",
        told.errors
    );
}

/// A folder with these files, beside rules on the pods of some namespaces.
fn of_folder(files: &[(&str, &str)], flags: &[&str]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let rules = folder.path().join("rules.toml");
    let rule = "{ name: old, watch: pods, namespaces: test-*, match: [ age: { over: 1h } ], mode: observe, actions: [ log: {} ] }";
    fs::write(
        &rules,
        format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: a }}\nrules: [ {rule} ]\n"),
    )
    .unwrap();
    let (rules, folder) = (rules.display().to_string(), folder.path().display().to_string());
    plan_of(b"", &[&["--rules", &rules, "--from", &folder], flags].concat())
}

const EMPTY: &str = r#"{"apiVersion":"v1","kind":"PodList","items":[]}"#;

#[test]
fn nothing_is_all_clear_where_files_were_not_looked_at() {
    let told = of_folder(&[("a.json", EMPTY), ("pods.txt", "")], &[]);
    assert_eq!(told.status, Some(2), "{}", told.text);
    assert!(told.text.contains("2 files were passed over: pods.txt, rules.toml"), "{}", told.text);
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"test-a"}}"#;
    let told = of_folder(&[("a.json", pod), ("pods.txt", "")], &["--at", "2026-01-01T00:00:00Z"]);
    assert!(told.text.contains("note: 2 files were passed over: pods.txt, rules.toml"), "{}", told.text);
    let logs: Vec<String> = (0..20).map(|number| format!("{number}.log")).collect();
    let files: Vec<(&str, &str)> =
        logs.iter().map(|name| (name.as_str(), "")).chain([("a.json", pod)]).collect();
    let told = of_folder(&files, &["--at", "2026-01-01T00:00:00Z"]);
    assert!(!told.text.contains("passed over"), "{}", told.text);
}

#[test]
fn what_the_server_refused_makes_a_plan_incomplete() {
    let status = r#"{"apiVersion":"v1","kind":"Status","status":"Failure","message":"pods is forbidden"}"#;
    let told = of_folder(&[("a.json", EMPTY), ("b.json", status)], &[]);
    assert_eq!(told.status, Some(2), "{}", told.text);
    assert!(told.text.contains("the dump lacks what the server refused: pods is forbidden"), "{}", told.text);
}

#[test]
fn an_object_that_does_not_say_its_namespace_makes_a_plan_of_rules_on_namespaces_incomplete() {
    let pod = |metadata: &str| format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{{metadata}}}}}"#);
    let list = format!("{}{}", pod(r#""name":"a""#), pod(r#""name":"b","namespace":"test-a""#));
    let told = of_folder(&[("a.json", &list)], &["--at", "2026-01-01T00:00:00Z"]);
    assert_eq!(told.status, Some(2), "{}", told.text);
    let expected = "pods: 1 object lacks `metadata.namespace`";
    assert!(told.text.contains(expected) && told.text.contains("; not complete"), "{}", told.text);
    // No rule on namespaces asks for nodes.
    let list = pod(r#""name":"a""#).replace("Pod", "Node");
    let told = of_folder(&[("a.json", &list)], &["--at", "2026-01-01T00:00:00Z"]);
    assert_eq!(told.status, Some(0), "{}", told.text);
}
