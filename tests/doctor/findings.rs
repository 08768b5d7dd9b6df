//! The server, the clocks, the rules: what is found of each, and the exit status.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use k8s_healer::cluster::clock::{Clock, SeededRandom, SystemClock};
use k8s_healer::sandbox::Sandbox;
use k8s_healer::sandbox::audit::Audit;
use k8s_healer::sandbox::server::{Behaviour, Server};

use crate::support::scene::bad_rule;
use crate::support::{Stage, on_both};
use crate::{doctor, doctor_json};

on_both!(
    where_all_is_well_every_check_is_ok_and_nothing_is_written,
    rules_with_errors_are_shown_as_validate_rules_shows_them_and_fail,
    without_rules_the_cluster_alone_is_looked_at,
);

async fn where_all_is_well_every_check_is_ok_and_nothing_is_written(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = scene.rules_file(&bad_rule("for: 1m\n  actions: [ { delete: {} } ]")).display().to_string();
    let told = doctor(scene.account().kubeconfig(), &["--rules", &rules]).await;
    assert_eq!(told.status, 0, "{}{}", told.text, told.errors);
    let found: Vec<(&str, &str)> = told
        .text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| (line.split_whitespace().next().unwrap(), line.split_whitespace().nth(1).unwrap()))
        .collect();
    assert_eq!(found[0], ("CHECK", "RESULT"));
    for check in ["connection", "version", "identity", "clock", "rules", "kinds", "permissions"] {
        assert!(found.contains(&(check, "ok")), "{check}: {}", told.text);
    }
    assert!(found[1..].iter().all(|(_, result)| *result == "ok"), "{}", told.text);
    assert!(
        told.text.contains("list, watch, get, delete on configmaps, in the whole cluster"),
        "{}",
        told.text
    );
    assert!(told.text.contains("0 warnings, 0 failures") && !told.text.contains("apply"), "{}", told.text);
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}

async fn rules_with_errors_are_shown_as_validate_rules_shows_them_and_fail(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = scene.rules_file(&bad_rule("for: 6 min\n  actions: [ { delete: {} } ]"));
    let rules = rules.display().to_string();
    let told = doctor(scene.account().kubeconfig(), &["--rules", &rules]).await;
    assert_eq!(told.status, 1, "{}", told.text);
    assert!(told.text.contains("bad-duration") && told.text.contains("6 min"), "{}", told.text);
    assert!(
        told.text.contains("connection   ok") && told.text.contains("rules        fail"),
        "{}",
        told.text
    );

    // Waiting does not mend them.
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules, "--wait", "10m"]).await;
    assert_eq!(told.status, 1);
    assert_eq!(told.failures(), ["rules fail 1 file, 1 rule: 1 error"]);
    let diagnostic = &told.json()["diagnostics"][0];
    assert_eq!((&diagnostic["code"], &diagnostic["file"]), (&"bad-duration".into(), &rules.as_str().into()));

    let told = doctor(scene.account().kubeconfig(), &["--rules", "/nonexistent"]).await;
    assert!(told.status == 2 && told.errors.contains("/nonexistent"), "{}", told.errors);
}

async fn without_rules_the_cluster_alone_is_looked_at(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let told = doctor_json(scene.account().kubeconfig(), &[]).await;
    assert_eq!(told.status, 0, "{:?}", told.findings());
    told.assert_has("identity ok", &format!("system:serviceaccount:{}:healer", scene.namespace));
    told.assert_has("permissions ok", "list, watch on namespaces");
    assert!(!told.findings().iter().any(|line| line.starts_with("rules")), "{:?}", told.findings());
}

#[tokio::test]
async fn a_server_that_is_not_there_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no-kubeconfig");
    let told = doctor_json(&missing, &[]).await;
    assert_eq!(told.status, 1);
    told.assert_has("connection fail", "there is no kubeconfig");

    let sandbox = sandbox(Arc::new(SystemClock));
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, sandbox.kubeconfig()).unwrap();
    drop(sandbox);
    let told = doctor_json(&kubeconfig, &[]).await;
    assert_eq!(told.status, 1);
    told.assert_has("connection fail", "does not answer");
    assert_eq!(told.findings().len(), 1, "there is no more to be asked: {:?}", told.findings());
}

#[derive(Debug)]
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(duration)
    }
}

fn sandbox(clock: Arc<dyn Clock>) -> Sandbox {
    let random = Arc::new(SeededRandom::new(1));
    Sandbox::start(Server::new(clock, random, Audit::none(), Behaviour::default()), 0).unwrap()
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_of_and_stops_nothing() {
    for (ahead, told_of) in [(0, "clock ok"), (1, "clock ok"), (90, "clock warn")] {
        let sandbox = sandbox(Arc::new(Ahead(Duration::from_secs(ahead))));
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, sandbox.kubeconfig()).unwrap();
        let told = doctor_json(&kubeconfig, &[]).await;
        assert_eq!(told.status, 0);
        told.assert_has(told_of, if ahead > 2 { "ahead of this machine's" } else { "" });
    }
}
