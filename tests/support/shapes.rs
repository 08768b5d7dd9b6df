//! The shapes of the objects that the scenarios need, as small as the server accepts them, and where
//! each resource is served.

use serde_json::{Value, json};

/// `resource[.group]` to group/version, or version alone in the core group.
pub fn api_version(resource: &str) -> String {
    match resource.split_once('.') {
        None => "v1".into(),
        Some((_, "cdi.kubevirt.io")) => "cdi.kubevirt.io/v1beta1".into(),
        Some((_, group)) => format!("{group}/v1"),
    }
}

pub fn kind(resource: &str) -> &'static str {
    match resource {
        "pods" => "Pod",
        "namespaces" => "Namespace",
        "nodes" => "Node",
        "configmaps" => "ConfigMap",
        "secrets" => "Secret",
        "events" => "Event",
        "persistentvolumes" => "PersistentVolume",
        "serviceaccounts" => "ServiceAccount",
        "persistentvolumeclaims" => "PersistentVolumeClaim",
        "replicasets.apps" => "ReplicaSet",
        "deployments.apps" => "Deployment",
        "statefulsets.apps" => "StatefulSet",
        "daemonsets.apps" => "DaemonSet",
        "jobs.batch" => "Job",
        "poddisruptionbudgets.policy" => "PodDisruptionBudget",
        "clusterroles.rbac.authorization.k8s.io" => "ClusterRole",
        "clusterrolebindings.rbac.authorization.k8s.io" => "ClusterRoleBinding",
        "roles.rbac.authorization.k8s.io" => "Role",
        "rolebindings.rbac.authorization.k8s.io" => "RoleBinding",
        "priorityclasses.scheduling.k8s.io" => "PriorityClass",
        "virtualmachines.kubevirt.io" => "VirtualMachine",
        "virtualmachineinstances.kubevirt.io" => "VirtualMachineInstance",
        "datavolumes.cdi.kubevirt.io" => "DataVolume",
        "customresourcedefinitions.apiextensions.k8s.io" => "CustomResourceDefinition",
        other => panic!("add the kind of {other} to the table"),
    }
}

/// Path of the collection where the name is empty, of the whole cluster where the namespace is.
pub fn path(resource: &str, namespace: &str, name: &str) -> String {
    let version = api_version(resource);
    let root = if version.contains('/') { "/apis" } else { "/api" };
    let plural = resource.split('.').next().unwrap();
    let scope = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    format!("{root}/{version}{scope}/{plural}{name}")
}

pub fn has_status_subresource(resource: &str) -> bool {
    // A VirtualMachineInstance's status is a part of the object, in KubeVirt's own definition; a
    // DataVolume's has been a subresource since v1beta1.
    resource != "virtualmachineinstances.kubevirt.io"
}

/// A controlling owner reference to an object as the server returned it.
pub fn owned_by(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// An owner that does not exist. Where a garbage collector runs it would take the owned object: make a
/// real one there.
pub fn invented_owner() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "invented", "uid": format!("00000000-0000-4000-8000-{:012x}", fastrand::u32(..))},
    })
}

/// Labelled `app: <name>`; the labels of its pods too.
pub fn replica_set(name: &str, replicas: u32) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod(name)["spec"]},
        },
    })
}

/// Running, with one container named `main`, ready; labelled `app: <name>`. Held back from a simulated
/// kubelet, which would write a status of its own.
pub fn pod(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": name}, "annotations": {"simulate": "hold"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "registry.example/app:1"}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [container_status(0, &json!({"running": {}}), true)],
        },
    })
}

/// As [`pod`], its container waiting to be restarted for the given reason.
pub fn waiting_pod(name: &str, reason: &str, restarts: u32) -> Value {
    let mut pod = pod(name);
    pod["status"] = waiting_status(reason, restarts);
    pod
}

/// Five restarts, `CrashLoopBackOff`.
pub fn crash_looping_pod(name: &str) -> Value {
    waiting_pod(name, "CrashLoopBackOff", 5)
}

pub fn waiting_status(reason: &str, restarts: u32) -> Value {
    let state =
        json!({"waiting": {"reason": reason, "message": "back-off 5m0s restarting failed container"}});
    json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
        "containerStatuses": [container_status(restarts, &state, false)],
    })
}

fn container_status(restarts: u32, state: &Value, ready: bool) -> Value {
    json!({
        "name": "main", "image": "registry.example/app:1", "imageID": "", "ready": ready, "started": ready,
        "restartCount": restarts, "state": state,
    })
}

/// The object with a controlling owner.
pub fn owned(mut object: Value, owner: &Value) -> Value {
    object["metadata"]["ownerReferences"] = json!([owned_by(owner)]);
    object
}

pub fn with_finalizers(mut object: Value, finalizers: &[&str]) -> Value {
    object["metadata"]["finalizers"] = json!(finalizers);
    object
}

pub fn with_labels(mut object: Value, labels: &[(&str, &str)]) -> Value {
    for (key, value) in labels {
        object["metadata"]["labels"][*key] = (*value).into();
    }
    object
}

/// A budget over the pods labelled `app: <app>`; its status is set by
/// [`super::Objects::set_disruptions_allowed`] where no controller runs.
pub fn budget(name: &str, app: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}},
    })
}

/// With the status that `kubectl get vm` shows.
pub fn virtual_machine(name: &str, printable_status: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {"devices": {}}}}},
        "status": {"printableStatus": printable_status},
    })
}

pub fn virtual_machine_instance(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"domain": {"devices": {}}},
        "status": {"phase": phase},
    })
}

pub fn data_volume(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"source": {"blank": {}}, "storage": {"resources": {"requests": {"storage": "1Gi"}}}},
        "status": {"phase": phase},
    })
}
