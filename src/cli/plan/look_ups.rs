//! What a plan lacks, looked up on the cluster: namespaces, nodes, controllers and owners, and the PodDisruptionBudgets
//! that evictions ask. Each is read once; where many of a kind are asked for, they are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use k8s_healer_engine::facts::Others;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;

use super::live::world_kind;
use crate::cluster::backoff::BackOff;
use crate::cluster::clock::Random;
use crate::cluster::discovery::Catalogue;
use crate::cluster::in_full;
use crate::cluster::listing::{ListError, Listing, list_all};
use crate::cluster::read::{ReadError, read_metadata, read_object};
use crate::cluster::resource::Resource;
use crate::cluster::transport::Transport;
use crate::simulation::gathering::projection_of;
use crate::simulation::knowledge::{Missing, Named};
use crate::simulation::world::World;

/// More of one kind are listed: as the daemon, for which one list takes the place of as many reads.
const MOST_READS: usize = 50;
/// Reads under way at once.
const AT_ONCE: usize = 8;
/// What may be answered the next time is asked so often.
const TRIES: usize = 4;
/// Between these.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A server that asks for a longer pause is not waited for.
const LONGEST_ASKED: Duration = Duration::from_secs(15);
/// Once so many had no answer, the others are asked once.
const MOST_LOST: usize = 3;

/// Look-ups, and what was looked up so far.
pub(super) struct LookUps<'a> {
    transport: &'a Transport,
    catalogue: &'a Catalogue,
    random: &'a Arc<dyn Random>,
    others: &'a Others,
    asked: BTreeSet<Missing>,
    /// Why budgets are not known.
    without_budgets: BTreeMap<String, String>,
    /// What went wrong, with what it was first, and of how much else.
    failures: BTreeMap<String, (String, usize)>,
}

