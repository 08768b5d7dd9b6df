//! The schedule against a plain list: each timer fires once, in order, never early, however often it is armed
//! anew or cancelled, and wherever the clock jumps.

use k8s_healer_engine::schedule::Schedule;
use proptest::prelude::*;

use crate::objects::NOON;
use crate::{check, moment};

#[test]
fn a_schedule_does_what_a_plain_list_of_deadlines_does() {
    check("timers", 12_000, 250, |choices| {
        let base = i128::from(NOON) * 1_000_000_000;
        let mut schedule: Schedule<u32> = Schedule::default();
        let mut list: Vec<(i128, u32)> = Vec::new();
        let mut now = base;
        let mut history = Vec::new();
        for _ in 0..choices.below(40) {
            let key = u32::try_from(choices.below(6)).expect("small");
            let deadline = base + [0, 1, 1_000, 1_000_000_000][choices.below(4)] * choices.below(20) as i128;
            match choices.below(8) {
                0..=3 => {
                    history.push(format!("arm {key} for {deadline}"));
                    list.retain(|(_, other)| *other != key);
                    list.push((deadline, key));
                    schedule.set(key, Some(moment(deadline)));
                }
                4 => {
                    history.push(format!("cancel {key}"));
                    list.retain(|(_, other)| *other != key);
                    schedule.set(key, None);
                }
                // The clock goes on, or jumps, also back.
                5 => now = deadline,
                _ => now += 1 + choices.below(3) as i128 * 500_000_000,
            }
            list.sort_unstable();
            let due: Vec<u32> = list.iter().filter(|(at, _)| *at <= now).map(|(_, key)| *key).collect();
            let seen: Vec<u32> = schedule.due(moment(now)).collect();
            prop_assert_eq!(seen, due, "due at {} after {:#?}", now, history);
            // Some of what is due is taken, not always all.
            for _ in 0..choices.below(4) {
                let expected = list.first().copied().filter(|(at, _)| *at <= now);
                let fired = schedule.pop_due(moment(now)).map(|(at, key)| (at.as_nanosecond(), key));
                history.push(format!("at {now} {fired:?} fires"));
                prop_assert_eq!(fired, expected, "{:#?}", history);
                list.retain(|entry| Some(*entry) != expected);
            }
            let next = schedule.next().map(jiff::Timestamp::as_nanosecond);
            prop_assert_eq!(next, list.first().map(|(at, _)| *at), "{:#?}", history);
            prop_assert_eq!(schedule.len(), list.len(), "{:#?}", history);
            for key in 0..6 {
                let armed = list.iter().find(|(_, other)| *other == key).map(|(at, _)| *at);
                let seen = schedule.deadline(key).map(jiff::Timestamp::as_nanosecond);
                prop_assert_eq!(seen, armed, "{} after {:#?}", key, history);
            }
        }
        Ok(())
    });
}
