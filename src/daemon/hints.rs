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

/// Client required: sends a hint whenever the server may serve other kinds than before.
pub(super) async fn watch_for_kinds(shared: Arc<Shared>, watch: Option<Watch>, hints: mpsc::Sender<()>) {
    if let Some(watch) = watch
        && !follow(watch, &hints).await
    {
        return;
    }
    info!("custom resource definitions cannot be watched: new kinds are looked for every {POLL:?}");
    poll(&shared, &hints).await;
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

/// Returns whether the watch is not permitted or not served, so that polling takes its place.
async fn follow(watch: Watch, hints: &mpsc::Sender<()>) -> bool {
    let (sender, mut events) = mpsc::channel(64);
    let watching = watch.run(sender);
    tokio::pin!(watching);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut watching => events.recv().await,
        };
        let changed = match event {
            None | Some(WatchEvent::Absent | WatchEvent::Forbidden { .. }) => return true,
            // A list after an interruption may differ from the one before: its end is the hint.
            Some(WatchEvent::Synced | WatchEvent::Applied(_) | WatchEvent::Deleted { .. }) => true,
            Some(_) => false,
        };
        if changed && hints.send(()).await.is_err() {
            return false;
        }
    }
}

async fn poll(shared: &Shared, hints: &mpsc::Sender<()>) {
    let mut known: Option<String> = None;
    loop {
        shared.transport.server_clock().local().sleep(POLL).await;
        let mut request = Request::get("/apis").header(
            header::ACCEPT,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
        );
        if let Some(etag) = &known {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let Ok(request) = request.body(Vec::new()) else { return };
        let Ok(response) = shared.transport.stream(request).await else { continue };
        if response.status() != StatusCode::OK {
            continue;
        }
        let etag =
            response.headers().get(header::ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // A server without ETags is asked again each time; discovery then finds nothing new.
        let changed = etag.is_none() || etag != known;
        known = etag;
        if changed && hints.send(()).await.is_err() {
            return;
        }
    }
}
