use proptest::prelude::*;

use super::*;

const BREAKER: Breaker = Breaker { share: 50, from: 10 };
const COOLDOWN: Duration = Duration::from_secs(300);
/// Not by time alone.
const NEVER: i64 = i64::MAX;

/// So many seconds after noon.
fn at(second: i64) -> Timestamp {
    "2026-01-01T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(second)
}

fn tally(matching: usize, watched: usize, acted: &[(i64, Fate)]) -> Tally {
    let acted = acted.iter().map(|(second, fate)| Acted { at: at(*second), fate: *fate }).collect();
    Tally { matching, watched, acted, ..Tally::default() }
}

/// A breaker, and what is counted now.
struct Counted(Latch, Tally);

impl Counted {
    fn by(breaker: Breaker) -> Self {
        Self(Latch::new(breaker, COOLDOWN), Tally::default())
    }

    /// Until when it is open once this is counted (seconds after noon) if nothing happens; `None`: it is not. Up to this
    /// second it was as it was.
    fn is(&mut self, tally: &Tally, second: i64) -> Option<i64> {
        self.0.pass(&self.1, at(second));
        self.1 = tally.clone();
        let stop = self.0.look(tally, at(second))?;
        Some(stop.until.map_or(NEVER, |until| until.duration_since(at(0)).as_secs()))
    }
}

#[test]
fn it_opens_above_its_share_of_enough_watched_objects() {
    let gone = [(-1, Fate::Gone); 4];
    for (matching, watched, acted, expected) in [
        (5, 10, &[][..], false),
        (6, 10, &[], true),
        (9, 9, &[], false),
        (0, 0, &[], false),
        // 6 of 12, then 7 of 13.
        (2, 8, &gone, false),
        (4, 10, &gone, true),
        (3, 10, &gone, false),
        // What was acted on is watched still, or matches again.
        (5, 10, &[(-1, Fate::Watched)], true),
        (5, 10, &[(-1, Fate::Matches)], false),
        // It does not count any more.
        (4, 10, &[(-600, Fate::Watched), (-600, Fate::Watched)], false),
        (4, 10, &[(-599, Fate::Watched), (-599, Fate::Watched)], true),
    ] {
        let mut latch = Counted::by(BREAKER);
        let is_open = latch.is(&tally(matching, watched, acted), 0).is_some();
        assert_eq!(is_open, expected, "{matching} of {watched}, {acted:?}");
    }
}

#[test]
fn it_stays_open_until_the_share_has_been_low_for_a_cooldown() {
    let mut latch = Counted::by(BREAKER);
    assert_eq!(latch.is(&tally(6, 10, &[]), 0), Some(NEVER));
    assert_eq!(latch.is(&tally(5, 10, &[]), 100), Some(400));
    assert_eq!(latch.is(&tally(6, 10, &[]), 200), Some(NEVER), "it rises again");
    assert_eq!(latch.is(&tally(4, 10, &[]), 300), Some(600));
    assert_eq!(latch.is(&tally(4, 10, &[]), 599), Some(600));
    assert_eq!(latch.is(&tally(4, 10, &[]), 600), None);
    assert_eq!(latch.is(&tally(6, 10, &[]), 601), Some(NEVER), "and opens again");
}

#[test]
fn few_watched_objects_do_not_open_it_and_do_not_close_it() {
    let mut latch = Counted::by(BREAKER);
    assert_eq!(latch.is(&tally(10, 10, &[]), 0), Some(NEVER));
    assert_eq!(latch.is(&tally(9, 9, &[]), 1), Some(NEVER));
    assert_eq!(latch.is(&tally(9, 9, &[]), 10_000), Some(NEVER));
    assert_eq!(latch.is(&tally(0, 0, &[]), 10_001), Some(10_301));
}

#[test]
fn what_comes_at_the_very_moment_at_which_it_would_close_counts_first() {
    let mut latch = Counted::by(BREAKER);
    assert_eq!(latch.is(&tally(6, 10, &[]), 0), Some(NEVER));
    assert_eq!(latch.is(&tally(5, 10, &[]), 100), Some(400));
    assert_eq!(latch.is(&tally(5, 8, &[]), 400), Some(NEVER), "so few would not open it");
}

#[test]
fn what_nobody_has_seen_is_no_time_in_which_the_share_was_low() {
    let mut latch = Counted::by(BREAKER);
    assert_eq!(latch.is(&tally(6, 10, &[]), 0), Some(NEVER));
    latch.0.lose_sight(at(5000));
    latch.1 = tally(4, 10, &[]);
    assert_eq!(latch.is(&tally(4, 10, &[]), 5000), Some(5300));
    // Where it was low before, a moment in which a namespace joins changes nothing.
    latch.0.lose_sight(at(5100));
    assert_eq!(latch.is(&tally(4, 10, &[]), 5100), Some(5300));
}

