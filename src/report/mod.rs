//! What people see while the daemon runs: [`log`] sets up where lines go and how they look, [`decision`]
//! is the one line of each decision.

pub mod decision;
pub mod log;
