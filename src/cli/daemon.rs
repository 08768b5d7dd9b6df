//! `daemon run`: the daemon in the foreground.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Mode, RuleSet};
use tokio_util::sync::CancellationToken;

use super::diagnostics::{Renderer, Style};
use crate::cluster::client::{ConnectOptions, Connection, connect, count_nodes, server_version};
use crate::cluster::clock::{Clock, SeededRandom, SystemClock};
use crate::cluster::in_full;
use crate::cluster::read::ReadError;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::timings::Timings;
use crate::cluster::transport::Transport;
use crate::daemon::Shared;
use crate::daemon::supervisor::{Server, Supervisor};
use crate::report::log;
use crate::rules::{Code, Input, LoadOptions, Loaded, load};

/// A single request; a watch and its lists have times of their own.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);
/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;
/// The pod's own namespace, where the daemon runs in a pod.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run in the foreground until SIGINT or SIGTERM.
    Run(Run),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Rule files, or folders of them; may be repeated.
    #[arg(long, required = true, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// Set a parameter of a pack: `pack.name=value`, or `name=value` for every pack that has it.
    #[arg(long, value_name = "PARAMETER=VALUE")]
    set: Vec<String>,
    /// How far rules may go; a rule's own mode can only weaken it.
    #[arg(long, value_enum, default_value_t)]
    mode: ModeArgument,
    #[command(flatten)]
    cluster: Cluster,
    /// How log lines are written: text on a terminal, JSON elsewhere, unless this says otherwise.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: log::Format,
    /// Log what is less or more important too.
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    log_level: Level,
}

#[derive(Debug, Args)]
struct Cluster {
    /// The kubeconfig; else KUBECONFIG, ~/.kube/config, or the pod's own account.
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; else its current one.
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    context: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ModeArgument {
    /// Log and count.
    Observe,
    /// Send the first due step with the server's dry run, tell the later ones.
    DryRun,
    /// Act.
    #[default]
    Enforce,
}

impl From<ModeArgument> for Mode {
    fn from(argument: ModeArgument) -> Self {
        match argument {
            ModeArgument::Observe => Self::Observe,
            ModeArgument::DryRun => Self::DryRun,
            ModeArgument::Enforce => Self::Enforce,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

pub(super) fn run(command: Command) -> u8 {
    let Command::Run(arguments) = command;
    let mut loaded = match load_rules(&arguments.rules, &arguments.set) {
        Ok(loaded) => loaded,
        Err(exit_code) => return exit_code,
    };
    log::start(log::Destination::StandardError, arguments.log_format, arguments.log_level.word());
    warn_of(&loaded);
    let rules = loaded.rule_set.take().unwrap_or_default();
    drop(loaded);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    let exit_code = runtime.block_on(follow(arguments, rules));
    // Nothing that is left runs on: what was begun on the cluster has ended.
    runtime.shutdown_background();
    exit_code
}

/// The rules with the warnings about them, or the exit code after the mistakes have been shown as
/// `validate-rules` shows them.
fn load_rules(paths: &[PathBuf], set: &[String]) -> Result<Loaded, u8> {
    let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
    let loaded = load(&inputs, &LoadOptions { set: set.to_vec(), ..LoadOptions::default() });
    match &loaded.rule_set {
        Some(rules) if rules.rules.is_empty() => {
            tell(&format!("k8s-healer: there is no rule in {}", shown(paths)));
            return Err(2);
        }
        Some(_) => return Ok(loaded),
        None => {}
    }
    let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&std::io::stderr()));
    for diagnostic in loaded.diagnostics.iter().take(MOST_SHOWN) {
        tell(&renderer.render(diagnostic));
    }
    tell("k8s-healer: the rules have errors; nothing was started, and no cluster was asked");
    let unreadable = loaded.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Unreadable);
    Err(if unreadable { 2 } else { 1 })
}

/// Warnings about rules that may run: one line of the log each.
fn warn_of(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        let source = diagnostic.place.and_then(|place| Some((loaded.sources.get(place.source)?, place)));
        let place = source.map(|(source, place)| {
            let (line, column) = source.position(place.span.start);
            format!("{}:{line}:{column}: ", source.name)
        });
        let (code, help) = (diagnostic.code.name(), &diagnostic.help);
        tracing::warn!(code, "{}{diagnostic}; {help}", place.unwrap_or_default());
    }
}

/// Before the log is set up. Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn failed(reason: &str) -> u8 {
    tracing::error!("{reason}");
    2
}

async fn follow(arguments: Run, rules: RuleSet) -> u8 {
    let options =
        ConnectOptions { kubeconfig: arguments.cluster.kubeconfig, context: arguments.cluster.context };
    let connection = match connect(options).await {
        Ok(connection) => connection,
        Err(error) => return failed(&error.to_string()),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seed = clock.now().as_millisecond().unsigned_abs();
    let server_clock = Arc::new(ServerClock::new(clock));
    let transport = Transport::new(connection.client.clone(), server_clock, REQUEST_TIME_OUT);
    let stop = CancellationToken::new();
    tokio::spawn(end_on_signal(stop.clone()));
    let asked = tokio::select! {
        asked = ask_server(&transport, &connection) => asked,
        () = stop.cancelled() => return 0,
    };
    let server = match asked {
        Ok(server) => server,
        Err(error) => {
            return failed(&format!("{} does not answer: {}", connection.server_url, in_full(&error)));
        }
    };
    let itself = Itself { namespace: own_namespace() };
    let random = Arc::new(SeededRandom::new(seed));
    let shared = Arc::new(Shared::new(
        transport,
        random,
        arguments.mode.into(),
        itself,
        Timings::default(),
        stop.clone(),
    ));
    let supervisor = Supervisor::new(shared, rules, Registry::standard());
    let ended = tokio::select! {
        ended = supervisor.run(&server) => ended,
        () = last_second(&stop) => Ok(()),
    };
    match ended {
        Ok(()) => {
            tracing::info!("ended");
            0
        }
        Err(error) => failed(&in_full(&error)),
    }
}

/// Ends a while after the daemon was told to stop: a server that does not answer keeps nobody waiting.
async fn last_second(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
}

async fn ask_server(transport: &Transport, connection: &Connection) -> Result<Server, ReadError> {
    Ok(Server {
        version: server_version(transport).await?,
        nodes: count_nodes(transport).await,
        url: connection.server_url.clone(),
        context: connection.context.clone(),
    })
}

fn own_namespace() -> Option<String> {
    std::fs::read_to_string(POD_NAMESPACE)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The first SIGINT or SIGTERM ends the daemon in order, the second at once.
async fn end_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be caught: the daemon ends without its last words");
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    };
    next().await;
    stop.cancel();
    tracing::info!("ending: what was begun is finished, nothing new is started");
    let code = next().await;
    std::process::exit(code);
}
