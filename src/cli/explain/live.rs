//! The object and what stands around it as the cluster has them now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleId, WatchTarget};

use super::asked::{Asked, Subject};
use super::name::{Meant, likely};
use super::rules::{Rules, others};
use super::{Arguments, among};
use crate::cli::cluster::or_a_dump;
use crate::cluster::census::{namespaces_of, some_names};
use crate::cluster::clock::{Random, SeededRandom};
use crate::cluster::discovery::{Catalogue, discover};
use crate::cluster::listing::{ListError, list_all};
use crate::cluster::read::{grant, read_object};
use crate::cluster::resolve::Resolution;
use crate::cluster::resource::Resource;
use crate::cluster::surroundings::Surroundings;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};
use crate::daemon::assignment::{Assignment, assign};
use crate::rules::nearest;
use crate::simulation::explain::{Budgets, Seen};

/// A single request.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);

/// A kind that the cluster serves, and the object of it that is meant.
pub(super) struct Live {
    pub(super) transport: Transport,
    pub(super) resource: Arc<Resource>,
    pub(super) namespace: Option<String>,
    pub(super) subject: Subject,
    catalogue: Arc<Catalogue>,
    /// What the server does not take now it may take once it is renewed.
    pub(super) renews_credentials: bool,
}

impl Live {
    /// Client required: finds out which kind is meant, and which rules watch it.
    pub(super) async fn find(arguments: &Arguments, name: &Meant, rules: &Rules) -> Result<Self, String> {
        let connected = arguments.cluster.connect(REQUEST_TIME_OUT).await;
        let (connection, transport) = connected.map_err(|error| or_a_dump(&error))?;
        let url = &connection.server_url;
        let discovered = discover(&transport).await;
        let mut catalogue = discovered.map_err(|error| unanswered(url, &error))?;
        if rules.set.is_wide() {
            catalogue = catalogue.with_stores(&transport, &Catalogue::default()).await;
        }
        let resource = resolve(&catalogue, &name.kind)?;
        let asked = arguments.namespace.clone().or_else(|| name.namespace.clone());
        let namespace =
            resource.namespaced.then(|| asked.unwrap_or_else(|| connection.default_namespace.clone()));
        let assignment = assign(&rules.set, &catalogue, &Registry::standard());
        let watching = watching(&assignment, &catalogue, &resource)?;
        let names = resource.other_names().into_iter().map(str::to_owned).collect();
        let subject = Subject {
            resource: resource.name(),
            names,
            name: resource.object_name(namespace.as_deref(), &name.name),
            watching,
            notes: notes(rules, &assignment, &catalogue, &resource),
        };
        let catalogue = Arc::new(catalogue);
        let renews_credentials = connection.renews_credentials;
        Ok(Self { transport, resource, namespace, subject, catalogue, renews_credentials })
    }

    /// Client required: the object; what is wrong with its name where there is none.
    pub(super) async fn read(&self, name: &str) -> Result<Observation, String> {
        let namespace = self.namespace.as_deref();
        match read_object(&self.transport, &self.resource, namespace, name).await {
            Ok(Some(object)) => Ok(object),
            Ok(None) => Err(self.missing(name).await),
            Err(error) => Err(format!("{} cannot be read: {}", self.subject.name, in_full(&error))),
        }
    }

    /// Client required: what stands around an object that was read a moment ago, of which rules have been true since
    /// these moments.
    pub(super) async fn ask(&self, object: Observation, seen: Seen) -> Asked {
        let surroundings = Surroundings::new(self.transport.clone(), Arc::clone(&self.catalogue));
        let looked_up = surroundings.facts(&object, &others(&self.subject.watching)).await;
        let above = surroundings.above(&object).await;
        let budgets = if self.asks_budgets() { self.budgets().await } else { Budgets::default() };
        Asked {
            facts: looked_up.facts,
            unknown: looked_up.unknown.into_iter().map(|(fact, why)| (fact, why.to_string())).collect(),
            ancestors: above.present(),
            namespace: above.namespace,
            unknown_above: above.unknown,
            missing: Vec::new(),
            budgets,
            seen,
            object,
        }
    }

    /// Whether any rule could evict it.
    pub(super) fn asks_budgets(&self) -> bool {
        let evicts = |rule: &Rule| rule.steps.iter().any(|step| step.name == "evict");
        self.subject.watching.iter().any(|(rule, _)| evicts(rule))
    }

