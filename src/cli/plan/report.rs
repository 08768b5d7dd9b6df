//! What a plan came to, whichever way its objects came: what is shown of it in each format, and the exit status.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::limits::Limits;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::{Mode, Rule, RuleSet};
use serde::Serialize;

use crate::simulation::plan::{Fate, Later, Plan, Row, Unknown};

/// Where the objects came from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A server, and the kubeconfig's context.
    Cluster { server: String, context: Option<String> },
    /// Files and folders.
    Dump { paths: Vec<String> },
}

/// All that is told.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) source: Source,
    pub(super) rules: RuleSet,
    /// How far any rule goes.
    pub(super) mode: Mode,
    pub(super) within: Duration,
    pub(super) plan: Plan,
    /// What is good to know, and no failure.
    pub(super) notes: Vec<String>,
    /// Why it is not the whole truth.
    pub(super) incomplete: Vec<String>,
    /// What to type next, without the program.
    pub(super) next: String,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// Done or told at the first moment.
    Now,
    /// Done or told later.
    Within,
    /// Held back.
    Held,
}

/// What is told of one rule.
pub(super) struct OfRule<'a> {
    pub(super) rule: &'a Arc<Rule>,
    pub(super) mode: Mode,
    /// In the order of the sections, then of time, then of the objects; where limits say whose turn it is, of that.
    pub(super) rows: Vec<(Section, &'a Row)>,
    pub(super) unknown: Vec<&'a Unknown>,
    pub(super) later: Vec<&'a Later>,
}

impl OfRule<'_> {
    /// Its objects are of one kind, which the heading names.
    pub(super) fn names_its_kind(&self) -> bool {
        self.rule.watch.len() == 1 && !self.rule.is_wide()
    }

    pub(super) fn watch(&self) -> String {
        let watch: Vec<String> = self.rule.watch.iter().map(ToString::to_string).collect();
        watch.join(", ")
    }
}

/// How much of it there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    pub(super) now: usize,
    pub(super) within: usize,
    /// Rules go no further than to tell it, or to log a line.
    pub(super) told: usize,
    pub(super) held: usize,
    /// At the first moment.
    pub(super) unknown: usize,
    /// Later.
    pub(super) unknown_within: usize,
    /// Due after the time that was asked.
    pub(super) later: usize,
}

/// Whether some go before others.
fn is_in_turn(limits: &Limits) -> bool {
    limits.in_flight.is_some() || limits.order.is_some()
}

impl Report {
    pub(super) fn section(&self, row: &Row) -> Section {
        match row.fate {
            Fate::Held(..) => Section::Held,
            _ if row.at <= self.plan.at => Section::Now,
            _ => Section::Within,
        }
    }

    /// Of each rule of which there is something to tell, in the order of their files.
    pub(super) fn by_rule<'a>(&'a self) -> Vec<OfRule<'a>> {
        let mut rows: Vec<(Section, &Row)> =
            self.plan.rows.iter().map(|row| (self.section(row), row)).collect();
        rows.sort_by(|(one_section, one), (other_section, other)| {
            let place = |section, row: &'_ Row| (section, row.at);
            let object = |row: &Row| (row.namespace.clone(), row.step);
            // In turn: as they were played, which is as they happen.
            let in_turn = one.rule.limits.as_ref().is_some_and(is_in_turn);
            (one.rule.id.cmp(&other.rule.id))
                .then_with(|| place(*one_section, one).cmp(&place(*other_section, other)))
                .then_with(|| {
                    if in_turn {
                        return Ordering::Equal;
                    }
                    object(one).cmp(&object(other)).then_with(|| one.name.cmp(&other.name))
                })
        });
        let of_rule = |rule: &'a Arc<Rule>| {
            let begin = rows.partition_point(|(_, row)| row.rule.id < rule.id);
            let count = rows[begin..].partition_point(|(_, row)| row.rule.id == rule.id);
            OfRule {
                rule,
                mode: rule.mode.min(self.mode),
                rows: rows[begin..begin + count].to_vec(),
                unknown: self.plan.unknown.iter().filter(|one| one.rule.id == rule.id).collect(),
                later: self.plan.later.iter().filter(|one| one.rule.id == rule.id).collect(),
            }
        };
        let all = self.rules.rules.iter().map(of_rule);
        all.filter(|of| !of.rows.is_empty() || !of.unknown.is_empty() || !of.later.is_empty()).collect()
    }

    pub(super) fn totals(&self) -> Totals {
        let unknown = |later: bool| {
            let alike = self.plan.unknown.iter().filter(|one| (one.at > self.plan.at) == later);
            alike.map(|one| one.count).sum()
        };
        let mut totals = Totals {
            unknown: unknown(false),
            unknown_within: unknown(true),
            later: self.plan.later.iter().map(|one| one.count).sum(),
            ..Totals::default()
        };
        for row in &self.plan.rows {
            match (&row.fate, self.section(row)) {
                (Fate::Told(_) | Fate::Logged, _) => totals.told += 1,
                (_, Section::Now) => totals.now += 1,
                (_, Section::Within) => totals.within += 1,
                (_, Section::Held) => totals.held += 1,
            }
        }
        totals
    }

    /// See the command's help.
    pub(super) fn exit_status(&self) -> u8 {
        if self.incomplete.is_empty() { u8::from(self.plan.done() > 0) } else { 2 }
    }

    /// How long after the first moment, in whole seconds: not shown as sooner than it is.
    pub(super) fn wait(&self, moment: Timestamp) -> Duration {
        let wait = elapsed(self.plan.at, moment);
        Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}
