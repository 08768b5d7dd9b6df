//! What it comes to, in one line: for each rule, and for the object.

use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::limits::Limits;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::format_duration;

use crate::simulation::HeldBy;
use crate::simulation::explain::{Due, Explained, Explanation, Hold, Part};

/// A kind of verdict, the one that counts more first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Something would be done.
    Acts,
    /// Something would be done, and is held back.
    Held,
    /// The rule's mode lets it tell what it would do, no more.
    Tells,
    /// It is not known whether a rule is true of it.
    Unknown,
    /// Nothing is done.
    Nothing,
}

impl Word {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Acts => "acts",
            Self::Held => "held",
            Self::Tells => "tells",
            Self::Unknown => "unknown",
            Self::Nothing => "nothing",
        }
    }
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) word: Word,
    /// When something would be done or told, or is held back.
    pub(super) at: Option<Timestamp>,
    pub(super) text: String,
}

/// What a rule comes to; the text goes on from its name.
pub(super) fn of_rule(rule: &Explained, now: Timestamp) -> Verdict {
    let verdict = |word, at, text| Verdict { word, at, text };
    let course = &rule.course;
    if !rule.place.selects {
        return verdict(Word::Nothing, None, format!("does not look at it: {}", rule.place.why));
    }
    if let Some(due) = &course.due {
        let word = if rule.mode == Mode::Enforce { Word::Acts } else { Word::Tells };
        let held = course.holds.last().map(|hold| format!(", and is held back until then{}", by(hold)));
        let text = format!("would {} {}", doing(due, rule.mode), moment(due.at, now));
        let limits = rule.rule.limits.as_ref().filter(|_| !course.is_counted).map(may_hold_back);
        let turn = due.turn.as_ref().map(|other| format!(", once {other} is gone, by its inFlight"));
        let provided =
            due.provided.iter().map(|what| format!(", if {what}")).collect::<Vec<_>>().join(" and");
        let others = if course.by_others { ", once other rules have changed what it asks" } else { "" };
        let text = text
            + others
            + &held.unwrap_or_default()
            + limits.unwrap_or_default()
            + &turn.unwrap_or_default()
            + &provided;
        return verdict(word, Some(due.at), text);
    }
    if let Some(hold) = course.holds.last() {
        let when = moment(hold.at, now);
        let text = format!("would {} {when}, and is held back{}", object_of(&hold.action), by(hold));
        return verdict(Word::Held, Some(hold.at), text);
    }
    if let Some(due) = &course.overtaken {
        let (what, when) = (doing(due, rule.mode), moment(due.at, now));
        let text = format!("would {what} {when}, but other rules change before what it asks");
        return verdict(Word::Nothing, None, text);
    }
    if let Some(due) = &course.tells {
        let text = format!("would {} {}", doing(due, rule.mode), moment(due.at, now));
        return verdict(Word::Tells, Some(due.at), text);
    }
    let (word, text) = idle(rule);
    verdict(word, None, text)
}

/// What holds it back; of limits, that it is they.
fn by(hold: &Hold) -> String {
    let limits = if hold.held == HeldBy::Limits { " by its limits" } else { "" };
    format!("{limits}: {}", hold.by)
}

/// What one object does not tell.
fn may_hold_back(limits: &Limits) -> &'static str {
    match (limits.breaker, limits) {
        (None, _) => ", unless its limits hold it back",
        (Some(_), Limits { unhealthy: None, in_flight: None, order: None, .. }) => {
            ", unless its breaker holds it back"
        }
        (Some(_), _) => ", unless its limits or its breaker hold it back",
    }
}

/// Whether it is true of it, whether or not something spares it or there is nothing to do.
fn is_true(rule: &Explained) -> bool {
    let mut parts = rule.matches.iter().chain(rule.place.selector.iter());
    rule.place.selects && parts.all(|part| part.truth == Truth::True)
}

/// Why a rule does nothing to an object that it looks at.
fn idle(rule: &Explained) -> (Word, String) {
    let selector = rule.place.selector.iter();
    let of_truth = |truth: Truth| {
        let parts = rule.matches.iter().chain(selector.clone());
        parts.into_iter().find(|part| part.truth == truth)
    };
    if let Some(part) = of_truth(Truth::False) {
        // Who waits for it to become true waits for nothing.
        if let Some(exception) = rule.unless.iter().find(|part| part.truth == Truth::True) {
            let text = format!("spares it: {}; nor is it true of it: {}", seen(exception), seen(part));
            return (Word::Nothing, text);
        }
        // Once that is true, it is unknown: who waits for it to act should know.
        let unknown = of_truth(Truth::Unknown).filter(|_| part.changes.is_some());
        let unknown = unknown.map(|part| format!("; and then unknown: {}", seen(part))).unwrap_or_default();
        return (Word::Nothing, format!("is not true of it: {}{unknown}", seen(part)));
    }
    if let Some(part) = of_truth(Truth::Unknown) {
        return (Word::Unknown, format!("is unknown of it: {}", seen(part)));
    }
    match rule.unless.iter().find(|part| part.truth != Truth::False) {
        Some(part) if part.truth == Truth::Unknown => {
            (Word::Nothing, format!("spares it, since an exception is unknown: {}", seen(part)))
        }
        Some(part) => (Word::Nothing, format!("spares it: {}", seen(part))),
        None => match &rule.window {
            Some(window) if window.open_until.is_none() && window.opens.is_none() => {
                (Word::Nothing, "is true of it, and its schedule does not open any more".to_owned())
            }
            _ => {
                let why = rule.course.passes.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                (Word::Nothing, format!("is true of it, and has nothing to do{why}"))
            }
        },
    }
}

