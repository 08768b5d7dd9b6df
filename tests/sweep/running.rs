//! A sweep and a summary by the daemon that runs: through its socket, and by signals.

use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::scene::*;
use crate::support::{Daemon, Scene, Stage, on_both, shapes, wait_until};
use crate::{DELETE, Told, run};

on_both!(
    the_daemon_lists_afresh_and_tells_what_came_of_it_and_nothing_is_sent_twice,
    a_sweep_waits_for_what_the_daemon_deleted_and_tells_what_holds_it,
    a_summary_tells_all_since_the_start,
    the_first_user_signal_sweeps_and_the_second_writes_a_summary,
);

/// A daemon with a socket of its own.
struct Running {
    scene: Scene,
    daemon: Daemon,
    folder: TempDir,
}

impl Running {
    async fn start(stage: Stage, rules: &str, flags: &[&str]) -> Option<Self> {
        let scene = stage.scene().await?;
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("pid");
        let flags = [&["--pid-file", pid_file.to_str().unwrap()], flags].concat();
        let daemon = scene.daemon(rules, &flags).await;
        Some(Self { scene, daemon, folder })
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.path().join("pid")
    }

    async fn ask(&self, command: &str, flags: &[&str]) -> Told {
        let pid_file = self.pid_file();
        run(&[&[command, "--pid-file", pid_file.to_str().unwrap()], flags].concat()).await
    }

    /// Lists of config maps, one for each watch that begins with one, or page.
    async fn lists(&self) -> usize {
        let sent = self.scene.sent().await.of("configmaps");
        let lists = sent.only(|request| request.verb == "list" || request.uri.contains("sendInitialEvents"));
        lists.len()
    }
}

async fn the_daemon_lists_afresh_and_tells_what_came_of_it_and_nothing_is_sent_twice(stage: Stage) {
    let Some(running) = Running::start(stage, &bad_rule(DELETE), &[]).await else { return };
    let lists = running.lists().await;
    running.ask("sweep", &[]).await.assert(0, "nothing to do");
    assert!(running.lists().await > lists);
    running.scene.bad("map").await;
    running.scene.wait_until_gone("configmaps", "map").await;
    // Two at once: one takes over from the other.
    let (one, other) = tokio::join!(running.ask("sweep", &["--wait"]), running.ask("sweep", &[]));
    for told in [one, other] {
        assert_eq!(told.status, Some(0), "{}{}", told.text, told.errors);
    }
    assert_eq!(running.scene.writes().await.len(), 1);
}

