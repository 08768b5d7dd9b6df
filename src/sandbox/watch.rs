//! A watch that is open.

/// Events, as they come.
#[derive(Debug)]
pub struct Watch;
