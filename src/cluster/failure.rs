//! What the API server says when it does not do what it was asked for, `kind: Status`, and what that
//! means for a list or a watch.

use std::error::Error;
use std::time::Duration;

use serde_json::Value;

use super::refusal::{in_full, one_line};

/// A `Status` of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status.
    pub code: u16,
    /// `Expired`, `Forbidden` …; may be empty.
    pub reason: String,
    /// What the server says to people.
    pub message: String,
    /// `details.causes[].reason`.
    pub causes: Vec<String>,
    /// `details.retryAfterSeconds`.
    pub retry_after: Option<Duration>,
}

impl Status {
    /// Reads as much as is there.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let causes = object["details"]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let retry_after = object["details"]["retryAfterSeconds"].as_u64().filter(|seconds| *seconds > 0);
        Self {
            code: object["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default(),
            reason: text("reason"),
            message: text("message"),
            causes: causes.iter().filter_map(|cause| cause["reason"].as_str().map(str::to_owned)).collect(),
            retry_after: retry_after.map(|seconds| Duration::from_secs(seconds.min(3600))),
        }
    }

    fn meaning(&self) -> Meaning {
        let too_large = self.causes.iter().any(|cause| cause == "ResourceVersionTooLarge")
            || self.message.contains("Too large resource version");
        match (self.code, self.reason.as_str()) {
            (410, _) | (_, "Expired" | "Gone") => Meaning::Stale,
            _ if too_large => Meaning::Stale,
            (404, _) => Meaning::Absent,
            (NOT_AUTHENTICATED | 403, _) => Meaning::Forbidden,
            (400 | 405 | 406 | 415 | 422 | 501, _) => Meaning::Refused,
            _ => Meaning::Broken,
        }
    }
}

const NOT_AUTHENTICATED: u16 = 401;

/// Whether it is the credentials that the server does not take, and not the rights that they have.
#[must_use]
pub fn is_unauthenticated(reason: &str) -> bool {
    reason.starts_with(&answered(NOT_AUTHENTICATED))
}

fn answered(code: u16) -> String {
    format!("the server answered {code}")
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The kind is not served.
    Absent,
    /// Reading is not permitted.
    Forbidden,
    /// The position is lost: only a fresh list helps.
    Stale,
    /// The server does not take such a request.
    Refused,
    /// Anything that may pass: the same again, later.
    Broken,
}

/// Why a list or a watch did not go on.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) meaning: Meaning,
    pub(super) reason: String,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn of_status(status: &Status) -> Self {
        let meaning = status.meaning();
        let code = status.code;
        let reason = match one_line(&status.message) {
            message if message.is_empty() => answered(code),
            message => format!("{}: {message}", answered(code)),
        };
        Self { meaning, reason, retry_after: status.retry_after }
    }

    /// The connection, or what came over it, is broken.
    pub(super) fn broken(error: &dyn Error) -> Self {
        Self { meaning: Meaning::Broken, reason: in_full(error), retry_after: None }
    }

    pub(super) fn new(meaning: Meaning, reason: impl Into<String>) -> Self {
        Self { meaning, reason: reason.into(), retry_after: None }
    }
}

/// Why following ends, or is interrupted.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody takes the events any more.
    Closed,
    /// The server, or the way to it.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<T> From<tokio::sync::mpsc::error::SendError<T>> for Stop {
    fn from(_: tokio::sync::mpsc::error::SendError<T>) -> Self {
        Self::Closed
    }
}
