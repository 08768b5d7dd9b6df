//! `--watch`: told anew when the object, what stands around it, or time alone changes what is told.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::scene::{SOON, a_while};
use crate::support::{Answer, Proxy, Scene, Seen, Stage, on_both, shapes, wait_until};
use crate::{program, told};

on_both!(
    what_changes_and_what_time_changes_is_told_until_the_object_is_gone,
    a_change_of_the_namespace_is_told_too,
    a_budget_that_changes_is_told_too,
    after_a_gap_in_which_it_changed_a_for_begins_anew,
    what_may_not_be_watched_is_told_with_the_missing_grant,
);

const BAD: &str = "
  - name: bad
    watch: configmaps
    match: [ labels: { matchLabels: { state: bad } } ]
    for: 3s
    actions: [ delete: {} ]
";

/// `explain --watch` as a process, its answers line by line.
struct Watching {
    child: Child,
    answers: Receiver<Value>,
    errors: ChildStderr,
}

impl Watching {
    fn start(scene: &Scene, object: &str, rules: &str) -> Self {
        Self::start_at(scene.account().kubeconfig(), scene, object, rules)
    }

    /// On another way to the server.
    fn start_at(kubeconfig: &Path, scene: &Scene, object: &str, rules: &str) -> Self {
        let rules = scene.rules_file(rules);
        let mut command = program(&[object, "-n", &scene.namespace, "--watch", "--format", "json"]);
        command.arg("--rules").arg(rules).arg("--kubeconfig").arg(kubeconfig);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, answers) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines() {
                sender.send(serde_json::from_str(&line.unwrap()).unwrap()).ok();
            }
        });
        let errors = child.stderr.take().unwrap();
        Self { child, answers, errors }
    }

    /// The first answer from now on whose verdict begins so.
    async fn until(&mut self, verdict: &str) -> Value {
        let mut seen = Vec::new();
        let found = async {
            loop {
                while let Ok(answer) = self.answers.try_recv() {
                    let text = answer["verdict"]["text"].as_str().unwrap().to_owned();
                    if text.starts_with(verdict) {
                        return answer;
                    }
                    seen.push(text);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answer = tokio::time::timeout(SOON, found).await;
        answer.unwrap_or_else(|_| panic!("no answer {verdict}; there were {seen:#?}"))
    }

    /// Its exit status and what it said at last, once it has ended by itself.
    async fn end(mut self) -> (Option<i32>, String) {
        let child = &mut self.child;
        let mut status = None;
        for _ in 0..1500 {
            status = child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.errors, &mut said).unwrap();
        (status.expect("it ends by itself").code(), said)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn what_changes_and_what_time_changes_is_told_until_the_object_is_gone(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.create("configmaps", &json!({"metadata": {"name": "map"}})).await;
    let mut watching = Watching::start(&scene, "cm/map", BAD);
    watching.until("nothing: bad is not true of it").await;

    let label = |state: &str| json!({"metadata": {"labels": {"state": state}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &label("bad")).await;
    let begun = watching.until("bad would delete it in ").await;
    let from = begun["rules"][0]["for"]["from"].clone();
    // A change that keeps it true does not begin anew.
    let annotation = json!({"metadata": {"annotations": {"a": "b"}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &annotation).await;
    let due = watching.until("bad would delete it now").await;
    assert_eq!(due["rules"][0]["for"]["from"], from);
    assert_eq!(due["at"], due["rules"][0]["for"]["over"]);

    // Nothing changes, so nothing is asked.
    a_while().await;
    let sent = scene.sent().await.len();
    a_while().await;
    assert_eq!(scene.sent().await.len(), sent, "{:#?}", scene.sent().await);

    scene.objects.patch("configmaps", &scene.namespace, "map", &label("good")).await;
    watching.until("nothing: bad is not true of it").await;
    assert!(scene.writes().await.is_empty());
    scene.objects.delete("configmaps", &scene.namespace, "map").await;
    let (status, said) = watching.end().await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("map is gone"), "{said}");
}

#[tokio::test]
async fn people_read_a_block_for_each_moment() {
    let Some(scene) = Stage::Sandbox.scene().await else { return };
    let state = json!({"metadata": {"name": "map", "labels": {"state": "bad"}}});
    scene.create("configmaps", &state).await;
    let rules = scene.rules_file(BAD);
    let kubeconfig = scene.account().kubeconfig().to_owned();
    let mut command = program(&["cm/map", "-n", &scene.namespace, "--watch", "--rules"]);
    command.arg(rules).arg("--kubeconfig").arg(kubeconfig);
    let running = tokio::task::spawn_blocking(move || told(command, b""));
    let seen = "the `for` has begun, is over, and the map is gone";
    wait_until(seen, SOON, || async { !scene.sent().await.of("configmaps").verb("watch").is_empty() }).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    scene.objects.delete("configmaps", &scene.namespace, "map").await;
    let told = running.await.unwrap();
    assert_eq!(told.status, Some(0), "{}", told.errors);
    let blocks: Vec<&str> = told.text.split("--- 20").skip(1).collect();
    let verdicts: Vec<&str> = blocks.iter().filter_map(|block| block.lines().nth(1)).collect();
    assert_eq!(verdicts, ["bad would delete it in 3s", "bad would delete it now"], "{}", told.text);
    assert!(blocks[1].contains("over: seen to be true since 20"), "{}", told.text);
}

#[tokio::test]
async fn who_has_read_enough_is_no_error() {
    let Some(scene) = Stage::Sandbox.scene().await else { return };
    scene.create("configmaps", &json!({"metadata": {"name": "map"}})).await;
    let rules = scene.rules_file(BAD);
    let kubeconfig = scene.account().kubeconfig();
    let mut command = program(&["cm/map", "-n", &scene.namespace, "--watch", "--rules"]);
    command.arg(rules).arg("--kubeconfig").arg(kubeconfig);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert!(first.starts_with("--- 20"), "{first}");
    drop(out);
    let label = json!({"metadata": {"labels": {"state": "bad"}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &label).await;
    let (_, answers) = channel();
    let errors = child.stderr.take().unwrap();
    let (status, said) = Watching { child, answers, errors }.end().await;
    assert_eq!((status, said.as_str()), (Some(0), ""));
}

async fn after_a_gap_in_which_it_changed_a_for_begins_anew(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let label = |state: &str| json!({"metadata": {"labels": {"state": state}}});
    scene.create("configmaps", &json!({"metadata": {"name": "map", "labels": {"state": "bad"}}})).await;
    let proxy = Proxy::start(scene.account());
    let rules = BAD.replace("for: 3s", "for: 1h");
    let mut watching = Watching::start_at(&proxy.kubeconfig(), &scene, "cm/map", &rules);
    let from = |answer: &Value| answer["rules"][0]["for"]["from"].clone();
    let begun = from(&watching.until("bad would delete it in ").await);
    let is_followed = || async { proxy.open_watches() > 0 };
    wait_until("it is followed", SOON, is_followed).await;
    a_while().await;
    // While nobody sees it, it is good, and bad again; what was between is not to be had any more.
    proxy.answer(Seen::is_watch, Answer::status(503), usize::MAX);
    proxy.cut_watches();
    scene.objects.patch("configmaps", &scene.namespace, "map", &label("good")).await;
    scene.objects.patch("configmaps", &scene.namespace, "map", &label("bad")).await;
    proxy.clear_faults();
    let is_resumed =
        |seen: &Seen| seen.is_watch_of("configmaps") && !seen.has_parameter("sendInitialEvents", "true");
    proxy.answer(is_resumed, Answer::status(410), usize::MAX);
    loop {
        let again = watching.until("bad would delete it in ").await;
        if from(&again) != begun {
            break;
        }
    }
    let streamed = |seen: &Seen| seen.is_watch_of("configmaps") || seen.is_list_of("configmaps");
    assert!(proxy.seen_that(streamed).len() > 2, "it was listed again");
}

async fn a_budget_that_changes_is_told_too(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.create("pods", &shapes::with_labels(shapes::pod("web"), &[("app", "web")])).await;
    scene.create("poddisruptionbudgets.policy", &shapes::budget("budget", "web")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 0).await;
    let rules = "
  - name: evict
    watch: pods
    match: [ labels: { matchLabels: { app: web } } ]
    actions: [ evict: {} ]
";
    let mut watching = Watching::start(&scene, "pods/web", rules);
    let held = watching
        .until("held back: the PodDisruptionBudget budget allows no disruption (0 healthy, 1 desired); ")
        .await;
    assert_eq!(held["rules"][0]["heldBack"][0]["kind"], "pdb");
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 1).await;
    watching.until("evict would evict it now").await;
    assert!(scene.writes().await.is_empty());
}

async fn what_may_not_be_watched_is_told_with_the_missing_grant(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]))
        .await;
    let state = json!({"metadata": {"name": "map", "labels": {"state": "bad"}}});
    scene.create("configmaps", &state).await;
    let mut watching = Watching::start(&scene, "cm/map", &BAD.replace("    for: 3s\n", ""));
    watching.until("bad would delete it now").await;
    let asked = || async { !scene.sent().await.of("namespaces").only(|sent| sent.verb != "get").is_empty() };
    wait_until("it has asked for the namespace", SOON, asked).await;
    a_while().await;
    scene.objects.delete("configmaps", &scene.namespace, "map").await;
    let (status, said) = watching.end().await;
    assert_eq!(status, Some(0), "{said}");
    let note = format!(
        "namespaces/{} may not be watched, and what changes of it is told only when something else changes: grant list and watch on namespaces: ",
        scene.namespace
    );
    assert_eq!(said.matches(&note).count(), 1, "{said}");
}

async fn a_change_of_the_namespace_is_told_too(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let state = json!({"metadata": {"name": "map", "labels": {"state": "bad"}}});
    scene.create("configmaps", &state).await;
    let mut watching = Watching::start(&scene, "cm/map", &BAD.replace("    for: 3s\n", ""));
    watching.until("bad would delete it now").await;
    let mark = |value: Value| json!({"metadata": {"annotations": {"k8s-healer.io/protect": value}}});
    scene.objects.patch("namespaces", "", &scene.namespace, &mark("yes".into())).await;
    let held =
        watching.until("held back: protected by the annotation k8s-healer.io/protect of namespace").await;
    assert_eq!(held["verdict"]["kind"], "held");
    scene.objects.patch("namespaces", "", &scene.namespace, &mark(Value::Null)).await;
    watching.until("bad would delete it now").await;
    wait_until("the map is still there", SOON, || async { scene.exists("configmaps", "map").await }).await;
}
