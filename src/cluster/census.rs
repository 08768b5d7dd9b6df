//! How many objects of a kind there are, and what they are called, without reading the objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::read::{ReadError, fetch, grant};
use super::resource::Resource;
use super::transport::Transport;

const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Names on one page: a page of namespaces is half a megabyte, far below what an answer may have.
const PAGE: u32 = 500;

/// More objects of one kind than any cluster holds: a list that goes on is no list.
const MOST: usize = 1_000_000;

#[derive(Deserialize)]
struct Page<Item> {
    metadata: PageMetadata,
    /// Go writes an empty list as null.
    items: Option<Vec<Item>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata {
    r#continue: String,
    remaining_item_count: Option<usize>,
}

#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
    #[serde(default)]
    namespace: String,
}

/// How many objects there are, by a page of one; `None`: the server does not say. I/O.
pub async fn count(transport: &Transport, resource: &Resource) -> Result<Option<usize>, ReadError> {
    let path = format!("{}?limit=1", resource.collection_path(None));
    let page: Page<serde::de::IgnoredAny> =
        fetch(transport, &path, METADATA_LIST, &grant("list", resource, None, None)).await?;
    let listed = page.items.map_or(0, |items| items.len());
    Ok(match page.metadata.remaining_item_count {
        Some(remaining) => Some(listed + remaining),
        None if page.metadata.r#continue.is_empty() => Some(listed),
        None => None,
    })
}

fn page_path(path: &str, token: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(format!("limit={PAGE}"));
    if !token.is_empty() {
        query.append_pair("continue", token);
    }
    format!("{path}?{}", query.finish())
}

/// The names of some objects of a kind in a namespace (`None`: of the cluster), of the first page: enough to tell
/// which one is meant. I/O.
pub async fn some_names(
    transport: &Transport,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Vec<String>, ReadError> {
    let grant = grant("list", resource, None, namespace);
    let path = page_path(&resource.collection_path(namespace), "");
    let page: Page<Named> = fetch(transport, &path, METADATA_LIST, &grant).await?;
    Ok(page.items.unwrap_or_default().into_iter().map(|item| item.metadata.name).collect())
}

/// The namespaces in which there is an object of this name. I/O.
pub async fn namespaces_of(
    transport: &Transport,
    resource: &Resource,
    name: &str,
) -> Result<Vec<String>, ReadError> {
    let mut query = form_urlencoded::Serializer::new(format!("limit={PAGE}"));
    query.append_pair("fieldSelector", &format!("metadata.name={name}"));
    let path = format!("{}?{}", resource.collection_path(None), query.finish());
    let grant = grant("list", resource, None, None);
    let page: Page<Named> = fetch(transport, &path, METADATA_LIST, &grant).await?;
    let items = page.items.unwrap_or_default().into_iter();
    Ok(items.map(|item| item.metadata.namespace).filter(|namespace| !namespace.is_empty()).collect())
}

/// The names of all objects of a cluster-scoped kind, as of one moment. I/O.
pub async fn names(transport: &Transport, resource: &Resource) -> Result<BTreeSet<Arc<str>>, ReadError> {
    let (path, grant) = (resource.collection_path(None), grant("list", resource, None, None));
    let (mut names, mut token) = (BTreeSet::new(), String::new());
    loop {
        let page: Page<Named> = fetch(transport, &page_path(&path, &token), METADATA_LIST, &grant).await?;
        let before = names.len();
        names.extend(page.items.unwrap_or_default().into_iter().map(|item| item.metadata.name.into()));
        token = page.metadata.r#continue;
        // A page that says nothing new and goes on would go on for ever.
        if token.is_empty() || names.len() == before || names.len() > MOST {
            return Ok(names);
        }
    }
}
