//! `run-healer.sh` as a person has it: in a checkout, called from elsewhere, by every shell that there is. A
//! small program stands for k8s-healer and keeps what it was given; at the end the real one is started.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod arguments;
mod building;
mod checkout;
mod help;
mod kubeconfigs;
mod life;
mod places;
#[path = "../support/process.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is needed")]
mod process;
