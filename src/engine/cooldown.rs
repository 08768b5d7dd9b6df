//! Cooldown (DESIGN 5.6): a replacement of what a rule acted on is left alone for a while, twice as long
//! each time that was needed, until the rule gives the owner up. The other replicas, which were there
//! at the first action, are healed without waiting.

use std::time::Duration;

use ahash::AHashMap;
use jiff::Timestamp;

use crate::moment::{Now, after};
use crate::rule::RuleId;

/// After so many doublings (10 min → 10 h 40 min) nothing that the rule does helps.
const DOUBLINGS: u32 = 6;
const DAY: Duration = Duration::from_secs(86_400);
/// When there are more owners than this, those whose wait is long over are forgotten.
const MANY: usize = 1024;

/// Who stands for an object and its replacements: the uid of the topmost controlling ancestor, or kind,
/// namespace and name where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lineage(pub String);

/// The cooldowns of all rules.
#[derive(Clone, Debug)]
pub struct Cooldowns {
    states: AHashMap<(RuleId, Lineage), State>,
    /// When there are so many, those that are over are forgotten.
    many: usize,
    /// The longest cooldown of a rule.
    longest: Duration,
}

impl Default for Cooldowns {
    fn default() -> Self {
        Self { states: AHashMap::new(), many: MANY, longest: Duration::ZERO }
    }
}

#[derive(Clone, Debug)]
struct State {
    /// The object that was last acted on: it is no replacement of itself, where what was sent failed.
    uid: Box<str>,
    /// The first action of the round: what was there then is no replacement.
    first: Timestamp,
    last: Timestamp,
    /// How many rounds on end had to wait.
    needed: u32,
    /// A replacement is waiting now.
    waiting: bool,
    told: bool,
}

/// What was known before an action.
#[derive(Clone, Debug)]
pub struct Before(Option<State>);

/// Whether a rule may act on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may.
    Free,
    /// It is a replacement: not before this moment.
    Wait(Timestamp),
    /// The rule has given this owner up; `first_time`: say so now.
    GivenUp {
        /// Nobody was told yet.
        first_time: bool,
    },
}

impl Cooldowns {
    /// Asks for an object that was created at `created` (`None`: unknown, so it counts as a
    /// replacement).
    pub fn ask(
        &mut self,
        rule: &RuleId,
        lineage: &Lineage,
        uid: &str,
        created: Option<Timestamp>,
        cooldown: Duration,
        now: Timestamp,
    ) -> Answer {
        self.longest = self.longest.max(cooldown);
        let Some(state) = self.states.get_mut(&(rule.clone(), lineage.clone())) else { return Answer::Free };
        if &*state.uid == uid {
            return Answer::Free;
        }
        // Creation times are cut to the second: the second of the action counts as after it.
        if created.is_some_and(|created| created.as_second() < state.first.as_second()) {
            return Answer::Free;
        }
        if state.needed >= DOUBLINGS {
            let first_time = !std::mem::replace(&mut state.told, true);
            return Answer::GivenUp { first_time };
        }
        let until = after(state.last, cooldown.saturating_mul(1 << state.needed));
        if now < until {
            state.waiting = true;
            return Answer::Wait(until);
        }
        Answer::Free
    }

    /// Notes an action on an object that was created at `created`: before it is sent, since a replacement
    /// may be there before the answer is, and again once it is answered, which only makes it later. What is
    /// returned is for [`withdrawn`](Self::withdrawn).
    pub fn acted(
        &mut self,
        rule: &RuleId,
        lineage: &Lineage,
        uid: &str,
        created: Option<Timestamp>,
        now: impl Into<Now>,
    ) -> Before {
        // What came after its earliest moment counts as a replacement, and waits from its latest on.
        let Now { earliest: now, latest } = now.into();
        if self.states.len() >= self.many {
            // What has run well for as long as its replacement had to wait begins a new series anyway.
            let longest = self.longest;
            let over = |state: &State| {
                let wait = longest.saturating_mul(2 << state.needed);
                // What was given up is not taken up again in a while.
                after(state.last, if state.needed >= DOUBLINGS { wait.max(DAY) } else { wait })
            };
            self.states.retain(|_, state| over(state) > now);
            // Where as many are not over, not every action looks through them.
            self.many = MANY.max(2 * self.states.len());
        }
        let fresh =
            State { uid: uid.into(), first: now, last: latest, needed: 0, waiting: false, told: false };
        let key = (rule.clone(), lineage.clone());
        let before = Before(self.states.get(&key).cloned());
        let state = self.states.entry(key).or_insert_with(|| fresh.clone());
        let again = &*state.uid == uid;
        if !again && created.is_none_or(|created| created.as_second() >= state.first.as_second()) {
            // A new round: its other replicas, which are there now, do not wait either. One that ran well
            // for longer than the cooldown ends the doubling.
            let needed = if state.waiting { state.needed + 1 } else { 0 };
            *state = State { needed, ..fresh };
        }
        state.last = latest;
        state.uid = uid.into();
        before
    }

