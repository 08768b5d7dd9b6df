//! Marks and sets are always known: labels, annotations' presence, finalizers, owners, name, terminating.

use super::*;

const VM: &str = r#"{ metadata: { name: fedora-crimson-otter-12, namespace: pw-vms-1, creationTimestamp: "2026-01-01T10:00:00Z",
    labels: { app: web, empty: "", version: "1.10", number: "7", on: "true", "app.kubernetes.io/name": otter },
    annotations: { "e2e.example.com/run": nightly-7, blank: "" },
    finalizers: [kubevirt.io/virtualMachineControllerFinalize, foregroundDeleteVirtualMachine],
    ownerReferences: [ { apiVersion: pool.kubevirt.io/v1alpha1, kind: VirtualMachinePool, name: p, uid: u1, controller: true },
                       { apiVersion: v1, kind: ConfigMap, name: c, uid: u2 } ] } }"#;
const BARE: &str =
    "{ metadata: { name: bare, labels: null, annotations: {}, finalizers: [], ownerReferences: null } }";

#[test]
fn labels_are_selected_as_kubernetes_selects_them() {
    table(
        VM,
        &[
            ("labels: { matchLabels: { app: web } }", YES),
            ("labels: { matchLabels: { app: web, empty: \"\" } }", YES),
            ("labels: { matchLabels: { app: db } }", NO),
            ("labels: { matchLabels: { missing: \"\" } }", NO),
            ("labels: { matchLabels: { version: 1.10 } }", YES),
            ("labels: { matchLabels: { version: 1.1 } }", NO),
            ("labels: { matchLabels: { number: 7 } }", YES),
            ("labels: { matchLabels: { number: \"7\" } }", YES),
            ("labels: { matchLabels: { on: true } }", YES),
            ("labels: { matchLabels: { app.kubernetes.io/name: otter } }", YES),
            ("labels: { matchExpressions: [ { key: app, operator: In, values: [db, web] } ] }", YES),
            ("labels: { matchExpressions: [ { key: app, operator: In, values: web } ] }", YES),
            ("labels: { matchExpressions: [ { key: empty, operator: In, values: [\"\"] } ] }", YES),
            ("labels: { matchExpressions: [ { key: app, operator: NotIn, values: [web] } ] }", NO),
            ("labels: { matchExpressions: [ { key: missing, operator: NotIn, values: [web] } ] }", YES),
            ("labels: { matchExpressions: [ { key: empty, operator: Exists } ] }", YES),
            ("labels: { matchExpressions: [ { key: missing, operator: Exists } ] }", NO),
            ("labels: { matchExpressions: [ { key: empty, operator: Exists, values: [] } ] }", YES),
            ("labels: { matchExpressions: [ { key: missing, operator: DoesNotExist, values: [] } ] }", YES),
            ("labels: { matchExpressions: [ { key: missing, operator: DoesNotExist } ] }", YES),
            (
                "labels: { matchLabels: { app: web }, matchExpressions: [ { key: empty, operator: DoesNotExist } ] }",
                NO,
            ),
        ],
    );
    table(
        BARE,
        &[
            ("labels: { matchLabels: { app: web } }", NO),
            ("labels: { matchExpressions: [ { key: app, operator: NotIn, values: [web] } ] }", YES),
            ("labels: { matchExpressions: [ { key: app, operator: DoesNotExist } ] }", YES),
        ],
    );
}

#[test]
fn the_presence_of_an_annotation_is_known_and_the_value_of_an_absent_one_is_not() {
    table(
        VM,
        &[
            ("annotations: { key: e2e.example.com/run, exists: true }", YES),
            ("annotations: { key: e2e.example.com/run, exists: false }", NO),
            ("annotations: { key: missing, exists: true }", NO),
            ("annotations: { key: missing, exists: false }", YES),
            ("annotations: { key: e2e.example.com/run, equals: nightly-7 }", YES),
            ("annotations: { key: e2e.example.com/run, equals: nightly }", NO),
            ("annotations: { key: e2e.example.com/run, in: [weekly-1, nightly-7] }", YES),
            ("annotations: { key: e2e.example.com/run, glob: nightly-* }", YES),
            ("annotations: { key: e2e.example.com/run, matches: \"nightly-[0-9]\" }", YES),
            ("annotations: { key: e2e.example.com/run, matches: nightly }", NO),
            ("annotations: { key: e2e.example.com/run, glob: nightly-*, matches: .*8 }", NO),
            ("annotations: { key: blank, equals: \"\" }", YES),
            ("annotations: { key: blank, glob: \"*\" }", YES),
            ("annotations: { key: missing, equals: a }", UNKNOWN),
            ("annotations: { key: missing, in: [a] }", UNKNOWN),
            ("annotations: { key: missing, exists: true, glob: a }", UNKNOWN),
        ],
    );
    table(
        BARE,
        &[("annotations: { key: a, exists: false }", YES), ("annotations: { key: a, equals: b }", UNKNOWN)],
    );
}

