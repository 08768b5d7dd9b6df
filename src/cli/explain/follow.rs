//! `--watch`: the object is followed, and told anew whenever it, or what stands around it, changes, and whenever time
//! alone changes anything that was told. Nothing is asked for at intervals.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::facts::node_name;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::RuleId;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::live::Live;
use super::rules::{Rules, others};
use super::{Arguments, Told, json, show, tell, told};
use crate::cluster::clock::{Random, SeededRandom};
use crate::cluster::resource::Resource;
use crate::cluster::timings::Timings;
use crate::cluster::watch::{StreamingLists, Watch, WatchEvent};
use crate::simulation::explain::Explanation;

/// Events that were not taken yet; a watch waits for its turn.
const EVENTS: usize = 16;

/// A thing that is followed: its resource, its namespace and its name.
type Thing = (String, Option<String>, String);

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
    let watch = following.watch(Arc::clone(&live.resource), live.namespace.clone(), object.name());
    let _watching = AbortOnDropHandle::new(tokio::spawn(watch.run(sender)));
    let mut current = Current { object, seen_in_list: false };
    let mut shown = Shown::default();
    let mut planned: Option<Timestamp> = None;
    let mut true_since = BTreeMap::new();
    loop {
        let asked = live.ask(current.object.clone(), true_since.clone()).await;
        following.around(&asked.object, &asked.ancestors);
        // What was waited for is so, though the server's clock may be known too roughly to say it.
        let is_due = planned.is_some();
        let now = live.now().max(planned.take().unwrap_or(Timestamp::MIN));
        let told = told(rules, &live.subject, &asked, now, "live".to_owned());
        remember(&told.explanation, now, &mut true_since);
        if shown.is_new(&told) || is_due {
            show(arguments, &told).map_err(|error| error.to_string())?;
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

/// Since when rules have been true without a break, as far as was seen: a `for` counts from there.
fn remember(explanation: &Explanation, now: Timestamp, true_since: &mut BTreeMap<RuleId, Timestamp>) {
    for rule in &explanation.rules {
        let id = &rule.rule.id;
        if rule.truth.is_true() {
            true_since.entry(id.clone()).or_insert(now);
        } else {
            true_since.remove(id);
        }
    }
}

/// What was shown last: the version of the object, and all that was told but for what passes with time.
#[derive(Default)]
struct Shown {
    version: String,
    told: Value,
}

impl Shown {
    fn is_new(&mut self, told: &Told<'_>) -> bool {
        let mut document = json::document(told);
        document["at"].take();
        without_passing(&mut document);
        let version = told.object.resource_version().to_owned();
        let next = Self { version, told: document };
        let is_new = next.version != self.version || next.told != self.told;
        *self = next;
        is_new
    }
}

/// Without what another moment changes by itself: how old something is, in how long something is due.
fn without_passing(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|key, _| key != "seen" && key != "text");
            entries.values_mut().for_each(without_passing);
        }
        Value::Array(items) => items.iter_mut().for_each(without_passing),
        _ => {}
    }
}

/// The object as it was seen last; without a uid: it is gone.
struct Current {
    object: Observation,
    seen_in_list: bool,
}

impl Current {
    /// Whether it is another one now. An error: it cannot be followed.
    fn take(&mut self, event: WatchEvent) -> Result<bool, String> {
        match event {
            WatchEvent::ListStarted => self.seen_in_list = false,
            WatchEvent::Listed(object) => {
                self.seen_in_list = true;
                return Ok(self.replace(object));
            }
            WatchEvent::Applied(object) => return Ok(self.replace(object)),
            WatchEvent::Synced if !self.seen_in_list => self.go(),
            WatchEvent::Deleted { uid, .. } if uid == self.object.uid() => self.go(),
            WatchEvent::Absent => return Err("the server does not serve its kind any more".to_owned()),
            WatchEvent::Forbidden { reason } => return Err(format!("it may not be watched: {reason}")),
            WatchEvent::Interrupted { reason } => tell(&format!("the watch is interrupted: {reason}")),
            WatchEvent::Undecodable { reason } => tell(&format!("the object cannot be read: {reason}")),
            WatchEvent::Resumed | WatchEvent::Synced | WatchEvent::Deleted { .. } => {}
        }
        Ok(false)
    }

    fn replace(&mut self, object: Observation) -> bool {
        let is_new = object.resource_version() != self.object.resource_version();
        self.object = object;
        is_new
    }

    fn go(&mut self) {
        self.object = Observation::new(serde_json::Value::Null);
    }
}

impl Following<'_> {
    fn watch(&self, resource: Arc<Resource>, namespace: Option<String>, name: &str) -> Watch {
        Watch {
            transport: self.live.transport.clone(),
            resource,
            namespace,
            name: Some(name.to_owned()),
            projection: Arc::new(Projection::of_everything()),
            timings: Timings::default(),
            random: Arc::clone(&self.random),
            list_permits: Arc::clone(&self.permits),
            streaming: Arc::clone(&self.streaming),
        }
    }

    /// Follows the namespace, the node where rules ask about it, the owners and what controls them; what may not be
    /// watched is looked at when something else changes.
    fn around(&mut self, object: &Observation, ancestors: &[(String, Observation)]) {
        let mut things: Vec<(&str, &str, &str, Option<&str>, &str)> = Vec::new();
        let namespace = object.namespace();
        things.extend(namespace.map(|name| ("", "v1", "Namespace", None, name)));
        let asks_nodes = others(&self.live.subject.watching).nodes.is_some();
        things.extend(node_name(object).filter(|_| asks_nodes).map(|name| ("", "v1", "Node", None, name)));
        let owned = std::iter::once(object).chain(ancestors.iter().map(|(_, ancestor)| ancestor));
        for owner in owned.flat_map(Observation::owners) {
            let (group, version) = owner.api_version.rsplit_once('/').unwrap_or(("", owner.api_version));
            things.push((group, version, owner.kind, namespace, owner.name));
        }
        let mut around = BTreeMap::new();
        for (group, version, kind, namespace, name) in things {
            let Some(resource) = self.live.watchable(group, version, kind) else { continue };
            let namespace = namespace.filter(|_| resource.namespaced).map(str::to_owned);
            let thing = (resource.name(), namespace.clone(), name.to_owned());
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
    let (sender, mut events) = mpsc::channel(EVENTS);
    let _following = AbortOnDropHandle::new(tokio::spawn(watch.run(sender)));
    while let Some(event) = events.recv().await {
        let is_change = match event {
            WatchEvent::Synced | WatchEvent::Applied(_) | WatchEvent::Deleted { .. } => true,
            WatchEvent::Absent | WatchEvent::Forbidden { .. } => return,
            _ => false,
        };
        if is_change && changes.send(()).await.is_err() {
            return;
        }
    }
}
