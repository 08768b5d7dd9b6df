//! What becomes of an object beside all others of its dump: limits count what else matches, and an eviction takes from
//! a PodDisruptionBudget what the next one asks of it. A plan has played all of them.

use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;

use super::{Due, Explained, Explanation, Hold};
use crate::simulation::plan::{Fate, Plan};

/// Nobody plays a dump further ahead: what is due later is told without the others.
const FURTHEST: Duration = Duration::from_secs(3600);

impl Explanation {
    /// How far a plan has to look ahead to tell whether the other objects hold something back; `None`: no rule asks.
    #[must_use]
    pub fn asks_of_others(&self, now: Timestamp) -> Option<Duration> {
        let due = self.rules.iter().filter(|rule| counts_others(rule)).filter_map(|rule| {
            let due = rule.course.due.as_ref()?;
            Some(elapsed(now, due.at))
        });
        due.filter(|wait| *wait <= FURTHEST).max()
    }

    /// Takes over what a plan from the same moment on tells of this object: `pods/test-a/web-1`.
    pub fn beside_others(&mut self, plan: &Plan, object: &str) {
        for rule in self.rules.iter_mut().filter(|rule| counts_others(rule)) {
            let Some(due) = &rule.course.due else { continue };
            let rows = plan
                .rows
                .iter()
                .filter(|row| row.rule.id == rule.rule.id && row.step == due.step && row.object() == object);
            let mut holds = Vec::new();
            let mut done = None;
            for row in rows {
                match &row.fate {
                    Fate::Held(held, by) => holds.push(Hold {
                        at: row.at,
                        step: row.step,
                        action: due.action.clone(),
                        held: *held,
                        by: by.clone(),
                        until: None,
                    }),
                    Fate::Done | Fate::Told(_) => {
                        done = Some(Due { at: row.at, turn: row.after.clone(), ..due.clone() });
                        break;
                    }
                    Fate::Logged => {}
                }
            }
            // Where another rule removes it before, nothing is told of this one.
            if holds.is_empty() && done.is_none() {
                continue;
            }
            let course = &mut rule.course;
            course.is_counted = true;
            let is_known = |hold: &Hold| {
                course.holds.iter().any(|known| (known.held, known.step) == (hold.held, hold.step))
            };
            holds.retain(|hold| !is_known(hold));
            // What holds it back beyond the time that was played is known by the object alone.
            if done.is_some() || !holds.is_empty() {
                course.due = done;
            }
            course.holds.extend(holds);
        }
    }
}

/// Whether what becomes of other objects can hold a rule back.
fn counts_others(rule: &Explained) -> bool {
    rule.rule.limits.is_some() || rule.rule.steps.iter().any(|step| step.name == "evict")
}
