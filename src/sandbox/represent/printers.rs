//! Which columns each of Kubernetes' own kinds has, and what stands in them: a file for each family.

mod batch;
mod core;
mod definition;
mod event;
mod network;
mod node;
mod pod;
mod policy;
mod rights;
mod storage;
mod workload;

use jiff::Timestamp;
use serde_json::Value;

use super::super::kinds::Resource;
use super::columns::Heading;

/// The columns of a kind.
#[derive(Debug)]
pub(super) struct Printer {
    /// Their heads.
    pub(super) columns: &'static [Heading],
    /// What stands in them for one object.
    pub(super) cells: fn(&Value, Timestamp) -> Vec<Value>,
}

/// That of a kind, if it has one of its own.
pub(super) fn of(resource: &Resource) -> Option<&'static Printer> {
    Some(match (&*resource.group, &*resource.plural) {
        ("", "configmaps") => &core::CONFIG_MAP,
        ("", "endpoints") => &network::ENDPOINTS,
        ("", "events") => &event::EVENT,
        ("", "namespaces") => &core::NAMESPACE,
        ("", "nodes") => &node::NODE,
        ("", "persistentvolumeclaims") => &storage::CLAIM,
        ("", "persistentvolumes") => &storage::VOLUME,
        ("", "pods") => &pod::POD,
        ("", "replicationcontrollers") => &workload::REPLICATION_CONTROLLER,
        ("", "resourcequotas") => &policy::QUOTA,
        ("", "secrets") => &core::SECRET,
        ("", "serviceaccounts") => &core::SERVICE_ACCOUNT,
        ("", "services") => &network::SERVICE,
        ("apiextensions.k8s.io", "customresourcedefinitions") => &definition::DEFINITION,
        ("apps", "daemonsets") => &workload::DAEMON_SET,
        ("apps", "deployments") => &workload::DEPLOYMENT,
        ("apps", "replicasets") => &workload::REPLICA_SET,
        ("apps", "statefulsets") => &workload::STATEFUL_SET,
        ("batch", "cronjobs") => &batch::CRON_JOB,
        ("batch", "jobs") => &batch::JOB,
        ("coordination.k8s.io", "leases") => &core::LEASE,
        ("networking.k8s.io", "ingresses") => &network::INGRESS,
        ("networking.k8s.io", "networkpolicies") => &network::POLICY,
        ("policy", "poddisruptionbudgets") => &policy::BUDGET,
        ("rbac.authorization.k8s.io", "clusterrolebindings" | "rolebindings") => &rights::BINDING,
        ("scheduling.k8s.io", "priorityclasses") => &policy::PRIORITY_CLASS,
        ("storage.k8s.io", "storageclasses") => &storage::CLASS,
        ("storage.k8s.io", "volumeattachments") => &storage::ATTACHMENT,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
