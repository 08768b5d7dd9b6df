//! What a plan says of the objects around one that it deletes itself: what `test-rules` says of them.

use super::*;

const RULES: &str = "
- { name: ns, watch: namespaces, scope: cluster, match: [ age: { over: 1h } ], actions: [ delete: {} ] }
- { name: job, watch: jobs, match: [ age: { over: 1h } ], actions: [ delete: {} ] }
- { name: of-web, watch: configmaps, match: [ namespace: { labels: { matchLabels: { team: web } } } ], actions: [ delete: {} ] }
- { name: left, watch: secrets, match: [ owner: { missing: true } ], actions: [ delete: {} ] }
- { name: old, watch: pods, match: [ age: { over: 6m } ], actions: [ delete: {} ] }
";

/// A namespace with these finalizers in its spec; in it a map, a Job with a Secret, and a pod that is due in a minute.
fn objects(of_namespace: &[&str]) -> Vec<Value> {
    let created = "2026-01-01T00:00:00Z";
    let of = |version: &str, kind: &str, name: &str| {
        json!({"apiVersion": version, "kind": kind, "metadata":
            {"name": name, "namespace": "test-a", "uid": name, "creationTimestamp": created}})
    };
    let job =
        json!({"apiVersion": "batch/v1", "kind": "Job", "name": "job", "uid": "job", "controller": true});
    let mut secret = of("v1", "Secret", "secret");
    secret["metadata"]["ownerReferences"] = json!([job]);
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "spec": {"finalizers": of_namespace}, "metadata":
            {"name": "test-a", "uid": "test-a", "creationTimestamp": created, "labels": {"team": "web"}}}),
        of("v1", "ConfigMap", "map"),
        of("batch/v1", "Job", "job"),
        secret,
        pod("pod", 5, json!({"metadata": {"ownerReferences": [job]}})),
    ]
}

const ROWS: [&str; 5] = [
    "12:00:00 delete configmaps/test-a/map",
    "12:00:00 delete jobs.batch/test-a/job",
    "12:00:00 delete namespaces/test-a",
    "12:00:00 delete secrets/test-a/secret",
    "12:01:00 delete pods/test-a/pod",
];

fn sorted(plan: &Plan) -> Vec<String> {
    let mut rows = rows(plan);
    rows.sort();
    rows
}

#[test]
fn what_the_plan_deletes_is_no_owner_and_a_namespace_that_its_spec_holds_stays_and_answers() {
    for complete in [true, false] {
        let plan = planned_of(complete, RULES, 10, &objects(&["kubernetes"]));
        assert_eq!(sorted(&plan), ROWS, "complete: {complete}");
        assert!(plan.missing.is_empty() && plan.unknown.is_empty(), "{:?}", plan.missing);
    }
}

#[test]
fn of_a_namespace_that_goes_nothing_is_asked_and_what_is_in_it_is_not_held_back_since_it_went() {
    for complete in [true, false] {
        let mut gathering = Gathering::new(&rule_set(RULES), complete);
        for object in objects(&[]) {
            let text = |key: &str| object[key].as_str().unwrap().to_owned();
            assert!(gathering.add(&text("apiVersion"), &text("kind"), object.clone()), "{object}");
        }
        let mut gathered = gathering.finish();
        if complete {
            gathered.world.has_hidden_namespaces();
        }
        let (at, within) = (AT.parse().unwrap(), Duration::from_secs(600));
        let plan = plan(gathered.world, gathered.watching, &Question { at, within, guard: Guard::default() });
        assert_eq!(sorted(&plan), ROWS[1..], "complete: {complete}");
        assert!(plan.missing.is_empty(), "{:?}", plan.missing);
    }
}

#[test]
fn a_namespace_that_its_spec_holds_is_not_gone_before_the_next_in_turn() {
    let rules = "- { name: ns, watch: namespaces, scope: cluster, match: [ age: { over: 1h } ], \
        limits: { inFlight: { max: 1 } }, actions: [ delete: {} ] }";
    let namespaces = |finalizers: &[&str]| {
        let mut one = objects(finalizers).remove(0);
        let mut other = one.clone();
        one["metadata"]["name"] = "test-b".into();
        other["metadata"]["uid"] = "test-b".into();
        [one, other]
    };
    let told = rows(&planned(rules, 10, &namespaces(&["kubernetes"])));
    assert!(told.len() == 2 && told[1].contains("held by limits"), "{told:?}");
    let told = rows(&planned(rules, 10, &namespaces(&[])));
    assert!(told.len() == 2 && told[1].ends_with("after namespaces/test-a"), "{told:?}");
}

#[test]
fn of_a_dry_run_what_follows_the_deletion_of_a_namespace_is_told_where_its_spec_holds_it() {
    let rules = "- { name: ns, watch: namespaces, scope: cluster, mode: dry-run, match: [ age: { over: 1h } ], \
        actions: [ delete: {}, patch: { after: 2m, merge: { spec: { a: b } } } ] }";
    let told = |finalizers: &[&str]| rows(&planned(rules, 10, &objects(finalizers)[..1]));
    let deleted = "12:00:00 delete namespaces/test-a (dry-run)";
    assert_eq!(told(&["kubernetes"]), [deleted, "12:02:00 patch namespaces/test-a (dry-run)"]);
    assert_eq!(told(&[]), [deleted]);
}