/// The values of the first matcher that makes it what it is.
fn seen(part: &Part) -> String {
    let key = part.key.as_deref().map(|key| format!("{key}: ")).unwrap_or_default();
    if !part.parts.is_empty() {
        // `not` of something true is false, so what decides may have another truth itself.
        let same = part.parts.iter().find(|inner| inner.truth == part.truth);
        return same.or(part.parts.first()).map(|inner| format!("{key}{}", seen(inner))).unwrap_or(key);
    }
    let why = part.unknown.first().map(|why| format!(" ({why})")).unwrap_or_default();
    let asked = part.asked.as_deref().filter(|_| part.truth == Truth::False);
    let asked = asked.map(|asked| format!(", asked {asked}")).unwrap_or_default();
    format!("{key}{}{why}{asked}", part.seen)
}

/// What it comes to for the object.
pub(super) fn of_object(explanation: &Explanation, name: &str, now: Timestamp) -> Verdict {
    let rules = &explanation.rules;
    let verdicts: Vec<(&Explained, Verdict)> = rules.iter().map(|rule| (rule, of_rule(rule, now))).collect();
    let order = |(_, verdict): &&(&Explained, Verdict)| (verdict.word, verdict.at.unwrap_or(Timestamp::MAX));
    let Some((rule, first)) = verdicts.iter().min_by_key(order) else {
        return Verdict { word: Word::Nothing, at: None, text: "nothing: no rule watches it".to_owned() };
    };
    let id = called(rule, rules);
    let text = match first.word {
        Word::Acts | Word::Tells => format!("{id} {}", first.text),
        Word::Held => {
            let hold = rule.course.holds.last();
            let (by, action) = hold.map_or((String::new(), ""), |hold| (by(hold), &hold.action));
            format!(
                "held back{by}; without that, {id} would {} {}",
                object_of(action),
                moment(first.at.unwrap_or(now), now)
            )
        }
        Word::Unknown => format!("nothing, as far as is known: {id} {}", first.text),
        Word::Nothing => match verdicts.as_slice() {
            [_] => format!("nothing: {id} {}", first.text),
            all if all.iter().all(|(rule, _)| !rule.place.selects) => {
                format!("nothing: none of {} rules looks at {name}", all.len())
            }
            all => match all.iter().find(|(rule, _)| is_true(rule)) {
                Some((rule, verdict)) => format!("nothing: {} {}", called(rule, rules), verdict.text),
                None => format!("nothing: none of {} rules is true of it", all.len()),
            },
        },
    };
    let more = match first.word {
        Word::Acts => others(&verdicts, rule, first, rules, now),
        _ => String::new(),
    };
    Verdict { text: text + &more, ..first.clone() }
}

/// What else would be done to it, behind the first thing.
fn others(
    verdicts: &[(&Explained, Verdict)],
    rule: &Explained,
    first: &Verdict,
    rules: &[Explained],
    now: Timestamp,
) -> String {
    let others = verdicts.iter().filter(|(other, _)| other.rule.id != rule.rule.id);
    let mut acting: Vec<_> = others.filter(|(_, other)| other.word == Word::Acts).collect();
    acting.sort_by_key(|(_, other)| other.at);
    let Some((next, verdict)) = acting.first() else { return String::new() };
    let (id, at) = (called(next, rules), verdict.at.unwrap_or(now));
    let next = match &next.course.due {
        Some(due) if first.at < verdict.at => {
            let first = rule.course.due.as_ref().and_then(|due| rule.rule.steps.get(due.step));
            let condition = match first.is_some_and(|step| step.nature.removes) {
                true => "if it is still there then",
                // What the first one changes has been played.
                false if next.course.is_counted => "after that",
                false => "if that does not change what it asks",
            };
            format!("; {condition}, {id} would {} {}", object_of(&due.action), moment(at, now))
        }
        _ => format!("; {id} would act then, too"),
    };
    match acting.len() - 1 {
        0 => next,
        1 => format!("{next}, and one more rule would act"),
        more => format!("{next}, and {more} more rules would act"),
    }
}

/// Without its pack, where that is enough.
fn called(rule: &Explained, rules: &[Explained]) -> String {
    let id = &rule.rule.id;
    let namesakes = rules.iter().filter(|other| other.rule.id.name == id.name).count();
    if namesakes > 1 { id.to_string() } else { id.name.to_string() }
}

fn doing(due: &Due, mode: Mode) -> String {
    let action = object_of(&due.action);
    match mode {
        Mode::Enforce => action,
        Mode::DryRun => format!("{action} (dry run)"),
        Mode::Observe => format!("tell that it would {action}"),
    }
}

/// `delete it`, `label it seen=yes`; what speaks of something else stays as it is.
fn object_of(action: &str) -> String {
    if let Some((first, fallback)) = action.split_once(", or else ") {
        return format!("{}, or else {}", object_of(first), object_of(fallback));
    }
    match action.split_once(' ') {
        None if action == "log" => action.to_owned(),
        None => format!("{action} it"),
        Some((verb @ ("label" | "annotate" | "scale"), what)) => format!("{verb} it {what}"),
        Some(("strip", what)) => format!("strip its {}", what.trim_start_matches("the ")),
        Some(("patch", what)) => format!("patch its {what}"),
        Some(_) => action.to_owned(),
    }
}

/// `now`, `in 1m48s`.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    if at <= now { "now".to_owned() } else { format!("in {}", until(at, now)) }
}

/// In whole seconds, rounded up: at that moment it is so.
pub(super) fn until(at: Timestamp, now: Timestamp) -> String {
    let left = elapsed(now, at);
    format_duration(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
}
