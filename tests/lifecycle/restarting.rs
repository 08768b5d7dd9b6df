//! `restart`: the same again, but for what is said, and nothing ended that could not be started.

use std::fs;

use crate::house::*;
use crate::support::Daemon;
use crate::support::scene::*;

#[tokio::test]
async fn it_keeps_flags_folder_and_environment_wherever_it_is_said() {
    let house = House::new().await;
    let mut start = house.start_command(&["--log-level", "debug", "--context", "test"]);
    start.env("K8S_HEALER_MODE", "observe");
    ran(start).ends_with(0);
    let before = house.status();
    assert_eq!(before["mode"], "observe");

    let elsewhere = tempfile::tempdir().unwrap();
    let mut restart = house.command(&["restart"]);
    // What is set now, and was not set then, is none of the daemon's business.
    restart
        .current_dir(elsewhere.path())
        .env("K8S_HEALER_MODE", "enforce")
        .env("K8S_HEALER_LOG_LEVEL", "error");
    ran(restart).ends_with(0).says("has ended").says("the daemon runs (pid");
    let after = house.status();
    assert_ne!(after["pid"], before["pid"]);
    for key in ["mode", "folder", "cluster", "logFile"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    for flag in ["--log-level=debug", "--context=test", "--rules=rules.yaml"] {
        assert!(after["arguments"].as_array().unwrap().contains(&flag.into()), "{flag}: {after}");
    }
    // And again the same, from what the second one tells.
    house.run(&["restart"]).ends_with(0);
    assert_eq!(house.status()["arguments"], after["arguments"]);
}

#[tokio::test]
async fn flags_that_are_said_take_the_places_of_those_that_it_has() {
    let house = House::new().await;
    house.start(&["--mode", "observe"]).ends_with(0);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(house.path("rules.yaml"), elsewhere.path().join("other.yaml")).unwrap();
    let mut restart = house.command(&["restart", "--mode=enforce", "--rules", "other.yaml"]);
    restart.current_dir(elsewhere.path());
    ran(restart).ends_with(0);
    let status = house.status();
    assert_eq!(status["mode"], "enforce");
    let rules = format!("--rules={}", elsewhere.path().join("other.yaml").display());
    let arguments = status["arguments"].as_array().unwrap();
    assert!(arguments.contains(&rules.clone().into()), "{rules} in {status}");
    assert!(!arguments.contains(&"--rules=rules.yaml".into()), "{status}");
    house.heals("map").await;
}

#[tokio::test]
async fn with_broken_rules_the_old_one_runs_on() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let pid = house.pid();
    house.write_rules(&bad_rule("for: 6 min\n  actions: [ { delete: {} } ]"));
    house
        .run(&["restart"])
        .ends_with(1)
        .says("bad-duration")
        .says("6 min")
        .says(&format!("runs on as it was (pid {pid})"));
    house.run(&["restart", "--rules", "nowhere.yaml"]).ends_with(2).says("nowhere.yaml");
    house.run(&["restart", "--mode", "perhaps"]).ends_with(2).says("perhaps");
    assert_eq!(house.pid(), pid);
    house.heals("map").await;
}

#[tokio::test]
async fn where_none_runs_it_is_a_start() {
    let house = House::new().await;
    house.run(&["restart"]).ends_with(2).says("--rules");
    let flags = house.flags();
    let restart: Vec<&str> = ["restart"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    house.run(&restart).ends_with(0).says("no daemon runs: one is started");
    assert_eq!(house.status()["ready"], true);
}

#[tokio::test]
async fn one_in_the_foreground_is_its_starters_affair() {
    let house = House::new().await;
    let flags = house.flags();
    let run: Vec<&str> = ["run"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let mut daemon = Daemon::spawn(house.command(&run));
    daemon.wait_for_line("true_now", SOON).await;
    house.run(&["restart"]).ends_with(2).says("runs in the foreground");
    assert!(daemon.has_ended().is_none());
    // It is asked like any other, and stopped.
    assert_eq!(house.status()["logFile"], serde_json::Value::Null);
    house.run(&["logs"]).ends_with(2).says("standard error");
    house.run(&["stop"]).ends_with(0);
    assert_eq!(daemon.terminate().status.code(), Some(0));
}
