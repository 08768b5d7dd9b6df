//! What a plan says of what waits: for its turn, for less that matches, for a later time; and of what is left out.

use super::*;

#[test]
fn of_what_is_in_flight_one_after_the_other_each_row_names_what_goes_before() {
    let limited = |most: &str| OLD.replace("actions", &format!("limits: {{ inFlight: {most} }}, actions"));
    let pods: Vec<Value> =
        ["a", "b", "c"].map(|name| pod(name, 10, json!({"spec": {"nodeName": "n"}}))).into();
    let deleted = |name: &str| format!("12:00:00 delete pods/test-a/{name}");
    let [a, b, c] = ["a", "b", "c"].map(deleted);
    let expected = [a.clone(), b.clone() + " after pods/test-a/a", c.clone() + " after pods/test-a/b"];
    assert_eq!(rows(&planned(&limited("{ max: 1 }"), 0, &pods)), expected);
    let two = [a.clone(), b.clone(), c.clone() + " after pods/test-a/a"];
    assert_eq!(rows(&planned(&limited("{ max: 2, groupBy: node }"), 0, &pods)), two);
    assert_eq!(rows(&planned(&limited("{ max: 3 }"), 0, &pods)), [a, b, c]);
}

#[test]
fn what_is_true_and_falls_due_after_the_time_is_told() {
    let rules = "
- { name: failed, watch: pods, match: [ phase: Failed ], for: 30m, actions: [ delete: {} ] }
- name: shut
  watch: pods
  match: [ age: { over: 6m } ]
  schedule: { cron: \"0 20 * * *\", timeZone: UTC, for: 1h }
  actions: [ { label: { a: b } } ]
";
    let failed = |more: Value| {
        let mut value = json!({"status": {"phase": "Failed"}});
        json_patch::merge(&mut value, &more);
        value
    };
    let gone = json!({"metadata": {"deletionTimestamp": "2026-01-01T11:59:00Z", "finalizers": ["a.b/c"]}});
    let pods = [
        pod("a", 1, failed(json!({}))),
        pod("b", 1, failed(json!({}))),
        pod("c", 1, failed(gone)),
        pod("d", 10, json!({})),
    ];
    let later = |minutes: u64| -> Vec<String> {
        let shown = |one: &Later| {
            let due = one.due.map(|due| due.strftime("%H:%M").to_string());
            format!("{} {} {} {}", one.waits_for, due.unwrap_or_default(), one.count, one.examples.join(" "))
        };
        planned(rules, minutes, &pods).later.iter().map(shown).collect()
    };
    let shut = "its schedule 20:00 1 pods/test-a/d";
    let both = rules.replace("  schedule:", "  for: 45m\n  schedule:");
    let both = planned(&both, 0, &pods).later;
    assert_eq!(both[1].waits_for, "`for: 45m`, then its schedule");
    let expected = ["`for: 30m` counts from now 12:30 2 pods/test-a/a pods/test-a/b", shut];
    assert_eq!(later(29), expected);
    assert_eq!(later(60).len(), 1, "what is played is a row, and the other is due in the evening");
}

#[test]
fn the_budgets_of_one_namespace_say_nothing_of_another() {
    let rules = "- { name: old, watch: pods, match: [ age: { over: 6m } ], actions: [ evict: {} ] }";
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "test-b"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}});
    let elsewhere = pod("b", 10, json!({"metadata": {"namespace": "test-b"}}));
    let plan = planned_of(false, rules, 0, &[pod("a", 10, json!({})), elsewhere, budget]);
    let told = rows(&plan);
    let what = "the PodDisruptionBudgets of its namespace";
    assert!(told[0].contains("test-a/a") && told[0].ends_with(what), "{told:?}");
    assert!(told[1].contains("test-b/b") && !told[1].contains(what), "{told:?}");
}

