//! Requests and their answers as they are on the wire, and the lines of a watch.

use std::time::Duration;

use bytes::BytesMut;
use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

/// A request that the server itself lets wait, for a version of the future say, is answered within 3 s.
const ANSWER: Duration = Duration::from_secs(20);

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Those that say something about the answer itself.
    pub(crate) headers: Vec<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.text).ok().filter(|value: &Value| value.is_object() || value.is_array())
    }
}

/// `Err` says why there is no answer.
pub(crate) async fn send(client: &Client, request: Request<Body>) -> Result<Answer, String> {
    let (answer, stream) = open(client, request).await?;
    let Some(stream) = stream else { return Ok(answer) };
    match timeout(ANSWER, stream.body.collect()).await {
        Ok(Ok(body)) => Ok(Answer { text: String::from_utf8_lossy(&body.to_bytes()).into_owned(), ..answer }),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its body does not end".into()),
    }
}

/// The answer without its body, which follows as a stream; a refusal has its body already.
pub(crate) async fn open(
    client: &Client,
    request: Request<Body>,
) -> Result<(Answer, Option<Stream>), String> {
    let response = match timeout(ANSWER, client.send(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("none in time".into()),
    };
    let (head, body) = response.into_parts();
    let mut headers = Vec::new();
    for name in ["Content-Type", "Retry-After", "Warning"] {
        for value in head.headers.get_all(name) {
            let value = value.to_str().unwrap();
            if value != "application/json" {
                headers.push(format!("{name}: {value}"));
            }
        }
    }
    let answer = Answer { status: head.status.as_u16(), headers, text: String::new() };
    Ok((answer, Some(Stream { body, buffer: BytesMut::new() })))
}

/// A body that is read line by line.
pub(crate) struct Stream {
    body: Body,
    buffer: BytesMut,
}

/// What the wait for a line came to.
pub(crate) enum Line {
    Text(String),
    End,
    Broken(String),
    Silence,
}

impl Stream {
    pub(crate) async fn line(&mut self, patience: Duration) -> Line {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                return Line::Text(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            match tokio::time::timeout_at(deadline, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Ok(None) => return Line::End,
                Ok(Some(Err(error))) => return Line::Broken(error.to_string()),
                Err(_) => return Line::Silence,
            }
        }
    }

    /// All of it, of a refusal.
    pub(crate) async fn text(self) -> String {
        let body = timeout(ANSWER, self.body.collect()).await;
        body.ok()
            .and_then(Result::ok)
            .map_or_else(String::new, |body| String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }
}
