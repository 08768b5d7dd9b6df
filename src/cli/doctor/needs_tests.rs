//! Which rights rules need, and where.

use super::*;
use crate::daemon::assignment::assign;
use crate::rules::{Input, LoadOptions, load};
use k8s_healer_engine::registry::Registry;

fn resource(name: &str, namespaced: bool) -> Arc<Resource> {
    let (plural, group) = name.split_once('.').unwrap_or((name, ""));
    let kind = match name {
        "namespaces" => "Namespace",
        other => other,
    };
    Arc::new(Resource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        singular: String::new(),
        short_names: Vec::new(),
        namespaced,
        verbs: ["list", "watch", "get", "delete"].map(str::to_owned).to_vec(),
    })
}

fn needed(rules: &str) -> Vec<Need> {
    let text = format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: a }}\nrules:\n{rules}");
    let input = Input::Text { name: "rules".to_owned(), bytes: text.into_bytes() };
    let loaded = load(&[input], &LoadOptions::default());
    let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let resources = [
        ("pods", true),
        ("namespaces", false),
        ("nodes", false),
        ("events", true),
        ("configmaps", true),
        ("replicasets.apps", true),
        ("deployments.apps", true),
        ("jobs.batch", true),
        ("customresourcedefinitions.apiextensions.k8s.io", false),
    ];
    let resources = resources.map(|(name, namespaced)| resource(name, namespaced)).to_vec();
    let catalogue = Catalogue { resources, ..Catalogue::default() };
    let known = ["test-a", "test-b", "other"].map(Arc::from).into_iter().collect();
    needs(&assign(&rules, &catalogue, &Registry::standard()), &catalogue, &known)
}

/// Those of a weight, in the words of RBAC.
fn rights(needs: &[Need], weight: Weight) -> Vec<String> {
    needs.iter().filter(|need| need.weight == weight).map(|need| need.question.to_string()).collect()
}

fn rule(name: &str, watch: &str, place: &str, actions: &str) -> String {
    format!(
        "- {{ name: {name}, watch: {watch}, {place}, match: [ age: {{ over: 1h }} ], actions: {actions} }}\n"
    )
}

const HERE: &str = "namespaces: [test-*]";

#[test]
fn each_action_needs_what_it_writes_and_every_rule_that_writes_what_protects() {
    let base = ["list on pods", "watch on pods", "get on pods"];
    for (actions, expected) in [
        ("[ log: { message: a } ]", &[][..]),
        ("[ delete: {} ]", &["delete on pods", "get on namespaces"]),
        ("[ evict: {} ]", &["create on pods/eviction", "get on namespaces"]),
        (
            "[ evict: { fallback: delete } ]",
            &["create on pods/eviction", "delete on pods", "get on namespaces"],
        ),
        ("[ event: { message: a } ]", &["create on events"]),
        ("[ patch: { merge: { spec: { a: 1 } } } ]", &["patch on pods", "get on namespaces"]),
        (
            "[ patch: { subresource: status, json: [ { op: remove, path: /status/a } ] } ]",
            &["patch on pods/status", "get on namespaces"],
        ),
        ("[ label: { a: b } ]", &["patch on pods", "get on namespaces"]),
        ("[ annotate: { a: null } ]", &["patch on pods", "get on namespaces"]),
        (
            "[ delete: {}, stripFinalizers: { after: 2m, only: [a/b] } ]",
            &["delete on pods", "patch on pods", "get on namespaces"],
        ),
    ] {
        let needs = needed(&rule("a", "pods", HERE, actions));
        assert_eq!(rights(&needs, Weight::Essential), [&base[..], expected].concat(), "{actions}");
        let controllers = rights(&needs, Weight::Controller);
        let writes = expected.contains(&"get on namespaces");
        assert_eq!(controllers.is_empty(), !writes, "{actions}");
    }
}

#[test]
fn a_scale_needs_its_part_and_an_event_of_the_cluster_the_default_namespace() {
    let scaled =
        rights(&needed(&rule("a", "deployments", HERE, "[ scale: { replicas: 0 } ]")), Weight::Essential);
    assert_eq!(scaled[3..], ["patch on deployments/scale.apps", "get on namespaces"]);
    let needs = needed(&rule("a", "nodes", "scope: cluster", "[ event: {}, cordon: {} ]"));
    assert_eq!(rights(&needs, Weight::Essential)[3..], ["patch on nodes", "create on events"]);
    let event = needs.iter().find(|need| need.question.verb == "create").unwrap();
    assert_eq!(event.places, Places::Namespaces(BTreeSet::from(["default".into()])));
    let observing = rule("a", "pods", &format!("{HERE}, mode: observe"), "[ event: {} ]");
    assert_eq!(rights(&needed(&observing), Weight::Essential).len(), 3);
}

