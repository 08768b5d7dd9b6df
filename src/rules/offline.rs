//! Which kinds a name stands for where no cluster can be asked: in a test, and in a dump. Kubernetes' own kinds
//! and those of KubeVirt are known; any other is known by the `CustomResourceDefinition` among the objects, else
//! by an object's own `apiVersion` and `kind`, from which its plural is derived as kubectl does it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_healer_engine::rule::WatchTarget;
use serde_json::Value;

use super::kinds::{self, is_group};

/// A kind of the objects at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Empty for the core group.
    pub group: String,
    /// `VirtualMachine`.
    pub kind: String,
    /// `virtualmachines`.
    pub plural: String,
    /// `virtualmachine`, `vm`, `vms`.
    names: Vec<String>,
    /// Whether its objects lie in namespaces; `None`: that is for each object to say.
    pub namespaced: Option<bool>,
}

impl Kind {
    /// As it is watched: `virtualmachines.kubevirt.io`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What else it is called: its singular, its short names, its kind.
    #[must_use]
    pub fn other_names(&self) -> Vec<String> {
        self.names.iter().chain([&self.kind]).cloned().collect()
    }

    /// Whether a server watches it: reviews, bindings and what is computed at each look are not.
    #[must_use]
    pub fn is_watchable(&self) -> bool {
        const GROUPS: [&str; 5] = [
            "authentication.k8s.io",
            "authorization.k8s.io",
            "custom.metrics.k8s.io",
            "external.metrics.k8s.io",
            "metrics.k8s.io",
        ];
        let is_of_core = || self.group.is_empty() && ["Binding", "ComponentStatus"].contains(&&*self.kind);
        !GROUPS.contains(&self.group.as_str()) && !is_of_core()
    }

    fn is_meant_by(&self, target: &WatchTarget) -> bool {
        match target {
            WatchTarget::Resource { name, group } => {
                let same = |own: &String| own.eq_ignore_ascii_case(name);
                ([&self.plural, &self.kind].into_iter().chain(&self.names).any(same))
                    && group.as_deref().is_none_or(|group| is_group(group, &self.group))
            }
            WatchTarget::Kind { group, kind, .. } => self.group == *group && self.kind == *kind,
            WatchTarget::Every { group } => group.as_ref().is_none_or(|group| *group == self.group),
            WatchTarget::Except(_) => false,
        }
    }
}

/// The kinds of some objects.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    known: Vec<Kind>,
    /// Resources and their groups that rules name, for plurals that cannot be derived.
    named: BTreeSet<(String, String)>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A kind, by its index.
    Kind(usize),
    /// No object is of such a kind.
    Absent,
    /// Several groups have it: a rule that names it so is left out.
    Ambiguous(&'a str, &'a str),
}

/// What a `watch` list means.
#[derive(Clone, Debug, Default)]
pub struct Watched<'k, 't> {
    /// The kinds, and whether the list names them, and does not come to them by a wildcard alone.
    pub kinds: BTreeMap<usize, bool>,
    /// Names that several groups have, with two of these.
    pub ambiguous: Vec<(&'t WatchTarget, &'k str, &'k str)>,
}

impl Kinds {
    /// None yet; the names that rules watch help to tell the plural of a kind that nobody knows.
    #[must_use]
    pub fn named_by<'a>(targets: impl IntoIterator<Item = &'a WatchTarget>) -> Self {
        let named = targets.into_iter().filter_map(|target| match target {
            WatchTarget::Resource { name, group: Some(group) } => Some((name.clone(), group.clone())),
            _ => None,
        });
        Self { known: Vec::new(), named: named.collect() }
    }

    /// All of them, by their indices.
    #[must_use]
    pub fn all(&self) -> &[Kind] {
        &self.known
    }

    /// The index of a kind; `None`: it is not known.
    #[must_use]
    pub fn of(&self, api_version: &str, kind: &str) -> Option<usize> {
        let group = group_of(api_version);
        self.known.iter().position(|known| known.kind == kind && known.group == group)
    }

    /// The same; it is known from here on.
    pub fn add(&mut self, api_version: &str, kind: &str) -> usize {
        if let Some(known) = self.of(api_version, kind) {
            return known;
        }
        let group = group_of(api_version);
        self.known.push(kinds::of_group(group, kind).unwrap_or_else(|| self.derived(group, kind)));
        self.known.len() - 1
    }

    /// Takes in the kind that a `CustomResourceDefinition` defines; call it before objects of that kind come.
    pub fn define(&mut self, definition: &Value) {
        let Some(defined) = defined(definition) else { return };
        match self.known.iter_mut().find(|known| known.kind == defined.kind && known.group == defined.group) {
            Some(known) => *known = defined,
            None => self.known.push(defined),
        }
    }

