//! The model of what is remembered of an object: at each look a rule is true or not, and from that follows when
//! which of its steps is due. It knows nothing of timers; it is asked.

use k8s_healer_engine::tracker::StepResult;
use serde_json::Value;

use crate::model::asked_duration;
use crate::pool::Made;
use crate::{model, model_values as values};

const SECOND: i128 = 1_000_000_000;

/// What is believed of one object.
#[derive(Clone, Debug)]
pub(crate) struct Believed {
    pub(crate) object: Value,
    pub(crate) looked: i128,
    /// Put back into the schedule at this moment, with something still due: it is not looked at before, even if
    /// the clock is set back.
    pub(crate) released: i128,
    /// By rule; `None`: it was not true at the last look, and is in the middle of nothing.
    pub(crate) sequences: Vec<Option<Sequence>>,
}

/// How far a rule has come with it.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    since: i128,
    /// What `after` of the next step counts from.
    base: i128,
    pub(crate) step: usize,
    failures: u32,
    removed: bool,
    done: bool,
    /// The rule has ceased to be true meanwhile.
    over: bool,
    /// Since when it has been true again after that.
    again: Option<i128>,
    not_before: NotBefore,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum NotBefore {
    Any,
    At(i128),
    ItChanges,
    /// This moment, or its next change before.
    AtOrChanged(i128),
}

/// Whether a rule looks into this namespace.
pub(crate) fn selects(made: &Made, namespace: &str) -> bool {
    made.tree.get("namespaces").is_none_or(|globs| values::globs(globs, namespace))
}

/// A step's action and its keys.
pub(crate) fn step(made: &Made, index: usize) -> Option<(&str, &Value)> {
    let entry = made.tree["actions"].get(index)?.as_object()?;
    entry.iter().next().map(|(name, keys)| (name.as_str(), keys))
}

impl Believed {
    pub(crate) fn new(object: Value, rules: usize) -> Self {
        Self { object, looked: 0, released: i128::MIN, sequences: vec![None; rules] }
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.object["metadata"][key].as_str().expect("a text")
    }

    /// Looks at it; `listed`: after a gap in which it may have been anything.
    pub(crate) fn look(&mut self, rules: &[&Made], object: &Value, listed: bool, now: i128) {
        let changed = self.object["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"];
        self.object = object.clone();
        let before = self.looked;
        (self.looked, self.released) = (now, i128::MIN);
        for (made, state) in rules.iter().zip(&mut self.sequences) {
            let namespace = object["metadata"]["namespace"].as_str().expect("a namespace");
            let said = model::rule(&made.tree, object, now);
            if selects(made, namespace) && said.truth == Some(true) {
                let told = said.since;
                // By this change it has become true, whatever times before the last look the object carries.
                let becomes = told.filter(|told| !changed || listed || *told > before).unwrap_or(now);
                match state {
                    None => *state = Some(Sequence::new(made, becomes)),
                    Some(sequence) => {
                        if sequence.over {
                            let gap = listed && changed;
                            let again = sequence
                                .again
                                .map(|again| if gap { told.unwrap_or(now).max(again) } else { again });
                            sequence.again = Some(again.unwrap_or(becomes));
                        }
                        sequence.still(made, told, listed && changed, changed, now);
                    }
                }
            } else if let Some(sequence) = state {
                if sequence.done || sequence.step == 0 || !sequence.is_for_all_present(made) {
                    *state = None;
                } else {
                    (sequence.over, sequence.again) = (true, None);
                    sequence.is_seen_to_change();
                }
            }
        }
    }

    /// What came of a rule's step. After steps that have outlived their episode another one begins, or none.
    pub(crate) fn ended(&mut self, rule: usize, made: &Made, result: StepResult, now: i128) {
        let state = &mut self.sequences[rule];
        let sequence = state.as_mut().expect("a sequence");
        sequence.ended(made, result, now);
        if sequence.done && sequence.over {
            *state = sequence.again.map(|again| Sequence::new(made, again));
        }
    }

    /// The first rule with a step that is due, and which.
    pub(crate) fn due(&self, rules: &[&Made], now: i128) -> Option<(usize, usize)> {
        self.sequences.iter().zip(rules).enumerate().find_map(|(rule, (sequence, made))| {
            let sequence = sequence.as_ref()?;
            let due = sequence.due_at(made)?;
            (due <= now).then_some((rule, sequence.step))
        })
    }

