//! What people protect beyond what is built in, what they lift of that, and how a pack is kept in its namespaces:
//! asked of the server's record.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Daemon, Stage, on_both, shapes, unique, wait_until};

on_both!(
    nothing_is_ever_sent_to_what_guardrails_protect_and_the_log_says_by_what,
    a_lifted_protection_counts_only_where_no_document_protects_and_is_warned_of,
    a_confined_pack_acts_in_its_namespaces_alone_whatever_it_says,
);

/// Deletes what is labelled `victim: <word>`, wherever it is.
fn rule(word: &str) -> String {
    format!(
        "- name: hunt
  watch: [pods, secrets]
  scope: cluster
  match: [ {{ labels: {{ matchLabels: {{ victim: {word} }} }} }} ]
  actions: [ {{ delete: {{}} }} ]
"
    )
}

fn victim(name: &str, word: &str) -> Value {
    shapes::with_labels(shapes::pod(name), &[("victim", word)])
}

fn guardrails(name: &str, text: &str) -> String {
    format!("---\napiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: {{ name: {name} }}\n{text}\n")
}

async fn assert_held_back(daemon: &mut Daemon, object: &str, by: &str) {
    let line = daemon.wait_for_line(&format!("held back: delete {object} "), SOON).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["detail"].as_str().unwrap().contains(by), "{by:?} in {line}");
}

async fn nothing_is_ever_sent_to_what_guardrails_protect_and_the_log_says_by_what(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let mut expected = Vec::new();
    let own = scene.namespace.clone();
    let mut hold = |object: String, by: &str| expected.push((object, by.to_owned()));

    let prod = scene.objects.namespace("prod").await;
    scene.objects.create("pods", &prod, &victim("pod", &word)).await;
    hold(format!("pods/{prod}/pod"), "guardrails team: namespaces prod*");

    scene.create("pods", &shapes::with_labels(victim("gold", &word), &[("tier", "gold")])).await;
    hold(format!("pods/{own}/gold"), "guardrails team: labels, and it has label tier=gold");

    let golden = scene.objects.namespace("test").await;
    let label = json!({"metadata": {"labels": {"tier": "gold"}}});
    scene.objects.patch("namespaces", "", &golden, &label).await;
    scene.objects.create("pods", &golden, &victim("pod", &word)).await;
    hold(format!("pods/{golden}/pod"), &format!("labels, and namespace {golden} has label tier=gold"));

    let mut deployment = shapes::with_labels(shapes::replica_set("golden", 1), &[("tier", "gold")]);
    deployment["spec"]["replicas"] = 0.into();
    let deployment = scene.create("deployments.apps", &deployment).await;
    let set = shapes::owned(shapes::replica_set("golden", 1), &deployment);
    let set = scene.create("replicasets.apps", &set).await;
    scene.create("pods", &shapes::owned(victim("below", &word), &set)).await;
    hold(format!("pods/{own}/below"), "labels, and Deployment golden has label tier=gold");

    let secret = json!({"metadata": {"name": "secret", "labels": {"victim": word}}});
    scene.create("secrets", &secret).await;
    hold(format!("secrets/{own}/secret"), "guardrails platform: kinds secret");

    let stateful = shapes::replica_set("stateful", 0);
    let stateful = scene.create("statefulsets.apps", &stateful).await;
    scene.create("pods", &shapes::owned(victim("stateful-0", &word), &stateful)).await;
    hold(format!("pods/{own}/stateful-0"), "ownerKinds StatefulSet, and StatefulSet stateful owns it");

    let class = unique("class");
    let important = json!({"metadata": {"name": class}, "value": 5000});
    scene.objects.create("priorityclasses.scheduling.k8s.io", "", &important).await;
    let mut pod = victim("important", &word);
    (pod["apiVersion"], pod["kind"]) = ("v1".into(), "Pod".into());
    pod["spec"]["priorityClassName"] = class.into();
    // Admission learns of a new class a moment later.
    let path = shapes::path("pods", &own, "");
    let admitted = || async { scene.objects.send(http::Method::POST, &path, Some(&pod)).await.0 == 201 };
    wait_until("its class is known", SOON, admitted).await;
    hold(format!("pods/{own}/important"), "priorityAtLeast 5000, and its priority is 5000");

    // Of two the stricter holds.
    let team = format!(
        "protect: {{ namespaces: [\"{}*\"], labels: [ {{ matchLabels: {{ tier: gold }} }} ], priorityAtLeast: 9000 }}",
        "prod"
    );
    let platform = "protect: { kinds: [secret], ownerKinds: [StatefulSet], priorityAtLeast: 5000 }";
    let rules = [rule(&word), guardrails("team", &team), guardrails("platform", platform)].concat();
    let mut daemon = scene.daemon(&rules, &[]).await;
    daemon
        .wait_for_line("protected by guardrails platform: kinds secret; ownerKinds StatefulSet", SOON)
        .await;
    for (object, by) in &expected {
        assert_held_back(&mut daemon, object, by).await;
    }
    // The same rule does act where nothing protects.
    scene.create("pods", &victim("free", &word)).await;
    scene.wait_until_gone("pods", "free").await;
    a_while().await;
    // The scheduler may have written to it between the live read and the delete: that is one more try.
    let mut writes = scene.writes().await.summary();
    writes.retain(|write| *write != format!("delete pods {own}/free 409"));
    assert_eq!(writes, [format!("delete pods {own}/free 200")]);
}

