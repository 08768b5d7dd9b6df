//! The requests that read and write single objects, built and nothing more. Each write says which
//! object it means, by uid and resourceVersion, so that the server refuses it for any other.

use std::time::Duration;

use http::{Method, Request, header};
use k8s_healer_engine::change::Change;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::{Map, Value, json};

use super::events;
use super::resource::Resource;

/// Who the API server notes as the owner of patched fields.
pub const FIELD_MANAGER: &str = "k8s-healer";

/// A whole object.
const WHOLE: &str = "application/json";

/// An object's metadata alone; the second form is for aggregated servers that know no other.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// Why a request cannot be built. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A name that no object has. In a path it would mean something else: the whole collection, or a
    /// subresource.
    #[error("{name:?} is not a name that an object of {resource} can have")]
    ImpossibleName {
        /// The resource asked.
        resource: String,
        /// The name.
        name: String,
    },
    /// The object lies in no namespace, its kind in namespaces only.
    #[error("an object of {resource} needs a namespace")]
    NoNamespace {
        /// The resource asked.
        resource: String,
    },
    /// Without them a write could reach another object, or another version of this one.
    #[error("the object has no uid or no resourceVersion, so it cannot be written to safely")]
    NoPreconditions,
    /// Only pods have the eviction subresource. Custom resources answer for any that they lack as if the
    /// object were gone.
    #[error("{resource} cannot be evicted: only pods can")]
    NotEvictable {
        /// The resource asked.
        resource: String,
    },
    /// It would be told of in turn, without end.
    #[error("an event cannot be about an event")]
    EventOfEvent,
    /// The URI or a header is malformed.
    #[error("the request is malformed")]
    Malformed(#[from] http::Error),
}

/// The path of one object, each segment encoded: names in RBAC may hold any letter but `/` and `%`.
pub fn object_path(resource: &Resource, namespace: Option<&str>, name: &str) -> Result<String, RequestError> {
    let segment = |text: &str| {
        let impossible = text.is_empty() || matches!(text, "." | "..") || text.contains(['/', '%']);
        let error = || RequestError::ImpossibleName { resource: resource.name(), name: text.to_owned() };
        if impossible { Err(error()) } else { Ok(encode(text)) }
    };
    let namespace = match namespace.filter(|_| resource.namespaced) {
        Some(namespace) => Some(segment(namespace)?),
        None if resource.namespaced => return Err(RequestError::NoNamespace { resource: resource.name() }),
        None => None,
    };
    Ok(format!("{}/{}", resource.collection_path(namespace.as_deref()), segment(name)?))
}

