//! A client without a network: requests are recorded and answered by a function of the test.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(unreachable_pub, reason = "a part of the test binaries")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use k8s_healer::cluster::clock::SystemClock;
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use kube::Client;
use kube::client::Body;
use serde_json::Value;

/// What a request is bounded to; virtual in tests that pause the clock.
pub const TIME_OUT: Duration = Duration::from_secs(10);

/// A request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: Method,
    /// With its query.
    pub path: String,
    pub headers: HeaderMap,
    /// Null where there is none.
    pub body: Value,
}

impl Sent {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What the server does with a request.
pub enum Reply {
    Answer {
        status: u16,
        retry_after: Option<u32>,
        body: String,
    },
    /// Nothing, ever.
    Silence,
    /// The connection breaks.
    Reset,
}

pub fn json(status: u16, body: impl Into<Value>) -> Reply {
    Reply::Answer { status, retry_after: None, body: body.into().to_string() }
}

pub fn text(status: u16, body: &str) -> Reply {
    Reply::Answer { status, retry_after: None, body: body.to_owned() }
}

/// What was sent so far, in order.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Sent>>>);

impl Record {
    pub fn sent(&self) -> Vec<Sent> {
        self.0.lock().unwrap().clone()
    }

    /// `GET /api`, one a request.
    pub fn lines(&self) -> Vec<String> {
        self.sent().iter().map(|sent| format!("{} {}", sent.method, sent.path)).collect()
    }
}

/// A transport whose every request the function answers.
pub fn answering(answer: impl Fn(&Sent) -> Reply + Send + Sync + 'static) -> (Transport, Record) {
    let record = Record::default();
    let answer = Arc::new(answer);
    let recorded = record.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (answer, recorded) = (Arc::clone(&answer), recorded.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
            let sent = Sent { method: head.method, path: head.uri.to_string(), headers: head.headers, body };
            let reply = answer(&sent);
            recorded.0.lock().unwrap().push(sent);
            match reply {
                Reply::Answer { status, retry_after, body } => {
                    let mut response = Response::builder().status(status);
                    if let Some(seconds) = retry_after {
                        response = response.header("retry-after", seconds);
                    }
                    Ok(response.body(Body::from(body.into_bytes())).unwrap())
                }
                Reply::Silence => std::future::pending().await,
                Reply::Reset => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            }
        }
    });
    (transport(Client::new(service, "default")), record)
}

pub fn transport(client: Client) -> Transport {
    Transport::new(client, Arc::new(ServerClock::new(Arc::new(SystemClock))), TIME_OUT)
}

/// A resource that can do everything; `group` empty for the core group.
pub fn resource(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Resource {
    Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        singular: kind.to_lowercase(),
        short_names: Vec::new(),
        namespaced,
        verbs: ["get", "list", "watch", "patch", "delete"].map(str::to_owned).to_vec(),
    }
}

pub fn pods() -> Resource {
    resource("", "v1", "Pod", "pods", true)
}
