//! What rules make of the objects at the first moment, beside what is done: of what it is not known whether they are
//! true, or will not be, and whose `for` can only count from now.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleId};
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::format_duration;

use super::outlook::Outlook;
use super::unknown::{Look, Unknowns};
use super::{EXAMPLES, FromNow, selecting};
use crate::simulation::Simulation;

/// A rule that is true of some objects, and does nothing to them in the time that was asked.
#[derive(Clone, Debug)]
pub struct Later {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What it waits for: "`for: 30m` counts from now".
    pub waits_for: String,
    /// When the first of them falls due; `None`: at no time that is known.
    pub due: Option<Timestamp>,
    /// Of how many objects.
    pub count: usize,
    /// The first few of them: `pods/test-a/web-1`.
    pub examples: Vec<String>,
}

/// What was seen.
pub(super) struct FirstLook {
    pub(super) objects: usize,
    pub(super) unknown: Unknowns,
    pub(super) outlook: Outlook,
    pub(super) later: Vec<Later>,
    pub(super) from_now: FromNow,
}

impl FirstLook {
    /// Looks at each object with each rule that selects it; what falls due after `until` is not played.
    pub(super) fn at(simulation: &Simulation, until: Timestamp) -> Self {
        let now = simulation.now();
        let mut later = BTreeMap::new();
        let (mut objects, mut from_now) = (0, FromNow::new());
        let (mut unknown, mut outlook) = (Unknowns::from(now), Outlook::until(until));
        for id in simulation.world().ids() {
            // Of most kinds of a dump no rule asks anything.
            let rules = simulation.rules_of(id.kind);
            let Some(object) = simulation.world().get(id).filter(|_| !rules.is_empty()) else { continue };
            let mut selecting = selecting(simulation, id.kind, &object).peekable();
            if selecting.peek().is_none() {
                continue;
            }
            objects += 1;
            let facts = simulation.facts_of(id.kind, &object);
            let look = Look { world: simulation.world(), object: &object, facts: &facts };
            for (index, rule) in selecting {
                let verdict = evaluate(rule, &object, &facts, now);
                if verdict.truth.is_true() && verdict.holds_since.is_none() && waits(rule) {
                    from_now.insert((id.clone(), rule.id.clone()));
                }
                if verdict.truth.is_true() && !does_nothing_to(rule, &object) {
                    let due = due(rule, verdict.holds_since.unwrap_or(now), now);
                    let lasts = |due: Timestamp| verdict.changes_at.is_none_or(|change| change > due);
                    if due.is_none_or(|due| due > until && lasts(due)) {
                        let is_told = verdict.holds_since.is_some();
                        note_later(&mut later, rule, is_told, due, simulation.world().name_of(id));
                    }
                }
                // Of most it is known, and time changes nothing of that.
                let changes = verdict.changes_at.is_some_and(|change| change <= until);
                if verdict.truth != Truth::Unknown && !changes && rule.unless.is_empty() {
                    continue;
                }
                match look.doubt(rule, now, until) {
                    Some(doubt) if doubt.at > now => outlook.note(id, index, doubt),
                    Some(doubt) => {
                        unknown.note(rule, doubt, simulation.world().name_of(id));
                        outlook.is_known(id, index);
                    }
                    None => {}
                }
            }
        }
        Self { objects, unknown, outlook, later: later.into_values().collect(), from_now }
    }
}

/// Whether anything counts from since when the rule is true.
fn waits(rule: &Rule) -> bool {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    !rule.hold.is_zero() || !first.is_zero()
}

/// What is terminating is not removed again.
fn does_nothing_to(rule: &Rule, object: &Observation) -> bool {
    object.is_terminating() && rule.steps.first().is_some_and(|step| step.nature.removes)
}

/// When its first step falls due that has been true since then; `None`: its schedule does not open any more.
fn due(rule: &Rule, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    rule.opening(after(after(since, rule.hold), first).max(now))
}

fn note_later(
    later: &mut BTreeMap<(RuleId, String), Later>,
    rule: &Arc<Rule>,
    is_told: bool,
    due: Option<Timestamp>,
    name: String,
) {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    let waits = [("for", rule.hold), ("after", first)].into_iter().filter(|(_, length)| !length.is_zero());
    let waits: Vec<String> =
        waits.map(|(key, length)| format!("`{key}: {}`", format_duration(length))).collect();
    let from = match waits.len() {
        0 => "",
        _ if is_told => "",
        1 => " counts from now",
        _ => " count from now",
    };
    let schedule = match (&rule.schedule, waits.is_empty()) {
        (None, _) => "",
        (Some(_), true) => "its schedule",
        (Some(_), false) => ", then its schedule",
    };
    let waits_for = waits.join(" and ") + from + schedule;
    let known = later.entry((rule.id.clone(), waits_for.clone())).or_insert_with(|| Later {
        rule: Arc::clone(rule),
        waits_for,
        due,
        count: 0,
        examples: Vec::new(),
    });
    known.count += 1;
    known.due = known.due.into_iter().chain(due).min();
    if known.examples.len() < EXAMPLES {
        known.examples.push(name);
    }
}
