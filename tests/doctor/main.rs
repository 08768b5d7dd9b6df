//! `doctor` as a process, against the sandbox and against a real API server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod findings;
mod kinds;
mod permissions;
mod waiting;

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use support::{Objects, shapes, unique};

/// What `doctor` says, and its exit status.
struct Told {
    status: i32,
    text: String,
    errors: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.text, self.errors))
    }

    /// `check result what`, of each finding.
    fn findings(&self) -> Vec<String> {
        let all = self.json();
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let line = |finding: &Value| ["check", "result", "what"].map(|key| text(finding, key)).join(" ");
        all["findings"].as_array().unwrap().iter().map(line).collect()
    }

    fn failures(&self) -> Vec<String> {
        self.findings().into_iter().filter(|line| line.split(' ').nth(1) == Some("fail")).collect()
    }

    #[track_caller]
    fn assert_has(&self, beginning: &str, part: &str) {
        let found = self.findings().iter().any(|line| line.starts_with(beginning) && line.contains(part));
        assert!(found, "no finding {beginning} … {part}: {:#?}{}", self.findings(), self.errors);
    }
}

async fn doctor(kubeconfig: &Path, arguments: &[&str]) -> Told {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.arg("doctor").arg("--kubeconfig").arg(kubeconfig).args(arguments);
    // What the person who runs the tests has set up for daily work is none of the tests' business.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("K8S_HEALER_")) {
        command.env_remove(name);
    }
    command.env_remove("KUBECONFIG").env("LC_ALL", "C.UTF-8").stdin(std::process::Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { status: output.status.code().unwrap(), text: text(output.stdout), errors: text(output.stderr) }
}

async fn doctor_json(kubeconfig: &Path, arguments: &[&str]) -> Told {
    doctor(kubeconfig, &[&["--format", "json"], arguments].concat()).await
}

/// A definition of a kind that nothing else knows; its full name is `plural.group`.
fn definition(plural: &str, group: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": format!("Kind{}", plural.replace('-', "")), "plural": plural},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

async fn define(objects: &Objects, plural: &str, group: &str) {
    let path = shapes::path("customresourcedefinitions.apiextensions.k8s.io", "", "");
    let (status, answer) = objects.send(Method::POST, &path, Some(&definition(plural, group))).await;
    assert_eq!(status, 201, "{answer}");
}

/// A plural that is a DNS label.
fn new_kind() -> String {
    unique("things")
}
