//! `validate-rules --schemas DIR` and `--cluster`: holds the paths of rules against the fields that kinds
//! have, by files or by what a server publishes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::rule::WatchTarget;

use crate::cluster::client::{ConnectOptions, connect};
use crate::cluster::clock::SystemClock;
use crate::cluster::discovery::{Catalogue, discover};
use crate::cluster::openapi::{SchemaIndex, schema_index};
use crate::cluster::resolve::Resolution;
use crate::cluster::resource::Resource;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::transport::Transport;
use crate::cluster::{in_full, unanswered};
use crate::rules::Loaded;
use crate::rules::fields::{Schemas, Served, check, read_schemas};

/// The document of a group with large kinds takes a server a while to put together.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(30);

/// What the paths of rules are held against.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Against {
    /// Check the paths of rules by schemas: CustomResourceDefinitions and OpenAPI documents, files or folders;
    /// Kubernetes' own are known
    #[arg(long, value_name = "PATH", conflicts_with = "cluster", help_heading = "Fields")]
    pub schemas: Vec<PathBuf>,

    /// Check the paths and the kinds of rules by what a cluster serves
    #[arg(long, help_heading = "Fields")]
    pub cluster: bool,

    /// The kubeconfig; else KUBECONFIG, ~/.kube/config, or the pod's own account
    #[arg(long, value_name = "FILE", requires = "cluster", help_heading = "Fields")]
    pub kubeconfig: Option<PathBuf>,

    /// The kubeconfig's context; else its current one
    #[arg(long, value_name = "NAME", requires = "cluster", help_heading = "Fields")]
    pub context: Option<String>,
}

impl Against {
    /// Adds what is wrong with the paths of rules, where that was asked for. Fails where no cluster can be
    /// asked.
    pub fn check(&self, loaded: &mut Loaded) -> Result<(), String> {
        if !self.schemas.is_empty() {
            let files = read_schemas(&self.schemas);
            check(loaded, &files.schemas, &BTreeMap::new());
            loaded.report(files.problems);
        }
        if self.cluster {
            let options =
                ConnectOptions { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() };
            let targets: Vec<WatchTarget> = loaded.targets().into_iter().collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("the runtime cannot be started: {error}"))?;
            let (schemas, served) = runtime.block_on(ask(options, &targets))?;
            check(loaded, &schemas, &served);
        }
        Ok(())
    }
}

type Answers = (Schemas, BTreeMap<WatchTarget, Served>);

/// Client required: what a server says of the names that rules watch.
async fn ask(options: ConnectOptions, targets: &[WatchTarget]) -> Result<Answers, String> {
    let connection = connect(options).await.map_err(|error| error.to_string())?;
    let server_clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
    let transport = Transport::new(connection.client, server_clock, REQUEST_TIME_OUT);
    let unanswered = |error: &(dyn std::error::Error + 'static)| unanswered(&connection.server_url, error);
    let mut catalogue = discover(&transport).await.map_err(|error| unanswered(&error))?;
    if targets.iter().any(WatchTarget::is_wide) {
        catalogue = catalogue.with_stores(&transport, &Catalogue::default()).await;
    }
    let index = schema_index(&transport).await.map_err(|error| unanswered(&error))?;
    let mut asking = Asking { transport, index, schemas: Schemas::kubernetes(), fetched: BTreeMap::new() };
    let mut served = BTreeMap::new();
    for target in targets {
        served.insert(target.clone(), asking.of(target, &catalogue).await);
    }
    Ok((asking.schemas, served))
}

struct Asking {
    transport: Transport,
    index: SchemaIndex,
    schemas: Schemas,
    /// What came of each group and version: why its fields are not known.
    fetched: BTreeMap<String, Option<String>>,
}

impl Asking {
    async fn of(&mut self, target: &WatchTarget, catalogue: &Catalogue) -> Served {
        if target.is_wide() {
            return self.of_all(target, catalogue).await;
        }
        match catalogue.resolve(target) {
            Resolution::Found(resource) => self.fields(&resource).await,
            Resolution::Absent => absent(target, catalogue),
            Resolution::Ambiguous(names) => Served::Refused {
                message: format!("several groups serve `{target}`: the rule would be left out"),
                help: format!("write {}", names.join(" or ")),
            },
            Resolution::NotWatchable { resource, missing } => Served::Refused {
                message: format!(
                    "{resource} cannot be watched: the server has no {} for it",
                    missing.join(" and ")
                ),
                help: "watch a kind that can be listed and watched".to_owned(),
            },
        }
    }

    /// The fields of all kinds of a group; a rule on all groups reads metadata alone.
    async fn of_all(&mut self, target: &WatchTarget, catalogue: &Catalogue) -> Served {
        let mut served = absent(target, catalogue);
        for (_, resolution) in catalogue.watched(std::slice::from_ref(target)) {
            let Resolution::Found(resource) = resolution else { continue };
            served = Served::Kinds;
            if *target != (WatchTarget::Every { group: None })
                && let untold @ Served::Untold { .. } = self.fields(&resource).await
            {
                return untold;
            }
        }
        served
    }

    /// The document of a group and version is fetched once.
    async fn fields(&mut self, resource: &Resource) -> Served {
        let Resource { group, version, kind, .. } = resource;
        let name = resource.api_version();
        let known = match self.fetched.get(&name) {
            Some(known) => known.clone(),
            None => {
                let failure = self.fetch(group, version).await.err();
                self.fetched.insert(name, failure.clone());
                failure
            }
        };
        match known {
            Some(reason) => Served::Untold { reason },
            None => Served::Kind { group: group.clone(), version: version.clone(), kind: kind.clone() },
        }
    }

    async fn fetch(&mut self, group: &str, version: &str) -> Result<(), String> {
        let fetched = self.index.fetch(&self.transport, group, version).await;
        let document = fetched.map_err(|error| in_full(&error))?;
        let document = document.ok_or("the server publishes no schemas of its group")?;
        self.schemas.add_openapi_document(&document).map_err(|error| error.to_string())
    }
}

fn absent(target: &WatchTarget, catalogue: &Catalogue) -> Served {
    let group = match target {
        WatchTarget::Kind { group, .. } => Some(group),
        WatchTarget::Resource { group, .. } | WatchTarget::Every { group } => group.as_ref(),
        WatchTarget::Except(_) => None,
    };
    let hidden = catalogue
        .failed
        .iter()
        .find(|(failed, _)| group.is_none_or(|group| group.ends_with(failed.as_str())));
    if let Some((failed, reason)) = hidden {
        return Served::Untold { reason: format!("what the group {failed} serves is not known ({reason})") };
    }
    let name = |resource: &Arc<Resource>| match target {
        WatchTarget::Kind { .. } if resource.group.is_empty() => {
            format!("{}/{}", resource.version, resource.kind)
        }
        WatchTarget::Kind { .. } => format!("{}/{}", resource.api_version(), resource.kind),
        WatchTarget::Resource { group: None, .. } => resource.plural.clone(),
        WatchTarget::Resource { .. } | WatchTarget::Except(_) => resource.name(),
        WatchTarget::Every { .. } => format!("*.{}", resource.group),
    };
    Served::Absent { known: catalogue.resources.iter().map(name).collect() }
}
