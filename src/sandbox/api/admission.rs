//! What the server makes of an object before it is kept: the checks that apply to every kind, the fields
//! that it fills in, and what is particular about a few kinds.

mod fields;

use serde_json::{Value, json};

use super::super::failure::{Cause, Failure};
use super::super::kinds::Resource;
use super::super::server::{Server, State};
use super::super::store::Key;
use super::super::{definitions, schema};
use super::{Call, text};

pub(super) use fields::check_fields;

/// The body is of the kind that the path says.
pub(super) fn check_type(call: &Call, object: &Value) -> Result<(), Failure> {
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let expected = call.kind.api_version(&call.version.name);
    if call.kind.is_custom() && (version.is_empty() || kind.is_empty()) {
        let what = if kind.is_empty() { "Kind" } else { "apiVersion" };
        let message = format!("Object '{what}' is missing in '{object}'");
        return Err(Failure::bad_request(message));
    }
    let wrong_kind = !kind.is_empty() && kind != call.kind.kind;
    let wrong_version = !version.is_empty() && version != expected;
    if !wrong_kind && !wrong_version {
        return Ok(());
    }
    let (group, name) = version.rsplit_once('/').unwrap_or(("", version));
    let sent = match group {
        "" => format!("{name}, Kind={kind}"),
        group => format!("{group}/{name}, Kind={kind}"),
    };
    let sent = sent.trim_start_matches(", ");
    let slash = if group.is_empty() { "/" } else { "" };
    if call.kind.is_custom() {
        let message = if wrong_version {
            format!(
                "the API version in the data ({version}) does not match the expected API version ({expected})"
            )
        } else {
            format!(
                "{}.{} is being created with the wrong kind {kind}",
                call.kind.kind, call.kind.resource.group
            )
        };
        return Err(Failure::bad_request(message));
    }
    let what = &call.kind.kind;
    let wanted = &call.version.name;
    Err(Failure::bad_request(format!(
        "{what} in version {wanted:?} cannot be handled as a {what}: no kind {kind:?} is registered for \
         version {version:?}; sent {slash}{sent}"
    )))
}

/// What is kept of a new object beside what was sent.
pub(super) fn prepare_new(
    server: &Server,
    state: &State,
    call: &Call,
    object: &mut Value,
) -> Result<(), Failure> {
    object["apiVersion"] = call.kind.api_version(&call.kind.versions[0].name).into();
    object["kind"] = call.kind.kind.as_str().into();
    // A kubelet registers its node with its status.
    if call.version.status && !call.resource().is("", "nodes") {
        object.as_object_mut().map(|object| object.remove("status"));
    }
    if call.kind.is_custom() {
        schema::default(&call.version.schema, object);
    }
    if has_generation(call) {
        object["metadata"]["generation"] = 1.into();
    }
    match (&*call.kind.resource.group, &*call.kind.resource.plural) {
        ("", "namespaces") => {
            let name = object["metadata"]["name"].clone();
            label(object, "kubernetes.io/metadata.name", name);
            object["spec"] = json!({"finalizers": ["kubernetes"]});
            object["status"] = json!({"phase": "Active"});
        }
        ("", "pods") => {
            set_priority(state, object)?;
            prepare_pod(object);
        }
        ("", "events") => {
            // Go writes a time that is not set as null.
            let fields = object.as_object_mut();
            fields.map(|fields| fields.entry("eventTime").or_insert(Value::Null));
        }
        ("apps", "deployments" | "replicasets" | "statefulsets") => prepare_replicas(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            definitions::complete(object);
            let storage = definitions::storage_versions(object);
            object["status"] = json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": storage});
        }
        ("policy", "poddisruptionbudgets") => {
            object["status"] = json!({
                "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0,
            });
        }
        ("", "secrets") => {
            fields::merge_text(object);
            if object["type"].is_null() {
                object["type"] = "Opaque".into();
            }
        }
        ("", "persistentvolumeclaims") => object["status"] = json!({"phase": "Pending"}),
        _ => {}
    }
    let time = server.time();
    object["metadata"]["creationTimestamp"] = time.into();
    drop_empty(object);
    Ok(())
}

/// What is kept of a changed object beside what was sent.
pub(super) fn prepare_change(call: &Call, old: &Value, new: &mut Value) {
    if call.kind.is_custom() {
        schema::default(&call.version.schema, new);
    }
    match (&*call.kind.resource.group, &*call.kind.resource.plural) {
        ("", "namespaces") => {
            if call.target.subresource != "finalize" {
                new["spec"] = old["spec"].clone();
            }
            fill_conditions(new, &["lastTransitionTime"]);
            let name = new["metadata"]["name"].clone();
            label(new, "kubernetes.io/metadata.name", name);
        }
        ("apps", "deployments" | "replicasets" | "statefulsets") => prepare_replicas(new),
        ("", "secrets") => fields::merge_text(new),
        ("", "pods") => fill_conditions(new, &["lastProbeTime", "lastTransitionTime"]),
        ("apiextensions.k8s.io", "customresourcedefinitions") => definitions::complete(new),
        _ => {}
    }
}

