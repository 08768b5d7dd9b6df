//! `DELETE` of an object or of a collection: preconditions, propagation, graceful ends, finalizers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::kinds::Resource;
use super::super::selection::Selection;
use super::super::server::{Server, State, time};
use super::super::store::Key;
use super::{Call, definitions, text};

/// What a deletion asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only this very object.
    pub uid: Option<String>,
    /// Only this state of it.
    pub version: Option<String>,
    /// In seconds; none: as the object has it.
    pub grace: Option<u64>,
    /// `Background`, `Foreground`, `Orphan`; empty: as the kind has it.
    pub propagation: String,
    /// Change nothing.
    pub dry_run: bool,
}

impl Options {
    /// From a `DeleteOptions`, which may be empty.
    pub fn from_json(options: &Value) -> Result<Self, Failure> {
        let owned = |pointer: &str| match text(options, pointer) {
            "" => None,
            text => Some(text.to_owned()),
        };
        let dry_run = match options["dryRun"].as_array().map_or(&[][..], Vec::as_slice) {
            [] => false,
            [all] if all == "All" => true,
            _ => return Err(Failure::bad_request("invalid dryRun: only `All` is supported")),
        };
        let propagation = match (text(options, "/propagationPolicy"), &options["orphanDependents"]) {
            ("", Value::Bool(true)) => "Orphan",
            ("", Value::Bool(false)) => "Background",
            (policy, _) => policy,
        };
        Ok(Self {
            uid: owned("/preconditions/uid"),
            version: owned("/preconditions/resourceVersion"),
            grace: options["gracePeriodSeconds"].as_u64(),
            propagation: propagation.to_owned(),
            dry_run,
        })
    }

    fn of(call: &Call) -> Result<Self, Failure> {
        let body = if call.body.is_empty() { json!({}) } else { call.json()? };
        let mut options = Self::from_json(&body)?;
        options.dry_run |= call.query.is_dry_run()?;
        options.grace = options.grace.or(call.query.number("gracePeriodSeconds")?);
        if options.propagation.is_empty() {
            call.query.text("propagationPolicy").clone_into(&mut options.propagation);
        }
        Ok(options)
    }

    fn check(&self, resource: &Resource, name: &str, object: &Value) -> Result<(), Failure> {
        let fields = [
            (&self.uid, "/metadata/uid", "UID"),
            (&self.version, "/metadata/resourceVersion", "ResourceVersion"),
        ];
        for (asked, pointer, what) in fields {
            let known = text(object, pointer);
            if let Some(asked) = asked.as_deref().filter(|asked| *asked != known) {
                let because = format!(
                    "Precondition failed: {what} in precondition: {asked}, {what} in object meta: {known}"
                );
                return Err(Failure::conflict(resource, name, because));
            }
        }
        Ok(())
    }
}

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
    let core = ["pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes"];
    resource.group.is_empty() && (core.contains(&&*resource.plural) || resource.plural == "resourcequotas")
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

pub(super) fn delete_collection(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let options = Options::of(call)?;
    let selection = Selection::parse(&call.query, &call.kind, &call.version)?;
    let deleted = server.write(|state| {
        let resource = call.resource();
        let all: Vec<(Key, Value)> = state
            .store
            .all(resource, call.namespace())
            .map(|(key, object)| (key.clone(), object.value()))
            .filter(|(_, object)| selection.matches(object))
            .collect();
        all.iter()
            .filter_map(|(key, _)| delete_in(server, state, resource, key, &options).ok())
            .map(|deleted| match deleted {
                Deleted::Gone(object) | Deleted::Ending(object) => object,
            })
            .collect::<Vec<_>>()
    });
    let metadata = json!({"resourceVersion": server.read(|state| state.store.revision()).to_string()});
    let list = call.representation.list(&call.kind, &call.version, metadata, deleted, server.now());
    Ok(Answer::json(200, list))
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
    options.check(resource, key.name(), &object)?;
    let before = object.clone();
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        definitions::hold(&mut object);
    }
    set_propagation(&mut object, &options.propagation);
    let grace = grace_of(resource, &object, options);
    let ending = !object["metadata"]["deletionTimestamp"].is_null();
    let waits = grace > 0 || is_held(resource, &object);
    if waits {
        let shorter = object["metadata"]["deletionGracePeriodSeconds"].as_u64().is_some_and(|known| grace < known);
        if !ending || shorter {
            // A second request may only shorten it, counted from now.
            let end = server.now() + jiff::SignedDuration::from_secs(i64::try_from(grace).unwrap_or(i64::MAX / 2));
            object["metadata"]["deletionTimestamp"] = time(end).into();
            object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
            if !ending && object["metadata"]["generation"].is_number() {
                let generation = object["metadata"]["generation"].as_u64().unwrap_or_default();
                object["metadata"]["generation"] = (generation + 1).into();
            }
        }
        if resource.is("", "namespaces") {
            object["status"]["phase"] = "Terminating".into();
        }
        if object == before || options.dry_run {
            return Ok(Deleted::Ending(object));
        }
        let stored = state.store.put(resource, key, object).value();
        definitions::changed(server, state, resource, key);
        return Ok(match state.store.get(resource, key) {
            Some(object) => Deleted::Ending(object.value()),
            None => Deleted::Gone(stored),
        });
    }
    if options.dry_run {
        return Ok(Deleted::Gone(object));
    }
    let last = state.store.remove(resource, key).map(|object| object.value()).unwrap_or_default();
    definitions::changed(server, state, resource, key);
    Ok(Deleted::Gone(last))
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

/// Only pods end gracefully: those that run somewhere.
fn grace_of(resource: &Resource, object: &Value, options: &Options) -> u64 {
    if !resource.is("", "pods") {
        return 0;
    }
    let runs_nowhere = text(object, "/spec/nodeName").is_empty();
    let has_ended = ["Succeeded", "Failed"].contains(&text(object, "/status/phase"));
    if runs_nowhere || has_ended {
        return 0;
    }
    options.grace.or(object["spec"]["terminationGracePeriodSeconds"].as_u64()).unwrap_or(30)
}

/// Whether something must let go of it first.
fn is_held(resource: &Resource, object: &Value) -> bool {
    let some = |pointer: &str| {
        object.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    some("/metadata/finalizers") || (resource.is("", "namespaces") && some("/spec/finalizers"))
}

/// Whether it was told to end, and nothing holds it any more.
pub(super) fn has_ended(resource: &Resource, object: &Value) -> bool {
    let metadata = &object["metadata"];
    !metadata["deletionTimestamp"].is_null()
        && metadata["deletionGracePeriodSeconds"].as_u64().unwrap_or_default() == 0
        && !is_held(resource, object)
}
