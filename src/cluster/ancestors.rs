//! What controls an object, upwards: pod → `ReplicaSet` → Deployment; virt-launcher → VMI → VM. Read
//! live, metadata alone, because each of them can carry a protection.

use k8s_healer_engine::observation::{Observation, OwnerReference};

use super::discovery::Catalogue;
use super::read::{ReadError, read_metadata};
use super::transport::Transport;

/// Deeper than any chain of controllers that is known (`CronJob` → Job → Pod is two).
const DEEPEST: usize = 8;

/// One controlling ancestor.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// `replicasets.apps`.
    pub resource: String,
    /// `ReplicaSet`.
    pub kind: String,
    /// `None`: cluster-scoped.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid, as the object below says.
    pub uid: String,
    /// `None`: it is gone, or its name is another object's now, so it protects nothing.
    pub metadata: Option<Observation>,
}

/// Why it is not known what controls an object. It holds every action on the object back.
#[derive(Debug, thiserror::Error)]
pub enum AncestorError {
    /// The read failed.
    #[error("its controller {ancestor} cannot be read, and it could be protected")]
    Read {
        /// `replicasets.apps/test-a/web`.
        ancestor: String,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The server does not serve the kind, or discovery of its group failed.
    #[error(
        "its controller {ancestor} is of a kind that the server does not serve, and it could be protected"
    )]
    NotServed {
        /// `apps/v1/ReplicaSet web`.
        ancestor: String,
    },
    /// The chain does not end.
    #[error("more than {DEEPEST} controllers stand above it; the next is {ancestor}")]
    TooDeep {
        /// `apps/v1/ReplicaSet web`.
        ancestor: String,
    },
}

/// Follows the controlling owner upwards, nearest first. It ends at an object without a controller, at
/// one that is gone, and where a chain meets itself.
pub async fn read_ancestors(
    transport: &Transport,
    catalogue: &Catalogue,
    object: &Observation,
) -> Result<Vec<Ancestor>, AncestorError> {
    let mut ancestors: Vec<Ancestor> = Vec::new();
    while let Some((controller, namespace)) = next_controller(object, &ancestors)? {
        let ancestor = read_ancestor(transport, catalogue, &controller, namespace).await?;
        ancestors.push(ancestor);
    }
    Ok(ancestors)
}

/// What controls the last of these ancestors of an object, with the namespace that it is named from; `None`: the
/// chain has come to its end. No I/O.
pub(super) fn next_controller<'a>(
    object: &'a Observation,
    ancestors: &'a [Ancestor],
) -> Result<Option<(OwnerReference<'a>, Option<&'a str>)>, AncestorError> {
    let below = ancestors.last().map_or(Some(object), |ancestor| ancestor.metadata.as_ref());
    let Some(controller) = below.and_then(Observation::controller) else { return Ok(None) };
    let met = |ancestor: &Ancestor| ancestor.uid == controller.uid;
    let met = object.uid() == controller.uid || ancestors.iter().any(met);
    if met && !controller.uid.is_empty() {
        return Ok(None);
    }
    if ancestors.len() == DEEPEST {
        return Err(AncestorError::TooDeep { ancestor: in_words(&controller) });
    }
    Ok(Some((controller, below.and_then(Observation::namespace))))
}

async fn read_ancestor(
    transport: &Transport,
    catalogue: &Catalogue,
    controller: &OwnerReference<'_>,
    namespace: Option<&str>,
) -> Result<Ancestor, AncestorError> {
    let (group, version) = controller.api_version.rsplit_once('/').unwrap_or(("", controller.api_version));
    let Some(resource) = catalogue.of_kind(group, version, controller.kind) else {
        return Err(AncestorError::NotServed { ancestor: in_words(controller) });
    };
    // An owner lies in the object's own namespace, or in none.
    let namespace = namespace.filter(|_| resource.namespaced);
    let found = read_metadata(transport, &resource, namespace, controller.name).await.map_err(|source| {
        let ancestor = resource.object_name(namespace, controller.name);
        AncestorError::Read { ancestor, source }
    })?;
    Ok(Ancestor {
        resource: resource.name(),
        kind: controller.kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: controller.name.to_owned(),
        uid: controller.uid.to_owned(),
        metadata: found.filter(|found| found.uid() == controller.uid),
    })
}

/// `apps/v1/ReplicaSet web`.
pub(super) fn in_words(controller: &OwnerReference<'_>) -> String {
    format!("{}/{} {}", controller.api_version, controller.kind, controller.name)
}
