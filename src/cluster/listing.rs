//! All objects of a collection at one moment, each through a projection: for whoever looks once and does not follow.

use std::sync::Arc;

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use tokio::sync::mpsc;

use super::clock::Random;
use super::collection::Collection;
use super::decode::Decoder;
use super::failure::{Meaning, Stop};
use super::list::list;
use super::resource::Resource;
use super::timings::Timings;
use super::transport::Transport;
use super::watch::WatchEvent;

/// What a list told.
#[derive(Debug, Default)]
pub struct Listing {
    /// The objects that could be read.
    pub objects: Vec<Observation>,
    /// Why others could not.
    pub undecodable: Vec<String>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The right is missing.
    #[error("it may not be listed: {reason}")]
    Forbidden {
        /// What the server says.
        reason: String,
    },
    /// The kind is gone, the server does not answer, or the list broke off.
    #[error("it cannot be listed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// Lists a collection in pages (`None`: in all namespaces); `seen` is told of each object. I/O.
pub async fn list_all(
    transport: &Transport,
    resource: &Resource,
    namespace: Option<&str>,
    projection: &Projection,
    random: &Arc<dyn Random>,
    seen: &(dyn Fn() + Sync),
) -> Result<Listing, ListError> {
    let collection = Collection {
        transport: transport.clone(),
        path: resource.collection_path(namespace),
        selector: String::new(),
        metadata_only: projection.is_metadata_only(),
        decoder: Decoder::new(projection, resource),
        timings: Timings::default(),
    };
    let (sender, mut events) = mpsc::channel(64);
    let listing = async move { list(&collection, random, &sender).await };
    let collecting = async {
        let mut listing = Listing::default();
        while let Some(event) = events.recv().await {
            match event {
                // A list that expired half-way is read again from its start.
                WatchEvent::ListStarted => listing = Listing::default(),
                WatchEvent::Listed(object) => {
                    seen();
                    listing.objects.push(object);
                }
                WatchEvent::Undecodable { reason } => listing.undecodable.push(reason),
                _ => {}
            }
        }
        listing
    };
    match tokio::join!(listing, collecting) {
        (Ok(_), listing) => Ok(listing),
        (Err(Stop::Failed(failure)), _) if failure.meaning == Meaning::Forbidden => {
            Err(ListError::Forbidden { reason: failure.reason })
        }
        (Err(Stop::Failed(failure)), _) => Err(ListError::Failed { reason: failure.reason }),
        (Err(Stop::Closed), _) => Err(ListError::Failed { reason: "it was broken off".to_owned() }),
    }
}
