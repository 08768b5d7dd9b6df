//! Through time: from one look to the moment at which the engine says that something may change, every instant
//! that could matter is sampled, and nothing has changed before.

use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;

use crate::instants::{boundaries, case};
use crate::model;
use crate::pool::{known, shown};
use crate::{check, moment};

const DAY: i128 = 86_400 * 1_000_000_000;

#[test]
fn truth_does_not_change_before_the_moment_that_the_engine_names_and_is_looked_at_then() {
    check("walks", 11_000, 300, |choices| {
        let (made, object, start) = case(choices);
        let boundaries = boundaries(&made.tree, &object);
        let end = boundaries.last().copied().unwrap_or(start).max(start) + DAY;
        let observation = Observation::new(object.clone());
        let truth = |now| model::rule(&made.tree, &object, now).truth;
        let mut now = start;
        for look in 0.. {
            let verdict = made.evaluate(&observation, now);
            let shown = |what: &str| shown(&format!("{what}: {verdict:?}"), &made.tree, &object, now);
            let is = truth(now);
            prop_assert_eq!(known(verdict.truth), is, "{}", shown("at its own moment"));
            let next = verdict.changes_at.map(jiff::Timestamp::as_nanosecond);
            let until = next.unwrap_or(end);
            prop_assert!(until > now, "{}", shown("it changes in the past"));
            prop_assert!(next.is_none_or(|next| boundaries.contains(&next)), "{}", shown("at no boundary"));
            // The instants at which anything could change, those just before them, and a grid.
            let near = boundaries.iter().flat_map(|at| [at - 1, *at, at + 1]);
            let grid = (1..=6).map(|part| now + (until - now) * part / 7).chain([now + 1, until - 1]);
            for sample in near.chain(grid).filter(|at| (now..until).contains(at)) {
                prop_assert_eq!(truth(sample), is, "{}", shown(&format!("at {} it is", moment(sample))));
            }
            // As far back as the object is said to tell, it was the same.
            if let Some(since) = verdict.holds_since.map(jiff::Timestamp::as_nanosecond) {
                prop_assert!(since <= now, "{}", shown("it has been so since a time to come"));
                let past = boundaries.iter().copied().filter(|at| (since..=now).contains(at));
                for sample in past.chain([since]) {
                    prop_assert_eq!(truth(sample), is, "{}", shown(&format!("at {} it was", moment(sample))));
                }
            }
            let Some(next) = next else { break };
            prop_assert!(look <= boundaries.len(), "{}", shown("it never comes to an end"));
            now = next;
        }
        Ok(())
    });
}
