//! What `explain` tells of an object at the beginning of a case is what `test-rules` then plays: each rule does the
//! same first thing to it, at the same moment, and is held back by the same.

use k8s_healer::simulation::case::{Played, play};
use k8s_healer::simulation::explain::{Explained, Question, Seen, Watcher, explain};
use k8s_healer::simulation::gathering::{Gathered, Gathering};
use k8s_healer::simulation::{Guard, HeldBy, Outcome, Record};
use k8s_healer_engine::facts::Others;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Mode, Rule};
use serde_json::Value;

use crate::cases::{Proof, proofs};

#[test]
fn what_is_told_of_the_beginning_of_every_case_is_what_is_played() {
    let (mut compared, mut acted, mut differences) = (0, 0, Vec::new());
    for proof in proofs().iter().filter(|proof| proof.can_be_planned()) {
        let played = play(&proof.case, &proof.rules).unwrap();
        for (object, rules) in explained(proof) {
            let records: Vec<&Record> =
                played.records.iter().filter(|record| name(&played, record) == object).collect();
            for rule in rules.iter().filter(|rule| stands_alone(&rule.rule)) {
                // What others mark may protect this one: an object alone does not tell of that.
                let is_mark = |record: &&Record| record.action == "label" && name(&played, record) != object;
                let marked = played.records.iter().find(is_mark).map(|record| record.at);
                let is_protected = |record: &&Record| {
                    matches!(record.outcome, Outcome::Held(HeldBy::Protection, _))
                        && marked.is_some_and(|marked| marked <= record.at)
                };
                if records.iter().any(is_protected) {
                    continue;
                }
                let Some(expected) = first(proof, &records, rule) else { continue };
                compared += 1;
                acted += usize::from(!expected.is_empty());
                let found = told(proof, rule);
                if expected != found {
                    let id = &rule.rule.id;
                    differences.push(format!(
                        "{proof}: {id} on {object}\n  played: {expected:?}\n  explained: {found:?}"
                    ));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    // So that nobody leaves all of them out.
    assert!(compared >= 300 && acted >= 100, "{compared} were compared, {acted} of them acted");
}

/// Each object with what is told of it at the beginning.
fn explained(proof: &Proof) -> Vec<(String, Vec<Explained>)> {
    let mut gathering = Gathering::new(&proof.rules, true);
    for object in &proof.case.objects {
        let text = |key: &str| object.value[key].as_str().unwrap_or_default().to_owned();
        gathering.add(&text("apiVersion"), &text("kind"), Value::clone(&object.value));
    }
    let Gathered { world, watching, .. } = gathering.finish();
    let guardrails = proof.rules.guardrails.clone();
    let guard = Guard { guardrails, mode: Mode::Enforce, ..Guard::default() };
    let ids: Vec<_> = world.iter().map(|(id, _)| id.clone()).collect();
    let told = ids.into_iter().map(|id| {
        let object: Observation = Observation::clone(&world.get(&id).unwrap());
        let kind = &world.kinds()[id.kind];
        let names: Vec<&str> = kind.names.iter().map(String::as_str).collect();
        let watchers: Vec<Watcher<'_>> = watching[id.kind]
            .iter()
            .map(|one| Watcher { rule: &one.rule, is_named: one.is_named, written: None })
            .collect();
        let mut others = Others::default();
        watchers.iter().for_each(|watcher| watcher.rule.reads_of_others(&mut others));
        let around = world.around(&id, &object, &others);
        let question = Question {
            object: &object,
            resource: &kind.resource,
            names: &names,
            facts: &around.facts,
            unknown: &around.unknown,
            namespace: around.namespace.as_deref(),
            ancestors: &around.ancestors,
            unknown_above: &around.unknown_above,
            missing: &around.missing,
            budgets: &around.budgets,
            seen: &Seen::default(),
            guard: &guard,
            now: proof.case.now,
        };
        (world.name_of(&id), explain(&question, &watchers).rules)
    });
    told.collect()
}

/// Whether what else there is changes nothing for it.
fn stands_alone(rule: &Rule) -> bool {
    let mut others = Others::default();
    rule.reads_of_others(&mut others);
    rule.limits.is_none() && others.is_nothing()
}

/// What a rule did first, told first and was held back by first, where no other rule had touched the object before.
fn first(proof: &Proof, records: &[&Record], rule: &Explained) -> Option<Vec<String>> {
    let is_own = |record: &&&Record| record.rule == rule.rule.id;
    let is_done = |record: &&&Record| matches!(record.outcome, Outcome::Done | Outcome::Told(_));
    let is_harmless = |record: &&&Record| is_own(record) && rule.rule.steps[record.step].nature.harmless;
    let done = records.iter().filter(is_own).filter(is_done).find(|record| !is_harmless(record));
    let by_others = records.iter().filter(|record| !is_own(record)).filter(is_done);
    let touched = by_others.map(|record| record.at).min();
    let end = done.map_or_else(|| after(proof.case.now, proof.case.until), |record| record.at);
    let by_world = |record: &&Record| match &record.outcome {
        Outcome::Held(by, _) => !matches!(by, HeldBy::Protection | HeldBy::Unreadable | HeldBy::Pdb),
        Outcome::GivenUp => true,
        Outcome::Done | Outcome::Told(_) => false,
    };
    if touched.is_some_and(|touched| touched <= end) || records.iter().any(by_world) {
        return None;
    }
    let told = records.iter().filter(is_own).filter(is_done).find(is_harmless);
    let told = told.filter(|record| record.at <= end);
    let held = records.iter().filter(is_own).find_map(|record| match &record.outcome {
        Outcome::Held(by, why) if record.at <= end => {
            Some(format!("held {} {}: {why}", record.at, by.word()))
        }
        _ => None,
    });
    let shown = |what: &str, record: &Record| format!("{what} {} step {}", record.at, record.step + 1);
    let told = told.map(|record| shown("told", record));
    Some(told.into_iter().chain(held).chain(done.map(|record| shown("done", record))).collect())
}

/// The same as it is explained, as far as the case runs.
fn told(proof: &Proof, rule: &Explained) -> Vec<String> {
    let end = after(proof.case.now, proof.case.until);
    let course = &rule.course;
    let due = course.due.as_ref().filter(|due| due.at <= end);
    let tells = course.tells.as_ref().filter(|tells| tells.at <= end);
    let hold = course.holds.first().filter(|hold| hold.at <= end);
    let hold = hold.map(|hold| format!("held {} {}: {}", hold.at, hold.held.word(), hold.by));
    let tells = tells.map(|tells| format!("told {} step {}", tells.at, tells.step + 1));
    let due = due.map(|due| format!("done {} step {}", due.at, due.step + 1));
    tells.into_iter().chain(hold).chain(due).collect()
}

fn name(played: &Played, record: &Record) -> String {
    let resource = &played.kinds[record.object.kind].resource;
    match &record.object.key.namespace {
        Some(namespace) => format!("{resource}/{namespace}/{}", record.object.key.name),
        None => format!("{resource}/{}", record.object.key.name),
    }
}
