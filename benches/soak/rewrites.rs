//! The rules, and the file of them under an editor's hands: a value is changed every ten seconds, in place or by
//! a file that takes its place in turns; one time in six the text breaks off in the middle, and is mended.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::control::Control;
use crate::support::daemon::pack;
use crate::support::report::Report;

/// What the rules about bad pods ask for at least.
pub const BAD_FOR: Duration = Duration::from_secs(3);

const EVERY: Duration = Duration::from_secs(10);
const BROKEN_EVERY: u32 = 6;

/// While the server is away the new rules wait, and on a busy machine for the list.
const TAKEN_WITHIN: Duration = Duration::from_secs(90);

#[derive(Debug, Default)]
pub struct Rewrites {
    taken: u32,
    broken: u32,
    /// What was not taken, or was not seen to be broken.
    missed: u32,
}

/// `left-bad` never changes and keeps its timers; `marked` changes in what it waits for, and `old` in the timers
/// that every pod has.
fn rules(number: u32) -> String {
    let (patience, age) = (["3s", "3s500ms"][number as usize % 2], 1000 + number);
    pack(&format!(
        "
  - name: left-bad
    watch: pods
    match: [ {{ phase: [Failed] }} ]
    for: 3s
    actions: [ {{ delete: {{}} }} ]
  - name: marked
    watch: pods
    match: [ {{ field: {{ path: $.status.reason, equals: Unwell }} }} ]
    for: {patience}
    actions: [ {{ annotate: {{ soak.example/seen: \"true\" }} }} ]
  - name: old
    watch: pods
    match: [ {{ age: {{ over: {age}h }} }} ]
    actions: [ {{ delete: {{}} }} ]
"
    ))
}

pub fn write(file: &Path, number: u32) {
    put(file, &rules(number), number);
}

fn put(file: &Path, text: &str, number: u32) {
    if number.is_multiple_of(2) {
        fs::write(file, text).unwrap();
    } else {
        let other = file.with_extension("tmp");
        fs::write(&other, text).unwrap();
        fs::rename(&other, file).unwrap();
    }
}

pub async fn run(control: &Control, end: Instant) -> Rewrites {
    let mut rewrites = Rewrites::default();
    for number in 1.. {
        if Instant::now() + EVERY >= end {
            break;
        }
        tokio::time::sleep(EVERY).await;
        // The third of six, so that one is in a minute.
        if number % BROKEN_EVERY == BROKEN_EVERY / 2 {
            let (now, text) = (Timestamp::now(), rules(number));
            // Within a bracket.
            put(&control.rules, &text[..text.rfind("age:").unwrap()], number);
            rewrites.broken += u32::from(rewrites.reached(control, "invalid", now).await);
        }
        let now = Timestamp::now();
        write(&control.rules, number);
        rewrites.taken += u32::from(rewrites.reached(control, "applied", now).await);
    }
    rewrites
}

impl Rewrites {
    /// Whether the daemon says so of a reload after this moment.
    async fn reached(&mut self, control: &Control, outcome: &str, written: Timestamp) -> bool {
        let (began, mut last) = (Instant::now(), Value::Null);
        while began.elapsed() < TAKEN_WITHIN {
            if let Some(mut status) = control.status().await {
                last = status["reload"].take();
                let at = last["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                if last["outcome"] == outcome && at.is_some_and(|at| at >= written) {
                    return true;
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        println!("rules that should be {outcome} are not; the daemon says {last}");
        self.missed += 1;
        false
    }

    pub fn tell(&self, report: &mut Report) {
        report.tell("rewrites of the rules taken", f64::from(self.taken), "");
        report.tell("broken ones refused", f64::from(self.broken), "");
        report.at_most("rewrites that neither became of", f64::from(self.missed), 0.0, "");
    }
}
