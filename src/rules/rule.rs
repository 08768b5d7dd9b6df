//! Lowers one rule. Its parts are independent: a mistake in one does not hide those of the others.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::descriptor::{Value, ValueKind};
use k8s_healer_engine::limits::{Breaker, Limits};
use k8s_healer_engine::rule::{Mode, Rule, RuleId, WatchTarget};

use super::checks::Parts;
use super::code::Code;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::lowering::{Fields, Keys, Lowering};
use super::names::{as_dns_label, is_dns_label};
use super::node::{Data, Entry, Node};
use super::scope::selecting;
use super::steps::LoweredStep;
use super::uses::RuleUses;

/// LANGUAGE, "A rule".
pub(super) const COOLDOWN: Duration = Duration::from_secs(10 * 60);

pub(super) const RULE_KEYS: &[&str] = &[
    "name",
    "description",
    "watch",
    "namespaces",
    "namespaceSelector",
    "scope",
    "match",
    "unless",
    "for",
    "schedule",
    "limits",
    "breaker",
    "cooldown",
    "mode",
    "actions",
];
pub(super) const DEFAULT_KEYS: &[&str] = &[
    "namespaces",
    "namespaceSelector",
    "scope",
    "cooldown",
    "mode",
    "for",
    "schedule",
    "limits",
    "breaker",
    "unless",
];

/// What a rule is called: its name where it has one, else its number.
pub(super) fn subject(node: &Node, index: usize) -> String {
    let name = node.get("name").and_then(|entry| entry.value.scalar());
    name.map_or_else(|| format!("rule {}", index + 1), |name| format!("rule {}", quoted(&name.text)))
}

/// What is counted of a rule is counted for both.
fn with_breaker(limits: Option<Limits>, breaker: Option<Breaker>) -> Option<Limits> {
    let Some(breaker) = breaker else { return limits };
    Some(Limits { breaker: Some(breaker), ..limits.unwrap_or_default() })
}

