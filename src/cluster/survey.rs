//! Many objects of one namespace read at once: where more than a few fall due together, one list costs
//! the server less than as many single reads, and each object's resourceVersion makes it as safe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use tokio::sync::mpsc;

use super::clock::Random;
use super::collection::Collection;
use super::decode::Decoder;
use super::failure::Stop;
use super::list::list;
use super::resource::Resource;
use super::timings::Timings;
use super::transport::Transport;
use super::watch::WatchEvent;

/// What a list told of the objects asked for.
#[derive(Debug, Default)]
pub struct Survey {
    /// Those that are there.
    pub found: Vec<Observation>,
    /// Whether what was not found is gone: every object of the list could be read.
    pub complete: bool,
}

/// Reads the objects of these names in one namespace (`None`: cluster-scoped) from one list. I/O.
pub async fn survey(
    transport: &Transport,
    resource: &Resource,
    namespace: Option<&str>,
    projection: &Projection,
    timings: Timings,
    random: &Arc<dyn Random>,
    wanted: &BTreeSet<Box<str>>,
) -> Result<Survey, String> {
    let collection = Collection {
        transport: transport.clone(),
        path: resource.collection_path(namespace),
        selector: String::new(),
        metadata_only: projection.is_metadata_only(),
        decoder: Decoder::new(projection, resource),
        timings,
    };
    let (sender, mut events) = mpsc::channel(64);
    let listing = async move { list(&collection, random, &sender).await };
    let collecting = async {
        let (mut found, mut complete) = (BTreeMap::new(), true);
        while let Some(event) = events.recv().await {
            match event {
                // A list that expired half-way is read again from its start.
                WatchEvent::ListStarted => (found, complete) = (BTreeMap::new(), true),
                // The same object may come twice; the later one counts.
                WatchEvent::Listed(object) if wanted.contains(object.name()) => {
                    found.insert(object.name().to_owned(), object);
                }
                WatchEvent::Undecodable { .. } => complete = false,
                _ => {}
            }
        }
        Survey { found: found.into_values().collect(), complete }
    };
    match tokio::join!(listing, collecting) {
        (Ok(_), survey) => Ok(survey),
        (Err(Stop::Failed(failure)), _) => Err(failure.reason),
        (Err(Stop::Closed), _) => Err("the list was broken off".to_owned()),
    }
}
