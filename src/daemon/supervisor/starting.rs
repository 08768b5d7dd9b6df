//! Who watches a kind: a controller for it, the watch that it reads, other rules for one that runs, and what follows the
//! objects that rules ask about.

use std::sync::Arc;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::{Place, Running, Supervisor};
use crate::cluster::resource::Resource;
use crate::cluster::watch::{StreamingLists, Watch};
use crate::daemon::Shared;
use crate::daemon::controller::{Beginning, Census, Controller, Order, Replacement, projection_of};
use crate::daemon::facts::keeping::keep;
use crate::daemon::namespaces::{self, NamespaceEvent};

impl Supervisor {
    /// Has followed what the rules that are in force ask of other objects.
    pub(super) fn ask_for_facts(&mut self) {
        let mut others = Others::default();
        for (_, rules) in self.told.watched.values() {
            rules.iter().for_each(|rule| rule.reads_of_others(&mut others));
        }
        if let Some((asked, _)) = &self.facts {
            asked.send_replace(others);
        } else if !others.is_nothing() {
            let (shared, streaming) = (Arc::clone(&self.shared), Arc::clone(&self.streaming));
            let watch_of =
                move |resource, projection| watch_of(&shared, &streaming, resource, None, projection);
            let (asked, receiver) = watch::channel(others);
            let keeping = keep(Arc::clone(&self.shared), Box::new(watch_of), receiver);
            self.facts = Some((asked, AbortOnDropHandle::new(tokio::spawn(keeping))));
        }
    }

    pub(super) fn start(
        &mut self,
        place: Place,
        resource: Arc<Resource>,
        rules: Vec<Arc<Rule>>,
    ) -> oneshot::Receiver<Census> {
        let (first_list, receiver) = oneshot::channel();
        let (orders, order_receiver) = mpsc::unbounded_channel();
        let watch =
            self.watch(Arc::clone(&resource), place.namespace.clone(), Arc::new(projection_of(&rules)));
        let stop = self.shared.stop.child_token();
        self.started += 1;
        let number = self.started;
        let controller = Controller::new(Beginning {
            shared: Arc::clone(&self.shared),
            watch,
            rules: rules.clone(),
            first_list,
            orders: order_receiver,
            reports: self.reports.0.clone(),
            place: place.clone(),
            number,
            one_pass: self.one_pass,
            stop: stop.clone(),
        });
        let place_of = place.clone();
        self.controllers.spawn(async move { (place_of, number, controller.run().await) });
        self.running.insert(place, Running { resource, rules, number, orders, stop });
        receiver
    }

    /// Gives a controller other rules, or another version of its kind. The result is told once they are in
    /// force.
    pub(super) fn replace(
        &mut self,
        place: &Place,
        resource: Arc<Resource>,
        rules: Vec<Arc<Rule>>,
    ) -> Option<oneshot::Receiver<()>> {
        let projection = Arc::new(projection_of(&rules));
        let watch = self.watch(Arc::clone(&resource), place.namespace.clone(), projection);
        let running = self.running.get_mut(place)?;
        running.resource = resource;
        running.rules.clone_from(&rules);
        let (done, receiver) = oneshot::channel();
        let order = Order::Replace(Box::new(Replacement { rules, watch, done }));
        // One that is ending tells so by itself.
        running.orders.send(order).ok().map(|()| receiver)
    }

    pub(super) fn watch(
        &self,
        resource: Arc<Resource>,
        namespace: Option<String>,
        projection: Arc<Projection>,
    ) -> Watch {
        watch_of(&self.shared, &self.streaming, resource, namespace, projection)
    }

    /// Client required.
    pub(super) fn follow_namespaces(
        &self,
        events: mpsc::Sender<NamespaceEvent>,
    ) -> impl Future<Output = ()> + use<> {
        let watch = namespaces::resource(&self.shared.catalogue())
            .map(|resource| self.watch(resource, None, namespaces::projection()));
        let (named, interval) = (self.named.subscribe(), self.namespace_poll);
        async move {
            if let Some(watch) = watch {
                namespaces::follow_namespaces(watch, named, interval, events).await;
            }
        }
    }
}

fn watch_of(
    shared: &Shared,
    streaming: &Arc<StreamingLists>,
    resource: Arc<Resource>,
    namespace: Option<String>,
    projection: Arc<Projection>,
) -> Watch {
    Watch {
        transport: shared.transport.clone(),
        resource,
        namespace,
        name: None,
        projection,
        timings: shared.timings,
        random: Arc::clone(&shared.random),
        list_permits: Arc::clone(&shared.list_permits),
        streaming: Arc::clone(streaming),
    }
}
