//! A plan of a cluster: what the rules watch is listed once, then what stands around the objects that something would be
//! done to is looked up, until nothing more is asked. Nothing is written, not even as a dry run.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::guard::Reach;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleSet, Scope};

use super::look_ups::LookUps;
use super::report::{Report, Source};
use super::{Arguments, failed, narrowed, next, unmet};
use crate::cli::cluster::or_a_dump;
use crate::cli::daemon::sweep::progress::Progress;
use crate::cluster::census::names;
use crate::cluster::clock::{Random, SeededRandom};
use crate::cluster::discovery::{Catalogue, discover};
use crate::cluster::listing::{ListError, Listing, list_all};
use crate::cluster::read::ReadError;
use crate::cluster::resource::Resource;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};
use crate::daemon::assignment::{Assignment, assign};
use crate::daemon::namespaces::{named_in_full, resource, selected};
use crate::simulation::Watching;
use crate::simulation::gathering::projection_of;
use crate::simulation::plan::{Question, plan as planned};
use crate::simulation::world::{World, WorldKind};

/// A single request; lists have times of their own.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);
/// Controllers stand no higher than this above an object, each found by the one below.
const ROUNDS: usize = 10;

/// Lists, looks up and plays; or the exit status, after it was told why not. I/O.
pub(super) fn plan(arguments: &Arguments, rules: &RuleSet) -> Result<Report, u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(&format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(plan_live(arguments, rules)).map_err(|reason| failed(&reason))
}

/// Client required.
async fn plan_live(arguments: &Arguments, rules: &RuleSet) -> Result<Report, String> {
    let connected = arguments.cluster.connect(REQUEST_TIME_OUT).await;
    let (connection, transport) = connected.map_err(|error| or_a_dump(&error))?;
    let url = connection.server_url.clone();
    let stage = Arc::new(Stage::default());
    let shown = Arc::clone(&stage);
    let progress = Progress::telling(move || shown.told());
    stage.is(format!("asking {url} what it serves"));
    let catalogue = discover(&transport).await.map_err(|error| unanswered(&url, &error))?;
    let catalogue = if rules.is_wide() {
        catalogue.with_stores(&transport, &Catalogue::default()).await
    } else {
        catalogue
    };
    let assignment = assign(rules, &catalogue, &Registry::standard());
    let now = transport.server_clock().local().now();
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(now.as_millisecond().unsigned_abs()));
    let guard = arguments.guard(rules);
    let mut others = Others::default();
    rules.rules.iter().for_each(|rule| rule.reads_of_others(&mut others));
    let listing = Lister { transport: &transport, catalogue: &catalogue, random: &random, stage: &stage };
    let mut listed = Listed { world: World::partial(Vec::new()), ..Listed::default() };
    for (resource, rules) in assignment.watched.values() {
        listing.list(resource, rules, &others, &guard.itself.reach, &mut listed).await;
    }
    let Listed { mut world, mut watching, mut incomplete } = listed;
    incomplete.extend(shortcomings(&assignment, &catalogue));
    let at = arguments.at.unwrap_or_else(|| transport.server_clock().earliest());
    let question = Question { at, within: arguments.within, guard };
    let mut look_ups = LookUps::new(&transport, &catalogue, &random, &others);
    let mut rounds = 0;
    let plan = loop {
        watching.resize(world.kinds().len(), Vec::new());
        stage.is("playing the rules".to_owned());
        let played = (world.clone(), watching.clone(), question.clone());
        // Elsewhere, so that whoever waits sees that it goes on.
        let playing = tokio::task::spawn_blocking(move || planned(played.0, played.1, &played.2));
        let plan = playing.await.map_err(|error| format!("the rules could not be played: {error}"))?;
        rounds += 1;
        stage.is("looking up what stands around the objects".to_owned());
        if rounds > ROUNDS || !look_ups.look_up(&plan.missing, &mut world).await {
            break plan;
        }
    };
    drop(progress);
    incomplete.extend(look_ups.failures());
    incomplete.extend(plan.endless.iter().cloned());
    let absent = assignment.dormant.iter();
    let absent = absent.map(|one| format!("{url} serves no {}, which {} watches", one.target, one.rule));
    let is_complete = incomplete.is_empty() && (plan.objects > 0 || assignment.dormant.is_empty());
    let next = next::of_cluster(arguments, &plan, is_complete);
    let unmet = unmet_in(&transport, &catalogue, &arguments.namespace).await;
    Ok(Report {
        source: Source::Cluster { server: url.clone(), context: connection.context },
        rules: rules.clone(),
        mode: arguments.mode(),
        within: arguments.within,
        notes: absent.chain(look_ups.notes()).chain(narrowed(arguments, rules)).chain(unmet).collect(),
        incomplete,
        next,
        plan,
    })
}

/// Client required: which patterns of `--namespace` no namespace has; none where it may not be asked.
async fn unmet_in(transport: &Transport, catalogue: &Catalogue, patterns: &[String]) -> Vec<String> {
    let Some(resource) = resource(catalogue).filter(|_| !patterns.is_empty()) else { return Vec::new() };
    let known = names(transport, &resource).await;
    known.map(|known| unmet(patterns, &known, "cluster")).unwrap_or_default()
}

