//! One line on standard error that says how long it takes, where that is a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::values::format_duration;

use crate::cluster::clock::{Clock, SystemClock};

const TICK: Duration = Duration::from_secs(1);

/// Shows the line until this is dropped.
pub(in crate::cli) struct Progress(Option<tokio::task::JoinHandle<()>>);

impl Progress {
    /// Within a runtime.
    pub(in crate::cli) fn start(what: String) -> Self {
        Self::telling(move || what.clone())
    }

    /// The same of what changes meanwhile.
    pub(in crate::cli) fn telling(what: impl Fn() -> String + Send + 'static) -> Self {
        if !is_shown() {
            return Self(None);
        }
        Self(Some(tokio::spawn(async move {
            let began = SystemClock.now();
            loop {
                let taken = Duration::from_secs(elapsed(began, SystemClock.now()).as_secs());
                write(&format!("{}, {}", what(), format_duration(taken)));
                SystemClock.sleep(TICK).await;
            }
        })))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            write("");
        }
    }
}

/// The same of a dump that is read, told as its objects come.
pub(in crate::cli) struct Counting<'c> {
    is_shown: bool,
    objects: usize,
    bytes: &'c Cell<u64>,
    told: Timestamp,
    has_told: bool,
}

/// The clock is asked no more often.
const EVERY: usize = 64;

impl<'c> Counting<'c> {
    /// `bytes`: how many have been read so far.
    pub(in crate::cli) fn of(bytes: &'c Cell<u64>) -> Self {
        Self { is_shown: is_shown(), objects: 0, bytes, told: SystemClock.now(), has_told: false }
    }

    /// One more object has come.
    pub(in crate::cli) fn one(&mut self) {
        self.objects += 1;
        if self.is_shown
            && self.objects.is_multiple_of(EVERY)
            && let Some(line) = self.line(SystemClock.now())
        {
            write(&line);
            self.has_told = true;
        }
    }

    /// What is told now, if it is time to.
    fn line(&mut self, now: Timestamp) -> Option<String> {
        if elapsed(self.told, now) < TICK {
            return None;
        }
        self.told = now;
        Some(format!("reading the dump: {} objects, {} MiB", self.objects, self.bytes.get() >> 20))
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if self.has_told {
            write("");
        }
    }
}

fn is_shown() -> bool {
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    io::stderr().is_terminal() && !is_dumb
}

/// The cursor stays at the beginning: a line of the log takes its place. Whether anybody sees it changes nothing.
fn write(line: &str) {
    let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
    drop(write!(io::stderr(), "\r{line}\u{1b}[K\r"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_dump_the_objects_and_their_bytes_are_told_once_a_second() {
        let bytes = Cell::new(0);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut counting =
            Counting { is_shown: false, objects: 0, bytes: &bytes, told: at(0), has_told: false };
        (0..130).for_each(|_| counting.one());
        bytes.set(3 << 20);
        assert_eq!(counting.line(at(0)), None);
        assert_eq!(counting.line(at(1)).as_deref(), Some("reading the dump: 130 objects, 3 MiB"));
        assert_eq!(counting.line(at(1)), None);
    }
}
