//! k8s-healer: a rule-engine daemon for Kubernetes.
//!
//! The layers, lowest first. Dependencies point one way:
//! `cli → daemon → {cluster, store, report} → engine`, `rules → engine`; a test reads the imports.
//!
//! - The engine (`src/engine`, the crate `k8s_healer_engine`): the pure heart, without a clock, a client
//!   or I/O. A rule, an object and a moment go in, a verdict comes out.
//! - [`rules`]: the language. Files become a valid rule set, or diagnostics that point at the place.
//! - [`cluster`]: Kubernetes I/O. Discovery, list and watch through a projection, live reads, writes with
//!   preconditions.
//! - [`store`]: what is remembered on disk.
//! - [`report`]: what people see of a running daemon: one line for each decision.
//! - [`dump`]: what was taken of a cluster and lies in files: lists of kubectl, folders of them, a must-gather.
//! - [`simulation`]: a world in memory with a clock that is moved by hand, on which the engine proves rules: for tests
//!   of rules, for a plan, and for the question why an object was touched.
//! - [`daemon`]: the process. One controller for each kind, and what they share.
//! - [`sandbox`]: an API server in memory, for the demo, the tests and whoever wants to try a rule.
//! - [`cli`]: one file for each subcommand.

pub mod cli;
pub mod cluster;
pub mod daemon;
pub mod dump;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod simulation;
pub mod store;