/// What is wrong with the object's own fields.
pub(super) fn check(call: &Call, object: &Value) -> Vec<Cause> {
    if call.kind.is_custom() {
        let validate =
            if call.target.subresource == "status" { schema::validate_status } else { schema::validate };
        return validate(&call.version.schema, object);
    }
    match (&*call.kind.resource.group, &*call.kind.resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => definitions::validate(object),
        ("", "pods") if object["spec"]["containers"].as_array().is_none_or(Vec::is_empty) => {
            vec![Cause::new("FieldValueRequired", "spec.containers", "Required value")]
        }
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            let rules = object["rules"].as_array().into_iter().flatten().enumerate();
            let wordless = rules.filter(|(_, rule)| rule["verbs"].as_array().is_none_or(Vec::is_empty));
            let cause = |(at, _)| {
                let message = "Required value: verbs must contain at least one value";
                Cause::new("FieldValueRequired", format!("rules[{at}].verbs"), message)
            };
            wordless.map(cause).collect()
        }
        _ => Vec::new(),
    }
}

/// What may not change once it is said that it does not.
pub(super) fn check_immutable(call: &Call, old: &Value, new: &Value) -> Vec<Cause> {
    let Resource { group, plural } = call.resource();
    if !group.is_empty() || !["configmaps", "secrets"].contains(&&**plural) || old["immutable"] != true {
        return Vec::new();
    }
    let message = "Forbidden: field is immutable when `immutable` is set";
    let changed = |field: &&str| old[*field] != new[*field];
    let fields = ["immutable", "data", "binaryData"].into_iter().filter(changed);
    fields.map(|field| Cause::new("FieldValueForbidden", field, message)).collect()
}

/// The kinds whose desired state is numbered.
fn has_generation(call: &Call) -> bool {
    const NUMBERED: &[(&str, &str)] = &[
        ("", "pods"),
        ("", "replicationcontrollers"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("networking.k8s.io", "ingresses"),
        ("networking.k8s.io", "networkpolicies"),
        ("policy", "poddisruptionbudgets"),
    ];
    let Resource { group, plural } = &call.kind.resource;
    call.kind.is_custom()
        || ["apps", "batch"].contains(&&**group)
        || NUMBERED.contains(&(group.as_str(), plural.as_str()))
}

fn label(object: &mut Value, key: &str, value: Value) {
    if !object["metadata"]["labels"].is_object() {
        object["metadata"]["labels"] = json!({});
    }
    object["metadata"]["labels"][key] = value;
}

/// The number of the pod's priority class, which users may not choose themselves.
fn set_priority(state: &State, object: &mut Value) -> Result<(), Failure> {
    let classes = Resource::new("scheduling.k8s.io", "priorityclasses");
    let name = text(object, "/spec/priorityClassName").to_owned();
    let class = if name.is_empty() {
        let all = state.store.all(&classes, "").map(|(_, class)| class.value());
        all.filter(|class| class["globalDefault"] == true).max_by_key(|class| class["value"].as_i64())
    } else {
        let class = state.store.get(&classes, &Key::new("", &name)).map(|class| class.value());
        let pod = text(object, "/metadata/name");
        let because = || format!("no PriorityClass with name {name} was found");
        Some(class.ok_or_else(|| Failure::forbidden(&Resource::core("pods"), pod, because()))?)
    };
    let Some(class) = class else { return Ok(()) };
    object["spec"]["priorityClassName"] = class["metadata"]["name"].clone();
    object["spec"]["priority"] = class["value"].clone();
    object["spec"]["preemptionPolicy"] =
        class["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority").into();
    Ok(())
}

/// The defaults that readers of pods rely on; a real server fills in more.
fn prepare_pod(object: &mut Value) {
    object["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    default_pod(object);
}

/// The same defaults, of whatever is written later.
pub(super) fn default_pod(object: &mut Value) {
    let Some(spec) = object["spec"].as_object_mut() else { return };
    for (member, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("enableServiceLinks", json!(true)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("priority", json!(0)),
        ("securityContext", json!({})),
    ] {
        spec.entry(member).or_insert(value);
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let latest = text(container, "/image").rsplit('/').next().is_some_and(|last| {
                last.split_once(':').is_none_or(|(_, tag)| tag == "latest") && !last.contains('@')
            });
            let pull = if latest { "Always" } else { "IfNotPresent" };
            let Some(container) = container.as_object_mut() else { continue };
            for (member, value) in [
                ("imagePullPolicy", json!(pull)),
                ("resources", json!({})),
                ("terminationMessagePath", json!("/dev/termination-log")),
                ("terminationMessagePolicy", json!("File")),
            ] {
                container.entry(member).or_insert(value);
            }
        }
    }
}

/// Times of conditions that Go writes though nobody has set them.
fn fill_conditions(object: &mut Value, times: &[&str]) {
    let conditions = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let Some(condition) = condition.as_object_mut() else { continue };
        for time in times {
            condition.entry(*time).or_insert(Value::Null);
        }
    }
}

fn prepare_replicas(object: &mut Value) {
    if object["spec"].is_object() && object["spec"]["replicas"].is_null() {
        object["spec"]["replicas"] = 1.into();
    }
    if !object["status"].is_object() {
        object["status"] = json!({});
    }
}

/// Go leaves empty maps and lists of metadata out.
fn drop_empty(object: &mut Value) {
    let Some(metadata) = object["metadata"].as_object_mut() else { return };
    metadata.retain(|_, value| match value {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    });
}
