//! `DELETE` of an object or of a collection: preconditions, propagation, graceful ends, finalizers.

mod grace;
mod options;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::kinds::Resource;
use super::super::selection::Selection;
use super::super::server::{Server, State, time};
use super::super::store::Key;
use super::{Call, definitions, read};
use grace::Graceful;
pub use options::Options;

/// What became of a deletion.
#[derive(Debug)]
pub(super) enum Deleted {
    /// It is gone; its last state.
    Gone(Value),
    /// It ends when what holds it lets go; its state now.
    Ending(Value),
}

pub(super) fn delete(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let options = Options::of(call)?;
    let deleted = server.write(|state| delete_in(server, state, call.resource(), &call.key(), &options))?;
    Ok(match deleted {
        Deleted::Gone(object) if !returns_the_object(call.resource()) => {
            Answer::json(200, success(call.resource(), &object))
        }
        Deleted::Gone(object) | Deleted::Ending(object) => call.answer(server, 200, object),
    })
}

/// The kinds whose deletion answers the object even if it is gone at once.
fn returns_the_object(resource: &Resource) -> bool {
    const KINDS: [&str; 6] = [
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ];
    resource.group.is_empty() && KINDS.contains(&&*resource.plural)
}

fn success(resource: &Resource, object: &Value) -> Value {
    let mut details = json!({
        "name": object["metadata"]["name"], "kind": resource.plural, "uid": object["metadata"]["uid"],
    });
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_str().into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// The answer shows the objects as they were before.
pub(super) fn delete_collection(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    if !call.kind.verbs().contains(&"deletecollection")
        || (call.kind.namespaced && call.target.namespace.is_empty())
    {
        return Err(Failure::method_not_allowed());
    }
    let options = Options::of(call)?;
    let selection = Selection::parse(&call.query, &call.kind, &call.version)?;
    let resource = call.resource();
    let (revision, objects) = server.write(|state| {
        let revision = state.store.revision();
        let objects: Vec<(Key, Value)> = state
            .store
            .all(resource, call.namespace())
            .map(|(key, object)| (key, object, object.value()))
            .filter(|(_, _, value)| selection.matches(value))
            .map(|(key, object, _)| (key.clone(), read::in_version(call, object)))
            .collect();
        for (key, _) in &objects {
            match delete_in(server, state, resource, key, &options) {
                Err(failure) if failure.code != 404 => return Err(failure),
                _ => {}
            }
        }
        Ok((revision, objects))
    })?;
    let items = objects.into_iter().map(|(_, object)| object).collect();
    let metadata = read::metadata(call, revision);
    Ok(Answer::json(200, call.representation.list(&call.kind, &call.version, metadata, items, server.now())))
}

/// Deletes an object, as far as nothing holds it.
pub(super) fn delete_in(
    server: &Server,
    state: &mut State,
    resource: &Resource,
    key: &Key,
    options: &Options,
) -> Result<Deleted, Failure> {
    let found = state.store.get(resource, key).map(|object| object.value());
    let mut object = found.ok_or_else(|| Failure::not_found(resource, key.name()))?;
    options.check(resource, &object)?;
    if ends_in_two_steps(resource) {
        let first = object["metadata"]["deletionTimestamp"].is_null();
        if first {
            object = tell_to_end(server, state, resource, key, object, options);
        }
        if first || holds(&object, "/spec/finalizers") {
            return Ok(Deleted::Ending(object));
        }
    }
    let before = object.clone();
    let graceful = grace::apply(resource, &mut object, options, server.now());
    if matches!(graceful, Graceful::Pending) {
        return Ok(Deleted::Ending(object));
    }
    set_propagation(&mut object, &options.propagation);
    let is_held = holds(&object, "/metadata/finalizers");
    if is_held && matches!(graceful, Graceful::Not) {
        grace::end_now(&mut object, server.now());
    }
    let stays = is_held || matches!(graceful, Graceful::Within(1..));
    if options.dry_run {
        return Ok(if stays { Deleted::Ending(object) } else { Deleted::Gone(object) });
    }
    if (stays || matches!(graceful, Graceful::Within(_))) && object != before {
        object = state.store.put(resource, key, object).value();
        definitions::changed(server, state, resource, key);
    }
    if stays {
        return Ok(Deleted::Ending(object));
    }
    let last = state.store.remove(resource, key).map_or(object, |object| object.value());
    definitions::changed(server, state, resource, key);
    Ok(Deleted::Gone(last))
}

/// Namespaces and definitions are told to end by the first deletion, whatever holds them, and controllers
/// do the rest.
fn ends_in_two_steps(resource: &Resource) -> bool {
    resource.is("", "namespaces") || resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

fn tell_to_end(
    server: &Server,
    state: &mut State,
    resource: &Resource,
    key: &Key,
    mut object: Value,
    options: &Options,
) -> Value {
    if resource.is("", "namespaces") {
        set_propagation(&mut object, &options.propagation);
        object["status"]["phase"] = "Terminating".into();
    } else {
        definitions::hold(&mut object);
    }
    object["metadata"]["deletionTimestamp"] = time(server.now()).into();
    if options.dry_run {
        return object;
    }
    let stored = state.store.put(resource, key, object).value();
    definitions::changed(server, state, resource, key);
    stored
}

/// The finalizers of the garbage collector, by what was asked.
fn set_propagation(object: &mut Value, policy: &str) {
    let wanted = match policy {
        "Orphan" => Some("orphan"),
        "Foreground" => Some("foregroundDeletion"),
        "Background" => None,
        _ => return,
    };
    let mut finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    finalizers.retain(|finalizer| finalizer != "orphan" && finalizer != "foregroundDeletion");
    finalizers.extend(wanted.map(Value::from));
    if finalizers.is_empty() {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("finalizers"));
    } else {
        object["metadata"]["finalizers"] = finalizers.into();
    }
}

/// Whether this list has somebody who must let go first.
fn holds(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

/// Whether it was told to end, and nothing holds it any more.
pub(super) fn has_ended(resource: &Resource, object: &Value) -> bool {
    let metadata = &object["metadata"];
    let has_time = metadata["deletionGracePeriodSeconds"].as_u64().is_some_and(|grace| grace > 0);
    let is_held = holds(object, "/metadata/finalizers")
        || (resource.is("", "namespaces") && holds(object, "/spec/finalizers"));
    !metadata["deletionTimestamp"].is_null() && !has_time && !is_held
}
