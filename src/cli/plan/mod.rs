//! `plan`: what rules would do to a cluster, or to a dump of one, now and within a time; nothing is written.

mod document;
pub(super) mod dump;
mod live;
mod look_ups;
mod next;
mod report;
mod table;

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use k8s_healer_engine::guard::{Itself, Reach};
use k8s_healer_engine::rule::{Mode, RuleSet};
use k8s_healer_engine::values::Globs;

use self::report::Report;
use super::cluster::Cluster;
use super::daemon::flags::{ModeArgument, duration, glob};
use super::daemon::own_namespace;
use super::diagnostics::{Renderer, Style};
use super::rule_inputs;
use super::table::Look;
use crate::rules::{LoadOptions, load};
use crate::simulation::Guard;

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// Show what rules would do, now and within a time, to a cluster or to a dump of one; nothing is written
///
/// The objects are listed once, or read from a dump: what `kubectl get -o json` or `-o yaml` writes, a folder of that, a
/// must-gather. Then the rules are played on them: what would be done, what would hold it back, and of which objects it
/// is not known whether a rule is true of them, and why. A rule's `for` counts from now, unless the object itself tells
/// since when the rule is true of it; the row says so.
///
/// Exit status: 0 nothing would be done, 1 something would be, now or within the time, 2 it could not be told, or not
/// completely. What a rule in the mode `observe` or `dry-run` would only tell is shown, and does not count.
#[derive(Clone, Debug, clap::Args)]
#[command(override_usage = "k8s-healer plan [OPTIONS] --rules <PATH>...")]
pub(super) struct Arguments {
    /// Rule files, folders of them, or `-` for standard input; PATH=NAMESPACES lets no rule in it look elsewhere; may be
    /// repeated
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Rules")]
    rules: Vec<PathBuf>,
    /// Set a parameter of a pack, or of every pack that has it; may be repeated
    #[arg(long, value_name = "[PACK.]NAME=VALUE", help_heading = "Rules")]
    set: Vec<String>,
    /// How far rules may go; a rule's own mode can only weaken it
    #[arg(long, value_enum, default_value_t, help_heading = "Rules")]
    mode: ModeArgument,
    /// Only in these namespaces, of those that rules select: globs; nothing is looked at that is in none
    #[arg(long, value_name = "GLOB", value_parser = glob, num_args = 1.., help_heading = "Rules")]
    namespace: Vec<String>,
    /// Namespaces that no rule selects, whatever it says: globs; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = glob, help_heading = "Rules")]
    exclude_namespaces: Vec<String>,
    /// Files and folders to read the objects from, instead of a cluster; `-` is standard input; may be repeated
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Dump")]
    from: Vec<PathBuf>,
    /// What the dump does not have does not exist; else it is not known whether it does
    #[arg(long, requires = "from", help_heading = "Dump")]
    complete: bool,
    /// The moment that it is; else the server's time, or the newest time in the dump
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// How far to look ahead
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration, allow_hyphen_values = true)]
    within: Duration,
    #[command(flatten)]
    cluster: Cluster,
    /// How the plan is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table that fits the terminal
    #[default]
    Table,
    /// The same with every row, and nothing cut
    Wide,
    /// One JSON document for programs
    Json,
    /// The same document as YAML
    Yaml,
}

/// `2026-01-01T12:00:00Z`.
fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "it is no time of RFC 3339; write `2026-01-01T12:00:00Z`".to_owned())
}

impl Arguments {
    fn mode(&self) -> Mode {
        self.mode.into()
    }

    /// What holds every rule back. I/O where it runs in a pod.
    fn guard(&self, rules: &RuleSet) -> Guard {
        // Each of them was parsed when it was given.
        let globs = |given: &[String]| if given.is_empty() { None } else { Globs::parse(given).ok() };
        let reach = Reach { only: globs(&self.namespace), excluded: globs(&self.exclude_namespaces) };
        Guard {
            itself: Itself { namespace: own_namespace(), reach },
            guardrails: rules.guardrails.clone(),
            mode: self.mode(),
        }
    }
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    match planned(arguments, &mut io::stdin().lock()) {
        Ok(report) => match show(arguments, &report) {
            Ok(()) => report.exit_status(),
            // Whoever does not read to the end wants to know no more.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => report.exit_status(),
            Err(error) => failed(&error.to_string()),
        },
        Err(status) => status,
    }
}

/// The plan, or the exit status after it was told why there is none.
fn planned(arguments: &Arguments, stdin: &mut dyn Read) -> Result<Report, u8> {
    let rules = sound_rules(arguments, stdin)?;
    if arguments.from.is_empty() {
        live::plan(arguments, &rules)
    } else {
        dump::plan(arguments, &rules, stdin)
    }
}

fn show(arguments: &Arguments, report: &Report) -> io::Result<()> {
    let look = Look::of_stdout();
    let mut out = io::BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Table => table::write(report, look, look.width.is_some(), &mut out)?,
        Format::Wide => table::write(report, Look { width: None, ..look }, false, &mut out)?,
        Format::Json => document::json(report, &mut out)?,
        Format::Yaml => document::yaml(report, &mut out)?,
    }
    out.flush()
}

fn sound_rules(arguments: &Arguments, stdin: &mut dyn Read) -> Result<RuleSet, u8> {
    let inputs =
        rule_inputs::besides(&arguments.rules, &arguments.from, stdin).map_err(|reason| failed(&reason))?;
    let loaded = load(&inputs, &LoadOptions { set: arguments.set.clone(), ..LoadOptions::default() });
    match &loaded.rule_set {
        Some(rules) if rules.rules.is_empty() => {
            let paths: Vec<String> = arguments.rules.iter().map(|path| path.display().to_string()).collect();
            Err(failed(&format!("there is no rule in {}", paths.join(", "))))
        }
        Some(rules) => Ok(rules.clone()),
        None => {
            let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&io::stderr()));
            let reports = loaded.diagnostics.iter().take(MOST_SHOWN);
            reports.for_each(|diagnostic| tell(&renderer.render(diagnostic)));
            Err(failed("the rules have errors; nothing was looked at"))
        }
    }
}

/// Of each pattern of `--namespace` that none of these namespaces has, that it is so.
fn unmet(patterns: &[String], known: &BTreeSet<Arc<str>>, of: &str) -> Vec<String> {
    let meets_none = |pattern: &&String| {
        let globs = Globs::parse(std::slice::from_ref(*pattern));
        !pattern.starts_with('!') && globs.is_ok_and(|globs| !known.iter().any(|name| globs.matches(name)))
    };
    let unmet = patterns.iter().filter(meets_none);
    unmet
        .map(|pattern| format!("no namespace of the {of} is called `{pattern}`, as --namespace has it"))
        .collect()
}

/// Where namespaces are left out of the plan alone, limits count without what is in them.
fn narrowed(arguments: &Arguments, rules: &RuleSet) -> Option<String> {
    let limited: Vec<String> =
        rules.rules.iter().filter(|rule| rule.limits.is_some()).map(|rule| rule.id.to_string()).collect();
    (!arguments.namespace.is_empty() && !limited.is_empty()).then(|| {
        format!(
            "the limits of {} count what --namespace leaves in alone; a daemon counts all that the rules select",
            limited.join(", ")
        )
    })
}

/// The result is the exit status.
fn failed(reason: &str) -> u8 {
    tell(&format!("k8s-healer: {reason}"));
    2
}

/// Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
