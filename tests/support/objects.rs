//! Objects of a cluster as plain JSON over plain requests, so that a test writes exactly what it means
//! and sees exactly what the server says.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

use http::Method;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::shapes;

/// Reads and writes objects. A resource is named `resource[.group]`.
#[derive(Clone)]
pub struct Objects {
    client: Client,
}

impl Objects {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Any request; the answer's status and JSON, or its text as a JSON string.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let media = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        self.send_as(method, path, media, body.map_or_else(Vec::new, |body| body.to_string().into())).await
    }

    pub async fn send_as(&self, method: Method, path: &str, media: &str, body: Vec<u8>) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, media)
            .header(http::header::USER_AGENT, "test")
            .body(Body::from(body))
            .unwrap();
        let answer = self.client.send(request).await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
    }

    async fn expect(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.send(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status}: {answer}\nfor {body:?}");
        answer
    }

    /// Adds apiVersion and kind where the object has none; its status, if any, is written through the
    /// status subresource, where the resource has one.
    pub async fn create(&self, resource: &str, namespace: &str, object: &Value) -> Value {
        let mut object = object.clone();
        object["apiVersion"] = shapes::api_version(resource).into();
        object["kind"] = shapes::kind(resource).into();
        let created = self.expect(Method::POST, &shapes::path(resource, namespace, ""), Some(&object)).await;
        let status = &object["status"];
        if status.is_null() || !shapes::has_status_subresource(resource) {
            return created;
        }
        let name = created["metadata"]["name"].as_str().unwrap().to_owned();
        self.set_status(resource, namespace, &name, status).await
    }

    pub async fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let path = shapes::path(resource, namespace, name);
        let (status, answer) = self.send(Method::GET, &path, None).await;
        assert!(status == 200 || status == 404, "get {path}: {status}: {answer}");
        (status == 200).then_some(answer)
    }

    /// All of a namespace; of the cluster where it is empty.
    pub async fn list(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let mut list = self.expect(Method::GET, &shapes::path(resource, namespace, ""), None).await;
        match list["items"].take() {
            Value::Array(items) => items,
            other => panic!("a list of {resource} has the items {other}"),
        }
    }

    /// A merge patch of the object itself.
    pub async fn patch(&self, resource: &str, namespace: &str, name: &str, patch: &Value) -> Value {
        self.expect(Method::PATCH, &shapes::path(resource, namespace, name), Some(patch)).await
    }

    /// Merged over the status, through its subresource where there is one.
    pub async fn set_status(&self, resource: &str, namespace: &str, name: &str, status: &Value) -> Value {
        let part = if shapes::has_status_subresource(resource) { "/status" } else { "" };
        let path = format!("{}{part}", shapes::path(resource, namespace, name));
        self.expect(Method::PATCH, &path, Some(&json!({"status": status}))).await
    }

    /// Fine if it is gone already.
    pub async fn delete(&self, resource: &str, namespace: &str, name: &str) {
        let path = shapes::path(resource, namespace, name);
        let (status, answer) = self.send(Method::DELETE, &path, None).await;
        assert!(status == 404 || (200..300).contains(&status), "delete {path}: {status}: {answer}");
    }

    pub async fn gone(&self, resource: &str, namespace: &str, name: &str) -> bool {
        self.get(resource, namespace, name).await.is_none()
    }

    pub async fn wait_until_gone(&self, resource: &str, namespace: &str, name: &str, timeout: Duration) {
        let what = format!("{resource} {namespace}/{name} is gone");
        wait_until(&what, timeout, || self.gone(resource, namespace, name)).await;
    }

    /// A new namespace of a unique name that begins with the word; its name.
    pub async fn namespace(&self, word: &str) -> String {
        let name = unique(word);
        self.create("namespaces", "", &json!({"metadata": {"name": name}})).await;
        name
    }

    /// Let the budget admit so many evictions from now on, as the disruption controller would. A pod
    /// must be Running to be counted at all; one that is not ready is let past a budget that is met, so
    /// the numbers say that it never is.
    pub async fn set_disruptions_allowed(&self, namespace: &str, name: &str, allowed: u32) {
        let resource = "poddisruptionbudgets.policy";
        let budget = self.get(resource, namespace, name).await.expect("the budget");
        let status = json!({
            "observedGeneration": budget["metadata"]["generation"], "disruptionsAllowed": allowed,
            "currentHealthy": allowed, "desiredHealthy": u32::from(allowed == 0), "expectedPods": 1 + allowed,
        });
        self.set_status(resource, namespace, name, &status).await;
    }
}

/// A name that nothing else has, in this process or another, and that is valid in DNS.
///
/// Its letters spell no name of a kind (`cm`, `vm`, `pod`, `ns`), so that who looks for one by a part of its
/// name does not find this by chance.
pub fn unique(word: &str) -> String {
    const LETTERS: &[u8] = b"bdfghjkqwxz";
    let letter = || char::from(LETTERS[fastrand::usize(..LETTERS.len())]);
    let tail: String = std::iter::repeat_with(letter).take(8).collect();
    format!("{word}-{tail}")
}

/// Ask again and again until it is so; panic, saying what was waited for, when the time is over.
pub async fn wait_until<Asked: Future<Output = bool>>(
    what: impl Debug,
    timeout: Duration,
    mut ask: impl FnMut() -> Asked,
) {
    let start = Instant::now();
    while !ask().await {
        assert!(start.elapsed() < timeout, "not within {timeout:?}: {what:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
