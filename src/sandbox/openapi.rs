//! The schemas of what is served, as far as clients need them. Of Kubernetes' own kinds nothing is told but
//! that they exist, of custom resources what their definitions say. Clients learn here too that the server
//! checks fields itself: without that, `kubectl` refuses to create anything.

mod paths;
mod schemas;

use http::header::{ETAG, VARY};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Body};
use super::discovery::{MINOR, fingerprint};
use super::kinds::{Kind, Kinds, Version};
use super::represent::{Clause, clauses, not_acceptable};

const OLD_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A document of version 2 that says nothing: `swagger: "2.0"` and an `info` with `title` and `version`.
/// Whoever asks for it looks for hints on how to merge lists, and does without.
const OLD_EMPTY: &str = "\x0a\x032.0\x12\x11\x0a\x0aKubernetes\x12\x03v1.";

/// The answer to a `GET` of this path, if it is one of these.
#[must_use]
pub fn answer(path: &str, accept: &str, kinds: &Kinds) -> Option<Answer> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        ["openapi", "v2"] => Some(old(accept)),
        ["openapi", "v3"] => Some(Answer::json(200, index(kinds))),
        ["openapi", "v3", "api", version] => document("", version, accept, kinds),
        ["openapi", "v3", "apis", group, version] => document(group, version, accept, kinds),
        _ => None,
    }
}

fn old(accept: &str) -> Answer {
    if accept.contains("proto-openapi.spec.v2") {
        return Answer {
            status: 200,
            headers: Vec::new(),
            body: Body::Text(OLD_PROTOBUF, OLD_EMPTY.to_owned()),
        };
    }
    if !takes_json(accept) {
        return not_acceptable().into();
    }
    Answer::json(200, json!({"swagger": "2.0", "info": info(), "paths": {}, "definitions": {}}))
}

fn takes_json(accept: &str) -> bool {
    accept.trim().is_empty() || clauses(accept).iter().any(Clause::takes_json)
}

fn info() -> Value {
    json!({"title": "Kubernetes", "version": format!("1.{MINOR}")})
}

/// Where the documents are, each under a name that changes with its content.
fn index(kinds: &Kinds) -> Value {
    let mut paths = Map::new();
    for kind in kinds.iter() {
        for version in &kind.versions {
            let path = paths::root(&kind.resource.group, &version.name);
            if !paths.contains_key(&path[1..]) {
                let hash = content(&kind.resource.group, &version.name, kinds);
                let url = format!("/openapi/v3{path}?hash={hash}");
                paths.insert(path[1..].to_owned(), json!({"serverRelativeURL": url}));
            }
        }
    }
    json!({"paths": paths})
}

/// The kinds of this version of a group.
fn served<'a>(
    group: &'a str,
    version: &'a str,
    kinds: &'a Kinds,
) -> impl Iterator<Item = (&'a Kind, &'a Version)> {
    kinds
        .iter()
        .filter(move |kind| kind.resource.group == group)
        .filter_map(move |kind| Some((&**kind, kind.version(version)?)))
}

/// The name of what a document says.
fn content(group: &str, version: &str, kinds: &Kinds) -> String {
    let told: Vec<_> = served(group, version, kinds)
        .map(|(kind, version)| (&kind.resource.plural, &kind.kind, kind.namespaced, &*version.schema))
        .collect();
    fingerprint(&told)
}

fn document(group: &str, version: &str, accept: &str, kinds: &Kinds) -> Option<Answer> {
    let mut paths = Map::new();
    let mut schemas = schemas::common();
    let mut any = false;
    for (kind, version) in served(group, version, kinds) {
        any = true;
        paths::add(&mut paths, kind, version);
        schemas::add(&mut schemas, kind, version);
    }
    if !any {
        return None;
    }
    if !takes_json(accept) {
        return Some(not_acceptable().into());
    }
    let document = json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths,
        "components": {"schemas": schemas},
    });
    let tag = format!("\"{}\"", content(group, version, kinds));
    Some(Answer::json(200, document).with_header(ETAG, &tag).with_header(VARY, "Accept"))
}

#[cfg(test)]
mod tests;
