//! Roles, bindings and questions, and what a real server would say.

use serde_json::{Value, json};

use super::*;
use crate::sandbox::rights::AUTHENTICATED;

const POD: Attributes<'static> = Attributes {
    verb: "get",
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "",
    name: "x",
    namespace: "a",
    path: "",
    is_resource: true,
};

fn put(store: &mut Store, plural: &str, namespace: &str, name: &str, mut object: Value) {
    object["metadata"]["name"] = name.into();
    store.put(&Resource::new(GROUP, plural), &Key::new(namespace, name), object);
}

fn bind(store: &mut Store, namespace: &str, name: &str, role: (&str, &str), subject: Value) {
    let plural = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
    let binding = json!({"roleRef": {"kind": role.0, "name": role.1}, "subjects": [subject]});
    put(store, plural, namespace, name, binding);
}

fn somebody(name: &str) -> User {
    User { name: name.to_owned(), uid: String::new(), groups: vec![AUTHENTICATED.to_owned()] }
}

fn account() -> User {
    User::account("a", "h", "")
}

fn allows(rules: Value, asked: Attributes<'_>) -> bool {
    let mut store = Store::default();
    put(&mut store, "clusterroles", "", "role", json!({"rules": rules}));
    let subject = json!({"kind": "ServiceAccount", "namespace": "a", "name": "h"});
    bind(&mut store, "", "b", ("ClusterRole", "role"), subject);
    Grants::default().allow(&store, &account(), &asked)
}

