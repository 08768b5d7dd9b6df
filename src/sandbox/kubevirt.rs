//! KubeVirt's kinds, as its own definitions have them, but for the schemas: small ones that keep what they
//! do not know.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::dispatch;
use super::rights::User;
use super::server::Server;

/// Of machines and their instances.
pub(super) const GROUP: &str = "kubevirt.io";
pub(super) const MACHINES: &str = "virtualmachines";
pub(super) const INSTANCES: &str = "virtualmachineinstances";

/// Installs them.
pub fn install(server: &Arc<Server>) {
    let operator = User::administrator("system:serviceaccount:kubevirt:kubevirt-operator");
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for definition in [machines(), instances(), data_volumes()] {
        if let Err(failure) = dispatch::from_within(server, &operator, Method::POST, path, Some(&definition))
        {
            tracing::warn!(message = failure.message, "a definition of KubeVirt's was not installed");
        }
    }
}

fn machines() -> Value {
    let status = json!({
        "printableStatus": {"type": "string"}, "runStrategy": {"type": "string"},
        "created": {"type": "boolean"}, "ready": {"type": "boolean"},
        "desiredGeneration": {"type": "integer", "format": "int64"},
        "observedGeneration": {"type": "integer", "format": "int64"},
        "conditions": conditions(), "startFailure": anything(),
    });
    let spec = json!({
        "running": {"type": "boolean"}, "runStrategy": {"type": "string"}, "template": anything(),
    });
    let columns = [
        column("Age", "date", ".metadata.creationTimestamp"),
        described(column("Status", "string", ".status.printableStatus"), "Human Readable Status"),
        column("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
    ];
    let names = names("VirtualMachine", MACHINES, &["vm", "vms"]);
    definition(GROUP, &names, version("v1", spec, &["template"], status, &columns, true))
}

fn instances() -> Value {
    let status = json!({
        "phase": {"type": "string"}, "nodeName": {"type": "string"}, "reason": {"type": "string"},
        "conditions": conditions(),
        "interfaces": {"type": "array", "items": anything()},
        "phaseTransitionTimestamps": {"type": "array", "items": anything()},
        "migrationState": anything(), "guestOSInfo": anything(),
    });
    let mut columns = vec![
        column("Age", "date", ".metadata.creationTimestamp"),
        column("Phase", "string", ".status.phase"),
        column("IP", "string", ".status.interfaces[0].ipAddress"),
        column("NodeName", "string", ".status.nodeName"),
    ];
    for (name, kind) in [("Ready", "Ready"), ("Live-Migratable", "LiveMigratable"), ("Paused", "Paused")] {
        let mut column = column(name, "string", &format!(".status.conditions[?(@.type=='{kind}')].status"));
        if name != "Ready" {
            column["priority"] = 1.into();
        }
        columns.push(column);
    }
    let names = names("VirtualMachineInstance", INSTANCES, &["vmi", "vmis"]);
    let spec = json!({"domain": anything()});
    definition(GROUP, &names, version("v1", spec, &["domain"], status, &columns, false))
}

fn data_volumes() -> Value {
    let status = json!({
        "claimName": {"type": "string"}, "phase": {"type": "string"}, "progress": {"type": "string"},
        "restartCount": {"type": "integer", "format": "int32"}, "conditions": conditions(),
    });
    let columns = [
        described(column("Phase", "string", ".status.phase"), "The phase the data volume is in"),
        described(
            column("Progress", "string", ".status.progress"),
            "Transfer progress in percentage if known, N/A otherwise",
        ),
        described(
            column("Restarts", "integer", ".status.restartCount"),
            "The number of times the transfer has been restarted.",
        ),
        column("Age", "date", ".metadata.creationTimestamp"),
    ];
    let names = names("DataVolume", "datavolumes", &["dv", "dvs"]);
    definition("cdi.kubevirt.io", &names, version("v1beta1", json!({}), &[], status, &columns, true))
}

fn definition(group: &str, names: &Value, version: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{group}", names["plural"].as_str().unwrap_or_default()),
            "labels": {GROUP: ""},
        },
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    })
}

fn names(kind: &str, plural: &str, short: &[&str]) -> Value {
    json!({
        "kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase(),
        "shortNames": short, "categories": ["all"],
    })
}

fn version(
    name: &str,
    spec: Value,
    required: &[&str],
    status: Value,
    columns: &[Value],
    has_status: bool,
) -> Value {
    let object = |properties: Value| json!({"type": "object", "properties": properties, "x-kubernetes-preserve-unknown-fields": true});
    let mut spec = object(spec);
    if !required.is_empty() {
        spec["required"] = required.into();
    }
    let schema = json!({
        "type": "object", "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
            "spec": spec, "status": object(status),
        },
    });
    let mut version = json!({
        "name": name, "served": true, "storage": true, "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": schema},
    });
    if has_status {
        version["subresources"] = json!({"status": {}});
    }
    version
}

fn anything() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Times may be null, as KubeVirt writes them.
fn conditions() -> Value {
    let time = json!({"type": "string", "format": "date-time", "nullable": true});
    let condition = json!({
        "type": "object", "required": ["status", "type"],
        "properties": {
            "type": {"type": "string"}, "status": {"type": "string"}, "reason": {"type": "string"},
            "message": {"type": "string"}, "lastProbeTime": time, "lastTransitionTime": time,
        },
        "x-kubernetes-preserve-unknown-fields": true,
    });
    json!({"type": "array", "items": condition})
}

fn column(name: &str, kind: &str, json_path: &str) -> Value {
    json!({"name": name, "type": kind, "jsonPath": json_path})
}

fn described(mut column: Value, description: &str) -> Value {
    column["description"] = description.into();
    column
}
