//! `schemas/kubernetes-fields.json` is what a real API server tells of its own kinds.

use std::fs;
use std::path::Path;

use http::Method;
use k8s_healer::rules::fields::{Schemas, fields_of};

use crate::support::{EnvTest, Objects};

/// The largest that a table of names should be.
const LARGEST: u64 = 200 * 1024;

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/kubernetes-fields.json")
}

async fn get(objects: &Objects, path: &str) -> serde_json::Value {
    let (status, answer) = objects.send(Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

#[tokio::test]
async fn the_checked_in_fields_are_those_that_the_server_tells() {
    let Some(server) = EnvTest::shared().await else { return };
    let objects = server.cluster().objects().await;
    let version = get(&objects, "/version").await["gitVersion"].as_str().unwrap().to_owned();
    let index = get(&objects, "/openapi/v3").await;
    let mut documents = Vec::new();
    for (path, entry) in index["paths"].as_object().unwrap() {
        // Kubernetes' own groups have no dot, or end so; what tests have defined is not among them.
        let group = path.strip_prefix("apis/").and_then(|rest| rest.split_once('/')).map(|(group, _)| group);
        if path == "api/v1" || group.is_some_and(|group| !group.contains('.') || group.ends_with(".k8s.io")) {
            let document = get(&objects, entry["serverRelativeURL"].as_str().unwrap()).await;
            documents.push(document.to_string().into_bytes());
        }
    }
    let generated = fields_of(&version, &documents).unwrap();
    if std::env::var_os("K8S_HEALER_REWRITE").is_some() {
        fs::write(file(), &generated).unwrap();
    }
    let checked_in = fs::read_to_string(file()).unwrap();
    let of_version = format!("\"kubernetes\": \"{version}\"");
    if !checked_in.contains(&of_version) {
        return crate::support::skip("schemas/kubernetes-fields.json is of another version of Kubernetes");
    }
    let again = "`K8S_HEALER_REWRITE=1 cargo test --test fields` rewrites it";
    assert!(checked_in == generated, "schemas/kubernetes-fields.json is not what {version} tells: {again}");
}

#[test]
fn the_checked_in_fields_are_small_and_know_their_version() {
    assert!(fs::metadata(file()).unwrap().len() <= LARGEST);
    assert!(Schemas::kubernetes().kubernetes_version().starts_with("v1."));
}
