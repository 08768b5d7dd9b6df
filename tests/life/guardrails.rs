//! Guardrails while the daemon runs: they come into force at once, and go only when somebody confirms it.

use std::time::Duration;

use serde_json::json;

use crate::healer::{APPLIED, Healer, rule};
use crate::support::scene::*;
use crate::support::{Stage, on_both};

on_both!(
    guardrails_that_are_added_hold_back_at_once_and_what_they_held_is_healed_when_they_change,
    guardrails_do_not_go_without_a_word,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn guardrails(protect: &str) -> String {
    format!(
        "---\napiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: {{ name: team }}\nprotect: {{ {protect} }}\n"
    )
}

fn guarded(hold: &str, protect: &str) -> String {
    format!("{}{}", rule("bad", "configmaps", &format!("for: {hold}\n{DELETE}")), guardrails(protect))
}

async fn guardrails_that_are_added_hold_back_at_once_and_what_they_held_is_healed_when_they_change(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    let unguarded = rule("bad", "configmaps", &format!("for: 4s\n{DELETE}"));
    let mut healer = Healer::start(&scene, &unguarded, &[]).await;
    scene.bad("map").await;
    healer.wait_for_line("new object", SOON).await;
    healer.change(&guarded("4s", "kinds: [configmaps]")).await;
    healer.wait_for_line("+ guardrails team", SOON).await;
    healer.wait_for_line("protected by guardrails team: kinds configmaps", SOON).await;
    healer.wait_for_line("held back: delete configmaps/", SOON).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    // The object itself does not change.
    healer.change(&guarded("4s", "kinds: [secrets]")).await;
    healer.wait_for_line("~ guardrails team: protect.kinds [configmaps] → [secrets]", SOON).await;
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(scene.writes().await.len(), 1);
}

async fn guardrails_do_not_go_without_a_word(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut healer =
        Healer::start(&scene, &guarded("0s", "labels: [ { matchLabels: { state: bad } } ]"), &[]).await;
    scene.bad("map").await;
    healer.wait_for_line("held back: delete configmaps/", SOON).await;
    let unguarded = rule("bad", "configmaps", &format!("for: 0s\n{DELETE}"));
    healer.write(&unguarded);
    healer.wait_for_line("the guardrails team would go", SOON).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((scene.writes().await.len(), healer.lines_with(APPLIED).len()), (0, 0));
    // Not by broken ones either.
    healer.write(&guarded("0s", "label: [ { matchLabels: { state: bad } } ]"));
    healer.wait_for_line("the rules have errors", SOON).await;
    healer.write(&unguarded);
    healer.wait_for_lines("the guardrails team would go", 2, SOON).await;
    assert_eq!(scene.writes().await.len(), 0);
    healer.command(&["reload"]).await;
    healer.command(&["reload"]).await;
    scene.wait_until_gone("configmaps", "map").await;
    let report = healer.reload_report("applied").await;
    assert_eq!(report["diff"], json!(["- guardrails team"]));
}
