//! What a deletion asks for: the body, or else the query.

use serde_json::{Value, json};

use super::super::super::failure::{Cause, Failure};
use super::super::super::kinds::Resource;
use super::super::super::request::Query;
use super::super::options::invalid;
use super::super::{Call, text};

const POLICIES: [&str; 3] = ["Foreground", "Background", "Orphan"];

/// What a deletion asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only this very object.
    pub uid: Option<String>,
    /// Only this state of it.
    pub version: Option<String>,
    /// In seconds; none: as the object has it.
    pub grace: Option<i64>,
    /// `Background`, `Foreground`, `Orphan`; empty: as the kind has it.
    pub propagation: String,
    /// Change nothing.
    pub dry_run: bool,
}

impl Options {
    /// From a `DeleteOptions`, which may be empty.
    pub fn from_json(options: &Value) -> Result<Self, Failure> {
        let kind = text(options, "/kind");
        if !kind.is_empty() && kind != "DeleteOptions" {
            let version = text(options, "/apiVersion");
            return Err(Failure::bad_request(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        let causes = check(options);
        if !causes.is_empty() {
            return Err(invalid("DeleteOptions", &causes));
        }
        let owned = |pointer: &str| match text(options, pointer) {
            "" => None,
            text => Some(text.to_owned()),
        };
        let propagation = match (text(options, "/propagationPolicy"), &options["orphanDependents"]) {
            ("", Value::Bool(true)) => "Orphan",
            ("", Value::Bool(false)) => "Background",
            (policy, _) => policy,
        };
        Ok(Self {
            uid: owned("/preconditions/uid"),
            version: owned("/preconditions/resourceVersion"),
            // As the real server: what is below nothing is a second.
            grace: options["gracePeriodSeconds"].as_i64().map(|grace| if grace < 0 { 1 } else { grace }),
            propagation: propagation.to_owned(),
            dry_run: options["dryRun"].as_array().is_some_and(|all| !all.is_empty()),
        })
    }

    /// Of a request: the query counts where there is no body.
    pub(super) fn of(call: &Call) -> Result<Self, Failure> {
        if call.body.is_empty() {
            Self::from_json(&of_query(&call.query)?)
        } else {
            Self::from_json(&call.json()?)
        }
    }

    /// Whether it is this object, in this state.
    pub(in super::super) fn check(&self, resource: &Resource, object: &Value) -> Result<(), Failure> {
        let name = text(object, "/metadata/name");
        let fields = [
            (&self.uid, "/metadata/uid", "UID", "deleted and then recreated"),
            (&self.version, "/metadata/resourceVersion", "ResourceVersion", "modified"),
        ];
        for (asked, pointer, what, happened) in fields {
            let known = text(object, pointer);
            let Some(asked) = asked.as_deref().filter(|asked| *asked != known) else { continue };
            if super::ends_in_two_steps(resource) {
                return Err(Failure::conflict(
                    resource,
                    name,
                    format!(
                        "Precondition failed: {what} in precondition: {asked}, {what} in object meta: {known}"
                    ),
                ));
            }
            // It is the kind that is told here, not the plural.
            let kind = Resource::new(&resource.group, text(object, "/kind"));
            return Err(Failure::conflict(
                &kind,
                name,
                format!(
                    "the {what} in the precondition ({asked}) does not match the {what} in record ({known}). \
                 The object might have been {happened}"
                ),
            ));
        }
        Ok(())
    }
}

/// The same members, from the query.
fn of_query(query: &Query) -> Result<Value, Failure> {
    let mut options = json!({});
    let policy = query.text("propagationPolicy");
    if !policy.is_empty() {
        options["propagationPolicy"] = policy.into();
    }
    let dry_run = query.text("dryRun");
    if !dry_run.is_empty() {
        options["dryRun"] = json!([dry_run]);
    }
    let orphan = query.text("orphanDependents");
    if !orphan.is_empty() {
        options["orphanDependents"] = query.is_set("orphanDependents").into();
    }
    let grace = query.text("gracePeriodSeconds");
    if !grace.is_empty() {
        let number = grace.parse::<i64>().map_err(|_| {
            Failure::bad_request(format!("strconv.ParseInt: parsing {grace:?}: invalid syntax"))
        })?;
        options["gracePeriodSeconds"] = number.into();
    }
    Ok(options)
}

fn check(options: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let policy = text(options, "/propagationPolicy");
    if !policy.is_empty() && options["orphanDependents"].is_boolean() {
        let message =
            format!("Invalid value: {policy:?}: orphanDependents and deletionPropagation cannot be both set");
        causes.push(Cause::new("FieldValueInvalid", "propagationPolicy", message));
    }
    if !policy.is_empty() && !POLICIES.contains(&policy) {
        let known = POLICIES.map(|policy| format!("{policy:?}")).join(", ");
        let message = format!("Unsupported value: {policy:?}: supported values: {known}, \"nil\"");
        causes.push(Cause::new("FieldValueNotSupported", "propagationPolicy", message));
    }
    let dry_run = &options["dryRun"];
    if dry_run.as_array().is_some_and(|all| all.iter().any(|one| one != "All")) {
        let message = format!("Unsupported value: {dry_run}: supported values: \"All\"");
        causes.push(Cause::new("FieldValueNotSupported", "dryRun", message));
    }
    causes
}
