//! How each list is merged: `x-kubernetes-patch-merge-key` and `x-kubernetes-patch-strategy` of the real server's
//! OpenAPI document, of the kinds that the sandbox serves.

use super::super::super::kinds::Kind;

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Not at all: it is replaced.
    Atomic,
    /// Of plain values: what is new is added.
    Set,
    /// Items with the same value of this member are merged.
    Keyed(&'static str),
}

/// How the list of this name is merged, in what `parent` holds.
pub(super) fn of(kind: &Kind, parent: &str, list: &str) -> List {
    let is_container = || ["containers", "initContainers", "ephemeralContainers"].contains(&parent);
    let is = |plural: &str| kind.resource.is("", plural);
    match list {
        "finalizers" if parent == "metadata" => List::Set,
        "podCIDRs" => List::Set,
        "ownerReferences" => List::Keyed("uid"),
        "conditions" if parent == "status" && kind.resource.group != "apiextensions.k8s.io" => {
            List::Keyed("type")
        }
        "addresses" if is("nodes") => List::Keyed("type"),
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "schedulingGates" => {
            List::Keyed("name")
        }
        // A pod's, not a service account's.
        "imagePullSecrets" | "resourceClaims" if parent == "spec" => List::Keyed("name"),
        "resourceClaimStatuses" => List::Keyed("name"),
        "secrets" if is("serviceaccounts") => List::Keyed("name"),
        "hostAliases" | "hostIPs" | "podIPs" => List::Keyed("ip"),
        "topologySpreadConstraints" => List::Keyed("topologyKey"),
        "env" if is_container() => List::Keyed("name"),
        "volumeMounts" if is_container() => List::Keyed("mountPath"),
        "volumeDevices" if is_container() => List::Keyed("devicePath"),
        "ports" if is_container() => List::Keyed("containerPort"),
        "ports" if is("services") => List::Keyed("port"),
        _ => List::Atomic,
    }
}

/// Whether a map is replaced instead of merged.
pub(super) fn is_replaced(kind: &Kind, parent: &str, member: &str) -> bool {
    kind.resource.is("policy", "poddisruptionbudgets") && parent == "spec" && member == "selector"
}
