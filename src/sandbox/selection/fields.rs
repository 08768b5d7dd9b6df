//! Field selectors: a few fields of each kind, compared as text.

use serde_json::Value;

use super::super::failure::Failure;
use super::super::kinds::{Kind, Version};

/// All requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    field: String,
    equal: bool,
    value: String,
}

impl FieldSelector {
    /// `a=b,c!=d`.
    pub fn parse(text: &str, kind: &Kind, version: &Version) -> Result<Self, Failure> {
        let mut requirements = Vec::new();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let signs = [("!=", false), ("==", true), ("=", true)];
            let parts = signs
                .iter()
                .find_map(|(sign, equal)| one.split_once(sign).map(|(field, value)| (field, *equal, value)));
            let Some((field, equal, value)) = parts else {
                let message = format!("invalid selector: '{text}'; can't understand '{one}'");
                return Err(Failure::bad_request(message));
            };
            let field = field.trim().to_owned();
            if !is_known(&field, kind, version) {
                let message = match known(kind) {
                    [] if !kind.is_custom() => format!(
                        "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                    ),
                    _ if kind.resource.is("batch", "jobs") => {
                        format!("field label {field:?} not supported for Job")
                    }
                    _ => format!("field label not supported: {field}"),
                };
                return Err(Failure::bad_request(message));
            }
            requirements.push(Requirement { field, equal, value: value.trim().to_owned() });
        }
        Ok(Self(requirements))
    }

    /// The same, of one object alone.
    #[must_use]
    pub fn and_name(mut self, name: &str) -> Self {
        let field = "metadata.name".to_owned();
        self.0.push(Requirement { field, equal: true, value: name.to_owned() });
        self
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether name and namespace are all that is looked at.
    #[must_use]
    pub fn is_of_metadata(&self) -> bool {
        let own = ["metadata.name", "metadata.namespace"];
        self.0.iter().all(|requirement| own.contains(&requirement.field.as_str()))
    }

    /// Whether the object has these values.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let mut value = object;
            for part in requirement.field.split('.') {
                value = &value[part];
            }
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            // Go's zero value of a boolean.
            let text =
                if text.is_empty() && is_boolean(&requirement.field) { "false".to_owned() } else { text };
            (text == requirement.value) == requirement.equal
        })
    }
}

fn is_boolean(field: &str) -> bool {
    ["spec.unschedulable", "spec.hostNetwork"].contains(&field)
}

fn is_known(field: &str, kind: &Kind, version: &Version) -> bool {
    let metadata = field == "metadata.name" || (field == "metadata.namespace" && kind.namespaced);
    let own = version.selectable_fields.iter().any(|path| path.trim_start_matches('.') == field);
    metadata || own || known(kind).contains(&field)
}

/// Beside name and namespace.
fn known(kind: &Kind) -> &'static [&'static str] {
    match (&*kind.resource.group, &*kind.resource.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("apps", "replicasets") | ("", "replicationcontrollers") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    }
}