/// Why the plan is not complete, as far as that is known before anything is listed.
fn shortcomings(assignment: &Assignment, catalogue: &Catalogue) -> Vec<String> {
    let refused = assignment.refused.iter().map(|refused| format!("{}: {}", refused.rule, refused.reason));
    let failed = catalogue.failed.iter().filter(|_| !assignment.dormant.is_empty());
    let failed =
        failed.map(|(group, reason)| format!("what the group {group} serves is not known: {reason}"));
    refused.chain(failed).collect()
}

/// What is under way, for whoever watches.
#[derive(Debug, Default)]
struct Stage {
    what: Mutex<String>,
    seen: AtomicUsize,
}

impl Stage {
    fn is(&self, what: String) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what;
        self.seen.store(0, Ordering::Relaxed);
    }

    fn told(&self) -> String {
        let what = self.what.lock().unwrap_or_else(PoisonError::into_inner);
        match self.seen.load(Ordering::Relaxed) {
            0 => what.clone(),
            seen => format!("{what}: {seen}"),
        }
    }
}

/// What was listed.
#[derive(Default)]
struct Listed {
    world: World,
    /// By kind.
    watching: Vec<Vec<Watching>>,
    incomplete: Vec<String>,
}

struct Lister<'a> {
    transport: &'a Transport,
    catalogue: &'a Catalogue,
    random: &'a Arc<dyn Random>,
    stage: &'a Stage,
}

impl Lister<'_> {
    /// Client required: one kind, in the whole cluster, or where that is not permitted in each namespace that a rule
    /// selects.
    async fn list(
        &self,
        resource: &Resource,
        rules: &[Arc<Rule>],
        others: &Others,
        reach: &Reach,
        listed: &mut Listed,
    ) {
        let kind = listed.world.add_kind(world_kind(resource));
        let watching = rules.iter().map(|rule| Watching {
            rule: Arc::clone(rule),
            is_named: self.catalogue.is_named(&rule.watch, resource),
        });
        listed.watching.resize(kind + 1, Vec::new());
        listed.watching[kind] = watching.collect();
        let of_rules: Vec<&Rule> = rules.iter().map(AsRef::as_ref).collect();
        let projection = projection_of(&of_rules, &resource.group, &resource.kind, others);
        self.stage.is(format!("listing {resource}"));
        let seen = || {
            self.stage.seen.fetch_add(1, Ordering::Relaxed);
        };
        let list = async |namespace: Option<&str>| {
            list_all(self.transport, resource, namespace, &projection, self.random, &seen).await
        };
        match list(None).await {
            Ok(listing) => {
                if take(resource, kind, listing, listed) {
                    listed.world.is_whole(kind);
                }
            }
            Err(ListError::Forbidden { .. }) if resource.namespaced => {
                let namespaces = self.namespaces(rules, reach).await.unwrap_or_else(|error| {
                    if !rules.iter().all(|rule| is_spelt_out(&rule.scope)) {
                        listed.incomplete.push(format!(
                            "{resource}: it may be listed in single namespaces at the most, and which there are is not known: {}",
                            in_full(&error)
                        ));
                    }
                    named_in_full(rules, reach)
                });
                for namespace in namespaces {
                    match list(Some(&namespace)).await {
                        Ok(listing) => drop(take(resource, kind, listing, listed)),
                        Err(error) => listed.incomplete.push(format!("{resource} in {namespace}: {error}")),
                    }
                }
            }
            Err(error) => {
                listed.world.is_unlisted(kind);
                listed.incomplete.push(format!("{resource}: {error}"));
            }
        }
    }

    /// Client required: those that rules select, of those that there are.
    async fn namespaces(&self, rules: &[Arc<Rule>], reach: &Reach) -> Result<BTreeSet<Arc<str>>, ReadError> {
        let known = match resource(self.catalogue) {
            Some(resource) => names(self.transport, &resource).await?,
            None => BTreeSet::new(),
        };
        Ok(rules.iter().flat_map(|rule| selected(&rule.scope, reach, &known)).collect())
    }
}

/// Whether a rule names each of its namespaces in full.
fn is_spelt_out(scope: &Scope) -> bool {
    match scope {
        Scope::Cluster => false,
        Scope::Namespaces(globs) => globs.sources().iter().all(|source| {
            source.starts_with('!') || source.starts_with("within ") || globs.spells_out(source)
        }),
    }
}

/// Whether all of it could be read.
fn take(resource: &Resource, kind: usize, listing: Listing, listed: &mut Listed) -> bool {
    let Listing { objects, undecodable } = listing;
    objects.into_iter().for_each(|object| listed.world.add(kind, object.into_object()));
    if let Some(first) = undecodable.first() {
        let count = undecodable.len();
        listed.incomplete.push(format!("{resource}: {count} could not be read, the first since {first}"));
    }
    undecodable.is_empty()
}

/// A kind of the server as the world has it.
pub(super) fn world_kind(resource: &Resource) -> WorldKind {
    WorldKind {
        resource: resource.name(),
        group: resource.group.clone(),
        kind: resource.kind.clone(),
        names: resource.other_names().into_iter().map(str::to_owned).collect(),
    }
}
