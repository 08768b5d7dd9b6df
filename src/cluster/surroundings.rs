//! What stands around an object: its namespace, the node that it is bound to, its owners and what controls it. Each
//! thing is read once, whoever asks and however often, so that hundreds of objects cost as many reads as there are
//! things around them. What could not be read is unknown, and says why: it is never taken for absent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::{Observation, OwnerReference};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::ancestors::{Ancestor, in_words, next_controller};
use super::discovery::Catalogue;
use super::in_full;
use super::read::{ReadError, read_metadata, read_object};
use super::resource::Resource;
use super::transport::Transport;

/// What is known of one thing.
#[derive(Clone, Debug)]
pub enum Known {
    /// It is there.
    There(Arc<Observation>),
    /// It is not.
    Absent,
    /// Nobody could tell.
    Unknown(Unknown),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The right is missing.
    #[error("not permitted: grant {grant}")]
    Forbidden {
        /// `get on nodes`.
        grant: String,
    },
    /// The server does not serve such a kind, or could not say whether it does.
    #[error("{kind} is of a kind that the server does not serve")]
    NotServed {
        /// `apps/v1/ReplicaSet web`.
        kind: String,
    },
    /// The read failed.
    #[error("{reason}")]
    Failed {
        /// Why, on one line.
        reason: String,
    },
}

impl From<ReadError> for Unknown {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Forbidden { grant } => Self::Forbidden { grant },
            error => Self::Failed { reason: in_full(&error) },
        }
    }
}

/// What could be told of the facts that rules ask.
#[derive(Clone, Debug, Default)]
pub struct LookedUp {
    /// What is known.
    pub facts: Facts,
    /// What is not, and why.
    pub unknown: Vec<(Fact, Unknown)>,
}

/// What stands above an object: what may protect it beside itself.
#[derive(Clone, Debug, Default)]
pub struct Above {
    /// Its namespace; `None`: it lies in none, or it could not be read.
    pub namespace: Option<Arc<Observation>>,
    /// Its controllers, the nearest first, as far as they could be followed.
    pub ancestors: Vec<Ancestor>,
    /// Why it is not known what protects it, each reason as the daemon tells it when it holds back.
    pub unknown: Vec<String>,
}

impl Above {
    /// The controllers that there are, with what to call them: as the protections look at them.
    #[must_use]
    pub fn present(&self) -> Vec<(String, Observation)> {
        let named = |ancestor: &Ancestor| {
            let metadata = ancestor.metadata.clone()?;
            Some((format!("{} {}", ancestor.kind, ancestor.name), metadata))
        };
        self.ancestors.iter().filter_map(named).collect()
    }
}

/// A thing by its resource, its namespace and its name.
type Key = (String, Option<String>, String);

/// The look-ups of one question, with what they brought.
pub struct Surroundings {
    transport: Transport,
    catalogue: Arc<Catalogue>,
    known: Mutex<HashMap<Key, Arc<OnceCell<Known>>>>,
}

impl Surroundings {
    /// Nothing is read before it is asked for.
    #[must_use]
    pub fn new(transport: Transport, catalogue: Arc<Catalogue>) -> Self {
        Self { transport, catalogue, known: Mutex::default() }
    }

    /// Takes an object that was read or listed whole already: it is not read again. No I/O.
    pub fn remember(&self, resource: &Resource, object: Observation) {
        let cell = self.cell(resource, object.namespace(), object.name());
        // What was known before is as good.
        drop(cell.set(Known::There(Arc::new(object))));
    }

    /// A Namespace, whole. Client required.
    pub async fn namespace(&self, name: &str) -> Known {
        self.of_the_cluster("Namespace", name).await
    }

    /// A Node, whole. Client required.
    pub async fn node(&self, name: &str) -> Known {
        self.of_the_cluster("Node", name).await
    }

    /// The object that a reference of another one in this namespace means: its metadata. One of its name that has
    /// another uid is not it. Client required.
    pub async fn owner(&self, reference: &OwnerReference<'_>, namespace: Option<&str>) -> Known {
        let (_, found) = self.referenced(reference, namespace).await;
        found
    }

