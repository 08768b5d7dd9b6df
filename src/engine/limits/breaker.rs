//! The breaker of a rule (DESIGN 5.7): where too large a share of what it watches matches, or was acted on just now,
//! the cause lies elsewhere, and nothing more is done until a person resumes it, or until the share has fallen and
//! stayed there for a cooldown.

use std::time::Duration;

use jiff::Timestamp;

use crate::moment::after;

/// What was acted on counts for so long, also where it is gone.
pub const COUNTS_FOR: Duration = Duration::from_secs(10 * 60);

/// When a rule does nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Above this share, in percent, from 1 to 100.
    pub share: u8,
    /// Of fewer watched objects nothing is said: they are too few to tell.
    pub from: usize,
}

/// What has become of an object that was acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It matches: it is counted among those already.
    Matches,
    /// It is watched, and does not match.
    Watched,
    /// It is not there any more.
    Gone,
}

/// An object that was acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acted {
    pub(crate) at: Timestamp,
    pub(crate) fate: Fate,
}

impl Acted {
    pub(crate) fn ends(&self) -> Timestamp {
        after(self.at, COUNTS_FOR)
    }
}

/// What is counted of a rule, over all its kinds and places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Those that are known to match.
    pub(crate) matching: usize,
    /// Those of which it is not known whether they do.
    pub(crate) doubtful: usize,
    pub(crate) watched: usize,
    pub(crate) acted: Vec<Acted>,
}

impl Tally {
    /// How many of how many match or were acted on, as of a moment.
    fn share(&self, now: Timestamp) -> (usize, usize) {
        let counts = |acted: &&Acted| acted.ends() > now;
        let acted = |fate: Fate| self.acted.iter().filter(counts).filter(|acted| acted.fate == fate).count();
        let gone = acted(Fate::Gone);
        (self.matching + acted(Fate::Watched) + gone, self.watched + gone)
    }

    fn is_over(&self, breaker: Breaker, now: Timestamp) -> bool {
        let (part, whole) = self.share(now);
        is_over(breaker, part, whole)
    }

    /// The moments from one to another, both included, at which something ceases to count.
    fn ends(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let ends = self.acted.iter().filter(|acted| acted.fate != Fate::Matches).map(Acted::ends);
        let mut ends: Vec<Timestamp> = ends.filter(|end| (from..=to).contains(end)).collect();
        ends.sort_unstable();
        ends
    }

    /// The first moment from one to another at which it is not over the share any more, by time alone.
    fn falls(&self, breaker: Breaker, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
        let mut moments = std::iter::once(from).chain(self.ends(from, to));
        moments.find(|moment| !self.is_over(breaker, *moment))
    }
}

fn is_over(breaker: Breaker, part: usize, whole: usize) -> bool {
    part.saturating_mul(100) > whole.saturating_mul(breaker.share.into())
}

/// Why a breaker lets nothing pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// In words.
    pub(crate) why: String,
    /// When it closes if nothing happens; `None`: not by time alone.
    pub(crate) until: Option<Timestamp>,
}

/// Whether a rule's breaker is open.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    breaker: Breaker,
    cooldown: Duration,
    looked: Timestamp,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        since: Timestamp,
        /// How many of how many it were.
        share: (usize, usize),
        /// Since when the share is not above the limit any more.
        fell: Option<Timestamp>,
    },
    /// A person has closed it though the share has not fallen: it does not open before it has.
    Resumed,
}

impl Latch {
    pub(crate) fn new(breaker: Breaker, cooldown: Duration) -> Self {
        Self { breaker, cooldown, looked: Timestamp::MIN, state: State::Closed }
    }

    /// Whether it is that of a rule as it reads now: one that was written anew begins anew.
    pub(crate) fn is_of(&self, breaker: Breaker, cooldown: Duration) -> bool {
        (self.breaker, self.cooldown) == (breaker, cooldown)
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Closes it; returns whether it was open.
    pub(crate) fn resume(&mut self) -> bool {
        let was_open = self.is_open();
        if was_open {
            self.state = State::Resumed;
        }
        was_open
    }

    /// What was counted until now is counted otherwise from now on: by then it may have closed.
    pub(crate) fn pass(&mut self, tally: &Tally, now: Timestamp) {
        let now = self.note(tally, now);
        // At the very moment at which it would close, what comes then counts first.
        self.close(|end| end < now);
    }

    /// For a while nobody has known what there was to count: a share that is low now may have been high until now.
    pub(crate) fn lose_sight(&mut self, now: Timestamp) {
        self.looked = self.looked.max(now);
    }

    /// Looks at what is counted now, which was so since the last look but for the time that has passed. Time never
    /// goes back.
    pub(crate) fn look(&mut self, tally: &Tally, now: Timestamp) -> Option<Stop> {
        let now = self.note(tally, now);
        self.close(|end| end <= now);
        let is_over = tally.is_over(self.breaker, now);
        if self.state == State::Closed && is_over && tally.watched >= self.breaker.from {
            self.state = State::Open { since: now, share: tally.share(now), fell: None };
        }
        self.stop(tally).or_else(|| self.doubt(tally))
    }

    /// Notes since when the share has been low; returns what time it is.
    fn note(&mut self, tally: &Tally, now: Timestamp) -> Timestamp {
        let now = now.max(self.looked);
        let last = std::mem::replace(&mut self.looked, now);
        let is_over = tally.is_over(self.breaker, now);
        match &mut self.state {
            State::Open { fell, .. } if is_over => *fell = None,
            State::Open { fell, .. } => *fell = fell.or_else(|| tally.falls(self.breaker, last, now)),
            State::Resumed if !is_over => self.state = State::Closed,
            State::Closed | State::Resumed => {}
        }
        now
    }

    /// Closes it if the share has been low for a cooldown that has ended.
    fn close(&mut self, has_ended: impl FnOnce(Timestamp) -> bool) {
        if let State::Open { fell: Some(fell), .. } = self.state
            && has_ended(after(fell, self.cooldown))
        {
            self.state = State::Closed;
        }
    }

    /// Why it lets nothing pass, as of the last look.
    fn stop(&self, tally: &Tally) -> Option<Stop> {
        let State::Open { since, share: (part, whole), fell } = &self.state else { return None };
        let falls = || tally.falls(self.breaker, self.looked, Timestamp::MAX);
        let until = fell.or_else(falls).map(|fell| after(fell, self.cooldown));
        let why = format!(
            "its breaker is open since {since}: {part} of {whole} matched or were acted on within 10m, more than {}%",
            self.breaker.share
        );
        Some(Stop { why, until })
    }

    /// What may match is no proof that something is wrong, and none that nothing is.
    fn doubt(&self, tally: &Tally) -> Option<Stop> {
        let (part, whole) = tally.share(self.looked);
        let may_be = self.state == State::Closed
            && tally.watched >= self.breaker.from
            && is_over(self.breaker, part + tally.doubtful, whole);
        let why = || {
            format!(
                "it is not known of {} objects whether they match, and its breaker might open",
                tally.doubtful
            )
        };
        may_be.then(|| Stop { why: why(), until: None })
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