#[test]
fn what_was_acted_on_ceases_to_count_to_the_second_whenever_somebody_looks() {
    let acted = [(0, Fate::Gone), (0, Fate::Gone), (60, Fate::Gone)];
    // 6 of 11; from 600 on 4 of 9.
    let now = tally(3, 8, &acted);
    let mut latch = Counted::by(Breaker { share: 50, from: 1 });
    assert_eq!(latch.is(&now, 60), Some(900), "it is foreseen");
    assert_eq!(latch.is(&now, 899), Some(900), "and so is it looked back at");
    assert_eq!(latch.is(&now, 900), None);
    let mut late = Counted::by(Breaker { share: 50, from: 1 });
    assert_eq!(late.is(&now, 60), Some(900));
    assert_eq!(late.is(&now, 5000), None, "nobody looked in between");
}

#[test]
fn who_resumes_it_lets_the_storm_pass_and_not_the_next_one() {
    let mut latch = Counted::by(BREAKER);
    assert!(!latch.0.resume(), "it is not open");
    assert_eq!(latch.is(&tally(8, 10, &[]), 0), Some(NEVER));
    assert!(latch.0.resume());
    assert_eq!(latch.is(&tally(9, 10, &[]), 1), None);
    assert_eq!(latch.is(&tally(5, 10, &[]), 2), None);
    assert_eq!(latch.is(&tally(6, 10, &[]), 3), Some(NEVER));
}

#[test]
fn what_may_match_holds_back_and_opens_nothing() {
    let mut latch = Latch::new(BREAKER, COOLDOWN);
    let doubtful = Tally { doubtful: 4, ..tally(2, 10, &[]) };
    assert!(latch.look(&doubtful, at(0)).unwrap().why.contains("not known of 4 objects"));
    assert!(!latch.is_open());
    assert_eq!(latch.look(&tally(2, 10, &[]), at(1)), None);
}

#[test]
fn it_says_since_when_and_by_how_much() {
    let mut latch = Latch::new(BREAKER, COOLDOWN);
    latch.look(&tally(7, 12, &[]), at(0));
    let stop = latch.look(&tally(1, 12, &[]), at(5)).unwrap();
    assert_eq!(
        stop.why,
        "its breaker is open since 2026-01-01T12:00:00Z: 7 of 12 matched or were acted on within 10m, more than 50%"
    );
}

/// Second by second, with nothing remembered but what was counted in each.
#[derive(Default)]
struct Slow {
    open: bool,
    low_since: Option<i64>,
}

impl Slow {
    fn second(&mut self, tally: &Tally, second: i64) {
        let counts = |acted: &&Acted| at(second) < acted.at + jiff::SignedDuration::from_mins(10);
        let acted = |fate| tally.acted.iter().filter(counts).filter(|acted| acted.fate == fate).count();
        let part = tally.matching + acted(Fate::Watched) + acted(Fate::Gone);
        let is_over = 2 * part > tally.watched + acted(Fate::Gone);
        self.low_since = if is_over { None } else { self.low_since.or(Some(second)) };
        let cooldown = i64::try_from(COOLDOWN.as_secs()).unwrap();
        if self.low_since.is_some_and(|since| second - since >= cooldown) {
            self.open = false;
        }
        self.open |= is_over && tally.watched >= BREAKER.from;
    }
}

/// What is counted from a moment on: so many seconds after the last, how many match, are watched, and what has become of
/// what was acted on then, if anything was.
type Counting = (i64, usize, usize, Option<Fate>, bool);

fn counting() -> impl Strategy<Value = Counting> {
    let fate = prop_oneof![Just(Fate::Matches), Just(Fate::Watched), Just(Fate::Gone)];
    (1..120_i64, 0..9_usize, 8..14_usize, proptest::option::of(fate), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whenever_it_is_looked_at_it_is_as_if_it_had_been_looked_at_each_second(
        countings in proptest::collection::vec(counting(), 1..40)
    ) {
        let (mut breaker, mut slow) = (Counted::by(BREAKER), Slow::default());
        let mut now = tally(0, 12, &[]);
        let mut second = 0;
        for (gap, matching, watched, acted, looks) in countings {
            for idle in second..second + gap {
                slow.second(&now, idle);
            }
            second += gap;
            if looks {
                slow.second(&now, second);
                prop_assert_eq!(breaker.is(&now, second).is_some(), slow.open, "{}: {:?}", second, now);
            }
            now.acted.retain(|acted| acted.ends() > at(second - 300));
            now.acted.extend(acted.map(|fate| Acted { at: at(second), fate }));
            (now.matching, now.watched) = (matching, watched);
            let is_open = breaker.is(&now, second).is_some();
            slow.second(&now, second);
            prop_assert_eq!(is_open, slow.open, "{}: {:?}", second, now);
        }
    }
}
