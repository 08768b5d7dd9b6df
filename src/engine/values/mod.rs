//! The value forms of the rule language (durations, quantities, counts, globs, patterns, paths,
//! times): each parses from text with an error that says what to write instead, and reads the same
//! form from an object.

mod count;
mod cron;
mod duration;
mod glob;
mod label;
mod path;
mod path_cost;
mod pattern;
#[cfg(test)]
mod properties;
mod quantity;
mod query;
mod time;
mod time_zone;

pub use count::Count;
pub use cron::Cron;
pub use duration::{format_age, format_duration, parse_duration};
pub use glob::Globs;
pub use label::{check_label_key, check_label_value};
pub use path::{Nodes, Path, Segment};
pub use pattern::Pattern;
pub use quantity::Quantity;
pub use query::{Query, QuerySegment, Selector};
pub use time::{TimeFormat, parse_time};
pub use time_zone::{parse_time_zone, time_zones};

/// Why a text is not a value of the form asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, as the end of a sentence that begins with the text: "is not a duration".
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

impl ParseError {
    pub(crate) fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: help.into() }
    }
}
