//! What a Kubernetes API server answers, word for word: scripts of requests with the answers of a real
//! server recorded beside them (`transcripts/<area>/<case>.txt`). The in-memory server is held against
//! the record in every run, and the record against a real server wherever there is one.
//!
//! `K8S_HEALER_REWRITE=1 cargo test --test conformance` records anew, from the real server alone.
//! `K8S_HEALER_CASE=word` runs only the cases whose name contains the word. README.md beside this file
//! says how a case is written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod area;
mod case;
mod diff;
mod exchange;
mod layout;
mod normal;
mod normal_tests;
mod prune;
mod record;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod targets;

/// For each folder of transcripts, a test on each target.
macro_rules! areas {
    ($($area:ident),* $(,)?) => {
        const AREAS: &[&str] = &[$(stringify!($area)),*];

        $(mod $area {
            use crate::{area, targets};

            #[tokio::test]
            async fn the_record_is_what_the_real_server_answers() {
                let Some(target) = targets::real(stringify!($area)).await else { return };
                area::check(stringify!($area), &target).await;
            }

            #[tokio::test]
            async fn the_sandbox_answers_as_recorded() {
                let Some(target) = targets::sandbox(stringify!($area)).await else { return };
                area::check(stringify!($area), &target).await;
            }
        })*
    };
}

areas!(
    access,
    crds,
    create,
    delete,
    discovery,
    eviction,
    expiry,
    finalizers,
    formats,
    get,
    json_patches,
    lists,
    merge_patches,
    namespaces,
    pods,
    selectors,
    subresources,
    updates,
    versions,
    watch_lists,
    watches,
);

#[test]
fn every_folder_of_transcripts_has_its_tests() {
    assert_eq!(area::folders(), AREAS);
}

#[test]
fn every_request_has_its_recorded_answer() {
    for area in AREAS {
        assert_eq!(area::unrecorded(area), [""; 0], "{area}: K8S_HEALER_REWRITE=1 records it");
    }
}
