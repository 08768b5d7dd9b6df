//! Other rules for a kind that is watched already: their watch syncs beside the old one, whose tracker goes on
//! until then; what the rules that stay have come to is taken over, and no event is missed or acted on twice.
//! Rules that go are out of force at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::facts::Others;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{Origin, Tracker};
use k8s_healer_engine::unseen::UnseenPaths;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::feed::Feed;
use super::{Controller, facts_of, others_of};
use crate::cluster::resource::Resource;
use crate::cluster::watch::{Watch, WatchEvent};
use crate::daemon::control::protocol::Health;

/// Both watches read the same history, one a few milliseconds behind the other: the old one gets so long to
/// pass the new list, so that it knows all that happened before it.
pub(super) const CATCH_UP: Duration = Duration::from_millis(250);

/// Other rules for a controller.
pub struct Replacement {
    /// The new rules; those that stay are the same allocations as before.
    pub rules: Vec<Arc<Rule>>,
    /// What reads what they read.
    pub watch: Watch,
    /// Is told once they are in force; dropped where yet other ones came meanwhile.
    pub done: oneshot::Sender<()>,
}

impl std::fmt::Debug for Replacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replacement").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// The new rules with their tracker, until they are in force.
pub(super) struct Successor {
    resource: Arc<Resource>,
    tracker: Tracker,
    others: Others,
    watch: Watch,
    unseen: UnseenPaths,
    feed: Feed,
    done: oneshot::Sender<()>,
    /// When the list was complete, on the local clock.
    synced: Option<Timestamp>,
}

impl Successor {
    pub(super) fn tracker(&mut self) -> &mut Tracker {
        &mut self.tracker
    }

    /// When it can take over; nothing of its feed is read between its list and then.
    pub(super) fn ready_at(&self) -> Option<Timestamp> {
        self.synced.map(|synced| after(synced, CATCH_UP))
    }
}

/// The next event of a successor that is still listing.
pub(super) async fn next_of(successor: &mut Option<Successor>) -> Option<WatchEvent> {
    match successor {
        Some(Successor { feed, synced: None, .. }) => feed.next().await,
        _ => std::future::pending().await,
    }
}

impl Controller {
    /// Begins to list for the new rules. Rules that are not among them do nothing from here on.
    pub(super) fn replace(&mut self, replacement: Replacement) {
        let Replacement { rules, watch, done } = replacement;
        let staying: HashSet<*const Rule> = rules.iter().map(Arc::as_ptr).collect();
        let stays = |rule: &Arc<Rule>| staying.contains(&Arc::as_ptr(rule));
        if !self.tracker.rules().iter().all(stays) {
            self.tracker.retire(|rule| !stays(rule));
            // What was judged by them and is not sent yet is judged again.
            self.while_fresh.cancel();
            self.set_fresh(self.fresh);
        }
        self.successor = Some(Successor {
            resource: Arc::clone(&watch.resource),
            unseen: UnseenPaths::new(&rules),
            others: others_of(&rules),
            tracker: Tracker::new(rules).within(self.shared.itself.reach.clone()),
            feed: Feed::of(watch.clone()),
            watch,
            done,
            synced: None,
        });
    }

    /// An event of the successor's first list.
    pub(super) fn prepare(&mut self, event: Option<WatchEvent>) {
        let now = self.now();
        let local = self.shared.transport.server_clock().local().now();
        let Some(successor) = &mut self.successor else { return };
        let Successor { tracker, unseen, others, .. } = successor;
        match event {
            Some(WatchEvent::ListStarted) => {
                tracker.list_started();
                unseen.list_started();
            }
            Some(WatchEvent::Listed(object)) => {
                unseen.observe(tracker.rules(), &object, true, now.earliest);
                let facts = facts_of(&self.shared, tracker, &object, others);
                tracker.observe_with(&object, &facts, Origin::Listed, now);
            }
            Some(WatchEvent::Synced) => {
                tracker.list_completed();
                successor.synced = Some(local);
            }
            Some(WatchEvent::Applied(object)) => {
                unseen.observe(tracker.rules(), &object, false, now.earliest);
                let facts = facts_of(&self.shared, tracker, &object, others);
                tracker.observe_with(&object, &facts, Origin::Event, now);
            }
            Some(WatchEvent::Deleted { namespace, name, uid }) => {
                let key = tracker.key(namespace.as_deref(), &name);
                tracker.gone(&key, &uid);
            }
            Some(WatchEvent::Interrupted { reason } | WatchEvent::Forbidden { reason }) => {
                warn!(kind = %self.resource, reason, "the new rules wait for their first list; those that stay go on");
            }
            Some(WatchEvent::Undecodable { reason }) => self.undecodable(&reason, now.earliest),
            Some(WatchEvent::Resumed) => {}
            // The old watch tells what that means for the kind.
            Some(WatchEvent::Absent) | None => self.successor = None,
        }
    }

    /// Whether nothing new may begin, so that the successor can take over.
    pub(super) fn is_succession_near(&self) -> bool {
        let now = self.shared.transport.server_clock().local().now();
        self.successor.as_ref().and_then(Successor::ready_at).is_some_and(|ready| ready <= now)
    }

    /// The successor takes over as soon as it is ready and nothing is under way.
    pub(super) fn succeed(&mut self) {
        if !self.is_succession_near() || !self.is_idle() || self.inheritance.is_awaited() {
            return;
        }
        let Some(successor) = self.successor.take() else { return };
        let Successor { resource, mut tracker, unseen, others, watch, feed, done, .. } = successor;
        // Before its own first list the old one knows nothing, and after an interruption too little.
        if self.wellbeing.health != Health::Listing {
            tracker.adopt([&self.tracker]);
        }
        // From here on it counts, and the old one does not.
        tracker.it_is(self.now().earliest);
        tracker.count_in(&self.shared.ledger);
        (self.resource, self.tracker, self.unseen, self.feed) = (resource, tracker, unseen, feed);
        (self.others, self.watch, self.absent_since) = (others, watch, None);
        self.follow();
        debug!(kind = %self.resource, objects = self.tracker.len(), "the new rules are in force");
        if let Some(first_list) = self.first_list.take() {
            // Nobody waits any more where the summary was printed without this kind.
            drop(first_list.send(self.census()));
        }
        // The reload may have been answered before.
        done.send(()).ok();
        self.tell_unseen();
    }
}
