//! What the server says of itself: its version, whether it is well, and which groups, versions and kinds
//! it serves, as documents for each and as one for all.

mod aggregated;
mod groups;
mod plain;

use std::hash::{DefaultHasher, Hash, Hasher};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, Body};
use super::failure::Failure;
use super::kinds::Kinds;
use super::represent::{clauses, not_acceptable};
use groups::Group;

/// As a real server writes it of a document for all groups.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The version of the API that the sandbox is a model of.
pub(super) const MINOR: &str = "37";

/// The answer to a `GET` of this path, if it is one of these.
#[must_use]
pub fn answer(path: &str, accept: &str, kinds: &Kinds, _now: Timestamp) -> Option<Answer> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        [] => Some(Answer::json(200, json!({"paths": paths(kinds)}))),
        ["version"] => Some(Answer::json(200, version())),
        ["healthz" | "livez" | "readyz"] | ["healthz" | "livez" | "readyz", "ping"] => {
            Some(Answer::text("ok"))
        }
        ["api" | "apis", ..] => of_groups(&parts, accept, kinds),
        _ => None,
    }
}

fn of_groups(parts: &[&str], accept: &str, kinds: &Kinds) -> Option<Answer> {
    let groups = groups::of(kinds);
    let named = |name: &str| groups.iter().find(|group| group.name == name);
    let core = groups.iter().filter(|group| group.name.is_empty());
    let others = groups.iter().filter(|group| !group.name.is_empty());
    let document = match *parts {
        ["api"] => return Some(all(accept, &plain::versions(), core)),
        ["apis"] => return Some(all(accept, &plain::groups(others.clone()), others)),
        ["api", version] => plain::resources(named("")?, version),
        ["apis", group] => Some(plain::group(named(group)?)),
        ["apis", group, version] => plain::resources(named(group)?, version),
        _ => return None,
    };
    Some(match (document, takes_plain(accept)) {
        (_, false) => not_acceptable().into(),
        (Some(document), true) => Answer::json(200, document),
        (None, true) => Failure::no_such_resource().into(),
    })
}

/// The document for all groups of a path, in the form that was asked for.
fn all<'a>(accept: &str, plain: &Value, groups: impl Iterator<Item = &'a Group>) -> Answer {
    match form(accept) {
        None => not_acceptable().into(),
        Some(Form::Plain) => Answer::json(200, plain.clone()),
        Some(Form::Aggregated) => {
            let text = aggregated::list(groups).to_string();
            let tag = format!("\"{}\"", fingerprint(&text));
            Answer { status: 200, headers: Vec::new(), body: Body::Text(AGGREGATED, text) }
                // Said again of an answer that nothing has changed: clients keep the newest they hear.
                .with_header(CONTENT_TYPE, AGGREGATED)
                .with_header(CACHE_CONTROL, "public")
                .with_header(ETAG, &tag)
                .with_header(VARY, "Accept")
        }
    }
}

/// Whether JSON as it is, is one of what is taken.
fn takes_plain(accept: &str) -> bool {
    accept.trim().is_empty()
        || clauses(accept).iter().any(|clause| clause.takes_json() && clause.parameter("as").is_empty())
}

enum Form {
    Plain,
    Aggregated,
}

/// The first that is served; `None`: none is.
fn form(accept: &str) -> Option<Form> {
    if accept.trim().is_empty() {
        return Some(Form::Plain);
    }
    clauses(accept).iter().filter(|clause| clause.takes_json()).find_map(|clause| {
        match ["as", "g", "v"].map(|name| clause.parameter(name)) {
            ["", ..] => Some(Form::Plain),
            ["APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"] => Some(Form::Aggregated),
            _ => None,
        }
    })
}

/// A short name for a content: the same for the same.
pub(super) fn fingerprint(content: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016X}", hasher.finish())
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": MINOR,
        "emulationMajor": "1",
        "emulationMinor": MINOR,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36",
        "gitVersion": format!("v1.{MINOR}.0+sandbox"),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn paths(kinds: &Kinds) -> Vec<String> {
    let mut paths: Vec<String> =
        ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned)
            .to_vec();
    for group in groups::of(kinds) {
        let root = if group.name.is_empty() { "/api".to_owned() } else { format!("/apis/{}", group.name) };
        paths.extend(group.versions.iter().map(|version| format!("{root}/{}", version.name)));
        paths.push(root);
    }
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests;
