//! Kinds that are there, that are not, and that cannot be told apart.

use crate::support::scene::SOON;
use crate::support::{Stage, on_both, wait_until};
use crate::{define, doctor_json, new_kind};

on_both!(
    a_kind_that_is_not_served_is_a_warning_since_its_rules_wait_for_it,
    a_name_that_two_groups_serve_fails_and_says_what_to_write,
);

fn rule(watch: &str) -> String {
    format!(
        "- name: a-rule\n  watch: {watch}\n  match: [ age: {{ over: 1h }} ]\n  actions: [ delete: {{}} ]\n"
    )
}

async fn a_kind_that_is_not_served_is_a_warning_since_its_rules_wait_for_it(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kind = new_kind();
    let rules = scene.rules_file(&rule(&format!("[configmaps, {kind}.test.example.com]")));
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules.display().to_string()]).await;
    assert_eq!(told.status, 0, "{:?}", told.findings());
    told.assert_has("kinds ok", "configmaps (v1) for test/a-rule");
    told.assert_has("kinds warn", &format!("{kind}.test.example.com is not served: test/a-rule"));
}

async fn a_name_that_two_groups_serve_fails_and_says_what_to_write(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kind = new_kind();
    for group in ["one.example.com", "two.example.com"] {
        define(&scene.objects, &kind, group).await;
    }
    let rules = scene.rules_file(&rule(&kind)).display().to_string();
    wait_until("both are served", SOON, || async {
        let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules]).await;
        told.status == 1
    })
    .await;
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules]).await;
    let both = format!("write {kind}.one.example.com or {kind}.two.example.com");
    told.assert_has("kinds fail test/a-rule is left out", &both);
    assert_eq!(told.failures().len(), 1);
}
