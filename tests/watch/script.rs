//! The answers of a played API server, part by part.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};

/// A part of an answer's body.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Bytes(String),
    Wait(Duration),
    /// The connection breaks.
    Cut,
    /// Nothing more, and no end.
    Hang,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    parts: Vec<Part>,
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    pub(crate) fn wait(self, seconds: u64) -> Self {
        self.part(Part::Wait(Duration::from_secs(seconds)))
    }

    pub(crate) fn cut(self) -> Self {
        self.part(Part::Cut)
    }

    pub(crate) fn hang(self) -> Self {
        self.part(Part::Hang)
    }

    pub(crate) fn bytes(self, text: &str) -> Self {
        self.part(Part::Bytes(text.to_owned()))
    }

    pub(crate) fn event(self, kind: &str, object: &Value) -> Self {
        self.bytes(&format!("{}\n", json!({"type": kind, "object": object})))
    }

    pub(crate) fn added(self, name: &str, version: u32) -> Self {
        self.event("ADDED", &object(name, version))
    }

    pub(crate) fn bookmark(self, version: u32) -> Self {
        self.event("BOOKMARK", &json!({"metadata": {"resourceVersion": version.to_string()}}))
    }

    pub(crate) fn end_of_initial_events(self, version: u32) -> Self {
        let annotations = json!({"k8s.io/initial-events-end": "true"});
        let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
        self.event("BOOKMARK", &json!({"kind": "Pod", "metadata": metadata}))
    }
}

/// An answer of 200.
pub(crate) fn ok() -> Answer {
    Answer { status: 200, ..Answer::default() }
}

/// A failure with its Status.
pub(crate) fn failure(code: u16, reason: &str, message: &str) -> Answer {
    let status = json!({"kind": "Status", "code": code, "reason": reason, "message": message});
    Answer { status: code, ..Answer::default() }.bytes(&status.to_string())
}

pub(crate) fn page(names: &[&str], version: u32, token: &str) -> Answer {
    let items: Vec<Value> = names.iter().map(|name| object(name, 1)).collect();
    let metadata = json!({"resourceVersion": version.to_string(), "continue": token});
    ok().bytes(&json!({"kind": "PodList", "metadata": metadata, "items": items}).to_string())
}

pub(crate) fn object(name: &str, version: u32) -> Value {
    json!({"metadata": {"name": name, "namespace": "test", "uid": format!("uid-{name}"),
        "resourceVersion": version.to_string()}, "status": {"phase": "Running"}})
}

pub(crate) fn respond(
    answer: Answer,
) -> Response<impl http_body::Body<Data = Bytes, Error = std::io::Error>> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let frames = stream::unfold(VecDeque::from(answer.parts), |mut parts| async move {
        loop {
            match parts.pop_front()? {
                Part::Bytes(text) => return Some((Ok(Frame::data(Bytes::from(text))), parts)),
                Part::Wait(time) => tokio::time::sleep(time).await,
                Part::Cut => return Some((Err(std::io::Error::other("reset by peer")), parts)),
                Part::Hang => std::future::pending().await,
            }
        }
    });
    response.body(StreamBody::new(Box::pin(frames))).unwrap()
}
