//! The instructions that one event costs, counted by callgrind on a fixed input: a guard against gross
//! regressions that no busy machine disturbs. `cargo bench --bench instructions`; exit status 1: over budget.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "a bench")]

mod input;

use std::process::{Command, ExitCode};

use k8s_healer::cluster::decode::{Decoder, Event};
use k8s_healer_engine::tracker::{Origin, Tracker};

use input::{Shape, lines, moment, pods, projection, rules};

/// Ten rules on pods of 13 KB, from bytes to verdicts; a fifth more than was counted when it was set.
const BUDGET: u64 = 235_000;
/// Two runs: the difference is what the events cost, without the start.
const EVENTS: [u32; 2] = [200, 1_200];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--events") {
        take(arguments[at + 1].parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let counted = EVENTS.map(|events| counted(&arguments[0], events));
    let [Some(few), Some(many)] = counted else {
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    };
    let per_event = (many - few) / u64::from(EVENTS[1] - EVENTS[0]);
    println!("{per_event} instructions per event; the budget is {BUDGET}");
    ExitCode::from(u8::from(per_event > BUDGET))
}

/// What callgrind counts in a process that takes so many events; `None`: there is no valgrind.
fn counted(executable: &str, events: u32) -> Option<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", executable, "--events"]);
    let output = command.arg(events.to_string()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find_map(|line| line.split_once("Collected : ")).expect(&said);
    Some(line.1.trim().parse().expect(&said))
}

fn take(events: u32) {
    let rules = rules(Shape::Teams, 10);
    let decoder = Decoder::new(&projection(&rules), &pods());
    let mut tracker = Tracker::new(rules);
    tracker.list_started();
    tracker.list_completed();
    let lines = lines(100);
    for line in lines.iter().cycle().take(events as usize) {
        if let Ok(Event::Applied(object)) = decoder.line(line) {
            tracker.observe(&object, Origin::LiveRead, moment("2026-01-01T12:00:00Z"));
        }
    }
}
