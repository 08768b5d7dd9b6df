//! From sound rules to a daemon at work: the connection, the supervisor, and who asks it meanwhile.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::guard::{Itself, Reach};
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::values::Globs;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::flags::Flags;
use super::rules::SoundRules;
use super::signals;
use crate::cluster::client::{ConnectOptions, Connection, connect, count_nodes, server_version};
use crate::cluster::clock::{Clock, SeededRandom, SystemClock};
use crate::cluster::read::ReadError;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::timings::Timings;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};
use crate::daemon::Shared;
use crate::daemon::control::Call;
use crate::daemon::control::protocol::Response;
use crate::daemon::control::server::ControlSocket;
use crate::daemon::pause::Pause;
use crate::daemon::process::place::Place;
use crate::daemon::process::starter::Starter;
use crate::daemon::supervisor::{Process, Server, Supervisor};
use crate::daemon::systemd::Notifier;
use crate::report::log_file::LogFile;
use crate::store::pause::PauseFile;

/// A single request; a watch and its lists have times of their own.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);
/// After the daemon is told to end. What was begun on the cluster is finished in this time or told of.
const LAST_SECOND: Duration = Duration::from_millis(900);
/// Questions that wait for the supervisor; those who ask wait behind them.
const CALLS: usize = 16;
/// The pod's own namespace, where the daemon runs in a pod.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// All that a daemon begins with.
pub(super) struct Setup {
    pub(super) flags: Flags,
    pub(super) rules: SoundRules,
    pub(super) process: Process,
    pub(super) place: Place,
    pub(super) log_file: Option<LogFile>,
    pub(super) socket: Option<ControlSocket>,
    pub(super) starter: Starter,
}

/// Runs until the daemon is told to end; fails with what it ends for. Client required.
pub(super) async fn follow(setup: Setup) -> Result<(), String> {
    let Setup { flags, rules, process, place, log_file, socket, starter } = setup;
    let stop = CancellationToken::new();
    let notifier = Arc::new(Notifier::of_environment());
    tokio::spawn(signals::end(stop.clone()));
    let (sender, mut calls) = mpsc::channel(CALLS);
    tokio::spawn(signals::pass_on(sender.clone(), log_file, stop.clone(), Arc::clone(&notifier)));
    let _serving = socket.map(|socket| AbortOnDropHandle::new(tokio::spawn(serve(socket, sender))));

    let options = ConnectOptions { kubeconfig: flags.cluster.kubeconfig, context: flags.cluster.context };
    let connection = connect(options).await.map_err(|error| error.to_string())?;
    let url = connection.server_url.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let transport =
        Transport::new(connection.client.clone(), Arc::new(ServerClock::new(clock)), REQUEST_TIME_OUT);
    starter.tell_wait(format!("{url} to answer"));
    let asked = tokio::select! {
        asked = ask_server(&transport, &connection) => asked,
        () = stop.cancelled() => return Ok(()),
        () = say_that_it_starts(&mut calls, &url) => return Ok(()),
    };
    let server = asked.map_err(|error| unanswered(&url, &error))?;
    starter.tell_wait(format!("the first lists of {url}"));
    // Each of them was parsed when it was given.
    let excluded = Globs::parse(&flags.rules.exclude_namespaces).ok();
    let itself = Itself { namespace: own_namespace(), reach: Reach { excluded, only: None } };
    let random = Arc::new(SeededRandom::new(now.as_millisecond().unsigned_abs()));
    let (mode, timings) = (flags.rules.mode.into(), Timings::default());
    let mut shared = Shared::new(transport, random, mode, itself, timings, stop.clone());
    shared.pause = Pause::kept_in(PauseFile::at(place.pause_file), now);
    let (rules, source) = rules.follow(&flags.rules);
    let supervisor = Supervisor::new(Arc::new(shared), rules, Registry::standard())
        .of_process(process)
        .following(source)
        .polling_namespaces(flags.cluster.namespace_poll_interval);
    let (ready, is_ready) = oneshot::channel();
    tokio::select! {
        // Before the supervisor ends, which may be at once, it is said that it does.
        biased;
        () = last_second(&stop, &notifier) => Ok(()),
        ended = supervisor.run(&server, calls, ready) => ended.map_err(|error| in_full(&error)),
        () = tell_starter(starter, is_ready, &notifier, &url, &stop) => Ok(()),
        () = notifier.keep_alive() => Ok(()),
    }
}

async fn serve(socket: ControlSocket, calls: mpsc::Sender<Call>) {
    if let Err(error) = socket.serve(calls).await {
        tracing::warn!(%error, "the control socket cannot be used: nobody can ask this daemon");
    }
}

/// Until there is a supervisor.
async fn say_that_it_starts(calls: &mut mpsc::Receiver<Call>, url: &str) {
    while let Some(Call { reply, .. }) = calls.recv().await {
        let message =
            format!("the daemon (pid {}) is starting: it waits for {url} to answer", std::process::id());
        // Whoever asked may have gone.
        drop(reply.send(Response::Error { message }));
    }
    std::future::pending::<()>().await;
}

/// Tells who started the daemon that it is ready. Where nobody is left to be told, nobody knows of the daemon,
/// and it is told to end. Never ends by itself.
async fn tell_starter(
    mut starter: Starter,
    is_ready: oneshot::Receiver<()>,
    notifier: &Notifier,
    url: &str,
    stop: &CancellationToken,
) {
    if is_ready.await.is_ok() {
        notifier.ready(&format!("works on {url}"));
        if let Err(error) = starter.tell_ready() {
            tracing::error!(%error, "whoever started the daemon went away before it was ready, so it ends");
            stop.cancel();
        }
    }
    std::future::pending::<()>().await;
}

/// Ends a while after the daemon was told to stop: a server that does not answer keeps nobody waiting.
async fn last_second(stop: &CancellationToken, notifier: &Notifier) {
    stop.cancelled().await;
    notifier.stopping();
    tokio::time::sleep(LAST_SECOND).await;
}

/// Client required.
pub(super) async fn ask_server(transport: &Transport, connection: &Connection) -> Result<Server, ReadError> {
    Ok(Server {
        version: server_version(transport).await?,
        nodes: count_nodes(transport).await,
        url: connection.server_url.clone(),
        context: connection.context.clone(),
    })
}

/// Where this process runs, if it runs in a pod. I/O.
pub(in crate::cli) fn own_namespace() -> Option<String> {
    std::fs::read_to_string(POD_NAMESPACE)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
