//! What is said to a daemon that runs: pause, resume, reload, and by signals.

use rustix::process::{Signal, kill_process};

use crate::house::*;
use crate::support::process::pid_of;
use crate::support::scene::*;

#[tokio::test]
async fn it_does_nothing_while_it_pauses_also_after_a_restart_until_it_is_resumed() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    house.run(&["pause", "--reason", "an upgrade"]).ends_with(0).says("paused since");
    house.scene.bad("map").await;
    house.run(&["status"]).ends_with(1).says("an upgrade").says("daemon resume");
    assert_eq!(house.status()["paused"]["reason"], "an upgrade");
    house.run(&["restart"]).ends_with(0).says("PAUSED");
    house.kill();
    house.start(&[]).ends_with(0).says("PAUSED");
    a_while().await;
    assert!(house.scene.exists("configmaps", "map").await);
    assert_eq!(house.scene.writes().await.summary(), [""; 0]);
    house.run(&["resume"]).ends_with(0);
    house.scene.wait_until_gone("configmaps", "map").await;
    house.run(&["status"]).ends_with(0);
}

#[tokio::test]
async fn a_reload_shows_what_changed_or_what_is_wrong() {
    let house = House::new().await;
    house.start(&["--no-watch"]).ends_with(0);
    house.run(&["reload"]).ends_with(0).says("the same as before");
    house.write_rules(&bad_rule("for: 1h\n  actions: [ { delete: {} } ]"));
    let changed = house.run(&["reload"]).ends_with(0).says("in force");
    assert!(changed.out.contains("test/bad") && changed.out.contains("1h"), "{changed:?}");
    house.write_rules(&bad_rule("for: 6 min\n  actions: [ { delete: {} } ]"));
    house.run(&["reload"]).ends_with(1).says("6 min").says("bad-duration");
    house.run(&["status"]).ends_with(1).says("those before stay in force");
    house.write_rules(&bad_rule(DELETE));
    house.run(&["reload"]).ends_with(0);
    house.run(&["status"]).ends_with(0);
    house.heals("map").await;
}

#[tokio::test]
async fn where_no_daemon_runs_whoever_asks_is_told_so() {
    let house = House::new().await;
    for command in ["pause", "resume", "reload"] {
        house.run(&[command]).ends_with(2).says("no daemon runs");
    }
}

#[tokio::test]
async fn signals_ask_for_a_reload_a_summary_and_a_sweep() {
    let house = House::new().await;
    house.start(&["--no-watch"]).ends_with(0);
    house.heals("map").await;
    let signal = |signal| kill_process(pid_of(house.pid()).unwrap(), signal).unwrap();
    signal(Signal::USR2);
    wait_for("the summary is in the log", || house.log().contains(": 1 done, "));
    house.write_rules(&bad_rule("for: 1h\n  actions: [ { delete: {} } ]"));
    signal(Signal::HUP);
    wait_for("the new rules are in force", || house.status()["reload"]["outcome"] == "applied");
    assert_eq!(house.status()["reload"]["askedBy"], "signal");
    let summaries = || house.log().matches("\"message\":\"from ").count();
    let before = summaries();
    signal(Signal::USR1);
    wait_for("the sweep is told", || summaries() > before);
}
