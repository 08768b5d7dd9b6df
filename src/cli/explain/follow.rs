//! `--watch`: the object is followed, and told anew whenever it, or what stands around it, changes, and whenever time
//! alone changes anything that was told. Nothing is asked for at intervals.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::facts::node_name;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::live::Live;
use super::rules::{Rules, others};
use super::{Arguments, Told, json, show, tell, told};
use crate::cluster::clock::{Random, SeededRandom};
use crate::cluster::is_unauthenticated;
use crate::cluster::read::grant;
use crate::cluster::resource::Resource;
use crate::cluster::timings::Timings;
use crate::cluster::watch::{StreamingLists, Watch, WatchEvent};
use crate::simulation::explain::{Explanation, Seen};

/// Events that were not taken yet; a watch waits for its turn.
const EVENTS: usize = 16;

/// What is followed: its resource, its namespace and its name; without a name: all of them.
type Thing = (String, Option<String>, Option<String>);

/// The same as an object refers to it: its group, its version, its kind, its namespace and its name.
type Meant<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// What is followed, and what it tells.
struct Following<'a> {
    live: &'a Live,
    random: Arc<dyn Random>,
    streaming: Arc<StreamingLists>,
    permits: Arc<Semaphore>,
    around: BTreeMap<Thing, AbortOnDropHandle<()>>,
    changes: mpsc::Sender<()>,
}

/// Client required: until the object is gone.
pub(super) async fn follow(
    arguments: &Arguments,
    rules: &Rules,
    live: &Live,
    object: Observation,
) -> Result<(), String> {
    let (changes, mut changed) = mpsc::channel(EVENTS);
    let now = live.now();
    let mut following = Following {
        live,
        random: Arc::new(SeededRandom::new(now.as_millisecond().unsigned_abs())),
        streaming: Arc::default(),
        permits: Arc::new(Semaphore::new(2)),
        around: BTreeMap::new(),
        changes,
    };
    let (sender, mut events) = mpsc::channel(EVENTS);
    let watch = following.watch(Arc::clone(&live.resource), live.namespace.clone(), Some(object.name()));
    let _watching = AbortOnDropHandle::new(tokio::spawn(watch.run(sender)));
    let mut current = Current::new(object, live.renews_credentials);
    let mut shown = Shown::default();
    let mut planned: Option<Timestamp> = None;
    let mut seen = Seen::default();
    loop {
        if std::mem::take(&mut current.is_anew) {
            seen = Seen::default();
        }
        let asked = live.ask(current.object.clone(), seen.clone()).await;
        following.around(&asked.object, &asked.ancestors);
        // What was waited for is so, though the server's clock may be known too roughly to say it.
        let now = live.now().max(planned.take().unwrap_or(Timestamp::MIN));
        let told = told(rules, &live.subject, &asked, now, "live".to_owned());
        remember(&told.explanation, now, &mut seen);
        if shown.is_new(&told) {
            match show(arguments, &told) {
                // Nobody reads on: there is nobody to follow it for.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                shown => shown.map_err(|error| error.to_string())?,
            }
        }
        let next = told.explanation.changes_at(now);
        let clock = live.transport.server_clock();
        loop {
            let wait = async {
                match next {
                    Some(moment) => clock.local().sleep(clock.until(moment)).await,
                    None => std::future::pending().await,
                }
            };
            let is_changed = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => current.take(event)?,
                    None => return Err("the watch has ended".to_owned()),
                },
                change = changed.recv() => change.is_some(),
                () = wait => {
                    planned = next;
                    true
                }
            };
            match current.object.uid() {
                "" => {
                    tell(&format!("{} is gone", live.subject.name));
                    return Ok(());
                }
                _ if is_changed => break,
                _ => {}
            }
        }
        // What changed at the same moment is told at once.
        while changed.try_recv().is_ok() {}
    }
}

