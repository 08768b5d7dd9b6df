//! What the daemon may never do, tried on the whole daemon in virtual time against an API server that is
//! as slow, as broken and as hostile as each test makes it. What is asserted is what was sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the virtual clock is tokio's")]

mod answers;
mod cooldowns;
mod crowds;
mod evictions;
mod flights;
mod modes;
mod paths;
mod reads;
mod slowness;
mod world;
