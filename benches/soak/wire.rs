//! The bench's own requests, which go on while the API server is away.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::client::Body;
use serde_json::Value;

use crate::harness::Objects;

/// A server that is killed answers nothing more.
const PATIENCE: Duration = Duration::from_secs(15);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// One connection pool.
#[derive(Clone)]
pub struct Wire(Objects);

/// What became of a write in the end.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub code: u16,
    pub at: Timestamp,
    /// It was answered at the first attempt: it was done once, or not at all.
    pub at_once: bool,
}

impl Wire {
    pub fn new(objects: Objects) -> Self {
        Self(objects)
    }

    /// One attempt; none where the server did not answer, or not now.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let media = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, media)
            .header(http::header::USER_AGENT, "soak")
            .body(Body::from(body.map_or_else(Vec::new, |body| body.to_string().into_bytes())))
            .unwrap();
        let asked = async {
            let answer = self.0.client().send(request).await.ok()?;
            let code = answer.status().as_u16();
            let bytes = answer.into_body().collect().await.ok()?.to_bytes();
            let answered = code < 500 && code != 429;
            answered.then(|| (code, serde_json::from_slice(&bytes).unwrap_or_default()))
        };
        tokio::time::timeout(PATIENCE, asked).await.ok().flatten()
    }

    /// As often as it takes.
    pub async fn write(&self, method: Method, path: &str, body: Option<&Value>) -> Written {
        let mut at_once = true;
        loop {
            if let Some((code, _)) = self.send(method.clone(), path, body).await {
                return Written { code, at: Timestamp::now(), at_once };
            }
            at_once = false;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
