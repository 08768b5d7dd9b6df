//! Which namespaces a rule selects of those that are known.

use super::*;
use k8s_healer_engine::values::Globs;

fn scope(globs: &[&str]) -> Scope {
    Scope::Namespaces(Globs::parse(globs).unwrap())
}

fn names(names: &[&str]) -> BTreeSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

const NOTHING_KEPT: Reach = Reach { only: None, excluded: None };

#[test]
fn a_rule_selects_what_its_patterns_match_less_what_is_out_of_reach_for_all() {
    let known = names(&["default", "test-a", "test-b", "test-infra"]);
    let out_of_reach = Reach { excluded: Globs::parse(&["*-b"]).ok(), only: None };
    let within = Reach { only: Globs::parse(&["test-*"]).ok(), excluded: None };
    for (scope, reach, expected) in [
        (scope(&["test-*"]), &NOTHING_KEPT, names(&["test-a", "test-b", "test-infra"])),
        (scope(&["test-*", "!test-infra"]), &NOTHING_KEPT, names(&["test-a", "test-b"])),
        (scope(&["test-*", "!test-infra"]), &out_of_reach, names(&["test-a"])),
        (scope(&["other"]), &NOTHING_KEPT, names(&[])),
        (Scope::Cluster, &out_of_reach, names(&["default", "test-a", "test-infra"])),
        (Scope::Cluster, &within, names(&["test-a", "test-b", "test-infra"])),
    ] {
        assert_eq!(selected(&scope, reach, &known), expected, "{scope:?} {reach:?}");
    }
}

#[test]
fn a_list_that_is_not_complete_takes_nothing_away() {
    let object = |name: &str| {
        let json = serde_json::json!({"metadata": {"name": name, "uid": name}});
        k8s_healer_engine::observation::Observation::new(json)
    };
    let gone =
        |name: &str| WatchEvent::Deleted { namespace: None, name: name.to_owned(), uid: String::new() };
    let mut seen = Seen::default();
    assert!(!seen.take(WatchEvent::ListStarted) && !seen.take(WatchEvent::Listed(object("a"))));
    assert_eq!(seen.known(), None);
    assert!(seen.take(WatchEvent::Synced));
    assert_eq!(seen.known(), Some(names(&["a"])));
    assert!(seen.take(WatchEvent::Applied(object("b"))) && !seen.take(WatchEvent::Applied(object("b"))));
    // A list that begins anew counts from its last beginning on.
    for event in [WatchEvent::ListStarted, WatchEvent::Listed(object("c")), WatchEvent::ListStarted] {
        assert!(!seen.take(event));
    }
    seen.take(WatchEvent::Interrupted { reason: String::new() });
    assert_eq!(seen.known(), Some(names(&["a", "b"])));
    for name in ["b", "d"] {
        seen.take(WatchEvent::Listed(object(name)));
    }
    seen.take(gone("d"));
    assert!(seen.take(WatchEvent::Synced));
    assert_eq!(seen.known(), Some(names(&["b"])));
    for event in [WatchEvent::ListStarted, WatchEvent::Undecodable { reason: String::new() }] {
        seen.take(event);
    }
    assert!(seen.take(WatchEvent::Synced));
    assert_eq!(seen.known(), Some(names(&["b"])));
    assert!(seen.take(gone("b")) && !seen.take(gone("b")));
    assert_eq!(seen.known(), Some(names(&[])));
}
