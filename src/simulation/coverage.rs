//! What the tests of rules have shown of them: which rules and matchers were both true and false of something,
//! and which steps ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleId};
use k8s_healer_engine::truth::Truth;

/// A part of a rule that is true or false.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The rule itself.
    Rule,
    /// A matcher of `match`: its place in the list, then in the list of the one around it.
    Match(Vec<usize>),
    /// A matcher of `unless`.
    Unless(Vec<usize>),
}

/// What was seen of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It was true of an object.
    pub was_true: bool,
    /// It was false of an object.
    pub was_false: bool,
}

impl Seen {
    fn note(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.was_true = true,
            Truth::False => self.was_false = true,
            Truth::Unknown => {}
        }
    }

    /// Both were seen.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.was_true && self.was_false
    }
}

/// What was seen of all rules.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    seen: BTreeMap<RuleId, BTreeMap<Part, Seen>>,
    ran: BTreeSet<(RuleId, usize)>,
}

/// A part of a rule that no test has shown whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A rule or a matcher that was not both true and false.
    Part(Part, Seen),
    /// A step that never ran, from 0.
    Step(usize),
}

/// How much of some rules was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rules, matchers and steps.
    pub parts: usize,
    /// Those of them that were shown.
    pub covered: usize,
    /// Those that were not, in the order of the rules.
    pub gaps: Vec<(RuleId, Gap)>,
}

impl Report {
    /// Of a hundred; nothing at all is shown whole.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.parts == 0 { 100.0 } else { self.covered as f64 * 100.0 / self.parts as f64 }
    }
}

impl Coverage {
    /// An object was there at a moment: what each rule that selects it made of it.
    pub(super) fn witness(
        &mut self,
        rules: &[Arc<Rule>],
        object: &Observation,
        facts: &Facts,
        now: Timestamp,
    ) {
        let context = Context::new(object, facts, now);
        for rule in rules.iter().filter(|rule| rule.scope.selects(object.namespace())) {
            let seen = self.seen.entry(rule.id.clone()).or_default();
            seen.entry(Part::Rule).or_default().note(evaluate(rule, object, facts, now).truth);
            each_part(rule, &mut |part, matcher| {
                seen.entry(part).or_default().note(matcher.evaluate(&context).truth);
            });
        }
    }

    pub(super) fn ran(&mut self, rule: &RuleId, step: usize) {
        self.ran.insert((rule.clone(), step));
    }

    /// Adds what another case has shown.
    pub fn add(&mut self, other: Self) {
        for (rule, parts) in other.seen {
            let mine = self.seen.entry(rule).or_default();
            for (part, seen) in parts {
                let mine = mine.entry(part).or_default();
                mine.was_true |= seen.was_true;
                mine.was_false |= seen.was_false;
            }
        }
        self.ran.extend(other.ran);
    }

    /// How much of these rules was shown. An `unless` that several rules inherit is one.
    #[must_use]
    pub fn report(&self, rules: &[Arc<Rule>]) -> Report {
        let shared = self.shared(rules);
        let mut report = Report::default();
        let mut counted = BTreeSet::new();
        for rule in rules {
            let mut parts = vec![(Part::Rule, self.of(&rule.id, &Part::Rule))];
            each_part(rule, &mut |part, matcher| match part {
                Part::Unless(_) if !counted.insert(address(matcher)) => {}
                Part::Unless(_) => {
                    let seen = shared.get(&address(matcher)).copied().unwrap_or_default();
                    parts.push((part, seen));
                }
                part => {
                    let seen = self.of(&rule.id, &part);
                    parts.push((part, seen));
                }
            });
            report.parts += parts.len() + rule.steps.len();
            let gaps = parts.into_iter().filter(|(_, seen)| !seen.is_whole());
            report.gaps.extend(gaps.map(|(part, seen)| (rule.id.clone(), Gap::Part(part, seen))));
            let silent = (0..rule.steps.len()).filter(|step| !self.ran.contains(&(rule.id.clone(), *step)));
            report.gaps.extend(silent.map(|step| (rule.id.clone(), Gap::Step(step))));
        }
        report.covered = report.parts - report.gaps.len();
        report
    }

    /// What was seen of each matcher of `unless`, in whichever rule.
    fn shared(&self, rules: &[Arc<Rule>]) -> BTreeMap<usize, Seen> {
        let mut shared: BTreeMap<usize, Seen> = BTreeMap::new();
        for rule in rules {
            each_part(rule, &mut |part, matcher| {
                let seen = self.of(&rule.id, &part);
                let all = shared.entry(address(matcher)).or_default();
                all.was_true |= seen.was_true;
                all.was_false |= seen.was_false;
            });
        }
        shared
    }

    fn of(&self, rule: &RuleId, part: &Part) -> Seen {
        self.seen.get(rule).and_then(|parts| parts.get(part)).copied().unwrap_or_default()
    }
}

/// Every matcher of a rule, those around others before these.
fn each_part(rule: &Rule, look: &mut impl FnMut(Part, &dyn Matcher)) {
    for (index, matcher) in rule.matches.iter().enumerate() {
        descend(matcher.as_ref(), &mut vec![index], &mut |path, matcher| {
            look(Part::Match(path.to_vec()), matcher);
        });
    }
    for (index, matcher) in rule.unless.iter().enumerate() {
        descend(matcher.as_ref(), &mut vec![index], &mut |path, matcher| {
            look(Part::Unless(path.to_vec()), matcher);
        });
    }
}

fn descend(matcher: &dyn Matcher, path: &mut Vec<usize>, look: &mut impl FnMut(&[usize], &dyn Matcher)) {
    look(path, matcher);
    for (index, part) in matcher.parts().into_iter().enumerate() {
        path.push(index);
        descend(part, path, look);
        path.pop();
    }
}

/// Equal matchers of a rule set are one allocation.
fn address(matcher: &dyn Matcher) -> usize {
    std::ptr::from_ref(matcher).cast::<()>().addr()
}
