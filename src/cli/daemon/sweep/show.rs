//! Shows what was healed: a table for people, with what is left and a line of totals, or JSON for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Format;
use crate::cli::table::{Look, Table, Tone, printable};
use crate::daemon::control::protocol::{Summary, SummaryRow};

/// The version of the JSON document's shape: a key never changes its meaning within one, new keys may come.
const VERSION: u8 = 1;

/// Which account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::daemon) enum Told {
    /// Of one sweep.
    Sweep,
    /// Of all since the daemon's start.
    Summary,
}

pub(in crate::cli::daemon) struct Account<'a> {
    pub(in crate::cli::daemon) summary: &'a Summary,
    pub(in crate::cli::daemon) told: Told,
}

/// On standard output. Whether anybody reads it changes nothing.
pub(in crate::cli::daemon) fn show(account: &Account<'_>, format: Format) {
    let mut out = io::stdout().lock();
    let written = match format {
        Format::Table => account.table(Look::of_stdout(), &mut out),
        Format::Json => writeln!(out, "{:#}", account.json()),
    };
    drop(written.and_then(|()| out.flush()));
}

impl Account<'_> {
    fn table(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        let Summary { rows, remaining, incomplete, .. } = self.summary;
        if !rows.is_empty() {
            self.rows(look).show(out)?;
            writeln!(out)?;
        }
        for (object, holds) in remaining {
            writeln!(out, "still there: {}: {}", printable(object), printable(holds))?;
        }
        for reason in incomplete {
            writeln!(out, "not complete: {}", printable(reason))?;
        }
        writeln!(out, "{}", self.totals())
    }

    fn rows(&self, look: Look) -> Table {
        let rows = &self.summary.rows;
        let acted = rows.iter().any(|row| row.acted > 0);
        let would = rows.iter().any(|row| row.would > 0);
        let why = rows.iter().any(|row| row.reason.is_some());
        let last = self.told == Told::Summary;
        // A weaker mode does nothing, and has no column that says so.
        let shown = [true, true, true, true, acted || !would, would, true, true, last, why];
        let header: [&str; 10] =
            ["RULE", "KIND", "NAMESPACE", "ACTION", "DONE", "WOULD DO", "HELD BACK", "FAILED", "LAST", "WHY"];
        let header: Vec<&str> =
            header.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(name, _)| name).collect();
        let mut table = Table::new(look, &header);
        for row in rows {
            table.row(cells(row).into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(cell, _)| cell));
        }
        table
    }

    /// `3 deleted, 1 held back; 2 still going`
    fn totals(&self) -> String {
        let Summary { rows, remaining, incomplete, since, .. } = self.summary;
        let mut done: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for row in rows {
            let [acted, would] = done.entry(&row.action).or_default();
            *acted += row.acted;
            *would += row.would;
        }
        let [held, failed] = [|row: &SummaryRow| row.held, |row: &SummaryRow| row.failed]
            .map(|count| rows.iter().map(count).sum::<u64>());
        let counted = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let acted = done.iter().filter_map(|(action, [acted, _])| counted(*acted, &participle(action)));
        let would = done
            .iter()
            .filter_map(|(action, [_, would])| counted(*would, &format!("would be {}", participle(action))));
        let parts: Vec<String> =
            acted.chain(would).chain(counted(held, "held back")).chain(counted(failed, "failed")).collect();
        let mut totals = match (parts.is_empty(), self.told) {
            (false, _) => parts.join(", "),
            (true, Told::Summary) => "nothing was done".to_owned(),
            (true, Told::Sweep) if remaining.is_empty() && incomplete.is_empty() => {
                "nothing to do".to_owned()
            }
            (true, Told::Sweep) => "nothing done".to_owned(),
        };
        if !remaining.is_empty() {
            totals.push_str(&format!("; {} still going", remaining.len()));
        }
        if !incomplete.is_empty() {
            totals.push_str("; not complete");
        }
        if self.told == Told::Summary {
            totals.push_str(&format!(", since {}", moment(*since)));
        }
        totals
    }

    fn json(&self) -> Value {
        let rows = &self.summary.rows;
        let total = |count: fn(&SummaryRow) -> u64| rows.iter().map(count).sum::<u64>();
        let mut document = serde_json::to_value(self.summary).unwrap_or(Value::Null);
        document["version"] = json!(VERSION);
        document["totals"] = json!({
            "acted": total(|row| row.acted),
            "would": total(|row| row.would),
            "held": total(|row| row.held),
            "failed": total(|row| row.failed),
            "remaining": self.summary.remaining.len(),
        });
        document
    }
}

fn cells(row: &SummaryRow) -> [(String, Tone); 10] {
    let plain = |text: &str| (text.to_owned(), Tone::Plain);
    let number = |count: u64, tone| (count.to_string(), if count > 0 { tone } else { Tone::Faint });
    [
        plain(&row.rule),
        plain(&row.kind),
        plain(row.namespace.as_deref().unwrap_or("-")),
        plain(&row.action),
        number(row.acted, Tone::Good),
        number(row.would, Tone::Plain),
        number(row.held, Tone::Warning),
        number(row.failed, Tone::Bad),
        (moment(row.last), Tone::Plain),
        plain(row.reason.as_deref().unwrap_or_default()),
    ]
}

fn moment(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What an action has done to an object.
fn participle(action: &str) -> String {
    match action {
        "delete" => "deleted".to_owned(),
        "evict" => "evicted".to_owned(),
        "label" => "labelled".to_owned(),
        "annotate" => "annotated".to_owned(),
        "log" => "logged".to_owned(),
        "stripFinalizers" => "stripped of finalizers".to_owned(),
        other => format!("done by {other}"),
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