    /// What these rules ask of other objects about an object. Client required.
    pub async fn facts(&self, object: &Observation, others: &Others) -> LookedUp {
        let mut looked_up = LookedUp::default();
        for fact in others.of(object) {
            let known = match &fact {
                Fact::Namespace(name) => self.namespace(name).await,
                Fact::Node(name) => self.node(name).await,
                Fact::Owner(uid) => {
                    let owners = object.owners();
                    let Some(owner) = owners.iter().find(|owner| owner.uid == uid) else { continue };
                    self.owner(owner, object.namespace()).await
                }
                Fact::Strained => continue,
            };
            let is_owner = matches!(fact, Fact::Owner(_));
            let value = match known {
                Known::There(_) if is_owner => Value::Bool(true),
                Known::Absent if is_owner => Value::Bool(false),
                Known::There(found) => found.object().clone(),
                Known::Absent => Value::Null,
                Known::Unknown(why) => {
                    looked_up.unknown.push((fact, why));
                    continue;
                }
            };
            looked_up.facts = looked_up.facts.with(fact, value);
        }
        looked_up
    }

    /// What may protect an object beside itself, as the daemon looks at it before it acts. Client required.
    pub async fn above(&self, object: &Observation) -> Above {
        let mut above = Above::default();
        if let Some(name) = object.namespace() {
            match self.namespace(name).await {
                Known::There(found) => above.namespace = Some(found),
                Known::Absent => above.unknown.push(format!("namespace {name} is gone")),
                Known::Unknown(why) => above
                    .unknown
                    .push(format!("namespace {name} cannot be read, and it could be protected: {why}")),
            }
        }
        loop {
            let next = match next_controller(object, &above.ancestors) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) => {
                    above.unknown.push(error.to_string());
                    break;
                }
            };
            let (controller, namespace) = next;
            let (resource, found) = self.referenced(&controller, namespace).await;
            let ancestor = |resource: &Resource, metadata: Option<Observation>| Ancestor {
                resource: resource.name(),
                kind: controller.kind.to_owned(),
                namespace: namespace.filter(|_| resource.namespaced).map(str::to_owned),
                name: controller.name.to_owned(),
                uid: controller.uid.to_owned(),
                metadata,
            };
            let next = match (resource, found) {
                (Some(resource), Known::There(found)) => ancestor(&resource, Some((*found).clone())),
                (Some(resource), Known::Absent) => ancestor(&resource, None),
                (_, Known::Unknown(why)) => {
                    let controller = in_words(&controller);
                    above.unknown.push(match why {
                        Unknown::NotServed { kind } => format!(
                            "its controller {kind} is of a kind that the server does not serve, and it could be protected"
                        ),
                        why => format!(
                            "its controller {controller} cannot be read, and it could be protected: {why}"
                        ),
                    });
                    break;
                }
                // Of what is not served nothing is known.
                (None, Known::There(_) | Known::Absent) => break,
            };
            above.ancestors.push(next);
        }
        above
    }

    async fn of_the_cluster(&self, kind: &str, name: &str) -> Known {
        match self.catalogue.of_kind("", "v1", kind) {
            Some(resource) => self.read(&resource, None, name).await,
            None => Known::Unknown(Unknown::NotServed { kind: format!("v1/{kind} {name}") }),
        }
    }

    async fn referenced(
        &self,
        reference: &OwnerReference<'_>,
        namespace: Option<&str>,
    ) -> (Option<Arc<Resource>>, Known) {
        let (group, version) = reference.api_version.rsplit_once('/').unwrap_or(("", reference.api_version));
        let Some(resource) = self.catalogue.of_kind(group, version, reference.kind) else {
            return (None, Known::Unknown(Unknown::NotServed { kind: in_words(reference) }));
        };
        // An owner lies in the object's own namespace, or in none.
        let namespace = namespace.filter(|_| resource.namespaced);
        let found = match self.read(&resource, namespace, reference.name).await {
            Known::There(found) if found.uid() != reference.uid => Known::Absent,
            known => known,
        };
        (Some(resource), found)
    }

    /// Once for each thing: who asks meanwhile waits for the same answer.
    async fn read(&self, resource: &Resource, namespace: Option<&str>, name: &str) -> Known {
        let cell = self.cell(resource, namespace, name);
        let known = cell.get_or_init(async || {
            // Rules read the whole of namespaces and nodes, and of owners no more than what they are.
            let whole = resource.group.is_empty() && ["Namespace", "Node"].contains(&&*resource.kind);
            let found = if whole {
                read_object(&self.transport, resource, namespace, name).await
            } else {
                read_metadata(&self.transport, resource, namespace, name).await
            };
            match found {
                Ok(Some(found)) => Known::There(Arc::new(found)),
                Ok(None) => Known::Absent,
                Err(error) => Known::Unknown(error.into()),
            }
        });
        known.await.clone()
    }

    fn cell(&self, resource: &Resource, namespace: Option<&str>, name: &str) -> Arc<OnceCell<Known>> {
        let key = (resource.name(), namespace.map(str::to_owned), name.to_owned());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_default())
    }
}
