//! Kubernetes I/O. It never sees YAML of rules: it takes the engine's projections and effects.
//!
//! - [`clock`], [`server_clock`]: time and chance, handed in; the API server's own clock.
//! - [`transport`]: one bounded request.
//! - [`resource`]: a kind as discovery tells it.
//! - [`client`], [`discovery`], [`resolve`], [`watch_list`]: from a kubeconfig to the kinds that a server serves.
//! - [`openapi`]: the schemas that the server publishes. [`access`]: who we are and what we may do. [`census`]:
//!   how many objects there are, and their names.
//! - [`watch`]: list and watch. [`slices`], [`page_slices`], [`decode`]: from bytes to observations.
//! - [`read`], [`ancestors`], [`surroundings`]: live reads. [`requests`], [`events`], [`execute`], [`outcome`]: writes and what became of
//!   them.

pub mod access;
pub mod ancestors;
pub mod census;
pub mod client;
pub mod clock;
pub mod discovery;
pub mod events;
pub mod execute;
pub mod openapi;
pub mod outcome;
pub mod read;
pub mod requests;
pub mod resolve;
pub mod resource;
pub mod server_clock;
pub mod transport;

pub mod backoff;
mod collection;
pub mod decode;
mod failure;
pub use failure::is_unauthenticated;
mod follow;
mod fresh_list;
mod list;
pub mod listing;
pub mod page_slices;
mod proxy;
mod refusal;
pub mod slices;
mod stream;
pub mod surroundings;
pub mod survey;
pub mod timings;
pub mod watch;
pub mod watch_list;

pub use refusal::{in_full, unanswered};
