//! Pods by the hundred thousand that take no memory: each is made from a template and its number whenever
//! somebody reads it. As big as real ones, most of it managedFields and environment, so that they load a
//! client as a real cluster does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Resource;
use super::object::{Object, head, rest};
use super::server::{Server, time};
use super::store::Key;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// How many pods.
    pub pods: u32,
    /// Over so many namespaces, `test-0` and on.
    pub namespaces: u32,
    /// Bytes of JSON each, about.
    pub size: usize,
    /// Every so many-th is in `CrashLoopBackOff`; 0: none.
    pub crashing_every: u32,
}

impl Load {
    fn is_crashing(&self, number: u32) -> bool {
        self.crashing_every > 0 && number.is_multiple_of(self.crashing_every)
    }

    fn namespace(&self, number: u32) -> String {
        format!("test-{}", number % self.namespaces.max(1))
    }
}

/// A pod with holes in it.
#[derive(Debug)]
pub struct Template {
    load: Load,
    head: usize,
    running: Vec<Part>,
    crashing: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Number,
    Namespace,
    Revision,
}

/// Marks that stand for themselves nowhere else in a pod.
const NUMBER: &str = "\u{1}number";
const NAMESPACE: &str = "\u{1}namespace";
const REVISION: &str = "\u{1}revision";

impl Template {
    /// Pods of such a load, created at this time.
    #[must_use]
    pub fn new(load: Load, created: &str) -> Self {
        let pods = [false, true].map(|crashing| pod(created, crashing, load.size));
        let head = head(&pods[0]);
        let [running, crashing] = pods.map(|mut pod| split(&(head.clone() + &rest(&mut pod))));
        Self { load, head: head.len(), running, crashing }
    }

    /// Of the JSON, so much says which kind it is.
    #[must_use]
    pub fn head(&self) -> usize {
        self.head
    }

    /// The JSON of one pod.
    #[must_use]
    pub fn make(&self, number: u32, revision: u64) -> String {
        let parts = if self.load.is_crashing(number) { &self.crashing } else { &self.running };
        let mut text = String::with_capacity(self.load.size + 256);
        for part in parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Number => text.push_str(&format!("{number:08}")),
                Part::Namespace => text.push_str(&self.load.namespace(number)),
                Part::Revision => text.push_str(&revision.to_string()),
            }
        }
        text
    }
}

/// At the marks, as JSON writes them.
fn split(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (index, piece) in text.split("\\u0001").enumerate() {
        let mut rest = piece;
        if index > 0 {
            let holes = [(NUMBER, Part::Number), (NAMESPACE, Part::Namespace), (REVISION, Part::Revision)];
            for (mark, part) in holes {
                if let Some(after) = rest.strip_prefix(&mark[1..]) {
                    parts.push(part);
                    rest = after;
                    break;
                }
            }
        }
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn pod(created: &str, crashing: bool, size: usize) -> Value {
    let (state, restarts) = if crashing {
        let message = "back-off 5m0s restarting failed container=main";
        (json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}), 7)
    } else {
        (json!({"running": {"startedAt": created}}), 0)
    };
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("load-{NUMBER}"), "namespace": NAMESPACE, "resourceVersion": REVISION,
            "uid": format!("00000000-0000-4000-8000-0000{NUMBER}"), "creationTimestamp": created,
            "generation": 1, "labels": {"app": "load", "number": NUMBER},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("load-{NUMBER}"),
                "uid": format!("00000000-0000-4000-9000-0000{NUMBER}"), "controller": true,
                "blockOwnerDeletion": true,
            }],
            "managedFields": [],
        },
        "spec": {
            "nodeName": "node-0", "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
            "containers": [{"name": "main", "image": "registry.example/load:1", "env": []}],
        },
        "status": {
            "phase": "Running", "podIP": "10.0.0.1", "startTime": created,
            "conditions": [{
                "type": "Ready", "status": if crashing { "False" } else { "True" },
                "lastTransitionTime": created,
            }],
            "containerStatuses": [{
                "name": "main", "image": "registry.example/load:1", "imageID": "", "ready": !crashing,
                "started": !crashing, "restartCount": restarts, "state": state,
            }],
        },
    });
    // A third of a real pod is managedFields.
    let mut fields = Vec::new();
    while fields.iter().map(|field: &Value| field.to_string().len()).sum::<usize>() < size / 3 {
        let member = format!("f:field-{}", fields.len());
        fields.push(json!({
            "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": created,
            "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {member: {".": {}, "f:lastTransitionTime": {}}}},
        }));
    }
    pod["metadata"]["managedFields"] = fields.into();
    let mut variables = Vec::new();
    let missing = size.saturating_sub(pod.to_string().len());
    while variables.len() * 64 < missing {
        let name = format!("VARIABLE_{:04}", variables.len());
        variables.push(json!({"name": name, "value": "0123456789abcdef0123"}));
    }
    pod["spec"]["containers"][0]["env"] = variables.into();
    pod
}

/// Puts the pods and their namespaces into a server.
pub fn fill(server: &Server, load: Load) {
    let created = time(server.now());
    let template = Arc::new(Template::new(load, &created));
    let (namespaces, pods) = (Resource::core("namespaces"), Resource::core("pods"));
    server.write(|state| {
        for number in 0..load.namespaces.max(1) {
            let name = load.namespace(number);
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {
                    "name": name, "uid": server.uid(), "creationTimestamp": created,
                    "labels": {"kubernetes.io/metadata.name": name},
                },
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            });
            state.store.put(&namespaces, &Key::new("", &name), namespace);
        }
        for number in 0..load.pods {
            let revision = state.store.next_revision();
            let object = Object::synthetic(Arc::clone(&template), number, revision);
            let key = Key::new(&load.namespace(number), &format!("load-{number:08}"));
            state.store.keep(&pods, &key, Arc::new(object));
        }
        state.store.compact();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_as_big_as_asked_and_its_marks_are_filled_in() {
        let load = Load { pods: 10, namespaces: 3, size: 13_000, crashing_every: 5 };
        let template = Template::new(load, "2026-01-01T00:00:00Z");
        for number in [0, 1, 7] {
            let text = template.make(number, 42);
            assert!((11_500..15_000).contains(&text.len()), "{}", text.len());
            assert!(!text.contains("\\u0001"), "a hole is left");
            let pod: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(pod["metadata"]["name"], format!("load-{number:08}"));
            assert_eq!(pod["metadata"]["namespace"], format!("test-{}", number % 3));
            assert_eq!(pod["metadata"]["resourceVersion"], "42");
            let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
            assert_eq!(waiting == "CrashLoopBackOff", number % 5 == 0);
        }
    }
}
