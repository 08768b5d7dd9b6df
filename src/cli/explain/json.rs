//! An explanation for programs: one document, whose keys never change their meaning within a version.

use jiff::Timestamp;
use k8s_healer_engine::rule::StepWhile;
use k8s_healer_engine::values::format_duration;
use serde_json::{Value, json};

use super::Told;
use super::verdict::{self, Verdict};
use crate::simulation::explain::{Due, Explained, Hold, Part};

/// A key never changes its meaning within one, new keys may come.
const VERSION: u8 = 1;

pub(super) fn document(told: &Told<'_>) -> Value {
    let verdict = verdict::of_object(&told.explanation, &told.name, told.now);
    json!({
        "version": VERSION,
        "object": {
            "id": told.name,
            "resource": told.resource,
            "namespace": told.object.namespace(),
            "name": told.object.name(),
            "uid": told.object.uid(),
            "finalizers": told.object.finalizers(),
            "terminating": told.object.is_terminating(),
            "deletionAsked": told.object.deletion_asked(),
        },
        "at": told.now,
        "source": told.source,
        "verdict": of_verdict(&verdict),
        "protectedBy": told.explanation.protections.iter().map(|held| &held.by).collect::<Vec<_>>(),
        "protectionUnknown": told.explanation.not_known(),
        "rules": told.explanation.rules.iter().map(|rule| of_rule(told, rule)).collect::<Vec<_>>(),
        "notes": told.notes,
    })
}

fn of_verdict(verdict: &Verdict) -> Value {
    json!({ "kind": verdict.word.name(), "at": verdict.at, "text": verdict.text })
}

fn of_rule(told: &Told<'_>, rule: &Explained) -> Value {
    let origin = told.origins.get(&rule.rule.id);
    let parts = |parts: &[Part]| parts.iter().map(of_part).collect::<Vec<_>>();
    let of_window = |window: &crate::simulation::explain::Opening| {
        json!({
            "written": window.written,
            "open": window.open_until.is_some(),
            "openUntil": window.open_until,
            "opensAt": window.opens,
        })
    };
    json!({
        "rule": rule.rule.id.to_string(),
        "description": rule.rule.description,
        "file": origin.map(|origin| &origin.file),
        "line": origin.map(|origin| origin.line),
        "verdict": of_verdict(&verdict::of_rule(rule, told.now)),
        "truth": rule.truth.to_string(),
        "since": rule.holds_since,
        "scope": {
            "selects": rule.place.selects,
            "why": rule.place.why,
            "namespaceSelector": rule.place.selector.as_ref().map(of_part),
        },
        "match": parts(&rule.matches),
        "unless": parts(&rule.unless),
        "for": rule.hold.map(|wait| json!({
            "length": format_duration(wait.length),
            "from": wait.from,
            "told": wait.is_told,
            "over": wait.over,
        })),
        "schedule": rule.window.as_ref().map(of_window),
        "limits": rule.limits,
        "breaker": rule.breaker,
        "mode": rule.mode.to_string(),
        "cooldown": format_duration(rule.rule.cooldown),
        "steps": rule.rule.steps.iter().map(|step| json!({
            "action": step.name,
            "does": step.action.describe(),
            "after": step.after.map(format_duration),
            "while": step.while_.map(|while_| match while_ {
                StepWhile::Match => "match",
                StepWhile::Present => "present",
            }),
        })).collect::<Vec<_>>(),
        "does": rule.course.due.as_ref().map(of_due),
        "tells": rule.course.tells.as_ref().map(of_due),
        "heldBack": rule.course.holds.iter().map(of_hold).collect::<Vec<_>>(),
    })
}

fn of_due(due: &Due) -> Value {
    json!({ "at": due.at, "step": due.step + 1, "does": due.action, "provided": due.provided, "after": due.turn })
}

fn of_hold(hold: &Hold) -> Value {
    json!({
        "at": hold.at,
        "step": hold.step + 1,
        "does": hold.action,
        "kind": hold.held.word(),
        "by": hold.by,
        "until": hold.until,
    })
}

fn of_part(part: &Part) -> Value {
    let change = part.changes.map(|change| -> (Timestamp, String) { (change.at, change.to.to_string()) });
    json!({
        "matcher": part.key,
        "asked": part.asked,
        "seen": if part.seen.is_empty() { None } else { Some(&part.seen) },
        "truth": part.truth.to_string(),
        "since": part.holds_since,
        "changesAt": change.as_ref().map(|(at, _)| at),
        "changesTo": change.as_ref().map(|(_, to)| to),
        "unknown": part.unknown,
        "parts": part.parts.iter().map(of_part).collect::<Vec<_>>(),
    })
}
