//! A plan for people: rule by rule, what would be done now, then within the time, then what is held back, then what is
//! not known or comes to be so; a line of totals, and what to type next.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::format_duration;

use super::report::{OfRule, Report, Section, Source, Totals};
use crate::cli::table::{Look, Table, Tone, printable, wrapped};
use crate::simulation::plan::{Fate, Later, Row, Unknown};

/// On a terminal so many rows of a section are shown: of more, a person reads the number.
const MOST_ROWS: usize = 20;
/// Rows stand under their rule.
const INDENT: u16 = 2;
/// On a terminal with fewer columns the cells of a row stand beneath its object.
const NARROW: u16 = 90;
/// When, and what: short words that are never wrapped.
const WHOLE: [usize; 2] = [1, 2];

/// Writes it; `cut`: the first rows of each section alone.
pub(super) fn write(report: &Report, look: Look, cut: bool, out: &mut impl Write) -> io::Result<()> {
    let within = format_duration(report.within);
    let source = match &report.source {
        Source::Cluster { server, context: Some(context) } => format!("{server} ({context})"),
        Source::Cluster { server, context: None } => server.clone(),
        Source::Dump { paths } => paths.join(", "),
    };
    let at = report.plan.at.strftime("%Y-%m-%d %H:%M:%SZ");
    say(&format!("plan of {}, {at} and {within} on", printable(&source)), look, out)?;
    for of in report.by_rule() {
        writeln!(out)?;
        heading(&of, look, out)?;
        rows(report, &of, look, cut, out)?;
    }
    writeln!(out)?;
    for note in &report.notes {
        say(&format!("note: {}", printable(note)), look, out)?;
    }
    for reason in &report.incomplete {
        say(&format!("not complete: {}", printable(reason)), look, out)?;
    }
    say(&totals(report), look, out)?;
    // To be copied as it is.
    writeln!(out, "next: k8s-healer {}", printable(&report.next))
}

/// A line; on a terminal what does not fit stands beneath.
fn say(text: &str, look: Look, out: &mut impl Write) -> io::Result<()> {
    let Some(width) = look.width else { return writeln!(out, "{text}") };
    let indent = usize::from(INDENT);
    for (index, line) in wrapped(text, usize::from(width).saturating_sub(indent)).iter().enumerate() {
        writeln!(out, "{:width$}{line}", "", width = if index == 0 { 0 } else { indent })?;
    }
    Ok(())
}

