//! `PUT` and `PATCH` of an object or its status.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::answer::Answer;
use super::super::failure::{Cause, Failure};
use super::super::kinds::Resource;
use super::super::server::{Server, State};
use super::super::store::Key;
use super::super::{metadata, patch};
use super::{Call, admission, definitions, options, pods, remove, text};

/// Members of metadata that only the server sets.
const KEPT: &[&str] =
    &["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

pub(super) fn change(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let dry_run = options::check_write(&call.query, "UpdateOptions", "PatchOptions", call.verb)?;
    if call.target.subresource == "status" && !call.version.status {
        return Err(call.no_such_part());
    }
    let mut warnings = Vec::new();
    let sent = if call.verb == "update" {
        let mut object = call.json()?;
        admission::check_type(call, &object)?;
        check_identity(call, &object)?;
        warnings = admission::check_fields(call, &mut object)?;
        Some(object)
    } else {
        None
    };
    let changed = server.write(|state| {
        let resource = call.resource();
        let key = call.key();
        let old = state.store.get(resource, &key).map(|object| object.value());
        let old = old.ok_or_else(|| Failure::not_found(resource, key.name()))?;
        let mut new = match sent {
            Some(object) => object,
            None => {
                let mut shown = old.clone();
                shown["apiVersion"] = call.kind.api_version(&call.version.name).into();
                let mut new = patch::apply(&call.media, &call.body, &shown, &call.kind, key.name())?;
                warnings = admission::check_fields(call, &mut new)?;
                new
            }
        };
        check_preconditions(call, &old, &new)?;
        restrict(call, &old, &mut new);
        if resource.is("", "pods") && call.target.subresource.is_empty() {
            if call.verb == "update" {
                admission::default_pod(&mut new);
            }
            let causes = pods::check_change(&old, &new);
            if !causes.is_empty() {
                return Err(Failure::invalid(&call.kind, key.name(), &causes));
            }
        }
        apply(server, state, call, &key, &old, new, dry_run)
    })?;
    Ok(call.answer(server, 200, changed).with_warnings(&warnings))
}

/// The body's name and namespace are the path's.
fn check_identity(call: &Call, object: &Value) -> Result<(), Failure> {
    let name = text(object, "/metadata/name");
    if name.is_empty() {
        let message = format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.target.name
        );
        return Err(Failure::bad_request(message));
    }
    if name != call.target.name {
        let message = format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.target.name
        );
        return Err(Failure::bad_request(message));
    }
    let namespace = text(object, "/metadata/namespace");
    if call.kind.namespaced && !namespace.is_empty() && namespace != call.target.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn check_preconditions(call: &Call, old: &Value, new: &Value) -> Result<(), Failure> {
    let (resource, name) = (call.resource(), call.target.name.as_str());
    let (known, asked) = (text(old, "/metadata/uid"), text(new, "/metadata/uid"));
    if call.verb == "update" && !asked.is_empty() && asked != known {
        let because = format!(
            "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition \
             failed: UID in precondition: {asked}, UID in object meta: {known}",
            storage_key(call)
        );
        return Err(Failure::conflict(resource, name, because));
    }
    let asked = text(new, "/metadata/resourceVersion");
    let number = match asked {
        "" => 0,
        asked => asked.parse::<u64>().map_err(|_| {
            Failure::new(500, "", format!("strconv.ParseUint: parsing {asked:?}: invalid syntax"))
        })?,
    };
    if number != 0 && asked != text(old, "/metadata/resourceVersion") {
        return Err(Failure::stale(resource, name));
    }
    // Objects of definitions are never replaced blindly.
    if number == 0 && call.verb == "update" && call.kind.is_custom() {
        let message = "Invalid value: 0: must be specified for an update";
        let cause = Cause::new("FieldValueInvalid", "metadata.resourceVersion", message);
        return Err(Failure::invalid_resource(resource, name, &[cause]));
    }
    Ok(())
}

