//! Of a rule with `inFlight` no more is under way than may be, whoever began it and whenever; nothing is polled
//! meanwhile, and what waits goes as soon as there is room.

use std::time::Duration;

use http::Method;
use k8s_healer_engine::rule::Mode;
use serde_json::json;

use crate::world::{Sent, World, after_start};

const RULE: &str = "- name: failed\n  watch: pods\n  cooldown: 0s\n  match: [ { phase: Failed } ]\n  \
                    limits: { inFlight: { max: 2 }, order: oldest }\n  actions: [ { delete: {} } ]\n";

/// A server on which what is deleted is terminating for a minute.
fn slow() -> World {
    World::answering(|world: World, sent: Sent| async move {
        if sent.method != Method::DELETE || sent.is_dry_run() {
            return None;
        }
        let name = sent.path.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        world.put(&name, &json!({"metadata": {"deletionTimestamp": after_start(sent.second)}}));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.remove(&name);
        });
        Some((200, json!({"kind": "Status", "status": "Success"})))
    })
}

/// Ten failed pods, the last name the oldest.
fn ten(world: &World) {
    for number in 0..10 {
        world.put(&format!("p-{number}"), &json!({"metadata": {"creationTimestamp": after_start(-number)}}));
    }
}

/// What was deleted, in order, with the second.
fn deleted(world: &World) -> Vec<(String, i64)> {
    let writes = world.writes().into_iter();
    writes.map(|sent| (sent.path.rsplit('/').next().unwrap().to_owned(), sent.second)).collect()
}

#[tokio::test(start_paused = true)]
async fn two_at_a_time_the_oldest_first_and_the_next_as_soon_as_one_is_gone() {
    let world = slow();
    ten(&world);
    world.heal(Mode::Enforce, RULE, 600).await;
    let deleted = deleted(&world);
    let mut names: Vec<&str> = deleted.iter().map(|(name, _)| name.as_str()).collect();
    names.chunks_mut(2).for_each(<[&str]>::sort_unstable);
    assert_eq!(names, ["p-8", "p-9", "p-6", "p-7", "p-4", "p-5", "p-2", "p-3", "p-0", "p-1"]);
    for (index, (name, second)) in deleted.iter().enumerate() {
        let (pair, first) = (i64::try_from(index / 2).unwrap(), deleted[0].1);
        assert!((second - first - 60 * pair).abs() <= 1, "{name}: {deleted:?}");
    }
    // One look at the start and one before each deletion, and a few where two reads overtook each other.
    let reads = world.sent().iter().filter(|sent| sent.path.contains("/pods/p-") && !sent.is_write()).count();
    assert!(reads <= 30, "{reads} reads: what waits is not polled");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_starts_anew_counts_what_is_terminating_already() {
    let world = slow();
    ten(&world);
    world.heal(Mode::Enforce, RULE, 10).await;
    assert_eq!(deleted(&world).len(), 2);
    world.heal(Mode::Enforce, RULE, 20).await;
    assert_eq!(deleted(&world).len(), 2, "two are terminating");
    world.heal(Mode::Enforce, RULE, 60).await;
    assert_eq!(deleted(&world).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_is_held_back_keeps_nobody_from_the_turn() {
    let world = slow();
    for number in 0..400 {
        world.put(&format!("p-{number}"), &json!({}));
    }
    let late = world.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        late.put("other", &json!({"metadata": {"labels": {"team": "web"}}, "status": {"phase": "Running"}}));
    });
    let other = "- name: other\n  watch: pods\n  match: [ { labels: { matchLabels: { team: web } } } ]\n  \
                 actions: [ { delete: {} } ]\n";
    world.heal(Mode::Enforce, &format!("{RULE}{other}"), 20).await;
    let deleted = deleted(&world);
    assert_eq!(deleted.len(), 3, "{deleted:?}");
    let (_, second) = deleted.iter().find(|(name, _)| name == "other").unwrap();
    assert!(*second <= 3, "{deleted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_off_frees_nothing() {
    let world = slow();
    ten(&world);
    let cutting = world.clone();
    tokio::spawn(async move {
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            cutting.cut_watches();
        }
    });
    world.heal(Mode::Enforce, RULE, 50).await;
    assert_eq!(deleted(&world).len(), 2, "{:?}", deleted(&world));
}

#[tokio::test(start_paused = true)]
async fn what_would_be_done_counts_as_if_it_were() {
    let world = slow();
    ten(&world);
    world.heal(Mode::DryRun, RULE, 300).await;
    let writes = world.writes();
    assert!(writes.len() == 2 && writes.iter().all(Sent::is_dry_run), "{writes:#?}");
}
