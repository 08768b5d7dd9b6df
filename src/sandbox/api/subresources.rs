//! The parts of objects that are requested apart: tokens, bindings, scales, the finalizers of namespaces.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::kinds::Resource;
use super::super::represent::Representation;
use super::super::server::Server;
use super::{Call, change, eviction, pods, text};

pub(super) fn handle(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let parts = (&*call.kind.resource.plural, &*call.target.subresource);
    match (&*call.kind.resource.group, parts.0, parts.1, call.verb) {
        (_, _, "status", "get") if call.version.status => super::read::get(server, call),
        (_, _, "scale", "get" | "update" | "patch") if !call.version.scale.is_null() => scale(server, call),
        ("", "pods", "eviction", "create") => eviction::evict(server, call),
        ("", "pods", "binding", "create") => bind(server, call),
        ("", "serviceaccounts", "token", "create") => token(server, call),
        ("", "namespaces", "finalize", "update") => finalize(server, call),
        ("", "pods", "eviction" | "binding", _)
        | ("", "serviceaccounts", "token", _)
        | ("", "namespaces", "finalize", _) => Err(Failure::method_not_allowed()),
        _ => Err(call.no_such_part()),
    }
}

fn token(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let body = call.json()?;
    let now = server.now();
    let answered = server.write(|state| {
        let account = state.store.get(call.resource(), &call.key()).map(|object| object.value());
        let account = account.ok_or_else(|| Failure::not_found(call.resource(), &call.target.name))?;
        let random = || u64::from(server.random(u32::MAX)) << 32 | u64::from(server.random(u32::MAX));
        state.tokens.request(&call.target.namespace, &account, &body, random, now)
    })?;
    Ok(Answer::json(201, answered))
}

/// What a scheduler does: the pod gets its node.
fn bind(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let body = call.json()?;
    server.write(|state| {
        let (resource, key) = (call.resource(), call.key());
        let old = state.store.get(resource, &key).map(|object| object.value());
        let old = old.ok_or_else(|| Failure::not_found(resource, key.name()))?;
        let bound = text(&old, "/spec/nodeName");
        if !bound.is_empty() {
            let because = format!("pod {} is already assigned to node {bound:?}", key.name());
            return Err(Failure::conflict(&Resource::core("pods/binding"), key.name(), because));
        }
        let mut new = old.clone();
        new["spec"]["nodeName"] = body["target"]["name"].clone();
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null});
        pods::set_condition(&mut new, scheduled, &server.time());
        change::apply(server, state, call, &key, &old, new, false)
    })?;
    Ok(Answer::json(
        201,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        }),
    ))
}

/// A namespace's own finalizers; without them, and told to end, it is gone.
fn finalize(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let body = call.json()?;
    let changed = server.write(|state| {
        let (resource, key) = (call.resource(), call.key());
        let old = state.store.get(resource, &key).map(|object| object.value());
        let old = old.ok_or_else(|| Failure::not_found(resource, key.name()))?;
        let mut new = old.clone();
        if body["metadata"].is_object() {
            new["metadata"] = body["metadata"].clone();
        }
        new["spec"]["finalizers"] = body["spec"]["finalizers"].clone();
        if new["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty) {
            new["spec"] = json!({});
        }
        change::apply(server, state, call, &key, &old, new, false)
    })?;
    Ok(call.answer(server, 200, changed))
}

fn scale(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let pointer = |name: &str| text(&call.version.scale, name).replace('.', "/");
    let (spec, status) = (pointer("/specReplicasPath"), pointer("/statusReplicasPath"));
    let changed = server.write(|state| {
        let (resource, key) = (call.resource(), call.key());
        let old = state.store.get(resource, &key).map(|object| object.value());
        let old = old.ok_or_else(|| Failure::not_found(resource, key.name()))?;
        if call.verb == "get" {
            return Ok(old);
        }
        let shown = scale_of(&old, &spec, &status);
        let sent = match call.verb {
            "update" => call.json()?,
            _ => super::super::patch::apply(&call.media, &call.body, &shown, &call.kind, key.name())?,
        };
        let (mine, theirs) = (text(&old, "/metadata/uid"), text(&sent, "/metadata/uid"));
        if !call.kind.is_custom() && !theirs.is_empty() && theirs != mine {
            let because =
                format!("Precondition failed: UID in precondition: {theirs}, UID in object meta: {mine}");
            let part = Resource::new(&resource.group, &format!("{}/scale", resource.plural));
            return Err(Failure::conflict(&part, key.name(), because));
        }
        let version = text(&sent, "/metadata/resourceVersion");
        if !version.is_empty() && version != text(&old, "/metadata/resourceVersion") {
            return Err(Failure::stale(resource, key.name()));
        }
        let mut new = old.clone();
        if let Some(replicas) = new.pointer_mut(&spec) {
            *replicas = sent["spec"]["replicas"].as_u64().unwrap_or_default().into();
        }
        change::apply(server, state, call, &key, &old, new, call.query.is_dry_run()?)
    })?;
    let scale = scale_of(&changed, &spec, &status);
    let shown = match call.representation {
        Representation::Partial => call.representation.object(&call.kind, &call.version, scale, server.now()),
        _ => scale,
    };
    Ok(Answer::json(200, shown))
}

fn scale_of(object: &Value, spec: &str, status: &str) -> Value {
    let metadata = &object["metadata"];
    let number = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_else(|| 0.into());
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {},
        "status": {"replicas": number(status)},
    });
    // Go leaves a zero out of what is wished for, and not out of what is.
    if number(spec) != 0 {
        scale["spec"]["replicas"] = number(spec);
    }
    if let Some(labels) = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object) {
        let pairs = labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
        scale["status"]["selector"] = pairs.collect::<Vec<_>>().join(",").into();
    }
    scale
}
