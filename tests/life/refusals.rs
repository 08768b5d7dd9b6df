//! Rules that do not come into force: those that run go on, whole, until the others are sound, confirmed, or can be
//! checked.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::healer::{APPLIED, Healer, parsed, rule};
use crate::kinds::Widgets;
use crate::support::scene::*;
use crate::support::{Options, Stage, on_both};

on_both!(
    a_broken_file_keeps_all_rules_log_and_status_say_the_same_and_it_heals_with_the_file,
    a_file_that_was_cut_off_waits_until_somebody_confirms_it,
    a_reload_while_the_server_is_away_comes_into_force_once_it_is_back,
    a_removal_that_was_confirmed_while_the_server_was_away_is_not_asked_for_again,
    a_rule_that_the_server_refuses_keeps_all_that_run,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn text_of(problems: &Value) -> String {
    problems.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

async fn assert_heals(scene: &Scene, name: &str) {
    scene.bad(name).await;
    scene.wait_until_gone("configmaps", name).await;
}

async fn a_broken_file_keeps_all_rules_log_and_status_say_the_same_and_it_heals_with_the_file(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let sound = rule("bad", "configmaps", DELETE);
    let mut healer = Healer::start(&scene, &sound, &[]).await;
    let broken = sound.replace("actions", "acts").replace("state: bad", "state: [bad");
    for (round, text) in
        [sound.replace("delete", "delte"), broken, sound.replace("configmaps", "\"\"")].iter().enumerate()
    {
        healer.write(text);
        healer
            .wait_for_lines(
                "not reloaded: the rules have errors; those before stay in force",
                round + 1,
                SOON,
            )
            .await;
        let report = healer.reload_report("invalid").await;
        let (exit_code, validated) = {
            let file = healer.rules_file();
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_k8s-healer"))
                .args(["validate-rules", file.to_str().unwrap()])
                .output()
                .unwrap();
            (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
        };
        assert_eq!(exit_code, Some(1), "{validated}");
        let problems = text_of(&report["problems"]);
        let codes: Vec<String> = healer
            .lines()
            .iter()
            .filter(|line| line.contains("\"code\":"))
            .map(|line| parsed(line)["code"].as_str().unwrap().to_owned())
            .collect();
        let code = codes.last().expect("a line of the log with a code");
        assert!(problems.contains(code), "{code} in {problems}");
        assert!(validated.contains(code), "{code} in {validated}");
        let first = problems.lines().next().unwrap();
        assert!(validated.contains(first), "{first} in {validated}");
        assert_heals(&scene, &format!("during-{round}")).await;
    }
    let (exit_code, said) = healer.command(&["reload"]).await;
    assert_eq!(exit_code, 1, "{said}");
    // As it was: nothing changes, and the trouble is over.
    healer.write(&sound);
    healer.reload_report("unchanged").await;
    healer.write(&sound.replace("actions", "for: 1s\n  actions"));
    healer.wait_for_line("test/bad: for 0s → 1s", SOON).await;
    assert_heals(&scene, "after").await;
    assert_eq!(scene.writes().await.len(), 4);
}

fn four() -> (String, String) {
    let one =
        |state: &str| rule(state, "configmaps", DELETE).replace("state: bad", &format!("state: {state}"));
    (one("a"), ["a", "b", "c", "d"].map(one).concat())
}

async fn make(scene: &Scene, state: &str) -> String {
    let name = crate::support::unique(state);
    let map = serde_json::json!({"metadata": {"name": name, "labels": {"state": state}}});
    scene.create("configmaps", &map).await;
    name
}

async fn a_file_that_was_cut_off_waits_until_somebody_confirms_it(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let (cut_off, whole) = four();
    let mut healer = Healer::start(&scene, &whole, &[]).await;
    healer.write(&cut_off);
    let report = healer.reload_report("unconfirmed").await;
    assert!(text_of(&report["problems"]).contains("3 of 4 rules would go"), "{report}");
    healer.wait_for_line("3 of 4 rules would go", SOON).await;
    for state in ["a", "b", "c", "d"] {
        let name = make(&scene, state).await;
        scene.wait_until_gone("configmaps", &name).await;
    }
    // Touched again, it is not confirmed.
    healer.write(&format!("{cut_off}\n"));
    a_while().await;
    assert!(healer.lines_with(APPLIED).is_empty());
    let (first, said) = healer.command(&["reload"]).await;
    assert_eq!(first, 1, "{said}");
    assert!(said.contains("--accept-removals"), "{said}");
    let (second, said) = healer.command(&["reload"]).await;
    assert_eq!(second, 0, "{said}");
    let (left, goes) = (make(&scene, "d").await, make(&scene, "a").await);
    scene.wait_until_gone("configmaps", &goes).await;
    healer.write(&whole);
    scene.wait_until_gone("configmaps", &left).await;
    // By the flag at once.
    healer.write(&cut_off);
    healer.reload_report("unconfirmed").await;
    let (exit_code, said) = healer.command(&["reload", "--accept-removals"]).await;
    assert_eq!(exit_code, 0, "{said}");
    let left = make(&scene, "c").await;
    a_while().await;
    assert!(scene.exists("configmaps", &left).await);
}

async fn a_reload_while_the_server_is_away_comes_into_force_once_it_is_back(stage: Stage) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let mut scene = Scene::on(&plane.cluster()).await;
    let mut healer =
        Healer::start(&scene, &rule("bad", "configmaps", &format!("for: 1h\n{DELETE}")), &[]).await;
    scene.bad("map").await;
    healer.wait_for_line("new object", SOON).await;
    plane.stop_apiserver();
    healer.wait_for_line("the watch was interrupted", SOON).await;
    healer.write(&rule("bad", "configmaps", &format!("for: 1s\n{DELETE}")));
    let report = healer.reload_report("failed").await;
    assert!(text_of(&report["problems"]).contains("asking again"), "{report}");
    let rules = healer.status().await["rules"].clone();
    assert_eq!(rules[0]["rule"], "test/bad", "{rules}");
    plane.start_apiserver();
    scene.objects = plane.cluster().objects().await;
    healer.wait_for_line(APPLIED, SOON).await;
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(healer.reload_report("applied").await["askedBy"], "file");
    let told = healer.lines_with("not reloaded").len();
    assert!((1..=6).contains(&told), "{told} lines");
    assert_eq!(scene.writes().await.len(), 1);
}

async fn a_removal_that_was_confirmed_while_the_server_was_away_is_not_asked_for_again(stage: Stage) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let scene = Scene::on(&plane.cluster()).await;
    let (cut_off, whole) = four();
    let mut healer = Healer::start(&scene, &whole, &["--no-watch"]).await;
    plane.stop_apiserver();
    healer.wait_for_line("the watch was interrupted", SOON).await;
    healer.write(&cut_off);
    healer.signal(Signal::HUP);
    healer.reload_report("unconfirmed").await;
    healer.signal(Signal::HUP);
    healer.reload_report("failed").await;
    plane.start_apiserver();
    healer.wait_for_line(APPLIED, SOON).await;
    assert_eq!(healer.reload_report("applied").await["askedBy"], "signal");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let rules = healer.status().await["rules"].clone();
    assert_eq!(rules.as_array().unwrap().len(), 1, "{rules}");
}

async fn a_rule_that_the_server_refuses_keeps_all_that_run(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    // That it has no namespaces only the server can tell.
    let widgets = Widgets::new("Cluster");
    widgets.install(&scene, &[("v1", true)]).await;
    let sound = rule("bad", "configmaps", DELETE);
    let mut healer = Healer::start(&scene, &sound, &[]).await;
    let slower = sound.replace("actions", "for: 1s\n  actions");
    healer.write(&format!("{slower}{}", rule("widgets", &widgets.kind(), DELETE)));
    let report = healer.reload_report("invalid").await;
    let problems = text_of(&report["problems"]);
    assert!(problems.contains("test/widgets") && problems.contains("scope: cluster"), "{problems}");
    let line = healer.wait_for_line("scope: cluster", SOON).await;
    assert_eq!(parsed(&line)["message"], problems, "the log says the same");
    let rules = healer.status().await["rules"].clone();
    assert_eq!((rules.as_array().unwrap().len(), &rules[0]["rule"]), (1, &"test/bad".into()), "{rules}");
    assert_heals(&scene, "during").await;
    healer.write(&slower);
    healer.wait_for_line("test/bad: for 0s → 1s", SOON).await;
    assert_heals(&scene, "after").await;
    widgets.remove(&scene).await;
}
