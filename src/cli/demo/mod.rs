//! `demo`: a leaking test suite on the sandbox in fast time, and the real daemon that cleans up after it.
//! Both sides share a clock; the daemon speaks HTTP to the server as to any other, with an account of its
//! own, and the shipped packs.

mod clock;
mod narrator;
mod outcome;
mod story;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::Method;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Mode, RuleSet};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt;

use self::clock::FastClock;
use self::narrator::Narrator;
use self::outcome::{Outcome, Write};
use self::story::{Scene, Story, story};
use super::signals;
use crate::cluster::client::{connect_by, server_version};
use crate::cluster::clock::SeededRandom;
use crate::cluster::in_full;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::timings::Timings;
use crate::cluster::transport::Transport;
use crate::daemon::Shared;
use crate::daemon::supervisor::{Server as Connected, Supervisor};
use crate::rules::{Input, LoadOptions, load};
use crate::sandbox::audit::Audit;
use crate::sandbox::dispatch::from_within;
use crate::sandbox::rights::User;
use crate::sandbox::server::{Behaviour, Server};
use crate::sandbox::{Sandbox, controllers, kubeconfig, kubevirt};

/// The packs as they are shipped.
const PACKS: [(&str, &str); 2] = [
    ("rules/kubevirt-ui/pack.yaml", include_str!("../../../rules/kubevirt-ui/pack.yaml")),
    ("rules/pods/pack.yaml", include_str!("../../../rules/pods/pack.yaml")),
];

/// A request that takes longer, in real time, has failed.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);

/// Watch the daemon heal a leaking test suite: no cluster needed, over within a minute
///
/// Starts an API server in memory, plays a KubeVirt test suite on it that leaks, and runs the real daemon
/// against it with the shipped rule packs, faster than in life. Exit status: 0 every object came to the end
/// that the story says it must, 1 one did not, 2 it could not be played.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// So many times faster than in life: nine minutes are played
    #[arg(long, default_value_t = 15.0, value_name = "TIMES", value_parser = speed)]
    speed: f64,
    /// Another seed gives other names, and other seconds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave the server running afterwards, and print its kubeconfig
    #[arg(long)]
    keep: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "write a number, such as 15".to_owned())?;
    if (1.0..=60.0).contains(&speed) { Ok(speed) } else { Err("write a number from 1 to 60".to_owned()) }
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    let ended = runtime.block_on(async {
        let played = tokio::select! {
            played = play(arguments) => played?,
            () = signals::ended() => return Ok(130),
        };
        if arguments.keep {
            keep(&played).await;
        }
        Ok(u8::from(!played.is_right))
    });
    runtime.shutdown_background();
    ended.unwrap_or_else(|reason: String| failed(&reason))
}

fn failed(reason: &str) -> u8 {
    eprintln!("k8s-healer: {reason}");
    2
}

/// The story is over; the server and its controllers still go on.
struct Played {
    is_right: bool,
    narrator: Narrator,
    sandbox: Sandbox,
    _controllers: controllers::Controllers,
}

async fn play(arguments: &Arguments) -> Result<Played, String> {
    let start = "2026-01-01T09:00:00Z".parse().unwrap_or_default();
    let clock = Arc::new(FastClock::new(start, arguments.speed));
    let narrator = Narrator::new(Arc::clone(&clock));
    let story = story(arguments.seed, start);
    introduce(&narrator, &story, arguments.speed);
    let subscriber = tracing_subscriber::registry().with(narrator.clone());
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        return Err("the log was started before".to_owned());
    }
    let random = Arc::new(SeededRandom::new(arguments.seed));
    let server = Server::new(clock.clone(), random, Audit::in_memory(), Behaviour::default());
    kubevirt::install(&server);
    let sandbox = Sandbox::start(Arc::clone(&server), 0).map_err(|error| error.to_string())?;
    let controllers = controllers::start(&server, 1);
    perform(&story.before, &server, &clock, &narrator).await?;
    narrator::line("");
    let stop = CancellationToken::new();
    let daemon = daemon(arguments, &sandbox, clock.clone(), stop.clone());
    let suite = async {
        // The daemon says first what it is connected to.
        clock.reaches(Duration::from_secs(4)).await;
        narrator.legend();
        perform(&story.scenes, &server, &clock, &narrator).await?;
        clock.reaches(story.end).await;
        stop.cancel();
        Ok::<_, String>(())
    };
    let (ended, performed) = tokio::join!(daemon, suite);
    ended.and(performed)?;
    let outcome = Outcome::new(&story.roles, &narrator.decisions(), &writes(&server));
    narrator::line("");
    outcome.show(&narrator);
    Ok(Played { is_right: outcome.is_right(), narrator, sandbox, _controllers: controllers })
}

fn introduce(narrator: &Narrator, story: &Story, speed: f64) {
    let (minutes, seconds) = (story.end.as_secs() / 60, story.end.div_f64(speed).as_secs());
    narrator::line(&narrator.strong("k8s-healer demo: a KubeVirt test suite that leaks, and who cleans up"));
    narrator::line(&format!(
        "An API server in memory, the real daemon, the shipped packs; {minutes} minutes in {seconds} seconds \
         (--speed {speed})"
    ));
    narrator::line("");
}

