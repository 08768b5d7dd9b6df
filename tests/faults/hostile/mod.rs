//! A server that is broken, or means harm: what it sends for one kind costs the daemon a line of its log and a
//! back-off. Its memory stays bounded, it does not panic, and the other kinds go on.
//!
//! Each case plays on secrets, through a proxy that answers for them as it likes, while a config map is to be
//! healed in time. What single pieces do with such bytes is tested where they are (`tests/watch`, `src/cluster`,
//! `fuzz/`), and servers that fail in honest ways beside this folder.

mod bodies;
mod handshakes;
mod lists;
mod others;
mod patient;
mod watches;
