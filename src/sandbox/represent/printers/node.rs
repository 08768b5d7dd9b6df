//! Nodes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, items_at, name, or, text};
use super::Printer;

const ROLE: &str = "node-role.kubernetes.io/";

pub(super) static NODE: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Roles"),
        AGE,
        text("Version"),
        text("Internal-IP").wide(),
        text("External-IP").wide(),
        text("OS-Image").wide(),
        text("Kernel-Version").wide(),
        text("Container-Runtime").wide(),
    ],
    cells,
};

fn cells(node: &Value, now: Timestamp) -> Vec<Value> {
    let info = |field: &str| at(node, &format!("/status/nodeInfo/{field}")).to_owned();
    let known = |field: &str| Value::from(or(&info(field), "<unknown>"));
    vec![
        name(node),
        status(node).into(),
        roles(node).into(),
        age(node, now),
        info("kubeletVersion").into(),
        address(node, "InternalIP").into(),
        address(node, "ExternalIP").into(),
        known("osImage"),
        kernel(node).into(),
        known("containerRuntimeVersion"),
    ]
}

/// `6.1.0 (amd64)`.
fn kernel(node: &Value) -> String {
    match (at(node, "/status/nodeInfo/kernelVersion"), at(node, "/status/nodeInfo/architecture")) {
        ("", _) => "<unknown>".to_owned(),
        (kernel, "") => kernel.to_owned(),
        (kernel, architecture) => format!("{kernel} ({architecture})"),
    }
}

fn status(node: &Value) -> String {
    let mut conditions = items_at(node, "/status/conditions").iter().rev();
    let ready = conditions.find(|condition| condition["type"] == "Ready");
    let status = match ready {
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if node["spec"]["unschedulable"] == true {
        format!("{status},SchedulingDisabled")
    } else {
        status.to_owned()
    }
}

fn roles(node: &Value) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let role = |(key, value): (&String, &Value)| match key.strip_prefix(ROLE) {
        Some(role) => Some(role.to_owned()),
        None => (key == "kubernetes.io/role").then(|| at(value, "").to_owned()),
    };
    let roles: BTreeSet<String> =
        labels.into_iter().flatten().filter_map(role).filter(|role| !role.is_empty()).collect();
    let roles: Vec<String> = roles.into_iter().collect();
    or(&roles.join(","), "<none>").to_owned()
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let mut addresses = items_at(node, "/status/addresses").iter();
    let found = addresses.find(|address| address["type"] == kind);
    found.map_or("<none>", |address| at(address, "/address"))
}
