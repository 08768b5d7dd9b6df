//! The tests of rules give the same verdicts three ways: played by `test-rules`, planned by `plan --from` of a dump of
//! their objects, and by the daemon as it is, on a whole API server in memory, both on one virtual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the virtual clock is tokio's")]

mod cases;
mod cluster;
mod planned;

use std::collections::BTreeMap;
use std::thread;

use jiff::{SignedDuration, Timestamp};
use k8s_healer::simulation::case::{Played, play};
use k8s_healer::simulation::{Outcome, Record};
use k8s_healer_engine::moment::after;

use cases::{Proof, proofs};

/// How late the daemon may be: it knows the server's clock by whole seconds. There is no such allowance for early.
const LATE: SignedDuration = SignedDuration::from_millis(2500);
/// Cases at once: each is a thread that computes.
const AT_ONCE: usize = 2;

/// What is written to an object: `delete pods/test-a/web`, and when.
type Writes = Vec<(String, Timestamp)>;

/// Cases in which the daemon does otherwise than a world that sees all changes at once, and why.
const NOT_OF_A_SERVER: &[(&str, &str)] = &[
    ("a mark of what controls it", LOOKED_AT_AGAIN),
    ("a mark of the namespace, until it is taken away", LOOKED_AT_AGAIN),
    ("a time until which its namespace is kept counts as it stands now", LOOKED_AT_AGAIN),
    ("what stands above a controller that a rule deletes protects what is below", TAKES_ITS_TIME),
];

/// Of the server here a controller is gone at once, and what stands above it is not found any more.
const TAKES_ITS_TIME: &str = "on a cluster a garbage collector takes its time, and the controller with it";

/// What is not watched.
const LOOKED_AT_AGAIN: &str =
    "an object that another one protects is looked at again within five minutes, not at once";

#[test]
fn every_case_gives_the_same_by_test_rules_by_plan_and_by_the_daemon() {
    let proofs = proofs();
    let (mut planned, mut differences) = (0, Vec::new());
    let played: Vec<(&Proof, Played)> =
        proofs.iter().map(|proof| (proof, play(&proof.case, &proof.rules).unwrap())).collect();
    for (proof, played) in &played {
        assert!(played.holds(), "{proof}: {:?}", played.mismatches);
        if !proof.can_be_planned() {
            continue;
        }
        planned += 1;
        let (expected, found) = (told(played), planned::rows(proof));
        if expected != found {
            differences.push(format!("{proof}\n  test-rules: {expected:#?}\n  plan: {found:#?}"));
        }
    }
    let by_daemon = in_turns(&played);
    for (proof, expected, found) in &by_daemon {
        if let Some(difference) = difference(expected, found) {
            differences
                .push(format!("{proof}: {difference}\n  test-rules: {expected:#?}\n  daemon: {found:#?}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    for (name, why) in NOT_OF_A_SERVER {
        assert!(proofs.iter().any(|proof| proof.case.name == *name), "there is no case `{name}`: {why}");
    }
    // So that nobody leaves all of them out.
    assert!(planned >= 30, "{planned} cases were planned");
    assert!(by_daemon.len() >= 100, "{} cases were run by the daemon", by_daemon.len());
}

/// All that was done, told and held back: what a plan has rows of.
fn told(played: &Played) -> Vec<String> {
    let mut told: Vec<String> = played.records.iter().map(|record| line(played, record)).collect();
    told.sort();
    told
}

fn line(played: &Played, record: &Record) -> String {
    let outcome = match &record.outcome {
        Outcome::Done => "enforce".to_owned(),
        Outcome::Told(mode) => mode.to_string(),
        Outcome::Held(by, why) => format!("held by {}: {why}", by.word()),
        Outcome::GivenUp => "held by given up".to_owned(),
    };
    let (object, step) = (name(played, record), record.step + 1);
    format!("{} {} {object} by {} step {step}: {outcome}", record.at, record.action, record.rule)
}

fn name(played: &Played, record: &Record) -> String {
    let resource = &played.kinds[record.object.kind].resource;
    match &record.object.key.namespace {
        Some(namespace) => format!("{resource}/{namespace}/{}", record.object.key.name),
        None => format!("{resource}/{}", record.object.key.name),
    }
}

/// What a daemon would have to send.
fn writes(proof: &Proof, played: &Played, end: Timestamp) -> Writes {
    let mut writes = Writes::new();
    for record in played.records.iter().filter(|record| record.outcome == Outcome::Done && record.at <= end) {
        let rule = proof.rules.rules.iter().find(|rule| rule.id == record.rule).unwrap();
        let verb = match (record.instead.unwrap_or(record.action), rule.steps[record.step].action.part()) {
            ("log" | "event", _) => continue,
            ("delete", _) => "delete".to_owned(),
            ("evict", _) => "evict".to_owned(),
            (_, Some(part)) => format!("patch {part} of"),
            (_, None) => "patch".to_owned(),
        };
        writes.push((format!("{verb} {}", name(played, record)), record.at));
    }
    writes.sort();
    writes
}

/// The daemon's part, a few cases at once.
fn in_turns<'p>(played: &'p [(&'p Proof, Played)]) -> Vec<(&'p Proof, Writes, Writes)> {
    let is_of_a_server = |proof: &Proof| NOT_OF_A_SERVER.iter().all(|(name, _)| *name != proof.case.name);
    let played: Vec<&(&Proof, Played)> =
        played.iter().filter(|(proof, _)| proof.is_short() && is_of_a_server(proof)).collect();
    let run = |part: usize| {
        let mine = played.iter().skip(part).step_by(AT_ONCE);
        mine.map(|(proof, played)| {
            let end = after(proof.case.now, proof.runs_for());
            (*proof, writes(proof, played, end), cluster::writes(proof))
        })
        .collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..AT_ONCE).map(|part| scope.spawn(move || run(part))).collect();
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

fn difference(expected: &Writes, found: &Writes) -> Option<String> {
    let mut counted: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    expected.iter().for_each(|(what, _)| counted.entry(what).or_default()[0] += 1);
    found.iter().for_each(|(what, _)| counted.entry(what).or_default()[1] += 1);
    if let Some((what, [expected, found])) = counted.into_iter().find(|(_, [one, other])| one != other) {
        return Some(format!("{what}: {expected} times by test-rules, {found} times by the daemon"));
    }
    expected.iter().zip(found).find_map(|((what, due), (_, sent))| {
        let late = sent.duration_since(*due);
        (late < SignedDuration::ZERO || late > LATE).then(|| format!("{what}: {late:?} late"))
    })
}
