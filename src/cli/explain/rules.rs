//! The rules of a question: read as `validate-rules` reads them, with what is written of each.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::guard::{Itself, Reach};
use k8s_healer_engine::rule::{Mode, Rule, RuleId, RuleSet, WatchTarget};
use k8s_healer_engine::values::Globs;

use super::{Arguments, tell};
use crate::cli::daemon::own_namespace;
use crate::cli::diagnostics::{Renderer, Style};
use crate::cli::rule_inputs;
use crate::rules::effective::{EffectiveRule, Tree};
use crate::rules::{LoadOptions, Loaded, Origin, load, target};
use crate::simulation::Guard;
use crate::simulation::explain::Watcher;

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// Sound rules.
pub(super) struct Rules {
    pub(super) set: RuleSet,
    pub(super) origins: BTreeMap<RuleId, Origin>,
    written: BTreeMap<RuleId, EffectiveRule>,
    pub(super) switched_off: Vec<SwitchedOff>,
    pub(super) guard: Guard,
}

/// A rule that an override switches off.
pub(super) struct SwitchedOff {
    pub(super) watch: Vec<WatchTarget>,
    /// `pack/rule is switched off by overrides.yaml:5`.
    pub(super) note: String,
}

impl Rules {
    /// Reads them, or the exit code after their mistakes have been shown. I/O.
    pub(super) fn load(arguments: &Arguments) -> Result<Self, u8> {
        let paths = &arguments.rules;
        let inputs = rule_inputs::besides(paths, &arguments.from, &mut io::stdin().lock());
        let inputs = inputs.map_err(|reason| {
            tell(&reason);
            2
        })?;
        let options = LoadOptions { set: arguments.set.clone(), effective: true, ..LoadOptions::default() };
        let mut loaded = load(&inputs, &options);
        let Some(set) = loaded.rule_set.take() else {
            let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&io::stderr()));
            for diagnostic in loaded.diagnostics.iter().take(MOST_SHOWN) {
                super::say(&renderer.render(diagnostic));
            }
            tell("the rules have errors: what they would do cannot be told");
            return Err(2);
        };
        let mut rules = Self::of(set, loaded, &arguments.exclude_namespaces);
        rules.guard.itself.namespace = own_namespace();
        rules.guard.mode = arguments.mode.into();
        Ok(rules)
    }

    /// These rules, which were taken out of what was loaded.
    pub(super) fn of(set: RuleSet, loaded: Loaded, excluded: &[String]) -> Self {
        // Each of them was parsed when it was given.
        let excluded = if excluded.is_empty() { None } else { Globs::parse(excluded).ok() };
        let itself = Itself { namespace: None, reach: Reach { only: None, excluded } };
        let guard = Guard { itself, guardrails: Arc::clone(&set.guardrails), mode: Mode::Enforce };
        let off = loaded.effective_rules.iter().filter_map(|rule| {
            let source = loaded.sources.get(rule.switched_off?.source)?;
            let (line, _) = source.position(rule.switched_off?.span.start);
            let note = format!("{} is switched off by {}:{line}", rule.id, source.name);
            Some(SwitchedOff { watch: watch(rule), note })
        });
        let switched_off = off.collect();
        let written = loaded.effective_rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
        Self { set, origins: loaded.origins, written, switched_off, guard }
    }

    /// These rules, with what is written of them.
    pub(super) fn watchers<'a>(&'a self, rules: &'a [(Arc<Rule>, bool)]) -> Vec<Watcher<'a>> {
        let watcher = |(rule, is_named): &'a (Arc<Rule>, bool)| Watcher {
            rule,
            is_named: *is_named,
            written: self.written.get(&rule.id),
        };
        rules.iter().map(watcher).collect()
    }
}

/// What a rule watches, as it is written.
fn watch(rule: &EffectiveRule) -> Vec<WatchTarget> {
    let items = rule.keys.iter().filter(|(key, _)| key == "watch").flat_map(|(_, item)| match &item.tree {
        Tree::List(items) => items.iter().collect(),
        _ => vec![item],
    });
    items.filter_map(|item| target(item.data().as_str()?)).collect()
}

/// What these rules ask of other objects.
pub(super) fn others(rules: &[(Arc<Rule>, bool)]) -> Others {
    let mut others = Others::default();
    rules.iter().for_each(|(rule, _)| rule.reads_of_others(&mut others));
    others
}
