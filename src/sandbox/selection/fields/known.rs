//! Which fields may be selected by, of each kind.

use super::super::super::kinds::{Kind, Version};

/// A field, and what counts where an object has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) missing: Missing,
}

/// What counts instead of a field that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Text(&'static str),
    Field(&'static str),
}

impl Field {
    pub(super) fn at(path: &str) -> Self {
        Self { path: path.to_owned(), missing: Missing::Text("") }
    }
}

/// Name, path, what counts where it is missing: the zero values of Go's types.
type Row = (&'static str, &'static str, Missing);

const NOTHING: Missing = Missing::Text("");
const FALSE: Missing = Missing::Text("false");
const ZERO: Missing = Missing::Text("0");

const PODS: &[Row] = &[
    ("spec.nodeName", "spec.nodeName", NOTHING),
    ("spec.host", "spec.nodeName", NOTHING),
    ("spec.restartPolicy", "spec.restartPolicy", NOTHING),
    ("spec.schedulerName", "spec.schedulerName", NOTHING),
    ("spec.serviceAccountName", "spec.serviceAccountName", NOTHING),
    ("spec.hostNetwork", "spec.hostNetwork", FALSE),
    ("status.phase", "status.phase", NOTHING),
    ("status.podIP", "status.podIP", NOTHING),
    // Accepted, and empty whatever a pod has.
    ("status.podIPs", "", NOTHING),
    ("status.nominatedNodeName", "status.nominatedNodeName", NOTHING),
];
const EVENTS: &[Row] = &[
    ("involvedObject.kind", "involvedObject.kind", NOTHING),
    ("involvedObject.namespace", "involvedObject.namespace", NOTHING),
    ("involvedObject.name", "involvedObject.name", NOTHING),
    ("involvedObject.uid", "involvedObject.uid", NOTHING),
    ("involvedObject.apiVersion", "involvedObject.apiVersion", NOTHING),
    ("involvedObject.resourceVersion", "involvedObject.resourceVersion", NOTHING),
    ("involvedObject.fieldPath", "involvedObject.fieldPath", NOTHING),
    ("reason", "reason", NOTHING),
    ("reportingComponent", "reportingComponent", NOTHING),
    ("source", "source.component", Missing::Field("reportingComponent")),
    ("type", "type", NOTHING),
];

/// Of a kind that has fields of its own: those, beside the name.
fn of(kind: &Kind) -> Option<&'static [Row]> {
    match (&*kind.resource.group, &*kind.resource.plural) {
        ("", "pods") => Some(PODS),
        ("", "events") => Some(EVENTS),
        ("", "nodes") => Some(&[("spec.unschedulable", "spec.unschedulable", FALSE)]),
        ("", "namespaces") => Some(&[("status.phase", "status.phase", NOTHING)]),
        ("", "secrets") => Some(&[("type", "type", NOTHING)]),
        ("", "services") => {
            Some(&[("spec.clusterIP", "spec.clusterIP", NOTHING), ("spec.type", "spec.type", NOTHING)])
        }
        ("", "replicationcontrollers") => Some(&[("status.replicas", "status.replicas", ZERO)]),
        ("batch", "jobs") => Some(&[("status.successful", "status.succeeded", ZERO)]),
        _ => None,
    }
}

/// The field of this name, or what a real server says where the kind has none.
pub(super) fn find(name: &str, kind: &Kind, version: &Version) -> Result<Field, String> {
    let own = of(kind);
    // Kinds without fields of their own are not asked whether they are in namespaces.
    let has_namespace = kind.namespaced || (own.is_none() && !kind.is_custom());
    if name == "metadata.name" || (name == "metadata.namespace" && has_namespace) {
        return Ok(Field::at(name));
    }
    if version.selectable_fields.iter().any(|path| path.trim_start_matches('.') == name) {
        return Ok(Field::at(name));
    }
    if let Some((_, path, missing)) = own.unwrap_or_default().iter().find(|(field, ..)| *field == name) {
        return Ok(Field { path: (*path).to_owned(), missing: *missing });
    }
    Err(if own.is_none() && !kind.is_custom() {
        format!("{name:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    } else if kind.resource.is("batch", "jobs") {
        format!("field label {name:?} not supported for Job")
    } else {
        format!("field label not supported: {name}")
    })
}
