//! What a name under `watch` means: as kubectl resolves it, but never by chance.

use std::sync::Arc;

use k8s_healer::cluster::discovery::Catalogue;
use k8s_healer::cluster::resolve::Resolution;
use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::rule::WatchTarget;

use crate::wire::resource;

fn with(mut resource: Resource, short_names: &[&str], verbs: &[&str]) -> Arc<Resource> {
    resource.short_names = short_names.iter().map(ToString::to_string).collect();
    resource.verbs = verbs.iter().map(ToString::to_string).collect();
    Arc::new(resource)
}

/// A cluster in which groups claim each other's names.
fn catalogue() -> Catalogue {
    let all = ["get", "list", "watch", "delete"];
    let machine = || resource("kubevirt.io", "v1", "VirtualMachine", "virtualmachines", true);
    let old_machine = resource("kubevirt.io", "v1alpha3", "VirtualMachine", "virtualmachines", true);
    Catalogue {
        resources: vec![
            with(resource("", "v1", "Pod", "pods", true), &["po"], &all),
            with(resource("", "v1", "Event", "events", true), &["ev"], &all),
            with(resource("", "v1", "Binding", "bindings", true), &[], &["create"]),
            with(resource("events.k8s.io", "v1", "Event", "events", true), &["ev"], &all),
            with(resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", true), &[], &["get", "list"]),
            with(resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", false), &["sc"], &all),
            with(machine(), &["vm", "vms"], &all),
            with(resource("networking.k8s.io", "v1", "Ingress", "ingresses", true), &["ing"], &all),
            with(resource("config.openshift.io", "v1", "Ingress", "ingresses", false), &[], &all),
            with(resource("one.io", "v1", "Thing", "things", true), &["th"], &all),
            with(resource("other.io", "v1", "Thorn", "thorns", true), &["th"], &all),
            with(resource("a.io", "v1", "Widget", "widgets", true), &["gadget"], &all),
            with(resource("a.io", "v1", "Gadget", "gadgets", true), &[], &all),
        ],
        other_versions: vec![with(old_machine, &["vm", "vms"], &all)],
        ..Catalogue::default()
    }
}

fn named(text: &str) -> WatchTarget {
    let (name, group) =
        text.split_once('.').map_or((text, None), |(name, group)| (name, Some(group.to_owned())));
    WatchTarget::Resource { name: name.to_owned(), group }
}

fn kind(group: &str, version: &str, kind: &str) -> WatchTarget {
    WatchTarget::Kind { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
}

fn found(target: &WatchTarget) -> String {
    match catalogue().resolve(target) {
        Resolution::Found(resource) => format!("{} {}", resource.name(), resource.version),
        other => format!("{other:?}"),
    }
}

#[test]
fn plural_singular_short_name_and_kind_all_name_a_resource_in_any_case() {
    for text in ["virtualmachines", "virtualmachine", "vm", "vms", "VirtualMachine", "VIRTUALMACHINES", "Vm"]
    {
        assert_eq!(found(&named(text)), "virtualmachines.kubevirt.io v1", "{text}");
    }
}

#[test]
fn a_group_a_version_and_the_beginning_of_a_group_may_follow() {
    for (text, expected) in [
        ("vm.kubevirt.io", "virtualmachines.kubevirt.io v1"),
        ("virtualmachines.v1alpha3.kubevirt.io", "virtualmachines.kubevirt.io v1alpha3"),
        ("VirtualMachine.v1.kubevirt.io", "virtualmachines.kubevirt.io v1"),
        ("pods.v1.", "pods v1"),
        ("pods.", "pods v1"),
        ("storageclass.storage", "storageclasses.storage.k8s.io v1"),
        ("events.events.k8s.io", "events.events.k8s.io v1"),
        ("ingresses.networking.k8s.io", "ingresses.networking.k8s.io v1"),
    ] {
        assert_eq!(found(&named(text)), expected, "{text}");
    }
    for text in
        ["vm.v2.kubevirt.io", "vm.virt.io", "nothing", "nothing.kubevirt.io", "pods.v2.", "", ".", "*"]
    {
        assert_eq!(found(&named(text)), "Absent", "{text}");
    }
}

#[test]
fn a_version_that_is_written_is_the_one_that_is_spoken() {
    assert_eq!(found(&kind("kubevirt.io", "v1", "VirtualMachine")), "virtualmachines.kubevirt.io v1");
    assert_eq!(
        found(&kind("kubevirt.io", "v1alpha3", "virtualmachine")),
        "virtualmachines.kubevirt.io v1alpha3"
    );
    assert_eq!(found(&kind("", "v1", "Pod")), "pods v1");
    for target in
        [kind("kubevirt.io", "v2", "VirtualMachine"), kind("", "v1", "VirtualMachine"), kind("", "", "")]
    {
        assert_eq!(found(&target), "Absent");
    }
}

#[test]
fn the_core_group_wins_and_what_cannot_be_watched_does_not_compete() {
    assert_eq!(found(&named("events")), "events v1");
    assert_eq!(found(&named("ev")), "events v1");
    assert_eq!(found(&named("pods")), "pods v1");
}

#[test]
fn a_name_that_two_groups_serve_must_be_written_with_its_group() {
    let ambiguous = |names: [&str; 2]| Resolution::Ambiguous(names.map(str::to_owned).to_vec());
    for (text, expected) in [
        ("ingresses", ambiguous(["ingresses.config.openshift.io", "ingresses.networking.k8s.io"])),
        ("Ingress", ambiguous(["ingresses.config.openshift.io", "ingresses.networking.k8s.io"])),
        ("th", ambiguous(["things.one.io", "thorns.other.io"])),
    ] {
        assert_eq!(catalogue().resolve(&named(text)), expected, "{text}");
    }
    assert_eq!(found(&named("ing")), "ingresses.networking.k8s.io v1");
    assert_eq!(found(&named("th.one.io")), "things.one.io v1");
}

#[test]
fn within_one_group_a_name_of_its_own_counts_more_than_a_short_name() {
    assert_eq!(found(&named("gadget")), "gadgets.a.io v1");
}

#[test]
fn what_cannot_be_watched_says_which_verbs_are_missing() {
    for (target, missing) in [
        (named("bindings"), vec!["list", "watch"]),
        (named("pods.metrics.k8s.io"), vec!["watch"]),
        (kind("metrics.k8s.io", "v1beta1", "PodMetrics"), vec!["watch"]),
    ] {
        let Resolution::NotWatchable { missing: said, .. } = catalogue().resolve(&target) else {
            panic!("{target}")
        };
        assert_eq!(said, missing);
    }
}