impl Lowering<'_> {
    /// The defaults of a pack: checked once by themselves, so that a mistake is told even if no rule
    /// inherits it.
    pub(super) fn defaults<'n>(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        let keys = Keys { of: "`defaults`", known: DEFAULT_KEYS, later: &[], example: "`{ cooldown: 10m }`" };
        let fields = self.fields(node, &keys)?;
        self.check_scope_conflict(fields);
        if let Some(value) = fields.value("namespaces") {
            self.namespaces(value, "[test-*]");
        }
        if let Some(entry) = fields.get("namespaceSelector") {
            self.namespace_selector(entry);
        }
        if let Some(value) = fields.value("scope") {
            self.value(value, ValueKind::Choice(&["cluster"]), "`scope`", "cluster");
        }
        if let Some(value) = fields.value("unless") {
            self.matchers(value, "`unless`");
        }
        self.mode(fields, None);
        self.schedule(fields, None).ok();
        self.limits(fields, None).ok();
        self.breaker(fields, None).ok();
        for key in ["cooldown", "for"] {
            self.optional_duration(key, fields, None, Duration::ZERO);
        }
        Some(fields)
    }

    /// A rule; `None`: something in it is wrong and has been reported.
    pub(super) fn rule(
        &mut self,
        node: &Node,
        pack: &Arc<str>,
        defaults: Option<Fields<'_>>,
    ) -> Option<Rule> {
        let before = self.out.errors();
        self.kinds.clear();
        self.uses = RuleUses::default();
        let keys = Keys { of: "a rule", known: RULE_KEYS, later: &[], example: "`name: …`, `watch: …`" };
        let fields = self.fields(node, &keys)?;
        let name = self.name(node, fields);
        let description = self.optional_text(fields, "description");
        let watched = self.required(node, fields, "watch", "pods");
        let watch = watched.and_then(|entry| self.watch(&entry.value));
        let watch = watch.map(|(targets, kinds)| {
            self.kinds = kinds;
            targets
        });
        let selecting = selecting(fields, defaults);
        let scope = self.scope(node, fields, defaults, selecting);
        let selector = selecting.and_then(|entry| self.namespace_selector(entry));
        let matches = self
            .required(node, fields, "match", "[ { age: { over: 6m } } ]")
            .and_then(|entry| self.shared_matchers(&entry.value, "`match`"));
        let unless = match inherited("unless", fields, defaults) {
            Some(entry) => self.shared_matchers(&entry.value, "`unless`"),
            None => Some(Vec::new()),
        };
        let hold = self.optional_duration("for", fields, defaults, Duration::ZERO);
        let schedule = self.schedule(fields, defaults);
        let limits = self.limits(fields, defaults);
        let breaker = self.breaker(fields, defaults);
        let cooldown = self.optional_duration("cooldown", fields, defaults, COOLDOWN);
        let mode = self.mode(fields, defaults);
        let actions = self.required(node, fields, "actions", "[ { delete: {} } ]");
        let (steps, complete) = actions.and_then(|entry| self.steps(&entry.value)).unwrap_or_default();
        let hold_place = inherited("for", fields, defaults).map(|entry| entry.value.place);
        let parts = Parts {
            matches: matches.as_deref(),
            match_items: fields.get("match").map_or(&[], |entry| items(&entry.value)),
            unless: unless.as_deref().unwrap_or_default(),
            unless_items: inherited("unless", fields, defaults).map_or(&[], |entry| items(&entry.value)),
            match_place: fields.get("match").map(|entry| entry.key.place),
            hold,
            hold_place,
            steps: &steps,
            steps_complete: complete,
        };
        self.check(&parts);
        if let (Some(watched), Some(targets)) = (watched, &watch)
            && targets.contains(&(WatchTarget::Every { group: None }))
        {
            let lists = [
                (fields.get("match"), matches.as_deref()),
                (inherited("unless", fields, defaults), unless.as_deref()),
            ];
            let own = limits.as_ref().ok().and_then(Option::as_ref);
            self.check_metadata(watched, lists, (inherited("limits", fields, defaults), own), &steps);
        }
        if self.out.errors() > before {
            return None;
        }
        let steps: Option<Vec<_>> = steps.into_iter().map(|LoweredStep { step, .. }| step).collect();
        Some(Rule {
            id: RuleId { pack: Arc::clone(pack), name: name?.into() },
            description: description?,
            watch: watch?,
            scope: scope?,
            // As if that were asked of each object; a selector with a mistake has been told above.
            matches: matches?.into_iter().chain(selector.clone()).collect(),
            selector,
            unless: unless?,
            hold: hold?,
            schedule: schedule.ok()?,
            limits: with_breaker(limits.ok()?, breaker.ok()?),
            cooldown: cooldown?,
            mode: mode?,
            steps: steps.filter(|_| complete)?,
        })
    }

    fn name(&mut self, node: &Node, fields: Fields<'_>) -> Option<String> {
        let entry = self.required(node, fields, "name", "vm-stale")?;
        self.dns_label(&entry.value, "`name`")
    }

    /// A name of a pack or a rule.
    pub(super) fn dns_label(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, ValueKind::Text, what, "vm-stale")?;
        if is_dns_label(&text) {
            return Some(text);
        }
        let message = format!("{} is no name", quoted(&text));
        let help = as_dns_label(&text).map_or_else(
            || "write lower-case letters, digits and `-`, at most 63, such as `vm-stale`".to_owned(),
            |label| format!("write lower-case letters, digits and `-`: `{label}`"),
        );
        self.report_at(node, Diagnostic::new(Code::BadName, node.place, message).help(help));
        None
    }

    fn required<'n>(
        &mut self,
        node: &Node,
        fields: Fields<'n>,
        key: &str,
        example: &str,
    ) -> Option<&'n Entry> {
        if let Some(entry) = fields.get(key) {
            return Some(entry);
        }
        if !Self::may_be_misspelt(node, key, RULE_KEYS) {
            let message = format!("it lacks `{key}`");
            self.report(
                Diagnostic::new(Code::MissingKey, place_of(node), message)
                    .help(format!("write `{key}: {example}`")),
            );
        }
        None
    }

    pub(super) fn optional_text(&mut self, fields: Fields<'_>, key: &str) -> Option<String> {
        match fields.get(key) {
            Some(entry) => self.text(&entry.value, ValueKind::Text, &format!("`{key}`"), "a sentence"),
            None => Some(String::new()),
        }
    }

    fn optional_duration(
        &mut self,
        key: &str,
        fields: Fields<'_>,
        defaults: Option<Fields<'_>>,
        otherwise: Duration,
    ) -> Option<Duration> {
        match inherited(key, fields, defaults) {
            Some(entry) => self.duration(&entry.value, &format!("`{key}`"), "3m"),
            None => Some(otherwise),
        }
    }

    fn mode(&mut self, fields: Fields<'_>, defaults: Option<Fields<'_>>) -> Option<Mode> {
        let Some(entry) = inherited("mode", fields, defaults) else { return Some(Mode::Enforce) };
        match self.value(&entry.value, ValueKind::Choice(Mode::NAMES), "`mode`", "dry-run")? {
            Value::Text(word) => Mode::named(&word),
            _ => None,
        }
    }

    /// Reports rules of a pack with the same name.
    pub(super) fn check_duplicate(&mut self, first: &Node, again: &Node) {
        let (Some(first), Some(again)) = (first.get("name"), again.get("name")) else { return };
        let text = again.value.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
        let message = format!("another rule of this pack is called {} too", quoted(text));
        let diagnostic = Diagnostic::new(Code::DuplicateRule, again.value.place, message)
            .help("give it a name of its own")
            .related(first.value.place, "the first one");
        self.report(diagnostic);
    }

    /// Reports that something lacks a key.
    pub(super) fn required_in<'n>(
        &mut self,
        holder: &Entry,
        fields: Fields<'n>,
        key: &str,
        known: &[&str],
        example: &str,
    ) -> Option<&'n Entry> {
        let found = fields.get(key);
        if found.is_none() && !Self::may_be_misspelt(&holder.value, key, known) {
            let message = format!("`{}` lacks `{key}`", holder.key.text);
            let help = format!("write `{key}: {example}`");
            self.report(Diagnostic::new(Code::MissingKey, holder.key.place, message).help(help));
        }
        found
    }
}

/// A rule has no characters of its own: its name stands for it, or else its first key.
pub(super) fn place_of(rule: &Node) -> Place {
    let first = rule.entries().and_then(<[_]>::first).map(|entry| entry.key.place);
    rule.get("name").map(|entry| entry.value.place).or(first).unwrap_or(rule.place)
}

/// The rule's own value, else that of the defaults.
pub(super) fn inherited<'n>(key: &str, rule: Fields<'n>, defaults: Option<Fields<'n>>) -> Option<&'n Entry> {
    rule.get(key).or_else(|| defaults?.get(key))
}

/// The entries of a list.
fn items(node: &Node) -> &[Node] {
    match &node.data {
        Data::List(items) => items,
        _ => &[],
    }
}
