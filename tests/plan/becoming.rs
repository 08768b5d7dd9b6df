//! What becomes unknown within the time of a plan.

use std::fs;

use serde_json::json;

use crate::plan_of;

#[test]
fn what_becomes_unknown_is_told_with_its_moment_and_gates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let of = "watch: virtualmachines.kubevirt.io, namespaces: test-*";
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n\
         - {{ name: failed, {of}, match: [ age: {{ over: 6m }}, phase: [Failed] ], actions: [ delete: {{}} ] }}\n\
         - {{ name: stopped, {of}, match: [ name: {{ glob: odd }}, phase: [Stopped] ], actions: [ delete: {{}} ] }}\n"
    );
    fs::write(&rules, text).unwrap();
    let vm = |name: &str, created: &str, phase: &str| {
        let metadata =
            json!({"name": name, "namespace": "test-a", "uid": name, "creationTimestamp": created});
        let status = if phase.is_empty() { json!({}) } else { json!({"phase": phase}) };
        json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": metadata, "status": status})
    };
    let items = [
        vm("new", "2026-01-01T11:56:30Z", ""),
        vm("odd", "2026-01-01T11:59:00Z", ""),
        vm("well", "2026-01-01T11:00:00Z", "Running"),
    ];
    let dump = folder.path().join("dump.json");
    fs::write(&dump, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()).unwrap();
    let plan = |flags: &[&str]| {
        let [rules, dump] = [&rules, &dump].map(|path| path.to_str().unwrap());
        let from = ["--rules", rules, "--from", dump, "--at", "2026-01-01T12:00:00Z"];
        plan_of(b"", &[&from, flags].concat())
    };
    plan(&[])
        .assert(0, "nothing would be done within 10m; 1 unknown, 2 unknown within 10m; 3 objects looked at");
    let row = "test-a/new, test-a/odd unknown in 2m30s, at 12:02:30 - $.status.phase is missing".to_owned();
    let told = plan(&[]);
    assert!(told.lines().contains(&row), "{}", told.text);
    // What is unknown now comes before what will be, whatever the order of the rules.
    assert!(
        told.text.contains("\nnext: k8s-healer explain virtualmachines.kubevirt.io/odd -n test-a "),
        "{}",
        told.text
    );
    plan(&["--within", "2m29s"])
        .assert(0, "nothing would be done within 2m29s; 1 unknown; 3 objects looked at");
    let told = plan(&["--format", "json"]).json();
    assert_eq!((&told["totals"]["unknown"], &told["totals"]["unknownWithin"]), (&json!(1), &json!(2)));
    let unknown = |rule: usize| told["rules"][rule]["unknown"].clone();
    let of = |at: &str, names: &[&str]| {
        let examples: Vec<String> =
            names.iter().map(|name| format!("virtualmachines.kubevirt.io/test-a/{name}")).collect();
        json!([{"reason": "$.status.phase is missing", "spares": false, "at": at, "count": names.len(),
            "examples": examples}])
    };
    assert_eq!(unknown(0), of("2026-01-01T12:02:30Z", &["new", "odd"]));
    assert_eq!(unknown(1), of("2026-01-01T12:00:00Z", &["odd"]));
}