    /// The earliest moment at which a step falls due.
    pub(crate) fn next_due(&self, rules: &[&Made]) -> Option<i128> {
        let dues = self.sequences.iter().zip(rules);
        let next = dues.filter_map(|(sequence, made)| sequence.as_ref()?.due_at(made)).min();
        next.map(|next| next.max(self.released))
    }

    /// Whether a rule was true at the last look is still so at this moment.
    pub(crate) fn is_as_it_was(&self, rules: &[&Made], now: i128) -> bool {
        let is_true = |made: &Made, at| model::rule(&made.tree, &self.object, at).truth == Some(true);
        let selected = rules.iter().filter(|made| selects(made, self.text("namespace")));
        selected.into_iter().all(|made| is_true(made, now) == is_true(made, self.looked))
    }
}

impl Sequence {
    fn new(made: &Made, since: i128) -> Self {
        Self {
            since,
            base: since + asked_duration(&made.tree, "for").unwrap_or(0),
            step: 0,
            failures: 0,
            removed: false,
            done: false,
            over: false,
            again: None,
            not_before: NotBefore::Any,
        }
    }

    /// The rule is true, and was at the last look.
    fn still(&mut self, made: &Made, told: Option<i128>, gap: bool, changed: bool, now: i128) {
        // The object tells of another episode, or it may have been untrue meanwhile for all that is known.
        if gap && self.done && told.is_some_and(|told| told > self.since) {
            *self = Self::new(made, told.unwrap_or(now));
        }
        if gap && !self.done && self.step == 0 {
            let anew = Self::new(made, told.unwrap_or(now).max(self.since));
            (self.since, self.base) = (anew.since, anew.base);
        }
        if changed {
            self.is_seen_to_change();
        }
    }

    fn due_at(&self, made: &Made) -> Option<i128> {
        let (_, keys) = step(made, self.step)?;
        let due = self.base + asked_duration(keys, "after").unwrap_or(0);
        match self.not_before {
            _ if self.done => None,
            NotBefore::ItChanges => None,
            NotBefore::Any => Some(due),
            NotBefore::At(moment) | NotBefore::AtOrChanged(moment) => Some(due.max(moment)),
        }
    }

    /// Whether the next step applies to an object that is there, whatever the rule is of it.
    fn is_for_all_present(&self, made: &Made) -> bool {
        let (_, keys) = step(made, self.step).expect("a step");
        keys.get("while").map_or(self.removed, |word| word == "present")
    }

    fn is_seen_to_change(&mut self) {
        if matches!(self.not_before, NotBefore::ItChanges | NotBefore::AtOrChanged(_)) {
            self.not_before = NotBefore::Any;
        }
    }

    fn ended(&mut self, made: &Made, result: StepResult, now: i128) {
        let mut wait = |longest: i128, failures: &mut u32| {
            let seconds = (1_i128 << (*failures).min(20)).min(longest);
            *failures += 1;
            self.not_before = NotBefore::At(now + seconds * SECOND);
        };
        match result {
            StepResult::Failed { .. } => wait(60, &mut self.failures),
            StepResult::Held => wait(300, &mut self.failures),
            StepResult::Kept { until, is_seen } => {
                let end = until.as_nanosecond();
                if is_seen {
                    self.not_before = NotBefore::AtOrChanged(end);
                } else {
                    wait(300, &mut self.failures);
                    if let NotBefore::At(moment) = self.not_before {
                        self.not_before = NotBefore::AtOrChanged(moment.min(end));
                    }
                }
            }
            StepResult::Postponed { until } => {
                let at = until.map(jiff::Timestamp::as_nanosecond);
                self.not_before = at.map_or(NotBefore::ItChanges, NotBefore::At);
            }
            StepResult::Abandoned | StepResult::Finished => self.done = true,
            StepResult::Done { removed } => {
                self.removed |= removed;
                self.next(made, now);
            }
            StepResult::Skipped { since } => {
                self.next(made, since.map_or(now, jiff::Timestamp::as_nanosecond));
            }
            other => panic!("the model knows no {other:?}"),
        }
    }

    fn next(&mut self, made: &Made, base: i128) {
        self.base = base;
        self.failures = 0;
        self.not_before = NotBefore::Any;
        if step(made, self.step + 1).is_some() { self.step += 1 } else { self.done = true }
    }
}
