//! One list in pages: each object is decoded and sent on as soon as its last byte is here, and
//! nothing of it is kept.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::mpsc;

use super::backoff::BackOff;
use super::clock::Random;
use super::collection::Collection;
use super::failure::{Failure, Meaning, Status, Stop};
use super::page_slices::PageScanner;
use super::refusal::in_full;
use super::slices::Slice;
use super::timings::Timings;
use super::watch::WatchEvent;

/// A page whose answer is an error is asked for again so often before the list is begun anew.
const PAGE_RETRIES: u32 = 3;

/// A list that expires again and again cannot be had in pages fast enough; it is told and tried later.
const RESTARTS: u32 = 3;

/// A page was asked for a hundred objects; a server that does not count sends all it has. More than this is
/// nothing that a cluster holds.
const MOST_ON_PAGE: usize = 100_000;

/// More objects of one kind than any cluster holds.
pub(super) const MOST_OBJECTS: usize = 1_000_000;

/// So many pages that were not full are taken for a slow server's.
const SHORT_PAGES: usize = 100;

/// What a page says of itself.
struct PageEnd {
    version: String,
    next: Option<String>,
    objects: usize,
}

/// Lists the whole collection; where a watch goes on from. I/O.
pub(super) async fn list(
    collection: &Collection,
    random: &Arc<dyn Random>,
    events: &mpsc::Sender<WatchEvent>,
) -> Result<String, Stop> {
    let mut restarts = 0;
    loop {
        match list_once(collection, random, events).await {
            Err(Stop::Failed(failure)) if failure.meaning == Meaning::Stale && restarts < RESTARTS => {
                restarts += 1;
            }
            ended => return ended,
        }
    }
}

async fn list_once(
    collection: &Collection,
    random: &Arc<dyn Random>,
    events: &mpsc::Sender<WatchEvent>,
) -> Result<String, Stop> {
    let body = collection.page(None).await?;
    events.send(WatchEvent::ListStarted).await?;
    let first = read_page(collection, body, events).await?;
    let (mut tokens, hasher) = (HashSet::new(), RandomState::new());
    let (mut objects, mut next) = (first.objects, first.next);
    while let Some(token) = next {
        let body = later_page(collection, random, &token).await?;
        let page = read_page(collection, body, events).await?;
        next = page.next;
        objects += page.objects;
        let full_pages = objects / (collection.timings.page_size.max(1) as usize);
        // Tokens may be long: their hashes will do.
        if !tokens.insert(hasher.hash_one(&token)) {
            return Err(broken("the list goes round in circles: its `continue` token came twice"));
        }
        if objects > MOST_OBJECTS || tokens.len() > full_pages + SHORT_PAGES {
            return Err(broken("the list does not end: there is always a `continue` token"));
        }
    }
    // All pages are of one version; should they not be, the oldest misses nothing.
    Ok(first.version)
}

fn broken(reason: &str) -> Stop {
    Failure::new(Meaning::Broken, reason).into()
}

/// An error before the first byte of a page loses nothing: the same page again, so that one busy
/// moment of the server does not cost it a whole list more.
async fn later_page(collection: &Collection, random: &Arc<dyn Random>, token: &str) -> Result<Body, Failure> {
    let timings = &collection.timings;
    let mut back_off = BackOff::new(timings.back_off_first, timings.back_off_longest, Arc::clone(random));
    let mut retries = 0;
    loop {
        match collection.page(Some(token)).await {
            Err(failure) if failure.meaning == Meaning::Broken && retries < PAGE_RETRIES => {
                let pause = back_off.pause(failure.retry_after);
                if pause > timings.back_off_longest {
                    // Not while other kinds wait for their turn.
                    return Err(failure);
                }
                collection.transport.server_clock().local().sleep(pause).await;
                retries += 1;
            }
            answered => return answered,
        }
    }
}

async fn read_page(
    collection: &Collection,
    mut body: Body,
    events: &mpsc::Sender<WatchEvent>,
) -> Result<PageEnd, Stop> {
    let mut scanner = PageScanner::default();
    let mut objects = 0;
    let Timings { list_silence, list_time_out, .. } = collection.timings;
    let overdue = collection.transport.server_clock().local().sleep(list_time_out);
    tokio::pin!(overdue);
    loop {
        let chunk = tokio::select! {
            biased;
            () = &mut overdue => {
                return Err(broken(&format!("a page of the list did not end within {list_time_out:?}")));
            }
            chunk = collection.chunk(&mut body, list_silence) => chunk?,
        };
        let Some(chunk) = chunk else { break };
        objects += read_chunk(collection, &mut scanner, &chunk, events).await?;
        if objects > MOST_ON_PAGE {
            return Err(broken(&format!("a page of the list has more than {MOST_ON_PAGE} objects")));
        }
    }
    let envelope = scanner.finish().map_err(|error| Failure::broken(&error))?;
    Ok(PageEnd { objects, ..page_end(&envelope)? })
}

/// How many objects end in the chunk.
async fn read_chunk(
    collection: &Collection,
    scanner: &mut PageScanner,
    chunk: &Bytes,
    events: &mpsc::Sender<WatchEvent>,
) -> Result<usize, Stop> {
    let mut rest = &chunk[..];
    let mut objects = 0;
    loop {
        let event = match scanner.next(&mut rest).map_err(|error| Failure::broken(&error))? {
            None => return Ok(objects),
            Some(Slice::Whole(bytes)) => match collection.decoder.object(bytes) {
                Ok(observation) => WatchEvent::Listed(observation),
                Err(error) => WatchEvent::Undecodable { reason: in_full(&error) },
            },
            Some(Slice::TooLarge(_)) => {
                WatchEvent::Undecodable { reason: "an object is too large".to_owned() }
            }
        };
        events.send(event).await?;
        objects += 1;
    }
}

/// Only what is clearly a list may say that nothing else exists.
fn page_end(envelope: &Value) -> Result<PageEnd, Failure> {
    if envelope["kind"] == "Status" {
        return Err(Failure::of_status(&Status::of(envelope)));
    }
    let metadata = &envelope["metadata"];
    let text = |key: &str| metadata[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match (envelope.get("items"), text("resourceVersion")) {
        (Some(Value::Array(_) | Value::Null), Some(version)) => {
            Ok(PageEnd { version, next: text("continue"), objects: 0 })
        }
        _ => {
            Err(Failure::new(Meaning::Broken, "the answer is not a list: no `items`, or no resource version"))
        }
    }
}
