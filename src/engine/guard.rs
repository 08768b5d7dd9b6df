//! The protections that no rule can lift (DESIGN 5.5): system namespaces, system pods, what guardrails add, and
//! whatever carries `k8s-healer.io/protect` or a `k8s-healer.io/keep-until` in the future, itself, on its
//! namespace or on a controlling ancestor. Pure: the caller reads these objects live and hands them in.

use jiff::Timestamp;
use serde_json::Value;

use crate::guardrails::{Guardrails, SYSTEM_OWNERS};
use crate::observation::Observation;
use crate::projection::Projection;
use crate::values::{Globs, TimeFormat, parse_time};

/// Whatever its value, as label or annotation.
pub const PROTECT: &str = "k8s-healer.io/protect";
/// A time; in the future, or unreadable, it protects.
pub const KEEP_UNTIL: &str = "k8s-healer.io/keep-until";

/// Namespaces in which nothing is ever written.
pub const SYSTEM_NAMESPACES: &[&str] =
    &["kube-*", "openshift", "openshift-*", "kubevirt", "kubevirt-hyperconverged", "cdi"];

/// Priority of system classes starts here; kubevirt-cluster-critical is exactly this (by value, since
/// classes can be named anything).
const SYSTEM_PRIORITY: i64 = 1_000_000_000;

/// Kinds that a whole cluster stands on: a rule that names one means it, a wildcard does not.
const KEY_KINDS: [&str; 5] =
    ["nodes", "namespaces", PROJECTS, "persistentvolumes", "customresourcedefinitions.apiextensions.k8s.io"];

/// What `OpenShift` serves namespaces as: to delete one is to delete the namespace.
const PROJECTS: &str = "projects.project.openshift.io";

/// Whether objects of this resource are namespaces, under whichever name.
pub(crate) fn is_namespace(resource: &str) -> bool {
    matches!(resource, "namespaces" | PROJECTS)
}

/// Set by the kubelet on the API server's picture of a static pod; deleting it does nothing useful.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What the guard must know of the daemon itself.
#[derive(Clone, Debug, Default)]
pub struct Itself {
    /// The namespace that it runs in, if it runs in the cluster.
    pub namespace: Option<String>,
    /// The namespaces that it was told to work in.
    pub reach: Reach,
}

/// Namespaces that the daemon works in, of those that its rules select.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// None but these; `None`: any.
    pub only: Option<Globs>,
    /// And not these.
    pub excluded: Option<Globs>,
}

impl Reach {
    /// Whether nothing in this namespace is looked at or touched.
    #[must_use]
    pub fn leaves_out(&self, namespace: &str) -> bool {
        self.excluded.as_ref().is_some_and(|globs| globs.matches(namespace))
            || self.only.as_ref().is_some_and(|globs| !globs.matches(namespace))
    }

    /// Whether nothing is looked at or touched that lies in no namespace: who names namespaces means what is in
    /// them, and not the namespaces themselves.
    #[must_use]
    pub fn leaves_out_the_cluster(&self) -> bool {
        self.only.is_some()
    }
}

/// The object that something is about to be done to, and what stands above it; all read live.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its resource: `pods`, `virtualmachines.kubevirt.io`.
    pub resource: &'a str,
    /// Whether the rule names this kind, and does not come to it by a wildcard alone.
    pub is_named: bool,
    /// What else it is called: its singular, its short names, its kind.
    pub names: &'a [&'a str],
    /// The whole object.
    pub object: &'a Observation,
    /// Its Namespace; `None` for cluster-scoped objects.
    pub namespace: Option<&'a Observation>,
    /// Its controlling ancestors, the nearest first, with what to call them.
    pub ancestors: &'a [(String, Observation)],
}

/// Adds what the protections and preconditions read of an object.
pub fn reads(projection: &mut Projection) {
    reads_of_metadata(projection);
    projection.read_members(&["spec", "priority"]);
}

/// The same of an object that is no pod: its metadata alone.
pub fn reads_of_metadata(projection: &mut Projection) {
    // All of them: guardrails that come into force before the object is acted on may ask for any.
    projection.read_members(&["metadata", "labels"]);
    for mark in [PROTECT, KEEP_UNTIL] {
        projection.read_members(&["metadata", "annotations", mark]);
    }
    projection.read_members(&["metadata", "annotations", MIRROR]);
    projection.read_members(&["metadata", "ownerReferences"]);
    projection.read_members(&["metadata", "finalizers"]);
}

/// Why nothing may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// `the annotation k8s-healer.io/protect of namespace test-a`.
    pub by: String,
    /// When to look again.
    pub until: LookAgain,
}

/// When a protection may have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookAgain {
    /// When the object changes: the protection is its own.
    WhenItChanges,
    /// At this moment, until which it is kept; and when the object changes, since it may be lifted before.
    At(Timestamp),
    /// After a while: the protection is another object's, whose changes are not watched. It ends by this moment at the
    /// latest, if it says so.
    Later(Option<Timestamp>),
}

/// The first protection that holds the subject back, if any.
#[must_use]
pub fn protection(
    subject: &Subject<'_>,
    itself: &Itself,
    guardrails: &Guardrails,
    now: Timestamp,
) -> Option<Held> {
    PROTECTIONS.iter().find_map(|protection| protection(subject, itself, guardrails, now))
}