/// Since when rules have been true without a break, as far as was seen: a `for` counts from there; and since when their
/// steps have had nothing to do: an `after` does.
fn remember(explanation: &Explanation, now: Timestamp, seen: &mut Seen) {
    for rule in &explanation.rules {
        let id = &rule.rule.id;
        if rule.truth.is_true() {
            seen.true_since.entry(id.clone()).or_insert(now);
        } else {
            seen.true_since.remove(id);
        }
        let passed = &rule.course.passed;
        seen.passed_since.retain(|(of, step), _| of != id || passed.contains(step));
        for step in passed {
            seen.passed_since.entry((id.clone(), *step)).or_insert(now);
        }
    }
}

/// What was shown last: the version of the object, and all that was told but for what passes with time.
#[derive(Default)]
pub(super) struct Shown {
    version: String,
    told: Value,
}

impl Shown {
    pub(super) fn is_new(&mut self, told: &Told<'_>) -> bool {
        let mut document = json::document(told);
        document["at"].take();
        without_passing(&mut document, told.now);
        let version = told.object.resource_version().to_owned();
        let next = Self { version, told: document };
        let is_new = next.version != self.version || next.told != self.told;
        *self = next;
        is_new
    }
}

/// Without what another moment changes by itself: how old something is, in how long something is due, and that what is
/// due is due now.
fn without_passing(value: &mut Value, now: Timestamp) {
    match value {
        Value::Object(entries) => {
            let is_now = |at: &Value| {
                at.as_str().and_then(|at| at.parse().ok()).is_some_and(|at: Timestamp| at <= now)
            };
            entries.retain(|key, value| key != "seen" && key != "text" && !(key == "at" && is_now(value)));
            entries.values_mut().for_each(|value| without_passing(value, now));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_passing(item, now)),
        _ => {}
    }
}

/// The object as it was seen last; without a uid: it is gone.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that the watch has told, or that is known of it"
)]
pub(super) struct Current {
    object: Observation,
    seen_in_list: bool,
    /// The watch has worked before.
    has_synced: bool,
    /// Credentials that have run out are renewed.
    renews: bool,
    /// What it was in between was not seen, or it is another object of the same name.
    pub(super) is_anew: bool,
}

impl Current {
    pub(super) fn new(object: Observation, renews: bool) -> Self {
        Self { object, seen_in_list: false, has_synced: false, renews, is_anew: false }
    }

    /// Whether it is another one now. An error: it cannot be followed.
    pub(super) fn take(&mut self, event: WatchEvent) -> Result<bool, String> {
        match event {
            WatchEvent::ListStarted => self.seen_in_list = false,
            WatchEvent::Listed(object) => {
                self.seen_in_list = true;
                let is_new = self.replace(object);
                // A list follows a gap: a rule that is true again may not have been so all the while.
                self.is_anew |= is_new;
                return Ok(is_new);
            }
            WatchEvent::Applied(object) => return Ok(self.replace(object)),
            WatchEvent::Synced if !self.seen_in_list => self.go(),
            WatchEvent::Synced => self.has_synced = true,
            WatchEvent::Deleted { uid, .. } if uid == self.object.uid() => self.go(),
            WatchEvent::Absent => return Err("the server does not serve its kind any more".to_owned()),
            // Credentials that have run out are renewed, and rights may come back; the watch tries again by itself.
            WatchEvent::Forbidden { reason } if !self.has_synced && is_unauthenticated(&reason) => {
                if !self.renews {
                    return Err(format!(
                        "the server does not take the credentials any more: {reason}: log in again, or renew the token \
                         in the kubeconfig, and start again"
                    ));
                }
                tell(&format!("the watch is interrupted, and tried again: {reason}"));
            }
            WatchEvent::Forbidden { reason } if !self.has_synced => {
                return Err(format!("it may not be watched: {reason}"));
            }
            WatchEvent::Forbidden { reason } | WatchEvent::Interrupted { reason } => {
                tell(&format!("the watch is interrupted: {reason}"));
            }
            WatchEvent::Undecodable { reason } => tell(&format!("the object cannot be read: {reason}")),
            WatchEvent::Resumed | WatchEvent::Deleted { .. } => {}
        }
        Ok(false)
    }

