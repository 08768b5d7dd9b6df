//! What the server's audit log says: when each pod was bad, and what the daemon wrote. A write is right where its
//! pod was bad for long enough at that moment; all else is written down as wrong.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::rewrites::BAD_FOR;
use super::stories::{BAD, WELL};
use crate::support::audit::{self, Record};

/// What the log says of one pod.
#[derive(Debug, Default)]
pub struct Chart {
    pub episodes: Vec<Episode>,
    /// Steps that were done to it although it was well, or before its time.
    pub wrong: Vec<Record>,
}

/// One time that it was bad.
#[derive(Debug)]
pub struct Episode {
    /// The status came that made it so.
    pub from: Timestamp,
    /// The status was answered that ended it.
    until: Option<Timestamp>,
    /// Steps of the daemon.
    pub steps: u32,
}

/// Reads the log as it grows.
pub struct Judge {
    file: PathBuf,
    read: u64,
    pub charts: HashMap<String, Chart>,
    /// Writes to anything but the bad pods.
    pub strange: Vec<Record>,
    writes: u32,
}

impl Judge {
    pub fn new(file: PathBuf) -> Self {
        let read = audit::end(&file);
        Self { file, read, charts: HashMap::new(), strange: Vec::new(), writes: 0 }
    }

    /// Steps that the daemon has done, as far as the log was read.
    pub fn writes(&self) -> u32 {
        self.writes
    }

    pub fn follow(&mut self) {
        for record in audit::next(&self.file, &mut self.read) {
            if record.is_the_daemons() {
                self.act(record);
            } else if record.code == 200 && record.resource == "pods" {
                self.turn(&record);
            }
        }
    }

    fn turn(&mut self, record: &Record) {
        let is_bad = match record.uri.split("fieldManager=").nth(1) {
            Some(BAD) => true,
            Some(WELL) => false,
            _ => return,
        };
        let episodes = &mut self.charts.entry(record.name.clone()).or_default().episodes;
        // Said twice where the first answer was lost.
        let open = episodes.last_mut().filter(|last| last.until.is_none());
        match open {
            Some(open) if !is_bad => open.until = Some(record.answered),
            None if is_bad => {
                episodes.push(Episode { from: record.received, until: None, steps: 0 });
            }
            _ => {}
        }
    }

    fn act(&mut self, record: Record) {
        // To ask for one's rights is a POST too.
        let reads = ["get", "list", "watch"].contains(&record.verb.as_str())
            || record.uri.starts_with("/apis/authorization.k8s.io/");
        if reads {
            return;
        }
        let chart = self.charts.get_mut(&record.name).filter(|_| record.resource == "pods");
        let Some(chart) = chart.filter(|chart| !chart.episodes.is_empty()) else {
            return self.strange.push(record);
        };
        // What is refused (the pod has changed since it was read) is not done.
        if record.code >= 300 {
            return;
        }
        self.writes += 1;
        let patience = SignedDuration::try_from(BAD_FOR).unwrap();
        // Of a status and a step at the same time the step may have been first.
        let is_right = |episode: &&mut Episode| {
            episode.from + patience <= record.received
                && episode.until.is_none_or(|until| record.received <= until)
        };
        match chart.episodes.iter_mut().rev().find(is_right) {
            Some(episode) => episode.steps += 1,
            None => chart.wrong.push(record),
        }
    }
}
