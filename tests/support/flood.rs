//! Answers that no honest server gives: as long as one likes, as slow as one likes.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;

use super::relay::{Broken, RelayBody};

/// A head, then a chunk again and again, then a tail.
#[derive(Clone, Debug)]
pub struct Flood {
    pub headers: Vec<(&'static str, &'static str)>,
    pub head: Bytes,
    pub chunk: Bytes,
    /// `usize::MAX`: for ever.
    pub times: usize,
    /// Before each chunk.
    pub pause: Duration,
    pub tail: Bytes,
}

impl Flood {
    /// This and no more.
    pub fn once(body: impl Into<Bytes>) -> Self {
        Self {
            headers: vec![("content-type", "application/json")],
            head: body.into(),
            chunk: Bytes::new(),
            times: 0,
            pause: Duration::ZERO,
            tail: Bytes::new(),
        }
    }

    /// Then this, so many times.
    pub fn then(mut self, chunk: impl Into<Bytes>, times: usize) -> Self {
        (self.chunk, self.times) = (chunk.into(), times);
        self
    }

    pub fn for_ever(self, chunk: impl Into<Bytes>) -> Self {
        self.then(chunk, usize::MAX)
    }

    pub fn each_after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub fn end(mut self, tail: impl Into<Bytes>) -> Self {
        self.tail = tail.into();
        self
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn response(self) -> Response<RelayBody> {
        let mut response = Response::builder().status(200);
        for (name, value) in &self.headers {
            response = response.header(*name, *value);
        }
        let Self { head, chunk, times, pause, tail, .. } = self;
        let frames = stream::unfold(0_usize, move |sent| {
            let (head, chunk, tail) = (head.clone(), chunk.clone(), tail.clone());
            async move {
                let part = match sent {
                    0 => head,
                    sent if sent <= times => {
                        tokio::time::sleep(pause).await;
                        chunk
                    }
                    sent if sent == times.saturating_add(1) => tail,
                    _ => return None,
                };
                Some((Ok::<_, Broken>(Frame::data(part)), sent.saturating_add(1)))
            }
        });
        response.body(StreamBody::new(frames).boxed_unsync()).unwrap()
    }
}
