//! Follows what rules ask of other objects: namespaces and nodes as far as rules read them, and of kinds that own
//! something their uids alone. A kind is followed from when something is found that is owned by one of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::projection::Projection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

use super::Source;
use crate::cluster::resource::Resource;
use crate::cluster::watch::{Watch, WatchEvent};
use crate::daemon::Shared;

/// Makes the watch of a kind in the whole cluster.
pub(in crate::daemon) type WatchOf = Box<dyn Fn(Arc<Resource>, Arc<Projection>) -> Watch + Send>;

/// A kind that was not served is asked for again after this, while discovery has it.
const AGAIN: Duration = Duration::from_secs(30);
/// Events between a watch and what is known.
const EVENTS: usize = 64;

/// Client required: follows what is asked until nobody asks any more. `asked` is told anew whenever the server may
/// serve other kinds than before.
pub(in crate::daemon) async fn keep(
    shared: Arc<Shared>,
    watch_of: WatchOf,
    mut asked: watch::Receiver<Others>,
) {
    let mut followed: BTreeMap<Source, Followed> = BTreeMap::new();
    loop {
        let others = asked.borrow_and_update().clone();
        let wanted = sources(&shared, &others);
        followed.retain(|source, _| {
            let stays = wanted.contains_key(source);
            if !stays {
                shared.facts.forget(source);
            }
            stays
        });
        for (source, projection) in wanted {
            let resource = resource(&shared, &source);
            let is_of = |known: &Followed| known.is_of(resource.as_ref(), &projection);
            if followed.get(&source).is_some_and(|known| is_of(known) && !known.ended.is_cancelled()) {
                continue;
            }
            // What was known may lack what is read now.
            if followed.remove(&source).is_some() {
                shared.facts.interrupt(&source);
            }
            match resource {
                Some(resource) => {
                    let watch = watch_of(Arc::clone(&resource), Arc::clone(&projection));
                    let ended = CancellationToken::new();
                    let following = follow(Arc::clone(&shared), source.clone(), watch, ended.clone());
                    let task = AbortOnDropHandle::new(tokio::spawn(following));
                    followed.insert(source, Followed { resource, projection, ended, _task: task });
                }
                None => shared.facts.give_up(&source),
            }
        }
        tokio::select! {
            changed = asked.changed() => if changed.is_err() { return },
            () = shared.facts.want.notified() => {}
        }
    }
}

struct Followed {
    resource: Arc<Resource>,
    projection: Arc<Projection>,
    /// The server did not serve the kind for a moment.
    ended: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Followed {
    fn is_of(&self, resource: Option<&Arc<Resource>>, projection: &Projection) -> bool {
        resource == Some(&self.resource) && *self.projection == *projection
    }
}

/// What is to be followed, and what is read of it.
fn sources(shared: &Shared, others: &Others) -> BTreeMap<Source, Arc<Projection>> {
    let with_identity = |projection: &Projection| {
        let mut read = Projection::of_identity();
        read.merge(projection);
        Arc::new(read)
    };
    let mut sources = BTreeMap::new();
    sources.extend(others.namespaces.as_ref().map(|read| (Source::Namespaces, with_identity(read))));
    sources.extend(others.nodes.as_ref().map(|read| (Source::Nodes, with_identity(read))));
    if others.owners {
        let uids = Arc::new(Projection::of_identity());
        sources.extend(shared.facts.wanted().into_iter().map(|source| (source, Arc::clone(&uids))));
    }
    sources
}

fn resource(shared: &Shared, source: &Source) -> Option<Arc<Resource>> {
    let catalogue = shared.catalogue();
    let found = match source {
        Source::Namespaces => catalogue.of_kind("", "v1", "Namespace"),
        Source::Nodes => catalogue.of_kind("", "v1", "Node"),
        Source::Owners { group, kind } => {
            catalogue.resources.iter().find(|known| known.group == *group && known.kind == *kind).cloned()
        }
    };
    found.filter(|resource| resource.allows("list") && resource.allows("watch"))
}

async fn follow(shared: Arc<Shared>, source: Source, watch: Watch, ended: CancellationToken) {
    let kind = watch.resource.name();
    let (sender, mut events) = tokio::sync::mpsc::channel(EVENTS);
    let _watching = AbortOnDropHandle::new(tokio::spawn(watch.run(sender)));
    let mut refused = false;
    while let Some(event) = events.recv().await {
        match &event {
            WatchEvent::Forbidden { reason } if !refused => {
                refused = true;
                let unknown = "watching is not permitted: what rules ask of these objects is unknown";
                warn!(kind, reason, "{unknown}");
            }
            WatchEvent::Synced if refused => {
                refused = false;
                info!(kind, "watching is permitted now: what rules ask of these objects is known");
            }
            WatchEvent::Synced => debug!(kind, "what rules ask of these objects is known"),
            WatchEvent::Interrupted { reason } => {
                debug!(
                    kind,
                    reason, "what rules ask of these objects is unknown until the watch follows again"
                );
            }
            _ => {}
        }
        shared.facts.take(&source, event);
    }
    // The server does not serve the kind any more; or it has just started.
    shared.facts.give_up(&source);
    let clock = Arc::clone(shared.transport.server_clock().local());
    clock.sleep(AGAIN).await;
    ended.cancel();
    shared.facts.want.notify_one();
}
