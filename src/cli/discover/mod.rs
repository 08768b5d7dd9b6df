//! `discover`: which kinds a server serves, what they are called, how many objects they have, and which rules
//! watch them.

mod pattern;
mod row;
mod show;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use futures::stream::{self, StreamExt};
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::RuleSet;

use self::pattern::Pattern;
use self::row::{Count, Row};
use super::cluster::Cluster;
use super::diagnostics::{Renderer, Style};
use super::table::Look;
use crate::cluster::census::count;
use crate::cluster::discovery::{Catalogue, discover};
use crate::cluster::read::ReadError;
use crate::cluster::resource::Resource;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};
use crate::daemon::assignment::{Assignment, assign};
use crate::rules::{Code, Input, LoadOptions, load};

const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);
/// Lists of one object at once: a cluster with operators serves some hundred kinds.
const COUNTED_AT_ONCE: usize = 8;
/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// List the kinds that a server serves: names, scope, verbs, objects, and which rules watch them
///
/// On a narrow terminal some columns are left out; `--format json` has all.
///
/// Exit status: 0 there are some, 1 none matches (or the rules have errors), 2 the server cannot be asked.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// Show kinds with this in their plural, short name, kind or group; a glob (`*.kubevirt.io`) must match the whole
    #[arg(value_name = "PATTERN", value_parser = Pattern::parse)]
    pattern: Option<Pattern>,

    /// Show which of these rules watch a kind: files, or folders of them; may be repeated
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    set: Vec<String>,

    /// Show kinds alone whose objects are in namespaces
    #[arg(long)]
    namespaced: bool,

    /// Do not ask how many objects there are
    #[arg(long)]
    no_counts: bool,

    #[command(flatten)]
    cluster: Cluster,

    /// How kinds are written
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

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let rules = match load_rules(arguments) {
        Ok(rules) => rules,
        Err(status) => return status,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    let found = match runtime.block_on(ask(arguments, rules.as_ref())) {
        Ok(found) => found,
        Err(reason) => return failed(&reason),
    };
    match show_all(arguments, rules.is_some(), &found) {
        Ok(()) if found.rows.is_empty() => {
            if let Some(pattern) = &arguments.pattern {
                tell(&format!("k8s-healer: no kind matches {pattern}; without a pattern, all are shown"));
            }
            1
        }
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 2,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(reason: &str) -> u8 {
    tell(&format!("k8s-healer: {reason}"));
    2
}

/// Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// `None`: there were none to load. `Err`: the exit status, after their mistakes have been shown.
fn load_rules(arguments: &Arguments) -> Result<Option<RuleSet>, u8> {
    if arguments.rules.is_empty() {
        return Ok(None);
    }
    let inputs = Input::of_paths(&arguments.rules).map_err(|reason| failed(&reason))?;
    let loaded = load(&inputs, &LoadOptions { set: arguments.set.clone(), ..LoadOptions::default() });
    if let Some(rules) = loaded.rule_set {
        return Ok(Some(rules));
    }
    let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&io::stderr()));
    loaded.diagnostics.iter().take(MOST_SHOWN).for_each(|diagnostic| tell(&renderer.render(diagnostic)));
    tell("k8s-healer: the rules have errors; no cluster was asked");
    let unreadable = loaded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Unreadable);
    Err(if unreadable { 2 } else { 1 })
}

/// What a server serves.
struct Found {
    rows: Vec<Row>,
    /// Kinds that rules name and that are not served, with those rules.
    absent: BTreeMap<String, Vec<String>>,
    /// Rules that are left out, and why.
    refused: Vec<String>,
    /// Groups of which something is not known, and why.
    failed: Vec<(String, String)>,
}

/// Client required.
async fn ask(arguments: &Arguments, rules: Option<&RuleSet>) -> Result<Found, String> {
    let (connection, transport) =
        arguments.cluster.connect(REQUEST_TIME_OUT).await.map_err(|error| error.to_string())?;
    let mut catalogue =
        discover(&transport).await.map_err(|error| unanswered(&connection.server_url, &error))?;
    if rules.is_some_and(RuleSet::is_wide) {
        catalogue = catalogue.with_stores(&transport, &Catalogue::default()).await;
    }
    let assignment = rules.map(|rules| assign(rules, &catalogue, &Registry::standard())).unwrap_or_default();
    let mut resources: Vec<Arc<Resource>> = catalogue
        .resources
        .iter()
        .filter(|resource| resource.namespaced || !arguments.namespaced)
        .filter(|resource| arguments.pattern.as_ref().is_none_or(|pattern| pattern.matches(resource)))
        .cloned()
        .collect();
    resources.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
    let counts: Vec<Count> = if arguments.no_counts {
        resources.iter().map(|_| Count::NotAsked).collect()
    } else {
        let counts = stream::iter(&resources).map(|resource| counted(&transport, resource));
        counts.buffered(COUNTED_AT_ONCE).collect().await
    };
    let rows = resources.iter().zip(counts);
    let rows = rows.map(|(resource, count)| row(resource, count, &catalogue, &assignment)).collect();
    let mut absent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for dormant in assignment.dormant {
        absent.entry(dormant.target).or_default().push(dormant.rule.to_string());
    }
    let refused = assignment.refused.iter().map(|refused| format!("{}: {}", refused.rule, refused.reason));
    Ok(Found { rows, absent, refused: refused.collect(), failed: catalogue.failed })
}

/// Client required: how many objects a kind has.
async fn counted(transport: &Transport, resource: &Resource) -> Count {
    if !resource.allows("list") {
        return Count::NotListed;
    }
    match count(transport, resource).await {
        Ok(Some(count)) => Count::Objects(count),
        Ok(None) => Count::Unknown("the server does not say how many there are".to_owned()),
        Err(ReadError::Forbidden { .. }) => Count::Forbidden,
        Err(error) => Count::Unknown(in_full(&error)),
    }
}

fn row(resource: &Arc<Resource>, count: Count, catalogue: &Catalogue, assignment: &Assignment) -> Row {
    let rules =
        assignment.watched.get(&resource.name()).map(|(_, rules)| rules.as_slice()).unwrap_or_default();
    let other_versions = catalogue
        .other_versions
        .iter()
        .filter(|other| other.group == resource.group && other.plural == resource.plural)
        .map(|other| other.version.clone());
    Row {
        resource: Arc::clone(resource),
        other_versions: other_versions.collect(),
        count,
        rules: rules.iter().map(|rule| rule.id.to_string()).collect(),
    }
}

fn show_all(arguments: &Arguments, with_rules: bool, found: &Found) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match arguments.format {
        Format::Table => show::table(found, with_rules, Look::of_stdout(), &mut out)?,
        Format::Json => show::json(found, &mut out)?,
    }
    out.flush()
}
