//! An in-memory Kubernetes API server over HTTP, for the demo, the tests and whoever wants to try a rule
//! without a cluster. A model: what it answers is held against a real server by `tests/conformance`.
//!
//! A request comes in by [`http`], is told apart by [`request`], its sender by [`rights`]; [`api`] does
//! what it asks on the [`store`], and the answer is put in the form that was asked for by [`represent`].

pub mod answer;
mod built_in;
pub mod definitions;
pub mod discovery;
pub mod failure;
pub mod kinds;
pub mod metadata;
pub mod object;
pub mod patch;
pub mod represent;
pub mod request;
pub mod rights;
pub mod schema;
pub mod selection;
pub mod store;
pub mod watch;