async fn a_lifted_protection_counts_only_where_no_document_protects_and_is_warned_of(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let mut named = Vec::new();
    for name in ["openshift-lifted", "openshift-kept", "openshift-other"] {
        let namespace = scene.objects.namespace(name).await;
        scene.objects.create("pods", &namespace, &victim("pod", &word)).await;
        named.push(namespace);
    }
    let lifting =
        guardrails("lifting", "unprotect: { namespaces: [\"openshift-lifted*\", \"openshift-kept*\"] }");
    let keeping = guardrails("keeping", "protect: { namespaces: [\"openshift-kept*\"] }");
    let mut daemon = scene.daemon(&[rule(&word), lifting, keeping].concat(), &[]).await;
    daemon
        .wait_for_line("lifted by guardrails lifting: the protection of namespaces openshift-lifted*", SOON)
        .await;
    daemon.wait_for_line("\"code\":\"lifted-protection\"", SOON).await;
    scene.objects.wait_until_gone("pods", &named[0], "pod", SOON).await;
    assert_held_back(&mut daemon, &format!("pods/{}/pod", named[1]), "guardrails keeping").await;
    assert_held_back(&mut daemon, &format!("pods/{}/pod", named[2]), "the protected namespace").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete pods {}/pod 200", named[0])]);
}

async fn a_confined_pack_acts_in_its_namespaces_alone_whatever_it_says(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let elsewhere = scene.objects.namespace("elsewhere").await;
    for namespace in [&scene.namespace, &elsewhere] {
        scene.objects.create("pods", namespace, &victim("pod", &word)).await;
    }
    let rules = rule(&word).replace("scope: cluster", "namespaces: [\"*\"]");
    let confined = format!("{}={}*", scene.rules_file(&rules).display(), scene.namespace);
    let mut daemon = Daemon::start_with(scene.account().kubeconfig(), &[&PathBuf::from(confined)], &[]);
    daemon.wait_for_line("true_now", SOON).await;
    scene.wait_until_gone("pods", "pod").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete pods {}/pod 200", scene.namespace)]);
    // What asks for the whole cluster does not even start.
    let reaching = format!("{}={}*", scene.rules_file(&rule(&word)).display(), scene.namespace);
    let mut daemon = Daemon::start_with(scene.account().kubeconfig(), &[&PathBuf::from(reaching)], &[]);
    daemon.wait_for_line("reaches out of", SOON).await;
    wait_until("it has ended", SOON, || std::future::ready(daemon.has_ended().is_some())).await;
    assert_eq!(scene.writes().await.len(), 1);
}
