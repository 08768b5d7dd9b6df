//! The harness itself: what it starts it ends, what it claims about the wire is so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the tests run in real time against real servers")]

mod proxies;
#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::{AsyncBufReadExt, AsyncReadExt};
use http::Method;
use serde_json::{Value, json};
use support::shapes::{self, path};
use support::*;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_shared_server_answers_every_test_with_namespaces_of_its_own() {
    let Some(cluster) = shared_cluster().await else { return };
    let objects = cluster.objects().await;
    let (one, other) = (objects.namespace("test").await, objects.namespace("test").await);
    assert_ne!(one, other);
    assert!(objects.get("namespaces", "", &one).await.is_some());
    assert!(objects.list("pods", &one).await.is_empty());
}

#[tokio::test]
async fn the_audit_shows_a_write_with_its_body_and_nothing_from_before_the_mark() {
    let Some(cluster) = shared_cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    objects.create("configmaps", &namespace, &json!({"metadata": {"name": "before"}})).await;
    let audit = cluster.audit();
    let mark = audit.mark().await;
    assert!(audit.since(mark).await.in_namespace(&namespace).is_empty());

    let created = objects.create("pods", &namespace, &shapes::crash_looping_pod("pod")).await;
    objects.list("pods", &namespace).await;
    let options = json!({"preconditions": {"uid": created["metadata"]["uid"]}, "dryRun": ["All"]});
    let (status, _) = objects.send(Method::DELETE, &path("pods", &namespace, "pod"), Some(&options)).await;
    assert_eq!(status, 200);

    let requests = audit.since(mark).await.in_namespace(&namespace);
    assert!(requests.clone().verb("list").iter().all(|request| request.body.is_null()));
    let writes = requests.writes().by_agent("test");
    let summary = [
        format!("create pods {namespace}/pod 201"),
        format!("patch pods/status {namespace}/pod 200"),
        format!("delete pods {namespace}/pod 200"),
    ];
    assert_eq!(writes.summary(), summary);
    assert_eq!(writes[0].body["spec"]["containers"][0]["name"], "main");
    assert_eq!(writes[1].body["status"]["containerStatuses"][0]["restartCount"], 5);
    assert_eq!(writes[2].body["preconditions"], options["preconditions"]);
    assert!(writes[2].is_dry_run() && !writes[0].is_dry_run());
    assert!(writes[0].received < writes[2].received);
    assert_eq!(audit.since(mark).await.in_namespace(&namespace).of("pods/status").len(), 1);
}

#[tokio::test]
async fn a_watch_opened_before_the_mark_does_not_show_when_it_ends() {
    let Some(cluster) = shared_cluster().await else { return };
    let namespace = cluster.objects().await.namespace("test").await;
    let audit = cluster.audit();
    let begun = audit.mark().await;
    let mut watch = Watch::open(&cluster, &format!("{}?watch=1", path("pods", &namespace, ""))).await;
    let open = audit.mark().await;
    assert_eq!(audit.since(begun).await.in_namespace(&namespace).verb("watch").len(), 1);
    assert!(watch.is_silent_for(Duration::from_millis(300)).await);
    drop(watch);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(audit.since(open).await.in_namespace(&namespace).is_empty());
}

#[tokio::test]
async fn pods_take_the_status_that_a_test_gives_them_and_go_when_deleted() {
    let Some(cluster) = shared_cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    let set = objects.create("replicasets.apps", &namespace, &shapes::replica_set("set", 1)).await;
    let owned = shapes::owned(shapes::waiting_pod("owned", "ImagePullBackOff", 3), &set);
    let owned = objects.create("pods", &namespace, &owned).await;
    assert_eq!(owned["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ImagePullBackOff");
    assert_eq!(owned["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"]);
    let held = shapes::with_finalizers(shapes::pod("held"), &["example.com/hold"]);
    objects.create("pods", &namespace, &held).await;

    objects.delete("pods", &namespace, "owned").await;
    objects.wait_until_gone("pods", &namespace, "owned", SOON).await;
    objects.delete("pods", &namespace, "held").await;
    let held = objects.get("pods", &namespace, "held").await.expect("held by its finalizer");
    assert!(held["metadata"]["deletionTimestamp"].is_string());
    objects.patch("pods", &namespace, "held", &json!({"metadata": {"finalizers": null}})).await;
    objects.wait_until_gone("pods", &namespace, "held", SOON).await;
}

#[tokio::test]
async fn a_budget_admits_as_many_evictions_as_the_test_says() {
    let Some(cluster) = shared_cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    objects.create("pods", &namespace, &shapes::crash_looping_pod("app")).await;
    objects.create("poddisruptionbudgets.policy", &namespace, &shapes::budget("budget", "app")).await;
    let path = format!("{}/eviction", path("pods", &namespace, "app"));
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "app"}});
    for (allowed, status) in [(0, 429), (1, 201)] {
        objects.set_disruptions_allowed(&namespace, "budget", allowed).await;
        assert_eq!(objects.send(Method::POST, &path, Some(&body)).await.0, status, "{allowed} allowed");
    }
    let budget = objects.get("poddisruptionbudgets.policy", &namespace, "budget").await.unwrap();
    assert_eq!(budget["status"]["disruptionsAllowed"], 0);
}