/// Plays the suite, scene by scene.
async fn perform(
    scenes: &[Scene],
    server: &Arc<Server>,
    clock: &FastClock,
    narrator: &Narrator,
) -> Result<(), String> {
    let suite = User::administrator("test-suite");
    for Scene { at, place, says, requests } in scenes {
        if at.is_zero() {
            narrator.before(place, says);
        } else {
            clock.reaches(*at).await;
            narrator.suite(place, says);
        }
        for (method, path, body) in requests {
            let body = Some(body).filter(|body| !body.is_null());
            from_within(server, &suite, method.clone(), path, body)
                .map_err(|failure| format!("the story cannot go on: {method} {path}: {}", failure.message))?;
        }
    }
    Ok(())
}

/// The real daemon, from the loaded packs to the wire.
async fn daemon(
    arguments: &Arguments,
    sandbox: &Sandbox,
    clock: Arc<FastClock>,
    stop: CancellationToken,
) -> Result<(), String> {
    let account = account(sandbox.server())?;
    let kubeconfig = kubeconfig::kubeconfig(&sandbox.url(), "k8s-healer", Some(&account));
    let connection = connect_by(&kubeconfig).await.map_err(|error| error.to_string())?;
    let server_clock = Arc::new(ServerClock::new(clock));
    let transport =
        Transport::new(connection.client, server_clock, REQUEST_TIME_OUT.mul_f64(arguments.speed));
    let version = server_version(&transport).await.map_err(|error| in_full(&error))?;
    let connected =
        Connected { url: connection.server_url, context: connection.context, version, nodes: Some(1) };
    let random = Arc::new(SeededRandom::new(arguments.seed));
    // The network is as slow as ever, though time is not.
    let Timings { list_time_out, list_silence, .. } = Timings::default();
    let timings = Timings {
        list_time_out: list_time_out.mul_f64(arguments.speed),
        list_silence: list_silence.mul_f64(arguments.speed),
        ..Timings::default()
    };
    let shared = Shared::new(transport, random, Mode::Enforce, Itself::default(), timings, stop);
    let supervisor = Supervisor::new(Arc::new(shared), packs()?, Registry::standard());
    let run = supervisor.run(&connected, mpsc::channel(1).1, oneshot::channel().0);
    Box::pin(run).await.map_err(|error| in_full(&error))
}

fn packs() -> Result<RuleSet, String> {
    let inputs =
        PACKS.map(|(name, text)| Input::Text { name: name.to_owned(), bytes: text.as_bytes().to_vec() });
    let loaded = load(&inputs, &LoadOptions::default());
    loaded.rule_set.ok_or_else(|| "the shipped packs have errors".to_owned())
}

const ACCOUNT: &str = "system:serviceaccount:k8s-healer:k8s-healer";

/// An account of the daemon's own, with rights by a cluster role; the result is its token.
fn account(server: &Arc<Server>) -> Result<String, String> {
    let admin = User::administrator("sandbox-admin");
    let create = |path: &str, object: Value| {
        from_within(server, &admin, Method::POST, path, Some(&object)).map_err(|failure| failure.message)
    };
    create("/api/v1/namespaces", json!({"metadata": {"name": "k8s-healer"}}))?;
    create("/api/v1/namespaces/k8s-healer/serviceaccounts", json!({"metadata": {"name": "k8s-healer"}}))?;
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    create(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        json!({"metadata": {"name": "k8s-healer"}, "rules": rules}),
    )?;
    create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        json!({
            "metadata": {"name": "k8s-healer"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "k8s-healer"},
            "subjects": [{"kind": "ServiceAccount", "name": "k8s-healer", "namespace": "k8s-healer"}],
        }),
    )?;
    let token =
        create("/api/v1/namespaces/k8s-healer/serviceaccounts/k8s-healer/token", json!({"spec": {}}))?;
    Ok(token["status"]["token"].as_str().unwrap_or_default().to_owned())
}

/// What the daemon wrote, as the server recorded it; refused writes too, but not what it was merely asked.
fn writes(server: &Server) -> Vec<Write> {
    let is_write = |event: &&Value| {
        let verb = event["verb"].as_str().unwrap_or_default();
        let dry = event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun=All"));
        event["user"]["username"] == ACCOUNT
            && ["create", "update", "patch", "delete", "deletecollection"].contains(&verb)
            && event["objectRef"]["apiGroup"] != "authorization.k8s.io"
            && !dry
    };
    let told = |event: &Value| {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        format!(
            "{} {} {}/{}",
            text("/verb"),
            text("/objectRef/resource"),
            text("/objectRef/namespace"),
            text("/objectRef/name")
        )
    };
    server.audit.events().iter().filter(is_write).map(told).collect()
}

async fn keep(Played { narrator, sandbox, .. }: &Played) {
    let ended = signals::ended();
    narrator::line("");
    narrator::line(&narrator.strong("The server goes on until Ctrl-C, without the daemon. Its kubeconfig:"));
    narrator::line(&sandbox.kubeconfig());
    ended.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_numbers_within_reason() {
        assert_eq!(speed("15"), Ok(15.0));
        for wrong in ["0", "61", "-1", "fast", "nan", "inf"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }
}
