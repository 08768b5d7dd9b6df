//! When to ask the server again what it serves: CRDs are watched as metadata, as a hint; where that is
//! not permitted, the group list is polled by its ETag.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode, header};
use k8s_healer_engine::projection::Projection;
use tokio::sync::mpsc;
use tracing::info;

use super::Shared;
use super::watch_or_poll::{Next, Polling, WatchOrPoll};
use crate::cluster::resource::Resource;
use crate::cluster::watch::{Watch, WatchEvent};

/// Where CRDs may not be watched. An unchanged list costs the server next to nothing.
const POLL: Duration = Duration::from_secs(30);

/// Why the server may serve other kinds than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A definition came, changed or went.
    Definitions,
    /// The server was away, or had forgotten what was told: it may be another version of itself.
    Back,
}

/// Client required: sends a hint whenever the server may serve other kinds than before.
pub(super) async fn watch_for_kinds(shared: Arc<Shared>, watch: Option<Watch>, hints: mpsc::Sender<Hint>) {
    let clock = Arc::clone(shared.transport.server_clock().local());
    let mut watching = WatchOrPoll::new(watch, clock, Polling { first: POLL, interval: POLL });
    let mut poll = Poll { shared, known: None };
    loop {
        let hint = match watching.next().await {
            Next::Told(WatchEvent::Applied(_) | WatchEvent::Deleted { .. }) => Some(Hint::Definitions),
            // A list after an interruption may differ from the one before: its end is the hint.
            Next::Told(WatchEvent::Synced | WatchEvent::Resumed) => Some(Hint::Back),
            Next::Told(_) => None,
            Next::Refused { reason } => {
                info!(
                    reason,
                    "custom resource definitions cannot be watched: new kinds are looked for every {POLL:?}"
                );
                None
            }
            Next::Permitted => {
                info!("custom resource definitions can be watched again");
                None
            }
            Next::PollDue => poll.ask().await.then_some(Hint::Definitions),
        };
        let Some(hint) = hint else { continue };
        if hints.send(hint).await.is_err() {
            return;
        }
    }
}

/// What of a CRD is read: that it is another one, or another version of it.
pub(super) fn projection() -> Arc<Projection> {
    Arc::new(Projection::of_identity())
}

/// The resource that CRDs are, which every server serves.
pub(super) fn definitions(resources: &[Arc<Resource>]) -> Option<Arc<Resource>> {
    resources
        .iter()
        .find(|resource| resource.name() == "customresourcedefinitions.apiextensions.k8s.io")
        .cloned()
}

/// The group list, asked again and again.
struct Poll {
    shared: Arc<Shared>,
    /// The `ETag` of the last answer.
    known: Option<String>,
}

impl Poll {
    /// Asks, and returns whether the list may be another one than before.
    async fn ask(&mut self) -> bool {
        let transport = &self.shared.transport;
        let mut request = Request::get("/apis").header(
            header::ACCEPT,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
        );
        if let Some(etag) = &self.known {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let Ok(request) = request.body(Vec::new()) else { return false };
        let Ok(response) = transport.stream(request).await else { return false };
        if response.status() != StatusCode::OK {
            return false;
        }
        let etag = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok());
        // A server without ETags is asked again each time; discovery then finds nothing new.
        let changed = etag.is_none() || etag != self.known.as_deref();
        self.known = etag.map(str::to_owned);
        changed
    }
}