fn heading(of: &OfRule<'_>, look: Look, out: &mut impl Write) -> io::Result<()> {
    let id = of.rule.id.to_string();
    let name = if look.colour { format!("\u{1b}[1m{id}\u{1b}[0m") } else { id.clone() };
    let mode = if of.mode == Mode::Enforce { String::new() } else { format!("  {}", of.mode) };
    let watch = printable(&of.watch());
    let length = id.chars().count() + 2 + watch.chars().count() + mode.len();
    let Some(width) = look.width.map(usize::from).filter(|width| length > *width) else {
        return writeln!(out, "{name}  {watch}{mode}");
    };
    writeln!(out, "{name}{mode}")?;
    let indent = usize::from(INDENT);
    for line in wrapped(&watch, width.saturating_sub(indent)) {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}

fn rows(report: &Report, of: &OfRule<'_>, look: Look, cut: bool, out: &mut impl Write) -> io::Result<()> {
    let mut all = Vec::new();
    let mut shown: BTreeMap<Section, usize> = BTreeMap::new();
    for (section, row) in &of.rows {
        let count = shown.entry(*section).or_default();
        *count += 1;
        if !cut || *count <= MOST_ROWS {
            all.push(cells(report, of, *section, row));
        }
    }
    all.extend(of.unknown.iter().map(|one| cells_of_unknown(report, of, one)));
    all.extend(of.later.iter().map(|one| cells_of_later(report, of, one)));
    match look.width {
        Some(width) if width < NARROW => blocks(&all, usize::from(width), look, out)?,
        _ => side_by_side(all, look, out)?,
    }
    let left_out: Vec<String> = shown
        .iter()
        .filter(|(_, count)| cut && **count > MOST_ROWS)
        .map(|(section, count)| format!("{} more {}", count - MOST_ROWS, word(*section)))
        .collect();
    if !left_out.is_empty() {
        writeln!(out, "  … and {}: --format wide shows all", left_out.join(", "))?;
    }
    Ok(())
}

type Cells = [(String, Tone); 4];

fn side_by_side(rows: Vec<Cells>, look: Look, out: &mut impl Write) -> io::Result<()> {
    let narrower = look.width.map(|width| width.saturating_sub(INDENT));
    let mut table =
        Table::new(Look { width: narrower, ..look }, &["OBJECT", "WHEN", "ACTION", "WHY"]).keep_whole(&WHOLE);
    rows.into_iter().for_each(|row| table.row(row));
    let mut text = Vec::new();
    table.show(&mut text)?;
    for line in String::from_utf8_lossy(&text).lines() {
        writeln!(out, "{:width$}{line}", "", width = usize::from(INDENT))?;
    }
    Ok(())
}

/// Each row as an object, and what is told of it beneath.
fn blocks(rows: &[Cells], width: usize, look: Look, out: &mut impl Write) -> io::Result<()> {
    let indent = usize::from(INDENT);
    let mut write = |text: &str, tone: Tone, indent: usize| -> io::Result<()> {
        for line in wrapped(&printable(text), width.saturating_sub(indent)) {
            writeln!(out, "{:indent$}{}", "", tone.paint(&line, look))?;
        }
        Ok(())
    };
    for [(object, _), (when, tone), (action, _), (why, _)] in rows {
        write(object, Tone::Plain, indent)?;
        let what = if action == "-" { when.clone() } else { format!("{action}, {when}") };
        write(&format!("{what}: {why}"), *tone, 2 * indent)?;
    }
    Ok(())
}

fn word(section: Section) -> &'static str {
    match section {
        Section::Now => "now",
        Section::Within => "later",
        Section::Held => "held back",
    }
}

fn cells(report: &Report, of: &OfRule<'_>, section: Section, row: &Row) -> Cells {
    let object = match (&row.namespace, of.names_its_kind()) {
        (Some(namespace), true) => format!("{namespace}/{}", row.name),
        (None, true) => row.name.to_string(),
        (_, false) => row.object(),
    };
    let when = match (when(report, row.at), &row.after) {
        (when, Some(_)) if row.at <= report.plan.at => format!("{when}, in turn"),
        (when, _) => when,
    };
    let (when, why, tone) = match &row.fate {
        Fate::Held(by, why) => {
            let held = if section == Section::Held && row.at <= report.plan.at {
                "held back".to_owned()
            } else {
                format!("held back {when}")
            };
            (held, told_of(by.word(), why), Tone::Warning)
        }
        Fate::Told(mode) => (when, format!("{} (only told: {mode})", row.reason), Tone::Faint),
        Fate::Logged => (when, format!("{} (only logged)", row.reason), Tone::Faint),
        Fate::Done => (when, row.reason.clone(), Tone::Plain),
    };
    let why = if row.counts_from_now { format!("{why}; {} counts from now", waiting(row)) } else { why };
    let why = match &row.after {
        Some(other) => format!("{why}; once {} is gone, by its inFlight", short(of, other)),
        None => why,
    };
    let why = if row.not_known.is_empty() {
        why
    } else {
        format!("{why}; not known, and may hold it back: {}", row.not_known.join(", "))
    };
    let action = row.rule.steps[row.step].action.describe();
    [(object, Tone::Plain), (when, tone), (action, tone), (why, Tone::Plain)]
}

