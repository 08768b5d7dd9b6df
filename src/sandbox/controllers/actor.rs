//! Who acts: requests as a client sends them, under the name of one of a cluster's own components.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Value, json};

use super::super::dispatch;
use super::super::failure::Failure;
use super::super::kinds::Resource;
use super::super::rights::User;
use super::super::store::Key;
use super::{Round, fields};

/// The name of the workloads' controllers in a real cluster's audit log.
pub(super) const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";

/// In a path.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A component of the cluster.
#[derive(Debug)]
pub(super) struct Actor(User);

/// What became of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The object as it is now.
    Done(Value),
    /// Somebody was faster: look again when their change is seen.
    Outdated,
    /// It would be refused again.
    Refused,
}

impl Outcome {
    pub(super) fn is_outdated(&self) -> bool {
        matches!(self, Self::Outdated)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Actor {
    pub(super) fn new(name: &str) -> Self {
        Self(User::administrator(name))
    }

    pub(super) fn create(&self, round: &Round<'_>, resource: &Resource, object: &Value) -> Outcome {
        let namespace = fields::text(object, "/metadata/namespace");
        self.send(round, Method::POST, resource, &Key::new(namespace, ""), "", Some(object))
    }

    /// Into a subresource of a pod.
    pub(super) fn post_to(&self, round: &Round<'_>, pod: &Key, subresource: &str, object: &Value) -> Outcome {
        self.send(round, Method::POST, &Resource::core("pods"), pod, subresource, Some(object))
    }

    /// Replaces the version that was read.
    pub(super) fn update(
        &self,
        round: &Round<'_>,
        resource: &Resource,
        subresource: &str,
        object: &Value,
    ) -> Outcome {
        self.send(round, Method::PUT, resource, &fields::key(object), subresource, Some(object))
    }

    /// Replaces the status of the version that was read, if it is another.
    pub(super) fn update_status(
        &self,
        round: &Round<'_>,
        resource: &Resource,
        object: &Value,
        status: Value,
    ) -> Outcome {
        if object["status"] == status {
            return Outcome::Done(object.clone());
        }
        let mut object = object.clone();
        object["status"] = status;
        self.update(round, resource, "status", &object)
    }

    /// Deletes this very object.
    pub(super) fn delete(
        &self,
        round: &Round<'_>,
        resource: &Resource,
        key: &Key,
        uid: &str,
        mut options: Value,
    ) -> Outcome {
        options["kind"] = "DeleteOptions".into();
        options["apiVersion"] = "v1".into();
        options["preconditions"] = json!({"uid": uid});
        self.send(round, Method::DELETE, resource, key, "", Some(&options))
    }

    /// Deletes all of a kind in one namespace.
    pub(super) fn delete_all(&self, round: &Round<'_>, resource: &Resource, namespace: &str) -> Outcome {
        self.send(round, Method::DELETE, resource, &Key::new(namespace, ""), "", None)
    }

    fn send(
        &self,
        round: &Round<'_>,
        method: Method,
        resource: &Resource,
        key: &Key,
        subresource: &str,
        body: Option<&Value>,
    ) -> Outcome {
        let Some(path) = path(round, resource, key, subresource) else { return Outcome::Refused };
        match dispatch::from_within(round.server, &self.0, method.clone(), &path, body) {
            Ok(object) => Outcome::Done(object),
            Err(Failure { code: 404 | 409, message, .. }) => {
                tracing::debug!(message, "{method} {path} came too late");
                Outcome::Outdated
            }
            Err(Failure { message, .. }) => {
                tracing::debug!(message, "{method} {path} was refused");
                Outcome::Refused
            }
        }
    }
}

/// Where a request goes to.
fn path(round: &Round<'_>, resource: &Resource, key: &Key, subresource: &str) -> Option<String> {
    let kind = round.server.read(|state| state.kinds.get(resource).cloned())?;
    let version = &kind.versions.first()?.name;
    let mut path = match &*resource.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    if kind.namespaced {
        path.push_str(&format!("/namespaces/{}", key.namespace()));
    }
    path.push_str(&format!("/{}", resource.plural));
    for part in [key.name(), subresource] {
        if !part.is_empty() {
            let part = percent_encoding::utf8_percent_encode(part, &ENCODED);
            path.push_str(&format!("/{part}"));
        }
    }
    Some(path)
}