    /// What a name stands for: as on a cluster that serves just the kinds of these objects, and Kubernetes' own.
    #[must_use]
    pub fn meaning(&self, target: &WatchTarget) -> Meaning<'_> {
        let meant: Vec<usize> =
            (0..self.known.len()).filter(|index| self.known[*index].is_meant_by(target)).collect();
        let core = || meant.iter().find(|index| self.known[**index].group.is_empty());
        match meant.as_slice() {
            [] => Meaning::Absent,
            // `events` are those of the core group, whether there are any or not.
            [one] => match kinds::resolve(target).known() {
                Some(known) if known.group != self.known[*one].group => Meaning::Absent,
                _ => Meaning::Kind(*one),
            },
            [first, second, ..] => match core() {
                Some(core) => Meaning::Kind(*core),
                None => Meaning::Ambiguous(&self.known[*first].group, &self.known[*second].group),
            },
        }
    }

    /// Whether a name may come to stand for a kind once all kinds are known; that a well-known kind is called
    /// otherwise is known at once.
    #[must_use]
    pub fn may_mean(&self, target: &WatchTarget, index: usize) -> bool {
        let kind = &self.known[index];
        let is_well_known = kinds::of_group(&kind.group, &kind.kind).is_some();
        match target {
            WatchTarget::Resource { group, .. } if !is_well_known => {
                group.as_deref().is_none_or(|group| is_group(group, &kind.group))
            }
            target => kind.is_meant_by(target),
        }
    }

    /// Which kinds a `watch` list means, each once: those that it names, and those that wildcards stand for.
    #[must_use]
    pub fn watched<'k, 't>(&'k self, targets: &'t [WatchTarget]) -> Watched<'k, 't> {
        let excluded: BTreeSet<usize> = targets
            .iter()
            .filter_map(|target| match target {
                WatchTarget::Except(target) => Some(target),
                _ => None,
            })
            .flat_map(|target| (0..self.known.len()).filter(|index| self.known[*index].is_meant_by(target)))
            .collect();
        let mut watched = Watched::default();
        for target in targets {
            match target {
                WatchTarget::Except(_) => {}
                WatchTarget::Every { .. } => {
                    let meant = (0..self.known.len()).filter(|index| self.known[*index].is_meant_by(target));
                    for index in meant.filter(|index| !excluded.contains(index)) {
                        watched.kinds.entry(index).or_insert(false);
                    }
                }
                _ => match self.meaning(target) {
                    Meaning::Kind(index) if !excluded.contains(&index) => {
                        watched.kinds.insert(index, true);
                    }
                    Meaning::Kind(_) | Meaning::Absent => {}
                    Meaning::Ambiguous(first, second) => watched.ambiguous.push((target, first, second)),
                },
            }
        }
        watched
    }

    fn derived(&self, group: &str, kind: &str) -> Kind {
        let singular = kind.to_lowercase();
        let plurals = plurals(&singular);
        let flat = |name: &str| name.replace('-', "");
        let is_named = |(name, of): &&(String, String)| {
            is_group(of, group) && (plurals.contains(&flat(name)) || flat(name) == singular)
        };
        let named = self.named.iter().find(is_named).map(|(name, _)| name.clone());
        let plural = named.or_else(|| plurals.into_iter().next()).unwrap_or_else(|| singular.clone());
        Kind {
            group: group.to_owned(),
            kind: kind.to_owned(),
            plural,
            names: vec![singular],
            namespaced: None,
        }
    }
}

/// What a plural may look like; the first is what it most likely is.
fn plurals(singular: &str) -> Vec<String> {
    let [plain, hissing] = ["s", "es"].map(|end| format!("{singular}{end}"));
    let ends = |ends: &[&str]| ends.iter().any(|end| singular.ends_with(end));
    match singular.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        Some(stem) => vec![format!("{stem}ies"), plain],
        None if ends(&["s", "x", "z", "ch", "sh"]) => vec![hissing, plain, singular.to_owned()],
        None => vec![plain, hissing],
    }
}

fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

fn defined(definition: &Value) -> Option<Kind> {
    let spec = definition.get("spec")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let names = spec.get("names")?;
    let (group, kind) = (text(spec.get("group"))?, text(names.get("kind"))?);
    let short = names.get("shortNames").and_then(Value::as_array).into_iter().flatten();
    let singular = text(names.get("singular")).unwrap_or_else(|| kind.to_lowercase());
    Some(Kind {
        group,
        plural: text(names.get("plural"))?,
        names: short.filter_map(|name| text(Some(name))).chain([singular]).collect(),
        namespaced: spec.get("scope").and_then(Value::as_str).map(|scope| scope == "Namespaced"),
        kind,
    })
}

