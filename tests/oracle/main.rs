//! A second evaluation, slow and obvious, that the engine must agree with: `model` reads a rule's own tree on
//! the whole object, one instant at a time, by the words of the language's reference. Generators make rules,
//! objects, moments and histories as odd as real ones; whatever differs is printed as a rule, an object and a
//! moment.
//!
//! `K8S_HEALER_ORACLE_CASES=10` runs ten times as many cases, on ten times as many rules; with another
//! `K8S_HEALER_ORACLE_SEED` others are made. By themselves the cases are the same in every run, so that a red
//! build speaks of the change. Under `tests/mutations` are mistakes that these tests must find.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod bytes;
mod choices;
mod expressions;
mod field_rules;
mod indexed;
mod instants;
mod laws;
mod model;
mod model_field;
mod model_kinds;
mod model_others;
mod model_values;
mod objects;
mod others;
mod pool;
mod regressions;
mod rules;
mod sequence_model;
mod sequences;
mod silence;
mod timers;
mod walks;
mod world;
mod yaml;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::bytes::UpTo;
use crate::choices::Choices;

/// How many times the usual number of cases.
fn times() -> f64 {
    std::env::var("K8S_HEALER_ORACLE_CASES").map_or(1.0, |text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    std::env::var("K8S_HEALER_ORACLE_SEED").map_or(0, |text| text.parse().expect("a whole number"))
}

/// So many cases of a test that usually has `usual` of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of cases")]
fn cases(usual: u32) -> u32 {
    (f64::from(usual) * times()).ceil().max(1.0) as u32
}

/// Tries a property on random choices, and shows the smallest that it fails on by what the property says.
/// `usual` is how many cases there usually are, `most` how many bytes one may have to decide by.
fn check(
    name: &str,
    usual: u32,
    most: usize,
    property: impl Fn(&mut Choices<'_>) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases: cases(usual),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    bytes[8..].iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    match runner.run(&UpTo(most), |bytes| property(&mut Choices::new(&bytes))) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("{name}: {reason}"),
    }
}

/// A moment from the nanoseconds that the model counts in.
fn moment(nanoseconds: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds).unwrap_or_else(|error| panic!("{nanoseconds}: {error}"))
}
