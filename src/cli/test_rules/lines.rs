//! A case as a time line: what was done, what was expected and not done, what was held back, moment by moment.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::format_duration;

use crate::rules::ruletest::{Case, Expected, What};
use crate::simulation::case::Played;
use crate::simulation::comparison::Mismatch;
use crate::simulation::world::ObjectId;
use crate::simulation::{Idle, Outcome, Record};

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Expected, and not done.
    Missing,
    /// Done, and not expected.
    Unexpected,
    /// As expected.
    Same,
    /// Done and undone without end.
    Endless,
    /// Held back or only told, which nobody asked about.
    Aside,
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// After the start of the case.
    pub(super) at: Duration,
    pub(super) sign: Sign,
    pub(super) text: String,
    /// What is known beside it.
    pub(super) note: String,
}

impl Line {
    /// The moment as it is written in a test.
    pub(super) fn moment(&self) -> String {
        format_duration(self.at)
    }
}

/// More lines of a case are of no use to a person.
const MOST: usize = 200;

/// All lines of a case, in order.
pub(super) fn lines(case: &Case, played: &Played) -> Vec<Line> {
    let since = |moment: Timestamp| elapsed(case.now, moment);
    let mut lines: Vec<(usize, Line)> = Vec::new();
    let different: BTreeMap<usize, &str> = played
        .mismatches
        .iter()
        .filter_map(|mismatch| match mismatch {
            Mismatch::Unexpected(record) => Some((*record, "")),
            Mismatch::Different { record, what, .. } => Some((*record, what.as_str())),
            _ => None,
        })
        .collect();
    // In the order in which it came.
    let mut idle = played.idle.iter().peekable();
    let nothing = |one: &Idle| {
        let text = format!("nothing to do: {}: {}", step_of(one, played), one.why);
        (1, Line { at: since(one.at), sign: Sign::Aside, text, note: String::new() })
    };
    for (index, record) in played.records.iter().enumerate() {
        lines.extend(std::iter::from_fn(|| idle.next_if(|one| one.behind <= index)).map(nothing));
        let (sign, note) = match (different.get(&index), &record.outcome) {
            (Some(what), _) => (Sign::Unexpected, *what),
            (None, Outcome::Done) => (Sign::Same, ""),
            (None, _) => (Sign::Aside, ""),
        };
        let text = done(record, played);
        lines.push((1, Line { at: since(record.at), sign, text, note: note.to_owned() }));
    }
    lines.extend(idle.map(nothing));
    for mismatch in &played.mismatches {
        let line = match mismatch {
            Mismatch::Missing { at, object, expected, hint } => {
                let text = awaited(expected, object, played);
                Line { at: since(*at), sign: Sign::Missing, text, note: hint.clone() }
            }
            Mismatch::Different { record, expected, .. } => {
                let record = &played.records[*record];
                let text = awaited(expected, &record.object, played);
                Line { at: since(record.at), sign: Sign::Missing, text, note: String::new() }
            }
            Mismatch::NotThere { at, object, removed } => {
                let word = if *removed { "remove" } else { "patch" };
                let text = format!("{word} {object}");
                let note = "there is no such object at this moment".to_owned();
                Line { at: since(*at), sign: Sign::Missing, text, note }
            }
            Mismatch::Endless(endless) => {
                let text = endless.told(&name_of(&endless.object, played));
                let note = endless.help().to_owned();
                lines.push((2, Line { at: since(endless.at), sign: Sign::Endless, text, note }));
                continue;
            }
            Mismatch::Unexpected(_) => continue,
        };
        lines.push((0, line));
    }
    // At one moment what is missing first, as in a diff.
    lines.sort_by_key(|(order, line)| (line.at, *order));
    few(lines.into_iter().map(|(_, line)| line).collect())
}

/// As many as are of use, those that differ before all others; and how many are left out.
fn few(mut lines: Vec<Line>) -> Vec<Line> {
    let endless = lines.iter().filter(|line| line.sign == Sign::Endless).count();
    let Some(more) = (lines.len() - endless).checked_sub(MOST).filter(|more| *more > 0) else { return lines };
    let differs = |line: &Line| matches!(line.sign, Sign::Missing | Sign::Unexpected);
    let differing = lines.iter().filter(|line| differs(line)).count();
    let mut room = (differing.min(MOST), MOST.saturating_sub(differing));
    let end = lines.last().map_or(Duration::ZERO, |line| line.at);
    lines.retain(|line| {
        if line.sign == Sign::Endless {
            return true;
        }
        let room = if differs(line) { &mut room.0 } else { &mut room.1 };
        let stays = *room > 0;
        *room = room.saturating_sub(1);
        stays
    });
    let unexpected = differing.saturating_sub(MOST);
    let text = match (unexpected, more - unexpected) {
        (0, same) => format!("… {same} more that do not differ"),
        (unexpected, 0) => format!("… {unexpected} more that differ"),
        (unexpected, same) => format!("… {unexpected} more that differ, and {same} that do not"),
    };
    lines.push(Line { at: end, sign: Sign::Aside, text, note: String::new() });
    lines
}

/// `delete pods/test-a/web-1 by pods/crash-loop: container app waiting`.
pub(super) fn done(record: &Record, played: &Played) -> String {
    let object = name_of(&record.object, played);
    let rule = &record.rule;
    let action = match record.instead {
        Some(instead) => format!("{}, then {instead}", record.action),
        None => record.action.to_owned(),
    };
    let step = if record.step > 0 { format!(", step {}", record.step + 1) } else { String::new() };
    match &record.outcome {
        Outcome::Done => format!("{action} {object} by {rule}{step}: {}", record.reason),
        Outcome::Told(mode) => format!("{action} {object} by {rule}{step}, mode {mode}: {}", record.reason),
        Outcome::Held(_, reason) => format!("held back: {action} {object} by {rule}{step}: {reason}"),
        Outcome::GivenUp => format!("given up: {action} {object} by {rule}{step}"),
    }
}

fn step_of(Idle { object, rule, step, action, .. }: &Idle, played: &Played) -> String {
    let step = if *step > 0 { format!(", step {}", step + 1) } else { String::new() };
    format!("{action} {} by {rule}{step}", name_of(object, played))
}

fn awaited(expected: &Expected, object: &ObjectId, played: &Played) -> String {
    let object = name_of(object, played);
    let mut text = match &expected.what {
        What::Action(action) => format!("{action} {object}"),
        What::Held(None) => format!("held back: {object}"),
        What::Held(Some(by)) => format!("held back by {by}: {object}"),
    };
    if let Some((rule, _)) = &expected.rule {
        text.push_str(&format!(" by {rule}"));
    }
    if let Some(step) = expected.step {
        text.push_str(&format!(", step {step}"));
    }
    if let Some(mode) = expected.mode.filter(|mode| *mode != Mode::Enforce) {
        text.push_str(&format!(", mode {mode}"));
    }
    if let Some(reason) = &expected.reason {
        text.push_str(&format!(": {reason}"));
    }
    text
}

pub(super) fn name_of(object: &ObjectId, played: &Played) -> String {
    let resource = &played.kinds[object.kind].resource;
    match &object.key.namespace {
        Some(namespace) => format!("{resource}/{namespace}/{}", object.key.name),
        None => format!("{resource}/{}", object.key.name),
    }
}