/// What the rule waits for.
fn waiting(row: &Row) -> String {
    match (row.rule.hold, row.rule.steps.first().and_then(|step| step.after)) {
        (hold, _) if !hold.is_zero() => format!("`for: {}`", format_duration(hold)),
        (_, after) => format!("`after: {}`", format_duration(after.unwrap_or_default())),
    }
}

/// `pdb: the PodDisruptionBudget web …`, where the reason does not begin with what it is.
fn told_of(by: &str, why: &str) -> String {
    let tells = why.starts_with("protected") || why.starts_with("its breaker");
    if tells { why.to_owned() } else { format!("{by}: {why}") }
}

fn cells_of_unknown(report: &Report, of: &OfRule<'_>, one: &Unknown) -> Cells {
    let why =
        if one.spares { format!("spared, since of `unless` {}", one.reason) } else { one.reason.clone() };
    let unknown = if one.at > report.plan.at {
        format!("unknown {}", when(report, one.at))
    } else {
        "unknown".to_owned()
    };
    let (unknown, nothing) = ((unknown, Tone::Faint), ("-".to_owned(), Tone::Faint));
    [(named(of, &one.examples, one.count), Tone::Plain), unknown, nothing, (why, Tone::Plain)]
}

/// The first few, and how many more.
fn named(of: &OfRule<'_>, examples: &[String], count: usize) -> String {
    let mut names: Vec<String> = examples.iter().map(|name| short(of, name)).collect();
    if count > names.len() {
        names.push(format!("and {} more", count - names.len()));
    }
    names.join(", ")
}

/// Without its kind, where the heading names that.
fn short(of: &OfRule<'_>, name: &str) -> String {
    match name.split_once('/') {
        Some((_, rest)) if of.names_its_kind() => rest.to_owned(),
        _ => name.to_owned(),
    }
}

fn cells_of_later(report: &Report, of: &OfRule<'_>, one: &Later) -> Cells {
    let Later { rule, waits_for, due, count, examples } = one;
    let first = if *count > 1 { "the first is due" } else { "due" };
    let why = match due {
        Some(due) => {
            let within = format_duration(report.within);
            format!("{waits_for}: {first} {}, beyond --within {within}", when(report, *due))
        }
        None => format!("{waits_for}: at no time that is known"),
    };
    let action = rule.steps.first().map(|step| step.action.describe()).unwrap_or_default();
    let faint = |text: String| (text, Tone::Faint);
    let object = (named(of, examples, *count), Tone::Plain);
    [object, faint("later".to_owned()), faint(action), (why, Tone::Plain)]
}

/// `now`, `in 3m12s, at 12:00:05`; with the day, where it is another one.
fn when(report: &Report, moment: Timestamp) -> String {
    if moment <= report.plan.at {
        return "now".to_owned();
    }
    let day = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
    let form = if day(moment) == day(report.plan.at) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    format!("in {}, at {}", format_duration(report.wait(moment)), moment.strftime(form))
}

/// `3 now, 1 within 10m, 2 held back; 4 unknown; of 120 objects`
fn totals(report: &Report) -> String {
    let Totals { now, within, told, held, unknown, unknown_within, later } = report.totals();
    let time = format_duration(report.within);
    let counted = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let done = [counted(now, "now"), counted(within, &format!("within {time}"))];
    let done: Vec<String> = done.into_iter().flatten().collect();
    let done = if done.is_empty() { format!("nothing would be done within {time}") } else { done.join(", ") };
    let rest = [
        counted(told, "only told"),
        counted(held, "held back"),
        counted(unknown, "unknown"),
        counted(unknown_within, &format!("unknown within {time}")),
        counted(later, "later"),
    ];
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join(", ")) };
    let objects = report.plan.objects;
    let incomplete = if report.incomplete.is_empty() { "" } else { "; not complete" };
    format!("{done}{rest}; {objects} object{} looked at{incomplete}", if objects == 1 { "" } else { "s" })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
