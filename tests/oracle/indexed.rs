//! Many rules at once: the index that a tracker looks through passes over no rule that is true of an object, or
//! that time alone can make true, and says of the others what is said of them one by one.

use std::sync::{Arc, OnceLock};

use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::index::RuleIndex;
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;

use crate::instants::{boundaries, case};
use crate::pool::{pool, shown};
use crate::{check, model, moment};

/// So many rules are of one kind.
const TOGETHER: usize = 24;

fn groups() -> &'static [(usize, std::sync::Mutex<RuleIndex>)] {
    static GROUPS: OnceLock<Vec<(usize, std::sync::Mutex<RuleIndex>)>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let starts = (0..pool().len() - TOGETHER).step_by(TOGETHER);
        let index = |start: usize| {
            let rules: Vec<_> =
                pool()[start..start + TOGETHER].iter().map(|made| Arc::clone(&made.rule)).collect();
            (start, RuleIndex::new(&rules).into())
        };
        starts.map(index).collect()
    })
}

#[test]
fn an_index_of_many_rules_finds_each_that_is_true_or_may_become_so() {
    check("indexed", 3_000, 300, |choices| {
        let (start, index) = &groups()[choices.below(groups().len())];
        let (_, object, now) = case(choices);
        let observation = Observation::new(object.clone());
        let facts = Facts::none();
        let context = Context::new(&observation, &facts, moment(now));
        let mut index = index.lock().expect("no other case has failed in it");
        let selection = index.selection(Some("test-a"));
        let found = index.survey(&selection, &context);
        for (number, made) in pool()[*start..start + TOGETHER].iter().enumerate() {
            let one = found.iter().find(|(rule, _)| *rule == number).map(|(_, verdict)| verdict);
            let alone = made.evaluate(&observation, now);
            let shown = || shown(&format!("{one:?}, alone {alone:?}"), &made.tree, &object, now);
            // Passed over: it is not true, and never will be.
            let moments = || boundaries(&made.tree, &object).into_iter().filter(|at| *at > now).chain([now]);
            let is_true = |at| model::rule(&made.tree, &object, at).truth == Some(true);
            let may_act = is_true(now) || (alone.changes_at.is_some() && moments().any(is_true));
            prop_assert!(one.is_some() || !may_act, "{}", shown());
            prop_assert!(one.is_none_or(|one| *one == alone), "{}", shown());
        }
        Ok(())
    });
}
