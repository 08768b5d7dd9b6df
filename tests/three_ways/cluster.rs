//! A case on a whole API server in memory, with the daemon as it is; both on tokio's virtual clock. The server has no
//! controllers: where an object only waits for one of these, its end is played here, as `test-rules` plays it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use k8s_healer::cluster::clock::{Clock, SeededRandom};
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::cluster::watch::Timings;
use k8s_healer::daemon::Shared;
use k8s_healer::daemon::supervisor::{Server as Told, Supervisor};
use k8s_healer::rules::offline::{Kind, Kinds, Meaning};
use k8s_healer::rules::ruletest::{Event, Reference};
use k8s_healer::sandbox::audit::Audit;
use k8s_healer::sandbox::dispatch::from_within;
use k8s_healer::sandbox::http::{Sent, respond};
use k8s_healer::sandbox::kinds::Resource;
use k8s_healer::sandbox::rights::User;
use k8s_healer::sandbox::server::{Behaviour, Server};
use k8s_healer::sandbox::store::Key;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Mode;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Writes;
use crate::cases::Proof;

/// From the answers in between the daemon knows the server's clock to less than a second.
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct VirtualClock {
    start: Timestamp,
    began: Instant,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// What the daemon sends in the time of a case, dry runs left out, and when: `delete pods/test-a/web`.
pub(crate) fn writes(proof: &Proof) -> Writes {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(proof))
}

async fn run(proof: &Proof) -> Writes {
    let case = &proof.case;
    let began = Instant::now();
    let clock = |began| Arc::new(VirtualClock { start: case.now, began });
    let random = || Arc::new(SeededRandom::new(1));
    // Nothing breaks here: a watch need not show every minute that it lives.
    let behaviour = Behaviour { bookmarks: HOUR, ..Behaviour::default() };
    let server = Server::new(clock(began), random(), Audit::in_memory(), behaviour);
    let cluster = Cluster { server: Arc::clone(&server), kinds: kinds(proof) };
    cluster.fill(proof);
    let server_clock = ServerClock::new(clock(began));
    // It has asked often enough to know the server's clock to a millisecond.
    for moment in [case.now - SignedDuration::from_millis(1), case.now] {
        let date = Timestamp::from_second(moment.as_second()).unwrap();
        server_clock.learn(date, moment, moment);
    }
    let wire = Arc::new(cluster);
    let service = {
        let wire = Arc::clone(&wire);
        tower::service_fn(move |request| serve(Arc::clone(&wire), request))
    };
    let client = kube::Client::new(service, "default");
    let transport = Transport::new(client, Arc::new(server_clock), Duration::from_secs(30));
    let stop = CancellationToken::new();
    let timings = Timings { server_time_out: HOUR, silence: HOUR * 2, ..Timings::default() };
    let shared = Shared::new(transport, random(), Mode::Enforce, Itself::default(), timings, stop.clone());
    let supervisor = Supervisor::new(Arc::new(shared), proof.guarded_rules(), Registry::standard());
    let daemon = tokio::spawn(async move {
        supervisor.run(&Told::default(), mpsc::channel(1).1, oneshot::channel().0).await
    });
    for moment in &case.moments {
        tokio::time::sleep_until(began + moment.at).await;
        moment
            .events
            .iter()
            .for_each(|event| wire.happen(event, case.now + SignedDuration::try_from(moment.at).unwrap()));
    }
    // What is due at the last moment is done a moment later.
    tokio::time::sleep_until(began + proof.runs_for() + Duration::from_secs(3)).await;
    stop.cancel();
    daemon.await.unwrap().unwrap();
    wire.written(proof)
}

async fn serve(cluster: Arc<Cluster>, request: Request<Body>) -> Result<Response<Sent>, Infallible> {
    let is_write = request.method() == Method::DELETE || request.uri().path().ends_with("/eviction");
    let path = request.uri().path().to_owned();
    let answer = respond(&cluster.server, request).await;
    if is_write && answer.status().is_success() {
        cluster.end(&path);
    }
    Ok(answer)
}

struct Cluster {
    server: Arc<Server>,
    kinds: Kinds,
}

