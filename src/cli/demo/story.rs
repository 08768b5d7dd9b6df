//! The story that the demo plays: what a leaking test suite does to a cluster, minute by minute, and what
//! must have become of each object in the end.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

/// Something that happens.
#[derive(Debug)]
pub(super) struct Scene {
    /// From the start, on the demo's clock.
    pub(super) at: Duration,
    /// `test-storage`.
    pub(super) place: String,
    /// For the reader.
    pub(super) says: String,
    /// What is sent to the server: method, path, body.
    pub(super) requests: Vec<(Method, String, Value)>,
}

/// What must have become of an object.
#[derive(Debug)]
pub(super) struct Role {
    /// `virtualmachines.kubevirt.io/test-storage/fedora`; for the pods of a controller without its random
    /// end.
    pub(super) object: String,
    /// What is the matter with it.
    pub(super) found: &'static str,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// An object's end.
#[derive(Debug)]
pub(super) enum Fate {
    /// These things are done to it, each by this rule and not before this moment.
    Healed(Vec<Deed>),
    /// Nothing is ever done to it. A decision that holds back says these words; where there are none, no
    /// decision is made at all, and the words are the reader's.
    HeldBack(&'static str),
    /// No rule is for it.
    LeftAlone(&'static str),
}

/// Something done to an object.
#[derive(Debug)]
pub(super) struct Deed {
    /// `delete`.
    pub(super) action: &'static str,
    /// `kubevirt-ui/vm-stale`.
    pub(super) rule: &'static str,
    /// Not before.
    pub(super) from: Duration,
}

/// The whole of it.
#[derive(Debug)]
pub(super) struct Story {
    /// What is there before it begins.
    pub(super) before: Vec<Scene>,
    /// In the order of their times.
    pub(super) scenes: Vec<Scene>,
    /// In the order of the final table.
    pub(super) roles: Vec<Role>,
    /// When it is over.
    pub(super) end: Duration,
}

const MACHINES: &str = "virtualmachines.kubevirt.io";

/// As the packs' parameters have it.
const UNSCHEDULABLE_FOR: u64 = 180;
const STALE_AGE: u64 = 360;
const FINALIZERS_AFTER: u64 = 120;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Names and times that differ from seed to seed.
struct Chance(fastrand::Rng);

impl Chance {
    fn name(&mut self, what: &str) -> String {
        const WORDS: &[&str] =
            &["amber", "brisk", "coral", "dusty", "early", "fuzzy", "green", "happy", "ivory", "jolly"];
        let word = self.0.choice(WORDS).unwrap_or(&"plain");
        format!("{what}-{word}-{}", self.0.u8(10..100))
    }

    /// Up to three seconds later.
    fn around(&mut self, moment: u64) -> u64 {
        moment + self.0.u64(0..=3)
    }
}

fn machine_path(namespace: &str, name: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    format!("/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines{name}")
}

/// A machine whose status the script sets itself.
fn machine(name: &str, metadata: &Value) -> Value {
    let mut machine = json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"name": name, "annotations": {"simulate": "hold"}},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {"devices": {}}}}},
    });
    json_patch::merge(&mut machine["metadata"], metadata);
    machine
}

fn status(namespace: &str, name: &str, status: &str) -> (Method, String, Value) {
    let path = format!("{}/status", machine_path(namespace, name));
    (Method::PATCH, path, json!({"status": {"printableStatus": status, "ready": status == "Running"}}))
}

#[derive(Default)]
struct Writer {
    before: Vec<Scene>,
    scenes: Vec<Scene>,
    roles: Vec<Role>,
}

impl Writer {
    fn scene(&mut self, at: u64, place: &str, says: String, requests: Vec<(Method, String, Value)>) {
        self.scenes.push(Scene { at: seconds(at), place: place.to_owned(), says, requests });
    }

