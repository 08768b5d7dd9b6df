//! Other rules come into force while the daemon runs: at once, and those that stay go on where they were.

use std::fs;
use std::time::Duration;

use jiff::SignedDuration;
use rustix::process::Signal;
use serde_json::json;

use crate::healer::{APPLIED, Healer, lists, rule};
use crate::support::scene::*;
use crate::support::{Fault, Proxy, Seen, Stage, on_both, wait_until};

on_both!(
    a_changed_rule_is_in_force_within_seconds_and_log_and_status_say_which_value_changed,
    a_rule_that_stays_waits_no_longer_while_others_change,
    what_was_done_in_an_episode_is_not_done_again_by_a_reload,
    only_kinds_whose_rules_changed_are_listed_again,
    a_rule_that_is_taken_away_does_nothing_more_while_the_new_list_is_slow,
    of_a_thousand_quick_writes_the_last_one_counts,
    a_hangup_reads_the_rules_again,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn waiting(name: &str, hold: &str) -> String {
    rule(name, "configmaps", &format!("for: {hold}\n{DELETE}"))
}

/// On the same kind, true of nothing.
fn other(age: &str) -> String {
    format!("- name: other\n  watch: configmaps\n  match: [ {{ age: {{ over: {age} }} }} ]\n  {DELETE}\n")
}

async fn a_changed_rule_is_in_force_within_seconds_and_log_and_status_say_which_value_changed(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut healer = Healer::start(&scene, &waiting("bad", "1h"), &[]).await;
    scene.bad("map").await;
    healer.wait_for_line("new object", SOON).await;
    healer.write(&waiting("bad", "1s"));
    healer.wait_for_line("~ test/bad: for 1h → 1s", Duration::from_secs(10)).await;
    scene.wait_until_gone("configmaps", "map").await;
    let report = healer.reload_report("applied").await;
    assert_eq!(report["diff"], json!(["~ test/bad: for 1h → 1s"]));
    assert_eq!(report["askedBy"], "file");
    // A rule more, and one less.
    healer.change(&format!("{}{}", waiting("bad", "1s"), waiting("worse", "1s"))).await;
    healer.change(&waiting("worse", "1s")).await;
    healer.wait_for_line("+ test/worse", SOON).await;
    healer.wait_for_line("- test/bad", SOON).await;
    scene.bad("another").await;
    scene.wait_until_gone("configmaps", "another").await;
    assert_eq!(scene.writes().await.len(), 2);
}

async fn a_rule_that_stays_waits_no_longer_while_others_change(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = |hours: usize| format!("{}{}", waiting("bad", "8s"), other(&format!("{hours}h")));
    let mut healer = Healer::start(&scene, &rules(100), &[]).await;
    scene.bad("map").await;
    let made = scene.done_by_test("create", "configmaps", "map").await;
    for hours in 101..107 {
        healer.change(&rules(hours)).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    scene.wait_until_gone("configmaps", "map").await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 1, "{:?}", writes.summary());
    let waited = writes[0].received.duration_since(made);
    assert!((8_000..13_000).contains(&waited.as_millis()), "{waited:?}");
}

async fn what_was_done_in_an_episode_is_not_done_again_by_a_reload(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let steps = "actions: [ { log: { message: seen } }, { label: { healed: \"yes\" } } ]";
    let rules = |age: &str| format!("{}{}", rule("mark", "configmaps", steps), other(age));
    let mut healer = Healer::start(&scene, &rules("100h"), &[]).await;
    scene.bad("before").await;
    wait_until("it is labelled", SOON, || async { scene.writes().await.len() == 1 }).await;
    for age in ["101h", "102h", "103h"] {
        healer.change(&rules(age)).await;
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
    scene.bad("after").await;
    wait_until("the other is labelled too", SOON, || async { scene.writes().await.len() == 2 }).await;
    a_while().await;
    assert_eq!(scene.writes().await.len(), 2, "{:?}", scene.writes().await.summary());
    for name in ["before", "after"] {
        let told = healer.lines_with(&format!("log {} ", scene.called("configmaps", name)));
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

async fn only_kinds_whose_rules_changed_are_listed_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = |hold: &str| {
        let (secrets, accounts) = (rule("b", "secrets", DELETE), rule("c", "serviceaccounts", DELETE));
        format!("{}{secrets}{accounts}", waiting("a", hold))
    };
    let mut healer = Healer::start(&scene, &rules("1h"), &[]).await;
    let sent = scene.sent().await;
    let counts = ["configmaps", "secrets", "serviceaccounts"].map(|kind| lists(sent.clone(), kind).len());
    assert_eq!(counts, [1, 1, 1], "{:?}", sent.summary());
    for hold in ["2h", "3h"] {
        healer.change(&rules(hold)).await;
        healer.wait_for_lines("the new rules are in force\",\"kind", usize::from(hold == "3h"), SOON).await;
        a_while().await;
    }
    let sent = scene.sent().await;
    let counts = ["configmaps", "secrets", "serviceaccounts"].map(|kind| lists(sent.clone(), kind).len());
    assert_eq!(counts, [3, 1, 1], "{:?}", sent.summary());
    // A rule for a kind more: only that kind.
    healer.change(&format!("{}{}", rules("3h"), rule("d", "pods", DELETE))).await;
    a_while().await;
    let sent = scene.sent().await;
    let kinds = ["configmaps", "secrets", "serviceaccounts", "pods"];
    assert_eq!(kinds.map(|kind| lists(sent.clone(), kind).len()), [3, 1, 1, 1], "{:?}", sent.summary());
    // None of the kind any more: its watch ends.
    healer.change(&format!("{}{}", rules("3h"), rule("d", "replicasets.apps", DELETE))).await;
    wait_until("pods are not watched any more", SOON, || async {
        let status = healer.status().await;
        status["watches"].as_array().unwrap().iter().all(|watch| watch["kind"] != "pods")
    })
    .await;
}

async fn a_rule_that_is_taken_away_does_nothing_more_while_the_new_list_is_slow(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mark = rule("mark", "configmaps", "for: 6s\nactions: [ { label: { healed: \"yes\" } } ]");
    let both = format!("{}{mark}", waiting("goes", "5s"));
    let mut healer = Healer::start_at(&scene, &proxy.kubeconfig(), &both, &[]).await;
    scene.bad("map").await;
    let made = scene.done_by_test("create", "configmaps", "map").await;
    healer.wait_for_line("new object", SOON).await;
    let is_list =
        |seen: &Seen| seen.has_parameter("sendInitialEvents", "true") || seen.is_list_of("configmaps");
    proxy.inject(is_list, Fault::Delay(Duration::from_secs(12)), usize::MAX);
    healer.change(&mark).await;
    // What stays acts while the list is on its way; what went does not.
    wait_until("it is labelled", SOON, || async { !scene.writes().await.is_empty() }).await;
    let marked = scene.writes().await[0].clone();
    assert_eq!((marked.verb.as_str(), marked.code), ("patch", 200));
    let waited = marked.received.duration_since(made);
    assert!(waited >= SignedDuration::from_secs(6) && waited < SignedDuration::from_secs(11), "{waited:?}");
    assert!(healer.lines_with("the new rules are in force\",\"kind").is_empty(), "the list is on its way");
    healer.wait_for_line("the new rules are in force\",\"kind", SOON).await;
    scene.bad("later").await;
    wait_until("the other is labelled", SOON, || async { scene.writes().await.len() >= 2 }).await;
    a_while().await;
    assert_eq!(scene.writes().await.len(), 2, "{:?}", scene.writes().await.summary());
    assert!(scene.exists("configmaps", "map").await);
}

async fn of_a_thousand_quick_writes_the_last_one_counts(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let healer = Healer::start(&scene, &waiting("bad", "1h"), &[]).await;
    scene.bad("map").await;
    for round in 0..1000 {
        let text = healer.text(&waiting("bad", &format!("{}h", 2 + round)));
        // In place, in two halves, or renamed over.
        if round % 3 == 0 {
            healer.write_text(&text);
        } else {
            fs::write(healer.rules_file(), &text[..text.len() / 2]).unwrap();
            fs::write(healer.rules_file(), &text).unwrap();
        }
        if round % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }
    healer.write(&waiting("bad", "1s"));
    scene.wait_until_gone("configmaps", "map").await;
    a_while().await;
    let told = healer.lines_with("reloaded").len();
    assert!((1..=12).contains(&told), "{told} reloads");
    let report = healer.reload_report("applied").await;
    assert!(report["diff"][0].as_str().unwrap().ends_with("→ 1s"), "{report}");
    let listed = lists(scene.sent().await, "configmaps").len();
    assert!(listed <= 13, "{listed} lists");
    assert_eq!(scene.writes().await.len(), 1);
}

async fn a_hangup_reads_the_rules_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut healer = Healer::start(&scene, &waiting("bad", "1h"), &["--no-watch"]).await;
    scene.bad("map").await;
    healer.write(&waiting("bad", "1s"));
    a_while().await;
    assert!(healer.lines_with(APPLIED).is_empty(), "nobody has asked");
    healer.signal(Signal::HUP);
    healer.wait_for_line(APPLIED, SOON).await;
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(healer.reload_report("applied").await["askedBy"], "signal");
    let (exit_code, text) = healer.command(&["reload"]).await;
    assert_eq!(exit_code, 0, "{text}");
    healer.reload_report("unchanged").await;
    assert!(healer.has_ended().is_none());
}
