//! One list in pages: each object is decoded and sent on as soon as its last byte is here, and
//! nothing of it is kept.

use std::collections::HashSet;
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
use super::watch::WatchEvent;

/// A page whose answer is an error is asked for again so often before the list is begun anew.
const PAGE_RETRIES: u32 = 3;

/// A list that expires again and again cannot be had in pages fast enough; it is told and tried later.
const RESTARTS: u32 = 3;

/// What a page says of itself.
struct PageEnd {
    version: String,
    next: Option<String>,
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
    let mut tokens = HashSet::new();
    let mut next = first.next;
    while let Some(token) = next {
        let body = later_page(collection, random, &token).await?;
        next = read_page(collection, body, events).await?.next;
        if !tokens.insert(token) {
            let reason = "the list goes round in circles: its `continue` token came twice";
            return Err(Failure::new(Meaning::Broken, reason).into());
        }
    }
    // All pages are of one version; should they not be, the oldest misses nothing.
    Ok(first.version)
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
    while let Some(chunk) = collection.chunk(&mut body, collection.timings.list_silence).await? {
        read_chunk(collection, &mut scanner, &chunk, events).await?;
    }
    let envelope = scanner.finish().map_err(|error| Failure::broken(&error))?;
    Ok(page_end(&envelope)?)
}

async fn read_chunk(
    collection: &Collection,
    scanner: &mut PageScanner,
    chunk: &Bytes,
    events: &mpsc::Sender<WatchEvent>,
) -> Result<(), Stop> {
    let mut rest = &chunk[..];
    loop {
        let event = match scanner.next(&mut rest).map_err(|error| Failure::broken(&error))? {
            None => return Ok(()),
            Some(Slice::Whole(bytes)) => match collection.decoder.object(bytes) {
                Ok(observation) => WatchEvent::Listed(observation),
                Err(error) => WatchEvent::Undecodable { reason: in_full(&error) },
            },
            Some(Slice::TooLarge(_)) => {
                WatchEvent::Undecodable { reason: "an object is too large".to_owned() }
            }
        };
        events.send(event).await?;
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
            Ok(PageEnd { version, next: text("continue") })
        }
        _ => {
            Err(Failure::new(Meaning::Broken, "the answer is not a list: no `items`, or no resource version"))
        }
    }
}
