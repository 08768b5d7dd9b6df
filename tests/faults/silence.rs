//! A watch that stays open and says nothing. With the daemon's own times this takes minutes to notice, so
//! here the daemon runs within the test, with short ones.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer::cluster::clock::{SeededRandom, SystemClock};
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::timings::Timings;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::daemon::Shared;
use k8s_healer::daemon::supervisor::{Server, Supervisor};
use k8s_healer::rules::{Input, LoadOptions, load};
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Mode;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::scene::*;
use crate::support::{Proxy, Seen, Stage, on_both, wait_until};

on_both!(a_silent_watch_is_given_up_and_what_happened_meanwhile_is_found_by_a_fresh_list,);

const TIMINGS: Timings = Timings {
    server_time_out: Duration::from_secs(4),
    silence: Duration::from_secs(2),
    list_time_out: Duration::from_secs(3),
    list_silence: Duration::from_secs(1),
    page_size: 100,
    back_off_first: Duration::from_millis(200),
    back_off_longest: Duration::from_secs(1),
};

async fn run(scene: &Scene, proxy: &Proxy, rules: &str, stop: &CancellationToken) -> JoinHandle<()> {
    let loaded = load(&[Input::Path(scene.rules_file(rules))], &LoadOptions::default());
    let rules = loaded.rule_set.expect("valid rules");
    let clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
    let transport = Transport::new(proxy.cluster().client().await, clock, Duration::from_secs(5));
    let random = Arc::new(SeededRandom::new(1));
    let shared = Shared::new(transport, random, Mode::Enforce, Itself::default(), TIMINGS, stop.clone());
    let supervisor = Supervisor::new(Arc::new(shared), rules, Registry::standard());
    tokio::spawn(async move {
        supervisor.run(&Server::default(), mpsc::channel(1).1, oneshot::channel().0).await.unwrap();
    })
}

async fn a_silent_watch_is_given_up_and_what_happened_meanwhile_is_found_by_a_fresh_list(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let stop = CancellationToken::new();
    let daemon = run(&scene, &proxy, &bad_rule("for: 1s\n  actions: [ { delete: {} } ]"), &stop).await;
    scene.bad("before").await;
    scene.wait_until_gone("configmaps", "before").await;
    let mark = proxy.mark();
    proxy.silence_watches(true);
    for name in ["meanwhile", "also"] {
        scene.bad(name).await;
    }
    // It is silent still: only a list can tell of them.
    for name in ["meanwhile", "also"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    let lists = |seen: &&Seen| seen.is_list_of("configmaps");
    assert!(proxy.seen()[mark..].iter().filter(lists).count() >= 1);
    // And not in a rush: each silent watch is waited for.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let requests = proxy.seen()[mark..].iter().filter(|seen| seen.path.ends_with("/configmaps")).count();
    assert!(requests < 30, "{requests} requests");
    proxy.silence_watches(false);
    scene.bad("after").await;
    scene.wait_until_gone("configmaps", "after").await;
    assert_eq!(scene.writes().await.len(), 4);
    stop.cancel();
    wait_until("it has ended", SOON, || async { daemon.is_finished() }).await;
    daemon.await.unwrap();
}
