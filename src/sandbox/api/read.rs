//! `GET` of an object or a list.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};

use super::super::answer::{Answer, Body};
use super::super::failure::Failure;
use super::super::object::Object;
use super::super::pages::Continue;
use super::super::represent::Representation;
use super::super::selection::Selection;
use super::super::server::Server;
use super::super::store::{Forgotten, Key};
use super::{Call, options, text};

pub(super) fn get(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let (resource, key) = (call.resource(), call.key());
    let (found, current) =
        server.read(|state| (state.store.get(resource, &key).cloned(), state.store.revision()));
    if let Some(asked) = options::version(call.query.text("resourceVersion"))?.filter(|asked| *asked > current) {
        return Err(options::too_new(asked, current));
    }
    let found = found.ok_or_else(|| Failure::not_found(resource, key.name()))?;
    Ok(call.answer(server, 200, found.value()))
}

/// Which state of a collection a list shows.
struct Request {
    revision: u64,
    behind: Option<Key>,
    limit: Option<usize>,
}

pub(super) fn list(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let selection = Selection::parse(&call.query, &call.kind, &call.version)?;
    let (request, objects) = server.read(|state| {
        let request = Request::parse(call, state.store.revision())?;
        let objects =
            state.store.at(call.resource(), call.namespace(), request.revision, request.behind.as_ref());
        match objects {
            Ok(objects) => Ok((request, objects)),
            Err(forgotten) => Err(expired(call, &request, forgotten, state.store.revision())),
        }
    })?;
    let limit = request.limit.unwrap_or(usize::MAX);
    let everything = selection.is_everything();
    let mut shown = Vec::new();
    let mut rest = objects.iter();
    for object in rest.by_ref() {
        if everything || selection.matches(&object.value()) {
            shown.push(Arc::clone(object));
        }
        if shown.len() >= limit {
            break;
        }
    }
    let remaining = rest.len();
    let mut metadata = json!({"resourceVersion": request.revision.to_string()});
    if call.kind.is_custom() {
        metadata["continue"] = "".into();
    }
    if remaining > 0 && let Some(last) = shown.last() {
        let last = key_of(&last.value());
        metadata["continue"] = Continue { revision: request.revision, behind: last }.to_text().into();
        if everything {
            metadata["remainingItemCount"] = remaining.into();
        }
    }
    let body = match call.representation {
        Representation::Whole => Body::Bytes(whole_list(call, &metadata, &shown)),
        _ => {
            let items = shown.iter().map(|object| in_version(call, object)).collect();
            let list = call.representation.list(&call.kind, &call.version, metadata, items, server.now());
            Body::Json(list)
        }
    };
    let answer = Answer { status: 200, headers: Vec::new(), body };
    Ok(answer.with_header(http::header::CONTENT_TYPE, call.representation.content_type()))
}

impl Request {
    fn parse(call: &Call, current: u64) -> Result<Self, Failure> {
        let query = &call.query;
        let limit = query.number("limit")?.filter(|limit| *limit > 0);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let asked = options::version(query.text("resourceVersion"))?;
        options::check_list(query, asked)?;
        let (rule, token) = (query.text("resourceVersionMatch"), query.text("continue"));
        if !token.is_empty() {
            let token = Continue::from_text(token).ok_or_else(|| {
                Failure::bad_request("continue key is not valid: illegal base64 data at input byte 0")
            })?;
            return Ok(Self { revision: token.revision, behind: Some(token.behind), limit });
        }
        let revision = match asked {
            None | Some(0) => current,
            Some(asked) if asked > current => return Err(options::too_new(asked, current)),
            // The real server too reads an exact version if a limit is set and no rule says otherwise.
            Some(asked) if rule == "Exact" || (rule.is_empty() && limit.is_some()) => asked,
            Some(_) => current,
        };
        Ok(Self { revision, behind: None, limit })
    }
}

/// 410, with a token by which a list can be gone on with all the same, at the newest version.
fn expired(call: &Call, request: &Request, forgotten: Forgotten, current: u64) -> Failure {
    let Some(behind) = &request.behind else {
        let Forgotten { oldest } = forgotten;
        let message = format!("too old resource version: {} ({oldest})", request.revision);
        return Failure::expired(message);
    };
    let token = Continue { revision: current, behind: behind.clone() }.to_text();
    let message = if call.query.text("continue").is_empty() {
        "The resourceVersion for the provided list is too old."
    } else {
        "The provided continue parameter is too old to display a consistent list result. You can start a new \
         list without the continue parameter, or use the continue token in this response to retrieve the \
         remainder of the results. Continuing with the provided token results in an inconsistent list - \
         objects that were created, modified, or deleted between the time the first chunk was returned and \
         now may show up in the list."
    };
    Failure { list_continue: Some(token), ..Failure::expired(message) }
}

fn key_of(object: &Value) -> Key {
    Key::new(text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// An object in the version that was asked for.
fn in_version(call: &Call, object: &Object) -> Value {
    let mut object = object.value();
    object["apiVersion"] = call.kind.api_version(&call.version.name).into();
    object
}

/// A list put together from the bytes of its items.
fn whole_list(call: &Call, metadata: &Value, items: &[Arc<Object>]) -> Bytes {
    let size: usize = items.iter().map(|item| item.weight() + 1).sum();
    let mut bytes = BytesMut::with_capacity(size + 200);
    let (kind, version) = (&call.kind.list_kind, call.kind.api_version(&call.version.name));
    bytes.put_slice(
        format!("{{\"kind\":{kind:?},\"apiVersion\":{version:?},\"metadata\":{metadata},\"items\":[").as_bytes(),
    );
    // Custom resources are kept in one version, and may be asked for in another.
    let converted = call.kind.is_custom() && call.kind.versions.len() > 1;
    // The items of built-in lists do not say what they are: the list does.
    let said = format!("{{\"apiVersion\":{version:?},\"kind\":{:?},", call.kind.kind);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            bytes.put_u8(b',');
        }
        let json = item.json();
        if converted {
            bytes.put_slice(in_version(call, item).to_string().as_bytes());
        } else if let Some(rest) = json.strip_prefix(said.as_bytes()).filter(|_| !call.kind.is_custom()) {
            bytes.put_u8(b'{');
            bytes.put_slice(rest);
        } else {
            bytes.put_slice(&json);
        }
    }
    bytes.put_slice(b"]}\n");
    bytes.freeze()
}
