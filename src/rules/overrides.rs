//! Documents of kind RuleOverride: they switch rules off, or change their mode, their parameters or where they
//! look, by `pack/rule` or for a whole pack. What is confined to fewer namespaces counts less than what is not; of the
//! rest, what is said of a rule counts more than what is said of its pack. `--set` counts more than all of them; two
//! that say something of the same are an error.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_healer_engine::descriptor::{Key, ValueKind};
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::Globs;

use super::code::Code;
use super::diagnostic::{Collector, Diagnostic, Place, quoted};
use super::lowering::{Fields, Keys, Lowering};
use super::node::{Data, Entry, Node};
use super::suggest;
use super::texts::Confinement;

pub(super) const OVERRIDE: &str = "RuleOverride";
pub(super) const DOCUMENT_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "overrides"];

/// An entry of `overrides`; the schema has `parameters` in a form of its own.
pub(super) const ENTRY: &[Key] = &[
    Key::optional("rule", ValueKind::Text, "The rule, by `pack/rule`.", "kubevirt-ui/vm-stale"),
    Key::optional("pack", ValueKind::Text, "All rules of a pack.", "kubevirt-ui"),
    Key::optional("enabled", ValueKind::Bool, "Whether the rule runs at all.", "false").or("true"),
    Key::optional(
        "mode",
        ValueKind::Choice(Mode::NAMES),
        "What it may do; the daemon's own mode can only weaken it.",
        "observe",
    ),
    Key::optional(
        "namespaces",
        ValueKind::Globs,
        "Where it looks, instead of what it says itself.",
        "[test-a, test-b]",
    ),
    Key::optional(
        "parameters",
        ValueKind::Data,
        "Values of its pack's parameters, for it alone.",
        "{ staleAge: 10m }",
    ),
];

/// What an entry can change of a rule.
pub(super) const CHANGES: &[&str] = &["enabled", "mode", "namespaces", "parameters"];

/// All overrides of a run.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    all: Vec<Override>,
}

#[derive(Debug)]
struct Override {
    /// `pack/rule`, or a pack.
    target: String,
    of_pack: bool,
    place: Place,
    changes: Vec<Change>,
    within: Confinement,
    used: Cell<bool>,
}

/// One change: a key of the rule, or `parameters.NAME`.
#[derive(Clone, Debug)]
struct Change {
    key: String,
    entry: Entry,
}

/// What is changed of one rule, or of all rules of a pack.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// `enabled`, `mode`, `namespaces`.
    keys: Vec<Entry>,
    /// What changes `namespaces`, if something does.
    pub(super) moved_by: Option<MovedBy>,
    /// Names of parameters, and their values.
    pub(super) parameters: Vec<Entry>,
}

/// The override that says where a rule looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MovedBy {
    /// It names this rule.
    Rule,
    /// It names all rules of this pack.
    Pack(String),
}

impl Changes {
    /// What switches the rule off, if something does.
    pub(super) fn switched_off_at(&self) -> Option<Place> {
        let enabled = self.keys.iter().find(|entry| entry.key.text == "enabled")?;
        let is_off = enabled.value.scalar()?.text.eq_ignore_ascii_case("false");
        is_off.then_some(enabled.value.place)
    }

    /// The rule with its changes written into it.
    pub(super) fn apply(&self, rule: Node) -> Node {
        let Data::Map(mut entries) = rule.data else { return rule };
        for change in self.keys.iter().filter(|entry| entry.key.text != "enabled") {
            let looks = change.key.text == "namespaces";
            entries
                .retain(|entry| entry.key.text != change.key.text && !(looks && entry.key.text == "scope"));
            entries.push(change.clone());
        }
        Node { data: Data::Map(entries), ..rule }
    }
}

impl Overrides {
    /// Adds those of a document; returns what it is called, and where.
    pub(super) fn add(
        &mut self,
        node: &Node,
        first: Place,
        within: &Confinement,
        lowering: &mut Lowering<'_>,
    ) -> Option<(String, Place)> {
        lowering.refuse_parameters(node, "an override has");
        let keys = Keys { of: "a RuleOverride", known: DOCUMENT_KEYS, later: &[], example: "" };
        let fields = lowering.fields(node, &keys)?;
        let name = lowering.named(node, first, fields, DOCUMENT_KEYS);
        let items = match fields.get("overrides") {
            Some(entry) => lowering.list(&entry.value, "`overrides`", "`- rule: kubevirt-ui/vm-stale`"),
            None => {
                if !Lowering::may_be_misspelt(node, "overrides", DOCUMENT_KEYS) {
                    let place = fields.get("kind").map_or(first, |kind| kind.value.place);
                    let help =
                        "write `overrides:` and a list: `- { rule: kubevirt-ui/vm-stale, enabled: false }`";
                    let message = "the override lacks `overrides`";
                    lowering.report(Diagnostic::new(Code::MissingKey, place, message).help(help));
                }
                None
            }
        };
        self.all.extend(items.into_iter().flatten().filter_map(|item| lowering.rule_override(item, within)));
        name
    }