    fn namespace(&mut self, name: &str, labels: &Value, says: &str) {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels},
        });
        let requests = vec![(Method::POST, "/api/v1/namespaces".to_owned(), namespace)];
        let (place, says) = (name.to_owned(), says.to_owned());
        self.before.push(Scene { at: Duration::ZERO, place, says, requests });
    }

    /// A machine that comes with this status.
    fn machine(&mut self, at: u64, place: &str, object: &Value, state: &str, says: &str) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let create = (Method::POST, machine_path(place, ""), object.clone());
        self.scene(at, place, format!("{says}: VM {name}"), vec![create, status(place, name, state)]);
    }

    fn role(&mut self, object: String, found: &'static str, fate: Fate) {
        self.roles.push(Role { object, found, fate });
    }
}

/// The story of this seed. `start` is what the clock shows at the beginning.
pub(super) fn story(seed: u64, start: jiff::Timestamp) -> Story {
    let mut chance = Chance(fastrand::Rng::with_seed(seed));
    let mut writer = Writer::default();
    writer.namespace("test-storage", &json!({}), "a namespace of the test suite");
    writer.namespace("test-login", &json!({}), "a namespace of the test suite");
    writer.namespace("pw-migration", &json!({}), "a namespace of the test suite");
    let protect = json!({"k8s-healer.io/protect": "being-debugged"});
    writer.namespace(
        "test-debug",
        &protect,
        "another, where somebody debugs: labelled k8s-healer.io/protect",
    );
    writer.namespace("shop", &json!({}), "people work in this one: no rule names it");
    unschedulable(&mut writer, &mut chance);
    leaked(&mut writer, &mut chance);
    crashing(&mut writer, &mut chance);
    spared(&mut writer, &mut chance, start);
    writer.scenes.sort_by_key(|scene| scene.at);
    let end = seconds(STALE_AGE + FINALIZERS_AFTER + 60);
    Story { before: writer.before, scenes: writer.scenes, roles: writer.roles, end }
}

/// One machine that never gets a node, and one that does before its time is over.
fn unschedulable(writer: &mut Writer, chance: &mut Chance) {
    let place = "test-storage";
    let (full, lucky) = (chance.name("full"), chance.name("lucky"));
    let at = chance.around(10);
    let says = "a test starts what no node has room for";
    writer.machine(at, place, &machine(&full, &json!({})), "ErrorUnschedulable", says);
    writer.role(
        format!("{MACHINES}/{place}/{full}"),
        "ErrorUnschedulable for 3 min",
        Fate::Healed(vec![Deed {
            action: "delete",
            rule: "kubevirt-ui/vm-unschedulable",
            from: seconds(at + UNSCHEDULABLE_FOR),
        }]),
    );
    let at = chance.around(20);
    let says = "another finds no room either";
    writer.machine(at, place, &machine(&lucky, &json!({})), "ErrorUnschedulable", says);
    let says = format!("room at last: VM {lucky} runs after all");
    writer.scene(chance.around(140), place, says, vec![status(place, &lucky, "Running")]);
    let delete = (Method::DELETE, machine_path(place, &lucky), Value::Null);
    writer.scene(chance.around(240), place, format!("its test is done and deletes VM {lucky}"), vec![delete]);
    let why = "it recovered after two minutes";
    writer.role(format!("{MACHINES}/{place}/{lucky}"), "ErrorUnschedulable for 2 min", Fate::LeftAlone(why));
}

/// Machines that tests forgot; one of them is held by a finalizer that nobody removes.
fn leaked(writer: &mut Writer, chance: &mut Chance) {
    let place = "pw-migration";
    let (forgotten, stuck) = (chance.name("forgotten"), chance.name("stuck"));
    let at = chance.around(30);
    writer.machine(at, place, &machine(&forgotten, &json!({})), "Running", "a test crashes and leaves");
    let stale =
        |at: u64| Deed { action: "delete", rule: "kubevirt-ui/vm-stale", from: seconds(at + STALE_AGE) };
    let object = format!("{MACHINES}/{place}/{forgotten}");
    writer.role(object, "older than 6 min", Fate::Healed(vec![stale(at)]));
    let at = chance.around(40);
    let finalizers = json!({"finalizers": ["kubevirt.io/virtualMachineControllerFinalize"]});
    let says = "so does the next, and its controller is down";
    writer.machine(at, place, &machine(&stuck, &finalizers), "Running", says);
    let strip = Deed {
        action: "stripFinalizers",
        rule: "kubevirt-ui/vm-stale",
        from: seconds(at + STALE_AGE + FINALIZERS_AFTER),
    };
    let object = format!("{MACHINES}/{place}/{stuck}");
    writer.role(object, "older than 6 min, then Terminating", Fate::Healed(vec![stale(at), strip]));
}

