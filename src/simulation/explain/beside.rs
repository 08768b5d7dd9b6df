//! What becomes of an object beside all others of its dump: limits count what else matches, an eviction takes from a
//! PodDisruptionBudget what the next one asks of it, and what one rule changes another one looks at. A plan has played
//! all of them.

use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::Rule;

use super::{Course, Due, Explained, Explanation, Hold};
use crate::simulation::plan::{Fate, Plan, Row};

/// Nobody plays a dump further ahead: what is due later is told without the others.
const FURTHEST: Duration = Duration::from_secs(3600);
/// As far as a plan looks, where no rule says how far to look.
const USUAL: Duration = Duration::from_secs(600);

impl Explanation {
    /// How far a plan has to look ahead to tell what other objects and other rules make of it; `None`: nothing.
    #[must_use]
    pub fn asks_of_others<'r>(
        &self,
        now: Timestamp,
        mut all: impl Iterator<Item = &'r Rule>,
    ) -> Option<Duration> {
        let asks = self.rules.iter().any(|rule| rule.rule.asks_others());
        let changes = all.any(|rule| changes_others(rule) || (asks && removes(rule)));
        let due = self.rules.iter().filter(|rule| changes || counts_others(rule));
        let due = due.filter_map(|rule| rule.course.due.as_ref().map(|due| elapsed(now, due.at)));
        due.filter(|wait| *wait <= FURTHEST).chain(changes.then_some(USUAL)).max()
    }

    /// Takes over what a plan from the same moment on tells of this object: `pods/test-a/web-1`.
    pub fn beside_others(&mut self, plan: &Plan, object: &str) {
        let of_object: Vec<&Row> = plan.rows.iter().filter(|row| row.object() == object).collect();
        let removes = |row: &&&Row| row.fate == Fate::Done && row.rule.steps[row.step].nature.removes;
        let gone = of_object.iter().find(removes).map(|row| row.at);
        for rule in self.rules.iter_mut().filter(|rule| rule.place.selects) {
            let rows: Vec<&Row> =
                of_object.iter().copied().filter(|row| row.rule.id == rule.rule.id).collect();
            rule.course.is_counted = true;
            match rule.course.due.clone() {
                Some(due) if due.at > plan.until => rule.course.is_counted = false,
                Some(due) => {
                    let rows = rows.into_iter().filter(|row| row.step == due.step);
                    if !take_over(&mut rule.course, rows, Some(&due)) && gone.is_none_or(|gone| gone > due.at)
                    {
                        rule.course.overtaken = rule.course.due.take();
                    }
                }
                // What is not true of it as it is now may be after others have changed what it asks.
                None if rule.course.tells.is_none() => {
                    let rows = rows.into_iter().filter(|row| row.fate != Fate::Logged);
                    rule.course.by_others = take_over(&mut rule.course, rows, None);
                }
                None => {}
            }
        }
    }
}

/// Takes over what holds it back, and what is done at last; whether there is anything.
fn take_over<'p>(course: &mut Course, rows: impl Iterator<Item = &'p Row>, known: Option<&Due>) -> bool {
    let mut holds = Vec::new();
    let mut done = None;
    for row in rows {
        let action = || row.rule.steps[row.step].action.describe();
        match &row.fate {
            Fate::Held(held, by) => holds.push(Hold {
                at: row.at,
                step: row.step,
                action: action(),
                held: *held,
                by: by.clone(),
                until: None,
            }),
            Fate::Done | Fate::Told(_) => {
                let not_known = (!row.not_known.is_empty())
                    .then(|| format!("nothing protects it: {}", row.not_known.join(", ")));
                let provided = known.map(|known| known.provided.clone());
                done = Some(Due {
                    at: row.at,
                    step: row.step,
                    action: action(),
                    provided: provided.unwrap_or_else(|| not_known.into_iter().collect()),
                    turn: row.after.clone(),
                });
                break;
            }
            Fate::Logged => {}
        }
    }
    if holds.is_empty() && done.is_none() {
        return false;
    }
    let is_known =
        |hold: &Hold| course.holds.iter().any(|known| (known.held, known.step) == (hold.held, hold.step));
    holds.retain(|hold| !is_known(hold));
    let is_new = done.is_some() || !holds.is_empty();
    // What holds it back beyond the time that was played is known by the object alone.
    if is_new {
        course.due = done;
    }
    course.holds.extend(holds);
    is_new || known.is_some()
}

/// Whether what becomes of other objects can hold a rule back.
fn counts_others(rule: &Explained) -> bool {
    rule.rule.limits.is_some() || rule.rule.steps.iter().any(|step| step.name == "evict")
}

/// Whether a rule takes something away, which is another answer to who asks of it.
fn removes(rule: &Rule) -> bool {
    rule.steps.iter().any(|step| step.nature.removes)
}

/// Whether a rule changes something that another rule, or a protection, may look at.
fn changes_others(rule: &Rule) -> bool {
    rule.steps.iter().any(|step| !step.nature.removes && !step.nature.harmless)
}
