//! Refusals, in the words and the shape of a real API server: a `Status` object with a code, a reason and
//! details.

use serde_json::{Map, Value, json};

use super::kinds::{Kind, Resource};

/// What went wrong with one field of a request: an entry of `details.causes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid` …
    pub reason: &'static str,
    /// `spec.replicas`.
    pub field: String,
    /// Without the field's name, as in the cause's `message`.
    pub message: String,
}

impl Cause {
    /// An entry of `details.causes`.
    pub fn new(reason: &'static str, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason, field: field.into(), message: message.into() }
    }
}

/// A request that is refused.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The HTTP status.
    pub code: u16,
    /// `NotFound`, `Conflict` …; empty: none is told.
    pub reason: &'static str,
    /// For a person.
    pub message: String,
    /// The `details` of the `Status`, null where there are none.
    pub details: Value,
    /// Told as the header `Retry-After` too.
    pub retry_after: Option<u32>,
    /// By this token a list can be gone on with.
    pub list_continue: Option<String>,
    /// The message alone goes out, as text: what a server says of paths that it does not know.
    pub plain: bool,
}

impl Failure {
    /// Without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
            retry_after: None,
            list_continue: None,
            plain: false,
        }
    }

    fn of(resource: &Resource, name: &str, code: u16, reason: &'static str, message: String) -> Self {
        let mut details = Map::new();
        if !name.is_empty() {
            details.insert("name".to_owned(), name.into());
        }
        if !resource.group.is_empty() {
            details.insert("group".to_owned(), resource.group.as_str().into());
        }
        details.insert("kind".to_owned(), resource.plural.as_str().into());
        Self { details: Value::Object(details), ..Self::new(code, reason, message) }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403, of a request that the user has no right to.
    pub fn forbidden(resource: &Resource, name: &str, message: impl std::fmt::Display) -> Self {
        let message = format!("{resource} {name:?} is forbidden: {message}");
        let message = if name.is_empty() { message.replacen(" \"\"", "", 1) } else { message };
        Self::of(resource, name, 403, "Forbidden", message)
    }

    /// 404, of a path that nothing serves.
    #[must_use]
    pub fn no_such_path() -> Self {
        let message = "404 page not found\n";
        Self { plain: true, ..Self::new(404, "NotFound", message) }
    }

    /// 404, of a resource that the server does not serve.
    #[must_use]
    pub fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self { details: json!({}), ..Self::new(404, "NotFound", message) }
    }

    /// 404, of an object.
    #[must_use]
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::of(resource, name, 404, "NotFound", format!("{resource} {name:?} not found"))
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self { details: json!({}), ..Self::new(405, "MethodNotAllowed", message) }
    }

    /// 409, of an object that exists already.
    #[must_use]
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::of(resource, name, 409, "AlreadyExists", format!("{resource} {name:?} already exists"))
    }

    /// 409, of an object that is on its way out.
    #[must_use]
    pub fn still_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("object is being deleted: {resource} {name:?} already exists");
        Self::of(resource, name, 409, "AlreadyExists", message)
    }

    /// 409.
    pub fn conflict(resource: &Resource, name: &str, because: impl std::fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {because}");
        Self::of(resource, name, 409, "Conflict", message)
    }

    /// 409, of a write on an older version than the newest.
    #[must_use]
    pub fn stale(resource: &Resource, name: &str) -> Self {
        let because =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, because)
    }

    /// 410.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media(supported: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            supported.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 422, with what is wrong with each field.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let told: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let told = match &told[..] {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let group = &kind.resource.group;
        let dot = if group.is_empty() { "" } else { "." };
        let message = format!("{}{dot}{group} {name:?} is invalid: {told}", kind.kind);
        let mut failure = Self::of(&kind.resource, name, 422, "Invalid", message);
        failure.details["kind"] = kind.kind.as_str().into();
        failure.with_causes(causes)
    }

    /// The same of what is wrong with its metadata: of custom resources a real server tells each twice.
    #[must_use]
    pub fn invalid_metadata(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let failure = Self::invalid(kind, name, causes);
        if kind.is_custom() { failure.with_causes(&[causes, causes].concat()) } else { failure }
    }

    /// The same of a custom resource whose metadata is wrong, which is named as its resource is.
    #[must_use]
    pub fn invalid_resource(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let told: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let message = format!("{resource} {name:?} is invalid: {}", told.join(", "));
        Self::of(resource, name, 422, "Invalid", message).with_causes(causes)
    }

    /// With these entries of `details.causes`.
    #[must_use]
    pub fn with_causes(mut self, causes: &[Cause]) -> Self {
        let entry = |cause: &Cause| {
            let mut entry = json!({"reason": cause.reason, "message": cause.message});
            if !cause.field.is_empty() {
                entry["field"] = cause.field.as_str().into();
            }
            entry
        };
        if self.details.is_null() {
            self.details = json!({});
        }
        self.details["causes"] = causes.iter().map(entry).collect();
        self
    }

    /// With a time after which to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        if self.details.is_null() {
            self.details = json!({});
        }
        self.details["retryAfterSeconds"] = seconds.into();
        self.retry_after = Some(seconds);
        self
    }

    /// The `Status` object.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        if let Some(token) = &self.list_continue {
            status["metadata"]["continue"] = token.as_str().into();
        }
        status["code"] = self.code.into();
        status
    }
}
