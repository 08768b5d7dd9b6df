//! What a plan lacks, looked up on the cluster: namespaces, nodes, controllers and owners, and the PodDisruptionBudgets
//! that evictions ask. Each is read once; where many of a kind are asked for, they are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use k8s_healer_engine::facts::Others;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;

use super::live::world_kind;
use crate::cluster::clock::Random;
use crate::cluster::discovery::Catalogue;
use crate::cluster::in_full;
use crate::cluster::listing::list_all;
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

/// Look-ups, and what was looked up so far.
pub(super) struct LookUps<'a> {
    transport: &'a Transport,
    catalogue: &'a Catalogue,
    random: &'a Arc<dyn Random>,
    others: &'a Others,
    asked: BTreeSet<Missing>,
    /// Why budgets are not known.
    without_budgets: BTreeMap<String, String>,
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

    async fn objects(&self, resource: &Resource, named: Vec<Named>, world: &mut World) {
        let kind = world.add_kind(world_kind(resource));
        if named.len() > MOST_READS {
            let projection = self.projection(resource);
            let listed = list_all(self.transport, resource, None, &projection, self.random, &|| ()).await;
            // Where it may not be listed, each of them may still be read.
            if let Ok(listing) = listed
                && listing.undecodable.is_empty()
            {
                listing.objects.into_iter().for_each(|object| world.add(kind, object.into_object()));
                world.is_whole(kind);
                return;
            }
        }
        let read = stream::iter(named).map(async |named| (self.read(resource, &named).await, named));
        let read: Vec<_> = read.buffer_unordered(AT_ONCE).collect().await;
        for (found, named) in read {
            match found {
                Ok(Some(object)) => world.add(kind, object.into_object()),
                Ok(None) => world.is_gone(named),
                Err(error) => world.is_unreadable(Missing::Object(named), in_full(&error)),
            }
        }
    }

    /// Of what rules ask about, as much as they may ask; of others what protects.
    fn projection(&self, resource: &Resource) -> Projection {
        projection_of(&[], &resource.group, &resource.kind, self.others)
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
            match list_all(self.transport, &resource, place, &projection, self.random, &|| ()).await {
                Ok(listing) => {
                    listing.objects.into_iter().for_each(|object| world.add(kind, object.into_object()));
                    let known = if in_all { namespaces.as_slice() } else { std::slice::from_ref(namespace) };
                    known.iter().for_each(|namespace| world.has_budgets(namespace.clone()));
                }
                Err(error) => {
                    self.without_budgets.entry(error.to_string()).or_insert_with(|| namespace.clone());
                }
            }
        }
    }
}