    /// Client required: the PodDisruptionBudgets of its namespace.
    async fn budgets(&self) -> Budgets {
        let Some(resource) = self.catalogue.of_kind("policy", "v1", "PodDisruptionBudget") else {
            return Budgets::default();
        };
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(self.now().as_millisecond().unsigned_abs()));
        let (namespace, whole) = (self.namespace.as_deref(), Projection::of_everything());
        let listed = list_all(&self.transport, &resource, namespace, &whole, &random, &|| ()).await;
        let why = match listed {
            Ok(listing) if listing.undecodable.is_empty() => {
                let objects = listing.objects.into_iter().map(Arc::new).collect();
                return Budgets { objects, unknown: None };
            }
            Ok(listing) => listing.undecodable.join(", "),
            Err(ListError::Forbidden { .. }) => {
                format!("not permitted: grant {}", grant("list", &resource, None, namespace))
            }
            Err(error) => error.to_string(),
        };
        Budgets { objects: Vec::new(), unknown: Some(why) }
    }

    /// The moment that it certainly is on the server, in the grain of its times.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.transport.server_clock().earliest();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The resource of a kind, where it can be watched.
    pub(super) fn watchable(&self, group: &str, version: &str, kind: &str) -> Option<Arc<Resource>> {
        let can = |resource: &Arc<Resource>| resource.allows("list") && resource.allows("watch");
        self.catalogue.of_kind(group, version, kind).filter(can)
    }

    /// Client required: that there is no such object, and which may be meant.
    async fn missing(&self, name: &str) -> String {
        let head = format!("there is no {}", self.subject.name);
        if self.resource.namespaced
            && let Ok(namespaces) = namespaces_of(&self.transport, &self.resource, name).await
            && !namespaces.is_empty()
        {
            return format!(
                "{head}: one of this name is in {}; name its namespace with -n",
                among(&namespaces)
            );
        }
        match some_names(&self.transport, &self.resource, self.namespace.as_deref()).await {
            Ok(names) if names.is_empty() => {
                let place = self.namespace.as_ref().map(|name| format!(" in namespace {name}"));
                format!("{head}: there are no {} at all{}", self.resource, place.unwrap_or_default())
            }
            Ok(names) => match likely(name, &names).as_slice() {
                [] => format!("{head}: there are {}", among(&names)),
                likely => format!("{head}: did you mean {}?", among(likely)),
            },
            Err(error) => format!("{head}, and what there is cannot be listed: {}", in_full(&error)),
        }
    }
}

/// The kind that is meant, also one that no rule could watch.
fn resolve(catalogue: &Catalogue, target: &WatchTarget) -> Result<Arc<Resource>, String> {
    match catalogue.resolve(target) {
        Resolution::Found(resource) | Resolution::NotWatchable { resource, .. } => Ok(resource),
        Resolution::Ambiguous(names) => {
            Err(format!("several groups serve {target}: write {}", names.join(" or ")))
        }
        Resolution::Absent => {
            let written = target.to_string();
            let names: BTreeSet<String> = catalogue
                .resources
                .iter()
                .flat_map(|resource| {
                    let others = resource.other_names().into_iter().map(str::to_owned);
                    others.chain([resource.plural.clone(), resource.name()]).collect::<Vec<_>>()
                })
                .filter(|name| !name.is_empty())
                .collect();
            let help = match nearest(&written, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "`k8s-healer discover` lists what there is".to_owned(),
            };
            let failed: Vec<&str> = catalogue.failed.iter().map(|(group, _)| group.as_str()).collect();
            let failed = match failed.as_slice() {
                [] => String::new(),
                groups => format!(" (and could not say what it serves of {})", groups.join(", ")),
            };
            Err(format!("the server serves no kind {written}{failed}: {help}"))
        }
    }
}

/// The rules that watch a kind, each with whether it names it.
fn watching(
    assignment: &Assignment,
    catalogue: &Catalogue,
    resource: &Resource,
) -> Result<Vec<(Arc<Rule>, bool)>, String> {
    let Some((_, rules)) = assignment.watched.get(&resource.name()) else {
        let kinds: Vec<String> = assignment.watched.keys().cloned().collect();
        return Err(if kinds.is_empty() {
            format!("no rule watches {resource}, or any other kind that the server serves")
        } else {
            format!("no rule watches {resource}: they watch {}", among(&kinds))
        });
    };
    Ok(rules.iter().map(|rule| (Arc::clone(rule), catalogue.is_named(&rule.watch, resource))).collect())
}

/// The rules that are left out, and would watch this kind.
fn notes(rules: &Rules, assignment: &Assignment, catalogue: &Catalogue, resource: &Resource) -> Vec<String> {
    let name = resource.name();
    let means_it = |watch: &[WatchTarget]| {
        catalogue.watched(watch).iter().any(|(_, resolution)| match resolution {
            Resolution::Found(found) | Resolution::NotWatchable { resource: found, .. } => {
                found.name() == name
            }
            Resolution::Ambiguous(names) => names.contains(&name),
            Resolution::Absent => false,
        })
    };
    let concerned = |id: &RuleId| rules.set.rules.iter().any(|rule| rule.id == *id && means_it(&rule.watch));
    let refused = assignment.refused.iter().filter(|refused| concerned(&refused.rule));
    let refused = refused.map(|refused| format!("{} is left out: {}", refused.rule, refused.reason));
    let off = rules.switched_off.iter().filter(|off| means_it(&off.watch)).map(|off| off.note.clone());
    refused.chain(off).collect()
}
