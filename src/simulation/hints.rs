//! Why what a case expects is not done: what the rules make of the object at that moment, how far they have come with
//! it, and when what is expected is done instead.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, Step};
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::format_duration;

use super::case::Awaited;
use super::comparison::is_rule;
use super::{Idle, Outcome, Record, Simulation};
use crate::rules::ruletest::{Expected, What};

/// Why a rule does nothing to an object at this moment.
pub(super) fn hint(simulation: &Simulation, awaited: &Awaited, start: Timestamp) -> String {
    if let Some(idle) = simulation.idle().iter().rfind(|idle| is_idle(idle, awaited, awaited.at)) {
        return format!("step {} of {} has nothing to do: {}", idle.step + 1, idle.rule.name, idle.why);
    }
    let Some(object) = simulation.world().get(&awaited.object) else {
        return gone(simulation, awaited, start);
    };
    let rules = simulation.rules_of(awaited.object.kind);
    let named: Vec<&Arc<Rule>> = rules.iter().filter(|rule| is_rule(&awaited.expected, &rule.id)).collect();
    let selecting: Vec<&Arc<Rule>> =
        named.iter().filter(|rule| rule.scope.selects(object.namespace())).copied().collect();
    match (named.as_slice(), selecting.as_slice()) {
        ([], _) => return "no rule under test watches its kind".to_owned(),
        (_, []) => {
            return match object.namespace() {
                Some(namespace) => format!("no such rule looks into namespace {namespace}"),
                None => "no such rule looks at objects without a namespace".to_owned(),
            };
        }
        _ => {}
    }
    let can: Vec<&Arc<Rule>> =
        selecting.iter().filter(|rule| does(rule, &awaited.expected)).copied().collect();
    if can.is_empty() {
        return cannot(&selecting, &awaited.expected);
    }
    let told = |rule: &&Arc<Rule>| state(simulation, rule, &object, awaited, start);
    can.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// When after the moment at which it is expected a step had nothing to do.
pub(super) fn idle_later(idle: &[Idle], awaited: &Awaited, start: Timestamp) -> Option<String> {
    let idle = idle.iter().find(|one| one.at > awaited.at && is_idle(one, awaited, one.at))?;
    Some(format!(
        "step {} comes at {} and has nothing to do: {}",
        idle.step + 1,
        moment(start, idle.at),
        idle.why
    ))
}

fn is_idle(idle: &Idle, awaited: &Awaited, at: Timestamp) -> bool {
    let Expected { what, step, .. } = &awaited.expected;
    idle.at == at
        && idle.object == awaited.object
        && is_rule(&awaited.expected, &idle.rule)
        && matches!(what, What::Action(action) if action == idle.action)
        && step.is_none_or(|step| step == idle.step + 1)
}

/// A moment as it is written in a test.
pub(super) fn moment(start: Timestamp, at: Timestamp) -> String {
    format_duration(elapsed(start, at))
}

/// Whether a rule has such a step.
fn does(rule: &Rule, expected: &Expected) -> bool {
    let What::Action(action) = &expected.what else { return true };
    let mut steps = rule.steps.iter().enumerate();
    steps.any(|(index, one)| one.name == action && expected.step.is_none_or(|step| step == index + 1))
}

/// No rule has such a step: which ones they have.
fn cannot(rules: &[&Arc<Rule>], expected: &Expected) -> String {
    let steps = |rule: &&Arc<Rule>| match rule.steps.as_slice() {
        [only] => format!("{} has one step, {}", rule.id.name, only.name),
        steps => {
            let numbered =
                steps.iter().enumerate().map(|(index, step)| format!("{} {}", index + 1, step.name));
            format!("the steps of {} are {}", rule.id.name, numbered.collect::<Vec<_>>().join(", "))
        }
    };
    match (&expected.what, rules) {
        (What::Action(action), [_, _, _, ..]) => match expected.step {
            Some(step) => format!("no rule that looks at it has {action} as its step {step}"),
            None => format!("no rule that looks at it does {action}"),
        },
        (_, rules) => rules.iter().map(steps).collect::<Vec<_>>().join("; "),
    }
}

/// Why an object is not there at this moment.
fn gone(simulation: &Simulation, awaited: &Awaited, start: Timestamp) -> String {
    let removed = simulation.records().iter().rev().find(|record| {
        record.object == awaited.object && record.outcome == Outcome::Done && removes(record.action)
    });
    let Some(Record { rule, action, at, .. }) = removed else {
        return "it is not there at that moment".to_owned();
    };
    let what = format!("{rule} has done its {action}");
    match (&awaited.expected.what, *at == simulation.now()) {
        (What::Held(_), true) => format!("nothing holds it back: {what} at that moment"),
        (_, true) => format!("it is not there any more: {what} at that moment"),
        (_, false) => format!("it is not there any more: {what} at {}", moment(start, *at)),
    }
}

fn removes(action: &str) -> bool {
    matches!(action, "delete" | "evict")
}

/// What a rule makes of an object now, and how far it has come with it.
fn state(
    simulation: &Simulation,
    rule: &Rule,
    object: &Observation,
    awaited: &Awaited,
    start: Timestamp,
) -> String {
    let facts = simulation.facts_of(awaited.object.kind, object);
    let verdict = evaluate(rule, object, &facts, simulation.now());
    let name = &rule.id.name;
    let progress = progress(simulation, rule, object, awaited, start);
    if verdict.truth.is_true() {
        if let Some(progress) = progress {
            return progress;
        }
        let held = verdict.holds_since.filter(|_| !rule.hold.is_zero());
        let since = held.map(|since| format!(" since {since}")).unwrap_or_default();
        let hold = if rule.hold.is_zero() {
            String::new()
        } else {
            format!(", and waits for {}", format_duration(rule.hold))
        };
        return format!("{name} is true of it{since}{hold}");
    }
    let context = Context::new(object, &facts, simulation.now());
    let blocking = rule.matches.iter().find(|matcher| !matcher.evaluate(&context).truth.is_true());
    let sparing = || {
        let spares = |matcher: &&Arc<dyn Matcher>| matcher.evaluate(&context).truth != Truth::False;
        rule.unless.iter().find(spares)
    };
    let why = match (blocking, sparing()) {
        (Some(matcher), _) => matcher.explain(&context),
        (None, Some(matcher)) => format!("spared by `unless`: {}", matcher.explain(&context)),
        (None, None) => String::new(),
    };
    let untrue = format!("{name} is {} of it: {why}", verdict.truth);
    match progress {
        Some(progress) => format!("{progress}; {untrue}"),
        None => untrue,
    }
}

/// What came last of a rule and this object, and what is to follow it.
fn progress(
    simulation: &Simulation,
    rule: &Rule,
    object: &Observation,
    awaited: &Awaited,
    start: Timestamp,
) -> Option<String> {
    let name = &rule.id.name;
    let is_its = |of: &super::ObjectId, by: &super::RuleId| *of == awaited.object && *by == rule.id;
    let records = simulation.records().iter().enumerate();
    let last = records.rev().find(|(_, record)| is_its(&record.object, &record.rule));
    let idle = simulation.idle().iter().rfind(|idle| is_its(&idle.object, &idle.rule));
    let is_newer = |idle: &&Idle| last.is_none_or(|(index, _)| idle.behind > index);
    if let Some(idle) = idle.filter(is_newer) {
        let done =
            format!("step {} of {name} had nothing to do at {}", idle.step + 1, moment(start, idle.at));
        return Some(format!("{done}{}", follows(rule, idle.step)));
    }
    let (_, record) = last?;
    let at = moment(start, record.at);
    // The object of that name which it removed has been replaced.
    if record.outcome == Outcome::Done && removes(record.action) && !object.is_terminating() {
        return None;
    }
    Some(match &record.outcome {
        Outcome::Done => {
            let (step, action) = (record.step + 1, record.action);
            format!("{name} has done its step {step}, {action}, at {at}{}", follows(rule, record.step))
        }
        Outcome::Told(mode) => format!("{name} has told of its {} at {at}, in mode {mode}", record.action),
        Outcome::Held(_, reason) => format!("{name} is held back since {at}: {reason}"),
        Outcome::GivenUp => format!("{name} has given it up at {at}"),
    })
}

/// `; step 3, delete, comes 2m after that`.
fn follows(rule: &Rule, step: usize) -> String {
    match rule.steps.get(step + 1) {
        Some(Step { name, after: Some(after), .. }) => {
            format!("; step {}, {name}, comes {} after that", step + 2, format_duration(*after))
        }
        Some(Step { name, after: None, .. }) => format!("; step {}, {name}, comes next", step + 2),
        None => ", its last".to_owned(),
    }
}
