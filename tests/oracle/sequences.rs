//! Histories: whatever comes, changes, goes and comes again, and wherever the clock goes, the tracker wakes when
//! a step falls due by the model, finds that step and no other, and finds it once.

use std::sync::OnceLock;
use std::time::Duration;

use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::choices::{Choices, bytes_of};
use crate::instants::boundaries;
use crate::objects::{NOON, object};
use crate::pool::{Made, loaded};
use crate::sequence_model::step;
use crate::world::{NAMES, SECOND, World};
use crate::{cases, check, model, moment, rules, seed, yaml};

/// Rules that wait and have steps.
fn rules_with_steps() -> &'static [Made] {
    static RULES: OnceLock<Vec<Made>> = OnceLock::new();
    RULES.get_or_init(|| {
        let tree = |number: u64| {
            let bytes = bytes_of(seed() << 32 | 1 << 29 | number, 400);
            let choices = &mut Choices::new(&bytes);
            let mut rule = rules::rule(&mut Choices::new(&[]), &format!("s{number}"));
            rule["match"] = (0..=choices.below(5) / 3).map(|_| rules::matcher(choices, 1)).collect();
            if choices.one_in(5) {
                rule["unless"] = json!([rules::matcher(choices, 0)]);
            }
            let lengths = ["3m", "90s", "1h", "0s", "250ms"];
            if choices.mostly(3) {
                rule["for"] = choices.pick(&lengths).into();
            }
            let step = |choices: &mut Choices<'_>| {
                let mut keys = json!({});
                if choices.one_in(2) {
                    keys["after"] = choices.pick(&lengths).into();
                }
                if choices.one_in(3) {
                    keys["while"] = choices.pick(&["match", "present"]).into();
                }
                let action = choices.pick(&["delete", "log", "label"]);
                if action == "label" {
                    keys["tier"] = "ab".into();
                }
                json!({ action: keys })
            };
            rule["actions"] = (0..=choices.below(3)).map(|_| step(choices)).collect();
            let scope = choices.below(6);
            if scope > 3 {
                rule.as_object_mut().expect("a rule").remove("scope");
                rule["namespaces"] = if scope == 4 { json!(["test-*"]) } else { json!(["prod-*"]) };
            }
            rule
        };
        let trees: Vec<Value> = (0..u64::from(cases(800))).map(tree).collect();
        let objects: Vec<Value> =
            (0..40).map(|number| object(&mut Choices::new(&bytes_of(number, 300)))).collect();
        let mut made = loaded(&trees);
        made.retain(|made| is_lively(&made.tree, &objects));
        made
    })
}

/// A history of a rule that is hardly ever true, or always, tells little: it is true of some objects, or
/// becomes so of one.
fn is_lively(tree: &Value, objects: &[Value]) -> bool {
    let noon = i128::from(NOON) * SECOND;
    let is_true = |object: &&Value, at| model::rule(tree, object, at).truth == Some(true);
    let count = objects.iter().filter(|object| is_true(object, noon)).count();
    let turns = objects.iter().any(|object| is_true(&object, noon) != is_true(&object, noon + 90 * SECOND));
    (5..36).contains(&count) || turns
}

#[test]
fn each_step_is_found_when_the_model_says_never_early_never_late_and_once() {
    check("sequences", 4_500, 2500, |choices| {
        let all = rules_with_steps();
        let chosen = (0..=choices.below(3)).map(|_| &all[choices.below(all.len())]).collect();
        let mut world = World::new(chosen);
        for _ in 0..=choices.below(16) {
            let name = choices.pick(&NAMES);
            let what = choices.below(10);
            match what {
                0..=3 => world.change(choices, name),
                4 => world.deleted(name, choices.one_in(2)),
                5 => {
                    world.deleted(name, true);
                    world.change(choices, name);
                }
                6 => {
                    // What changed in the gap is seen in the list alone.
                    if choices.mostly(3) {
                        world.change(choices, name);
                    }
                    world.relist(choices);
                }
                // Told twice.
                7 => {
                    let there = world.there.get(name).cloned();
                    there.iter().for_each(|object| world.observe(object, Origin::Event));
                }
                // The watch tells of neither yet: what is read live is ahead of it by more than one.
                8 => {
                    world.change(choices, name);
                    world.change(choices, name);
                }
                _ => {}
            }
            // Mostly the watch has told it all; sometimes it is behind.
            let told = if what == 8 || choices.one_in(3) { choices.below(2) } else { world.untold.len() };
            (0..told).for_each(|_| world.tell());
            agree(&world)?;
            let until = world.now + pass(choices);
            if choices.one_in(5) {
                world.now = until;
            } else {
                wake(choices, &mut world, until)?;
            }
            agree(&world)?;
        }
        let end = world.now + 20 * 86_400 * SECOND;
        wake(choices, &mut world, end)?;
        agree(&world)
    });
}

/// How long nothing happens; the clock may also be set back.
fn pass(choices: &mut Choices<'_>) -> i128 {
    let seconds = [60, 0, 1, 30, 90, 180, 3600, 86_400, -90, -3600];
    let nanoseconds = [0, 0, 0, 1, -1, 500_000_000];
    choices.pick(&seconds) * SECOND + choices.pick(&nanoseconds)
}

/// What a person needs to look at the case again.
fn shown(world: &World, what: &str) -> String {
    let rules: Vec<Value> = world.rules.iter().map(|made| made.tree.clone()).collect();
    format!(
        "{what}\nat {}, after\n{}\nwith the rules\n{}",
        moment(world.now),
        world.history.join("\n"),
        yaml::items(&rules, 2)
    )
}