#[tokio::test]
async fn a_service_account_has_the_rights_that_it_is_given_and_no_others() {
    let Some(cluster) = shared_cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    let folder = tempfile::tempdir().unwrap();
    let limited = cluster.as_service_account(&namespace, "healer", folder.path()).await.objects().await;
    let path = path("pods", &namespace, "");
    assert_eq!(limited.send(Method::GET, &path, None).await.0, 403);

    let role = json!({
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}],
    });
    let binding = json!({
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": namespace}],
    });
    objects.create("roles.rbac.authorization.k8s.io", &namespace, &role).await;
    objects.create("rolebindings.rbac.authorization.k8s.io", &namespace, &binding).await;
    wait_until("the role is known", SOON, || async { limited.send(Method::GET, &path, None).await.0 == 200 })
        .await;
    assert_eq!(limited.send(Method::GET, &format!("{path}?watch=1"), None).await.0, 403);
}

#[tokio::test]
async fn custom_resources_come_and_go_with_their_definitions() {
    let Some(plane) = EnvTest::start(Options::default()).await else { return };
    let objects = plane.cluster().objects().await;
    let (machines, instances) = ("virtualmachines.kubevirt.io", "virtualmachineinstances.kubevirt.io");
    let volumes = "datavolumes.cdi.kubevirt.io";
    for name in [machines, instances, volumes, machines] {
        install_crd(&objects, name).await;
    }
    let namespace = objects.namespace("test").await;
    let created = [
        (machines, shapes::virtual_machine("one", "ErrorUnschedulable")),
        (instances, shapes::virtual_machine_instance("one", "Failed")),
        (volumes, shapes::data_volume("one", "Failed")),
    ];
    for (resource, object) in created {
        let found = objects.create(resource, &namespace, &object).await;
        assert_eq!(found["status"], object["status"], "{found}");
        assert_eq!(found["metadata"]["generation"], 1, "a status is not a new generation");
    }
    let (_, discovered) = objects.send(Method::GET, "/apis/kubevirt.io/v1", None).await;
    let short = |name: &str| {
        let all = discovered["resources"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).expect("discovered")["shortNames"].clone()
    };
    assert_eq!(short("virtualmachines"), json!(["vm", "vms"]));
    assert_eq!(short("virtualmachineinstances"), json!(["vmi", "vmis"]));

    remove_crd(&objects, machines).await;
    assert_eq!(objects.send(Method::GET, &path(machines, &namespace, ""), None).await.0, 404);
    assert_eq!(objects.list(instances, &namespace).await.len(), 1);
    install_crd(&objects, machines).await;
    assert!(objects.list(machines, &namespace).await.is_empty());
}

#[tokio::test]
async fn a_restarted_server_has_the_same_address_and_data() {
    let options = Options { users: vec![("guest".into(), vec!["guests".into()])], ..Options::default() };
    let Some(plane) = EnvTest::start(options).await else { return };
    let cluster = plane.cluster();
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    let before = plane.process_ids();
    let mark = cluster.audit().mark().await;
    plane.restart_apiserver();
    assert_eq!(before[0], plane.process_ids()[0]);
    assert_ne!(before[1], plane.process_ids()[1]);
    let objects = cluster.objects().await;
    assert!(objects.get("namespaces", "", &namespace).await.is_some());
    assert!(!cluster.audit().since(mark).await.is_empty(), "the audit goes on");
    let guest = plane.cluster_as("guest").objects().await;
    assert_eq!(guest.send(Method::GET, &path("pods", &namespace, ""), None).await.0, 403);
}

#[tokio::test]
async fn after_compaction_an_old_watch_and_an_old_page_have_expired() {
    let options = Options { apiserver_flags: vec!["--watch-cache=false".into()], ..Options::default() };
    let Some(plane) = EnvTest::start(options).await else { return };
    let cluster = plane.cluster();
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    for name in ["a", "b", "c"] {
        objects.create("pods", &namespace, &shapes::pod(name)).await;
    }
    let pods = path("pods", &namespace, "");
    let (_, page) = objects.send(Method::GET, &format!("{pods}?limit=1"), None).await;
    let (version, token) = (&page["metadata"]["resourceVersion"], &page["metadata"]["continue"]);
    objects.create("pods", &namespace, &shapes::pod("d")).await;
    plane.compact_etcd().await;

    let old = format!("{pods}?watch=1&resourceVersion={}", version.as_str().unwrap());
    let event = Watch::open(&cluster, &old).await.event().await;
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)), "{event}");
    let rest = format!("{pods}?limit=1&continue={}", token.as_str().unwrap());
    assert_eq!(objects.send(Method::GET, &rest, None).await.0, 410);
}

