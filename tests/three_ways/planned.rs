//! A case as a plan: its objects in a dump that has all of them, the program as it is started by hand.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::cases::Proof;

/// The rows of the plan, as `test-rules` tells what it has recorded.
pub(crate) fn rows(proof: &Proof) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.json");
    let objects = proof.case.objects.iter().map(|object| &*object.value);
    // A test may do without its namespaces; a dump that is complete has them.
    let place = |object: &Value, key: &str| object["metadata"][key].as_str().map(str::to_owned);
    let is_namespace = |object: &&Value| object["kind"] == "Namespace";
    let there: BTreeSet<_> =
        objects.clone().filter(is_namespace).filter_map(|one| place(one, "name")).collect();
    let used: BTreeSet<_> = objects.clone().filter_map(|object| place(object, "namespace")).collect();
    let added = used.difference(&there);
    let added =
        added.map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    let items: Vec<Value> = objects.cloned().chain(added).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&dump, list.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.args(["plan", "--complete", "--format", "json", "--from"]).arg(&dump);
    command.arg("--rules").args::<_, &PathBuf>(&proof.packs);
    for set in &proof.case.set.arguments() {
        command.arg("--set").arg(set);
    }
    command.args(["--at", &proof.case.now.to_string(), "--within"]);
    let until = proof.case.until;
    command.arg(k8s_healer_engine::values::format_duration(until));
    let output = command.current_dir(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let plan: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{proof}: {error}: {errors}"));
    assert_eq!(plan["incomplete"], json!([]), "{proof}");
    let rules = plan["rules"].as_array().unwrap();
    let mut rows: Vec<String> = rules
        .iter()
        .flat_map(|rule| {
            let of = |section: &str| rule[section].as_array().unwrap().iter();
            let all = of("now").chain(of("within")).chain(of("held"));
            all.map(|row| line(rule["rule"].as_str().unwrap(), row)).collect::<Vec<_>>()
        })
        .collect();
    rows.sort();
    rows
}

fn line(rule: &str, row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default();
    let outcome = match (row["heldBy"].as_str(), row["why"].as_str()) {
        (Some("given up"), _) => "held by given up".to_owned(),
        (Some(by), Some(why)) => format!("held by {by}: {why}"),
        // Any mode writes a line of the log.
        _ if text("action") == "log" && row["mode"].is_null() => "enforce".to_owned(),
        _ => text("mode").to_owned(),
    };
    let (at, action, object) = (text("at"), text("action"), text("object"));
    format!("{at} {action} {object} by {rule} step {}: {outcome}", row["step"])
}
