//! Which namespaces there are, as they come and go: by a watch on their metadata; where that is refused, by a
//! list at an interval; and where that is refused too, those that the rules name in full. It goes back to the
//! better way as soon as it is permitted. Of rules it knows no more than these names.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::guard::Reach;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::{Rule, Scope};
use tokio::sync::{mpsc, watch};
use tracing::{debug, info};

use super::watch_or_poll::{Next, Polling, WatchOrPoll};
use crate::cluster::census::names;
use crate::cluster::discovery::Catalogue;
use crate::cluster::in_full;
use crate::cluster::read::ReadError;
use crate::cluster::resource::Resource;
use crate::cluster::watch::{Watch, WatchEvent};

/// Where namespaces can be listed and not watched: `--namespace-poll-interval`.
pub const POLL: Duration = Duration::from_secs(5);

/// What is told of namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceEvent {
    /// These are there; told once, before any other change.
    Known(BTreeSet<Arc<str>>),
    /// One more.
    Joined(Arc<str>),
    /// One less.
    Left(Arc<str>),
    /// They can be neither watched nor listed. What was known stays, with the names that rules write in full.
    Unreadable {
        /// What the server says.
        reason: String,
    },
}

/// The resource that namespaces are, which every server serves.
#[must_use]
pub fn resource(catalogue: &Catalogue) -> Option<Arc<Resource>> {
    catalogue.of_kind("", "v1", "Namespace")
}

/// What of a namespace is read.
#[must_use]
pub fn projection() -> Arc<Projection> {
    Arc::new(Projection::of_identity())
}

/// Client required: tells which namespaces there are until nobody takes the events any more. `watch` is one of
/// all namespaces; `named` are those that rules write in full.
pub async fn follow_namespaces(
    watch: Watch,
    mut named: watch::Receiver<BTreeSet<Arc<str>>>,
    interval: Duration,
    events: mpsc::Sender<NamespaceEvent>,
) {
    let (transport, resource) = (watch.transport.clone(), Arc::clone(&watch.resource));
    let clock = Arc::clone(transport.server_clock().local());
    let mut watching = WatchOrPoll::new(Some(watch), clock, Polling { first: Duration::ZERO, interval });
    let mut told = Told { events: events.clone(), told: None };
    let mut seen = Seen::default();
    let mut named_ended = false;
    loop {
        let next = tokio::select! {
            () = events.closed() => return,
            changed = named.changed(), if !named_ended => {
                named_ended = changed.is_err();
                None
            }
            next = watching.next() => Some(next),
        };
        let changed = match next {
            None => true,
            Some(Next::Told(event)) => seen.take(event),
            Some(Next::Refused { reason }) => {
                info!(reason, "namespaces cannot be watched: they are listed every {interval:?} instead");
                false
            }
            Some(Next::Permitted) => {
                info!("namespaces can be watched again");
                false
            }
            Some(Next::PollDue) => match names(&transport, &resource).await {
                Ok(names) => {
                    seen.all(names);
                    true
                }
                Err(error @ ReadError::Forbidden { .. }) => {
                    let reason = in_full(&error);
                    let is_new = !std::mem::replace(&mut seen.unreadable, true);
                    if is_new && events.send(NamespaceEvent::Unreadable { reason }).await.is_err() {
                        return;
                    }
                    true
                }
                Err(error) => {
                    debug!(reason = in_full(&error), "namespaces could not be listed; trying again");
                    false
                }
            },
        };
        if !changed {
            continue;
        }
        let Some(mut now) = seen.known() else { continue };
        if seen.unreadable {
            now.extend(named.borrow_and_update().iter().cloned());
        }
        if told.tell(now).await.is_err() {
            return;
        }
    }
}

/// What the server has told of namespaces.
#[derive(Default)]
struct Seen {
    /// `None`: nothing yet.
    names: Option<BTreeSet<Arc<str>>>,
    /// A list that is not complete yet.
    listing: BTreeSet<Arc<str>>,
    /// Some of the list could not be read: what is not in it need not be gone.
    incomplete: bool,
    /// Neither watched nor listed.
    unreadable: bool,
}

