//! The page of a status.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style as Colour};
use jiff::Timestamp;
use k8s_healer_engine::values::format_duration;

use crate::cli::daemon::size::Size;
use crate::cli::diagnostics::Style;
use crate::cli::table::{Look, Table, Tone};
use crate::daemon::control::protocol::{Health, ReloadOutcome, RuleState, RuleStatus, Status, WatchStatus};

/// Where kinds are watched in each namespace, the well ones are counted.
const MOST_WATCHES: usize = 30;
const WRONG: Colour = AnsiColor::Red.on_default().bold();
const STRONG: Colour = Colour::new().bold();

pub(super) struct Page<'a> {
    pub(super) status: &'a Status,
    pub(super) troubles: &'a [String],
    pub(super) now: Timestamp,
    pub(super) look: Look,
    pub(super) style: Style,
}

impl Page<'_> {
    pub(super) fn show(&self, out: &mut impl Write) -> io::Result<()> {
        self.head(out)?;
        self.rules(out)?;
        self.watches(out)?;
        self.deadlines(out)?;
        self.reload(out)?;
        if !self.troubles.is_empty() {
            self.title(out, "what is wrong")?;
        }
        for trouble in self.troubles {
            writeln!(out, "  {}", self.painted(WRONG, &harmless(trouble)))?;
        }
        Ok(())
    }

    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        let status = self.status;
        let title = format!("k8s-healer {} runs (pid {})", status.version, status.pid);
        writeln!(out, "{}", self.painted(STRONG, &title))?;
        let cluster = &status.cluster;
        let context = cluster.context.as_deref().map(|name| format!(" (context {name})")).unwrap_or_default();
        let nodes = cluster.nodes.map(|nodes| format!(" · {}", counted(nodes, "node"))).unwrap_or_default();
        let mut lines = vec![
            ("since", self.moment(status.started)),
            ("cluster", format!("{}{context} · Kubernetes {}{nodes}", cluster.url, cluster.version)),
            ("mode", status.mode.clone()),
        ];
        if let Some(paused) = &status.paused {
            let reason = paused.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            lines.push(("paused", format!("since {}{reason}", self.moment(paused.since))));
        }
        if let Some(namespaces) = status.namespaces {
            lines.push(("namespaces", format!("{namespaces} selected")));
        }
        if let Some(memory) = status.memory {
            lines.push(("memory", Size(memory).to_string()));
        }
        let log =
            status.log_file.as_ref().map_or("standard error".to_owned(), |path| path.display().to_string());
        lines.push(("log", log));
        lines.push(("folder", status.folder.display().to_string()));
        // That it runs in the background, a person has seen.
        let arguments = status.arguments.iter().filter(|argument| *argument != "--detached");
        lines.push(("started as", arguments.cloned().collect::<Vec<_>>().join(" ")));
        for (name, text) in lines {
            writeln!(out, "  {name:<11} {}", harmless(&text))?;
        }
        Ok(())
    }

    fn rules(&self, out: &mut impl Write) -> io::Result<()> {
        let rules = self.status.rules.iter().map(|row| &row.rule).collect::<BTreeSet<_>>().len();
        self.title(out, &counted(rules, "rule"))?;
        let with_reasons = self.status.rules.iter().any(|row| row.reason.is_some());
        let mut header =
            vec!["RULE", "KIND", "STATE", "SELECTED", "TRUE NOW", "ACTED", "HELD BACK", "FAILED"];
        let with_unknown = self.status.rules.iter().any(|row| row.unknown > 0);
        header.extend(with_unknown.then_some("CEL FAILED"));
        header.extend(with_reasons.then_some("WHY"));
        let mut table = Table::new(self.look, &header).keep_whole(&[2, 3, 4, 5, 6, 7]);
        for row in &self.status.rules {
            let unknown =
                (row.unknown.to_string(), if row.unknown == 0 { Tone::Plain } else { Tone::Warning });
            let reason = (row.reason.clone().unwrap_or_default(), Tone::Plain);
            let mut cells = rule_cells(row);
            cells.extend(with_unknown.then_some(unknown));
            cells.extend(with_reasons.then_some(reason));
            table.row(cells);
        }
        table.show(out)
    }

    fn watches(&self, out: &mut impl Write) -> io::Result<()> {
        let mut watches: Vec<&WatchStatus> = self.status.watches.iter().collect();
        self.title(out, &counted_as(watches.len(), "watch", "watches"))?;
        if watches.is_empty() {
            return Ok(());
        }
        watches.sort_by_key(|watch| watch.health == Health::Following);
        let more = watches.split_off(watches.len().min(MOST_WATCHES)).len();
        let with_namespaces = watches.iter().any(|watch| watch.namespace.is_some());
        let with_reasons = watches.iter().any(|watch| watch.reason.is_some());
        let mut header = vec!["KIND"];
        header.extend(with_namespaces.then_some("NAMESPACE"));
        header.extend(["STATE", "FOR", "OBJECTS", "WITH A TIMER"]);
        header.extend(with_reasons.then_some("WHY"));
        let mut table = Table::new(self.look, &header);
        for watch in watches {
            let (state, tone) = match watch.health {
                Health::Listing => ("listing", Tone::Warning),
                Health::Following => ("following", Tone::Good),
                Health::Interrupted => ("interrupted", Tone::Bad),
                Health::Forbidden => ("forbidden", Tone::Bad),
            };
            let mut cells = vec![(watch.kind.clone(), Tone::Plain)];
            if with_namespaces {
                cells.push((watch.namespace.clone().unwrap_or_default(), Tone::Plain));
            }
            cells.push((state.to_owned(), tone));
            cells.extend(
                [self.age(watch.since), watch.objects.to_string(), watch.armed.to_string()]
                    .map(|text| (text, Tone::Plain)),
            );
            if with_reasons {
                cells.push((watch.reason.clone().unwrap_or_default(), Tone::Plain));
            }
            table.row(cells);
        }
        table.show(out)?;
        if more > 0 {
            writeln!(out, "… and {more} more")?;
        }
        Ok(())
    }

    fn deadlines(&self, out: &mut impl Write) -> io::Result<()> {
        if self.status.deadlines.is_empty() {
            return Ok(());
        }
        self.title(out, "due next")?;
        let mut table = Table::new(self.look, &["IN", "AT", "OBJECT"]);
        for deadline in &self.status.deadlines {
            let left = deadline.at.duration_since(self.now);
            let left = if left.is_negative() { "now".to_owned() } else { rounded(left.unsigned_abs()) };
            let at = deadline.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
            table.row([left, at, deadline.object.clone()].map(|text| (text, Tone::Plain)));
        }
        table.show(out)
    }

    fn reload(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(reload) = &self.status.reload else { return Ok(()) };
        let outcome = match reload.outcome {
            ReloadOutcome::Applied => "in force",
            ReloadOutcome::Unchanged => "nothing changed",
            ReloadOutcome::Invalid => "refused: the rules have errors",
            ReloadOutcome::Unconfirmed => "refused: more than half of the rules would go",
            ReloadOutcome::Failed => "not possible",
        };
        let title = format!("last reload, {}, by {}: {outcome}", self.moment(reload.at), reload.asked_by);
        self.title(out, &title)?;
        for line in reload.diff.iter().chain(&reload.problems).flat_map(|text| text.lines()) {
            writeln!(out, "  {}", harmless(line))?;
        }
        Ok(())
    }

    fn title(&self, out: &mut impl Write, text: &str) -> io::Result<()> {
        writeln!(out, "\n{}", self.painted(STRONG, &harmless(text)))
    }

    fn painted(&self, colour: Colour, text: &str) -> String {
        if self.style.colour { format!("{colour}{text}{colour:#}") } else { text.to_owned() }
    }

    fn moment(&self, at: Timestamp) -> String {
        format!("{} ({} ago)", at.strftime("%Y-%m-%d %H:%M:%SZ"), self.age(at))
    }

    /// A clock that was set back makes nothing younger than now.
    fn age(&self, since: Timestamp) -> String {
        rounded(self.now.duration_since(since).try_into().unwrap_or_default())
    }
}

