//! The record of every request, as kube-apiserver's audit log: one audit.k8s.io/v1 event a line.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::failure::Failure;
use super::request::Target;
use super::rights::User;

/// What a record in memory holds at most: the demo's requests are a hundredth of it.
const MOST: usize = 100_000;

/// When a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A watch has begun.
    ResponseStarted,
    /// The answer is complete.
    ResponseComplete,
}

/// One request and its answer.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When it is written.
    pub stage: Stage,
    /// Path and query.
    pub uri: &'a str,
    /// `list`.
    pub verb: &'a str,
    /// None: unknown.
    pub user: Option<&'a User>,
    /// As sent.
    pub user_agent: &'a str,
    /// None: no resource.
    pub target: Option<&'a Target>,
    /// The HTTP status.
    pub code: u16,
    /// Why it is one of failure.
    pub failure: Option<&'a Failure>,
    /// As sent.
    pub body: &'a Bytes,
    /// When it came.
    pub received: Timestamp,
    /// When it was answered.
    pub now: Timestamp,
    /// Unique.
    pub id: String,
}

#[derive(Debug)]
enum Sink {
    Nowhere,
    Memory(VecDeque<Value>),
    File {
        file: File,
        /// It could not be written to, and that was told.
        broken: bool,
    },
}

/// Where records go.
#[derive(Debug)]
pub struct Audit(Mutex<Sink>);

impl Audit {
    /// No records.
    #[must_use]
    pub fn none() -> Self {
        Self(Mutex::new(Sink::Nowhere))
    }

    /// To be looked at from within, the newest ones.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Mutex::new(Sink::Memory(VecDeque::new())))
    }

    /// Appended to a file, which only its owner can read: writes are in it with their bodies.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        Ok(Self(Mutex::new(Sink::File { file, broken: false })))
    }

    /// The events in memory, oldest first.
    pub fn events(&self) -> Vec<Value> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Memory(events) => events.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Writes a record.
    pub fn record(&self, entry: &Entry<'_>) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Nowhere => {}
            Sink::Memory(events) => {
                events.push_back(event(entry));
                if events.len() > MOST {
                    events.pop_front();
                }
            }
            Sink::File { file, broken } => {
                let line = format!("{}\n", event(entry));
                if let Err(error) = file.write_all(line.as_bytes())
                    && !std::mem::replace(broken, true)
                {
                    tracing::warn!(%error, "the audit file cannot be written to: records are lost");
                }
            }
        }
    }
}

fn event(entry: &Entry<'_>) -> Value {
    let writes = ["create", "update", "patch", "delete", "deletecollection"].contains(&entry.verb);
    let stage = match entry.stage {
        Stage::ResponseStarted => "ResponseStarted",
        Stage::ResponseComplete => "ResponseComplete",
    };
    let mut status = json!({"metadata": {}, "code": entry.code});
    if let Some(failure) = entry.failure {
        status["status"] = "Failure".into();
        status["message"] = failure.message.as_str().into();
        status["reason"] = failure.reason.into();
    }
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": if writes { "Request" } else { "Metadata" },
        "auditID": entry.id, "stage": stage, "requestURI": entry.uri, "verb": entry.verb,
        "user": entry.user.map_or_else(|| json!({}), |user| {
            json!({"username": user.name, "uid": user.uid, "groups": user.groups})
        }),
        "sourceIPs": ["127.0.0.1"], "userAgent": entry.user_agent, "responseStatus": status,
        "requestReceivedTimestamp": micros(entry.received), "stageTimestamp": micros(entry.now),
    });
    if let Some(target) = entry.target {
        let mut object = json!({"resource": target.plural, "apiVersion": target.version});
        for (member, text) in [
            ("namespace", &target.namespace),
            ("name", &target.name),
            ("apiGroup", &target.group),
            ("subresource", &target.subresource),
        ] {
            if !text.is_empty() {
                object[member] = text.as_str().into();
            }
        }
        event["objectRef"] = object;
    }
    if writes && let Ok(body) = serde_json::from_slice::<Value>(entry.body) {
        // Of a new object, the path has no name.
        if event["objectRef"]["name"].is_null() && body["metadata"]["name"].is_string() {
            event["objectRef"]["name"] = body["metadata"]["name"].clone();
        }
        event["requestObject"] = body;
    }
    event
}

fn micros(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_recorded_with_its_body_and_a_read_without() {
        let audit = Audit::in_memory();
        let user = User::administrator("a");
        let target = Target::parse("/api/v1/namespaces/n/pods/p/eviction").unwrap();
        let body = Bytes::from_static(b"{\"a\":1}");
        for (verb, code) in [("create", 201), ("get", 200)] {
            audit.record(&Entry {
                stage: Stage::ResponseComplete, uri: "/x?y", verb, user: Some(&user), user_agent: "test",
                target: Some(&target), code, failure: None, body: &body, received: Timestamp::UNIX_EPOCH,
                now: Timestamp::UNIX_EPOCH, id: String::new(),
            });
        }
        let events = audit.events();
        assert_eq!(events[0]["requestObject"], json!({"a": 1}));
        assert_eq!(events[0]["objectRef"]["subresource"], "eviction");
        assert_eq!(events[0]["requestReceivedTimestamp"], "1970-01-01T00:00:00.000000Z");
        assert!(events[1]["requestObject"].is_null());
        assert_eq!(events[1]["responseStatus"]["code"], 200);
    }
}