#[tokio::test]
async fn on_the_full_cluster_a_pod_is_scheduled_and_runs_or_is_held() {
    let Some(cluster) = full_cluster() else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    let mark = cluster.audit().mark().await;
    let mut free = shapes::pod("free");
    free["metadata"]["annotations"] = Value::Null;
    free["status"] = Value::Null;
    objects.create("pods", &namespace, &free).await;
    // Nobody owns it: a controller could take it for one too many before its status is set.
    objects.create("pods", &namespace, &shapes::crash_looping_pod("held")).await;
    wait_until("free is run by the simulated kubelet", 3 * SOON, || async {
        let pod = objects.get("pods", &namespace, "free").await.expect("it stays");
        pod["status"]["phase"] == "Running" && pod["spec"]["nodeName"].is_string()
    })
    .await;
    let held = objects.get("pods", &namespace, "held").await.expect("it stays");
    assert_eq!(held["status"]["containerStatuses"][0]["restartCount"], 5);
    let writes = cluster.audit().since(mark).await.in_namespace(&namespace).writes();
    assert!(writes.iter().any(|request| request.subresource == "binding"), "{:?}", writes.summary());
    objects.delete("namespaces", "", &namespace).await;
    objects.wait_until_gone("namespaces", "", &namespace, 6 * SOON).await;
}

#[tokio::test]
async fn a_daemon_is_listened_to_and_ended_by_sigterm() {
    let mut daemon = Daemon::spawn(shell(
        "echo ready; echo oops >&2; trap 'echo bye; exit 7' TERM; while :; do sleep 0.05; done",
    ));
    assert_eq!(daemon.wait_for_line("read", SOON).await, "ready");
    assert_eq!(daemon.wait_for_line("oops", SOON).await, "oops");
    // The shell may not have set its trap yet.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ended = daemon.terminate();
    assert_eq!(ended.status.code(), Some(7));
    assert!(ended.took < Duration::from_secs(1), "{ended:?}");
    assert!(ended.lines.contains(&"bye".to_owned()));
}

#[tokio::test]
async fn a_daemon_that_ignores_sigterm_is_killed() {
    let mut daemon = Daemon::spawn(shell("trap '' TERM; echo ready; while :; do sleep 1; done"));
    daemon.wait_for_line("ready", SOON).await;
    let id = daemon.id();
    let ended = daemon.terminate();
    assert!(ended.status.code().is_none() && ended.took >= Duration::from_secs(3), "{ended:?}");
    assert!(!support::process::exists(id));
}

#[tokio::test]
async fn everything_is_ended_when_a_server_is_dropped() {
    let Some(plane) = EnvTest::start(Options::default()).await else { return };
    let (ids, folder) = (plane.process_ids(), plane.folder().to_owned());
    assert!(ids.len() == 2 && ids.iter().all(|id| support::process::exists(*id)));
    drop(plane);
    assert!(!ids.into_iter().any(support::process::exists));
    assert!(!folder.exists());
}

/// Not a test: what [`everything_is_ended_when_the_test_process_is_killed`] kills.
#[tokio::test]
#[ignore = "started by another test"]
async fn a_process_that_starts_a_server_and_waits() {
    EnvTest::shared().await.unwrap();
    let plane = EnvTest::shared().await.unwrap();
    let daemon = Daemon::spawn(shell("exec sleep 1000"));
    let ids = plane.process_ids();
    println!("\nstarted {} {} {} {}", ids[0], ids[1], daemon.id(), plane.folder().display());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn everything_is_ended_when_the_test_process_is_killed() {
    if !EnvTest::available() {
        return skip("KUBEBUILDER_ASSETS is not set");
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_starts_a_server_and_waits", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let started = lines.into_iter().find_map(|line| Some(line.strip_prefix("started ")?.to_owned()));
    let started = started.expect("it started a server");
    let words: Vec<&str> = started.split(' ').collect();
    let (ids, folder) = (&words[..3], Path::new(words[3]));
    let exists = |id: &&str| support::process::exists(id.parse().unwrap());
    assert!(ids.iter().all(exists) && folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("nothing is left", SOON, || async { !ids.iter().any(exists) && !folder.exists() }).await;
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A watch as a client sees it.
struct Watch {
    stream: std::pin::Pin<Box<dyn futures::AsyncBufRead + Send>>,
}

impl Watch {
    async fn open(cluster: &Cluster, url: &str) -> Self {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        Self { stream: Box::pin(cluster.client().await.request_stream(request).await.expect("a watch")) }
    }

    async fn event(&mut self) -> Value {
        let mut line = String::new();
        let read = tokio::time::timeout(SOON, self.stream.read_line(&mut line));
        read.await.expect("an event in time").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stream.fill_buf()).await.is_err()
    }

    /// What comes until the end, and whether that is an error.
    async fn rest_after_last_line(&mut self) -> (String, bool) {
        let mut rest = Vec::new();
        let read =
            tokio::time::timeout(SOON, self.stream.read_to_end(&mut rest)).await.expect("an end in time");
        (String::from_utf8(rest).unwrap(), read.is_err())
    }
}