fn rule_cells(row: &RuleStatus) -> Vec<(String, Tone)> {
    let (state, tone) = match row.state {
        RuleState::Active => ("active", Tone::Good),
        RuleState::Dormant => ("dormant", Tone::Faint),
        RuleState::Forbidden => ("forbidden", Tone::Bad),
        RuleState::Refused => ("left out", Tone::Bad),
    };
    let number = |number: u64, tone: Tone| (number.to_string(), if number == 0 { Tone::Plain } else { tone });
    vec![
        (row.rule.clone(), Tone::Plain),
        (row.kind.clone(), Tone::Plain),
        (state.to_owned(), tone),
        (row.selected.to_string(), Tone::Plain),
        (row.matching.to_string(), Tone::Plain),
        number(row.acted, Tone::Good),
        number(row.held, Tone::Warning),
        number(row.failed, Tone::Bad),
    ]
}

fn counted(number: usize, one: &str) -> String {
    counted_as(number, one, &format!("{one}s"))
}

fn counted_as(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// To two units: nobody counts the seconds of a day.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let grain = match seconds {
        0..3600 => 1,
        3600..86_400 => 60,
        _ => 3600,
    };
    format_duration(Duration::from_secs(seconds - seconds % grain))
}

/// What a server or a file says is one line, and cannot reach the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
