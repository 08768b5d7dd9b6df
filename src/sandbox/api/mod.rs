//! What a request does: one file for each verb.

mod admission;
mod change;
mod create;
mod definitions;
mod eviction;
pub mod options;
mod pods;
mod read;
mod remove;
mod subresources;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Answer;
use super::failure::Failure;
use super::kinds::{Kind, Resource, Version};
use super::represent::Representation;
use super::request::{Query, Target};
use super::rights::User;
use super::server::{Server, State};
use super::store::Key;

pub use remove::Options;

/// A request to a resource that is served, by somebody who may.
#[derive(Debug)]
pub struct Call {
    /// As in the audit log.
    pub verb: &'static str,
    /// The path.
    pub target: Target,
    /// The kind of its objects.
    pub kind: Arc<Kind>,
    /// In this version.
    pub version: Version,
    /// The query.
    pub query: Query,
    /// The form of the answer.
    pub representation: Representation,
    /// The body's media type, without parameters.
    pub media: String,
    /// The body.
    pub body: Bytes,
    /// Who asks.
    pub user: User,
}

impl Call {
    fn resource(&self) -> &Resource {
        &self.kind.resource
    }

    /// Where the object is kept that the path names.
    fn key(&self) -> Key {
        self.key_of(&self.target.name)
    }

    fn key_of(&self, name: &str) -> Key {
        Key::new(self.namespace(), name)
    }

    /// The namespace whose objects are asked for; empty: all, or none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        if self.kind.namespaced { &self.target.namespace } else { "" }
    }

    /// 404, of a subresource that the kind does not have.
    fn no_such_part(&self) -> Failure {
        if self.kind.is_custom() {
            Failure::not_found(self.resource(), &self.target.name)
        } else {
            Failure::no_such_resource()
        }
    }

    /// The body, as JSON.
    fn json(&self) -> Result<Value, Failure> {
        if !["", "application/json"].contains(&&*self.media) {
            return Err(Failure::unsupported_media(&[
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
            ]));
        }
        let value: Value = serde_json::from_slice(&self.body).map_err(|error| unreadable(self, &error))?;
        if value.is_object() { Ok(value) } else { Err(unreadable(self, &"it is not an object")) }
    }

    /// One object, in the version and the form that were asked for.
    fn answer(&self, server: &Server, status: u16, mut object: Value) -> Answer {
        object["apiVersion"] = self.kind.api_version(&self.version.name).into();
        let shown = self.representation.object(&self.kind, &self.version, object, server.now());
        Answer::json(status, shown)
            .with_header(http::header::CONTENT_TYPE, self.representation.content_type())
    }
}

fn unreadable(call: &Call, error: &dyn std::fmt::Display) -> Failure {
    let Kind { kind, .. } = &*call.kind;
    let version = &call.version.name;
    let message = if call.kind.is_custom() {
        format!("error decoding: {error}")
    } else {
        format!("{kind} in version {version:?} cannot be handled as a {kind}: {error}")
    };
    Failure::bad_request(message)
}

/// Does what is asked.
pub fn handle(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let named = !call.target.name.is_empty();
    if call.kind.namespaced && call.target.namespace.is_empty() && (named || call.verb == "create") {
        // A name, or a new object, without the namespace that it is in.
        return Err(if named { Failure::no_such_resource() } else { Failure::method_not_allowed() });
    }
    if !call.kind.namespaced && !call.target.namespace.is_empty() && !call.resource().is("", "namespaces") {
        let custom = call.kind.is_custom();
        return Err(if custom { Failure::no_such_path() } else { Failure::no_such_resource() });
    }
    match (&*call.target.subresource, call.verb) {
        ("", "get") => read::get(server, call),
        ("", "list") => read::list(server, call),
        ("", "watch") => super::watch::open(server, call),
        ("", "create") if !named => create::create(server, call),
        ("" | "status", "update" | "patch") if named => change::change(server, call),
        ("", "delete") => remove::delete(server, call),
        ("", "deletecollection") => remove::delete_collection(server, call),
        ("", _) => Err(Failure::method_not_allowed()),
        _ => subresources::handle(server, call),
    }
}

/// The namespaces and priority classes that every cluster has.
pub fn create_first_objects(server: &Server, state: &mut State) {
    let namespaces = Resource::core("namespaces");
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {
                "name": name, "uid": server.uid(), "creationTimestamp": server.time(),
                "labels": {"kubernetes.io/metadata.name": name},
            },
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        state.store.put(&namespaces, &Key::new("", name), object);
    }
    let classes = Resource::new("scheduling.k8s.io", "priorityclasses");
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)]
    {
        let object = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {
                "name": name, "uid": server.uid(), "creationTimestamp": server.time(), "generation": 1,
            },
            "value": value, "preemptionPolicy": "PreemptLowerPriority",
        });
        state.store.put(&classes, &Key::new("", name), object);
    }
}

/// Whether a member is there and says something.
fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