async fn a_sweep_waits_for_what_the_daemon_deleted_and_tells_what_holds_it(stage: Stage) {
    let Some(running) = Running::start(stage, &bad_rule(DELETE), &[]).await else { return };
    let scene = &running.scene;
    scene
        .create("configmaps", &shapes::with_finalizers(bad("map"), &["example.com/a", "example.com/b"]))
        .await;
    wait_until("it is deleted", SOON, || async { !scene.writes().await.is_empty() }).await;
    // The rule is not true of it any more: it goes all the same.
    scene.cure("map").await;
    let told = running.ask("sweep", &["--wait", "1s"]).await;
    assert_eq!(told.status, Some(1), "{}{}", told.text, told.errors);
    let there = format!(
        "still there: {}: the finalizers example.com/a, example.com/b hold it",
        scene.called("configmaps", "map")
    );
    assert!(told.lines().contains(&there), "{}", told.text);
    let free = json!({"metadata": {"finalizers": null}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &free).await;
    let told = running.ask("sweep", &["--wait"]).await;
    assert_eq!(told.status, Some(0), "{}{}", told.text, told.errors);
    assert_eq!(scene.writes().await.len(), 1);
}

async fn a_summary_tells_all_since_the_start(stage: Stage) {
    let Some(running) = Running::start(stage, &bad_rule(DELETE), &[]).await else { return };
    let told = running.ask("summary", &[]).await;
    assert!(told.text.starts_with("nothing was done, since 20"), "{}{}", told.text, told.errors);
    for name in ["a", "b"] {
        running.scene.bad(name).await;
        running.scene.wait_until_gone("configmaps", name).await;
    }
    wait_until("both are counted", SOON, || async {
        running.ask("summary", &["--format", "json"]).await.json()["totals"]["acted"] == 2
    })
    .await;
    let told = running.ask("summary", &[]).await;
    let lines = told.lines();
    assert_eq!(lines[0], "RULE KIND NAMESPACE ACTION DONE HELD BACK FAILED LAST");
    let begins = format!("test/bad configmaps {} delete 2 0 0 20", running.scene.namespace);
    assert!(lines[1].starts_with(&begins), "{}", told.text);
    assert!(lines.last().unwrap().starts_with("2 deleted, since 20"), "{}", told.text);
    assert_eq!(told.status, Some(0));
}

async fn the_first_user_signal_sweeps_and_the_second_writes_a_summary(stage: Stage) {
    let Some(mut running) = Running::start(stage, &bad_rule(DELETE), &[]).await else { return };
    running.scene.bad("map").await;
    running.scene.wait_until_gone("configmaps", "map").await;
    let lists = running.lists().await;
    running.daemon.signal(Signal::USR1);
    running.daemon.wait_for_line(": 0 done, 0 would be, 0 held back, 0 failed", SOON).await;
    assert!(running.lists().await > lists);
    running.daemon.signal(Signal::USR2);
    running.daemon.wait_for_line(": 1 done, 0 would be, 0 held back, 0 failed", SOON).await;
    let row = format!("  test/bad · configmaps · {} · delete: 1 done", running.scene.namespace);
    running.daemon.wait_for_line(&row, SOON).await;
    assert_eq!(running.scene.writes().await.len(), 1);
}

#[tokio::test]
async fn what_only_a_sweep_of_its_own_can_do_is_refused_and_nothing_is_asked() {
    let running = Running::start(Stage::Sandbox, &bad_rule(DELETE), &[]).await.unwrap();
    let lists = running.lists().await;
    for flags in [["--namespace", "test-a"], ["--mode", "observe"], ["--exclude-namespaces", "a"]] {
        let told = running.ask("sweep", &flags).await;
        let expected = format!("{} is for a sweep by rules of its own", flags[0]);
        assert!(told.status == Some(2) && told.errors.contains(&expected), "{}{}", told.text, told.errors);
    }
    assert_eq!(running.lists().await, lists);
}

#[tokio::test]
async fn rules_of_a_variable_make_a_pass_of_their_own_unless_the_daemon_is_meant() {
    let running = Running::start(Stage::Sandbox, &bad_rule(DELETE), &[]).await.unwrap();
    let lists = running.lists().await;
    let pid_file = running.pid_file();
    let mut command = crate::program(&["sweep", "--daemon", "--pid-file", pid_file.to_str().unwrap()]);
    command.env("K8S_HEALER_RULES", "/nonexistent");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(running.lists().await > lists);
    let mut command = crate::program(&["sweep", "--pid-file", pid_file.to_str().unwrap()]);
    command.env("K8S_HEALER_RULES", "/nonexistent");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_daemon_that_pauses_is_told_and_no_daemon_at_all_too() {
    let running = Running::start(Stage::Sandbox, &bad_rule(DELETE), &[]).await.unwrap();
    let pid_file = running.pid_file();
    run(&["daemon", "pause", "--pid-file", pid_file.to_str().unwrap()]).await;
    running.scene.bad("map").await;
    let told = running.ask("sweep", &[]).await;
    told.assert(1, "nothing done; not complete");
    assert_eq!(told.lines()[0], "not complete: configmaps: the daemon pauses");
    assert_eq!(running.scene.writes().await.summary(), [""; 0]);
    let nobody = running.folder.path().join("nobody");
    for command in ["sweep", "summary"] {
        let told = run(&[command, "--pid-file", nobody.to_str().unwrap()]).await;
        assert!(told.status == Some(2) && told.errors.contains("no daemon runs"), "{}", told.errors);
    }
}
