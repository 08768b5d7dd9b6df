//! What a controller does with what its watch tells.

use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::Origin;
use k8s_healer_engine::unseen::NeverSeen;
use tracing::{debug, info, warn};

use super::{Controller, facts_of};
use crate::cluster::watch::WatchEvent;
use crate::daemon::control::protocol::Health;
use crate::daemon::summary;

/// Objects that cannot be read are told of this often.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

impl Controller {
    pub(super) fn take_in(&mut self, event: WatchEvent) {
        let now = self.now();
        self.tracker.it_is(now.earliest);
        match event {
            WatchEvent::ListStarted => {
                self.set_fresh(false);
                self.tracker.set_forbidden(false);
                self.tracker.list_started();
                self.unseen.list_started();
            }
            WatchEvent::Listed(object) => {
                self.unseen.observe(self.tracker.rules(), &object, true, now.earliest);
                let facts = facts_of(&self.shared, &mut self.tracker, &object, &self.others);
                self.tracker.observe_with(&object, &facts, Origin::Listed, now);
            }
            WatchEvent::Synced => {
                self.tracker.list_completed();
                self.follow();
                debug!(kind = %self.resource, objects = self.tracker.len(), "listed");
                if let Some(first_list) = self.first_list.take() {
                    if self.one_pass {
                        self.tracker.begin_nothing_after(now.latest);
                    }
                    // Nobody waits any more where the summary was printed without this kind.
                    drop(first_list.send(self.census()));
                }
                self.tell_unseen();
            }
            WatchEvent::Applied(object) => {
                self.unseen.observe(self.tracker.rules(), &object, false, now.earliest);
                let facts = facts_of(&self.shared, &mut self.tracker, &object, &self.others);
                if self.tracker.observe_with(&object, &facts, Origin::Event, now) {
                    self.tell_creation(&object, now.earliest);
                    let concerned = self.unseen.is_concerned(self.tracker.rules(), object.namespace());
                    if concerned {
                        self.tell_unseen();
                    }
                }
            }
            WatchEvent::Deleted { namespace, name, uid } => {
                let key = self.tracker.key(namespace.as_deref(), &name);
                self.tracker.gone(&key, &uid);
            }
            WatchEvent::Interrupted { reason } => {
                self.set_fresh(false);
                self.fares(Health::Interrupted, Some(reason.clone()));
                info!(kind = %self.resource, reason, "the watch was interrupted; nothing is done until it follows again");
            }
            WatchEvent::Resumed => {
                self.follow();
                info!(kind = %self.resource, "the watch follows again");
            }
            WatchEvent::Forbidden { reason } => {
                self.set_fresh(false);
                self.tracker.set_forbidden(true);
                self.expect_inheritance();
                self.fares(Health::Forbidden, Some(reason.clone()));
                if let Some(first_list) = self.first_list.take_if(|_| !self.one_pass) {
                    // It may come late, or never: nobody waits for it.
                    drop(first_list.send(self.census()));
                }
                warn!(kind = %self.resource, reason, "watching is not permitted; its rules wait");
            }
            WatchEvent::Undecodable { reason } => self.undecodable(&reason, now.earliest),
            WatchEvent::Absent => {
                self.set_fresh(false);
                self.absent_since = Some(self.shared.transport.server_clock().local().now());
                self.fares(Health::Interrupted, Some("the server does not serve it any more".to_owned()));
            }
        }
    }

    /// A server may send a thousand such objects a second: a line a minute says how many there were.
    pub(super) fn undecodable(&mut self, reason: &str, now: Timestamp) {
        let (told, untold) = &mut self.left_out;
        if told.is_some_and(|told| now < after(told, TOLD_AGAIN)) {
            *untold += 1;
            return;
        }
        let more = std::mem::take(untold);
        *told = Some(now);
        let others = if more > 0 { format!(" (and {more} others)") } else { String::new() };
        warn!(kind = %self.resource, reason, "an object cannot be read; it is left out{others}");
    }

    /// While the watch does not follow the server, it is not known which objects there are.
    pub(super) fn tell_unseen(&mut self) {
        if !self.fresh {
            return;
        }
        let now = self.shared.transport.server_clock().earliest();
        let (rules, selected) = (self.tracker.rules(), |rule| self.tracker.selected_by(rule));
        for NeverSeen { rule, paths, objects } in self.unseen.take(rules, now, selected) {
            let rule = rules[rule].id.to_string();
            summary::tell_never_seen(&self.resource.name(), &rule, &paths, objects);
        }
    }

    fn tell_creation(&mut self, object: &Observation, now: Timestamp) {
        if !self.creations.has_line(&self.resource, now) {
            return;
        }
        let mut rules = self.tracker.rules().iter();
        let selecting = rules.find_map(|rule| Some((rule, rule.scope.selecting(object.namespace())?)));
        let (rule, pattern) = selecting.map(|(rule, pattern)| (rule.id.to_string(), pattern)).unzip();
        let (rule, pattern) = (rule.unwrap_or_default(), pattern.unwrap_or_default());
        let object = self.resource.object_name(object.namespace(), object.name());
        info!(object, rule, pattern, "new object {object}");
    }
}
