//! What the proxy can do to a request, and what it remembers of one.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::flood::Flood;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Timestamp,
    pub method: Method,
    pub path: String,
    /// Without the question mark; empty where there is none.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What it was answered with, by the server or by a fault; None while it is under way or was dropped.
    pub status: Option<u16>,
}

impl Seen {
    pub fn has_parameter(&self, name: &str, value: &str) -> bool {
        self.query.split('&').any(|pair| pair.split_once('=') == Some((name, value)))
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    }

    pub fn is_watch(&self) -> bool {
        self.has_parameter("watch", "true") || self.has_parameter("watch", "1")
    }

    /// A read of the collection of this plural, in any namespace, that is not a watch.
    pub fn is_list_of(&self, plural: &str) -> bool {
        self.method == Method::GET && !self.is_watch() && self.path.ends_with(&format!("/{plural}"))
    }

    pub fn is_watch_of(&self, plural: &str) -> bool {
        self.is_watch() && self.path.ends_with(&format!("/{plural}"))
    }

    /// Asking for one's rights is a POST too, and not a write.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
            && self.method != Method::HEAD
            && !self.path.starts_with("/apis/authorization.k8s.io/")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Null where there is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What happens to a request instead of being passed on.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered by the proxy; the server never sees it.
    Answer(Answer),
    /// Answered without end, or measure; the server never sees it.
    Flood(Flood),
    /// Passed on after a while.
    Delay(Duration),
    /// The connection is closed without an answer; the server never sees it.
    Reset,
    /// The server carries it out; the connection is closed without an answer.
    LoseAnswer,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    /// With the Status object that a server sends with this code.
    pub fn status(code: u16) -> Self {
        let body = status_object(code).to_string();
        Self { status: code, headers: vec![("content-type", "application/json".into())], body }
    }

    /// 429 as the server sends it; the seconds are whole.
    pub fn too_many_requests(retry_after: u32) -> Self {
        Self::status(429).header("retry-after", &retry_after.to_string())
    }

    /// A watch that begins well and says at once that its version is too old.
    pub fn expired_in_stream() -> Self {
        let mut answer = Self::status(200);
        answer.body = format!("{}\n", json!({"type": "ERROR", "object": status_object(410)}));
        answer
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, text: &str) -> Self {
        self.body = text.into();
        self
    }
}

fn status_object(code: u16) -> Value {
    let reason = match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("{reason} by the proxy of the test"), "reason": reason, "code": code,
    })
}
