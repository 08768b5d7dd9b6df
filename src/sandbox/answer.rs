//! What goes back to a client.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::failure::Failure;
use super::watch::Watch;

/// An answer, before it is put on the wire.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Beside those that every answer has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What it says.
    pub body: Body,
}

/// What an answer says.
#[derive(Debug)]
pub enum Body {
    /// JSON, to be written.
    Json(Value),
    /// JSON, written already.
    Bytes(Bytes),
    /// Of a media type of its own.
    Text(&'static str, String),
    /// Events, as they come.
    Watch(Box<Watch>),
}

impl Answer {
    /// JSON with this status.
    #[must_use]
    pub fn json(status: u16, value: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(value) }
    }

    /// Plain text, with status 200.
    pub fn text(text: impl Into<String>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Text("text/plain; charset=utf-8", text.into()) }
    }

    /// Events, as they come.
    #[must_use]
    pub fn watch(watch: Watch) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Watch(Box::new(watch)) }
    }

    /// With a header more.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }
}

impl Answer {
    /// With what the sender is told beside it.
    #[must_use]
    pub fn with_warnings(self, warnings: &[String]) -> Self {
        warnings.iter().fold(self, |answer, warning| {
            answer.with_header(http::header::WARNING, &format!("299 - {warning:?}"))
        })
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let retry_after = failure.retry_after;
        let answer = if failure.plain {
            let body = Body::Text("text/plain; charset=utf-8", failure.message);
            Self { status: failure.code, headers: Vec::new(), body }
        } else {
            Self::json(failure.code, failure.status())
        };
        match retry_after {
            Some(seconds) => answer.with_header(http::header::RETRY_AFTER, &seconds.to_string()),
            None => answer,
        }
    }
}
