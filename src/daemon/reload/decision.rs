//! What becomes of rules that were read anew. Pure: it takes what differs, who asked, and when.
//!
//! Errors keep the rules that run. So does a loss of more than half of them, until somebody confirms it: by
//! asking again for the very same content, or by a flag. A file cannot confirm itself: one that was cut off in
//! the middle stays cut off however often it is touched.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::rules::Digest;
use crate::rules::comparison::Difference;

/// Who asks a second time so much later may not remember the first: SIGHUP comes from logrotate too.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(10 * 60);

/// What asked for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// A file that reads otherwise.
    File,
    /// SIGHUP.
    Signal,
    /// `daemon reload`.
    Command {
        /// Also where more than half of the rules would go.
        accept_removals: bool,
    },
}

impl AskedBy {
    fn is_a_person(self) -> bool {
        self != Self::File
    }
}

/// `file`, `signal`, `command`.
impl fmt::Display for AskedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Signal => "signal",
            Self::Command { .. } => "command",
        })
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Put the new rules in force.
    Apply,
    /// Nothing: they say the same.
    Unchanged,
    /// Nothing: they have errors.
    Invalid,
    /// Nothing yet: more than half of the rules would go.
    Unconfirmed,
}

/// Remembers what waits for a confirmation.
#[derive(Debug, Default)]
pub struct Decisions {
    asked: Option<(Digest, Timestamp)>,
    /// What was to be put in force and could not be: it is not asked for again.
    accepted: Option<Digest>,
}

impl Decisions {
    /// Decides about this content. `difference`: from the rules that run, `running` of them; `None` where the
    /// new ones have errors.
    pub fn decide(
        &mut self,
        asked_by: AskedBy,
        content: Digest,
        difference: Option<&Difference>,
        running: usize,
        now: Timestamp,
    ) -> Decision {
        let accepted = self.accepted.take() == Some(content);
        let Some(difference) = difference else { return Decision::Invalid };
        if difference.is_empty() {
            self.asked = None;
            return Decision::Unchanged;
        }
        let accepts = accepted || asked_by == AskedBy::Command { accept_removals: true };
        let confirmed = asked_by.is_a_person() && self.was_asked(content, now);
        if !difference.needs_confirmation(running) || accepts || confirmed {
            self.asked = None;
            return Decision::Apply;
        }
        if asked_by.is_a_person() {
            self.asked = Some((content, now));
        }
        Decision::Unconfirmed
    }

    /// What was decided to be applied waits for the cluster: the next decision about it is the same.
    pub fn postpone(&mut self, content: Digest) {
        self.accepted = Some(content);
    }

    fn was_asked(&self, content: Digest, now: Timestamp) -> bool {
        self.asked.is_some_and(|(asked, at)| {
            // A clock that was set back confirms nothing.
            let elapsed = Duration::try_from(now.duration_since(at)).ok();
            asked == content && elapsed.is_some_and(|elapsed| elapsed <= CONFIRMED_WITHIN)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Input, Texts};

    const FLAG: AskedBy = AskedBy::Command { accept_removals: true };
    const COMMAND: AskedBy = AskedBy::Command { accept_removals: false };

    fn digest(content: &str) -> Digest {
        Texts::read(&[Input::Text { name: String::new(), bytes: content.into() }]).digest()
    }

    fn rule(name: &str) -> k8s_healer_engine::rule::RuleId {
        k8s_healer_engine::rule::RuleId { pack: "pack".into(), name: name.into() }
    }

    fn removing(count: usize) -> Difference {
        let removed = (0..count).map(|number| rule(&number.to_string())).collect();
        Difference { removed, ..Difference::default() }
    }

    /// Ten rules run; each step is who asks, for which content, how many rules it lacks (`None`: it has errors),
    /// at which second, and what is decided.
    fn story(steps: &[(AskedBy, &str, Option<usize>, i64, Decision)]) {
        let mut decisions = Decisions::default();
        for (number, (asked_by, content, removed, second, expected)) in steps.iter().enumerate() {
            let now = Timestamp::from_second(*second).unwrap();
            let difference = removed.map(removing);
            let decision = decisions.decide(*asked_by, digest(content), difference.as_ref(), 10, now);
            assert_eq!(decision, *expected, "step {number}");
        }
    }

    use AskedBy::{File, Signal};
    use Decision::{Apply, Invalid, Unchanged, Unconfirmed};

    #[test]
    fn up_to_half_of_the_rules_go_at_once_and_errors_change_nothing() {
        story(&[
            (File, "a", Some(5), 0, Apply),
            (File, "b", None, 1, Invalid),
            (COMMAND, "b", None, 2, Invalid),
            (FLAG, "b", None, 3, Invalid),
            (File, "c", Some(0), 4, Unchanged),
        ]);
    }

    #[test]
    fn the_same_content_asked_for_twice_is_confirmed() {
        story(&[(COMMAND, "a", Some(6), 0, Unconfirmed), (COMMAND, "a", Some(6), 1, Apply)]);
        story(&[(Signal, "a", Some(6), 0, Unconfirmed), (COMMAND, "a", Some(6), 1, Apply)]);
        story(&[(FLAG, "a", Some(10), 0, Apply)]);
    }

    #[test]
    fn a_file_confirms_nothing_and_is_no_first_question() {
        story(&[
            (File, "a", Some(6), 0, Unconfirmed),
            (File, "a", Some(6), 1, Unconfirmed),
            (COMMAND, "a", Some(6), 2, Unconfirmed),
            (File, "a", Some(6), 3, Unconfirmed),
            (Signal, "a", Some(6), 4, Apply),
        ]);
    }

    #[test]
    fn another_content_begins_anew() {
        story(&[
            (COMMAND, "a", Some(6), 0, Unconfirmed),
            (COMMAND, "b", Some(7), 1, Unconfirmed),
            (COMMAND, "a", Some(6), 2, Unconfirmed),
            (COMMAND, "a", Some(6), 3, Apply),
        ]);
    }

    #[test]
    fn a_file_that_healed_meanwhile_takes_the_question_back() {
        story(&[
            (COMMAND, "cut off", Some(9), 0, Unconfirmed),
            (File, "whole", Some(0), 1, Unchanged),
            (COMMAND, "cut off", Some(9), 2, Unconfirmed),
        ]);
    }

    #[test]
    fn what_was_confirmed_and_postponed_is_not_asked_for_again() {
        let mut decisions = Decisions::default();
        let decide = |decisions: &mut Decisions, content| {
            decisions.decide(Signal, digest(content), Some(&removing(6)), 10, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(decide(&mut decisions, "a"), Unconfirmed);
        assert_eq!(decide(&mut decisions, "a"), Apply);
        decisions.postpone(digest("a"));
        assert_eq!(decide(&mut decisions, "a"), Apply);
        decisions.postpone(digest("a"));
        assert_eq!(decide(&mut decisions, "b"), Unconfirmed, "another content");
        assert_eq!(decide(&mut decisions, "a"), Unconfirmed, "the other one came between");
    }

    #[test]
    fn nobody_confirms_what_was_asked_long_ago() {
        story(&[(Signal, "a", Some(6), 0, Unconfirmed), (Signal, "a", Some(6), 86_400, Unconfirmed)]);
        story(&[(Signal, "a", Some(6), 60, Unconfirmed), (Signal, "a", Some(6), 0, Unconfirmed)]);
    }
}
