//! When to ask the server again what it serves: CRDs are watched as metadata, as a hint; where that is
//! not permitted, the group list is polled by its ETag.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode, header};
use k8s_healer_engine::projection::Projection;
use tokio::sync::mpsc;
use tracing::info;

use super::Shared;
use crate::cluster::resource::Resource;
use crate::cluster::watch::{Watch, WatchEvent};

/// Where CRDs may not be watched. An unchanged list costs the server next to nothing.
const POLL: Duration = Duration::from_secs(30);

/// Client required: sends a hint whenever the server may serve other kinds than before. A watch that is
/// refused tries again by itself, since rights come, and a server that starts refuses everybody for a
/// moment; until then the group list is polled.
pub(super) async fn watch_for_kinds(shared: Arc<Shared>, watch: Option<Watch>, hints: mpsc::Sender<()>) {
    let mut poll = Poll { shared, known: None };
    let (sender, mut events) = mpsc::channel(64);
    let watching = async move {
        if let Some(watch) = watch {
            watch.run(sender).await;
        }
    };
    tokio::pin!(watching);
    let (mut watching_ended, mut events_ended, mut polling) = (false, false, false);
    loop {
        let mut refused = false;
        let changed = tokio::select! {
            event = events.recv(), if !events_ended => match event {
                // A list after an interruption may differ from the one before: its end is the hint.
                Some(WatchEvent::Synced | WatchEvent::Applied(_) | WatchEvent::Deleted { .. }) => {
                    polling = false;
                    true
                }
                Some(WatchEvent::Resumed) => {
                    polling = false;
                    false
                }
                Some(WatchEvent::Forbidden { .. }) => {
                    refused = true;
                    false
                }
                None => {
                    (events_ended, refused) = (true, true);
                    false
                }
                Some(_) => false,
            },
            () = &mut watching, if !watching_ended => {
                watching_ended = true;
                false
            }
            changed = poll.next(), if polling => changed,
        };
        if refused && !polling {
            info!("custom resource definitions cannot be watched: new kinds are looked for every {POLL:?}");
            polling = true;
        }
        if changed && hints.send(()).await.is_err() {
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
    /// Waits, asks, and returns whether the list may be another one than before.
    async fn next(&mut self) -> bool {
        let transport = &self.shared.transport;
        transport.server_clock().local().sleep(POLL).await;
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
