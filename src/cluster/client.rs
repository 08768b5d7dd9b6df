//! The connection to a cluster: the kubeconfig that kubectl would use, or the pod's own account. The
//! client repeats nothing by itself: a write that was answered 503 may have been done.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderValue, header};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde::Deserialize;

use super::proxy;
use super::read::{ReadError, fetch};
use super::transport::Transport;

/// A server that takes longer to accept a connection is as good as away.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(10);

/// Which cluster.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`; else `KUBECONFIG`, `~/.kube/config`, the pod's account.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the kubeconfig's current one.
    pub context: Option<String>,
}

/// A client and where it leads.
#[derive(Clone)]
pub struct Connection {
    /// Sends requests, each once.
    pub client: Client,
    /// `https://127.0.0.1:6443`.
    pub server_url: String,
    /// `None`: the pod's own account.
    pub context: Option<String>,
    /// The namespace of the context, or of the pod.
    pub default_namespace: String,
    /// A command or a file gives its credentials: those that have run out may be renewed.
    pub renews_credentials: bool,
}

/// Why there is no connection. The client library's own errors tell their causes themselves.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// `--kubeconfig` or `KUBECONFIG` names no file.
    #[error("there is no kubeconfig {}: check --kubeconfig or KUBECONFIG", .path.display())]
    FindKubeconfig {
        /// The path.
        path: PathBuf,
    },
    /// The kubeconfig cannot be read, or is broken.
    #[error("the kubeconfig cannot be used: {reason}")]
    ReadKubeconfig {
        /// What is wrong with it.
        reason: String,
    },
    /// There is none, and this is no pod.
    #[error("no cluster: write --kubeconfig, set KUBECONFIG, or run in a pod ({reason})")]
    FindCluster {
        /// What is missing for a pod's account.
        reason: String,
    },
    /// The kubeconfig names no current context.
    #[error("the kubeconfig has no current context: write --context{}", one_of(.known))]
    ChooseContext {
        /// Its contexts.
        known: Vec<String>,
    },
    /// The kubeconfig does not have this context.
    #[error("there is no context {context:?} in the kubeconfig{}", one_of(.known))]
    FindContext {
        /// The context asked for.
        context: String,
        /// Its contexts.
        known: Vec<String>,
    },
    /// The client cannot be made: a certificate, a key, a proxy, a plugin.
    #[error("no client can be made for {server_url}: {reason}")]
    BuildClient {
        /// The server.
        server_url: String,
        /// Why.
        reason: String,
    },
}

fn one_of(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!(", one of {}", known.join(", ")) }
}

/// Reads the configuration and makes a client. Nothing is sent yet.
pub async fn connect(options: ConnectOptions) -> Result<Connection, ConnectError> {
    let (config, context) = configure(options).await?;
    connection(config, context)
}

/// The same with the text of a kubeconfig that is in no file, and its current context.
pub async fn connect_by(kubeconfig: &str) -> Result<Connection, ConnectError> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).map_err(|error| unusable(&error))?;
    let (config, context) = configure_by(kubeconfig, None).await?;
    connection(config, Some(context))
}

fn connection(mut config: Config, context: Option<String>) -> Result<Connection, ConnectError> {
    // Its retries repeat writes, whose outcome is unknown after a 503 or 504.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIME_OUT);
    let agent = HeaderValue::from_static(concat!("k8s-healer/", env!("CARGO_PKG_VERSION")));
    config.headers.push((header::USER_AGENT, agent));
    let server_url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let default_namespace = config.default_namespace.clone();
    let auth = &config.auth_info;
    let renews_credentials = auth.exec.is_some() || auth.token_file.is_some() || auth.auth_provider.is_some();
    let client = Client::try_from(config).map_err(|error| ConnectError::BuildClient {
        server_url: server_url.clone(),
        reason: error.to_string(),
    })?;
    Ok(Connection { client, server_url, context, default_namespace, renews_credentials })
}

async fn configure(options: ConnectOptions) -> Result<(Config, Option<String>), ConnectError> {
    let files = match options.kubeconfig {
        Some(path) => vec![path],
        None => implicit_files(env::var_os("KUBECONFIG").as_deref(), env::home_dir().as_deref())?,
    };
    let Some(kubeconfig) = merged(&files)? else {
        let context = options.context;
        return match Config::incluster() {
            Ok(config) if context.is_none() => Ok((config, None)),
            Ok(_) => {
                Err(ConnectError::FindContext { context: context.unwrap_or_default(), known: Vec::new() })
            }
            Err(error) => Err(ConnectError::FindCluster { reason: error.to_string() }),
        };
    };
    let (config, context) = configure_by(kubeconfig, options.context).await?;
    Ok((config, Some(context)))
}