    /// Reports what is changed twice.
    pub(super) fn check(&self, out: &mut Collector) {
        let mut known: BTreeMap<(&str, &str), Place> = BTreeMap::new();
        for one in &self.all {
            for change in &one.changes {
                let place = change.entry.key.place;
                if let Some(first) = known.insert((&one.target, &change.key), place) {
                    let message = format!(
                        "two overrides set `{}` of {}: only one can hold",
                        change.key,
                        quoted(&one.target)
                    );
                    let diagnostic =
                        Diagnostic::new(Code::Conflict, place, message).help("keep one of the two");
                    out.push(diagnostic.related(first, "the other"));
                }
            }
        }
    }

    /// What they change of a whole pack: its parameters alone, the rest reaches it rule by rule.
    pub(super) fn parameters_of_pack(&self, pack: &str, within: &Confinement) -> Vec<Entry> {
        let of_pack = self.reaching(within).filter(|one| one.of_pack && one.target == pack);
        let changes = of_pack.inspect(|one| one.used.set(true)).flat_map(|one| &one.changes);
        changes.filter(|change| change.is_parameter()).map(|change| change.entry.clone()).collect()
    }

    /// What they change of a rule.
    pub(super) fn of_rule(&self, pack: &str, rule: &str, within: &Confinement) -> Changes {
        let id = format!("{pack}/{rule}");
        let mut strongest: BTreeMap<&str, (&Override, &Change)> = BTreeMap::new();
        for one in self.reaching(within) {
            let is_meant = one.target == if one.of_pack { pack } else { id.as_str() };
            if !is_meant {
                continue;
            }
            one.used.set(true);
            for change in &one.changes {
                let known = strongest.get(change.key.as_str());
                if known.is_none_or(|(known, _)| one.strength() > known.strength()) {
                    strongest.insert(&change.key, (one, change));
                }
            }
        }
        let mut changes = Changes::default();
        for (one, change) in strongest.into_values() {
            match change.is_parameter() {
                // A pack's are set for the pack as a whole.
                true if one.of_pack => {}
                true => changes.parameters.push(change.entry.clone()),
                false => {
                    if change.key == "namespaces" {
                        changes.moved_by = Some(one.moves());
                    }
                    changes.keys.push(change.entry.clone());
                }
            }
        }
        changes
    }

    /// Those that may reach a pack: a confined one reaches what is confined by the same inputs alone.
    fn reaching<'o>(&'o self, within: &Confinement) -> impl Iterator<Item = &'o Override> + use<'o> {
        let confined = Arc::clone(within);
        let is_of = move |globs: &Arc<Globs>| confined.iter().any(|other| Arc::ptr_eq(other, globs));
        self.all.iter().filter(move |one| one.within.iter().all(&is_of))
    }

    /// Reports what hits nothing: the identity that it most likely means is named.
    pub(super) fn report_unused(&self, rules: &[(String, String)], out: &mut Collector) {
        for one in self.all.iter().filter(|one| !one.used.get()) {
            let is_meant = |(pack, rule): &(String, String)| {
                if one.of_pack { *pack == one.target } else { format!("{pack}/{rule}") == one.target }
            };
            let exists = rules.iter().any(is_meant);
            let what = if one.of_pack { "pack" } else { "rule" };
            if exists {
                let message = format!(
                    "this override is confined, and the {what} {} is none of what is confined with it",
                    quoted(&one.target)
                );
                let help = "move it to a file that is not confined, or to the pack's own folder";
                out.push(Diagnostic::new(Code::Confined, one.place, message).help(help));
                continue;
            }
            let ids: Vec<String> = rules.iter().map(|(pack, rule)| format!("{pack}/{rule}")).collect();
            let packs: Vec<&str> = rules.iter().map(|(pack, _)| pack.as_str()).collect();
            let near = if one.of_pack {
                suggest::nearest(&one.target, packs).map(str::to_owned)
            } else {
                nearest_rule(&one.target, rules, &ids)
            };
            let message = format!("no {what} is called {}", quoted(&one.target));
            let help = near.map_or_else(
                || "a rule is known as `pack/rule`; `k8s-healer show-rules` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            out.push(Diagnostic::new(Code::UnknownRule, one.place, message).help(help));
        }
    }
}

impl Override {
    /// The greater one holds: whoever wrote the file of a folder that is confined may not undo what is said of all.
    fn strength(&self) -> (Reverse<usize>, bool) {
        (Reverse(self.within.len()), !self.of_pack)
    }

    fn moves(&self) -> MovedBy {
        if self.of_pack { MovedBy::Pack(self.target.clone()) } else { MovedBy::Rule }
    }
}

