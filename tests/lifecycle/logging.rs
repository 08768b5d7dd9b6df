//! Its log: looked at with `logs`, set aside under it, and lost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Signal, kill_process};

use crate::house::*;
use crate::support::process::pid_of;

#[tokio::test]
async fn a_full_disk_stops_no_healing_and_the_status_says_what_is_lost() {
    let house = House::new().await;
    house.start(&["--log-file", "/dev/full"]).ends_with(0);
    house.heals("map").await;
    let status = house.run(&["status"]).ends_with(1);
    let status = status.says("of the log were lost");
    assert!(status.out.contains("no space left on device"), "{status:?}");
    house.run(&["stop"]).ends_with(0);
}

#[tokio::test]
async fn the_last_lines_are_printed_while_it_runs_and_after() {
    let house = House::new().await;
    house.run(&["logs"]).ends_with(2).says("there is no log");
    house.start(&[]).ends_with(0);
    house.heals("map").await;
    wait_for("it is told", || house.log().contains("\"outcome\":\"done\""));
    let all = house.run(&["logs"]).ends_with(0).out;
    assert_eq!(all, house.log());
    let last = house.run(&["logs", "-n", "2"]).ends_with(0).out;
    assert!(last.lines().count() == 2 && all.ends_with(&last), "{last}");
    assert_eq!(house.run(&["logs", "--since", "1h"]).ends_with(0).out, all);
    house.run(&["stop"]).ends_with(0);
    assert_eq!(house.run(&["logs"]).ends_with(0).out, house.log());
    let other = house.path("other.log");
    fs::write(&other, "another\n").unwrap();
    assert_eq!(house.run(&["logs", "--log-file", "other.log"]).ends_with(0).out, "another\n");
}

/// `logs -f`, and what it has printed so far.
struct Following {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Following {
    fn start(house: &House) -> Self {
        let mut child = house.command(&["logs", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (out, into) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                into.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn who_follows_it_sees_each_line_once_across_files_that_are_set_aside() {
    let house = House::new().await;
    house.start(&["--log-max-size", "2000", "--log-keep", "50"]).ends_with(0);
    let following = Following::start(&house);
    wait_for("it follows", || following.count("connected to") == 1);
    let done = |number: usize| format!("delete configmaps/{}/map-{number} ", house.scene.namespace);
    for number in 0..20 {
        house.heals(&format!("map-{number}")).await;
    }
    wait_for("all has come", || following.count(&done(19)) == 1);
    assert!(house.path("daemon.log.2").exists(), "it was set aside more than once");
    for number in 0..20 {
        assert_eq!(following.count(&done(number)), 1, "{number}: {:#?}", following.lines.lock().unwrap());
    }
}

#[tokio::test]
async fn after_sighup_it_writes_where_the_log_was_moved_away_from() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let following = Following::start(&house);
    wait_for("it follows", || following.count("connected to") == 1);
    fs::rename(house.path("daemon.log"), house.path("moved.log")).unwrap();
    house.heals("before").await;
    kill_process(pid_of(house.pid()).unwrap(), Signal::HUP).unwrap();
    wait_for("the new log is begun", || house.path("daemon.log").exists());
    house.heals("after").await;
    wait_for("it is told there", || house.log().contains("/after "));
    assert!(fs::read_to_string(house.path("moved.log")).unwrap().contains("/before "));
    wait_for("both have come", || following.count("/before ") > 0 && following.count("/after ") > 0);
}
