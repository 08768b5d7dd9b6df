//! An API server played from a script: each request gets the next answer. And the watch under test,
//! with what it tells in short words.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use k8s_healer::cluster::clock::{SeededRandom, SystemClock};
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::cluster::watch::{StreamingLists, Timings, Watch, WatchEvent};
use k8s_healer_engine::projection::Projection;
use kube::client::Body;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::script::{Answer, respond};

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
            name: None,
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
