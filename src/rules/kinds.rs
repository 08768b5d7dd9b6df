//! Kinds that are known without a cluster: Kubernetes' own and those of KubeVirt and its neighbours. They
//! serve early diagnostics alone; what a name means is for the cluster's discovery to say.
//! Sources: `kubectl api-resources` of Kubernetes 1.37; the custom resources of KubeVirt 1.9,
//! virt-template 0.2, CDI 1.65 and the network attachment definition client 1.7.

use k8s_healer_engine::rule::WatchTarget;

/// A well-known kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) name: &'static str,
    pub(super) group: &'static str,
    pub(super) namespaced: bool,
}

impl Kind {
    /// As it is watched: `virtualmachines.kubevirt.io`.
    pub(super) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// As kubectl has it: in whatever letters.
    fn is_called(&self, name: &str) -> bool {
        let same = |own: &&str| own.eq_ignore_ascii_case(name);
        [self.plural, self.singular, self.name].iter().any(same) || self.short.iter().any(same)
    }
}

/// What a watched name stands for, as far as it is known.
#[derive(Clone, Debug)]
pub(super) enum Resolved {
    Known(&'static Kind),
    /// A kind of the cluster's own, or a name that several groups serve.
    Unknown(String),
}

impl Resolved {
    pub(super) fn known(&self) -> Option<&'static Kind> {
        match self {
            Self::Known(kind) => Some(kind),
            Self::Unknown(_) => None,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Known(kind) => kind.resource(),
            Self::Unknown(name) => name.clone(),
        }
    }
}

/// Resolves a watched name.
pub(super) fn resolve(target: &WatchTarget) -> Resolved {
    let known: Vec<&Kind> = match target {
        WatchTarget::Resource { name, group } => {
            let called = KINDS.iter().filter(|kind| kind.is_called(name));
            called.filter(|kind| group.as_deref().is_none_or(|group| is_group(group, kind.group))).collect()
        }
        WatchTarget::Kind { group, kind: name, .. } => {
            KINDS.iter().filter(|kind| kind.name == name && kind.group == group).collect()
        }
        WatchTarget::Every { .. } | WatchTarget::Except(_) => Vec::new(),
    };
    match known.as_slice() {
        [kind] => Resolved::Known(kind),
        // The core group wins where no group is written.
        several => several
            .iter()
            .find(|kind| kind.group.is_empty())
            .map_or_else(|| Resolved::Unknown(target.to_string()), |kind| Resolved::Known(kind)),
    }
}

/// `apps` is what stands behind the dot of `deployments.apps` and of `deployments.v1.apps`.
pub(super) fn is_group(written: &str, group: &str) -> bool {
    written == group
        || written.split_once('.').is_some_and(|(version, rest)| is_version(version) && rest == group)
}

pub(super) fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The known kind that a name which is none most likely means.
pub(super) fn nearest(target: &WatchTarget) -> Option<String> {
    // The core group has no name, and its version is none.
    let is_core = |group: &str| matches!(group, "core" | "v1" | "v1.core");
    let of_core = || KINDS.iter().filter(|kind| kind.group.is_empty());
    let (name, group) = match target {
        WatchTarget::Resource { name, group: Some(group) } if is_core(group) => {
            return of_core().find(|kind| kind.is_called(name)).map(Kind::resource);
        }
        WatchTarget::Kind { group, kind: name, .. } if is_core(group) => {
            return of_core().find(|kind| kind.name == name).map(|kind| format!("v1/{}", kind.name));
        }
        WatchTarget::Resource { name, group } => (name, group),
        _ => return None,
    };
    let candidates =
        KINDS.iter().filter(|kind| group.as_deref().is_none_or(|group| is_group(group, kind.group)));
    let candidates: Vec<&Kind> = candidates.collect();
    let words = candidates.iter().flat_map(|kind| [kind.plural, kind.singular]);
    // Two letters are near to many a short word: only longer names are compared.
    let word = (name.len() > 3).then(|| super::suggest::nearest(name, words)).flatten()?;
    candidates.iter().find(|kind| kind.is_called(word)).map(|kind| kind.resource())
}

