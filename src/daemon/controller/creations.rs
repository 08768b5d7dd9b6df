//! The creation log: objects of watched kinds as they appear in selected namespaces, one line each, with what
//! selected them. A suite that makes a thousand at once costs a few lines and their number.

use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;
use tracing::info;

use crate::cluster::resource::Resource;

/// So many lines in each window; the rest is counted.
const LINES: usize = 20;
const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct CreationLog {
    /// When the window ends that is open.
    ends: Option<Timestamp>,
    told: usize,
    untold: usize,
}

impl CreationLog {
    /// Whether there is a line for one more object; it is counted where there is none.
    pub(super) fn has_line(&mut self, resource: &Resource, now: Timestamp) -> bool {
        self.look(resource, now);
        if self.ends.is_none() {
            *self = Self { ends: Some(after(now, WINDOW)), told: 0, untold: 0 };
        }
        let has_line = self.told < LINES;
        if has_line {
            self.told += 1;
        } else {
            self.untold += 1;
        }
        has_line
    }

    /// When there is something to tell of.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        self.ends.filter(|_| self.untold > 0)
    }

    /// Tells how many had no line of their own, once the window is over.
    pub(super) fn look(&mut self, resource: &Resource, now: Timestamp) {
        if self.ends.is_none_or(|ends| now < ends) {
            return;
        }
        let Self { untold, .. } = std::mem::take(self);
        if untold > 0 {
            let kind = resource.name();
            info!(kind, count = untold, "{untold} more new {kind} within {} s", WINDOW.as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::resource::Resource;

    #[test]
    fn a_flood_has_a_few_lines_and_the_next_window_new_ones() {
        let pods = Resource {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            plural: "pods".to_owned(),
            singular: "pod".to_owned(),
            short_names: Vec::new(),
            namespaced: true,
            verbs: Vec::new(),
        };
        let mut log = CreationLog::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let lines = (0..1_000).filter(|_| log.has_line(&pods, at(5))).count();
        assert_eq!(lines, LINES);
        assert_eq!(log.next_look(), Some(at(15)), "the others are told of");
        assert!(log.has_line(&pods, at(15)));
        assert_eq!(log.next_look(), None);
    }
}