#[test]
fn a_rule_allows_what_it_names_and_nothing_else() {
    let rule = |groups: Value, resources: Value, verbs: Value| json!([{"apiGroups": groups, "resources": resources, "verbs": verbs}]);
    let evict = Attributes { subresource: "eviction", verb: "create", ..POD };
    let scale = Attributes { subresource: "scale", ..POD };
    let get_pods = rule(json!([""]), json!(["pods"]), json!(["get"]));
    let named = json!([{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"], "verbs": ["*"]}]);
    let of_path = |path: &str| json!([{"nonResourceURLs": [path], "verbs": ["get"]}]);
    let path = Attributes { is_resource: false, path: "/metrics/a", resource: "", namespace: "", ..POD };
    for (rules, asked, expected) in [
        (&get_pods, POD, true),
        (&get_pods, Attributes { namespace: "", ..POD }, true),
        (&get_pods, Attributes { verb: "list", ..POD }, false),
        (&get_pods, Attributes { group: "apps", ..POD }, false),
        (&get_pods, Attributes { resource: "secrets", ..POD }, false),
        (&get_pods, Attributes { subresource: "log", ..POD }, false),
        (&rule(json!([""]), json!(["pods/eviction"]), json!(["*"])), evict, true),
        (&rule(json!([""]), json!(["pods/eviction"]), json!(["*"])), POD, false),
        (&rule(json!(["*"]), json!(["*/scale"]), json!(["*"])), scale, true),
        (&rule(json!(["*"]), json!(["*/scale"]), json!(["*"])), evict, false),
        (&rule(json!(["*"]), json!(["*/scale"]), json!(["*"])), POD, false),
        (&rule(json!(["*"]), json!(["pods/*"]), json!(["*"])), scale, false),
        (&rule(json!(["*"]), json!(["*"]), json!(["*"])), evict, true),
        (&named, POD, true),
        (&named, Attributes { name: "y", ..POD }, false),
        (&named, Attributes { name: "", verb: "list", ..POD }, false),
        (&of_path("/metrics/*"), path, true),
        (&of_path("*"), path, true),
        (&of_path("/metrics"), path, false),
        (&of_path("/metrics/*"), Attributes { verb: "post", ..path }, false),
        (&rule(json!(["*"]), json!(["*"]), json!(["*"])), path, false),
        (&json!([]), POD, false),
    ] {
        assert_eq!(allows(rules.clone(), asked), expected, "{rules} {asked:?}");
    }
}

#[test]
fn everybody_who_is_known_may_discover_and_ask_about_themselves() {
    let asked = |path| Attributes { is_resource: false, path, ..POD };
    let review = |group, resource| Attributes { verb: "create", group, resource, name: "", ..POD };
    for (asked, expected) in [
        (asked("/api"), true),
        (asked("/api/v1"), true),
        (asked("/apis/apps/v1"), true),
        (asked("/openapi/v3"), true),
        (asked("/version/"), true),
        (asked("/healthz"), true),
        (asked("/healthz/etcd"), false),
        (asked("/livez/ping"), false),
        (asked("/apiary"), false),
        (asked("/"), false),
        (asked("/metrics"), false),
        (Attributes { verb: "head", ..asked("/healthz") }, false),
        (Attributes { verb: "post", ..asked("/version") }, false),
        (review("authorization.k8s.io", "selfsubjectaccessreviews"), true),
        (review("authorization.k8s.io", "selfsubjectrulesreviews"), true),
        (review("authentication.k8s.io", "selfsubjectreviews"), true),
        (review("authorization.k8s.io", "subjectaccessreviews"), false),
        (review("authentication.k8s.io", "tokenreviews"), false),
        (review("", "selfsubjectaccessreviews"), false),
    ] {
        let allowed = Grants::default().allow(&Store::default(), &somebody("u"), &asked);
        assert_eq!(allowed, expected, "{asked:?}");
        let nobody = User { groups: Vec::new(), ..somebody("u") };
        assert!(!Grants::default().allow(&Store::default(), &nobody, &asked), "{asked:?}");
    }
}

#[test]
fn a_binding_counts_where_and_for_whom_it_is() {
    let mut store = Store::default();
    let rules = json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
    put(&mut store, "roles", "a", "reader", rules.clone());
    put(&mut store, "clusterroles", "", "reader", rules);
    bind(&mut store, "a", "u", ("Role", "reader"), json!({"kind": "User", "name": "u"}));
    bind(&mut store, "a", "h", ("ClusterRole", "reader"), json!({"kind": "ServiceAccount", "name": "h"}));
    bind(&mut store, "", "g", ("ClusterRole", "reader"), json!({"kind": "Group", "name": "ops"}));
    bind(&mut store, "b", "v", ("Role", "reader"), json!({"kind": "User", "name": "v"}));
    let elsewhere = Attributes { namespace: "b", ..POD };
    let ops = User { groups: vec!["ops".into()], ..somebody("o") };
    for (user, asked, expected) in [
        (somebody("u"), POD, Some(r#"RoleBinding "u/a" of Role "reader" to User "u""#)),
        (somebody("u"), elsewhere, None),
        (somebody("u"), Attributes { namespace: "", ..POD }, None),
        (account(), POD, Some(r#"RoleBinding "h/a" of ClusterRole "reader" to ServiceAccount "h/a""#)),
        (account(), elsewhere, None),
        (ops.clone(), elsewhere, Some(r#"ClusterRoleBinding "g" of ClusterRole "reader" to Group "ops""#)),
        (
            ops,
            Attributes { namespace: "", ..POD },
            Some(r#"ClusterRoleBinding "g" of ClusterRole "reader" to Group "ops""#),
        ),
        // Its role is in another namespace.
        (somebody("v"), elsewhere, None),
        (somebody("nobody"), POD, None),
    ] {
        let reason = Grants::default().reason(&store, &user, &asked);
        let expected = expected.map(|by| format!("RBAC: allowed by {by}"));
        assert_eq!(reason, expected, "{} {asked:?}", user.name);
    }
    let master = Grants::default().reason(&store, &User::administrator("x"), &elsewhere);
    assert_eq!(master.as_deref(), Some(""));
}

#[test]
fn a_role_that_gathers_others_has_their_rules() {
    let mut store = Store::default();
    let gathers = |label: &str| json!({"clusterRoleSelectors": [{"matchLabels": {label: "yes"}}]});
    let rule = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    put(
        &mut store,
        "clusterroles",
        "",
        "whole",
        json!({"aggregationRule": gathers("in-whole"), "rules": []}),
    );
    put(
        &mut store,
        "clusterroles",
        "",
        "half",
        json!({
            "metadata": {"labels": {"in-whole": "yes", "in-half": "yes"}}, "aggregationRule": gathers("in-half"),
        }),
    );
    bind(&mut store, "", "b", ("ClusterRole", "whole"), json!({"kind": "User", "name": "u"}));
    let mut grants = Grants::default();
    assert!(!grants.allow(&store, &somebody("u"), &POD));
    let part = json!({"metadata": {"labels": {"in-half": "yes"}}, "rules": rule});
    put(&mut store, "clusterroles", "", "part", part);
    assert!(grants.allow(&store, &somebody("u"), &POD));
}

#[test]
fn a_change_counts_at_once_even_when_past_changes_are_forgotten() {
    for forgets in [false, true] {
        let mut store = Store::default();
        let mut grants = Grants::default();
        let mut allowed = |store: &mut Store| {
            if forgets {
                store.compact();
            }
            grants.allow(store, &somebody("u"), &POD)
        };
        assert!(!allowed(&mut store));
        bind(&mut store, "", "b", ("ClusterRole", "r"), json!({"kind": "User", "name": "u"}));
        assert!(!allowed(&mut store), "the role is not there");
        let rules =
            |verb: &str| json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]});
        put(&mut store, "clusterroles", "", "r", rules("get"));
        assert!(allowed(&mut store));
        put(&mut store, "clusterroles", "", "r", rules("list"));
        assert!(!allowed(&mut store));
        put(&mut store, "clusterroles", "", "r", rules("*"));
        assert!(allowed(&mut store));
        store.remove(&Resource::new(GROUP, "clusterrolebindings"), &Key::new("", "b"));
        assert!(!allowed(&mut store));
    }
}

#[test]
fn the_administrators_role_can_be_bound_without_being_kept() {
    let mut store = Store::default();
    bind(&mut store, "", "b", ("ClusterRole", "cluster-admin"), json!({"kind": "User", "name": "u"}));
    let mut grants = Grants::default();
    assert!(grants.allow(&store, &somebody("u"), &POD));
    assert!(grants.allow(
        &store,
        &somebody("u"),
        &Attributes { is_resource: false, path: "/metrics", ..POD }
    ));
}