    /// Takes an action back that was not done after all, unless there was another one since.
    pub fn withdrawn(&mut self, rule: &RuleId, lineage: &Lineage, uid: &str, before: Before) {
        let key = (rule.clone(), lineage.clone());
        if self.states.get(&key).is_some_and(|state| &*state.uid == uid) {
            match before.0 {
                Some(state) => drop(self.states.insert(key, state)),
                None => drop(self.states.remove(&key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(600);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ask(cooldowns: &mut Cooldowns, created: i64, now: i64) -> Answer {
        cooldowns.ask(&rule(), &Lineage("owner".to_owned()), "new", Some(at(created)), COOLDOWN, at(now))
    }

    fn acted(cooldowns: &mut Cooldowns, created: i64, now: i64) {
        let uid = format!("made at {created}, acted on at {now}");
        cooldowns.acted(&rule(), &Lineage("owner".to_owned()), &uid, Some(at(created)), at(now));
    }

    fn rule() -> RuleId {
        RuleId { pack: "pods".into(), name: "crash".into() }
    }

    #[test]
    fn replicas_that_were_there_at_the_first_action_do_not_wait() {
        let mut cooldowns = Cooldowns::default();
        assert_eq!(ask(&mut cooldowns, 0, 100), Answer::Free);
        acted(&mut cooldowns, 0, 100);
        assert_eq!(ask(&mut cooldowns, 50, 101), Answer::Free);
        acted(&mut cooldowns, 50, 105);
        assert_eq!(ask(&mut cooldowns, 99, 106), Answer::Free);
    }

    #[test]
    fn a_replacement_waits_even_one_made_in_the_second_of_the_action() {
        let mut cooldowns = Cooldowns::default();
        acted(&mut cooldowns, 0, 100);
        assert_eq!(ask(&mut cooldowns, 100, 130), Answer::Wait(at(700)));
        // Acting on another old replica does not turn the first one's replacement into an old one.
        acted(&mut cooldowns, 50, 110);
        assert_eq!(ask(&mut cooldowns, 101, 130), Answer::Wait(at(710)));
        assert_eq!(ask(&mut cooldowns, 101, 710), Answer::Free);
    }

    #[test]
    fn the_wait_doubles_each_time_it_was_needed_until_the_owner_is_given_up() {
        let mut cooldowns = Cooldowns::default();
        acted(&mut cooldowns, 0, 0);
        let mut now = 0;
        for doubling in 0..6 {
            let until = now + 600 * (1 << doubling);
            assert_eq!(ask(&mut cooldowns, now, now + 1), Answer::Wait(at(until)), "{doubling}");
            acted(&mut cooldowns, now, until);
            now = until;
        }
        assert_eq!(ask(&mut cooldowns, now, now + 1), Answer::GivenUp { first_time: true });
        assert_eq!(ask(&mut cooldowns, now, now + 2), Answer::GivenUp { first_time: false });
    }

    #[test]
    fn all_replicas_of_a_round_are_healed_when_its_wait_is_over() {
        let mut cooldowns = Cooldowns::default();
        [(0, 100), (0, 101)].into_iter().for_each(|(created, now)| acted(&mut cooldowns, created, now));
        assert_eq!(ask(&mut cooldowns, 101, 110), Answer::Wait(at(701)));
        assert_eq!(ask(&mut cooldowns, 102, 110), Answer::Wait(at(701)));
        acted(&mut cooldowns, 101, 701);
        assert_eq!(ask(&mut cooldowns, 102, 702), Answer::Free);
        acted(&mut cooldowns, 102, 702);
        assert_eq!(ask(&mut cooldowns, 702, 710), Answer::Wait(at(702 + 1200)), "twice as long");
    }

    #[test]
    fn a_replacement_that_ran_well_for_longer_than_the_cooldown_starts_a_new_series() {
        let mut cooldowns = Cooldowns::default();
        acted(&mut cooldowns, 0, 0);
        assert_eq!(ask(&mut cooldowns, 1, 10), Answer::Wait(at(600)));
        acted(&mut cooldowns, 1, 600);
        assert_eq!(ask(&mut cooldowns, 601, 5000), Answer::Free);
        acted(&mut cooldowns, 601, 5000);
        assert_eq!(ask(&mut cooldowns, 5001, 5002), Answer::Wait(at(5600)));
    }

    #[test]
    fn an_object_is_no_replacement_of_itself() {
        let mut cooldowns = Cooldowns::default();
        let owner = Lineage("owner".to_owned());
        cooldowns.acted(&rule(), &owner, "old", Some(at(100)), at(100));
        assert_eq!(cooldowns.ask(&rule(), &owner, "old", Some(at(100)), COOLDOWN, at(101)), Answer::Free);
        assert_eq!(ask(&mut cooldowns, 100, 101), Answer::Wait(at(700)));
    }

    #[test]
    fn rules_and_owners_do_not_share_cooldowns() {
        let mut cooldowns = Cooldowns::default();
        acted(&mut cooldowns, 0, 100);
        let other = Lineage("other".to_owned());
        assert_eq!(cooldowns.ask(&rule(), &other, "new", Some(at(100)), COOLDOWN, at(101)), Answer::Free);
        let rule = RuleId { pack: "pods".into(), name: "other".into() };
        let owner = Lineage("owner".to_owned());
        assert_eq!(cooldowns.ask(&rule, &owner, "new", Some(at(100)), COOLDOWN, at(101)), Answer::Free);
    }

    #[test]
    fn owners_whose_wait_is_long_over_are_forgotten_and_no_others() {
        let mut cooldowns = Cooldowns::default();
        let mut act = |owner: usize, now: i64| {
            let owner = Lineage(format!("owner {owner}"));
            cooldowns.ask(&rule(), &owner, "uid", Some(at(now)), COOLDOWN, at(now));
            cooldowns.acted(&rule(), &owner, "uid", Some(at(now)), at(now));
            cooldowns.states.len()
        };
        assert_eq!((0..MANY).map(|owner| act(owner, 0)).last(), Some(MANY));
        assert_eq!(act(MANY, 60), MANY + 1, "none is over");
        assert_eq!((0..MANY).map(|owner| act(owner + MANY + 1, 1200)).last(), Some(MANY + 1));
        let rule = rule();
        let mut ask = |owner: usize| {
            cooldowns.ask(
                &rule,
                &Lineage(format!("owner {owner}")),
                "new",
                Some(at(1201)),
                COOLDOWN,
                at(1201),
            )
        };
        assert_eq!([ask(0), ask(MANY + 1)], [Answer::Free, Answer::Wait(at(1800))]);
    }

    #[test]
    fn an_action_that_was_not_done_is_taken_back() {
        let owner = Lineage("owner".to_owned());
        let mut cooldowns = Cooldowns::default();
        let before = cooldowns.acted(&rule(), &owner, "old", Some(at(0)), at(100));
        assert_eq!(ask(&mut cooldowns, 100, 101), Answer::Wait(at(700)), "while it is not answered");
        cooldowns.withdrawn(&rule(), &owner, "old", before);
        assert_eq!(ask(&mut cooldowns, 100, 102), Answer::Free);
        let before = cooldowns.acted(&rule(), &owner, "old", Some(at(0)), at(100));
        cooldowns.acted(&rule(), &owner, "other", Some(at(0)), at(101));
        cooldowns.withdrawn(&rule(), &owner, "old", before);
        assert_eq!(ask(&mut cooldowns, 101, 102), Answer::Wait(at(701)), "another one was done since");
    }

    #[test]
    fn the_answer_to_an_action_is_no_second_one() {
        let owner = Lineage("owner".to_owned());
        let mut cooldowns = Cooldowns::default();
        acted(&mut cooldowns, 0, 100);
        assert_eq!(ask(&mut cooldowns, 100, 110), Answer::Wait(at(700)));
        for second in [700, 703] {
            cooldowns.acted(&rule(), &owner, "new", Some(at(700)), at(second));
        }
        let next = cooldowns.ask(&rule(), &owner, "newer", Some(at(703)), COOLDOWN, at(704));
        assert_eq!(next, Answer::Wait(at(703 + 1200)), "it still doubles");
    }
}
