//! `explain`: why an object was, or was not, touched, and when that changes.

mod asked;
mod dump;
mod follow;
mod json;
mod live;
mod name;
mod rules;
mod text;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::RuleId;

use self::asked::{Asked, Subject};
use self::live::Live;
use self::name::Meant;
use self::rules::Rules;
use super::cluster::Cluster;
use super::daemon::flags::{ModeArgument, glob};
use super::diagnostics::Style;
use super::table::Look;
use crate::rules::Origin;
use crate::simulation::explain::{Explanation, Seen};

/// So many names are told of many.
const MOST_NAMED: usize = 8;

/// Tell why an object was or was not touched: what each rule makes of it, what protects it, and when that changes
///
/// The object is asked of the cluster, or taken from a dump. Nothing is written. A rule's `for` counts from now, unless
/// the object itself tells since when the rule is true of it; what a daemon that runs remembers is not asked for.
///
/// Exit status: 0 it is explained, whatever the answer is, 2 it could not be.
#[derive(Clone, Debug, clap::Args)]
// Behind a flag that takes several paths the object would be one of them.
#[command(override_usage = "k8s-healer explain <OBJECT>... [OPTIONS] --rules <PATH>...")]
pub(super) struct Arguments {
    /// The object: KIND/NAME, KIND NAME or KIND/NAMESPACE/NAME; the kind as kubectl has it
    #[arg(value_name = "OBJECT", num_args = 1..=2, required = true)]
    object: Vec<String>,

    /// The object's namespace; else that of the kubeconfig's context
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,

    /// Rule files, folders of them, or `-` for standard input; PATH=NAMESPACES lets no rule in it look elsewhere; may be
    /// repeated
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Rules")]
    rules: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE", help_heading = "Rules")]
    set: Vec<String>,

    /// How far rules may go; a rule's own mode can only weaken it
    #[arg(long, value_enum, default_value_t, help_heading = "Rules")]
    mode: ModeArgument,

    /// Namespaces that no rule selects, whatever it says: globs; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = glob, help_heading = "Rules")]
    exclude_namespaces: Vec<String>,

    /// Files and folders to read the object from, instead of a cluster; `-` is standard input; may be repeated
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Dump", conflicts_with = "watch")]
    from: Vec<PathBuf>,

    /// What the dump does not have does not exist; else it is not known whether it does
    #[arg(long, requires = "from", help_heading = "Dump")]
    complete: bool,

    /// The moment that it is; else the server's time, or the newest time in the dump
    #[arg(long, value_name = "TIME", value_parser = moment_of)]
    at: Option<Timestamp>,

    /// Follow the object: tell anew what it, what stands around it, or time alone changes, until it is gone
    #[arg(short, long, conflicts_with = "at")]
    watch: bool,

    #[command(flatten)]
    cluster: Cluster,

    /// How it is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A tree for people
    #[default]
    Text,
    /// One JSON document for programs
    Json,
}

/// All that is told.
struct Told<'a> {
    /// `virtualmachines.kubevirt.io/test-a/vm-1`.
    name: String,
    resource: String,
    object: &'a Observation,
    now: Timestamp,
    /// Where the object comes from.
    source: String,
    explanation: Explanation,
    origins: &'a BTreeMap<RuleId, Origin>,
    notes: Vec<String>,
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let name = match Meant::parse(&arguments.object) {
        Ok(name) => name,
        Err(reason) => return failed(&reason),
    };
    if let (Some(flag), Some(own)) = (&arguments.namespace, &name.namespace)
        && flag != own
    {
        return failed(&format!(
            "the object is named in namespace {own}, and -n says {flag}: write one of them"
        ));
    }
    let rules = match Rules::load(arguments) {
        Ok(rules) => rules,
        Err(status) => return status,
    };
    if !arguments.from.is_empty() {
        return match explain_dump(arguments, &name, &rules, &mut io::stdin().lock()) {
            Ok(()) => 0,
            Err(reason) => failed(&reason),
        };
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    match runtime.block_on(explain_live(arguments, &name, &rules)) {
        Ok(()) => 0,
        Err(reason) => failed(&reason),
    }
}

fn explain_dump(
    arguments: &Arguments,
    name: &Meant,
    rules: &Rules,
    stdin: &mut dyn Read,
) -> Result<(), String> {
    let dump::Found { subject, asked, at, explanation } = dump::find(arguments, name, rules, stdin)?;
    let told = Told { explanation, ..told(rules, &subject, &asked, at, "from a dump".to_owned()) };
    show(arguments, &told).map_err(|error| error.to_string())
}

/// Client required.
async fn explain_live(arguments: &Arguments, name: &Meant, rules: &Rules) -> Result<(), String> {
    let live = Live::find(arguments, name, rules).await?;
    let object = live.read(&name.name).await?;
    if arguments.watch {
        return follow::follow(arguments, rules, &live, object).await;
    }
    let asked = live.ask(object, Seen::default()).await;
    let now = arguments.at.unwrap_or_else(|| live.now());
    let told = told(rules, &live.subject, &asked, now, "live".to_owned());
    show(arguments, &told).map_err(|error| error.to_string())
}

fn told<'a>(
    rules: &'a Rules,
    subject: &Subject,
    asked: &'a Asked,
    now: Timestamp,
    source: String,
) -> Told<'a> {
    Told {
        name: subject.name.clone(),
        resource: subject.resource.clone(),
        object: &asked.object,
        now,
        source,
        explanation: asked.explain(subject, rules, now),
        origins: &rules.origins,
        notes: subject.notes.clone(),
    }
}

/// On standard output; who has read enough is no error, but where it would go on.
fn show(arguments: &Arguments, told: &Told<'_>) -> io::Result<()> {
    let style = Style::of_terminal(&io::stdout());
    let width = Look::of_stdout().width;
    let mut out = io::stdout().lock();
    let shown = match arguments.format {
        Format::Text if arguments.watch => {
            writeln!(out, "--- {}", told.now).and_then(|()| text::show(told, style, width, &mut out))
        }
        Format::Text => text::show(told, style, width, &mut out),
        // One line for each, where there are several.
        Format::Json if arguments.watch => writeln!(out, "{}", json::document(told)),
        Format::Json => writeln!(out, "{:#}", json::document(told)),
    };
    match shown.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe || arguments.watch => Err(error),
        _ => Ok(()),
    }
}

fn failed(reason: &str) -> u8 {
    tell(reason);
    2
}

fn tell(text: &str) {
    say(&format!("k8s-healer: {}", super::table::printable(text)));
}

/// Whether anybody reads it changes nothing.
fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// As many as a person reads.
fn among(names: &[String]) -> String {
    let few = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(MOST_NAMED);
    if more > 0 { format!("{few} and {more} more") } else { few }
}

/// `2026-04-01T10:00:00Z`.
fn moment_of(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "it is no time of RFC 3339; write `2026-01-01T12:00:00Z`".to_owned())
}