/// A pod that crashes in a loop, whose replacement does too.
fn crashing(writer: &mut Writer, chance: &mut Chance) {
    let place = "test-login";
    let name = chance.name("api");
    let labels = json!({"app": name});
    let template = |simulate: &str, labels: &Value| {
        json!({
            "metadata": {"labels": labels, "annotations": {"simulate": simulate}},
            "spec": {"containers": [{"name": "main", "image": "registry.example/api:broken"}]},
        })
    };
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": labels}, "template": template("crash-loop", &labels),
        },
    });
    let path = format!("/apis/apps/v1/namespaces/{place}/deployments");
    let at = chance.around(50);
    let says = format!("a test deploys a broken image: Deployment {name}");
    writer.scene(at, place, says, vec![(Method::POST, path, deployment)]);
    let deed = Deed { action: "delete", rule: "pods/pod-crash-loop", from: seconds(at) };
    writer.role(format!("pods/{place}/{name}-"), "CrashLoopBackOff, 3 restarts", Fate::Healed(vec![deed]));
    let why = "it replaces what the rule acted on";
    writer.role(format!("pods/{place}/{name}-"), "the same, in its replacement", Fate::HeldBack(why));
    let bare = chance.name("bare");
    let mut pod = template("crash-loop", &json!({"app": bare}));
    json_patch::merge(&mut pod, &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": bare}}));
    let path = format!("/api/v1/namespaces/{place}/pods");
    let says = format!("somebody runs it by hand: pod {bare}");
    writer.scene(chance.around(60), place, says, vec![(Method::POST, path, pod)]);
    let why = "nothing would recreate it: it has no owner";
    writer.role(format!("pods/{place}/{bare}"), "CrashLoopBackOff, 3 restarts", Fate::LeftAlone(why));
}

/// What is as old as the leaked ones, and nobody's to delete.
fn spared(writer: &mut Writer, chance: &mut Chance, start: jiff::Timestamp) {
    let orders = chance.name("orders");
    let at = chance.around(5);
    writer.machine(at, "shop", &machine(&orders, &json!({})), "Running", "a machine that people work with");
    let why = "no rule selects its namespace";
    writer.role(format!("{MACHINES}/shop/{orders}"), "older than 6 min", Fate::LeftAlone(why));

    let puzzle = chance.name("puzzle");
    let at = chance.around(5);
    let object = machine(&puzzle, &json!({}));
    writer.machine(at, "test-debug", &object, "Running", "somebody looks into a failure");
    writer.role(
        format!("{MACHINES}/test-debug/{puzzle}"),
        "older than 6 min",
        Fate::HeldBack("k8s-healer.io/protect"),
    );

    let marathon = chance.name("marathon");
    let at = chance.around(15);
    let until = STALE_AGE + 90;
    let moment = start.checked_add(jiff::SignedDuration::from_secs(i64::try_from(until).unwrap_or(0)));
    let moment = moment.unwrap_or(start).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let object = machine(&marathon, &json!({"annotations": {"k8s-healer.io/keep-until": moment}}));
    let says = "a long test asks to be left alone until 7:30";
    writer.machine(at, "pw-migration", &object, "Running", says);
    writer.role(
        format!("{MACHINES}/pw-migration/{marathon}"),
        "older than 6 min, kept until 7:30",
        Fate::Healed(vec![Deed { action: "delete", rule: "kubevirt-ui/vm-stale", from: seconds(until) }]),
    );
}
