//! A scenario's own corner of a cluster: a namespace, an account that nobody but its daemon uses, and the
//! server's record of what that account sent. So scenarios share a server and still assert silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::audit::{AuditLog, Mark, Request, Requests};
use super::cluster::Cluster;
use super::daemon::Daemon;
use super::objects::{Objects, unique, wait_until};
use super::shapes;

/// For what should take a moment, on a machine that is busy.
pub const SOON: Duration = Duration::from_secs(30);

/// How late a deadline may be met: the server's clock is known to a second at worst, and the machine is
/// busy. There is no such allowance for being early.
pub const LATE: SignedDuration = SignedDuration::from_millis(2500);

pub struct Scene {
    /// The administrator's.
    pub objects: Objects,
    pub namespace: String,
    account: Cluster,
    user: String,
    audit: AuditLog,
    mark: Mark,
    folder: TempDir,
}

impl Scene {
    /// The daemon may do everything.
    pub async fn on(cluster: &Cluster) -> Self {
        let scene = Self::without_rights(cluster).await;
        scene.grant(&json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])).await;
        scene
    }

    /// The daemon may do nothing yet.
    pub async fn without_rights(cluster: &Cluster) -> Self {
        let objects = cluster.objects().await;
        let namespace = objects.namespace("test").await;
        let folder = tempfile::tempdir().unwrap();
        let account = cluster.as_service_account(&namespace, "healer", folder.path()).await;
        let user = format!("system:serviceaccount:{namespace}:healer");
        let audit = cluster.audit();
        let mark = audit.mark().await;
        Self { objects, namespace, account, user, audit, mark, folder }
    }

    /// More rights for the daemon, in the whole cluster, from when this returns.
    pub async fn grant(&self, rules: &Value) {
        let name = unique("healer");
        let (roles, bindings) =
            ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io");
        self.objects.create(roles, "", &json!({"metadata": {"name": name}, "rules": rules})).await;
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": self.namespace}],
        });
        self.objects.create(bindings, "", &binding).await;
        let first = &rules[0];
        let attributes = json!({
            "group": first["apiGroups"][0], "resource": first["resources"][0], "verb": first["verbs"][0],
        });
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": self.user, "resourceAttributes": attributes},
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        wait_until("the grant is known", SOON, || async {
            self.objects.send(Method::POST, path, Some(&review)).await.1["status"]["allowed"] == true
        })
        .await;
    }

    /// The cluster as the daemon sees it.
    pub fn account(&self) -> &Cluster {
        &self.account
    }

    /// `daemon run` with these rules, which are for the scene's namespace unless they say otherwise; returns
    /// when it has listed what they watch.
    pub async fn daemon(&self, rules: &str, flags: &[&str]) -> Daemon {
        self.daemon_at(self.account.kubeconfig(), rules, flags).await
    }

    /// The same on another way to the server.
    pub async fn daemon_at(&self, kubeconfig: &Path, rules: &str, flags: &[&str]) -> Daemon {
        let mut daemon = self.starting_daemon_at(kubeconfig, rules, flags);
        daemon.wait_for_line("true_now", SOON).await;
        daemon
    }

    pub fn starting_daemon_at(&self, kubeconfig: &Path, rules: &str, flags: &[&str]) -> Daemon {
        let flags = [&["--log-level", "debug"], flags].concat();
        Daemon::start_with(kubeconfig, &[&self.rules_file(rules)], &flags)
    }

    /// A pack of these rules, their namespaces the scene's own by default.
    pub fn rules_file(&self, rules: &str) -> PathBuf {
        let file = self.folder.path().join(unique("rules") + ".yaml");
        let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: test }\n";
        let defaults = if rules.contains("scope: cluster") || rules.contains("namespaces:") {
            String::new()
        } else {
            format!("defaults: {{ namespaces: [{}] }}\n", self.namespace)
        };
        fs::write(&file, format!("{head}{defaults}rules:\n{rules}")).unwrap();
        file
    }

    /// All that the daemon of this scene sent, as the server recorded it.
    pub async fn sent(&self) -> Requests {
        self.audit.since(self.mark).await.by_user(&self.user)
    }

    /// The same, of its writes; dry runs included.
    pub async fn writes(&self) -> Requests {
        self.sent().await.writes()
    }

    /// All that anybody sent to the scene's namespace.
    pub async fn all(&self) -> Requests {
        self.audit.since(self.mark).await.in_namespace(&self.namespace)
    }

    /// When the server received what the test itself sent last: `verb resource name`.
    pub async fn done_by_test(&self, verb: &str, resource: &str, name: &str) -> Timestamp {
        let mine = self.all().await.verb(verb).of(resource).by_agent("test");
        let named = mine.only(|request| request.name == name && request.code < 300);
        named.last().unwrap_or_else(|| panic!("the test sent no {verb} {resource} {name}")).received
    }

    /// An object of the scene's namespace.
    pub async fn create(&self, resource: &str, object: &Value) -> Value {
        self.objects.create(resource, &self.namespace, object).await
    }

    pub async fn exists(&self, resource: &str, name: &str) -> bool {
        self.objects.get(resource, &self.namespace, name).await.is_some()
    }

    pub async fn wait_until_gone(&self, resource: &str, name: &str) {
        self.objects.wait_until_gone(resource, &self.namespace, name, SOON).await;
    }

    /// `<resource>/<namespace>/<name>`, as the daemon calls it.
    pub fn called(&self, resource: &str, name: &str) -> String {
        format!("{resource}/{}/{name}", self.namespace)
    }

    /// A config map that rules with [`BAD`] match: the cheapest patient there is.
    pub async fn bad(&self, name: &str) -> Value {
        self.create("configmaps", &bad(name)).await
    }

    /// It is well again.
    pub async fn cure(&self, name: &str) {
        let cured = json!({"metadata": {"labels": {"state": "good"}}});
        self.objects.patch("configmaps", &self.namespace, name, &cured).await;
    }
}

