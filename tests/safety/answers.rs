//! What the server of the tests answers where a test does not: objects, lists, watches, and agreement to
//! every write.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use crate::world::{Answer, Sent, World};

impl World {
    pub(crate) fn answer(&self, sent: &Sent) -> (u16, Value) {
        let path = sent.path.split('?').next().unwrap();
        let name = path.strip_prefix("/api/v1/namespaces/test-a/pods/");
        let served = |plural: &str, kind: &str| json!({"name": plural, "kind": kind, "namespaced": kind == "Pod", "verbs": ["delete", "get", "list", "patch", "watch"]});
        let state = self.state.lock().unwrap();
        match (sent.method.as_str(), path) {
            ("GET", "/version") => (200, json!({})),
            ("GET", "/api") => (200, json!({"kind": "APIVersions", "versions": ["v1"]})),
            ("GET", "/apis") => (200, json!({"kind": "APIGroupList", "groups": []})),
            ("GET", "/api/v1") => {
                let resources = [served("pods", "Pod"), served("namespaces", "Namespace")];
                (200, json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": resources}))
            }
            ("GET", _) if sent.path.contains("sendInitialEvents") => refusal(422, "Invalid", ""),
            ("GET", "/api/v1/pods" | "/api/v1/namespaces/test-a/pods") => {
                let items: Vec<&Value> = state.pods.values().collect();
                let metadata = json!({"resourceVersion": state.version.to_string()});
                (200, json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))
            }
            ("GET", "/api/v1/namespaces/test-a") => (200, state.namespace.clone()),
            ("GET", _) => match name.and_then(|name| state.pods.get(name)) {
                Some(pod) => (200, pod.clone()),
                None => refusal(404, "NotFound", name.unwrap_or("it")),
            },
            _ => {
                drop(state);
                let name = name.unwrap_or_default().trim_end_matches("/eviction");
                if matches!(sent.method, Method::DELETE | Method::POST) && !sent.is_dry_run() {
                    self.remove(name);
                }
                (200, json!({"kind": "Status", "status": "Success"}))
            }
        }
    }

    /// Follows from now on, and ends in peace when the client asked for that.
    pub(crate) fn watch(&self, path: &str) -> Answer {
        let (sender, receiver) = unbounded_channel::<String>();
        let mut state = self.state.lock().unwrap();
        let query =
            |key: &str| path.split(['?', '&']).find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
        let from: u64 = query("resourceVersion").unwrap().parse().unwrap();
        for pod in state.pods.values() {
            if pod["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > from {
                sender.send(line("MODIFIED", pod)).unwrap();
            }
        }
        state.watches.push(sender.clone());
        let cut = state.cut.clone();
        let (world, seconds) = (self.clone(), query("timeoutSeconds").unwrap().parse().unwrap());
        tokio::spawn(async move {
            let end = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < end {
                tokio::time::sleep_until(end.min(Instant::now() + Duration::from_secs(60))).await;
                let version = world.state.lock().unwrap().version.to_string();
                // Nobody listens any more where the watch was broken off.
                drop(sender.send(line("BOOKMARK", &json!({"metadata": {"resourceVersion": version}}))));
            }
            world.state.lock().unwrap().watches.retain(|other| !other.same_channel(&sender));
        });
        let lines = stream::unfold((cut, receiver), |(cut, mut receiver)| async move {
            let line = tokio::select! {
                line = receiver.recv() => line?,
                () = cut.cancelled() => return None,
            };
            Some((Ok(Frame::data(Bytes::from(line))), (cut, receiver)))
        });
        StreamBody::new(lines).boxed_unsync()
    }
}

/// A line of a watch.
pub(crate) fn line(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

/// A Status that speaks of an object.
pub(crate) fn refusal(code: u16, reason: &str, name: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("{reason} {name}"), "details": {"name": name, "kind": "pods"}});
    (code, status)
}

/// What a PodDisruptionBudget answers.
pub(crate) fn over_budget() -> (u16, Value) {
    let (code, mut status) = refusal(429, "TooManyRequests", "web");
    status["details"]["causes"] = json!([{"reason": "DisruptionBudget", "message": "the budget needs 1"}]);
    (code, status)
}
