//! How it ends, and how it does not even begin.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::json;

use crate::support::cluster::write_kubeconfig;
use crate::support::process::free_port;
use crate::support::scene::*;
use crate::support::{Daemon, Ended, Fault, Proxy, Seen, Stage, on_both, wait_until};

on_both!(
    sigterm_and_sigint_end_it_within_a_second,
    it_works_on_and_ends_though_nobody_reads_its_log,
    ended_in_the_middle_of_its_work_it_leaves_nothing_half_done,
    it_ends_within_a_second_though_the_server_does_not_answer_and_at_once_at_the_second_signal,
    it_ends_within_a_second_while_it_waits_for_the_server_at_the_start,
    with_a_broken_rules_file_it_ends_with_1_and_contacts_nobody,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

/// How soon it must have ended: within a second, and what a busy machine adds.
const A_SECOND: Duration = Duration::from_millis(1300);

async fn ended(mut daemon: Daemon) -> Ended {
    let start = Instant::now();
    while daemon.has_ended().is_none() {
        assert!(start.elapsed() < SOON, "it runs on:\n{}", daemon.lines().join("\n"));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ended { took: start.elapsed(), ..daemon.terminate() }
}

async fn sigterm_and_sigint_end_it_within_a_second(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = scene.daemon(&bad_rule(DELETE), &[]).await;
        daemon.signal(signal);
        let ended = ended(daemon).await;
        assert!(ended.status.code() == Some(0) && ended.took < A_SECOND, "{signal:?}: {ended:?}");
        assert!(ended.lines.last().unwrap().contains("\"message\":\"ended\""), "{ended:?}");
    }
}

/// `daemon run … | head -1`: nobody reads the log any more.
async fn it_works_on_and_ends_though_nobody_reads_its_log(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = scene.rules_file(&bad_rule(DELETE));
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_k8s-healer"))
        .args(["daemon", "run", "--log-level", "debug", "--rules"])
        .arg(&rules)
        .arg("--pid-file")
        .arg(rules.with_extension("pid"))
        .arg("--kubeconfig")
        .arg(scene.account().kubeconfig())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(daemon.stderr.take().unwrap()).read_line(&mut first).unwrap();
    scene.bad("unread").await;
    scene.wait_until_gone("configmaps", "unread").await;
    rustix::process::kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = daemon.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > SOON {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
            break None;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(status.and_then(|status| status.code()), Some(0), "after {:?}", start.elapsed());
    assert!(start.elapsed() < A_SECOND, "{:?}", start.elapsed());
}

async fn ended_in_the_middle_of_its_work_it_leaves_nothing_half_done(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for number in 0..60 {
        scene.bad(&format!("map-{number}")).await;
    }
    let proxy = Proxy::start(scene.account());
    proxy.inject(Seen::is_write, Fault::Delay(Duration::from_millis(200)), usize::MAX);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    daemon.wait_for_line("delete configmaps", SOON).await;
    daemon.signal(Signal::TERM);
    let ended = ended(daemon).await;
    assert!(ended.status.code() == Some(0) && ended.took < A_SECOND, "{ended:?}");

    let done: Vec<&String> =
        ended.lines.iter().filter(|line| line.contains("\"outcome\":\"done\"")).collect();
    let deletes = scene.writes().await;
    assert!(deletes.len() < 60, "it was in the middle");
    assert_eq!(proxy.seen_that(Seen::is_write).len(), deletes.len(), "each was carried out to its end");
    assert_eq!(done.len(), deletes.len(), "and told: {:?}", deletes.summary());
    assert!(deletes.iter().all(|delete| delete.code == 200), "{:?}", deletes.summary());
    assert_eq!(scene.objects.list("configmaps", &scene.namespace).await.len() + deletes.len(), 60);
}

async fn it_ends_within_a_second_though_the_server_does_not_answer_and_at_once_at_the_second_signal(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    for signals in 1..=2 {
        let proxy = Proxy::start(scene.account());
        proxy.inject(Seen::is_write, Fault::Delay(Duration::from_secs(20)), usize::MAX);
        let daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
        let sent = || async { !proxy.seen_that(Seen::is_write).is_empty() };
        wait_until("the delete is under way", SOON, sent).await;
        daemon.signal(Signal::TERM);
        if signals == 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            daemon.signal(Signal::TERM);
        }
        let ended = ended(daemon).await;
        if signals == 1 {
            assert!(ended.status.code() == Some(0) && ended.took < A_SECOND, "{ended:?}");
            assert!(ended.lines.iter().any(|line| line.contains("before the server answered")), "{ended:?}");
        } else {
            assert!(ended.status.code() == Some(143) && ended.took < Duration::from_millis(500), "{ended:?}");
        }
    }
}

async fn it_ends_within_a_second_while_it_waits_for_the_server_at_the_start(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for path in ["/version", "/api/v1/nodes", "/apis", "/api/v1/configmaps"] {
        let proxy = Proxy::start(scene.account());
        let held = move |seen: &Seen| seen.path == path;
        proxy.inject(held, Fault::Delay(Duration::from_secs(20)), usize::MAX);
        let daemon = scene.starting_daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]);
        wait_until("it asks", SOON, || async { !proxy.seen_that(held).is_empty() }).await;
        daemon.signal(Signal::TERM);
        let ended = ended(daemon).await;
        assert!(ended.status.code() == Some(0) && ended.took < A_SECOND, "{path}: {ended:?}");
    }
}

async fn with_a_broken_rules_file_it_ends_with_1_and_contacts_nobody(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let rules = bad_rule("for: 6 min\n  actions: [ { remove: {} } ]");
    let ended = ended(scene.starting_daemon_at(&proxy.kubeconfig(), &rules, &[])).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = ended.lines.join("\n");
    assert!(said.contains("6 min") && said.contains("remove"), "all mistakes at once:\n{said}");
    assert!(proxy.seen().is_empty(), "{:?}", proxy.seen());
}

#[tokio::test]
async fn without_a_server_or_a_rule_it_ends_with_2_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let port = free_port();
    write_kubeconfig(&kubeconfig, &json!({"server": format!("http://127.0.0.1:{port}")}), &json!({}));
    let rules = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: test }}\ndefaults: {{ namespaces: [test-*] }}\nrules:\n{}",
        bad_rule("for: 1m\n  actions: [ { delete: {} } ]")
    );
    let nobody = ended(Daemon::start(&kubeconfig, &rules, &[])).await;
    assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
    let said = nobody.lines.join("\n");
    assert!(said.contains(&format!("http://127.0.0.1:{port}")), "{said}");
    assert!(said.to_lowercase().contains("connect"), "{said}");

    let no_kubeconfig = ended(Daemon::start(&folder.path().join("none"), &rules, &[])).await;
    assert_eq!(no_kubeconfig.status.code(), Some(2), "{no_kubeconfig:?}");
    let missing = Path::new("no-such-folder/rules.yaml");
    let no_rules = ended(Daemon::start_with(&kubeconfig, &[missing], &[])).await;
    assert_eq!(no_rules.status.code(), Some(2), "{no_rules:?}");
    assert!(no_rules.lines.join("\n").contains("no-such-folder"), "{no_rules:?}");
}
