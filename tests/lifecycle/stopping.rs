//! How it ends: in order where it can, by force only where that was said.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use crate::house::*;
use crate::support::process::pid_of;
use crate::support::scene::*;
use crate::support::{Fault, Seen, wait_until};

#[tokio::test]
async fn what_was_begun_on_the_cluster_is_finished_first() {
    let (house, proxy) = House::behind_a_proxy().await;
    proxy.inject(Seen::is_write, Fault::Delay(Duration::from_millis(400)), usize::MAX);
    house.start(&[]).ends_with(0);
    house.scene.bad("map").await;
    wait_until("the delete is under way", SOON, || async { !proxy.seen_that(Seen::is_write).is_empty() })
        .await;
    house.run(&["stop"]).ends_with(0).says("has ended");
    assert!(!house.scene.exists("configmaps", "map").await);
    assert!(house.log().contains("\"outcome\":\"done\""), "and told: {}", house.log());
    assert!(house.log().contains("\"message\":\"ended\""), "{}", house.log());
}

#[tokio::test]
async fn one_that_hangs_is_killed_by_force_alone() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let pid = house.pid();
    kill_process(pid_of(pid).unwrap(), Signal::STOP).unwrap();
    let refused =
        house.run(&["stop", "--timeout", "1s"]).ends_with(2).says("has not ended after 1s").says("--force");
    assert!(refused.took < Duration::from_secs(10), "{refused:?}");
    assert!(runs(pid));
    // It is there, and in no state to be asked.
    house.start(&[]).ends_with(2).says("a daemon runs already");
    house.run(&["stop", "--timeout", "1s", "--force"]).ends_with(0).says("was killed");
    wait_for("it is gone", || !runs(pid));
    house.start(&[]).ends_with(0);
}

#[tokio::test]
async fn the_second_sigterm_ends_it_at_once_and_the_next_start_finds_no_obstacle() {
    let (house, proxy) = House::behind_a_proxy().await;
    proxy.inject(Seen::is_write, Fault::Delay(Duration::from_secs(20)), usize::MAX);
    house.start(&[]).ends_with(0);
    house.scene.bad("map").await;
    wait_until("the delete is under way", SOON, || async { !proxy.seen_that(Seen::is_write).is_empty() })
        .await;
    let pid = house.pid();
    for _ in 0..2 {
        kill_process(pid_of(pid).unwrap(), Signal::TERM).ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    wait_for("it is gone", || !runs(pid));
    proxy.clear_faults();
    house.start(&[]).ends_with(0);
    assert_ne!(house.pid(), pid);
}
