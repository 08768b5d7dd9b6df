//! The requests that read one collection, a resource in one namespace or in all, and their answers up
//! to the first byte of the body.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::decode::Decoder;
use super::failure::{Failure, Meaning, Status};
use super::timings::Timings;
use super::transport::{Transport, retry_after};

/// An error's body is a `Status` of a few hundred bytes; more of it is not read.
const LARGEST_STATUS: usize = 64 << 10;

/// A server that cannot cut an object down to its metadata sends all of it.
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const METADATA_OBJECT: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

pub(super) struct Collection {
    pub(super) transport: Transport,
    pub(super) path: String,
    /// What of it is read, as the end of a query; empty: all.
    pub(super) selector: String,
    pub(super) metadata_only: bool,
    pub(super) decoder: Decoder,
    pub(super) timings: Timings,
}

impl Collection {
    /// One page of a consistent list. I/O up to the head of the answer.
    pub(super) async fn page(&self, token: Option<&str>) -> Result<Body, Failure> {
        let mut query = format!("limit={}", self.timings.page_size);
        if let Some(token) = token {
            query.push_str("&continue=");
            query.extend(token.bytes().map(query_byte));
        }
        self.open(&query, if self.metadata_only { METADATA_LIST } else { "application/json" }).await
    }

    /// All objects, then a bookmark, then their changes. I/O up to the head of the answer.
    pub(super) async fn streaming_list(&self, seconds: u64) -> Result<Body, Failure> {
        // Without a resourceVersion the list is consistent: as new as if it were read from etcd.
        let query = format!(
            "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
             &allowWatchBookmarks=true&timeoutSeconds={seconds}"
        );
        self.open_watch(&query).await
    }

    /// All changes after a version. I/O up to the head of the answer.
    pub(super) async fn watch(&self, version: &str, seconds: u64) -> Result<Body, Failure> {
        let version: String = version.bytes().map(query_byte).collect();
        let query =
            format!("watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={version}");
        self.open_watch(&query).await
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&self, body: &mut Body, silence: Duration) -> Result<Option<Bytes>, Failure> {
        let clock = self.transport.server_clock().local();
        tokio::select! {
            biased;
            chunk = next_chunk(body) => chunk,
            () = clock.sleep(silence) => {
                Err(Failure::new(Meaning::Broken, format!("the server sent nothing for {silence:?}")))
            }
        }
    }

    async fn open_watch(&self, query: &str) -> Result<Body, Failure> {
        let accept = if self.metadata_only { METADATA_OBJECT } else { "application/json" };
        // A server that compresses a streaming list sends one gzip member for each flush; the client
        // stops at the end of the first. Seen on 1.37: "extra bytes after body has been decompressed".
        let request = Request::get(format!("{}?{query}{}", self.path, self.selector))
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_ENCODING, "identity");
        self.send(request).await
    }

    async fn open(&self, query: &str, accept: &str) -> Result<Body, Failure> {
        let path = format!("{}?{query}{}", self.path, self.selector);
        self.send(Request::get(path).header(header::ACCEPT, accept)).await
    }

    async fn send(&self, request: http::request::Builder) -> Result<Body, Failure> {
        let request = request.body(Vec::new()).map_err(|error| Failure::broken(&error))?;
        let response = self.transport.stream(request).await.map_err(|error| Failure::broken(&error))?;
        let (head, mut body) = response.into_parts();
        if head.status == StatusCode::OK {
            return Ok(body);
        }
        let mut status = self.read_status(&mut body).await;
        status.code = head.status.as_u16();
        status.retry_after = retry_after(&head.headers).max(status.retry_after);
        Err(Failure::of_status(&status))
    }

    /// As much of an error's explanation as comes; the HTTP status tells enough without.
    async fn read_status(&self, body: &mut Body) -> Status {
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = self.chunk(body, self.timings.list_silence).await {
            if bytes.len() + chunk.len() > LARGEST_STATUS {
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(object) => Status::of(&object),
            Err(_) => Status { message: String::from_utf8_lossy(&bytes).into_owned(), ..Status::default() },
        }
    }
}

/// What selects the one object of this name, whatever its kind.
pub(super) fn selecting(name: &str) -> String {
    let name: String = name.bytes().map(query_byte).collect();
    format!("&fieldSelector=metadata.name%3D{name}")
}

/// The next bytes of a body, past what is none; `None` at its end.
pub(super) async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::broken(&error))?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Tokens are opaque: only what no query takes amiss stays as it is.
fn query_byte(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}