/// The kinds of all objects that there ever are.
fn kinds(proof: &Proof) -> Kinds {
    let mut kinds = Kinds::named_by(proof.rules.rules.iter().flat_map(|rule| &rule.watch));
    let objects: Vec<&Value> = objects(proof);
    objects
        .iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition")
        .for_each(|one| kinds.define(one));
    for object in &objects {
        kinds.add(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    }
    kinds
}

/// Those of the beginning, and those that come.
fn objects(proof: &Proof) -> Vec<&Value> {
    let applied =
        proof.case.moments.iter().flat_map(|moment| &moment.events).filter_map(|event| match event {
            Event::Apply(object) | Event::Set(object, _) => Some(&*object.value),
            _ => None,
        });
    proof.case.objects.iter().map(|object| &*object.value).chain(applied).collect()
}

impl Cluster {
    /// The kinds that are not built in, the namespaces, and the objects of the beginning.
    fn fill(&self, proof: &Proof) {
        for object in objects(proof) {
            self.serve_kind(object);
        }
        let all = objects(proof);
        let has =
            |name: &str| all.iter().any(|one| one["kind"] == "Namespace" && one["metadata"]["name"] == name);
        let namespaces: BTreeSet<&str> =
            all.iter().filter_map(|one| one["metadata"]["namespace"].as_str()).collect();
        for name in namespaces.into_iter().filter(|name| !has(name)) {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
                "status": {"phase": "Active"}});
            self.put(namespace);
        }
        proof.case.objects.iter().for_each(|object| self.put(Value::clone(&object.value)));
    }

    /// As an operator would define it.
    fn serve_kind(&self, object: &Value) {
        let (api_version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        if self.server.read(|state| state.kinds.of_object(api_version, kind).is_some()) {
            return;
        }
        let of: &Kind = &self.kinds.all()[self.kinds.of(api_version, kind).unwrap()];
        let singular = kind.to_lowercase();
        let short: Vec<String> =
            of.other_names().into_iter().filter(|name| *name != singular && *name != of.kind).collect();
        let is_namespaced = object["metadata"]["namespace"].is_string();
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let version = json!({"name": api_version.rsplit('/').next().unwrap(), "served": true, "storage": true,
            "schema": {"openAPIV3Schema": schema}});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{}", of.plural, of.group),
                "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
            "spec": {"group": of.group, "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
                "names": {"kind": kind, "plural": of.plural, "singular": singular, "shortNames": short},
                "versions": [version]},
        });
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let operator = User::administrator("operator");
        from_within(&self.server, &operator, Method::POST, path, Some(&definition))
            .unwrap_or_else(|failure| panic!("{}: {definition}", failure.message));
    }

    fn resource(&self, object: &Value) -> Resource {
        let (api_version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        self.server.read(|state| state.kinds.of_object(api_version, kind).unwrap().resource.clone())
    }

    /// As it is, but for what a server gives.
    fn put(&self, mut object: Value) {
        let resource = self.resource(&object);
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        let key = Key::new(&text("namespace"), &text("name"));
        let uid = text("uid");
        if resource == Resource::core("pods") && object["spec"]["containers"].is_null() {
            // No server has a pod without.
            object["spec"]["containers"] = json!([{"name": "app", "image": "app"}]);
        }
        self.server.write(|state| {
            let known =
                state.store.get(&resource, &key).map(|known| known.value()["metadata"]["uid"].clone());
            match known {
                Some(known) if uid.is_empty() => object["metadata"]["uid"] = known,
                Some(known) if known != uid.as_str() => drop(state.store.remove(&resource, &key)),
                _ if uid.is_empty() => object["metadata"]["uid"] = self.server.uid().into(),
                _ => {}
            }
            state.store.put(&resource, &key, object);
        });
    }

    fn happen(&self, event: &Event, now: Timestamp) {
        match event {
            Event::Set(object, merge) if self.has(&object.value) => {
                let (resource, key) = (self.resource(&object.value), key_of(&object.value));
                self.patch(&resource, &key, merge);
            }
            Event::Apply(object) | Event::Set(object, _) => {
                let mut value = Value::clone(&object.value);
                let (resource, key) = (self.resource(&value), key_of(&value));
                let known =
                    self.server.read(|state| state.store.get(&resource, &key).map(|known| known.value()));
                let same = known.filter(|known| {
                    let uid = &value["metadata"]["uid"];
                    uid.is_null() || *uid == known["metadata"]["uid"]
                });
                let created = same.map_or_else(
                    || Timestamp::from_second(now.as_second()).unwrap().to_string().into(),
                    |known| known["metadata"]["creationTimestamp"].clone(),
                );
                let metadata = value["metadata"].as_object_mut().unwrap();
                metadata.entry("creationTimestamp").or_insert(created);
                self.put(value);
            }
            Event::Patch(reference, merge) => {
                let (resource, key) = self.meant(reference);
                self.patch(&resource, &key, merge);
            }
            Event::Remove(reference) => {
                let (resource, key) = self.meant(reference);
                self.server.write(|state| drop(state.store.remove(&resource, &key)));
            }
        }
    }

    fn has(&self, object: &Value) -> bool {
        let (resource, key) = (self.resource(object), key_of(object));
        self.server.read(|state| state.store.get(&resource, &key).is_some())
    }

    /// Whatever holds it, an object that waits for its last finalizer alone goes with that.
    fn patch(&self, resource: &Resource, key: &Key, merge: &Value) {
        self.server.write(|state| {
            let mut value = state.store.get(resource, key).unwrap().value();
            let was_held = is_held(resource, &value);
            json_patch::merge(&mut value, merge);
            if was_held && !is_held(resource, &value) && is_terminating(&value) {
                state.store.remove(resource, key);
            } else {
                state.store.put(resource, key, value);
            }
        });
    }

    fn meant(&self, reference: &Reference) -> (Resource, Key) {
        let Meaning::Kind(index) = self.kinds.meaning(&reference.resource) else {
            panic!("no object is of the kind {}", reference.resource);
        };
        let kind = &self.kinds.all()[index];
        let key = Key::new(reference.namespace.as_deref().unwrap_or_default(), &reference.name);
        (Resource::new(&kind.group, &kind.plural), key)
    }

    /// What was deleted goes, where it waits for a kubelet, a garbage collector or the controller of namespaces alone.
    fn end(&self, path: &str) {
        let Some((resource, key)) = named_in(path) else { return };
        self.server.write(|state| {
            let Some(object) = state.store.get(&resource, &key) else { return };
            let mut value = object.value();
            // A namespace goes last, and what its spec has of finalizers nobody takes away.
            let is_empty = || {
                let kinds: Vec<Resource> = state.kinds.iter().map(|kind| kind.resource.clone()).collect();
                kinds.iter().all(|kind| state.store.all(kind, key.name()).next().is_none())
            };
            let is_namespace = resource == Resource::core("namespaces");
            let stays = || has_entries(&value, "/spec/finalizers") || !is_empty();
            if !is_terminating(&value) || (is_namespace && stays()) {
                return;
            }
            let finalizers = value["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
            let left: Vec<Value> =
                finalizers.into_iter().filter(|one| one != "foregroundDeletion" && one != "orphan").collect();
            if left.is_empty() {
                state.store.remove(&resource, &key);
            } else if value["metadata"]["finalizers"] != Value::from(left.clone()) {
                value["metadata"]["finalizers"] = left.into();
                state.store.put(&resource, &key, value);
            }
        });
    }

    /// What was written to objects of the case by its end.
    fn written(&self, proof: &Proof) -> Writes {
        let named: BTreeSet<String> = objects(proof)
            .into_iter()
            .map(|object| format!("{}/{}", self.resource(object), key_of(object).as_str()))
            .collect();
        let written = self.server.audit.events().into_iter().filter_map(|event| {
            let object = &event["objectRef"];
            let text = |key: &str| object[key].as_str().unwrap_or_default();
            let by_daemon =
                event["userAgent"] != "operator" && event["responseStatus"]["code"].as_u64()? < 300;
            let options = &event["requestObject"];
            let is_dry_run = event["requestURI"].as_str()?.contains("dryRun=All")
                || options["dryRun"] == json!(["All"])
                || options["deleteOptions"]["dryRun"] == json!(["All"]);
            let verb = match (event["verb"].as_str()?, text("subresource")) {
                ("delete", _) => "delete".to_owned(),
                ("create", "eviction") => "evict".to_owned(),
                ("patch", "") => "patch".to_owned(),
                ("patch", part) => format!("patch {part} of"),
                _ => return None,
            };
            let resource = Resource::new(text("apiGroup"), text("resource"));
            // A Namespace counts as lying in itself.
            let namespace = if resource == Resource::core("namespaces") { "" } else { text("namespace") };
            let name = format!("{resource}/{}", Key::new(namespace, text("name")).as_str());
            let at: Timestamp = event["requestReceivedTimestamp"].as_str()?.parse().ok()?;
            (by_daemon && !is_dry_run && named.contains(&name)).then(|| (format!("{verb} {name}"), at))
        });
        let mut written: Writes = written.collect();
        written.sort();
        written
    }
}

/// `/api/v1/namespaces/test-a/pods/web/eviction`
fn named_in(path: &str) -> Option<(Resource, Key)> {
    let mut parts = path.trim_start_matches('/').split('/');
    let group = match parts.next()? {
        "api" => "",
        _ => parts.next()?,
    };
    let rest: Vec<&str> = parts.skip(1).collect();
    match rest.as_slice() {
        ["namespaces", namespace, plural, name, ..] => {
            Some((Resource::new(group, plural), Key::new(namespace, name)))
        }
        [plural, name] => Some((Resource::new(group, plural), Key::new("", name))),
        _ => None,
    }
}

fn key_of(object: &Value) -> Key {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    Key::new(text("namespace"), text("name"))
}

fn is_held(resource: &Resource, object: &Value) -> bool {
    has_entries(object, "/metadata/finalizers")
        || (*resource == Resource::core("namespaces") && has_entries(object, "/spec/finalizers"))
}

fn has_entries(object: &Value, list: &str) -> bool {
    object.pointer(list).and_then(Value::as_array).is_some_and(|entries| !entries.is_empty())
}

fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}
