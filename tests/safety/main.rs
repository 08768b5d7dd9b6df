//! What the daemon may never do, tried on the whole daemon in virtual time against an API server that is
//! as slow, as broken and as hostile as each test makes it. What is asserted is what was sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod cooldowns;
mod evictions;
mod modes;
mod reads;
mod slowness;
mod world;
