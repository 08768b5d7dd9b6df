//! The schemas that the API server publishes: an index, and one OpenAPI v3 document for each group and
//! version. Only what is asked for is fetched: all together are several times the size of any one.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use super::read::{ReadError, fetch, fetch_bytes};
use super::transport::Transport;

const ROOT: &str = "/openapi/v3";
const JSON: &str = "application/json";
const GRANT: &str = "get on the URLs /openapi and /openapi/* (the ClusterRole system:discovery)";

/// Which documents there are.
#[derive(Clone, Debug, Default)]
pub struct SchemaIndex {
    /// By `api/v1` or `apis/apps/v1`, the path of its document.
    paths: BTreeMap<String, String>,
}

/// Asks which documents there are.
pub async fn schema_index(transport: &Transport) -> Result<SchemaIndex, ReadError> {
    #[derive(Deserialize)]
    struct Index {
        paths: BTreeMap<String, Entry>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        #[serde(rename = "serverRelativeURL")]
        url: String,
    }
    let index: Index = fetch(transport, ROOT, JSON, GRANT).await?;
    // A server names documents of its own alone.
    let own = index.paths.into_iter().filter(|(_, entry)| entry.url.starts_with(ROOT));
    Ok(SchemaIndex { paths: own.map(|(path, entry)| (path, entry.url)).collect() })
}

impl SchemaIndex {
    /// The document of a group and version; `None`: the server publishes none.
    pub async fn fetch(
        &self,
        transport: &Transport,
        group: &str,
        version: &str,
    ) -> Result<Option<Bytes>, ReadError> {
        let path =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        match self.paths.get(&path) {
            Some(url) => fetch_bytes(transport, url, JSON, GRANT).await.map(Some),
            None => Ok(None),
        }
    }
}