/// Where etcd would have it.
fn storage_key(call: &Call) -> String {
    let Resource { group, plural } = call.resource();
    let group = if call.kind.is_custom() { format!("{group}/") } else { String::new() };
    format!("/registry/{group}{plural}/{}", call.key().as_str())
}

/// The status is changed through its subresource alone, and nothing else is through that.
fn restrict(call: &Call, old: &Value, new: &mut Value) {
    let keep = |new: &mut Value, member: &str| match &old[member] {
        Value::Null => drop(new.as_object_mut().map(|object| object.remove(member))),
        value => new[member] = value.clone(),
    };
    if call.target.subresource == "status" {
        let status = new["status"].take();
        let metadata = new["metadata"].take();
        *new = old.clone();
        if status.is_null() {
            new.as_object_mut().map(|object| object.remove("status"));
        } else {
            new["status"] = status;
        }
        if !call.kind.is_custom() {
            new["metadata"] = metadata;
        }
    } else if call.version.status {
        keep(new, "status");
    }
}

/// Keeps a changed object; what the server alone sets stays as it was.
pub(super) fn apply(
    server: &Server,
    state: &mut State,
    call: &Call,
    key: &Key,
    old: &Value,
    mut new: Value,
    dry_run: bool,
) -> Result<Value, Failure> {
    let resource = call.resource();
    let causes = metadata::check_change(&call.kind, &old["metadata"], &new["metadata"]);
    if !causes.is_empty() {
        return Err(Failure::invalid_metadata(&call.kind, key.name(), &causes));
    }
    set_by_the_server(old, &mut new, !call.version.status);
    admission::prepare_change(call, old, &mut new);
    let causes = [admission::check_immutable(call, old, &new), admission::check(call, &new)].concat();
    if !causes.is_empty() {
        return Err(Failure::invalid(&call.kind, key.name(), &causes));
    }
    if new == *old || dry_run {
        return Ok(new);
    }
    if remove::has_ended(call.resource(), &new) {
        // The last one that held it has let go: that is the answer, but it is never kept.
        state.store.remove(resource, key);
        definitions::changed(server, state, resource, key);
        return Ok(new);
    }
    let stored = state.store.put(resource, key, new);
    definitions::changed(server, state, resource, key);
    Ok(state.store.get(resource, key).map_or_else(|| stored.value(), |object| object.value()))
}

/// `status_counts`: it is a part of what is wished for, since it has no subresource.
fn set_by_the_server(old: &Value, new: &mut Value, status_counts: bool) {
    new["apiVersion"] = old["apiVersion"].clone();
    new["kind"] = old["kind"].clone();
    new["metadata"]["name"] = old["metadata"]["name"].clone();
    let (before, Some(after)) = (&old["metadata"], new["metadata"].as_object_mut()) else { return };
    for member in ["namespace", "resourceVersion", "generateName"].iter().chain(KEPT) {
        match before.get(*member) {
            Some(value) => drop(after.insert((*member).to_owned(), value.clone())),
            None => drop(after.remove(*member)),
        }
    }
    for member in ["managedFields", "selfLink"] {
        after.remove(member);
    }
    for member in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let is_empty = |value: &Value| {
            value.is_null()
                || value.as_object().is_some_and(Map::is_empty)
                || value.as_array().is_some_and(Vec::is_empty)
        };
        if after.get(member).is_some_and(is_empty) {
            after.remove(member);
        }
    }
    if new["metadata"]["generation"].is_number() && differs(old, new, status_counts) {
        let generation = old["metadata"]["generation"].as_u64().unwrap_or_default();
        new["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Whether anything differs but metadata, and status unless it counts.
fn differs(old: &Value, new: &Value, status_counts: bool) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return false };
    let told = |key: &str| key != "metadata" && (status_counts || key != "status");
    let has_another = |one: &Map<String, Value>, other: &Map<String, Value>| {
        one.iter().any(|(key, value)| told(key) && other.get(key) != Some(value))
    };
    has_another(old, new) || has_another(new, old)
}
