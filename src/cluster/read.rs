//! Live reads of single objects, and of what controls them: nothing is acted on that was not read a
//! moment ago.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::refusal::{self, Refusal};
use super::requests::{self, RequestError};
use super::resource::Resource;
use super::transport::{Answer, Transport, TransportError};

/// Why something could not be read. None of these says anything about the object.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The right is missing.
    #[error("not permitted: grant {grant}")]
    Forbidden {
        /// `get on replicasets.apps in test-a`.
        grant: String,
    },
    /// The credentials do not count.
    #[error("the server does not accept the credentials ({message}): check the kubeconfig, or log in again")]
    Unauthorized {
        /// The server's words.
        message: String,
    },
    /// Too many requests.
    #[error("the server asks for fewer requests")]
    Throttled {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server does not know the path: its kind, or this version of it, is not served (any more).
    #[error("{path} is not served")]
    NotServed {
        /// The path asked.
        path: String,
    },
    /// Any other refusal.
    #[error("the server answered {status}: {message}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    #[error("no answer")]
    Transport(#[from] TransportError),
    /// The answer is not what was asked for.
    #[error("the answer cannot be read")]
    Undecodable(#[source] serde_json::Error),
    /// The answer is JSON, but no object of Kubernetes.
    #[error("the answer is no object with a name and a uid")]
    NoObject,
    /// There is no such request.
    #[error("it cannot be asked for")]
    Request(#[from] RequestError),
}

/// Reads a whole object; `None`: there is none of this name.
pub async fn read_object(
    transport: &Transport,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Observation>, ReadError> {
    let request = requests::read_object(resource, namespace, name)?;
    read(transport, request, resource, namespace).await
}

/// Reads an object's metadata alone; `None`: there is none of this name.
pub async fn read_metadata(
    transport: &Transport,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Observation>, ReadError> {
    let request = requests::read_metadata(resource, namespace, name)?;
    read(transport, request, resource, namespace).await
}

async fn read(
    transport: &Transport,
    request: Request<Vec<u8>>,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Option<Observation>, ReadError> {
    let path = request.uri().path().to_owned();
    let answer = transport.fetch(request).await?;
    if answer.status == StatusCode::NOT_FOUND && Refusal::of(&answer).object().is_some() {
        return Ok(None);
    }
    let grant = || grant("get", resource, None, namespace);
    let object: Value = decode(&check(answer, &path, grant)?)?;
    let observation = Observation::new(object);
    let whole = !observation.uid().is_empty() && !observation.name().is_empty();
    if whole { Ok(Some(observation)) } else { Err(ReadError::NoObject) }
}

/// The JSON of a path that is no object's; `grant` names the right it needs.
pub(super) async fn fetch<T: serde::de::DeserializeOwned>(
    transport: &Transport,
    path: &str,
    accept: &str,
    grant: &str,
) -> Result<T, ReadError> {
    let bytes = fetch_bytes(transport, path, accept, grant).await?;
    serde_json::from_slice(&bytes).map_err(ReadError::Undecodable)
}

/// The body of a path that is no object's, as it came.
pub(super) async fn fetch_bytes(
    transport: &Transport,
    path: &str,
    accept: &str,
    grant: &str,
) -> Result<Bytes, ReadError> {
    let answer = transport.fetch(requests::get(path, accept)?).await?;
    check(answer, path, || grant.to_owned()).map(|answer| answer.body)
}

fn decode<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, ReadError> {
    serde_json::from_slice(&answer.body).map_err(ReadError::Undecodable)
}

pub(super) fn check(answer: Answer, path: &str, grant: impl FnOnce() -> String) -> Result<Answer, ReadError> {
    match answer.status {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED => Err(ReadError::Unauthorized { message: refusal::message(&answer) }),
        StatusCode::FORBIDDEN => Err(ReadError::Forbidden { grant: grant() }),
        StatusCode::NOT_FOUND => Err(ReadError::NotServed { path: path.to_owned() }),
        StatusCode::TOO_MANY_REQUESTS => Err(ReadError::Throttled { retry_after: answer.retry_after }),
        status => Err(ReadError::Server {
            status: status.as_u16(),
            message: refusal::message(&answer),
            retry_after: answer.retry_after,
        }),
    }
}

/// A right in the words of RBAC: `patch on virtualmachines.kubevirt.io in test-a`.
pub(crate) fn grant(
    verb: &str,
    resource: &Resource,
    subresource: Option<&str>,
    namespace: Option<&str>,
) -> String {
    let part = subresource.map(|subresource| format!("/{subresource}")).unwrap_or_default();
    let group = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
    let place = namespace.filter(|_| resource.namespaced).map(|name| format!(" in {name}"));
    format!("{verb} on {}{part}{group}{}", resource.plural, place.unwrap_or_default())
}
