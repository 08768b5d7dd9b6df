//! A plan as one document for programs; docs/plan.md describes it. Its times are those of RFC 3339.

use std::io::{self, Write};

use jiff::Timestamp;
use k8s_healer_engine::rule::Mode;
use serde::Serialize;
use serde_json::Value;

use super::report::{OfRule, Report, Section, Source, Totals};
use crate::cli::diagnostics::write_json;
use crate::cli::yaml;
use crate::simulation::plan::{Fate, Row};

/// The version of the document's shape: a key never changes its meaning within one, new keys may come.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    source: From<'a>,
    at: Timestamp,
    until: Timestamp,
    /// How many objects some rule looks at.
    objects: usize,
    totals: Totals,
    rules: Vec<Planned<'a>>,
    notes: &'a [String],
    /// Why it is not the whole truth.
    incomplete: &'a [String],
}

#[derive(Serialize)]
#[serde(untagged)]
enum From<'a> {
    Cluster { server: &'a str, context: Option<&'a str> },
    Dump { paths: &'a [String] },
}

#[derive(Serialize)]
struct Planned<'a> {
    rule: String,
    watch: Vec<String>,
    mode: String,
    now: Vec<Entry<'a>>,
    within: Vec<Entry<'a>>,
    held: Vec<Entry<'a>>,
    unknown: Vec<Unknown<'a>>,
    later: Vec<Later<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    object: String,
    resource: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    at: Timestamp,
    /// From 1.
    step: usize,
    action: &'static str,
    /// What the action does in words.
    does: String,
    /// `enforce`: it would be done; else it would only be told. Not of a line of the log, which any mode writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    for_counts_from_now: bool,
    /// What could hold it back, and is not known.
    not_known: &'a [String],
    /// Once this one is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

#[derive(Serialize)]
struct Unknown<'a> {
    reason: &'a str,
    /// It is the rule's `unless` that is not known.
    spares: bool,
    /// From when on, of the first of them.
    at: Timestamp,
    count: usize,
    examples: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Later<'a> {
    waits_for: &'a str,
    /// The first of them.
    due: Option<Timestamp>,
    count: usize,
    examples: &'a [String],
}

/// As JSON.
pub(super) fn json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    write_json(&document(report), out)
}

/// As YAML.
pub(super) fn yaml(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let document: Value = serde_json::to_value(document(report))?;
    yaml::write(&document, out)
}

fn document(report: &Report) -> Document<'_> {
    Document {
        version: VERSION,
        source: match &report.source {
            Source::Cluster { server, context } => From::Cluster { server, context: context.as_deref() },
            Source::Dump { paths } => From::Dump { paths },
        },
        at: report.plan.at,
        until: report.plan.until,
        objects: report.plan.objects,
        totals: report.totals(),
        rules: report.by_rule().iter().map(planned).collect(),
        notes: &report.notes,
        incomplete: &report.incomplete,
    }
}

fn planned<'a>(of: &OfRule<'a>) -> Planned<'a> {
    let steps = |section: Section| {
        of.rows.iter().filter(|(of, _)| *of == section).map(|(_, row)| step(row)).collect::<Vec<_>>()
    };
    Planned {
        rule: of.rule.id.to_string(),
        watch: of.rule.watch.iter().map(ToString::to_string).collect(),
        mode: of.mode.to_string(),
        now: steps(Section::Now),
        within: steps(Section::Within),
        held: steps(Section::Held),
        unknown: of
            .unknown
            .iter()
            .map(|one| Unknown {
                reason: &one.reason,
                spares: one.spares,
                at: one.at,
                count: one.count,
                examples: &one.examples,
            })
            .collect(),
        later: of
            .later
            .iter()
            .map(|one| Later {
                waits_for: &one.waits_for,
                due: one.due,
                count: one.count,
                examples: &one.examples,
            })
            .collect(),
    }
}

fn step(row: &Row) -> Entry<'_> {
    let (mode, held_by, why) = match &row.fate {
        Fate::Done => (Some(Mode::Enforce), None, None),
        Fate::Told(mode) => (Some(*mode), None, None),
        Fate::Logged => (None, None, None),
        Fate::Held(by, why) => (None, Some(by.word()), Some(why.as_str())),
    };
    Entry {
        object: row.object(),
        resource: &row.resource,
        namespace: row.namespace.as_deref(),
        name: &row.name,
        at: row.at,
        step: row.step + 1,
        action: row.action(),
        does: row.rule.steps[row.step].action.describe(),
        mode: mode.map(|mode| mode.to_string()),
        reason: &row.reason,
        held_by,
        why,
        for_counts_from_now: row.counts_from_now,
        not_known: &row.not_known,
        after: row.after.as_deref(),
    }
}