/// The kind of this name in its group, for where no cluster can be asked.
pub(super) fn of_group(group: &str, name: &str) -> Option<super::offline::Kind> {
    KINDS.iter().find(|kind| kind.group == group && kind.name == name).map(Into::into)
}

/// Whether a kind is known without a cluster.
pub(crate) fn is_well_known(group: &str, name: &str) -> bool {
    KINDS.iter().any(|kind| kind.group == group && kind.name == name)
}

/// The kind that is called so: `DaemonSet` for `daemonsets`.
pub(super) fn kind_called(name: &str) -> Option<&'static str> {
    KINDS.iter().find(|kind| kind.is_called(name)).map(|kind| kind.name)
}

/// The kind that a name which is none most likely means.
pub(super) fn nearest_kind(name: &str) -> Option<&'static str> {
    if KINDS.iter().any(|kind| kind.name == name) {
        return None;
    }
    super::suggest::nearest(name, KINDS.iter().map(|kind| kind.name))
}

macro_rules! kinds {
    ($($group:literal { $($scope:ident $kind:ident $singular:literal $plural:literal [$($short:literal)*];)* })*) => {
        const KINDS: &[Kind] = &[$($(Kind {
            plural: $plural,
            singular: $singular,
            short: &[$($short),*],
            name: stringify!($kind),
            group: $group,
            namespaced: kinds!(@ $scope),
        },)*)*];
    };
    (@ namespaced) => { true };
    (@ cluster) => { false };
}

