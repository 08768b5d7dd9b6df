//! An API server played from a script: each request gets the next answer, part by part. And the watch
//! under test, with what it tells in short words.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use k8s_healer::cluster::clock::{SeededRandom, SystemClock};
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::cluster::watch::{StreamingLists, Timings, Watch, WatchEvent};
use k8s_healer_engine::projection::Projection;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

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

/// A request as it came: its path and query, its Accept header, and when.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) uri: String,
    pub(crate) accept: String,
    pub(crate) at: Instant,
}

/// The server, and everything that its watches share.
pub(crate) struct Server {
    seen: Arc<Mutex<Vec<Seen>>>,
    transport: Transport,
    pub(crate) streaming: Arc<StreamingLists>,
    pub(crate) permits: Arc<Semaphore>,
    started: Instant,
}

impl Server {
    /// Without streaming lists, so that scripts are of pages and watches. After the last answer
    /// requests are left without any.
    pub(crate) fn of_pages(answers: Vec<Answer>) -> Self {
        Self { streaming: Arc::new(StreamingLists::refused()), ..Self::streaming(answers) }
    }

    pub(crate) fn streaming(answers: Vec<Answer>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let log = Arc::clone(&seen);
        let service = tower::service_fn(move |request: Request<Body>| {
            let accept = request.headers()[http::header::ACCEPT].to_str().unwrap().to_owned();
            log.lock().unwrap().push(Seen { uri: request.uri().to_string(), accept, at: Instant::now() });
            let answer = answers.lock().unwrap().pop_front();
            async move {
                match answer {
                    Some(answer) => Ok::<_, std::io::Error>(respond(answer)),
                    None => std::future::pending().await,
                }
            }
        });
        let clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
        let client = kube::Client::new(service, "default");
        // Longer than any script: a request without an answer waits for the end of the test.
        let transport = Transport::new(client, clock, Duration::from_secs(1_000_000));
        let (streaming, permits) = (Arc::default(), Arc::new(Semaphore::new(2)));
        Self { seen, transport, streaming, permits, started: Instant::now() }
    }

    pub(crate) fn watch(&self) -> Watch {
        let mut projection = Projection::of_identity();
        projection.read_members(&["status", "phase"]);
        Watch {
            transport: self.transport.clone(),
            resource: Arc::new(pods()),
            namespace: None,
            projection: Arc::new(projection),
            timings: Timings::default(),
            random: Arc::new(SeededRandom::new(1)),
            list_permits: Arc::clone(&self.permits),
            streaming: Arc::clone(&self.streaming),
        }
    }

    pub(crate) fn run(&self) -> Events {
        Events::of(self.watch())
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests' queries without what is jittered.
    pub(crate) fn queries(&self) -> Vec<String> {
        let query = |seen: Seen| {
            let query = seen.uri.split_once('?').unwrap().1.to_owned();
            let parts = query.split('&').filter(|part| !part.starts_with("timeoutSeconds="));
            parts.collect::<Vec<_>>().join("&")
        };
        self.seen().into_iter().map(query).collect()
    }

    /// Seconds from the start to each request.
    pub(crate) fn times(&self) -> Vec<f64> {
        self.seen().iter().map(|seen| (seen.at - self.started).as_secs_f64()).collect()
    }
}

pub(crate) fn pods() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        singular: "pod".to_owned(),
        short_names: vec![],
        namespaced: true,
        verbs: ["list", "watch"].map(str::to_owned).to_vec(),
    }
}

fn respond(answer: Answer) -> Response<impl http_body::Body<Data = Bytes, Error = std::io::Error>> {
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

/// What a watch tells.
pub(crate) struct Events {
    receiver: mpsc::Receiver<WatchEvent>,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Events {
    pub(crate) fn of(watch: Watch) -> Self {
        let (sender, receiver) = mpsc::channel(4);
        Self { receiver, task: tokio::spawn(watch.run(sender)) }
    }

    pub(crate) async fn next(&mut self) -> WatchEvent {
        let next = tokio::time::timeout(Duration::from_secs(100_000), self.receiver.recv()).await;
        next.expect("an event comes").expect("the watch has not ended")
    }

    /// Asserts the next events, in short words.
    pub(crate) async fn expect(&mut self, expected: &[&str]) {
        for (at, expected) in expected.iter().enumerate() {
            let event = in_words(&self.next().await);
            assert!(event.starts_with(expected), "event {at}: `{event}` instead of `{expected}`");
        }
    }

    /// Takes no more events; ends when the watch does.
    pub(crate) fn leave(self) -> tokio::task::JoinHandle<()> {
        self.task
    }

    pub(crate) async fn expect_end(&mut self) {
        assert_eq!(self.receiver.recv().await, None);
    }
}

/// `applied a 3`.
pub(crate) fn in_words(event: &WatchEvent) -> String {
    match event {
        WatchEvent::ListStarted => "list started".to_owned(),
        WatchEvent::Listed(object) => format!("listed {}", object.name()),
        WatchEvent::Synced => "synced".to_owned(),
        WatchEvent::Applied(object) => format!("applied {} {}", object.name(), object.resource_version()),
        WatchEvent::Deleted { name, uid, namespace } => {
            assert_eq!((uid, namespace.as_deref()), (&format!("uid-{name}"), Some("test")));
            format!("deleted {name}")
        }
        WatchEvent::Interrupted { reason } => format!("interrupted: {reason}"),
        WatchEvent::Resumed => "resumed".to_owned(),
        WatchEvent::Absent => "absent".to_owned(),
        WatchEvent::Forbidden { reason } => format!("forbidden: {reason}"),
        WatchEvent::Undecodable { reason } => format!("undecodable: {reason}"),
    }
}
