//! What people see while the daemon runs: [`log`] sets up where lines go and how they look, [`log_file`] is
//! a file for them, [`decision`] is the one line of each decision, [`tally`] counts them.

pub mod decision;
pub mod log;
pub mod log_file;
pub mod tally;
