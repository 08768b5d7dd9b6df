//! A request on its way: who sends it, may they, what does it name, who does it. The same for what comes
//! over the wire and for what is asked from within: by the sandbox's own controllers, and by scripts.

mod sender;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use serde_json::Value;

use super::answer::{Answer, Body};
use super::api::{self, Call};
use super::audit::{Entry, Stage};
use super::failure::Failure;
use super::kinds::Resource;
use super::represent::Representation;
use super::request::{Query, Target, verb};
use super::rights::{self, Attributes, User};
use super::server::Server;
use super::{discovery, openapi, protobuf};

/// A request, as far as it has been understood.
#[derive(Debug)]
pub struct Asked {
    method: Method,
    path: String,
    query: Query,
    target: Option<Target>,
    headers: HeaderMap,
    user: Option<User>,
    /// Who the sender wants to be.
    impersonated: Option<User>,
    body: Bytes,
    received: Timestamp,
    uri: String,
    /// What the sender is told beside the answer, whatever that is.
    warning: Option<String>,
}

impl Asked {
    /// `uri` is a path with its query.
    pub fn new(method: Method, uri: &http::Uri, headers: HeaderMap, received: Timestamp) -> Self {
        Self {
            target: Target::parse(uri.path()),
            query: Query::parse(uri.query().unwrap_or_default()),
            uri: uri.to_string(),
            path: uri.path().to_owned(),
            user: None,
            impersonated: None,
            body: Bytes::new(),
            method,
            headers,
            received,
            warning: None,
        }
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// kubectl writes some objects in protobuf, which is JSON from here on.
    fn read_protobuf(&mut self) {
        if self.header(header::CONTENT_TYPE) == protobuf::MEDIA
            && let Some(value) = protobuf::to_json(&self.body)
        {
            self.body = Bytes::from(value.to_string());
            self.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        }
    }

    /// What it is about to rights and to the audit log: a selector of one name is that name.
    fn as_recorded(&self) -> Option<Target> {
        let mut target = self.target.clone()?;
        if target.name.is_empty()
            && ["list", "watch"].contains(&verb(&self.method, &target, &self.query))
            && let Some(name) = self.query.text("fieldSelector").strip_prefix("metadata.name=")
            && !name.contains([',', '='])
        {
            name.clone_into(&mut target.name);
        }
        Some(target)
    }

    /// As in the audit log; outside the API proper the method itself.
    fn verb(&self) -> String {
        match &self.target {
            Some(target) => verb(&self.method, target, &self.query).to_owned(),
            None => self.method.as_str().to_lowercase(),
        }
    }
}

/// Does what is asked, and records it. `body` is a failure where it could not be read.
pub fn dispatch(server: &Arc<Server>, mut asked: Asked, body: Result<Bytes, Failure>) -> Answer {
    let answered = body.and_then(|body| {
        asked.body = body;
        asked.read_protobuf();
        answer(server, &mut asked)
    });
    let failure = answered.as_ref().err().cloned();
    let mut answer = answered.unwrap_or_else(Answer::from);
    if let Some(warning) = &asked.warning {
        answer = answer.with_header(header::WARNING, &format!("299 - {warning:?}"));
    }
    record(server, &asked, &answer, failure.as_ref());
    if !asked.header(header::IF_NONE_MATCH).is_empty() && is_unchanged(&asked, &answer) {
        return Answer { status: 304, body: Body::Bytes(Bytes::new()), ..answer };
    }
    answer
}

/// A request from within, by somebody whose name is enough.
pub fn from_within(
    server: &Arc<Server>,
    user: &User,
    method: Method,
    uri: &str,
    body: Option<&Value>,
) -> Result<Value, Failure> {
    let uri: http::Uri = uri.parse().map_err(|_| Failure::no_such_path())?;
    let mut headers = HeaderMap::new();
    if let Ok(name) = user.name.parse() {
        headers.insert(header::USER_AGENT, name);
    }
    if method == Method::PATCH {
        headers
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/merge-patch+json"));
    }
    let mut asked = Asked::new(method, &uri, headers, server.now());
    asked.user = Some(user.clone());
    asked.body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let answered = answer(server, &mut asked);
    let failure = answered.as_ref().err().cloned();
    let answer = answered.unwrap_or_else(Answer::from);
    record(server, &asked, &answer, failure.as_ref());
    match (failure, answer.body) {
        (Some(failure), _) => Err(failure),
        (None, Body::Json(value)) => Ok(value),
        (None, Body::Bytes(bytes)) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        (None, _) => Ok(Value::Null),
    }
}

fn is_unchanged(asked: &Asked, answer: &Answer) -> bool {
    let known = asked.header(header::IF_NONE_MATCH);
    answer.headers.iter().any(|(name, value)| name == header::ETAG && value == known)
}

fn answer(server: &Arc<Server>, asked: &mut Asked) -> Result<Answer, Failure> {
    if asked.user.is_none() {
        asked.user = Some(sender::authenticate(server, &asked.headers)?);
    }
    let sender = asked.user.clone().unwrap_or_default();
    asked.impersonated = sender::impersonated(server, &asked.headers, &sender)?;
    let user = asked.impersonated.clone().unwrap_or(sender);
    check_rights(server, asked, &user)?;
    let Some(target) = asked.target.clone() else { return unnamed(server, asked) };
    match rights::is_review(&target.group, &target.plural) {
        true if asked.method == Method::POST => review(server, asked, &user, &target),
        true => Err(Failure::method_not_allowed()),
        false => api::handle(server, &call(server, asked, user, target)?),
    }
}

fn check_rights(server: &Server, asked: &Asked, user: &User) -> Result<(), Failure> {
    let verb = asked.verb();
    let target = asked.as_recorded().unwrap_or_default();
    let attributes = Attributes {
        verb: &verb,
        group: &target.group,
        version: &target.version,
        resource: &target.plural,
        subresource: &target.subresource,
        name: &target.name,
        namespace: &target.namespace,
        path: &asked.path,
        is_resource: asked.target.is_some(),
    };
    let allowed = server.write(|state| state.grants.allow(&state.store, user, &attributes));
    if allowed { Ok(()) } else { Err(rights::refusal(user, &attributes)) }
}

fn review(server: &Server, asked: &Asked, user: &User, target: &Target) -> Result<Answer, Failure> {
    let body = serde_json::from_slice(&asked.body).unwrap_or_default();
    let reviewed = server
        .write(|state| rights::review(state, user, &target.plural, &target.namespace, &body, server.now()));
    Ok(Answer::json(201, reviewed.ok_or_else(Failure::no_such_resource)??))
}

/// What the path and the query ask of a kind that is served.
fn call(server: &Server, asked: &mut Asked, user: User, target: Target) -> Result<Call, Failure> {
    let resource = Resource::new(&target.group, &target.plural);
    let kind = server.read(|state| state.kinds.get(&resource).cloned());
    let version = kind.as_ref().and_then(|kind| kind.version(&target.version).cloned());
    let (Some(kind), Some(version)) = (kind, version) else {
        // What a definition's group does not have, nobody serves; the others' servers know their own.
        let known = server.read(|state| {
            state.kinds.iter().any(|kind| kind.resource.group == target.group && !kind.is_custom())
        });
        return Err(if known { Failure::no_such_resource() } else { Failure::no_such_path() });
    };
    asked.warning.clone_from(&version.deprecation);
    if target.watch && (kind.is_custom() || !target.subresource.is_empty()) {
        return Err(Failure::no_such_path());
    }
    let verb = verb(&asked.method, &target, &asked.query);
    if target.watch && verb != "watch" {
        return Err(Failure::method_not_allowed());
    }
    let media = asked.header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_owned();
    let representation = Representation::of_request(
        asked.header(header::ACCEPT),
        &asked.query,
        &kind,
        target.name.is_empty() && verb != "create",
    )?;
    let (query, body) = (asked.query.clone(), asked.body.clone());
    Ok(Call { verb, target, kind, version, query, representation, media, body, user })
}

/// What is not about a resource.
fn unnamed(server: &Server, asked: &Asked) -> Result<Answer, Failure> {
    if ![Method::GET, Method::HEAD].contains(&asked.method) {
        return Err(Failure::method_not_allowed());
    }
    let accept = asked.header(header::ACCEPT);
    server
        .read(|state| {
            discovery::answer(&asked.path, accept, &state.kinds, server.now())
                .or_else(|| openapi::answer(&asked.path, accept, &state.kinds))
        })
        .ok_or_else(Failure::no_such_path)
}

fn record(server: &Server, asked: &Asked, answer: &Answer, failure: Option<&Failure>) {
    let stage =
        if matches!(answer.body, Body::Watch(_)) { Stage::ResponseStarted } else { Stage::ResponseComplete };
    let verb = asked.verb();
    server.audit.record(&Entry {
        stage,
        uri: &asked.uri,
        verb: &verb,
        user: asked.user.as_ref(),
        impersonated: asked.impersonated.as_ref(),
        user_agent: asked.header(header::USER_AGENT),
        target: asked.as_recorded().as_ref(),
        code: answer.status,
        failure,
        body: &asked.body,
        received: asked.received,
        now: server.now(),
        id: server.uid(),
    });
}
