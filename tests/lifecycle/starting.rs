//! How it comes to run in the background: ready, or not at all.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::getsid;

use crate::house::*;
use crate::support::process::{exists, pid_of};
use crate::support::scene::*;
use crate::support::{Fault, Seen, wait_until};

#[tokio::test]
async fn it_is_started_asked_and_stopped_and_leaves_nothing_but_its_log() {
    let house = House::new().await;
    house.run(&["status"]).ends_with(1).says("no daemon runs");
    assert_eq!(house.run(&["status", "--format", "json"]).ends_with(1).out.trim(), "{\"running\":false}");

    house.scene.create("configmaps", &serde_json::json!({"metadata": {"name": "good"}})).await;
    let started = house.start(&[]).ends_with(0);
    let pid = house.pid();
    assert!(started.out.contains(&format!("runs (pid {pid})")), "{started:?}");
    assert!(started.err.is_empty(), "{started:?}");
    let status = house.status();
    assert_eq!((&status["running"], &status["ready"]), (&true.into(), &true.into()), "{status}");
    assert_eq!(status["pid"], pid);
    assert_eq!(status["rules"][0]["rule"], "test/bad");
    assert!(status["rules"][0]["selected"].as_u64().unwrap() >= 1, "all was listed: {status}");
    assert_eq!(status["problems"], serde_json::json!([]));
    let page = house.run(&["status"]).ends_with(0).out;
    assert!(page.contains(&format!("runs (pid {pid})")) && page.contains("test/bad"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
    house.heals("map").await;

    house.run(&["stop"]).ends_with(0).says(&format!("(pid {pid})"));
    assert!(!runs(pid));
    let mut left: Vec<_> =
        fs::read_dir(house.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["daemon.log", "rules.yaml"]);
    house.run(&["stop"]).ends_with(0).says("no daemon runs");
    assert!(house.log().contains("\"message\":\"ended\""), "{}", house.log());
}

#[tokio::test]
async fn it_leaves_the_terminal_and_the_streams_of_who_started_it() {
    let house = House::new().await;
    // The pipes that this hangs on are closed by the daemon, or it would not return.
    house.start(&[]).ends_with(0);
    let pid = house.pid();
    assert_eq!(getsid(pid_of(pid)).unwrap(), pid_of(pid).unwrap(), "a session of its own");
    for stream in 0..3 {
        let leads_to = fs::read_link(format!("/proc/{pid}/fd/{stream}")).unwrap();
        assert_eq!(leads_to.to_str(), Some("/dev/null"), "stream {stream}");
    }
}

fn lists(seen: &Seen) -> bool {
    seen.path == "/api/v1/configmaps"
}

#[tokio::test]
async fn start_returns_when_the_first_lists_are_done_and_not_before() {
    let (house, proxy) = House::behind_a_proxy().await;
    proxy.inject(lists, Fault::Delay(Duration::from_secs(3)), 1);
    let mut starting = house.start_command(&[]).stdout(Stdio::null()).spawn().unwrap();
    wait_until("the list is under way", SOON, || async { !proxy.seen_that(lists).is_empty() }).await;
    house.run(&["status"]).ends_with(1).says("not ready");
    assert!(starting.try_wait().unwrap().is_none(), "it waits");
    assert!(starting.wait().unwrap().success());
    assert_eq!(house.status()["ready"], true);
}

#[tokio::test]
async fn what_is_not_ready_in_time_is_ended_again_and_it_is_said_what_it_waited_for() {
    let (house, proxy) = House::behind_a_proxy().await;
    proxy.inject(lists, Fault::Delay(Duration::from_secs(30)), usize::MAX);
    let ran = house.start(&["--timeout", "2s"]).ends_with(2);
    let ran = ran.says("not ready after 2s").says("the first lists of").says("daemon.log");
    assert!(ran.took < Duration::from_secs(10), "{ran:?}");
    house.run(&["status"]).ends_with(1).says("no daemon runs");
}

#[tokio::test]
async fn mistakes_in_rules_are_shown_as_by_validate_rules_and_nothing_is_touched() {
    let house = House::new().await;
    house.write_rules(&bad_rule("for: 6 min\n  actions: [ { remove: {} } ]"));
    house.start(&[]).ends_with(1).says("6 min").says("remove").says("bad-duration");
    assert!(!house.path("daemon.pid").exists() && !house.path("daemon.log").exists());

    house.write_rules(&bad_rule(DELETE));
    house.start(&["--rules", "nowhere.yaml"]).ends_with(2).says("nowhere.yaml");
    house.run(&["start"]).ends_with(2).says("--rules");
    house.start(&["--log-file", "no/such/folder/log"]).ends_with(2).says("no/such/folder/log");
    house.start(&["--exclude-namespaces", "[a"]).ends_with(2).says("--exclude-namespaces");
    house.run(&["start", "--rules=rules.yaml", "--kubeconfig=none"]).ends_with(2).says("none");
    house.run(&["status"]).ends_with(1);
}

#[tokio::test]
async fn of_many_starts_at_once_one_wins_and_the_others_say_who() {
    let house = House::new().await;
    let start = || {
        let mut command = house.start_command(&[]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let starting: Vec<Child> = (0..16).map(|_| start()).collect();
    let ended: Vec<_> = starting.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let pid = house.pid();
    let (won, lost): (Vec<_>, Vec<_>) = ended.iter().partition(|output| output.status.success());
    assert_eq!(won.len(), 1, "{ended:?}");
    for output in lost {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(said.contains(&format!("a daemon runs already (pid {pid}, since 2")), "{said}");
    }
    // And of those who did not get it, none was left behind.
    let daemons = daemons_of(&house);
    assert_eq!(daemons, [pid], "{ended:?}");
    house.heals("map").await;
}

/// Every process of the house's pid file.
fn daemons_of(house: &House) -> Vec<u32> {
    let variable = format!("K8S_HEALER_PID_FILE={}", house.path("daemon.pid").display());
    let is_ours = |pid: &u32| {
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let (environment, line) = (read("environ"), read("cmdline"));
        environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())
            && String::from_utf8_lossy(&line).contains("--detached")
    };
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(is_ours).collect()
}

#[tokio::test]
async fn a_second_one_is_refused_also_in_the_foreground_and_another_place_is_free() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let pid = house.pid();
    let flags = house.flags();
    let run: Vec<&str> = ["run"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    house.run(&run).ends_with(2).says(&format!("(pid {pid}, since"));
    assert_eq!(house.status()["pid"], pid);

    let another = House::new().await;
    another.start(&[]).ends_with(0);
    assert_ne!(another.pid(), pid);
    another.run(&["stop"]).ends_with(0);
    assert!(runs(pid));
}

#[tokio::test]
async fn after_it_was_killed_nothing_that_it_left_is_in_the_way() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let killed = house.kill();
    assert!(house.path("daemon.pid").exists() && house.path("daemon.sock").exists());
    house.run(&["status"]).ends_with(1).says("no daemon runs");
    house.run(&["reload"]).ends_with(2).says("no daemon runs");
    house.run(&["stop"]).ends_with(0).says("no daemon runs");
    house.start(&[]).ends_with(0);
    assert_ne!(house.pid(), killed);
    assert_eq!(house.status()["ready"], true);
}

#[tokio::test]
async fn a_stale_file_that_names_somebody_elses_process_harms_nobody() {
    let house = House::new().await;
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    fs::write(house.path("daemon.pid"), format!("{}\n", bystander.id())).unwrap();
    house.run(&["status"]).ends_with(1);
    house.run(&["stop", "--force", "--timeout", "0s"]).ends_with(0).says("no daemon runs");
    house.start(&[]).ends_with(0);
    house.run(&["stop"]).ends_with(0);
    assert!(bystander.try_wait().unwrap().is_none());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[tokio::test]
async fn where_the_starter_goes_away_before_it_is_ready_it_does_not_stay() {
    let (house, proxy) = House::behind_a_proxy().await;
    proxy.inject(lists, Fault::Delay(Duration::from_secs(2)), 1);
    let mut starter = house.start_command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the list is under way", SOON, || async { !proxy.seen_that(lists).is_empty() }).await;
    let pid = house.pid();
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(exists(pid), "it waits for its lists");
    wait_for("the daemon has ended", || !runs(pid));
    assert!(house.log().contains("went away before it was ready"), "{}", house.log());
    assert!(!house.path("daemon.pid").exists());
}
