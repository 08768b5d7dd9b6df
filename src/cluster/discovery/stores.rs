//! Which resources serve the same objects: events stand in two groups, and an event is in both of them. Such
//! resources have one `storageVersionHash`, which the aggregated form of discovery leaves out; the old form is
//! asked for it where somebody watches kinds that nobody names.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt};

use super::documents::{ResourceList, stores};
use super::{AT_ONCE, Catalogue};
use crate::cluster::in_full;
use crate::cluster::read::{ReadError, fetch};
use crate::cluster::transport::Transport;

impl Catalogue {
    /// The same, and how what a wildcard stands for is stored: what an earlier catalogue knows of it is not asked
    /// again. Where a group does not answer, that is noted, and no wildcard stands for what it serves. I/O.
    #[must_use]
    pub async fn with_stores(mut self, transport: &Transport, earlier: &Self) -> Self {
        let known = |name: &String| earlier.stores.get(name).map(|store| (name.clone(), store.clone()));
        let names = self.resources.iter().filter(|resource| resource.suits_wildcards()).map(|one| one.name());
        self.stores = names.filter_map(|name| known(&name)).collect();
        let unknown = self
            .resources
            .iter()
            .filter(|resource| resource.suits_wildcards() && !self.stores.contains_key(&resource.name()));
        let groups: BTreeSet<(String, String)> =
            unknown.map(|resource| (resource.group.clone(), resource.version.clone())).collect();
        let ask = |(group, version): (String, String)| async move {
            let answer = ask(transport, &group, &version).await;
            (group, version, answer)
        };
        let answers: Vec<_> = stream::iter(groups).map(ask).buffered(AT_ONCE).collect().await;
        for (group, version, answer) in answers {
            match answer {
                Ok(mut told) => {
                    for resource in &self.resources {
                        if resource.group == group && resource.version == version {
                            let store = told.remove(&resource.plural).unwrap_or_default();
                            self.stores.insert(resource.name(), store);
                        }
                    }
                }
                Err(error) => self.failed.push((group, format!("{version}: {}", in_full(&error)))),
            }
        }
        self
    }
}

/// By plural.
async fn ask(
    transport: &Transport,
    group: &str,
    version: &str,
) -> Result<HashMap<String, String>, ReadError> {
    let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let grant = format!("get on the URL {path} (the ClusterRole system:discovery)");
    let list: ResourceList = fetch(transport, &path, "application/json", &grant).await?;
    Ok(stores(list).collect())
}
