//! A sweep: every kind is listed, what is due is done, and then it is told what that was. On a daemon that runs
//! the lists are fresh ones; a sweep by itself is a daemon that begins nothing that falls due later, and ends.

mod part;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info};

use self::part::{Found, Part, Unlisted};
use super::answers::summary_of;
use super::{Server, Supervisor, named};
use crate::cluster::census::names;
use crate::cluster::clock::Clock;
use crate::cluster::discovery::DiscoveryError;
use crate::cluster::in_full;
use crate::daemon::Shared;
use crate::daemon::control::protocol::Summary;
use crate::daemon::namespaces::{named_in_full, resource};
use crate::daemon::timekeeper::learn_the_servers_clock;
use crate::report::tally::Tally;

impl Supervisor {
    /// Lists everything once, does what is due, and ends; with `wait` only when what was deleted is gone, or
    /// after so long. Later steps that fall due meanwhile are done too. Fails only where the server cannot be
    /// asked what it serves; told to end, it returns what was done until then.
    pub async fn sweep(mut self, server: &Server, wait: Option<Duration>) -> Result<Summary, DiscoveryError> {
        self.server = server.clone();
        self.one_pass = true;
        let shared = Arc::clone(&self.shared);
        let account = Account::open(&shared);
        let _learning = AbortOnDropHandle::new(tokio::spawn(learn_the_servers_clock(Arc::clone(&shared))));
        let found = tokio::select! {
            // Who is told to end says so, whatever becomes of what was under way.
            biased;
            () = shared.stop.cancelled() => Found::incomplete("it was told to end".to_owned()),
            found = self.pass(wait) => found?,
        };
        shared.stop.cancel();
        // Also what was sent last has its answer then.
        while self.controllers.join_next().await.is_some() {}
        Ok(account.close(found))
    }

    /// Client required.
    async fn pass(&mut self, wait: Option<Duration>) -> Result<Found, DiscoveryError> {
        self.rediscover().await?;
        self.tell_what_waits();
        self.go_into_namespaces().await;
        let mut found = self.shortcomings();
        found.extend(join_all(self.parts().into_iter().map(|part| part.run(wait))).await);
        Ok(found)
    }

    /// The same on a daemon that runs.
    pub(super) fn sweep_again(&mut self, wait: Option<Duration>) -> impl Future<Output = Summary> + use<> {
        let account = Account::open(&self.shared);
        let parts = self.parts();
        for part in &parts {
            let running = self.running.get(&part.place);
            if let Some((resource, rules)) =
                running.map(|running| (Arc::clone(&running.resource), running.rules.clone()))
            {
                // Whether the list is done, the part asks by itself: a reload may come in between.
                drop(self.replace(&part.place, resource, rules));
            }
        }
        let mut found = self.shortcomings();
        async move {
            found.extend(join_all(parts.into_iter().map(|part| part.run(wait))).await);
            account.close(found)
        }
    }

    /// One for each controller; not for those that ask in vain for a whole kind that is watched in namespaces.
    fn parts(&self) -> Vec<Part> {
        let spread: BTreeSet<&str> = self
            .running
            .keys()
            .filter(|place| place.namespace.is_some())
            .map(|place| place.kind.as_str())
            .collect();
        let counts = |kind: &str| !(self.refused.contains(kind) && spread.contains(kind));
        self.running
            .iter()
            .filter(|(place, _)| place.namespace.is_some() || counts(&place.kind))
            .map(|(place, running)| {
                let (resource, orders) = (Arc::clone(&running.resource), running.orders.clone());
                Part { shared: Arc::clone(&self.shared), place: place.clone(), resource, orders }
            })
            .collect()
    }

    /// Client required: kinds that may not be read in the whole cluster are listed in each namespace.
    async fn go_into_namespaces(&mut self) {
        let parts = self.parts();
        let listed = join_all(parts.iter().map(Part::listed)).await;
        let refused: BTreeSet<String> = parts
            .iter()
            .zip(listed)
            .filter(|(part, listed)| {
                part.resource.namespaced && matches!(listed, Err(Unlisted::Forbidden { .. }))
            })
            .map(|(part, _)| part.place.kind.clone())
            .collect();
        if refused.is_empty() {
            return;
        }
        let listed = match resource(&self.shared.catalogue()) {
            Some(resource) => names(&self.shared.transport, &resource).await,
            None => Ok(BTreeSet::new()),
        };
        self.namespaces = Some(listed.unwrap_or_else(|error| {
            debug!(
                reason = in_full(&error),
                "namespaces cannot be listed: those count that rules write in full"
            );
            named_in_full(&self.rules.rules, &self.shared.itself.reach)
        }));
        self.refused = refused;
        self.arrange();
    }

    /// Why the pass is not complete, as far as that is known before it begins.
    fn shortcomings(&self) -> Found {
        let refused = self.told.refused.iter().map(|refused| format!("{}: {}", refused.rule, refused.reason));
        let mut incomplete: Vec<String> = refused.collect();
        if !self.told.dormant.is_empty() || self.lacks_stores() {
            let failed = self.shared.catalogue().failed.clone();
            let told = |(group, reason)| format!("what the group {group} serves is not known: {reason}");
            incomplete.extend(failed.into_iter().map(told));
        }
        Found { incomplete, ..Found::default() }
    }

    fn tell_what_waits(&self) {
        for (kind, (_, rules)) in &self.told.watched {
            info!(kind, rules = named(rules), "this kind is listed");
        }
        for dormant in &self.told.dormant {
            let (kind, rule) = (&dormant.target, dormant.rule.to_string());
            info!(kind, rule, "the server does not serve this kind: the rule has nothing to do");
        }
    }
}

/// What had been done before, so that it can be told what was done since.
struct Account {
    shared: Arc<Shared>,
    since: Timestamp,
    before: Tally,
}

impl Account {
    fn open(shared: &Arc<Shared>) -> Self {
        let before = shared.with_tally(|tally| tally.clone());
        Self { since: clock(shared).now(), before, shared: Arc::clone(shared) }
    }

    fn close(self, found: Found) -> Summary {
        let counted = self.shared.with_tally(|tally| tally.since(&self.before));
        let Found { remaining, incomplete } = found;
        Summary { remaining, incomplete, ..summary_of(&counted, self.since, clock(&self.shared).now()) }
    }
}

fn clock(shared: &Shared) -> &Arc<dyn Clock> {
    shared.transport.server_clock().local()
}