/// All protections that hold the subject back, the first of each sort: whoever lifts one meets the next.
#[must_use]
pub fn protections(
    subject: &Subject<'_>,
    itself: &Itself,
    guardrails: &Guardrails,
    now: Timestamp,
) -> Vec<Held> {
    PROTECTIONS.iter().filter_map(|protection| protection(subject, itself, guardrails, now)).collect()
}

type Protection = fn(&Subject<'_>, &Itself, &Guardrails, Timestamp) -> Option<Held>;

/// In the order in which they are told.
const PROTECTIONS: &[Protection] = &[
    |subject, itself, guardrails, _| {
        let namespace = protected_namespace(subject, itself, guardrails)?;
        its_own(format!("the protected namespace {namespace}"))
    },
    |subject, itself, _, _| {
        let is_left_out = subject.object.namespace().is_none() && itself.reach.leaves_out_the_cluster();
        if is_left_out { its_own("being in none of the namespaces that were named".to_owned()) } else { None }
    },
    |subject, _, _, _| {
        let is_key = KEY_KINDS.contains(&subject.resource) && !subject.is_named;
        let told = || format!("its kind: only a rule that names {} acts on it", subject.resource);
        if is_key { its_own(told()) } else { None }
    },
    |subject, _, guardrails, _| {
        let by = if subject.resource == "pods" { system_pod(subject.object, guardrails) } else { None };
        by.and_then(its_own)
    },
    |subject, _, guardrails, _| guardrails.protection(subject),
    |subject, _, _, now| {
        let Mark { name: mark, detail, until } = marked(subject.object, now)?;
        Some(Held { by: mark + detail, until: until.map_or(LookAgain::WhenItChanges, LookAgain::At) })
    },
    |subject, _, _, now| marked_above(subject, now),
];

#[expect(clippy::unnecessary_wraps, reason = "as a protection answers")]
fn its_own(by: String) -> Option<Held> {
    Some(Held { by, until: LookAgain::WhenItChanges })
}

fn protected_namespace<'a>(
    subject: &Subject<'a>,
    itself: &Itself,
    guardrails: &Guardrails,
) -> Option<&'a str> {
    let own = is_namespace(subject.resource).then(|| subject.object.name());
    let namespace = subject.object.namespace().or(own)?;
    let system = Globs::parse(SYSTEM_NAMESPACES).is_ok_and(|globs| globs.matches(namespace))
        && !guardrails.lift_namespace(namespace);
    let home = itself.namespace.as_deref() == Some(namespace);
    (system || home || itself.reach.leaves_out(namespace)).then_some(namespace)
}

fn system_pod(pod: &Observation, guardrails: &Guardrails) -> Option<String> {
    let priority = pod.object().get("spec").and_then(|spec| spec.get("priority")).and_then(Value::as_i64);
    if let Some(priority) = priority.filter(|priority| *priority >= SYSTEM_PRIORITY) {
        return Some(format!("its priority {priority}"));
    }
    if pod.annotation(MIRROR).is_some() {
        return Some("being a mirror pod".to_owned());
    }
    let protects = |kind: &str| SYSTEM_OWNERS.contains(&kind) && !guardrails.lift_owner(kind);
    let owner = pod.owners().into_iter().find(|owner| protects(owner.kind))?;
    Some(format!("being a pod of {} {}", owner.kind, owner.name))
}

fn marked_above(subject: &Subject<'_>, now: Timestamp) -> Option<Held> {
    let namespace = subject.namespace.map(|namespace| (format!("namespace {}", namespace.name()), namespace));
    let ancestors = subject.ancestors.iter().map(|(name, object)| (name.clone(), object));
    namespace.into_iter().chain(ancestors).find_map(|(name, object)| {
        let Mark { name: mark, detail, until } = marked(object, now)?;
        Some(Held { by: format!("{mark} of {name}{detail}"), until: LookAgain::Later(until) })
    })
}

/// A mark that protects what carries it.
struct Mark {
    /// `the label k8s-healer.io/protect`.
    name: String,
    /// What is told behind whose it is.
    detail: &'static str,
    /// Until when, where it says so readably.
    until: Option<Timestamp>,
}

/// The mark that protects an object.
fn marked(object: &Observation, now: Timestamp) -> Option<Mark> {
    let of = |name, until| Some(Mark { name, detail: "", until });
    if has_key(object, "labels", PROTECT) {
        return of(format!("the label {PROTECT}"), None);
    }
    if has_key(object, "annotations", PROTECT) {
        return of(format!("the annotation {PROTECT}"), None);
    }
    // A label cannot hold the colons of RFC 3339.
    for (field, word, formats) in
        [("annotations", "annotation", &[][..]), ("labels", "label", &[TimeFormat::Compact][..])]
    {
        let Some(value) = value_of(object, field, KEEP_UNTIL) else { continue };
        match value.as_str().and_then(|text| parse_time(text, formats)) {
            Some(until) if until <= now => {}
            Some(until) => return of(format!("the {word} {KEEP_UNTIL} ({until})"), Some(until)),
            None => {
                let detail = ", whose time cannot be read";
                return Some(Mark { name: format!("the {word} {KEEP_UNTIL}"), detail, until: None });
            }
        }
    }
    None
}

fn value_of<'a>(object: &'a Observation, field: &str, key: &str) -> Option<&'a Value> {
    object.object().get("metadata")?.get(field)?.get(key)
}

fn has_key(object: &Observation, field: &str, key: &str) -> bool {
    value_of(object, field, key).is_some()
}

#[cfg(test)]
mod tests;