/// RFC 3986, section 2.3; `:` may stand in any segment but the first and is common in names of RBAC.
fn encode(segment: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    segment
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Any GET of a path that is known to be good.
pub fn get(path: &str, accept: &str) -> Result<Request<Vec<u8>>, RequestError> {
    Ok(Request::get(path).header(header::ACCEPT, accept).body(Vec::new())?)
}

/// GET of a whole object.
pub fn read_object(
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Request<Vec<u8>>, RequestError> {
    get(&object_path(resource, namespace, name)?, WHOLE)
}

/// GET of an object's metadata.
pub fn read_metadata(
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Request<Vec<u8>>, RequestError> {
    get(&object_path(resource, namespace, name)?, METADATA)
}

/// The request that carries out an effect on the object just read; `None` for one that writes nothing.
pub fn write(
    resource: &Resource,
    live: &Observation,
    effect: &Effect,
    dry_run: bool,
) -> Result<Option<Request<Vec<u8>>>, RequestError> {
    if live.uid().is_empty() || live.resource_version().is_empty() {
        return Err(RequestError::NoPreconditions);
    }
    let path = object_path(resource, live.namespace(), live.name())?;
    Ok(Some(match effect {
        Effect::Delete { propagation, grace } => {
            let mut options = deletion(live, *grace, dry_run);
            options.insert("apiVersion".into(), "v1".into());
            options.insert("kind".into(), "DeleteOptions".into());
            if let Some(propagation) = propagation {
                options.insert("propagationPolicy".into(), (*propagation).into());
            }
            send(Method::DELETE, &path, "application/json", &options.into())?
        }
        Effect::Evict { .. } if resource.name() != "pods" => {
            return Err(RequestError::NotEvictable { resource: resource.name() });
        }
        Effect::Evict { grace, .. } => {
            // Built by hand: the client library's own eviction sends its options under a name that the
            // server ignores, and with it the preconditions.
            let eviction = json!({
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": live.name(), "namespace": live.namespace()},
                "deleteOptions": deletion(live, *grace, dry_run),
            });
            send(Method::POST, &format!("{path}/eviction"), "application/json", &eviction)?
        }
        Effect::StripFinalizers { names, seen } => {
            let path = patch_path(&path, dry_run);
            send(Method::PATCH, &path, "application/json-patch+json", &strip(live, names, seen))?
        }
        Effect::PatchMetadata { field, entries } => {
            let values: Map<String, Value> =
                entries.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
            patch(&path, live, &Change::Merge(json!({"metadata": {*field: values}})), dry_run)?
        }
        Effect::Patch { change, part, .. } => {
            let part = part.map(|part| format!("/{part}")).unwrap_or_default();
            patch(&format!("{path}{part}"), live, change, dry_run)?
        }
        Effect::Event { rule, message, at } => {
            if resource.plural == "events" && ["", "events.k8s.io"].contains(&&*resource.group) {
                return Err(RequestError::EventOfEvent);
            }
            let (namespace, event) = events::about(resource, live, rule, message, *at);
            let path = patch_path(&format!("/api/v1/namespaces/{}/events", encode(namespace)), dry_run);
            send(Method::POST, &path, "application/json", &event)?
        }
        Effect::Log { .. } => return Ok(None),
    }))
}

fn send(method: Method, path: &str, media: &str, body: &Value) -> Result<Request<Vec<u8>>, RequestError> {
    let request = Request::builder().method(method).uri(path);
    // Metadata is all that is read of the answer: a Secret that was labelled stays on the server.
    let request = request.header(header::ACCEPT, METADATA).header(header::CONTENT_TYPE, media);
    Ok(request.body(body.to_string().into_bytes())?)
}

/// A patch that the server refuses for another object, and for another version of this one.
fn patch(
    path: &str,
    live: &Observation,
    change: &Change,
    dry_run: bool,
) -> Result<Request<Vec<u8>>, RequestError> {
    let path = patch_path(path, dry_run);
    match change {
        Change::Merge(change) | Change::Once(change) => {
            let mut change = change.clone();
            // It is the object's own identity: no rule can name another (`patch` refuses to).
            let own = json!({"metadata": {"uid": live.uid(), "resourceVersion": live.resource_version()}});
            json_patch::merge(&mut change, &own);
            send(Method::PATCH, &path, "application/merge-patch+json", &change)
        }
        Change::Json(operations) => {
            let mut all = tests_of(live);
            all.extend(operations.iter().map(|operation| json!(operation)));
            send(Method::PATCH, &path, "application/json-patch+json", &all.into())
        }
    }
}

/// That it is this object, in this version.
fn tests_of(live: &Observation) -> Vec<Value> {
    vec![
        json!({"op": "test", "path": "/metadata/uid", "value": live.uid()}),
        json!({"op": "test", "path": "/metadata/resourceVersion", "value": live.resource_version()}),
    ]
}

fn patch_path(path: &str, dry_run: bool) -> String {
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    format!("{path}?fieldManager={FIELD_MANAGER}{dry_run}")
}

fn deletion(live: &Observation, grace: Option<Duration>, dry_run: bool) -> Map<String, Value> {
    let mut options = Map::new();
    let preconditions = json!({"uid": live.uid(), "resourceVersion": live.resource_version()});
    options.insert("preconditions".into(), preconditions);
    if let Some(grace) = grace {
        // Rounded up: a zero would end it at once, without grace.
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        options.insert("gracePeriodSeconds".into(), seconds.into());
    }
    if dry_run {
        options.insert("dryRun".into(), json!(["All"]));
    }
    options
}

/// Tests what the object was, then removes from the end, so that the indices before stay true.
fn strip(live: &Observation, names: &[String], seen: &[String]) -> Value {
    let removed: Vec<(usize, &String)> =
        seen.iter().enumerate().filter(|(_, finalizer)| names.contains(finalizer)).collect();
    let path = |index: usize| format!("/metadata/finalizers/{index}");
    let mut operations = tests_of(live);
    let tests = removed.iter().map(|(at, name)| json!({"op": "test", "path": path(*at), "value": name}));
    operations.extend(tests);
    operations.extend(removed.iter().rev().map(|(at, _)| json!({"op": "remove", "path": path(*at)})));
    operations.into()
}
