//! A sweep: every kind is listed, what is due is done, and then it is told what that was. On a daemon that runs
//! the lists are fresh ones; a sweep by itself is a daemon that ends when it is done.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::answers::summary_of;
use super::{Place, Places, Server, Supervisor};
use crate::cluster::clock::Clock;
use crate::cluster::discovery::DiscoveryError;
use crate::daemon::Shared;
use crate::daemon::control::protocol::Summary;
use crate::daemon::controller::{Order, Settled};
use crate::daemon::summary::{tell_left_out, tell_protections, tell_server};
use crate::daemon::timekeeper::learn_the_servers_clock;
use crate::report::tally::Tally;

/// A kind that cannot be listed within this is left out, and told.
const LIST: Duration = Duration::from_secs(60);
/// What is due is done within this: a few thousand steps at the daemon's pace.
const DONE: Duration = Duration::from_secs(600);
/// Between two looks at what is still there.
const LOOK: Duration = Duration::from_millis(500);

impl Supervisor {
    /// Lists everything once, does what is due, and ends; with `wait` only when what was deleted is gone, or
    /// after so long. Later steps that fall due meanwhile are done too.
    pub async fn sweep(mut self, server: &Server, wait: Option<Duration>) -> Result<Summary, DiscoveryError> {
        self.server = server.clone();
        tell_server(server, &self.shared.mode.to_string(), self.rules.rules.len());
        tell_protections(&self.shared.itself);
        let Places { first_lists, .. } = self.rediscover().await?;
        tell_left_out(&self.told);
        let lists =
            first_lists.into_iter().map(|(place, list)| (place, list.map(|list| list.is_ok()).boxed()));
        let sweep = self.sweep_of(lists.collect(), wait);
        let stop = self.shared.stop.clone();
        let mut summary = tokio::select! {
            summary = sweep.run() => summary,
            () = learn_the_servers_clock(Arc::clone(&self.shared)) => Summary::default(),
            () = stop.cancelled() => {
                Summary { incomplete: vec!["it was told to end".to_owned()], ..Summary::default() }
            }
        };
        let refused = self.told.refused.iter().map(|refused| format!("{}: {}", refused.rule, refused.reason));
        summary.incomplete.extend(refused);
        stop.cancel();
        while self.controllers.join_next().await.is_some() {}
        Ok(summary)
    }

    /// The same on a daemon that runs.
    pub(super) fn sweep_again(&mut self, wait: Option<Duration>) -> impl Future<Output = Summary> + use<> {
        let running = self.running.iter();
        let places: Vec<_> = running
            .map(|(place, running)| (place.clone(), Arc::clone(&running.resource), running.rules.clone()))
            .collect();
        let mut lists = Vec::new();
        for (place, resource, rules) in places {
            if let Some(listed) = self.replace(&place, resource, rules) {
                lists.push((place, listed.map(|listed| listed.is_ok()).boxed()));
            }
        }
        self.sweep_of(lists, wait).run()
    }

    fn sweep_of(&self, lists: Vec<(Place, BoxFuture<'static, bool>)>, wait: Option<Duration>) -> Sweep {
        let parts = lists.into_iter().filter_map(|(place, listed)| {
            let orders = self.running.get(&place)?.orders.clone();
            Some(Part { place, listed, orders })
        });
        Sweep {
            parts: parts.collect(),
            wait,
            clock: Arc::clone(self.shared.transport.server_clock().local()),
            before: self.shared.with_tally(|tally| tally.clone()),
            shared: Arc::clone(&self.shared),
        }
    }
}

struct Sweep {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    parts: Vec<Part>,
    wait: Option<Duration>,
    before: Tally,
}

/// One controller's part in a sweep.
struct Part {
    place: Place,
    /// Whether the list came to its end.
    listed: BoxFuture<'static, bool>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Sweep {
    async fn run(self) -> Summary {
        let Self { shared, clock, parts, wait, before } = self;
        let since = clock.now();
        let ended = join_all(parts.into_iter().map(|part| part.run(&*clock, wait))).await;
        let counted = shared.with_tally(|tally| tally.since(&before));
        let mut summary = summary_of(&counted, since, clock.now());
        for Settled { incomplete, leaving } in ended {
            summary.incomplete.extend(incomplete);
            summary
                .remaining
                .extend(leaving.into_iter().map(|object| (object, "its deletion was asked for".to_owned())));
        }
        summary
    }
}

impl Part {
    async fn run(self, clock: &dyn Clock, wait: Option<Duration>) -> Settled {
        let Self { place, listed, orders } = self;
        let incomplete = |reason: &str| {
            let namespace = place.namespace.as_ref().map(|namespace| format!(" in {namespace}"));
            let reason = format!("{}{}: {reason}", place.kind, namespace.unwrap_or_default());
            Settled { incomplete: Some(reason), leaving: Vec::new() }
        };
        let is_listed = tokio::select! {
            // A kind that may not be read is told at once.
            settled = settle(&orders, false) => match settled {
                Some(Settled { incomplete: Some(reason), .. }) => return incomplete(&reason),
                _ => true,
            },
            listed = listed => listed,
            () = clock.sleep(LIST) => false,
        };
        if !is_listed {
            return incomplete("it cannot be listed");
        }
        let deadline: Timestamp = k8s_healer_engine::moment::after(clock.now(), wait.unwrap_or_default());
        loop {
            let settled = tokio::select! {
                settled = settle(&orders, true) => settled,
                () = clock.sleep(DONE) => return incomplete("what is due is not done yet"),
            };
            match settled {
                None => return incomplete("the server does not serve it any more"),
                Some(Settled { incomplete: Some(reason), .. }) => return incomplete(&reason),
                Some(settled) if settled.leaving.is_empty() || clock.now() >= deadline => return settled,
                Some(_) => clock.sleep(LOOK).await,
            }
        }
    }
}

/// Waits until a controller has done everything that is due, or may not read.
async fn settle(orders: &mpsc::UnboundedSender<Order>, ends: bool) -> Option<Settled> {
    let (sender, settled) = oneshot::channel();
    let asked = orders.send(Order::Settle(sender)).is_ok();
    match settled.await {
        Ok(settled) if asked => Some(settled),
        // The controller has ended.
        _ if ends => None,
        _ => std::future::pending().await,
    }
}