async fn configure_by(
    kubeconfig: Kubeconfig,
    context: Option<String>,
) -> Result<(Config, String), ConnectError> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let context = context.or_else(|| kubeconfig.current_context.clone());
    let Some(context) = context.filter(|context| !context.is_empty()) else {
        return Err(ConnectError::ChooseContext { known });
    };
    if !known.contains(&context) {
        return Err(ConnectError::FindContext { context, known });
    }
    let has_proxy = proxy::is_configured(&kubeconfig, &context);
    let chosen = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &chosen).await;
    let mut config = config.map_err(|error| unusable(&error))?;
    if !has_proxy {
        config.proxy_url = proxy::of_environment(&config.cluster_url, |name| env::var(name).ok());
    }
    Ok((config, context))
}

/// Without what stands in the file: a parser shows the lines around a mistake, and the values that it did not expect,
/// and tokens are among them.
fn unusable(error: &KubeconfigError) -> ConnectError {
    let told = error.to_string();
    let reason = match error {
        KubeconfigError::Parse(_) => {
            let line = told.lines().next().unwrap_or_default();
            let end = line.find(['"', '`']).unwrap_or(line.len());
            line[..end].trim_end().to_owned()
        }
        _ => told,
    };
    ConnectError::ReadKubeconfig { reason }
}

/// The files of `KUBECONFIG` that exist, as kubectl has it, else `~/.kube/config` if it exists.
fn implicit_files(listed: Option<&OsStr>, home: Option<&Path>) -> Result<Vec<PathBuf>, ConnectError> {
    let listed: Vec<PathBuf> =
        listed.into_iter().flat_map(env::split_paths).filter(|path| !path.as_os_str().is_empty()).collect();
    if let Some(first) = listed.first() {
        let there: Vec<PathBuf> = listed.iter().filter(|path| path.exists()).cloned().collect();
        let missing = || ConnectError::FindKubeconfig { path: first.clone() };
        return if there.is_empty() { Err(missing()) } else { Ok(there) };
    }
    let default = home.map(|home| home.join(".kube/config"));
    Ok(default.into_iter().filter(|path| path.exists()).collect())
}

/// The first file that says something wins; `None`: no files.
fn merged(files: &[PathBuf]) -> Result<Option<Kubeconfig>, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in files {
        if !path.exists() {
            return Err(ConnectError::FindKubeconfig { path: path.clone() });
        }
        let next = Kubeconfig::read_from(path).map_err(|error| unusable(&error))?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| unusable(&error))?,
            None => next,
        });
    }
    Ok(merged)
}

/// The server's version, `v1.37.2`.
pub async fn server_version(transport: &Transport) -> Result<String, ReadError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let grant = "get on the URL /version (the ClusterRole system:public-info-viewer)";
    let version: Version = fetch(transport, "/version", "application/json", grant).await?;
    Ok(version.git_version)
}

/// How many nodes the cluster has, without reading them; `None`: not permitted, or not told.
pub async fn count_nodes(transport: &Transport) -> Option<usize> {
    #[derive(Deserialize)]
    struct Nodes {
        metadata: Page,
        /// Go writes an empty list as null.
        items: Option<Vec<serde::de::IgnoredAny>>,
    }
    #[derive(Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    #[derive(Default)]
    struct Page {
        r#continue: String,
        remaining_item_count: Option<usize>,
    }
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    let nodes: Nodes = fetch(transport, "/api/v1/nodes?limit=1", accept, "list on nodes").await.ok()?;
    let listed = nodes.items.map_or(0, |items| items.len());
    match nodes.metadata.remaining_item_count {
        Some(remaining) => Some(listed + remaining),
        None if nodes.metadata.r#continue.is_empty() => Some(listed),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn kubeconfig_files_are_found_and_merged_as_kubectl_does_it() {
        let home = tempfile::TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let found = |listed: Option<&OsStr>| implicit_files(listed, Some(home.path()));
        assert!(found(None).unwrap().is_empty() && implicit_files(None, None).unwrap().is_empty());
        let default = file(".kube/config", "current-context: default");
        assert_eq!(found(None).unwrap(), [default]);
        assert_eq!(found(Some(OsStr::new(""))).unwrap(), found(None).unwrap());

        let one = file("one", "current-context: one");
        let context = "{name: two, context: {cluster: c, user: u}}";
        let two = file("two", &format!("current-context: two\ncontexts: [{context}]"));
        let missing = home.path().join("missing");
        let listed = env::join_paths([&missing, &one, &two]).unwrap();
        let files = found(Some(&listed)).unwrap();
        assert_eq!(files, [one, two]);
        let merged = merged(&files).unwrap().unwrap();
        assert_eq!((merged.current_context.as_deref(), merged.contexts.len()), (Some("one"), 1));
        let error = found(Some(missing.as_os_str())).unwrap_err();
        assert!(matches!(error, ConnectError::FindKubeconfig { path } if path == missing));
    }
}