impl Seen {
    /// Takes in what the watch tells; whether the names may be others now.
    fn take(&mut self, event: WatchEvent) -> bool {
        match event {
            WatchEvent::ListStarted => {
                self.listing.clear();
                self.incomplete = false;
            }
            WatchEvent::Listed(namespace) => {
                self.listing.insert(namespace.name().into());
            }
            WatchEvent::Synced => {
                let mut listed = std::mem::take(&mut self.listing);
                if self.incomplete {
                    listed.extend(self.names.take().unwrap_or_default());
                }
                self.all(listed);
                return true;
            }
            WatchEvent::Applied(namespace) => {
                let was_unreadable = std::mem::take(&mut self.unreadable);
                let names = self.names.as_mut();
                return names.is_some_and(|names| names.insert(namespace.name().into())) || was_unreadable;
            }
            WatchEvent::Deleted { name, .. } => {
                self.listing.remove(&*name);
                return self.names.as_mut().is_some_and(|names| names.remove(&*name));
            }
            WatchEvent::Undecodable { reason } => {
                self.incomplete = true;
                debug!(reason, "a namespace cannot be read");
            }
            WatchEvent::Resumed => return std::mem::take(&mut self.unreadable),
            WatchEvent::Interrupted { .. } | WatchEvent::Absent | WatchEvent::Forbidden { .. } => {}
        }
        false
    }

    fn all(&mut self, names: BTreeSet<Arc<str>>) {
        (self.names, self.unreadable) = (Some(names), false);
    }

    /// `None`: it is not known what there is, nor that it cannot be.
    fn known(&self) -> Option<BTreeSet<Arc<str>>> {
        self.names.clone().or_else(|| self.unreadable.then(BTreeSet::new))
    }
}

/// What was told of it.
struct Told {
    events: mpsc::Sender<NamespaceEvent>,
    told: Option<BTreeSet<Arc<str>>>,
}

impl Told {
    async fn tell(&mut self, now: BTreeSet<Arc<str>>) -> Result<(), mpsc::error::SendError<NamespaceEvent>> {
        let Some(before) = self.told.replace(now.clone()) else {
            return self.events.send(NamespaceEvent::Known(now)).await;
        };
        for left in before.difference(&now) {
            self.events.send(NamespaceEvent::Left(Arc::clone(left))).await?;
        }
        for joined in now.difference(&before) {
            self.events.send(NamespaceEvent::Joined(Arc::clone(joined))).await?;
        }
        Ok(())
    }
}

/// The namespaces of those known that a scope selects, less those that are out of reach for all rules. A scope of
/// the whole cluster selects all others.
pub fn selected<'a>(
    scope: &Scope,
    reach: &Reach,
    known: impl IntoIterator<Item = &'a Arc<str>>,
) -> BTreeSet<Arc<str>> {
    known.into_iter().filter(|name| scope.selects(Some(name)) && !reach.leaves_out(name)).cloned().collect()
}

/// The namespaces that rules write in full, less those that are out of reach for all rules: all that is known where
/// namespaces cannot be read.
pub fn named_in_full<'a>(
    rules: impl IntoIterator<Item = &'a Arc<Rule>>,
    reach: &Reach,
) -> BTreeSet<Arc<str>> {
    let in_full = |scope: &Scope| -> BTreeSet<Arc<str>> {
        let Scope::Namespaces(globs) = scope else { return BTreeSet::new() };
        let written: Vec<Arc<str>> =
            globs.sources().into_iter().filter(|source| globs.spells_out(source)).map(Arc::from).collect();
        selected(scope, reach, &written)
    };
    rules.into_iter().flat_map(|rule| in_full(&rule.scope)).collect()
}

#[cfg(test)]
#[path = "namespaces_tests.rs"]
mod tests;
