//! The stage of these tests: a server in memory, a clock that only the test moves, and all controllers, in
//! rounds.

mod cleaning;
mod machines;
mod pods;
mod workloads;

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::audit::Audit;
use super::super::dispatch::from_within;
use super::super::failure::Failure;
use super::super::rights::User;
use super::super::server::{Behaviour, Server};
use super::super::synthetic::{Load, fill};
use super::Set;
use crate::cluster::clock::{Clock, SeededRandom};

#[derive(Debug)]
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

struct Stage {
    server: Arc<Server>,
    clock: Arc<Hand>,
    set: Set,
}

const POD: &str = "/api/v1/namespaces/default/pods";

impl Stage {
    fn new(nodes: u32) -> Self {
        let clock = Arc::new(Hand(Mutex::new("2026-01-01T00:00:00.25Z".parse().unwrap())));
        let random = Arc::new(SeededRandom::new(1));
        let server = Server::new(clock.clone(), random, Audit::in_memory(), Behaviour::default());
        super::super::kubevirt::install(&server);
        Self { server, clock, set: Set::new(nodes) }
    }

    fn ready(nodes: u32) -> Self {
        let mut stage = Self::new(nodes);
        stage.settle();
        stage
    }

    fn revision(&self) -> u64 {
        self.server.read(|state| state.store.revision())
    }

    /// Rounds until one of them writes nothing; the result is when the next would.
    fn settle(&mut self) -> Option<Timestamp> {
        for _ in 0..100 {
            let before = self.revision();
            let wake = self.set.round(&self.server);
            if self.revision() == before {
                return wake;
            }
        }
        panic!("the controllers do not come to rest");
    }

    fn pass(&mut self, seconds: i64) {
        let end = self.server.now() + SignedDuration::from_secs(seconds);
        while let Some(wake) = self.settle().filter(|wake| *wake <= end) {
            let now = self.server.now();
            assert!(wake > now, "a wake-up of the past: {wake}");
            *self.clock.0.lock().unwrap() = wake;
        }
        *self.clock.0.lock().unwrap() = end;
        self.settle();
    }

    fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        from_within(&self.server, &User::administrator("tester"), method, path, body.as_ref())
    }

    fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).unwrap_or_else(|failure| panic!("{path}: {}", failure.message))
    }

    fn exists(&self, path: &str) -> bool {
        self.send(Method::GET, path, None).is_ok()
    }

    fn list(&self, path: &str) -> Vec<Value> {
        self.get(path)["items"].as_array().unwrap().clone()
    }

    fn create(&self, path: &str, body: Value) -> Value {
        let created = self.send(Method::POST, path, Some(body));
        created.unwrap_or_else(|failure| panic!("{path}: {}", failure.message))
    }

    fn patch(&self, path: &str, body: Value) -> Value {
        let patched = self.send(Method::PATCH, path, Some(body));
        patched.unwrap_or_else(|failure| panic!("{path}: {}", failure.message))
    }

    fn delete(&self, path: &str, options: Value) {
        let deleted = self.send(Method::DELETE, path, Some(options));
        deleted.unwrap_or_else(|failure| panic!("{path}: {}", failure.message));
    }

    fn pod(&self, name: &str) -> Value {
        self.get(&format!("{POD}/{name}"))
    }

    fn create_pod(&self, name: &str, simulate: &str) -> Value {
        self.create(POD, pod(name, simulate))
    }

    /// The writes of everybody but the test, as `user verb resource/subresource`.
    fn writes_since(&self, events: usize) -> Vec<String> {
        let all = self.server.audit.events();
        let others = all[events..].iter().filter(|event| event["user"]["username"] != "tester");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        others
            .map(|event| {
                let (target, user) = (&event["objectRef"], text(&event["user"]["username"]));
                let sub = text(&target["subresource"]);
                format!("{user} {} {} {sub}", text(&event["verb"]), text(&target["resource"]))
                    .trim()
                    .to_owned()
            })
            .collect()
    }
}

