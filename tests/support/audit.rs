//! The server's own record of every request it received: the honest way to assert what a client sent,
//! and that it sent nothing.
//!
//! A record is written when the answer has been given (a watch: when it has begun), a moment later
//! than the client sees it, so reads are preceded by requests of our own whose records are waited for.
//! A request still without an answer has no record yet.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::cluster;
use super::objects::unique;

/// Marker requests ask for a namespace of this prefix; they are left out of what is read.
const MARKER: &str = "settled-marker";

#[derive(Clone, Debug)]
pub struct AuditLog {
    file: PathBuf,
    kubeconfig: PathBuf,
}

/// A place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

/// One request, as the server understood it.
#[derive(Clone, Debug)]
pub struct Request {
    /// get, list, watch, create, update, patch, delete, deletecollection; others outside the API proper.
    pub verb: String,
    /// Path and query.
    pub uri: String,
    /// API group, empty for the core group and outside the API.
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub user: String,
    pub user_agent: String,
    /// HTTP status of the answer; 0 where there was none.
    pub code: u16,
    /// Of a write: the object, the patch, the delete options. Null otherwise.
    pub body: Value,
    /// When the server received it, by its clock, in microseconds.
    pub received: Timestamp,
}

impl AuditLog {
    pub fn new(file: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { file, kubeconfig }
    }

    /// All that has been answered so far lies before this mark.
    pub async fn mark(&self) -> Mark {
        self.settled().await;
        Mark(self.length())
    }

    /// All that was answered between the mark and now.
    pub async fn since(&self, mark: Mark) -> Requests {
        self.settled().await;
        self.requests_since(mark)
    }

    /// What the file holds at this instant, without waiting for records under way.
    pub fn requests_since(&self, Mark(offset): Mark) -> Requests {
        assert!(offset <= self.length(), "the audit file was moved away under the reader");
        let mut file = File::open(&self.file).expect("the audit file");
        // A line that was half written at the mark tells of what was answered before it.
        file.seek(SeekFrom::Start(offset.saturating_sub(1))).unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let begin = if offset == 0 {
            0
        } else {
            text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1)
        };
        // The last line may be half written.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(begin, |end| end + 1);
        let events = text[begin..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events = events.map(|line| serde_json::from_slice::<Value>(line).expect("an audit event"));
        let requests = events.filter(counts).map(|event| Request::parse(&event));
        Requests(requests.filter(|request| !request.uri.contains(MARKER)).collect())
    }

    /// Returns when every request answered before the call is in the file.
    pub async fn settled(&self) {
        let client = cluster::client(&self.kubeconfig).await;
        // The server answers first and writes the record then, each request in a thread of its own. The
        // second marker is sent when the first one's record is there, so that a record overtaken by the
        // first has a whole round trip to appear.
        for _ in 0..2 {
            let marker = unique(MARKER);
            let from = self.length();
            let request = http::Request::get(format!("/api/v1/namespaces/{marker}")).body(Vec::new());
            // A marker is never found: the answer is 404, or 403 for a user without rights.
            client.request_text(request.unwrap()).await.expect_err("no such namespace");
            let deadline = Instant::now() + Duration::from_secs(20);
            while !self.contains(from, &marker) {
                assert!(Instant::now() < deadline, "{marker} does not show in {}", self.file.display());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    fn contains(&self, from: u64, marker: &str) -> bool {
        let Ok(mut file) = File::open(&self.file) else { return false };
        file.seek(SeekFrom::Start(from)).unwrap();
        let mut text = String::new();
        // A read that ends within a character is repeated by the caller.
        file.read_to_string(&mut text).is_ok() && text.lines().any(|line| line.contains(marker))
    }

    fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |file| file.len())
    }
}

/// A request that goes on for long has two records, when it begins and when it ends: its beginning
/// counts, or a watch opened before a mark would show after it.
fn counts(event: &Value) -> bool {
    let long = event["verb"] == "watch"
        || ["log", "exec", "attach", "portforward", "proxy"]
            .iter()
            .any(|subresource| event["objectRef"]["subresource"] == **subresource);
    let stage = event["stage"].as_str().unwrap_or_default();
    stage == "Panic" || stage == if long { "ResponseStarted" } else { "ResponseComplete" }
}

impl Request {
    fn parse(event: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &event["objectRef"];
        let code = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        Self {
            verb: text(&event["verb"]),
            uri: text(&event["requestURI"]),
            group: text(&object["apiGroup"]),
            resource: text(&object["resource"]),
            subresource: text(&object["subresource"]),
            namespace: text(&object["namespace"]),
            name: text(&object["name"]),
            user: text(&event["user"]["username"]),
            user_agent: text(&event["userAgent"]),
            code: u16::try_from(code).unwrap_or_default(),
            body: event["requestObject"].clone(),
            received: text(&event["requestReceivedTimestamp"]).parse().expect("a time"),
        }
    }

    /// Whether it could change something. Asking for one's rights is a create to the server, not to us.
    pub fn is_write(&self) -> bool {
        let asks = ["authorization.k8s.io", "authentication.k8s.io"].contains(&self.group.as_str());
        !asks && ["create", "update", "patch", "delete", "deletecollection"].contains(&self.verb.as_str())
    }

    /// Whether it only asked what would happen: in the query, the delete options, or an eviction's.
    pub fn is_dry_run(&self) -> bool {
        let told = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
        self.uri.contains("dryRun=All")
            || told(&self.body["dryRun"])
            || told(&self.body["deleteOptions"]["dryRun"])
    }
}

/// Requests in the order of their records, to be narrowed down.
#[derive(Clone, Debug)]
pub struct Requests(Vec<Request>);

impl Requests {
    pub fn only(self, keep: impl FnMut(&Request) -> bool) -> Self {
        Self(self.0.into_iter().filter(keep).collect())
    }

    /// Dry runs included.
    pub fn writes(self) -> Self {
        self.only(Request::is_write)
    }

    pub fn verb(self, verb: &str) -> Self {
        self.only(|request| request.verb == verb)
    }

    /// By `resource` or `resource/subresource`.
    pub fn of(self, resource: &str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        self.only(|request| request.resource == resource && request.subresource == subresource)
    }

    pub fn by_agent(self, prefix: &str) -> Self {
        self.only(|request| request.user_agent.starts_with(prefix))
    }

    pub fn by_user(self, user: &str) -> Self {
        self.only(|request| request.user == user)
    }

    pub fn in_namespace(self, namespace: &str) -> Self {
        self.only(|request| request.namespace == namespace)
    }

    /// `verb resource[/subresource] namespace/name code`, one each: for messages and comparisons.
    pub fn summary(&self) -> Vec<String> {
        let line = |request: &Request| {
            let Request { verb, resource, subresource, namespace, name, code, .. } = request;
            let slash = if subresource.is_empty() { "" } else { "/" };
            format!("{verb} {resource}{slash}{subresource} {namespace}/{name} {code}")
        };
        self.0.iter().map(line).collect()
    }
}

impl Deref for Requests {
    type Target = [Request];

    fn deref(&self) -> &[Request] {
        &self.0
    }
}