#[test]
fn a_rule_that_only_observes_needs_no_right_to_write() {
    let observing = rule("a", "pods", &format!("{HERE}, mode: observe"), "[ delete: {} ]");
    let rights = rights(&needed(&observing), Weight::Essential);
    assert_eq!(rights, ["list on pods", "watch on pods", "get on pods", "get on namespaces"]);
}

#[test]
fn controllers_are_those_that_are_served_and_those_above_them() {
    let needs = needed(&rule("a", "pods", HERE, "[ delete: {} ]"));
    let mut controllers = rights(&needs, Weight::Controller);
    controllers.sort();
    assert_eq!(controllers, ["get on deployments.apps", "get on jobs.batch", "get on replicasets.apps"]);
}

#[test]
fn rights_are_needed_where_rules_look_and_each_once() {
    let rules = [
        rule("here", "pods", HERE, "[ delete: {} ]"),
        rule("there", "pods", "namespaces: [other]", "[ log: { message: a } ]"),
        rule("nowhere", "configmaps", "namespaces: [not-there-*]", "[ delete: {} ]"),
        rule("everywhere", "nodes", "scope: cluster", "[ label: { a: b } ]"),
    ];
    let needs = needed(&rules.concat());
    let places = |right: &str| {
        let found: Vec<&Need> = needs.iter().filter(|need| need.question.to_string() == right).collect();
        assert_eq!(found.len(), 1, "{right}");
        (found[0].places.clone(), found[0].rules.iter().cloned().collect::<Vec<_>>().join(" "))
    };
    let namespaces = |names: &[&str]| Places::Namespaces(names.iter().map(|name| Arc::from(*name)).collect());
    assert_eq!(places("list on pods"), (namespaces(&["other", "test-a", "test-b"]), "a/here a/there".into()));
    assert_eq!(places("delete on pods"), (namespaces(&["test-a", "test-b"]), "a/here".into()));
    assert_eq!(places("list on configmaps"), (namespaces(&[]), "a/nowhere".into()));
    assert_eq!(places("patch on nodes"), (Places::Cluster, "a/everywhere".into()));
    assert_eq!(places("get on namespaces").0, namespaces(&["test-a", "test-b"]));
}

#[test]
fn without_rules_there_is_what_follows_namespaces_and_kinds() {
    let (namespaces, definitions) = ("namespaces", "customresourcedefinitions.apiextensions.k8s.io");
    let all = [namespaces, namespaces, definitions, definitions];
    let expected =
        ["list", "watch", "list", "watch"].iter().zip(all).map(|(verb, of)| format!("{verb} on {of}"));
    let catalogue_rights = rights(&needed_without_rules(), Weight::Comfort);
    assert_eq!(catalogue_rights, expected.collect::<Vec<_>>());
}

fn needed_without_rules() -> Vec<Need> {
    let resources =
        ["namespaces", "customresourcedefinitions.apiextensions.k8s.io"].map(|name| resource(name, false));
    let catalogue = Catalogue { resources: resources.to_vec(), ..Catalogue::default() };
    needs(&Assignment::default(), &catalogue, &BTreeSet::new())
}

#[test]
fn what_a_rule_asks_of_other_objects_must_be_read_in_the_whole_cluster() {
    let rule = "- { name: a, watch: pods, namespaces: [test-*], namespaceSelector: { matchLabels: { team: web } }, \
                match: [ { node: { missing: true } } ], actions: [ { log: { message: a } } ] }\n";
    let needs = needed(rule);
    for (verb, other) in
        ["list", "watch", "get"].into_iter().flat_map(|verb| [(verb, "nodes"), (verb, "namespaces")])
    {
        let right = format!("{verb} on {other}");
        let need = needs.iter().find(|need| need.question.to_string() == right);
        let found = need.map(|need| (need.weight, &need.places));
        assert_eq!(found, Some((Weight::Essential, &Places::Cluster)), "{right}");
    }
}
