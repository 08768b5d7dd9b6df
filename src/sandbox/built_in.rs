//! Kubernetes' own kinds, as far as the sandbox knows them: a line each.

use serde_json::{Value, json};

use super::kinds::{Kind, Resource, Version};

const NAMESPACED: bool = true;
const CLUSTER: bool = false;

/// What a kind's objects have beside themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Plain,
    Status,
    Scale,
}
use Parts::{Plain, Scale, Status};

/// Group, version, plural, singular, kind, scope, parts, short names, categories.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    bool,
    Parts,
    &'static [&'static str],
    &'static [&'static str],
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("", "v1", "configmaps", "configmap", "ConfigMap", NAMESPACED, Plain, &["cm"], &[]),
    ("", "v1", "endpoints", "endpoints", "Endpoints", NAMESPACED, Plain, &["ep"], &[]),
    ("", "v1", "events", "event", "Event", NAMESPACED, Plain, &["ev"], &[]),
    ("", "v1", "limitranges", "limitrange", "LimitRange", NAMESPACED, Plain, &["limits"], &[]),
    ("", "v1", "namespaces", "namespace", "Namespace", CLUSTER, Status, &["ns"], &[]),
    ("", "v1", "nodes", "node", "Node", CLUSTER, Status, &["no"], &[]),
    ("", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", NAMESPACED, Status, &["pvc"], &[]),
    ("", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume", CLUSTER, Status, &["pv"], &[]),
    ("", "v1", "pods", "pod", "Pod", NAMESPACED, Status, &["po"], &["all"]),
    ("", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", NAMESPACED, Scale, &["rc"], &["all"]),
    ("", "v1", "resourcequotas", "resourcequota", "ResourceQuota", NAMESPACED, Status, &["quota"], &[]),
    ("", "v1", "secrets", "secret", "Secret", NAMESPACED, Plain, &[], &[]),
    ("", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", NAMESPACED, Plain, &["sa"], &[]),
    ("", "v1", "services", "service", "Service", NAMESPACED, Status, &["svc"], &["all"]),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition", "CustomResourceDefinition", CLUSTER, Status, &["crd", "crds"], &["api-extensions"]),
    ("apps", "v1", "daemonsets", "daemonset", "DaemonSet", NAMESPACED, Status, &["ds"], &["all"]),
    ("apps", "v1", "deployments", "deployment", "Deployment", NAMESPACED, Scale, &["deploy"], &["all"]),
    ("apps", "v1", "replicasets", "replicaset", "ReplicaSet", NAMESPACED, Scale, &["rs"], &["all"]),
    ("apps", "v1", "statefulsets", "statefulset", "StatefulSet", NAMESPACED, Scale, &["sts"], &["all"]),
    ("autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler", NAMESPACED, Status, &["hpa"], &["all"]),
    ("batch", "v1", "cronjobs", "cronjob", "CronJob", NAMESPACED, Status, &["cj"], &["all"]),
    ("batch", "v1", "jobs", "job", "Job", NAMESPACED, Status, &[], &["all"]),
    ("coordination.k8s.io", "v1", "leases", "lease", "Lease", NAMESPACED, Plain, &[], &[]),
    ("discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice", NAMESPACED, Plain, &[], &[]),
    ("networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", NAMESPACED, Status, &["ing"], &[]),
    ("networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy", NAMESPACED, Plain, &["netpol"], &[]),
    ("policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", NAMESPACED, Status, &["pdb"], &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", CLUSTER, Plain, &[], &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole", CLUSTER, Plain, &[], &[]),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding", NAMESPACED, Plain, &[], &[]),
    ("rbac.authorization.k8s.io", "v1", "roles", "role", "Role", NAMESPACED, Plain, &[], &[]),
    ("scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", "PriorityClass", CLUSTER, Plain, &["pc"], &[]),
    ("storage.k8s.io", "v1", "storageclasses", "storageclass", "StorageClass", CLUSTER, Plain, &["sc"], &[]),
    ("storage.k8s.io", "v1", "volumeattachments", "volumeattachment", "VolumeAttachment", CLUSTER, Status, &[], &[]),
];

/// The kinds that are served from the start.
pub(super) fn kinds() -> Vec<Kind> {
    ROWS.iter().map(kind).collect()
}

fn kind(&(group, version, plural, singular, kind, namespaced, parts, short_names, categories): &Row) -> Kind {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let scale = json!({"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"});
    Kind {
        resource: Resource::new(group, plural),
        kind: kind.to_owned(),
        list_kind: format!("{kind}List"),
        singular: singular.to_owned(),
        short_names: owned(short_names),
        categories: owned(categories),
        namespaced,
        versions: vec![Version {
            name: version.to_owned(),
            status: parts != Plain,
            scale: if parts == Scale { scale } else { Value::Null },
            ..Version::default()
        }],
        definition: None,
    }
}