kinds! {
    "" {
        namespaced Pod "pod" "pods" ["po"];
        namespaced Service "service" "services" ["svc"];
        namespaced ConfigMap "configmap" "configmaps" ["cm"];
        namespaced Secret "secret" "secrets" [];
        namespaced ServiceAccount "serviceaccount" "serviceaccounts" ["sa"];
        namespaced PersistentVolumeClaim "persistentvolumeclaim" "persistentvolumeclaims" ["pvc"];
        namespaced ReplicationController "replicationcontroller" "replicationcontrollers" ["rc"];
        namespaced Endpoints "endpoints" "endpoints" ["ep"];
        namespaced Event "event" "events" ["ev"];
        namespaced LimitRange "limitrange" "limitranges" ["limits"];
        namespaced ResourceQuota "resourcequota" "resourcequotas" ["quota"];
        namespaced PodTemplate "podtemplate" "podtemplates" [];
        cluster Namespace "namespace" "namespaces" ["ns"];
        cluster Node "node" "nodes" ["no"];
        cluster PersistentVolume "persistentvolume" "persistentvolumes" ["pv"];
    }
    "apps" {
        namespaced Deployment "deployment" "deployments" ["deploy"];
        namespaced ReplicaSet "replicaset" "replicasets" ["rs"];
        namespaced StatefulSet "statefulset" "statefulsets" ["sts"];
        namespaced DaemonSet "daemonset" "daemonsets" ["ds"];
        namespaced ControllerRevision "controllerrevision" "controllerrevisions" [];
    }
    "batch" {
        namespaced Job "job" "jobs" [];
        namespaced CronJob "cronjob" "cronjobs" ["cj"];
    }
    "autoscaling" {
        namespaced HorizontalPodAutoscaler "horizontalpodautoscaler" "horizontalpodautoscalers" ["hpa"];
    }
    "policy" {
        namespaced PodDisruptionBudget "poddisruptionbudget" "poddisruptionbudgets" ["pdb"];
    }
    "networking.k8s.io" {
        namespaced Ingress "ingress" "ingresses" ["ing"];
        namespaced NetworkPolicy "networkpolicy" "networkpolicies" ["netpol"];
        cluster IngressClass "ingressclass" "ingressclasses" [];
    }
    "discovery.k8s.io" { namespaced EndpointSlice "endpointslice" "endpointslices" []; }
    "coordination.k8s.io" { namespaced Lease "lease" "leases" []; }
    "events.k8s.io" { namespaced Event "event" "events" ["ev"]; }
    "rbac.authorization.k8s.io" {
        namespaced Role "role" "roles" [];
        namespaced RoleBinding "rolebinding" "rolebindings" [];
        cluster ClusterRole "clusterrole" "clusterroles" [];
        cluster ClusterRoleBinding "clusterrolebinding" "clusterrolebindings" [];
    }
    "storage.k8s.io" {
        cluster StorageClass "storageclass" "storageclasses" ["sc"];
        cluster VolumeAttachment "volumeattachment" "volumeattachments" [];
        cluster CSIDriver "csidriver" "csidrivers" [];
        cluster CSINode "csinode" "csinodes" [];
        namespaced CSIStorageCapacity "csistoragecapacity" "csistoragecapacities" [];
    }
    "snapshot.storage.k8s.io" {
        namespaced VolumeSnapshot "volumesnapshot" "volumesnapshots" ["vs"];
        cluster VolumeSnapshotContent "volumesnapshotcontent" "volumesnapshotcontents" ["vsc" "vscs"];
        cluster VolumeSnapshotClass "volumesnapshotclass" "volumesnapshotclasses" ["vsclass" "vsclasses"];
    }
    "scheduling.k8s.io" { cluster PriorityClass "priorityclass" "priorityclasses" ["pc"]; }
    "node.k8s.io" { cluster RuntimeClass "runtimeclass" "runtimeclasses" []; }
    "certificates.k8s.io" {
        cluster CertificateSigningRequest "certificatesigningrequest" "certificatesigningrequests" ["csr"];
    }
    "admissionregistration.k8s.io" {
        cluster MutatingWebhookConfiguration "mutatingwebhookconfiguration" "mutatingwebhookconfigurations" [];
        cluster ValidatingWebhookConfiguration "validatingwebhookconfiguration" "validatingwebhookconfigurations" [];
    }
    "apiregistration.k8s.io" { cluster APIService "apiservice" "apiservices" []; }
    "apiextensions.k8s.io" {
        cluster CustomResourceDefinition "customresourcedefinition" "customresourcedefinitions" ["crd" "crds"];
    }
    "kubevirt.io" {
        namespaced VirtualMachine "virtualmachine" "virtualmachines" ["vm" "vms"];
        namespaced VirtualMachineInstance "virtualmachineinstance" "virtualmachineinstances" ["vmi" "vmis"];
        namespaced VirtualMachineInstanceMigration "virtualmachineinstancemigration" "virtualmachineinstancemigrations" ["vmim" "vmims"];
        namespaced VirtualMachineInstancePreset "virtualmachineinstancepreset" "virtualmachineinstancepresets" ["vmipreset" "vmipresets"];
        namespaced VirtualMachineInstanceReplicaSet "virtualmachineinstancereplicaset" "virtualmachineinstancereplicasets" ["vmirs" "vmirss"];
        namespaced KubeVirt "kubevirt" "kubevirts" ["kv" "kvs"];
    }
    "pool.kubevirt.io" {
        namespaced VirtualMachinePool "virtualmachinepool" "virtualmachinepools" ["vmpool" "vmpools"];
    }
    "snapshot.kubevirt.io" {
        namespaced VirtualMachineSnapshot "virtualmachinesnapshot" "virtualmachinesnapshots" ["vmsnapshot" "vmsnapshots"];
        namespaced VirtualMachineSnapshotContent "virtualmachinesnapshotcontent" "virtualmachinesnapshotcontents" ["vmsnapshotcontent" "vmsnapshotcontents"];
        namespaced VirtualMachineRestore "virtualmachinerestore" "virtualmachinerestores" ["vmrestore" "vmrestores"];
    }
    "clone.kubevirt.io" {
        namespaced VirtualMachineClone "virtualmachineclone" "virtualmachineclones" ["vmclone" "vmclones"];
    }
    "export.kubevirt.io" {
        namespaced VirtualMachineExport "virtualmachineexport" "virtualmachineexports" ["vmexport" "vmexports"];
    }
    "instancetype.kubevirt.io" {
        namespaced VirtualMachineInstancetype "virtualmachineinstancetype" "virtualmachineinstancetypes" ["vminstancetype" "vminstancetypes" "vmf" "vmfs"];
        namespaced VirtualMachinePreference "virtualmachinepreference" "virtualmachinepreferences" ["vmpref" "vmprefs" "vmp" "vmps"];
        cluster VirtualMachineClusterInstancetype "virtualmachineclusterinstancetype" "virtualmachineclusterinstancetypes" ["vmclusterinstancetype" "vmclusterinstancetypes" "vmcf" "vmcfs"];
        cluster VirtualMachineClusterPreference "virtualmachineclusterpreference" "virtualmachineclusterpreferences" ["vmcp" "vmcps"];
    }
    "migrations.kubevirt.io" { cluster MigrationPolicy "migrationpolicy" "migrationpolicies" []; }
    "template.kubevirt.io" {
        namespaced VirtualMachineTemplate "virtualmachinetemplate" "virtualmachinetemplates" ["vmt" "vmts"];
    }
    "cdi.kubevirt.io" {
        namespaced DataVolume "datavolume" "datavolumes" ["dv" "dvs"];
        namespaced DataSource "datasource" "datasources" ["das"];
        namespaced DataImportCron "dataimportcron" "dataimportcrons" ["dic" "dics"];
        cluster StorageProfile "storageprofile" "storageprofiles" [];
    }
    "k8s.cni.cncf.io" {
        namespaced NetworkAttachmentDefinition "network-attachment-definition" "network-attachment-definitions" ["net-attach-def"];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, group: Option<&str>) -> String {
        resolve(&WatchTarget::Resource { name: name.to_owned(), group: group.map(str::to_owned) }).name()
    }

    #[test]
    fn names_are_resolved_as_kubectl_does() {
        for (name, group, resolved) in [
            ("po", None, "pods"),
            ("vm", None, "virtualmachines.kubevirt.io"),
            ("Pod", None, "pods"),
            ("VirtualMachine", None, "virtualmachines.kubevirt.io"),
            ("virtualMachines", Some("kubevirt.io"), "virtualmachines.kubevirt.io"),
            ("NetworkAttachmentDefinition", None, "network-attachment-definitions.k8s.cni.cncf.io"),
            ("Event", None, "events"),
            ("Widget", None, "Widget"),
            ("deployments", Some("v1.apps"), "deployments.apps"),
            ("ev", None, "events"),
            ("events", Some("events.k8s.io"), "events.events.k8s.io"),
            ("widgets", Some("example.com"), "widgets.example.com"),
            ("pods", Some("example.com"), "pods.example.com"),
        ] {
            assert_eq!(resource(name, group), resolved);
        }
        let kind = WatchTarget::Kind { group: String::new(), version: "v1".into(), kind: "Node".into() };
        assert!(!resolve(&kind).known().unwrap().namespaced);
    }

    #[test]
    fn the_core_group_has_no_name() {
        let near = |text: &str| nearest(&crate::rules::watch::parse(text).unwrap());
        for (text, meant) in [
            ("pods.v1", "pods"),
            ("Pod.core", "pods"),
            ("core/v1/Pod", "v1/Pod"),
            ("core/v1/Secret", "v1/Secret"),
        ] {
            assert_eq!(near(text).as_deref(), Some(meant), "{text}");
        }
        for text in ["core/v1/Widget", "v1/Widget", "widgets.v1"] {
            assert_eq!(near(text), None, "{text}");
        }
    }
}
