//! What the controllers remember of every object: a few fields, so that a hundred thousand pods cost little.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::object::Object;
use super::quantity;

/// An object, as far as the controllers look at objects that they do not change at once.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) revision: u64,
    pub(super) metadata: Metadata,
    /// Of a pod.
    pub(super) pod: Option<Pod>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) uid: String,
    labels: Option<Labels>,
    annotations: Option<Annotations>,
    owner_references: Option<Box<[Owner]>>,
    finalizers: Option<Box<[String]>>,
    deletion_timestamp: Option<String>,
    pub(super) deletion_grace_period_seconds: Option<i64>,
}

/// A map of many small nodes would take more memory than all the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<String, String>")]
struct Labels(Box<[(String, String)]>);

impl From<BTreeMap<String, String>> for Labels {
    fn from(labels: BTreeMap<String, String>) -> Self {
        Self(labels.into_iter().collect())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    simulate: Option<String>,
}

/// An entry of `ownerReferences`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Owner {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    controller: Option<bool>,
    block_owner_deletion: Option<bool>,
}

impl Owner {
    pub(super) fn blocks(&self) -> bool {
        self.block_owner_deletion == Some(true)
    }
}

/// What is particular about a pod.
#[derive(Debug, Default)]
pub(super) struct Pod {
    /// Empty: it has none yet.
    pub(super) node: String,
    pub(super) phase: String,
    pub(super) is_ready: bool,
    /// By resource, in thousandths.
    pub(super) requests: Box<[(String, i128)]>,
}

impl Pod {
    /// Nothing of it runs any more.
    pub(super) fn has_ended(&self) -> bool {
        self.phase == "Succeeded" || self.phase == "Failed"
    }
}

impl Metadata {
    pub(super) fn is_ending(&self) -> bool {
        self.deletion_timestamp.is_some()
    }

    pub(super) fn owners(&self) -> &[Owner] {
        self.owner_references.as_deref().unwrap_or_default()
    }

    /// The one owner that manages it.
    pub(super) fn controller(&self) -> Option<&Owner> {
        self.owners().iter().find(|owner| owner.controller == Some(true))
    }

    pub(super) fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller().is_some_and(|owner| owner.uid == uid)
    }

    pub(super) fn finalizers(&self) -> &[String] {
        self.finalizers.as_deref().unwrap_or_default()
    }

    pub(super) fn has_finalizer(&self, name: &str) -> bool {
        self.finalizers().iter().any(|finalizer| finalizer == name)
    }

    /// The annotation by which a person says what is to be simulated; empty: there is none.
    pub(super) fn simulate(&self) -> &str {
        self.annotations.as_ref().and_then(|all| all.simulate.as_deref()).unwrap_or_default()
    }

    /// As JSON, for selectors.
    pub(super) fn labels(&self) -> Value {
        let labels = self.labels.iter().flat_map(|labels| labels.0.iter());
        labels.map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
    }
}

#[derive(Deserialize)]
struct AnyDocument {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct PodDocument {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
    containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    resources: Option<Resources>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: Option<BTreeMap<String, Value>>,
    limits: Option<BTreeMap<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Option<String>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    r#type: String,
    status: String,
}

impl Outline {
    /// `None`: it is not shaped as its kind should be, and no controller touches it.
    pub(super) fn of(object: &Object, is_pod: bool) -> Option<Self> {
        let revision = object.revision();
        let json = object.json();
        let read = if is_pod {
            serde_json::from_slice(&json).map(|PodDocument { metadata, spec, status }| {
                let pod = Some(Pod::new(spec, status));
                Self { revision, metadata, pod }
            })
        } else {
            serde_json::from_slice(&json).map(|AnyDocument { metadata }| Self {
                revision,
                metadata,
                pod: None,
            })
        };
        read.inspect_err(|error| tracing::debug!(%error, "an object that no controller understands")).ok()
    }
}

impl Pod {
    fn new(spec: Spec, status: Status) -> Self {
        let mut requests: BTreeMap<String, i128> = BTreeMap::new();
        for Resources { requests: own, limits } in
            spec.containers.into_iter().filter_map(|container| container.resources)
        {
            // Whoever sets a limit alone requests as much.
            let mut all = limits.unwrap_or_default();
            all.extend(own.unwrap_or_default());
            for (name, value) in all {
                *requests.entry(name).or_default() += quantity::thousandths(&value);
            }
        }
        let ready = |condition: &Condition| condition.r#type == "Ready" && condition.status == "True";
        Self {
            node: spec.node_name.unwrap_or_default(),
            phase: status.phase.unwrap_or_default(),
            is_ready: status.conditions.unwrap_or_default().iter().any(ready),
            requests: requests.into_iter().collect(),
        }
    }
}