fn pod(name: &str, simulate: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}, "annotations": {"simulate": simulate}},
        "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
    })
}

fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    super::fields::condition(object, kind).unwrap_or(&Value::Null)
}

#[test]
fn whoever_has_nothing_to_do_writes_nothing() {
    let mut stage = Stage::ready(2);
    for simulate in ["none", "hold", "image-pull", "crash-loop", "complete"] {
        stage.create_pod(&format!("pod-{simulate}"), simulate);
    }
    stage.create("/apis/apps/v1/namespaces/default/deployments", workloads::deployment(3));
    stage.create(
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
        workloads::budget(json!({"minAvailable": 2})),
    );
    stage.create("/apis/kubevirt.io/v1/namespaces/default/virtualmachines", machines::machine("vm", ""));
    stage.pass(5);
    let (revision, events) = (stage.revision(), stage.server.audit.events().len());
    for _ in 0..10 {
        stage.set.round(&stage.server);
    }
    assert_eq!(stage.revision(), revision);
    assert_eq!(stage.writes_since(events), Vec::<String>::new(), "not even in vain");
}

#[test]
fn synthetic_pods_are_left_alone() {
    let mut stage = Stage::new(1);
    fill(&stage.server, Load { pods: 500, namespaces: 3, size: 2_000, crashing_every: 10 });
    stage.settle();
    let events = stage.server.audit.events().len();
    stage.patch("/api/v1/namespaces/test-0/pods/load-00000000", json!({"metadata": {"labels": {"a": "b"}}}));
    stage.settle();
    assert_eq!(stage.writes_since(events), Vec::<String>::new());
    assert_eq!(stage.list("/api/v1/pods").len(), 500);
    assert!(
        !stage
            .server
            .audit
            .events()
            .iter()
            .any(|event| event["objectRef"]["resource"] == "pods" && event["user"]["username"] != "tester")
    );
    // The revision that they came with is forgotten, and still they are known, once.
    stage.server.compact();
    stage.create_pod("one", "");
    stage.pass(3);
    assert_eq!(stage.pod("one")["status"]["phase"], "Running");
    assert_eq!(stage.list("/api/v1/pods").len(), 501);
}

#[test]
fn the_basics_of_a_cluster_are_there() {
    let mut stage = Stage::ready(2);
    let nodes = stage.list("/api/v1/nodes");
    assert_eq!(nodes.len(), 2);
    assert_eq!(condition(&nodes[1], "Ready")["status"], "True");
    assert_eq!(nodes[1]["metadata"]["labels"]["kubernetes.io/hostname"], "node-1");
    assert!(stage.exists("/api/v1/namespaces/kube-system/serviceaccounts/default"));
    stage.create("/api/v1/namespaces", json!({"metadata": {"name": "a"}}));
    stage.settle();
    let account = "/api/v1/namespaces/a/serviceaccounts/default";
    let uid = stage.get(account)["metadata"]["uid"].clone();
    stage.delete(account, json!({}));
    stage.settle();
    assert_ne!(stage.get(account)["metadata"]["uid"], uid, "a new one");
}

#[test]
fn controllers_on_a_thread_work_and_end() {
    let clock = Arc::new(crate::cluster::clock::SystemClock);
    let random = Arc::new(SeededRandom::new(1));
    let server = Server::new(clock, random, Audit::none(), Behaviour::default());
    let controllers = super::start(&server, 1);
    let mut bell = server.bell();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let there = || {
            server.read(|state| {
                let key = super::Key::new("kube-system", "default");
                state.store.get(&super::Resource::core("serviceaccounts"), &key).is_some()
            })
        };
        while !there() {
            tokio::time::timeout(std::time::Duration::from_secs(30), bell.changed()).await.unwrap().unwrap();
        }
    });
    drop(controllers);
}