impl From<&'static kinds::Kind> for Kind {
    fn from(known: &'static kinds::Kind) -> Self {
        Self {
            group: known.group.to_owned(),
            kind: known.name.to_owned(),
            plural: known.plural.to_owned(),
            names: known.short.iter().chain([&known.singular]).map(ToString::to_string).collect(),
            namespaced: Some(known.namespaced),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::watch::parse;
    use serde_json::json;

    fn kinds(objects: &[(&str, &str)], watched: &[&str]) -> Kinds {
        let targets: Vec<WatchTarget> = watched.iter().map(|text| parse(text).unwrap()).collect();
        let mut kinds = Kinds::named_by(&targets);
        for (api_version, kind) in objects {
            kinds.add(api_version, kind);
        }
        kinds
    }

    fn meaning(kinds: &Kinds, target: &str) -> String {
        match kinds.meaning(&parse(target).unwrap()) {
            Meaning::Kind(index) => kinds.all()[index].resource(),
            Meaning::Absent => "absent".to_owned(),
            Meaning::Ambiguous(first, second) => format!("{first} or {second}"),
        }
    }

    #[test]
    fn kinds_that_are_known_have_their_short_names_and_others_a_derived_plural() {
        let objects = [
            ("v1", "Pod"),
            ("kubevirt.io/v1", "VirtualMachine"),
            ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"),
            ("example.com/v1", "Widget"),
            ("example.com/v1", "Policy"),
            ("example.com/v1", "Gateway"),
            ("example.com/v1", "Box"),
        ];
        let kinds = kinds(&objects, &[]);
        for (target, resource) in [
            ("po", "pods"),
            ("vms", "virtualmachines.kubevirt.io"),
            ("VirtualMachine", "virtualmachines.kubevirt.io"),
            ("Pod", "pods"),
            ("NetworkAttachmentDefinition", "network-attachment-definitions.k8s.cni.cncf.io"),
            ("Widget", "widgets.example.com"),
            ("kubevirt.io/v1/VirtualMachine", "virtualmachines.kubevirt.io"),
            ("net-attach-def", "network-attachment-definitions.k8s.cni.cncf.io"),
            ("widgets.example.com", "widgets.example.com"),
            ("widget", "widgets.example.com"),
            ("widgets.v1.example.com", "widgets.example.com"),
            ("example.com/v2/Widget", "widgets.example.com"),
            ("policies", "policies.example.com"),
            ("gateways", "gateways.example.com"),
            ("boxes", "boxes.example.com"),
            ("widgets.other.com", "absent"),
            ("deployments", "absent"),
        ] {
            assert_eq!(meaning(&kinds, target), resource, "{target}");
        }
    }

    #[test]
    fn the_plural_that_a_rule_names_is_believed_and_a_definition_most_of_all() {
        let mut kinds = kinds(&[("example.com/v1", "BigBox")], &["big-boxes.example.com"]);
        assert_eq!(meaning(&kinds, "big-boxes.example.com"), "big-boxes.example.com");
        kinds.define(&json!({"spec": {"group": "example.com", "scope": "Cluster", "names": {
            "kind": "BigBox", "plural": "boxen", "singular": "bigbox", "shortNames": ["bb"]}}}));
        assert_eq!(meaning(&kinds, "bb"), "boxen.example.com");
        assert_eq!(kinds.all()[0].namespaced, Some(false));
        kinds.define(&json!({"spec": {"names": 5}}));
        assert_eq!(kinds.all().len(), 1);
    }

    #[test]
    fn a_name_of_several_groups_is_ambiguous_unless_the_core_group_has_it() {
        let both = kinds(&[("a.com/v1", "Widget"), ("b.com/v1", "Widget")], &[]);
        assert_eq!(meaning(&both, "widgets"), "a.com or b.com");
        assert_eq!(meaning(&both, "widgets.b.com"), "widgets.b.com");
        let core = kinds(&[("example.com/v1", "Pod"), ("v1", "Pod")], &[]);
        assert_eq!(meaning(&core, "pods"), "pods");
        let other = kinds(&[("example.com/v1", "Pod")], &[]);
        assert_eq!(meaning(&other, "pods"), "absent", "every cluster has pods of its own");
    }

    #[test]
    fn a_wildcard_stands_for_all_kinds_of_a_group_but_those_that_are_excluded() {
        let objects = [
            ("v1", "Pod"),
            ("v1", "Node"),
            ("kubevirt.io/v1", "VirtualMachine"),
            ("kubevirt.io/v1", "VirtualMachineInstance"),
        ];
        let kinds = kinds(&objects, &[]);
        for (watch, resources) in [
            (&["*"][..], "nodes? pods? virtualmachineinstances.kubevirt.io? virtualmachines.kubevirt.io?"),
            (&["*", "nodes", "!vmi"], "nodes pods? virtualmachines.kubevirt.io?"),
            (&["*.kubevirt.io"], "virtualmachineinstances.kubevirt.io? virtualmachines.kubevirt.io?"),
            (&["*.kubevirt.io", "!*.kubevirt.io", "pods"], "pods"),
        ] {
            let targets: Vec<WatchTarget> = watch.iter().map(|text| parse(text).unwrap()).collect();
            let mut found: Vec<String> = Vec::new();
            for (index, is_named) in kinds.watched(&targets).kinds {
                found.push(format!("{}{}", kinds.all()[index].resource(), if is_named { "" } else { "?" }));
            }
            found.sort();
            assert_eq!(found.join(" "), resources, "{watch:?}");
        }
    }
}