impl Change {
    fn is_parameter(&self) -> bool {
        self.key.starts_with("parameters.")
    }
}

/// `vm-stale` alone means the rule of this name in whichever pack.
fn nearest_rule(target: &str, rules: &[(String, String)], ids: &[String]) -> Option<String> {
    let name = target.rsplit('/').next().unwrap_or(target);
    let same = rules.iter().find(|(_, rule)| rule == name);
    let near = || suggest::nearest(target, ids.iter().map(String::as_str)).map(str::to_owned);
    let by_name = || {
        let near = suggest::nearest(name, rules.iter().map(|(_, rule)| rule.as_str()))?;
        rules.iter().find(|(_, rule)| rule == near)
    };
    let shown = |(pack, rule): &(String, String)| format!("{pack}/{rule}");
    near().or_else(|| same.map(shown)).or_else(|| by_name().map(shown))
}

impl Lowering<'_> {
    fn rule_override(&mut self, item: &Node, within: &Confinement) -> Option<Override> {
        let names: Vec<&str> = ENTRY.iter().map(|key| key.name).collect();
        let example = "`{ rule: kubevirt-ui/vm-stale, enabled: false }`";
        let fields = self.fields(item, &Keys { of: "an override", known: &names, later: &[], example })?;
        let (target, of_pack) = match (fields.get("rule"), fields.get("pack")) {
            (Some(rule), None) => (rule, false),
            (None, Some(pack)) => (pack, true),
            (Some(rule), Some(pack)) => {
                let message = "`rule` names one rule, `pack` all of a pack: only one can hold";
                let diagnostic =
                    Diagnostic::new(Code::Conflict, pack.key.place, message).help("keep one of the two");
                self.report(diagnostic.related(rule.key.place, "the other"));
                return None;
            }
            (None, None) => {
                if !Self::may_be_misspelt(item, "rule", &names)
                    && !Self::may_be_misspelt(item, "pack", &names)
                {
                    let place =
                        item.entries().and_then(<[_]>::first).map_or(item.place, |first| first.key.place);
                    let help = "write `rule: kubevirt-ui/vm-stale`, or `pack: kubevirt-ui`";
                    let message = "the override names no rule";
                    self.report(Diagnostic::new(Code::MissingKey, place, message).help(help));
                }
                return None;
            }
        };
        let text = self.text(
            &target.value,
            ValueKind::Text,
            &format!("`{}`", target.key.text),
            "kubevirt-ui/vm-stale",
        )?;
        let changes = self.changes(fields)?;
        // What it was to change may be what another key has been reported for.
        let is_known = |entry: &Entry| names.contains(&entry.key.text.as_str());
        if changes.is_empty() && item.entries().unwrap_or_default().iter().all(is_known) {
            let message = "the override changes nothing";
            let help =
                "write `enabled: false`, `mode: observe`, `namespaces: [test-a]` or `parameters: { … }`";
            self.report(Diagnostic::new(Code::MissingKey, target.value.place, message).help(help));
        }
        Some(Override {
            target: text,
            of_pack,
            place: target.value.place,
            changes,
            within: within.clone(),
            used: Cell::new(false),
        })
    }

    fn changes(&mut self, fields: Fields<'_>) -> Option<Vec<Change>> {
        let mut changes = Vec::new();
        if let Some(entry) = fields.get("enabled") {
            self.boolean(&entry.value, "`enabled`")?;
        }
        for key in ["enabled", "mode", "namespaces"] {
            changes.extend(fields.get(key).map(|entry| Change { key: key.to_owned(), entry: entry.clone() }));
        }
        if let Some(parameters) = fields.value("parameters") {
            let Some(entries) = parameters.entries() else {
                let help = "write `parameters: { staleAge: 10m }`";
                self.wrong_type(parameters, "`parameters`", "a mapping", help);
                return None;
            };
            let change = |entry: &Entry| Change {
                key: format!("parameters.{}", entry.key.text),
                entry: entry.clone(),
            };
            changes.extend(entries.iter().map(change));
        }
        Some(changes)
    }

    /// Reports `${name}` in a document that has no parameters: as a plain text it would mean something else.
    pub(super) fn refuse_parameters(&mut self, node: &Node, what: &str) {
        match &node.data {
            Data::Scalar(scalar) if scalar.text.contains("${") => {
                let message = format!("{what} no parameters to fill in here");
                self.report(
                    Diagnostic::new(Code::BadParameter, node.place, message).help("write the value itself"),
                );
            }
            Data::Scalar(_) | Data::Broken => {}
            Data::List(items) => items.iter().for_each(|item| self.refuse_parameters(item, what)),
            Data::Map(entries) => entries.iter().for_each(|entry| self.refuse_parameters(&entry.value, what)),
        }
    }
}
