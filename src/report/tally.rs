//! What was done, held back and failed, counted by rule, kind, namespace and action: for the status, and for
//! the summary of a day or a sweep.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decision::Outcome;

/// More combinations are counted together: namespaces of test runs come without end.
const MOST: usize = 10_000;
/// The namespace of what is counted together.
const OTHERS: &str = "(others)";

/// What a count is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heading {
    /// `pack/rule`.
    pub rule: String,
    /// `pods`.
    pub kind: String,
    /// `None`: cluster-scoped.
    pub namespace: Option<String>,
    /// `delete`.
    pub action: String,
}

/// How often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps done on the cluster.
    pub acted: u64,
    /// Steps that a stronger mode would have done.
    pub would: u64,
    /// Steps that a protection, a cooldown or the server's refusal held back.
    pub held: u64,
    /// Steps that failed or were given up.
    pub failed: u64,
    /// Why the last one was held back or failed.
    pub reason: Option<String>,
    /// When the last of them was.
    pub last: Timestamp,
}

/// All counts since the start.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<Heading, Counts>,
}

impl Tally {
    /// Counts one decision.
    pub fn note(&mut self, mut heading: Heading, outcome: Outcome, detail: &str, now: Timestamp) {
        let one: fn(&mut Counts) -> &mut u64 = match outcome {
            Outcome::Done => |counts| &mut counts.acted,
            Outcome::DryRun | Outcome::WouldDo | Outcome::WouldFollow => |counts| &mut counts.would,
            Outcome::HeldBack | Outcome::Refused => |counts| &mut counts.held,
            Outcome::Failed | Outcome::GivenUp => |counts| &mut counts.failed,
            Outcome::Changed | Outcome::Nothing => return,
        };
        if self.counts.len() >= MOST && !self.counts.contains_key(&heading) {
            heading.namespace = Some(OTHERS.to_owned());
        }
        let counts = self.counts.entry(heading).or_default();
        *one(counts) += 1;
        counts.last = now;
        if matches!(outcome, Outcome::HeldBack | Outcome::Refused | Outcome::Failed | Outcome::GivenUp) {
            counts.reason = Some(detail.to_owned());
        }
    }

    /// The counts, in the order of their headings.
    pub fn rows(&self) -> impl Iterator<Item = (&Heading, &Counts)> {
        self.counts.iter()
    }

    /// What has come to it since an earlier state of it.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = BTreeMap::new();
        for (heading, now) in &self.counts {
            let before = earlier.counts.get(heading).cloned().unwrap_or_default();
            let more = Counts {
                acted: now.acted - before.acted,
                would: now.would - before.would,
                held: now.held - before.held,
                failed: now.failed - before.failed,
                ..now.clone()
            };
            // What kept others from being done before is not told again.
            let kept_from = more.held + more.failed > 0;
            let more = Counts { reason: more.reason.filter(|_| kept_from), ..more };
            if kept_from || more.acted + more.would > 0 {
                counts.insert(heading.clone(), more);
            }
        }
        Self { counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(namespace: &str) -> Heading {
        Heading {
            rule: "pack/rule".to_owned(),
            kind: "pods".to_owned(),
            namespace: Some(namespace.to_owned()),
            action: "delete".to_owned(),
        }
    }

    #[test]
    fn what_came_since_is_the_difference() {
        let now = Timestamp::UNIX_EPOCH;
        let mut tally = Tally::default();
        tally.note(heading("test-a"), Outcome::Done, "", now);
        let earlier = tally.clone();
        tally.note(heading("test-b"), Outcome::HeldBack, "protected", now);
        tally.note(heading("test-b"), Outcome::Done, "", now);
        tally.note(heading("test-a"), Outcome::Nothing, "", now);
        let since = tally.since(&earlier);
        let rows: Vec<_> = since.rows().collect();
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].1.acted, rows[0].1.held, rows[0].1.reason.as_deref()), (1, 1, Some("protected")));
    }

    #[test]
    fn namespaces_without_end_are_counted_together() {
        let mut tally = Tally::default();
        for number in 0..2 * MOST {
            tally.note(heading(&format!("test-{number}")), Outcome::Done, "", Timestamp::UNIX_EPOCH);
        }
        assert_eq!(tally.rows().count(), MOST + 1);
        assert_eq!(tally.rows().map(|(_, counts)| counts.acted).sum::<u64>(), 2 * MOST as u64);
    }
}
