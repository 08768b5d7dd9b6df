//! One request to the API server: bounded in time and size, never repeated here, its `Date` learnt.
//! The client beneath is a tower service, so tests hand in their own.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;

use super::server_clock::ServerClock;

/// No single object or answer is larger: etcd refuses objects over 1.5 MiB, and pages are not read here.
const LARGEST_ANSWER: usize = 16 << 20;

/// Sends requests.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    server_clock: Arc<ServerClock>,
    time_out: Duration,
}

/// Why there is no answer. An answer with an error status is an answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nothing came in time. Whether the server acted on it is not known.
    #[error("the server did not answer within {0:?}")]
    TimeOut(Duration),
    /// The connection failed. Whether the server acted on it is not known.
    #[error("the connection to the server failed")]
    Connect(#[source] Box<kube::Error>),
    /// The answer broke off.
    #[error("the answer broke off")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is larger than any object can be.
    #[error("the answer is larger than {LARGEST_ANSWER} bytes")]
    TooLarge,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// `Retry-After`, where the server asked for it.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

impl Transport {
    /// `time_out` bounds each request up to its whole answer, or up to the head of a streamed one.
    #[must_use]
    pub fn new(client: Client, server_clock: Arc<ServerClock>, time_out: Duration) -> Self {
        Self { client, server_clock, time_out }
    }

    /// The clock of the server that answers.
    #[must_use]
    pub fn server_clock(&self) -> &Arc<ServerClock> {
        &self.server_clock
    }

    /// Sends a request and returns its streamed answer, once its head has come.
    pub async fn stream(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, TransportError> {
        self.bounded(self.send(request)).await
    }

    /// Sends a request and reads the whole answer.
    pub async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Answer, TransportError> {
        self.bounded(async {
            let (head, mut body) = self.send(request).await?.into_parts();
            let mut bytes = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| TransportError::Read(error.into()))?;
                if let Some(data) = frame.data_ref() {
                    if bytes.len() + data.len() > LARGEST_ANSWER {
                        return Err(TransportError::TooLarge);
                    }
                    bytes.extend_from_slice(data);
                }
            }
            Ok(Answer { status: head.status, retry_after: retry_after(&head.headers), body: bytes.freeze() })
        })
        .await
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, TransportError> {
        let sent = self.server_clock.local().now();
        let response = self.client.send(request.map(Body::from)).await;
        let response = response.map_err(|error| TransportError::Connect(Box::new(error)))?;
        if let Some(date) = date(response.headers()) {
            self.server_clock.learn(date, sent, self.server_clock.local().now());
        }
        Ok(response)
    }

    async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        tokio::select! {
            result = work => result,
            () = self.server_clock.local().sleep(self.time_out) => Err(TransportError::TimeOut(self.time_out)),
        }
    }
}

/// `Date: Mon, 23 Nov 2026 03:36:35 GMT`, RFC 9110 section 5.6.7.
fn date(headers: &http::HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// `Retry-After` in seconds, the only form that the API server sends.
#[must_use]
pub fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(3600)))
}