/// The tracker wakes before anything that the model knows of could be missed.
fn agree(world: &World) -> Result<(), TestCaseError> {
    let tracker = &world.tracker;
    prop_assert_eq!(tracker.len(), world.believed.len(), "{}", shown(world, "tracked"));
    for (rule, matched) in tracker.matched().into_iter().enumerate() {
        let known = world.believed.values().filter(|believed| believed.sequences[rule].is_some()).count();
        prop_assert_eq!(matched, known, "{}", shown(world, &format!("true of {rule}")));
    }
    let next = tracker.next_due().map_or(i128::MAX, jiff::Timestamp::as_nanosecond);
    for believed in world.believed.values() {
        let due = believed.next_due(&world.rules);
        prop_assert!(due.is_none_or(|due| next <= due), "{}", shown(world, &format!("{due:?} is missed")));
        if believed.looked != world.now {
            continue;
        }
        let trees = world.rules.iter().flat_map(|made| boundaries(&made.tree, &believed.object));
        for sample in trees.filter(|at| (believed.looked..next).contains(at)) {
            let missed = format!("at {} it is not as it was", moment(sample));
            prop_assert!(believed.is_as_it_was(&world.rules, sample), "{}", shown(world, &missed));
        }
    }
    Ok(())
}

/// Lets time pass: whenever the tracker is due, the object is read live, and what is to be done is done.
fn wake(choices: &mut Choices<'_>, world: &mut World, until: i128) -> Result<(), TestCaseError> {
    for wakes in 0.. {
        let due = world.tracker.next_due().map(jiff::Timestamp::as_nanosecond);
        let Some(due) = due.filter(|due| *due <= until) else { break };
        prop_assert!(wakes < 400, "{}", shown(world, "it is read in a loop"));
        world.now = world.now.max(due);
        prop_assert!(world.tracker.take_due(moment(due - 1)).is_none(), "{}", shown(world, "early"));
        let ticket = world.tracker.take_due(moment(world.now)).expect("what is due");
        let name = NAMES.iter().copied().find(|name| **name == *ticket.key.name).expect("a name");
        let live = world.there.get(name).filter(|live| live["metadata"]["uid"] == *ticket.uid).cloned();
        let Some(live) = live else {
            let gone = world.believed.get(name).expect("it is believed").object.clone();
            world.gone(&gone);
            continue;
        };
        world.note(&format!("{name} is read live"));
        let (now, seen) = (moment(world.now), Observation::new(live.clone()));
        let found = world.tracker.judge(&ticket, &seen, now, now);
        world.look(&live, Origin::LiveRead);
        let expected = world.believed.get(name).and_then(|believed| believed.due(&world.rules, world.now));
        let which = found.as_ref().map(|found| (found.rule, found.step));
        prop_assert_eq!(which, expected, "{}", shown(world, "the step that is due"));
        let Some(found) = found else {
            world.tracker.release(&ticket, now, Duration::from_secs(1));
            continue;
        };
        let result = done(choices, world, name, &live, &found)?;
        world.note(&format!("step {} of rule {}: {result:?}", found.step, found.rule));
        world.tracker.step_ended(&found, result, now);
        world.tracker.release(&ticket, now, Duration::ZERO);
        let made = world.rules[found.rule];
        let believed = world.believed.get_mut(name).expect("it is believed");
        believed.released = world.now;
        believed.ended(found.rule, made, result, world.now);
    }
    world.now = until;
    Ok(())
}

/// What is done to the object, and what becomes of it.
fn done(
    choices: &mut Choices<'_>,
    world: &mut World,
    name: &'static str,
    live: &Value,
    found: &DueStep,
) -> Result<StepResult, TestCaseError> {
    let (action, _) = step(world.rules[found.rule], found.step).expect("a step");
    let asked = model::deletion_asked(live).map(moment);
    let expected = match action {
        "delete" if model::is_terminating(live) => Err(Inapplicable::AlreadyTerminating { since: asked }),
        "delete" => Ok("delete"),
        "label" if live["metadata"]["labels"]["tier"] == "ab" => Err(Inapplicable::NothingToDo),
        other => Ok(other),
    };
    let kind = found.effect.as_ref().map_err(Clone::clone).map(|effect| match effect {
        Effect::Delete { .. } => "delete",
        Effect::PatchMetadata { .. } => "label",
        Effect::Log { .. } => "log",
        _ => "something else",
    });
    prop_assert_eq!(kind, expected.clone(), "{}", shown(world, "what is to be done"));
    let soon = || moment(world.now + 100 * SECOND);
    Ok(match (choices.below(14), expected) {
        (6, _) => StepResult::Failed { retry_after: None },
        (7, _) => StepResult::Postponed { until: Some(moment(world.now + 300 * SECOND)) },
        (8, _) => StepResult::Postponed { until: None },
        (9, _) => StepResult::Held,
        (10, _) => StepResult::Abandoned,
        (12, _) => StepResult::Kept { until: soon(), is_seen: true },
        (13, _) => StepResult::Kept { until: soon(), is_seen: false },
        (_, Err(Inapplicable::AlreadyTerminating { since })) => StepResult::Skipped { since },
        (_, Ok("delete")) => {
            world.deleted(name, choices.one_in(3));
            StepResult::Done { removed: true }
        }
        _ => StepResult::Done { removed: false },
    })
}
