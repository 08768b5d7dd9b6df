//! What the API server serves: its aggregated discovery where it has one (two requests), else group by
//! group. A group that fails is noted and does not fail the rest.

mod documents;
mod stores;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use self::documents::{Freshness, GroupVersion, ResourceList, Root};
use super::read::{ReadError, fetch};
use super::refusal::in_full;
use super::resource::Resource;
use super::transport::Transport;

/// The forms asked for, best first.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// Requests at once where groups are asked one by one: a cluster with operators serves a hundred.
const AT_ONCE: usize = 8;

/// The resources that a server serves; subresources are left out.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Each resource once, in the first version, by the server's preference, that serves it.
    pub resources: Vec<Arc<Resource>>,
    /// The same in the other versions that serve them.
    pub other_versions: Vec<Arc<Resource>>,
    /// The groups of which something could not be learnt, and why: what is absent may be theirs.
    pub failed: Vec<(String, String)>,
    /// How resources are stored, by their names, as far as that was asked ([`Catalogue::with_stores`]): two that
    /// have the same hash serve the same objects. Empty: the server does not tell.
    pub stores: HashMap<String, String>,
}

/// Why nothing was discovered.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// One of the two roots could not be read.
    #[error("what the server serves cannot be read from {path}")]
    Read {
        /// `/api` or `/apis`.
        path: &'static str,
        /// Why.
        #[source]
        source: ReadError,
    },
}

/// Asks the server what it serves.
pub async fn discover(transport: &Transport) -> Result<Catalogue, DiscoveryError> {
    discover_as(transport, ACCEPT).await
}

/// As [`discover`], asking in the old form only, which is what servers before 1.27 know.
pub async fn discover_unaggregated(transport: &Transport) -> Result<Catalogue, DiscoveryError> {
    discover_as(transport, "application/json").await
}

async fn discover_as(transport: &Transport, accept: &str) -> Result<Catalogue, DiscoveryError> {
    let mut catalogue = Catalogue::default();
    // The core group first: it is the one that needs no name.
    for path in ["/api", "/apis"] {
        let grant = "get on the URLs /api, /api/* and /apis, /apis/* (the ClusterRole system:discovery)";
        let root: Root = fetch(transport, path, accept, grant)
            .await
            .map_err(|source| DiscoveryError::Read { path, source })?;
        let versions = match root {
            Root::Aggregated { items } => items.into_iter().flat_map(documents::group_versions).collect(),
            Root::CoreVersions { versions } => {
                let versions = versions.into_iter().map(|version| (String::new(), version)).collect();
                ask_each(transport, versions).await
            }
            Root::Groups { groups } => {
                let versions = groups.into_iter().flat_map(documents::preferred_first).collect();
                ask_each(transport, versions).await
            }
        };
        catalogue.add(versions);
    }
    catalogue.sort_out_versions();
    Ok(catalogue)
}

/// The old way, in the order given.
async fn ask_each(transport: &Transport, versions: Vec<(String, String)>) -> Vec<GroupVersion> {
    let ask = |(group, version): (String, String)| async move {
        let path =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let grant = format!("get on the URL {path} (the ClusterRole system:discovery)");
        let list: Result<ResourceList, ReadError> = fetch(transport, &path, "application/json", &grant).await;
        match list {
            Ok(list) => documents::listed(group, version, list),
            Err(error) => GroupVersion::failed(group, version, in_full(&error)),
        }
    };
    stream::iter(versions).map(ask).buffered(AT_ONCE).collect().await
}

impl Catalogue {
    /// Every resource in every version that serves it.
    pub fn all_versions(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.iter().chain(&self.other_versions)
    }

    /// Keeps of an earlier catalogue what belongs to groups that failed now: a server behind the API
    /// server that is away for a while takes no kind with it.
    #[must_use]
    pub fn keeping(mut self, earlier: &Self) -> Self {
        let known: HashSet<(String, String)> =
            self.all_versions().map(|r| (r.name(), r.version.clone())).collect();
        let failed = |resource: &&Arc<Resource>| {
            self.failed.iter().any(|(group, _)| *group == resource.group)
                && !known.contains(&(resource.name(), resource.version.clone()))
        };
        let kept: Vec<Arc<Resource>> = earlier.all_versions().filter(failed).cloned().collect();
        self.resources.extend(kept);
        self.sort_out_versions();
        self
    }

    fn add(&mut self, versions: Vec<GroupVersion>) {
        for GroupVersion { group, version, resources, freshness } in versions {
            if let Freshness::Failed(reason) = freshness {
                self.failed.push((group, format!("{version}: {reason}")));
            }
            self.resources.extend(resources.into_iter().map(Arc::new));
        }
    }

    /// The first version in which a resource comes is the one that is spoken.
    fn sort_out_versions(&mut self) {
        let mut seen = HashSet::new();
        let (first, others) =
            std::mem::take(&mut self.resources).into_iter().partition::<Vec<_>, _>(|resource| {
                seen.insert((resource.group.clone(), resource.plural.clone()))
            });
        self.resources = first;
        self.other_versions.extend(others);
    }
}
