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

/// So many objects are looked at in one go where some are selected: others get their turn between.
const BATCH: usize = 1000;

pub(super) fn get(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let (resource, key) = (call.resource(), call.key());
    let (found, current) =
        server.read(|state| (state.store.get(resource, &key).cloned(), state.store.revision()));
    if let Some(asked) = options::version(&call.query)?.filter(|asked| *asked > current) {
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
    /// So many objects are behind that key, if that is known.
    remaining: Option<usize>,
}

/// A part of a list.
struct Page {
    objects: Vec<Arc<Object>>,
    /// Others follow.
    has_more: bool,
    /// So many, where that is told.
    remaining: Option<usize>,
}

pub(super) fn list(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    options::check_list(&call.query)?;
    let selection = Selection::parse(&call.query, &call.kind, &call.version)?;
    let request = Request::parse(call, server.read(|state| state.store.revision()))?;
    let page = page(server, call, &request, &selection)?;
    let mut metadata = metadata(call, request.revision);
    if page.has_more
        && let Some(last) = page.objects.last()
    {
        let (revision, behind) = (Some(request.revision), key_of(&last.value()));
        let token = Continue { revision, behind, remaining: page.remaining };
        metadata["continue"] = token.to_text().into();
        if let Some(remaining) = page.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
    }
    let body = match call.representation {
        Representation::Whole => Body::Bytes(whole_list(call, &metadata, &page.objects)),
        _ => {
            let items = page.objects.iter().map(|object| in_version(call, object)).collect();
            let list = call.representation.list(&call.kind, &call.version, metadata, items, server.now());
            Body::Json(list)
        }
    };
    let answer = Answer { status: 200, headers: Vec::new(), body };
    Ok(answer.with_header(http::header::CONTENT_TYPE, call.representation.content_type()))
}

/// Of a list. Custom resources say that nothing follows, too.
pub(super) fn metadata(call: &Call, revision: u64) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if call.kind.is_custom() && call.representation == Representation::Whole {
        metadata["continue"] = "".into();
    }
    metadata
}

fn page(server: &Server, call: &Call, request: &Request, selection: &Selection) -> Result<Page, Failure> {
    let limit = request.limit.unwrap_or(usize::MAX);
    let (mut objects, mut behind) = (Vec::new(), request.behind.clone());
    loop {
        let everything = selection.is_everything();
        // One more than asked for tells whether others follow.
        let most = if everything { limit.saturating_add(1) } else { BATCH };
        let batch = server.read(|state| {
            let (resource, namespace) = (call.resource(), call.namespace());
            let batch = state.store.at(resource, namespace, request.revision, behind.as_ref(), most);
            batch.map_err(|forgotten| expired(call, request, forgotten))
        })?;
        let is_last = batch.len() < most;
        if everything {
            objects = batch;
            let has_more = objects.len() > limit;
            objects.truncate(limit);
            let remaining =
                if has_more { Some(remaining(server, call, request, objects.len())?) } else { None };
            return Ok(Page { objects, has_more, remaining });
        }
        behind = batch.last().map(|last| key_of(&last.value()));
        let count = batch.len();
        for (index, object) in batch.into_iter().enumerate() {
            if selection.selects(&object) {
                objects.push(object);
            }
            if objects.len() >= limit {
                return Ok(Page { objects, has_more: index + 1 < count || !is_last, remaining: None });
            }
        }
        if is_last {
            return Ok(Page { objects, has_more: false, remaining: None });
        }
    }
}

/// How many follow a page of so many: counted once, for the first page.
fn remaining(server: &Server, call: &Call, request: &Request, shown: usize) -> Result<usize, Failure> {
    let known = match request.remaining {
        Some(known) => known,
        None => server.read(|state| {
            let (resource, namespace) = (call.resource(), call.namespace());
            let count = state.store.count(resource, namespace, request.revision, request.behind.as_ref());
            count.map_err(|forgotten| expired(call, request, forgotten))
        })?,
    };
    Ok(known.saturating_sub(shown))
}

impl Request {
    fn parse(call: &Call, current: u64) -> Result<Self, Failure> {
        let query = &call.query;
        let limit = query.number("limit")?.filter(|limit| *limit > 0);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let asked = options::version_of_list(query)?;
        let (rule, token) = (query.text("resourceVersionMatch"), query.text("continue"));
        if !token.is_empty() {
            if asked.is_some_and(|asked| asked != 0) {
                let message = "specifying resource version is not allowed when using continue";
                return Err(Failure::bad_request(message));
            }
            let Continue { revision, behind, remaining } = Continue::from_text(token)?;
            let revision = revision.unwrap_or(current);
            return Ok(Self { revision, behind: Some(behind), limit, remaining });
        }
        let revision = match asked {
            None | Some(0) => current,
            Some(asked) if asked > current => return Err(options::too_new(asked, current)),
            // The real server too reads an exact version if a limit is set and no rule says otherwise.
            Some(asked) if rule == "Exact" || (rule.is_empty() && limit.is_some()) => asked,
            Some(_) => current,
        };
        Ok(Self { revision, behind: None, limit, remaining: None })
    }
}

/// 410; where a list was to be gone on with, with a token by which it can be all the same, at whatever is the
/// newest version then.
fn expired(call: &Call, request: &Request, _: Forgotten) -> Failure {
    let Some(behind) = request.behind.as_ref().filter(|_| !call.query.text("continue").is_empty()) else {
        return Failure::expired("The resourceVersion for the provided list is too old.");
    };
    let token = Continue { revision: None, behind: behind.clone(), remaining: None }.to_text();
    let message = "The provided continue parameter is too old to display a consistent list result. You can \
                   start a new list without the continue parameter, or use the continue token in this \
                   response to retrieve the remainder of the results. Continuing with the provided token \
                   results in an inconsistent list - objects that were created, modified, or deleted between \
                   the time the first chunk was returned and now may show up in the list.";
    Failure { list_continue: Some(token), ..Failure::expired(message) }
}

fn key_of(object: &Value) -> Key {
    Key::new(text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// An object in the version that was asked for.
pub(super) fn in_version(call: &Call, object: &Object) -> Value {
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
        format!("{{\"kind\":{kind:?},\"apiVersion\":{version:?},\"metadata\":{metadata},\"items\":[")
            .as_bytes(),
    );
    // Custom resources are kept in one version, and may be asked for in another.
    let converted = call.kind.is_custom() && call.kind.versions.len() > 1;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            bytes.put_u8(b',');
        }
        if converted {
            bytes.put_slice(in_version(call, item).to_string().as_bytes());
        } else if call.kind.is_custom() {
            bytes.put_slice(&item.json());
        } else {
            // The items of built-in lists do not say what they are: the list does.
            bytes.put_u8(b'{');
            bytes.put_slice(&item.members());
        }
    }
    bytes.put_slice(b"]}\n");
    bytes.freeze()
}
