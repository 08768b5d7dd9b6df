//! CustomResourceDefinitions at work: what one of them adds to the server as it comes, changes and goes.

use serde_json::Value;

use super::super::definitions;
use super::super::failure::Failure;
use super::super::kinds::{Kind, Resource};
use super::super::server::{Server, State};
use super::super::store::Key;
use super::remove::{self, Options};

/// Keeps a definition until its objects are gone.
const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

fn is_definition(resource: &Resource) -> bool {
    resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

/// A definition that is deleted is held by its objects.
pub(super) fn hold(definition: &mut Value) {
    let mut finalizers = definition["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    if finalizers.iter().all(|finalizer| finalizer != FINALIZER)
        && definition["metadata"]["deletionTimestamp"].is_null()
    {
        finalizers.push(FINALIZER.into());
        definition["metadata"]["finalizers"] = finalizers.into();
    }
}

/// An object was changed: if it is a definition, what it defines changes with it; if it is the last that a
/// definition on its way out has waited for, that goes too.
pub(super) fn changed(server: &Server, state: &mut State, resource: &Resource, key: &Key) {
    if !is_definition(resource) {
        if let Some(name) = state.kinds.get(resource).and_then(|kind| kind.definition.clone()) {
            finish(state, resource, &Key::new("", &name));
        }
        return;
    }
    let Some(mut definition) = state.store.get(resource, key).map(|object| object.value()) else {
        forget(state, key.name());
        return;
    };
    let kind = definitions::kind_of(&definition);
    if definition["metadata"]["deletionTimestamp"].is_null() {
        if definitions::establish(&mut definition, &state.kinds, &server.time()) {
            state.store.put(resource, key, definition.clone());
        }
        if is_established(&definition) {
            state.kinds.insert(kind);
        }
        return;
    }
    remove_objects(server, state, &kind);
    finish(state, &kind.resource, key);
}

/// Refuses new objects of a definition that goes.
pub(super) fn check_open(state: &State, kind: &Kind, name: &str) -> Result<(), Failure> {
    let Some(definition) = &kind.definition else { return Ok(()) };
    let resource = Resource::new("apiextensions.k8s.io", "customresourcedefinitions");
    let found = state.store.get(&resource, &Key::new("", definition)).map(|object| object.value());
    if found.is_some_and(|definition| !definition["metadata"]["deletionTimestamp"].is_null()) {
        let because = "create not allowed while custom resource definition is terminating";
        return Err(Failure::forbidden(&kind.resource, name, because));
    }
    Ok(())
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    conditions
        .is_some_and(|all| all.iter().any(|one| one["type"] == "Established" && one["status"] == "True"))
}

fn remove_objects(server: &Server, state: &mut State, kind: &Kind) {
    let keys: Vec<Key> = state.store.all(&kind.resource, "").map(|(key, _)| key.clone()).collect();
    for key in keys {
        // One that is held by a finalizer stays, and the definition with it.
        if let Err(failure) = remove::delete_in(server, state, &kind.resource, &key, &Options::default()) {
            tracing::debug!(message = failure.message, "an object of a definition that goes");
        }
    }
}

/// Lets a definition on its way out go, once nothing of it is left.
fn finish(state: &mut State, of: &Resource, key: &Key) {
    let resource = Resource::new("apiextensions.k8s.io", "customresourcedefinitions");
    let Some(mut definition) = state.store.get(&resource, key).map(|object| object.value()) else { return };
    let going = !definition["metadata"]["deletionTimestamp"].is_null();
    if !going || state.store.all(of, "").next().is_some() {
        return;
    }
    let mut finalizers = definition["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    let held = !finalizers.is_empty();
    definition["metadata"]["finalizers"] = finalizers.into();
    state.store.put(&resource, key, definition);
    forget(state, key.name());
    if !held {
        state.store.remove(&resource, key);
    }
}

/// What this definition added is served no more.
fn forget(state: &mut State, name: &str) {
    let gone: Vec<Resource> = state
        .kinds
        .iter()
        .filter(|kind| kind.definition.as_deref() == Some(name))
        .map(|kind| kind.resource.clone())
        .collect();
    for resource in gone {
        state.kinds.remove(&resource);
    }
}