    fn replace(&mut self, object: Observation) -> bool {
        let is_new = object.resource_version() != self.object.resource_version();
        self.is_anew |= object.uid() != self.object.uid();
        self.object = object;
        is_new
    }

    fn go(&mut self) {
        self.object = Observation::new(serde_json::Value::Null);
    }
}

impl Following<'_> {
    fn watch(&self, resource: Arc<Resource>, namespace: Option<String>, name: Option<&str>) -> Watch {
        Watch {
            transport: self.live.transport.clone(),
            resource,
            namespace,
            name: name.map(str::to_owned),
            projection: Arc::new(Projection::of_everything()),
            timings: Timings::default(),
            random: Arc::clone(&self.random),
            list_permits: Arc::clone(&self.permits),
            streaming: Arc::clone(&self.streaming),
        }
    }

    /// Follows the namespace, the node and the budgets where rules ask about them, the owners and what controls them;
    /// what may not be watched is looked at when something else changes.
    fn around(&mut self, object: &Observation, ancestors: &[(String, Observation)]) {
        let mut things: Vec<Meant<'_>> = Vec::new();
        let namespace = object.namespace();
        things.extend(namespace.map(|name| ("", "v1", "Namespace", None, Some(name))));
        let asks_nodes = others(&self.live.subject.watching).nodes.is_some();
        let node = node_name(object).filter(|_| asks_nodes);
        things.extend(node.map(|name| ("", "v1", "Node", None, Some(name))));
        if self.live.asks_budgets() {
            things.push(("policy", "v1", "PodDisruptionBudget", namespace, None));
        }
        let owned = std::iter::once(object).chain(ancestors.iter().map(|(_, ancestor)| ancestor));
        for owner in owned.flat_map(Observation::owners) {
            let (group, version) = owner.api_version.rsplit_once('/').unwrap_or(("", owner.api_version));
            things.push((group, version, owner.kind, namespace, Some(owner.name)));
        }
        let mut around = BTreeMap::new();
        for (group, version, kind, namespace, name) in things {
            let Some(resource) = self.live.watchable(group, version, kind) else { continue };
            let namespace = namespace.filter(|_| resource.namespaced).map(str::to_owned);
            let thing = (resource.name(), namespace.clone(), name.map(str::to_owned));
            let followed = self.around.remove(&thing).unwrap_or_else(|| {
                let watch = self.watch(resource, namespace, name);
                AbortOnDropHandle::new(tokio::spawn(notice(watch, self.changes.clone())))
            });
            around.insert(thing, followed);
        }
        self.around = around;
    }
}

/// Tells that a thing may have changed: at each list too, which may be later than what was read of it.
async fn notice(watch: Watch, changes: mpsc::Sender<()>) {
    let called = match &watch.name {
        Some(name) => watch.resource.object_name(watch.namespace.as_deref(), name),
        None => watch.resource.name(),
    };
    let grant = grant("list and watch", &watch.resource, None, watch.namespace.as_deref());
    let mut is_told = false;
    let (sender, mut events) = mpsc::channel(EVENTS);
    let _following = AbortOnDropHandle::new(tokio::spawn(watch.run(sender)));
    while let Some(event) = events.recv().await {
        let is_change = match event {
            WatchEvent::Synced | WatchEvent::Applied(_) | WatchEvent::Deleted { .. } => true,
            // It is tried again: the right may come, and credentials that have run out are renewed.
            WatchEvent::Forbidden { reason } => {
                if !std::mem::replace(&mut is_told, true) {
                    tell(&format!(
                        "{called} may not be watched, and what changes of it is told only when something else \
                         changes: grant {grant}: {reason}"
                    ));
                }
                false
            }
            WatchEvent::Absent => return,
            _ => false,
        };
        if is_change && changes.send(()).await.is_err() {
            return;
        }
    }
}
