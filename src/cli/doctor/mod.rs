//! `doctor`: whether rules can run on a cluster, and what to do where they cannot. With `--wait` it asks until
//! they can: the warm-up of a test suite.

mod finding;
mod kinds;
mod needs;
mod permissions;
mod rbac;
mod server;
mod show;
mod waiting;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use k8s_healer_engine::guard::Reach;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::RuleSet;
use k8s_healer_engine::values::parse_duration;

use self::finding::{Check, Finding, Report};
use super::cluster::Cluster;
use super::diagnostics::{Renderer, Style};
use super::table::Look;
use crate::cluster::census::names;
use crate::cluster::discovery::{Catalogue, discover};
use crate::cluster::in_full;
use crate::cluster::transport::Transport;
use crate::daemon::assignment::assign;
use crate::daemon::namespaces::{named_in_full, resource};
use crate::rules::{Code, Input, LoadOptions, Loaded, load};

/// A server that takes longer is ill.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(10);

/// Check whether rules can run on a cluster: connection, kinds, permissions, clocks
///
/// Exit status: 0 they can (there may be warnings), 1 something fails, 2 a rule file cannot be read.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// Rule files, or folders of them; may be repeated; without them, the cluster alone is looked at
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    set: Vec<String>,

    /// Wait for the server, the kinds and the permissions to be there, as long as this at the most; what is not
    /// there by then fails
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "60s", value_parser = duration)]
    wait: Option<Duration>,

    #[command(flatten)]
    cluster: Cluster,

    /// How findings are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Table,
    /// One JSON document for programs
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| format!("it {}: {}", error.problem, error.help))
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    match examine_and_show(arguments) {
        Ok(status) => status,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("k8s-healer: {error}");
            }
            2
        }
    }
}

fn examine_and_show(arguments: &Arguments) -> io::Result<u8> {
    let loaded = load_rules(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(waiting::examine_until_well(arguments, loaded.as_ref()));
    let stdout = io::stdout();
    let (style, look, mut out) = (Style::of_terminal(&stdout), Look::of_stdout(), stdout.lock());
    match arguments.format {
        Format::Table => show::table(&report, loaded.as_ref(), style, look, &mut out)?,
        Format::Json => show::json(&report, loaded.as_ref(), &mut out)?,
    }
    out.flush()?;
    Ok(report.exit_status())
}

/// Fails where a file cannot be read, or where there is no rule: that is no matter of the cluster.
fn load_rules(arguments: &Arguments) -> io::Result<Option<Loaded>> {
    if arguments.rules.is_empty() {
        return Ok(None);
    }
    let inputs = Input::of_paths(&arguments.rules).map_err(io::Error::other)?;
    let loaded = load(&inputs, &LoadOptions { set: arguments.set.clone(), ..LoadOptions::default() });
    let mut unreadable = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::Unreadable);
    if let Some(diagnostic) = unreadable.next() {
        let report = Renderer::new(&loaded.sources, Style::of_terminal(&io::stderr())).render(diagnostic);
        return Err(io::Error::other(format!("the rules cannot be read\n{report}")));
    }
    if loaded.rule_set.as_ref().is_some_and(|rules| rules.rules.is_empty()) {
        let paths = arguments.rules.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        return Err(io::Error::other(format!("there is no rule in {}", paths.join(", "))));
    }
    Ok(Some(loaded))
}

/// Client required: everything once.
async fn examine(cluster: &Cluster, loaded: Option<&Loaded>, time_out: Duration) -> Report {
    let mut report = Report::default();
    report.findings.extend(loaded.map(check_rules));
    match cluster.connect(time_out).await {
        Ok((connection, transport)) => {
            let found = server::check_connection(&transport, &connection).await;
            let answers = found.iter().all(|finding| finding.check != Check::Connection || !finding.passing);
            report.findings.extend(found);
            if answers {
                examine_cluster(&transport, loaded, &mut report).await;
            }
        }
        Err(error) => {
            let finding = Finding::fail(Check::Connection, error.to_string());
            report.findings.push(
                finding.advise("connect as kubectl does: --kubeconfig, KUBECONFIG, --context").passing(),
            );
        }
    }
    report.findings.sort_by_key(|finding| finding.check);
    report
}

fn check_rules(loaded: &Loaded) -> Finding {
    let summary = &loaded.summary;
    let counted = |count: usize, word: &str| {
        if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
    };
    let read = format!("{}, {}", counted(summary.files, "file"), counted(summary.rules, "rule"));
    let (errors, warnings) = (counted(summary.errors, "error"), counted(summary.warnings, "warning"));
    let advice = "mend the rules: validate-rules shows each place, and --explain what it means";
    match (summary.errors, summary.warnings) {
        (0, 0) => Finding::ok(Check::Rules, read),
        (0, _) => Finding::warn(Check::Rules, format!("{read}: {warnings}")).advise(advice),
        (_, 0) => Finding::fail(Check::Rules, format!("{read}: {errors}")).advise(advice),
        _ => Finding::fail(Check::Rules, format!("{read}: {errors}, {warnings}")).advise(advice),
    }
}

/// Client required.
async fn examine_cluster(transport: &Transport, loaded: Option<&Loaded>, report: &mut Report) {
    let (finding, identity) = server::check_identity(transport).await;
    report.findings.push(finding);
    report.username = identity.map(|identity| identity.username);
    match discover(transport).await {
        Ok(mut catalogue) => {
            let nothing = RuleSet::default();
            let rules = loaded.and_then(|loaded| loaded.rule_set.as_ref());
            let broken = loaded.is_some() && rules.is_none();
            let rules = rules.unwrap_or(&nothing);
            if rules.is_wide() {
                catalogue = catalogue.with_stores(transport, &Catalogue::default()).await;
            }
            let assignment = assign(rules, &catalogue, &Registry::standard());
            report.findings.extend(kinds::check(&assignment, &catalogue));
            let namespaces = namespaces(transport, &catalogue, rules).await;
            let needs = needs::needs(&assignment, &catalogue, &namespaces);
            report.findings.extend(permissions::check(transport, needs).await);
            if broken {
                let what = "what the rules need was not looked at: they have errors";
                report.findings.push(Finding::warn(Check::Permissions, what));
            }
        }
        Err(error) => {
            let finding = Finding::fail(Check::Kinds, in_full(&error)).passing();
            let advice = "bind the ClusterRole system:discovery, as every server does by default";
            report.findings.push(finding.advise(advice));
        }
    }
    report.findings.push(server::check_clock(transport.server_clock()));
}

/// Client required: those there are, or where they cannot be listed, those that rules name in full.
async fn namespaces(transport: &Transport, catalogue: &Catalogue, rules: &RuleSet) -> BTreeSet<Arc<str>> {
    let listed = match resource(catalogue) {
        Some(resource) => names(transport, &resource).await.ok(),
        None => None,
    };
    listed.unwrap_or_else(|| named_in_full(&rules.rules, &Reach::default()))
}