#[test]
fn owners_finalizers_and_names_are_known_of_every_object() {
    table(
        VM,
        &[
            ("owner: { exists: true }", YES),
            ("owner: { exists: false }", NO),
            ("owner: { kind: VirtualMachinePool }", YES),
            ("owner: { kind: [ConfigMap, Secret] }", YES),
            ("owner: { kind: [ConfigMap], controller: true }", NO),
            ("owner: { kind: [ConfigMap], controller: false }", YES),
            ("owner: { controller: true }", YES),
            ("owner: { exists: false, kind: Job }", YES),
            ("owner: { exists: false, controller: true }", NO),
            ("finalizers: { exists: true }", YES),
            ("finalizers: { any: kubevirt.io/* }", YES),
            ("finalizers: { all: kubevirt.io/* }", NO),
            ("finalizers: { all: [kubevirt.io/*, foreground*] }", YES),
            ("finalizers: { none: [orphan] }", YES),
            ("finalizers: { any: [\"*\", \"!kubevirt.io/*\", \"!foreground*\"] }", NO),
            ("finalizers: { any: [kubevirt.io/*], none: [foreground*] }", NO),
            ("name: { glob: fedora-*-otter-?? }", YES),
            ("name: { glob: otter }", NO),
            ("name: { matches: \"[a-z]+-[a-z]+-otter-[0-9]+\" }", YES),
            ("name: { matches: otter }", NO),
            ("name: { glob: [\"*\", \"!fedora-*\"] }", NO),
            ("name: { glob: fedora-*, matches: .*-13 }", NO),
            ("terminating: true", NO),
            ("terminating: false", YES),
            ("terminating: { over: 1s }", NO),
        ],
    );
    table(
        BARE,
        &[
            ("owner: { exists: true }", NO),
            ("owner: { exists: false }", YES),
            ("owner: { kind: [Job] }", NO),
            ("owner: { controller: false }", NO),
            ("finalizers: { exists: false }", YES),
            ("finalizers: { any: \"*\" }", NO),
            ("finalizers: { all: \"*\" }", NO),
            ("finalizers: { none: \"*\" }", YES),
        ],
    );
}

#[test]
fn terminating_counts_from_the_request_and_not_from_the_end_of_the_grace() {
    let pod = |time: &str, grace: &str| {
        format!("{{ metadata: {{ deletionTimestamp: \"{time}\", deletionGracePeriodSeconds: {grace} }} }}")
    };
    for (object, over, expected) in [
        (pod("2026-01-01T12:00:00Z", "30"), "30s", YES),
        (pod("2026-01-01T12:00:00Z", "30"), "31s", NO),
        (pod("2026-01-01T12:00:00Z", "0"), "0s", YES),
        (pod("2026-01-01T12:00:00Z", "null"), "1s", NO),
        (pod("2026-01-01T12:00:30Z", "30"), "1s", NO),
        (pod("2026-01-01T12:30:00Z", "3600"), "30m", YES),
        (pod("later", "30"), "1s", UNKNOWN),
    ] {
        let matcher = format!("terminating: {{ over: {over} }}");
        assert_eq!(verdict(&matcher, &object, NOW).truth, expected, "{matcher} on {object}");
        assert_eq!(verdict("terminating: true", &object, NOW).truth, YES, "{object}");
        assert_eq!(verdict("terminating: false", &object, NOW).truth, NO, "{object}");
    }
}
