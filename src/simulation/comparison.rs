//! What was done, held against what was expected. What is expected is the whole truth: each action must be
//! listed, at its very moment. Of what is held back, and of what a rule in `observe` or `dry-run` would do, only
//! what is listed must be there; a case that lists what would be done lists all of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::{Mode, RuleId};
use k8s_healer_engine::values::format_duration;

use super::case::Awaited;
use super::hints::{self, idle_later};
use super::world::ObjectId;
use super::{Endless, Idle, Outcome, Record};
use crate::rules::ruletest::{Expected, What};

/// One difference.
#[derive(Clone, Debug)]
pub enum Mismatch {
    /// Something was expected, and is not there.
    Missing {
        /// When.
        at: Timestamp,
        /// The object.
        object: ObjectId,
        /// What was expected.
        expected: Expected,
        /// Why it was not done, as far as is known.
        hint: String,
    },
    /// Something was done, and not expected: an index into the records.
    Unexpected(usize),
    /// Something was done as expected, but for what is told.
    Different {
        /// The record.
        record: usize,
        /// What was expected.
        expected: Expected,
        /// ``rule `a`, not `b` ``.
        what: String,
    },
    /// Rules act on an object without end.
    Endless(Endless),
    /// A step of the timeline changes or removes what is not there.
    NotThere {
        /// When.
        at: Timestamp,
        /// The object.
        object: String,
        /// It was to be removed, not patched.
        removed: bool,
    },
}

/// Whether an expectation speaks of this rule.
pub(super) fn is_rule(expected: &Expected, rule: &RuleId) -> bool {
    expected.rule.as_ref().is_none_or(|(name, _)| *name == *rule.name || *name == rule.to_string())
}

/// All differences, in the order of their time.
pub(super) fn compare(
    records: &[Record],
    idle: &[Idle],
    awaited: Vec<Awaited>,
    start: Timestamp,
) -> Vec<Mismatch> {
    let lists_told = awaited.iter().any(|one| is_told(&one.expected));
    let is_action = |record: &Record| matches!(record.outcome, Outcome::Done | Outcome::Told(_));
    let mut open: Vec<usize> = (0..records.len()).filter(|index| is_action(&records[*index])).collect();
    let (mut mismatches, mut unmet, mut last) = (Vec::new(), Vec::new(), BTreeMap::new());
    for one in awaited {
        if let What::Held(_) = one.expected.what {
            mismatches.extend((!one.is_held).then(|| missing(one)));
            continue;
        }
        let fits = |index: &usize| {
            is_same(&records[*index], &one) && differences(&records[*index], &one.expected).is_empty()
        };
        let Some(at) = open.iter().position(fits) else {
            unmet.push(one);
            continue;
        };
        let record = open.remove(at);
        // What is done to one object at one moment is done in the order of its steps.
        let before = last.insert((one.at, one.object.clone()), record);
        if before.is_some_and(|before| before > record) {
            let what = "before what is listed before it".to_owned();
            mismatches.push(Mismatch::Different { record, expected: one.expected, what });
        }
    }
    let mut absent = Vec::new();
    for one in unmet {
        // That which is most like it.
        let same = (0..open.len()).filter(|at| is_same(&records[open[*at]], &one));
        match same.min_by_key(|at| differences(&records[open[*at]], &one.expected).len()) {
            Some(at) => {
                let record = open.remove(at);
                let what = differences(&records[record], &one.expected).join(", ");
                mismatches.push(Mismatch::Different { record, expected: one.expected, what });
            }
            None => absent.push(one),
        }
    }
    for mut one in absent {
        let elsewhen = done_elsewhen(records, &open, &one, start).or_else(|| idle_later(idle, &one, start));
        if let Some(elsewhen) = elsewhen {
            one.hint = if one.hint.is_empty() { elsewhen } else { format!("{}; {elsewhen}", one.hint) };
        }
        mismatches.push(missing(one));
    }
    let counts = |index: &usize| lists_told || records[*index].outcome == Outcome::Done;
    mismatches.extend(open.into_iter().filter(counts).map(Mismatch::Unexpected));
    mismatches.sort_by_key(|mismatch| moment(mismatch, records));
    mismatches
}

/// What is expected is done, but at another moment: the one most like it, else the nearest.
fn done_elsewhen(records: &[Record], open: &[usize], awaited: &Awaited, start: Timestamp) -> Option<String> {
    let apart = |record: &Record| elapsed(record.at.min(awaited.at), record.at.max(awaited.at));
    let other = open.iter().map(|index| &records[*index]).filter(|record| is_same_but_when(record, awaited));
    let record = other.min_by_key(|record| (differences(record, &awaited.expected).len(), apart(record)))?;
    let when = format!("at {}", hints::moment(start, record.at));
    if awaited.hint.contains(&when) {
        return None;
    }
    let word = if record.at > awaited.at { "later" } else { "before" };
    let but = differences(record, &awaited.expected).into_iter().map(|what| format!(", {what}"));
    Some(format!("it is done {when}, {} {word}{}", format_duration(apart(record)), but.collect::<String>()))
}

fn moment(mismatch: &Mismatch, records: &[Record]) -> Timestamp {
    match mismatch {
        Mismatch::Missing { at, .. }
        | Mismatch::NotThere { at, .. }
        | Mismatch::Endless(Endless { at, .. }) => *at,
        Mismatch::Unexpected(record) | Mismatch::Different { record, .. } => records[*record].at,
    }
}

fn is_told(expected: &Expected) -> bool {
    expected.mode.is_some_and(|mode| mode != Mode::Enforce)
}

fn missing(Awaited { at, object, expected, hint, .. }: Awaited) -> Mismatch {
    Mismatch::Missing { at, object, expected, hint }
}

/// The same action on the same object at the same moment.
fn is_same(record: &Record, awaited: &Awaited) -> bool {
    record.at == awaited.at && is_same_but_when(record, awaited)
}

fn is_same_but_when(record: &Record, awaited: &Awaited) -> bool {
    let is_it = |action: &str| action == record.action || Some(action) == record.instead;
    let action = matches!(&awaited.expected.what, What::Action(action) if is_it(action));
    action && record.object == awaited.object
}

/// In what an action differs from what was expected of it.
fn differences(record: &Record, expected: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((name, _)) = expected.rule.as_ref().filter(|_| !is_rule(expected, &record.rule)) {
        found.push(format!("by rule {}, not {name}", record.rule));
    }
    if let Some(step) = expected.step.filter(|step| *step != record.step + 1) {
        found.push(format!("step {}, not {step}", record.step + 1));
    }
    let mode = match record.outcome {
        Outcome::Told(mode) => mode,
        _ => Mode::Enforce,
    };
    let expected_mode = expected.mode.unwrap_or(Mode::Enforce);
    if mode != expected_mode {
        found.push(format!("in mode {mode}, not {expected_mode}"));
    }
    if let Some(reason) = expected.reason.as_ref().filter(|reason| !record.reason.contains(reason.as_str())) {
        found.push(format!("because {}, not {reason}", record.reason));
    }
    found
}
