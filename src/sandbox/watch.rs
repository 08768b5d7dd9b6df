//! A watch that is open: it remembers how far it has told, looks for what came since whenever the bell
//! rings, and ends when it was asked to, when its version is forgotten, or when its kind goes.

mod start;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;

use bytes::{BufMut, Bytes, BytesMut};
use futures::future::{self, BoxFuture, FutureExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Answer;
use super::api::Call;
use super::failure::Failure;
use super::kinds::{Kind, Version};
use super::object::Object;
use super::represent::Representation;
use super::selection::Selection;
use super::server::Server;
use super::store::Change;
use start::{Start, start};

/// Bytes that are put together before they go out, if so many are waiting.
const CHUNK: usize = 256 << 10;

/// So long before its end a watch that asked for bookmarks gets one, as kube-apiserver has it.
const BEFORE_THE_END: Duration = Duration::from_secs(2);

/// A watch that was not asked to end by itself. kube-apiserver takes 30 to 60 minutes.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Events, as they come.
pub struct Watch {
    server: Arc<Server>,
    kind: Arc<Kind>,
    version: Version,
    representation: Representation,
    namespace: String,
    selection: Selection,
    /// All that came up to here has been told.
    told: u64,
    initial: IntoIter<Arc<Object>>,
    /// A bookmark that ends the initial events is owed.
    owes_bookmark: bool,
    /// All that it tells.
    refusal: Option<Failure>,
    /// No event has gone out.
    first: bool,
    ended: bool,
    bell: watch::Receiver<u64>,
    end: BoxFuture<'static, ()>,
    deadline: Timestamp,
    next_bookmark: BoxFuture<'static, ()>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("kind", &self.kind.resource)
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

/// Opens a watch of a collection.
pub fn open(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let mut selection = Selection::parse(&call.query, &call.kind, &call.version)?;
    if !call.target.name.is_empty() {
        // An old way to watch one object: `GET …/name?watch=1`.
        selection = selection.of_name(&call.target.name);
    }
    let start = start(server, call)?;
    let bell = server.bell();
    let (told, initial) = server.read(|state| {
        let current = state.store.revision();
        match &start {
            Start::Refused(_) => Ok((current, Vec::new())),
            &Start::After(version) => match state.store.check(version) {
                Err(_) if server.behaviour.refuse_expired_watches => Err(expired()),
                // Whoever reads is told in the stream.
                _ => Ok((version, Vec::new())),
            },
            Start::WithAll | Start::Streaming => {
                let objects = state.store.all(&call.kind.resource, call.namespace());
                Ok((current, objects.map(|(_, object)| Arc::clone(object)).collect()))
            }
        }
    })?;
    let seconds = call.query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
    let end = seconds.map_or(LONGEST, Duration::from_secs);
    let deadline = server.now().checked_add(end).unwrap_or(Timestamp::MAX);
    let watch = Watch {
        server: Arc::clone(server),
        kind: Arc::clone(&call.kind),
        version: call.version.clone(),
        representation: call.representation,
        namespace: call.namespace().to_owned(),
        selection,
        told,
        initial: initial.into_iter(),
        owes_bookmark: matches!(start, Start::Streaming),
        refusal: if let Start::Refused(failure) = start { Some(failure) } else { None },
        first: true,
        ended: false,
        bell,
        end: server.clock.sleep(end),
        deadline,
        next_bookmark: if call.query.is_set("allowWatchBookmarks") {
            next_bookmark(server, deadline)
        } else {
            future::pending().boxed()
        },
    };
    let content_type = match call.representation {
        Representation::Whole => "application/json",
        _ => call.representation.content_type(),
    };
    Ok(Answer::watch(watch).with_header(http::header::CONTENT_TYPE, content_type))
}

/// Every so often, and once more before the end.
fn next_bookmark(server: &Server, deadline: Timestamp) -> BoxFuture<'static, ()> {
    let left = Duration::try_from(deadline.duration_since(server.now())).unwrap_or_default();
    let last = left.checked_sub(BEFORE_THE_END).filter(|last| !last.is_zero());
    let regular = server.behaviour.bookmarks;
    server.clock.sleep(last.map_or(regular, |last| last.min(regular)))
}

/// 410.
fn expired() -> Failure {
    Failure::expired("The resourceVersion for the provided watch is too old.")
}

/// What ends a pause.
enum Woken {
    Look,
    Bookmark,
    End,
}

impl Watch {
    /// The next events, a line each; `None`: the watch has ended.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            let bytes = self.collect();
            if !bytes.is_empty() {
                return Some(bytes);
            }
            if self.ended {
                return None;
            }
            let woken = tokio::select! {
                rung = self.bell.changed() => if rung.is_ok() { Woken::Look } else { Woken::End },
                () = &mut self.next_bookmark => Woken::Bookmark,
                () = &mut self.end => Woken::End,
            };
            match woken {
                Woken::Look => {}
                Woken::End => self.ended = true,
                Woken::Bookmark => {
                    self.next_bookmark = next_bookmark(&self.server, self.deadline);
                    let bookmark = self.bookmark(self.told, false);
                    return Some(self.line("BOOKMARK", bookmark));
                }
            }
        }
    }

    /// What is to be told now.
    fn collect(&mut self) -> Bytes {
        let mut bytes = BytesMut::new();
        if let Some(failure) = self.refusal.take() {
            self.ended = true;
            return self.line("ERROR", failure.status());
        }
        while let Some(object) = self.initial.next() {
            if self.is_wanted(&object) {
                bytes.put_slice(&self.event("ADDED", &object));
            }
            if bytes.len() > CHUNK {
                return bytes.freeze();
            }
        }
        if std::mem::take(&mut self.owes_bookmark) {
            let bookmark = self.bookmark(self.told, true);
            bytes.put_slice(&self.line("BOOKMARK", bookmark));
        }
        let server = Arc::clone(&self.server);
        let (changes, current, served) = server.read(|state| {
            let resource = &self.kind.resource;
            let changes = state.store.changes(resource, self.told);
            let changes = changes.map(|changes| changes.cloned().collect::<Vec<Change>>());
            (changes, state.store.revision(), state.kinds.get(resource).is_some())
        });
        match changes {
            Err(_) => {
                let failure = expired();
                bytes.put_slice(&self.line("ERROR", failure.status()));
                self.ended = true;
            }
            Ok(changes) => {
                for change in &changes {
                    if let Some((what, object)) = self.seen_by_this_watch(change) {
                        bytes.put_slice(&self.event(what, &object));
                    }
                }
                // A version of the future is waited for.
                self.told = self.told.max(current);
                self.ended |= !served;
            }
        }
        bytes.freeze()
    }

    /// An object that comes to be selected is added to this watch, one that leaves is deleted from it.
    fn seen_by_this_watch(&self, change: &Change) -> Option<(&'static str, Arc<Object>)> {
        if !self.namespace.is_empty() && change.key.namespace() != self.namespace {
            return None;
        }
        let was = change.before.as_ref().is_some_and(|object| self.is_wanted(object));
        let is = change.after.as_ref().is_some_and(|object| self.is_wanted(object));
        match (was, is) {
            (false, true) => Some(("ADDED", Arc::clone(&change.shown))),
            (true, true) => Some(("MODIFIED", Arc::clone(&change.shown))),
            (true, false) if change.after.is_none() => Some(("DELETED", Arc::clone(&change.shown))),
            (true, false) => {
                // The last state that was selected, with the version of the change.
                let last = change.before.as_ref()?;
                Some(("DELETED", Arc::new(Object::new(last.value(), change.revision))))
            }
            (false, false) => None,
        }
    }

    fn is_wanted(&self, object: &Object) -> bool {
        self.selection.selects(object)
    }

    fn event(&mut self, what: &str, object: &Object) -> Bytes {
        let converted = self.kind.is_custom() && self.kind.versions.len() > 1;
        if !converted && matches!(self.representation, Representation::Whole) {
            self.first = false;
            let mut line = BytesMut::with_capacity(object.weight() + 40);
            line.put_slice(format!("{{\"type\":{what:?},\"object\":").as_bytes());
            line.put_slice(&object.json());
            line.put_slice(b"}\n");
            return line.freeze();
        }
        let mut value = object.value();
        value["apiVersion"] = self.kind.api_version(&self.version.name).into();
        self.line(what, value)
    }

    fn line(&mut self, what: &str, object: Value) -> Bytes {
        let first = std::mem::take(&mut self.first);
        let event = if what == "ERROR" {
            json!({"type": what, "object": object})
        } else {
            let now = self.server.now();
            self.representation.event(&self.kind, &self.version, what, object, now, first)
        };
        Bytes::from(format!("{event}\n"))
    }

    fn bookmark(&self, version: u64, ends_initial_events: bool) -> Value {
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if ends_initial_events {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let api_version = self.kind.api_version(&self.version.name);
        json!({"kind": self.kind.kind, "apiVersion": api_version, "metadata": metadata})
    }
}
