//! The facts of one object, looked up live: nothing is acted on that is only remembered. What is not followed at the
//! moment stays unknown, since nobody could tell that it was so without a break.

use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::Source;
use crate::cluster::read::{ReadError, read_metadata, read_object};
use crate::cluster::resource::Resource;
use crate::daemon::Shared;

/// Client required: adds what is so now. What cannot be read stays unknown; the result tells why, for the first.
pub(in crate::daemon) async fn look_up(
    shared: &Shared,
    object: &Observation,
    asked: &[Fact],
    mut facts: Facts,
) -> (Facts, Option<ReadError>) {
    let mut failed = None;
    for fact in asked {
        let Some(source) = Source::of(fact, object).filter(|source| shared.facts.is_fresh(source)) else {
            continue;
        };
        match live(shared, object, fact, &source).await {
            Ok(Some(value)) => facts = facts.with(fact.clone(), value),
            Ok(None) => {}
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    (facts, failed)
}

/// `None`: the server does not serve what would tell.
async fn live(
    shared: &Shared,
    object: &Observation,
    fact: &Fact,
    source: &Source,
) -> Result<Option<Value>, ReadError> {
    let catalogue = shared.catalogue();
    let of_core = |kind: &str| catalogue.of_kind("", "v1", kind);
    match (fact, source) {
        (Fact::Namespace(name), _) => whole(shared, of_core("Namespace").as_deref(), name).await,
        (Fact::Node(name), _) => whole(shared, of_core("Node").as_deref(), name).await,
        (Fact::Owner(uid), Source::Owners { group, kind }) => {
            let owners = object.owners();
            let owner = owners.iter().find(|owner| owner.uid == uid);
            let version = owner.map_or("", |owner| owner.api_version);
            let version = version.rsplit_once('/').map_or(version, |(_, version)| version);
            let (Some(owner), Some(resource)) = (owner, catalogue.of_kind(group, version, kind)) else {
                return Ok(None);
            };
            let found = read_metadata(&shared.transport, &resource, object.namespace(), owner.name).await;
            match found {
                Ok(found) => Ok(Some(found.is_some_and(|found| found.uid() == uid).into())),
                Err(ReadError::NotServed { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        }
        (Fact::Owner(_) | Fact::Strained, _) => Ok(None),
    }
}

async fn whole(shared: &Shared, resource: Option<&Resource>, name: &str) -> Result<Option<Value>, ReadError> {
    let Some(resource) = resource else { return Ok(None) };
    let found = read_object(&shared.transport, resource, None, name).await?;
    Ok(Some(found.map_or(Value::Null, |found| found.object().clone())))
}
