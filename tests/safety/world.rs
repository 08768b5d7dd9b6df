//! A small API server in memory with pods and namespaces, whose every answer a test can replace, and a
//! daemon on the same virtual clock.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use k8s_healer::cluster::clock::{Clock, SeededRandom};
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::cluster::watch::Timings;
use k8s_healer::daemon::Shared;
use k8s_healer::daemon::supervisor::{Server, Supervisor};
use k8s_healer::rules::{Input, LoadOptions, load};
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Mode;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answers::line;

/// When the virtual clock starts.
pub(crate) fn start() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// This long after the start, as objects write it.
pub(crate) fn after_start(seconds: i64) -> String {
    (start() + jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[derive(Debug)]
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        start() + jiff::SignedDuration::try_from(self.0.elapsed()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A request, and when it came, in seconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) at: f64,
    /// The same, cut.
    pub(crate) second: i64,
}

impl Sent {
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        let options = if self.path.ends_with("/eviction") { &self.body["deleteOptions"] } else { &self.body };
        self.path.contains("dryRun=All") || options["dryRun"] == json!(["All"])
    }

    pub(crate) fn reads(&self, path: &str) -> bool {
        self.method == Method::GET && self.path == path
    }
}

pub(crate) type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

/// An answer other than the server's own, maybe late: `None` leaves the request to the server.
type Answers = dyn Fn(World, Sent) -> BoxFuture<'static, Option<(u16, Value)>> + Send + Sync;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) pods: BTreeMap<String, Value>,
    pub(crate) namespace: Value,
    pub(crate) watches: Vec<UnboundedSender<String>>,
    /// Breaks the watches off.
    pub(crate) cut: CancellationToken,
    sent: Vec<Sent>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) state: Arc<Mutex<State>>,
    began: Instant,
    answers: Arc<Answers>,
}

impl World {
    /// A server that answers as a good one does.
    pub(crate) fn good() -> Self {
        Self::answering(|_, _| async { None })
    }

    pub(crate) fn answering<F>(answers: impl Fn(World, Sent) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<(u16, Value)>> + Send + 'static,
    {
        let namespace = json!({"metadata": {"name": "test-a", "uid": "namespace", "resourceVersion": "1"}});
        let state = State { version: 10, namespace, ..State::default() };
        let answers: Arc<Answers> = Arc::new(move |world, sent| Box::pin(answers(world, sent)));
        Self { state: Arc::new(Mutex::new(state)), began: Instant::now(), answers }
    }

    /// A failed pod in `test-a`, created at the start, with these members over its own.
    pub(crate) fn put(&self, name: &str, members: &Value) {
        let mut state = self.state.lock().unwrap();
        state.version += 1;
        let known = state.pods.get(name);
        let uid = known.map_or_else(
            || json!(format!("uid-{name}-{}", state.version)),
            |pod| pod["metadata"]["uid"].clone(),
        );
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "status": {"phase": "Failed"},
            "metadata": {"name": name, "namespace": "test-a", "uid": uid, "creationTimestamp": after_start(0),
                "resourceVersion": state.version.to_string()},
        });
        merge(&mut pod, members);
        let kind = if known.is_some() { "MODIFIED" } else { "ADDED" };
        state.tell(kind, &pod);
        state.pods.insert(name.to_owned(), pod);
    }

    pub(crate) fn remove(&self, name: &str) {
        let mut state = self.state.lock().unwrap();
        if let Some(pod) = state.pods.remove(name) {
            state.version += 1;
            state.tell("DELETED", &pod);
        }
    }

    /// Ends every watch as a broken connection does.
    pub(crate) fn cut_watches(&self) {
        std::mem::take(&mut self.state.lock().unwrap().cut).cancel();
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state.lock().unwrap().sent.clone()
    }

    pub(crate) fn writes(&self) -> Vec<Sent> {
        self.sent().into_iter().filter(Sent::is_write).collect()
    }

    /// Runs a daemon with these rules for so long.
    pub(crate) async fn heal(&self, mode: Mode, rules: &str, seconds: u64) {
        let text = format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\ndefaults: {{ namespaces: [test-*] }}\nrules:\n{rules}"
        );
        let input = Input::Text { name: "rules.yaml".to_owned(), bytes: text.into_bytes() };
        let loaded = load(&[input], &LoadOptions::default());
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let world = self.clone();
        let service = tower::service_fn(move |request| world.clone().serve(request));
        let clock = Arc::new(ServerClock::new(Arc::new(VirtualClock(self.began))));
        let transport = Transport::new(kube::Client::new(service, "default"), clock, Duration::from_secs(30));
        let stop = CancellationToken::new();
        let random = Arc::new(SeededRandom::new(1));
        let shared =
            Shared::new(transport, random, mode, Itself::default(), Timings::default(), stop.clone());
        let supervisor = Supervisor::new(Arc::new(shared), rules, Registry::standard());
        let daemon = tokio::spawn(async move {
            supervisor.run(&Server::default(), mpsc::channel(1).1, oneshot::channel().0).await
        });
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
        daemon.await.unwrap().unwrap();
    }

    async fn serve(self, request: Request<Body>) -> Result<Response<Answer>, std::io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let at = self.began.elapsed();
        let (at, second) = (at.as_secs_f64(), i64::try_from(at.as_secs()).unwrap());
        let sent = Sent { method: head.method, path: head.uri.to_string(), body, at, second };
        self.state.lock().unwrap().sent.push(sent.clone());
        let answer = (self.answers)(self.clone(), sent.clone()).await;
        let date = start() + jiff::SignedDuration::try_from(self.began.elapsed()).unwrap();
        let response = Response::builder()
            .header("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .header("etag", "same");
        if answer.is_none() && sent.path.contains("watch=") && !sent.path.contains("sendInitialEvents") {
            return Ok(response.body(self.watch(&sent.path)).unwrap());
        }
        let (status, body) = answer.unwrap_or_else(|| self.answer(&sent));
        let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
        Ok(response.status(status).body(body.boxed_unsync()).unwrap())
    }
}

impl State {
    fn tell(&mut self, kind: &str, pod: &Value) {
        let mut pod = pod.clone();
        pod["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.watches.retain(|watch| watch.send(line(kind, &pod)).is_ok());
    }
}

fn merge(object: &mut Value, members: &Value) {
    match (object, members) {
        (Value::Object(object), Value::Object(members)) => {
            for (key, value) in members {
                merge(object.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (object, members) => *object = members.clone(),
    }
}