#[test]
fn what_the_limits_hold_back_is_looked_at_when_less_matches_and_not_before() {
    let rules = "
- { name: one, watch: pods, match: [ age: { over: 13m } ], actions: [ delete: {} ] }
- { name: two, watch: pods, match: [ age: { over: 6m } ], limits: { maxUnhealthy: 2 }, actions: [ delete: {} ] }
";
    let pods: Vec<Value> =
        [("a", 10), ("b", 9), ("c", 8)].map(|(name, age)| pod(name, age, json!({}))).into();
    let told = rows(&planned(rules, 5, &pods));
    assert_eq!(told.iter().filter(|row| row.contains("held by limits")).count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|row| row.starts_with("12:03:00 delete")).count(), 3, "{told:?}");
    let gathered = {
        let mut gathering = Gathering::new(&rule_set(rules), true);
        assert!(pods.into_iter().all(|pod| gathering.add("v1", "Pod", pod)));
        gathering.finish()
    };
    let at: Timestamp = AT.parse().unwrap();
    let mut simulation = Simulation::over(gathered.world, gathered.watching, at, Guard::default());
    simulation.list_world();
    simulation.advance_to(at);
    let next = simulation.trackers.iter().filter_map(k8s_healer_engine::tracker::Tracker::next_due).min();
    assert_eq!(next, Some(after(at, Duration::from_secs(180))), "nothing is looked at by a timer");
}

#[test]
fn what_the_breaker_holds_back_is_told_and_done_once_less_has_matched_for_the_cooldown() {
    let rules = "
- { name: one, watch: pods, match: [ age: { over: 13m } ], actions: [ delete: {} ] }
- { name: two, watch: pods, match: [ age: { over: 9m } ], breaker: { share: 50%, from: 3 }, cooldown: 1m,
    actions: [ delete: {} ] }
";
    let pods: Vec<Value> =
        [("a", 11), ("b", 9), ("c", 1)].map(|(name, age)| pod(name, age, json!({}))).into();
    let told = rows(&planned(rules, 5, &pods));
    assert_eq!(told.iter().filter(|row| row.contains("held by breaker")).count(), 2, "{told:?}");
    // After two minutes the other rule takes a; b is one of two from then on.
    let deleted: Vec<&String> = told.iter().filter(|row| !row.contains(" held by ")).collect();
    assert_eq!(deleted, ["12:02:00 delete pods/test-a/a", "12:03:00 delete pods/test-a/b"], "{told:?}");
}

#[test]
fn a_rule_is_refused_for_what_the_daemon_could_not_watch_for_it() {
    let gathered = |rules: &str| {
        let mut gathering = Gathering::new(&rule_set(rules), false);
        for (version, kind) in
            [("v1", "ComponentStatus"), ("metrics.k8s.io/v1beta1", "NodeMetrics"), ("a.io/v1", "Wide")]
        {
            gathering.add(version, kind, json!({"metadata": {"name": "one"}}));
        }
        gathering.add("a.io/v1", "Narrow", json!({"metadata": {"name": "one", "namespace": "test-a"}}));
        let gathered = gathering.finish();
        let kinds = gathered.world.kinds().iter().zip(&gathered.watching);
        let watched = kinds.filter(|(_, rules)| !rules.is_empty()).map(|(kind, _)| kind.resource.clone());
        (watched.collect::<Vec<_>>(), gathered.refused)
    };
    let rule = |watch: &str, scope: &str| {
        format!(
            "- {{ name: old, watch: {watch}, {scope}, match: [ age: {{ over: 6m }} ], actions: [ label: {{ a: b }} ] }}"
        )
    };
    let whole = gathered(&rule("\"*\"", "scope: cluster"));
    assert_eq!(whole, (vec!["wides.a.io".to_owned(), "narrows.a.io".to_owned()], Vec::new()));
    let (watched, refused) = gathered(&rule("wides.a.io", "namespaces: [test-*]"));
    assert!(watched.is_empty() && refused[0].contains("wides.a.io is cluster-scoped"), "{refused:?}");
    let (_, refused) = gathered(&rule("componentstatuses", "scope: cluster"));
    assert!(refused[0].contains("cannot be watched"), "{refused:?}");
}
