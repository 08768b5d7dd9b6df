//! What is said of rights that are there, that are missing, and of which it cannot be told.

use super::super::finding::Verdict;
use super::*;
use crate::cluster::resource::Resource;

fn names(names: &[&str]) -> BTreeSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn need(verb: &'static str, places: Places, weight: Weight) -> Need {
    let resource = Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        singular: String::new(),
        short_names: Vec::new(),
        namespaced: true,
        verbs: Vec::new(),
    };
    let rules = ["test/a", "test/b", "test/c", "test/d"].map(str::to_owned).into();
    Need { question: Question::new(verb, &Arc::new(resource)), places, weight, rules }
}

#[test]
fn each_way_to_hold_a_right_or_to_lack_it_has_its_words() {
    let places = names(&["a", "b", "c", "d", "e"]);
    let (some, none) = (Places::Namespaces(places.clone()), Places::Namespaces(names(&[])));
    let in_some = |names: &[&str]| Held::InNamespaces(self::names(names));
    let missing = |names: &[&str]| Held::MissingIn(self::names(names));
    let essential = Weight::Essential;
    for (places_needed, weight, held, verdict, what) in [
        (&some, essential, Held::InTheCluster, Verdict::Ok, "get on pods, in the whole cluster"),
        (
            &some,
            essential,
            Held::InNamespaces(places),
            Verdict::Ok,
            "in all 5 namespaces that the rules select",
        ),
        (
            &some,
            essential,
            in_some(&["a"]),
            Verdict::Ok,
            "in 1 of 5 namespaces that the rules select; the others",
        ),
        (
            &some,
            essential,
            missing(&["a", "b", "c", "d"]),
            Verdict::Fail,
            "not permitted in a, b, c and 1 more; needed by test/a, test/b, test/c and 1 more",
        ),
        (&Places::Cluster, essential, missing(&[]), Verdict::Fail, "get on pods is not permitted; needed by"),
        (&none, essential, Held::Nowhere, Verdict::Warn, "no namespace is there yet that test/a"),
        (&some, Weight::Controller, missing(&["a"]), Verdict::Warn, "not permitted in a: what these control"),
        (&Places::Cluster, Weight::Comfort, missing(&[]), Verdict::Warn, "get on pods is not permitted: "),
    ] {
        let found = findings(&[need("get", places_needed.clone(), weight)], std::slice::from_ref(&held));
        let [finding] = &found[..] else { panic!("{found:?}") };
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert!(finding.what.contains(what), "{finding:?}");
        assert_eq!(finding.advice.is_some(), verdict != Verdict::Ok, "{finding:?}");
        assert_eq!(finding.grants.is_empty(), verdict == Verdict::Ok, "{finding:?}");
        assert_eq!(finding.passing, verdict == Verdict::Fail, "{finding:?}");
    }
}

#[test]
fn rights_that_are_held_alike_are_told_in_one_line() {
    let needs = ["list", "watch", "delete"].map(|verb| need(verb, Places::Cluster, Weight::Essential));
    let lacking = Held::MissingIn(BTreeSet::new());
    let found = findings(&needs, &[Held::InTheCluster, Held::InTheCluster, lacking]);
    let told: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("list, watch on pods,") && told[1].starts_with("delete on pods is"),
        "{told:?}"
    );
    assert_eq!(
        found[1].advice.as_deref(),
        Some("grant - { apiGroups: [\"\"], resources: [pods], verbs: [delete] }")
    );
}
