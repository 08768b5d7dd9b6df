//! `POST` to a collection.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::failure::{Cause, Failure};
use super::super::kinds::Resource;
use super::super::metadata;
use super::super::server::{Server, State};
use super::super::store::Key;
use super::{Call, admission, definitions, options, text};

pub(super) fn create(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let dry_run = options::check_write(&call.query, "CreateOptions", "", call.verb)?;
    let mut object = call.json()?;
    admission::check_type(call, &object)?;
    let warnings = admission::check_fields(call, &mut object)?;
    let created = server.write(|state| create_in(server, state, call, object, dry_run))?;
    Ok(call.answer(server, 201, created).with_warnings(&warnings))
}

fn create_in(
    server: &Server,
    state: &mut State,
    call: &Call,
    mut object: Value,
    dry_run: bool,
) -> Result<Value, Failure> {
    let resource = call.resource();
    check_namespace(state, call, &mut object)?;
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    if text(&object, "/metadata/name").is_empty() && !text(&object, "/metadata/generateName").is_empty() {
        let base = text(&object, "/metadata/generateName");
        let name = metadata::generated_name(base, || server.random(u32::MAX));
        object["metadata"]["name"] = name.into();
    }
    let name = text(&object, "/metadata/name").to_owned();
    for member in ["managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove(member));
    }
    object["metadata"]["uid"] = server.uid().into();
    object["metadata"]["creationTimestamp"] = server.time().into();
    admission::prepare_new(server, state, call, &mut object)?;
    let mut causes = metadata::check_new(&call.kind, &object["metadata"]);
    causes.extend(admission::check(call, &object));
    if !causes.is_empty() {
        return Err(Failure::invalid(&call.kind, &name, &causes));
    }
    let key = call.key_of(&name);
    if let Some(other) = state.store.get(resource, &key) {
        let ends = !other.value()["metadata"]["deletionTimestamp"].is_null();
        let exists = if ends { Failure::still_exists } else { Failure::already_exists };
        return Err(exists(resource, &name));
    }
    definitions::check_open(state, &call.kind, &name)?;
    if dry_run {
        return Ok(object);
    }
    // What a controller makes of it at once, a real server does not answer with.
    let stored = state.store.put(resource, &key, object).value();
    definitions::changed(server, state, resource, &key);
    Ok(stored)
}

/// The object's namespace is the path's, exists, and is not on its way out.
fn check_namespace(state: &State, call: &Call, object: &mut Value) -> Result<(), Failure> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let own = text(object, "/metadata/namespace");
    if !call.kind.namespaced {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("namespace"));
        return Ok(());
    }
    let namespace = call.target.namespace.as_str();
    if !own.is_empty() && own != namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let namespaces = Resource::core("namespaces");
    let Some(found) = state.store.get(&namespaces, &Key::new("", namespace)) else {
        return Err(Failure::not_found(&namespaces, namespace));
    };
    if !found.value()["metadata"]["deletionTimestamp"].is_null() {
        let name = match text(object, "/metadata/name") {
            "" => text(object, "/metadata/generateName"),
            name => name,
        };
        let because =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let cause = Cause::new(
            "NamespaceTerminating",
            "metadata.namespace",
            format!("namespace {namespace} is being terminated"),
        );
        return Err(Failure::forbidden(call.resource(), name, because).with_causes(&[cause]));
    }
    object["metadata"]["namespace"] = namespace.into();
    Ok(())
}
