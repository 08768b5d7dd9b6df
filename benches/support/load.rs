//! Fills a real API server with pods as big as those of real clusters.

use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::Objects;

/// As many as the sandbox's synthetic pods lie in.
pub const NAMESPACES: u32 = 20;

/// More at once do not make a server of two cores any faster.
const AT_ONCE: u32 = 24;

/// test-0 to test-19.
pub fn namespace(number: u32) -> String {
    format!("test-{}", number % NAMESPACES)
}

pub async fn create_namespaces(objects: &Objects) {
    for number in 0..NAMESPACES {
        objects.create("namespaces", "", &json!({"metadata": {"name": namespace(number)}})).await;
    }
}

/// A running pod of a replica set, with so many environment variables; bound, so that no scheduler takes it.
pub fn pod(name: &str, variables: usize) -> Value {
    let variable = |number| json!({"name": format!("VARIABLE_{number:04}"), "value": "0123456789abcdef0123"});
    let env: Vec<Value> = (0..variables).map(variable).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "labels": {"app": "load", "pod-template-hash": "5d9c7b8f6c"},
            "annotations": {"load/note": "as long as what tools leave on real pods, and as seldom read"},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "load",
                "uid": "00000000-0000-4000-9000-000000000000", "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "nodeName": "node-0", "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "registry.example/load:1", "env": env}],
        },
    })
}

/// What a kubelet writes of a pod that is well.
pub fn running() -> Value {
    json!({
        "phase": "Running", "podIP": "10.0.0.1", "startTime": "2026-01-01T00:00:00Z",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "containerStatuses": [{
            "name": "main", "image": "registry.example/load:1", "imageID": "", "ready": true, "started": true,
            "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }],
    })
}

/// The name of the pod of a number.
pub fn name(number: u32) -> String {
    format!("load-{number:08}")
}

/// Creates the pods of these numbers, and their statuses. `make` is given the number and the name.
pub async fn create_pods(
    objects: &Objects,
    numbers: Range<u32>,
    make: impl Fn(u32, &str) -> Value + Clone + Send + 'static,
) {
    let began = Instant::now();
    let (next, done) = (Arc::new(AtomicU32::new(numbers.start)), Arc::new(AtomicU32::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (objects, make, end) = (objects.clone(), make.clone(), numbers.end);
        let (next, done) = (Arc::clone(&next), Arc::clone(&done));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return;
                }
                create_pod(&objects, number, &make(number, &name(number))).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let progress = || {
        let (done, seconds) = (done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
        format!("created {done} of {} pods in {seconds:.0} s", numbers.len())
    };
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended.unwrap(),
                None => break,
            },
            _ = ticks.tick() => tell(&progress()),
        }
    }
    tell("");
    println!("{}", progress());
}

/// Over and over on one line, and only where somebody looks on.
pub fn tell(progress: &str) {
    if std::io::stderr().is_terminal() {
        // Nobody misses it.
        write!(std::io::stderr(), "\r\x1b[K{progress}").ok();
    }
}

async fn create_pod(objects: &Objects, number: u32, pod: &Value) -> Value {
    let (namespace, name) = (namespace(number), name(number));
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let (code, answer) = objects.send(Method::POST, &path, Some(pod)).await;
    assert_eq!(code, 201, "{answer}");
    objects.set_status("pods", &namespace, &name, &running()).await
}

/// How many environment variables make a pod of so many bytes: the server adds defaults, and
/// managedFields that name each variable.
pub async fn variables_for(objects: &Objects, bytes: usize) -> usize {
    let mut sizes = [0.0; 2];
    for (number, variables) in [0_usize, 50].into_iter().enumerate() {
        let probe = u32::try_from(number).unwrap();
        let stored = create_pod(objects, probe, &pod(&name(probe), variables)).await;
        sizes[number] = stored.to_string().len() as f64;
        objects.delete("pods", &namespace(probe), &name(probe)).await;
    }
    let each = (sizes[1] - sizes[0]) / 50.0;
    ((bytes as f64 - sizes[0]) / each).max(0.0).round() as usize
}
