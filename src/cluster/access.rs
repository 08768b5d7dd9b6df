//! What we may do, asked before it is tried: one `SelfSubjectAccessReview` for each verb, kind and place, since
//! a `SelfSubjectRulesReview` needs a namespace and may be incomplete. And who we are.

use std::fmt;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use http::{Request, header};
use k8s_healer_engine::effect::Effect;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::read::{ReadError, check, grant};
use super::refusal::one_line;
use super::requests::RequestError;
use super::resource::Resource;
use super::transport::Transport;

/// Reviews under way at once: a server answers each from memory, unless a webhook decides.
const AT_ONCE: usize = 8;

/// One right that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// `list`, `watch`, `delete` …
    pub verb: &'static str,
    /// The kind.
    pub resource: Arc<Resource>,
    /// `eviction`; `None`: the objects themselves.
    pub subresource: Option<&'static str>,
    /// `None`: in all namespaces, or of what is in none. A Namespace counts as lying in itself.
    pub namespace: Option<Arc<str>>,
}

impl Question {
    /// The right to the objects of a kind in the whole cluster.
    #[must_use]
    pub fn new(verb: &'static str, resource: &Arc<Resource>) -> Self {
        Self { verb, resource: Arc::clone(resource), subresource: None, namespace: None }
    }

    /// The same of a part of them.
    #[must_use]
    pub fn of_part(self, subresource: Option<&'static str>) -> Self {
        Self { subresource, ..self }
    }

    /// The same in one namespace.
    #[must_use]
    pub fn within(self, namespace: Arc<str>) -> Self {
        Self { namespace: Some(namespace), ..self }
    }

    fn review(&self) -> Value {
        let resource = &*self.resource;
        let namespace = self.namespace.as_deref().unwrap_or_default();
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": self.verb, "group": resource.group, "version": resource.version,
                "resource": resource.plural, "subresource": self.subresource.unwrap_or_default(),
                "namespace": namespace, "name": if resource.namespaced { "" } else { namespace },
            }},
        })
    }
}

/// In the words of RBAC: `create on pods/eviction in test-a`.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grant(self.verb, &self.resource, self.subresource, self.namespace.as_deref()))?;
        match self.namespace.as_deref().filter(|_| !self.resource.namespaced) {
            Some(name) => write!(f, " for {name}"),
            None => Ok(()),
        }
    }
}

/// What the server says to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is permitted now. It may be otherwise a moment later.
    pub allowed: bool,
    /// Why, as far as the server says; often empty, above all where it is not permitted.
    pub reason: String,
}

/// Asks for one right. I/O.
pub async fn may(transport: &Transport, question: &Question) -> Result<Answer, ReadError> {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    #[derive(Default)]
    struct Status {
        allowed: bool,
        reason: String,
        evaluation_error: String,
    }
    const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let grant = "create on selfsubjectaccessreviews.authorization.k8s.io (the ClusterRole system:basic-user)";
    let Review { status } = post(transport, PATH, &question.review(), grant).await?;
    let said = [status.reason, status.evaluation_error].join(" ");
    Ok(Answer { allowed: status.allowed, reason: one_line(&said) })
}

/// Asks for many rights, a few at once; the answers in the order of the questions. I/O.
pub async fn may_all(transport: &Transport, questions: &[Question]) -> Vec<Result<Answer, ReadError>> {
    stream::iter(questions).map(|question| may(transport, question)).buffered(AT_ONCE).collect().await
}

/// Somebody, as the server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// `system:serviceaccount:default:healer`.
    pub username: String,
    /// `system:authenticated` …
    pub groups: Vec<String>,
}

/// Whom the server takes us for; `None`: it does not say, as servers before 1.28. I/O.
pub async fn who_am_i(transport: &Transport) -> Result<Option<Identity>, ReadError> {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        user_info: Identity,
    }
    const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let grant = "create on selfsubjectreviews.authentication.k8s.io (the ClusterRole system:basic-user)";
    match post(transport, PATH, &review, grant).await {
        Ok(Review { status }) => Ok(Some(status.user_info)),
        Err(ReadError::NotServed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reviews are created to be answered; nothing of them is kept.
async fn post<T: DeserializeOwned>(
    transport: &Transport,
    path: &str,
    review: &Value,
    grant: &str,
) -> Result<T, ReadError> {
    let json = "application/json";
    let request = Request::post(path).header(header::ACCEPT, json).header(header::CONTENT_TYPE, json);
    let request = request.body(review.to_string().into_bytes()).map_err(RequestError::from)?;
    let answer = check(transport.fetch(request).await?, path, || grant.to_owned())?;
    serde_json::from_slice(&answer.body).map_err(ReadError::Undecodable)
}

/// What an effect needs a right to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The object, or a subresource of it.
    Object(Option<&'static str>),
    /// Events in the object's namespace.
    Events,
}

/// The rights that an effect takes: the verb, and to what.
#[must_use]
pub fn rights_of(effect: &Effect) -> Vec<(&'static str, Of)> {
    const OBJECT: Of = Of::Object(None);
    const EVICTION: Of = Of::Object(Some("eviction"));
    match effect {
        Effect::Delete { .. } => vec![("delete", OBJECT)],
        Effect::Evict { fallback_to_delete: false, .. } => vec![("create", EVICTION)],
        Effect::Evict { fallback_to_delete: true, .. } => vec![("create", EVICTION), ("delete", OBJECT)],
        Effect::StripFinalizers { .. } | Effect::PatchMetadata { .. } => vec![("patch", OBJECT)],
        Effect::Patch { part, .. } => vec![("patch", Of::Object(*part))],
        Effect::Event { .. } => vec![("create", Of::Events)],
        Effect::Log { .. } => Vec::new(),
    }
}