/// A rule's `match` for [`Scene::bad`].
pub const BAD: &str = "[ { labels: { matchLabels: { state: bad } } } ]";

/// See [`Scene::bad`].
pub fn bad(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"state": "bad"}}})
}

/// A rule named `bad`, on config maps by [`BAD`], with these lines more.
pub fn bad_rule(more: &str) -> String {
    format!("- name: bad\n  watch: configmaps\n  match: {BAD}\n  {more}\n")
}

/// One replica set, and pods that it controls.
pub async fn replica_set(scene: &Scene, name: &str) -> Value {
    scene.create("replicasets.apps", &shapes::replica_set(name, 1)).await
}

/// The write names the very object, and the version of it, that the test knows.
pub fn assert_preconditions(request: &Request, object: &Value) {
    let metadata = &object["metadata"];
    let expected = json!({"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]});
    let options =
        if request.subresource == "eviction" { &request.body["deleteOptions"] } else { &request.body };
    assert_eq!(options["preconditions"], expected, "{request:?}");
}

/// Nothing was sent before its time, nor much after it.
pub fn assert_on_time(what: &str, since: Timestamp, wait: Duration, sent: Timestamp) {
    assert_on_time_after_a_gap(what, since, since, wait, sent);
}

/// As [`assert_on_time`], where the daemon could see what is so since `since` only from `seen` on.
pub fn assert_on_time_after_a_gap(
    what: &str,
    since: Timestamp,
    seen: Timestamp,
    wait: Duration,
    sent: Timestamp,
) {
    let wait = SignedDuration::try_from(wait).unwrap();
    let waited = sent.duration_since(since);
    assert!(waited >= wait, "{what}: {waited:?} after, {:?} too early", wait - waited);
    let late = sent.duration_since(seen.max(since)) - wait;
    assert!(late <= LATE, "{what}: {waited:?} after, {late:?} too late");
}

/// Long enough for something that must not happen to happen.
pub async fn a_while() {
    tokio::time::sleep(Duration::from_millis(1500)).await;
}