impl<'a> LookUps<'a> {
    pub(super) fn new(
        transport: &'a Transport,
        catalogue: &'a Catalogue,
        random: &'a Arc<dyn Random>,
        others: &'a Others,
    ) -> Self {
        Self {
            transport,
            catalogue,
            random,
            others,
            asked: BTreeSet::new(),
            without_budgets: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Client required: looks up what was not looked up yet; whether there was anything.
    pub(super) async fn look_up(&mut self, missing: &BTreeSet<Missing>, world: &mut World) -> bool {
        let new: Vec<Missing> = missing.difference(&self.asked).cloned().collect();
        self.asked.extend(new.iter().cloned());
        let mut objects: BTreeMap<String, (Arc<Resource>, Vec<Named>)> = BTreeMap::new();
        let mut namespaces = Vec::new();
        for one in &new {
            match one {
                Missing::Budgets { namespace } => namespaces.push(namespace.clone()),
                Missing::Object(named) => {
                    match self.catalogue.of_kind(&named.group, &named.version, &named.kind) {
                        Some(resource) => {
                            let of_kind = objects.entry(resource.name());
                            of_kind.or_insert_with(|| (resource, Vec::new())).1.push(named.clone());
                        }
                        None => {
                            self.note_unknown_group(named);
                            world.is_unreadable(one.clone(), "the server does not serve its kind".to_owned());
                        }
                    }
                }
            }
        }
        for (resource, named) in objects.into_values() {
            self.objects(&resource, named, world).await;
        }
        self.budgets(namespaces, world).await;
        !new.is_empty()
    }

    /// What could not be looked up, and does not hold anything back.
    pub(super) fn notes(&self) -> Vec<String> {
        let told = |(reason, namespace): (&String, &String)| {
            format!(
                "whether a PodDisruptionBudget refuses an eviction is not known, in {namespace} first: {reason}"
            )
        };
        self.without_budgets.iter().map(told).collect()
    }

    /// What went wrong, and may be otherwise the next time: the plan is not complete.
    pub(super) fn failures(&self) -> Vec<String> {
        let told = |(reason, (first, others)): (&String, &(String, usize))| match others {
            0 => format!("{first} could not be looked up: {reason}"),
            others => format!("{first} and {others} more could not be looked up: {reason}"),
        };
        self.failures.iter().map(told).collect()
    }

    fn failed(&mut self, what: String, reason: String) {
        let known = self.failures.entry(reason);
        known.and_modify(|(_, others)| *others += 1).or_insert((what, 0));
    }

    /// That a kind is not served cannot be told of a group that does not answer.
    fn note_unknown_group(&mut self, named: &Named) {
        let failed = self.catalogue.failed.iter().find(|(group, _)| *group == named.group);
        if let Some((group, reason)) = failed {
            let reason = format!("what the group {group} serves is not known: {reason}");
            self.failed(named.to_string(), reason);
        }
    }

    async fn objects(&mut self, resource: &Resource, named: Vec<Named>, world: &mut World) {
        let kind = world.add_kind(world_kind(resource));
        if named.len() > MOST_READS {
            let projection = self.projection(resource);
            let listed = self.list(resource, None, &projection).await;
            // Where it may not be listed, each of them may still be read.
            if let Ok(listing) = listed
                && listing.undecodable.is_empty()
            {
                listing.objects.into_iter().for_each(|object| world.add(kind, object.into_object()));
                world.is_whole(kind);
                return;
            }
        }
        let this = &*self;
        let lost = AtomicUsize::new(0);
        let read =
            stream::iter(named).map(async |named| (this.read_again(resource, &named, &lost).await, named));
        let read: Vec<_> = read.buffer_unordered(AT_ONCE).collect().await;
        for (found, named) in read {
            match found {
                Ok(Some(object)) => world.add(kind, object.into_object()),
                Ok(None) => world.is_gone(named),
                Err(error) => {
                    // What may not be read holds back, as it would the daemon.
                    if !matches!(error, ReadError::Forbidden { .. } | ReadError::NotServed { .. }) {
                        self.failed(named.to_string(), in_full(&error));
                    }
                    world.is_unreadable(Missing::Object(named), in_full(&error));
                }
            }
        }
    }

    /// Of what rules ask about, as much as they may ask; of others what protects.
    fn projection(&self, resource: &Resource) -> Projection {
        projection_of(&[], &resource.group, &resource.kind, self.others)
    }

    /// Again and again, where that may help; `lost` counts what had no answer in the end, and of many nobody waits for
    /// the others so long.
    async fn read_again(
        &self,
        resource: &Resource,
        named: &Named,
        lost: &AtomicUsize,
    ) -> Result<Option<Observation>, ReadError> {
        let mut back_off = self.back_off();
        for _ in 1..TRIES {
            let error = match self.read(resource, named).await {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            let asked = match &error {
                ReadError::Throttled { retry_after }
                | ReadError::Server { status: 500.., retry_after, .. } => *retry_after,
                ReadError::Transport(_) => None,
                _ => return Err(error),
            };
            if lost.load(Ordering::Relaxed) >= MOST_LOST || asked.is_some_and(|asked| asked > LONGEST_ASKED) {
                return Err(error);
            }
            self.wait(&mut back_off, asked).await;
        }
        let read = self.read(resource, named).await;
        lost.fetch_add(usize::from(read.is_err()), Ordering::Relaxed);
        read
    }

    /// The same of a list.
    async fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        projection: &Projection,
    ) -> Result<Listing, ListError> {
        let mut back_off = self.back_off();
        for _ in 1..TRIES {
            match list_all(self.transport, resource, namespace, projection, self.random, &|| ()).await {
                Err(ListError::Failed { .. }) => self.wait(&mut back_off, None).await,
                ended => return ended,
            }
        }
        list_all(self.transport, resource, namespace, projection, self.random, &|| ()).await
    }

    fn back_off(&self) -> BackOff {
        BackOff::new(FIRST_PAUSE, LONGEST_PAUSE, Arc::clone(self.random))
    }

    async fn wait(&self, back_off: &mut BackOff, asked: Option<Duration>) {
        self.transport.server_clock().local().sleep(back_off.pause(asked)).await;
    }

    async fn read(&self, resource: &Resource, named: &Named) -> Result<Option<Observation>, ReadError> {
        let namespace = named.namespace.as_deref().filter(|_| resource.namespaced);
        if self.projection(resource).is_metadata_only() {
            read_metadata(self.transport, resource, namespace, &named.name).await
        } else {
            read_object(self.transport, resource, namespace, &named.name).await
        }
    }

    async fn budgets(&mut self, namespaces: Vec<String>, world: &mut World) {
        let Some(resource) = self.catalogue.of_kind("policy", "v1", "PodDisruptionBudget") else {
            return namespaces.into_iter().for_each(|namespace| world.has_budgets(namespace));
        };
        if namespaces.is_empty() {
            return;
        }
        let kind = world.add_kind(world_kind(&resource));
        let projection = self.projection(&resource);
        let in_all = namespaces.len() > MOST_READS;
        for namespace in namespaces.iter().take(if in_all { 1 } else { namespaces.len() }) {
            let place = Some(namespace.as_str()).filter(|_| !in_all);
            match self.list(&resource, place, &projection).await {
                Ok(listing) => {
                    let is_whole = listing.undecodable.is_empty();
                    if let Some(first) = listing.undecodable.first() {
                        self.failed(format!("a PodDisruptionBudget in {namespace}"), first.clone());
                    }
                    listing.objects.into_iter().for_each(|object| world.add(kind, object.into_object()));
                    let known = if in_all { namespaces.as_slice() } else { std::slice::from_ref(namespace) };
                    let known = known.iter().filter(|_| is_whole);
                    known.for_each(|namespace| world.has_budgets(namespace.clone()));
                }
                Err(error @ ListError::Failed { .. }) => {
                    self.failed(format!("the PodDisruptionBudgets of {namespace}"), error.to_string());
                }
                Err(error @ ListError::Forbidden { .. }) => {
                    self.without_budgets.entry(error.to_string()).or_insert_with(|| namespace.clone());
                }
            }
        }
    }
}
