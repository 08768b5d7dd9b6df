//! Custom resource definitions, put into a cluster and taken out again: from the folder that
//! `K8S_HEALER_TEST_CRDS` names (`<plural>.<group>.yaml`), else our own small ones.

use std::time::Duration;
use std::{env, fs, path::Path};

use http::Method;
use serde_json::Value;

use super::objects::{Objects, wait_until};
use super::shapes;

const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The biggest definitions have 700 KB of schema, which the server takes a while to compile.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Install `<plural>.<group>` and wait until its objects can be listed. Fine if it is there already,
/// or still on its way out.
pub async fn install_crd(objects: &Objects, name: &str) {
    let definition = definition(name);
    let path = shapes::path(DEFINITIONS, "", "");
    wait_until(format!("{name} is established"), TIMEOUT, || async {
        if let Some(found) = objects.get(DEFINITIONS, "", name).await {
            return is_established(&found);
        }
        // Another test may be installing the same: 409.
        let (status, answer) = objects.send(Method::POST, &path, Some(&definition)).await;
        assert!(status == 201 || status == 409, "{name}: {status}: {answer}");
        false
    })
    .await;
    // Established is said a moment before the first list is answered.
    let path = format!("{}?limit=1", shapes::path(name, "", ""));
    wait_until(format!("{name} is served"), TIMEOUT, || async {
        objects.send(Method::GET, &path, None).await.0 == 200
    })
    .await;
}

/// Remove it with all its objects, and wait until it is no longer served. An object with a finalizer
/// holds it up.
/// On a shared server only for a definition that no other test uses.
pub async fn remove_crd(objects: &Objects, name: &str) {
    objects.delete(DEFINITIONS, "", name).await;
    objects.wait_until_gone(DEFINITIONS, "", name, TIMEOUT).await;
    let path = shapes::path(name, "", "");
    wait_until(format!("{name} is no longer served"), TIMEOUT, || async {
        objects.send(Method::GET, &path, None).await.0 == 404
    })
    .await;
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    let has = |kind: &str| {
        conditions.is_some_and(|all| all.iter().any(|one| one["type"] == kind && one["status"] == "True"))
    };
    has("Established") && definition["metadata"]["deletionTimestamp"].is_null()
}

fn definition(name: &str) -> Value {
    let file = format!("{name}.yaml");
    let given = env::var_os("K8S_HEALER_TEST_CRDS").map(|folder| Path::new(&folder).join(&file));
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/crds").join(&file);
    let found = given.filter(|path| path.exists()).unwrap_or(own);
    let text = fs::read_to_string(&found).unwrap_or_else(|error| panic!("{}: {error}", found.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", found.display()))
}
