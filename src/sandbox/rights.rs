//! Who sends a request, and what they may do: bearer tokens, and the roles of RBAC. Whoever sends no
//! credentials is the sandbox's administrator (a real server's `system:anonymous` is nobody here): it listens
//! on this machine alone, and kubectl sends no token over plain HTTP. Wrong credentials are nobody's.

mod built_in;
mod grants;
mod reviews;
mod rules;
mod tokens;

use serde_json::{Map, Value, json};

use super::failure::{Cause, Failure};
use super::kinds::Resource;

pub use grants::Grants;
pub use reviews::{is_review, review};
pub use tokens::Tokens;

/// All that is allowed everywhere.
const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// `system:serviceaccount:default:healer`.
    pub name: String,
    /// Empty: none is known.
    pub uid: String,
    /// `system:masters` …
    pub groups: Vec<String>,
}

impl User {
    /// One who may do everything.
    #[must_use]
    pub fn administrator(name: &str) -> Self {
        let groups = [MASTERS, AUTHENTICATED].map(str::to_owned).to_vec();
        Self { name: name.to_owned(), uid: String::new(), groups }
    }

    /// A service account.
    fn account(namespace: &str, name: &str, uid: &str) -> Self {
        let groups =
            ["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}"), AUTHENTICATED];
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups: groups.map(str::to_owned).to_vec(),
        }
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// May do everything, whatever is bound.
    pub(super) fn is_master(&self) -> bool {
        self.is_in(MASTERS)
    }

    /// A `UserInfo`, as reviews and the audit log write it.
    pub(super) fn to_json(&self) -> Value {
        let mut user = Map::new();
        for (member, text) in [("username", &self.name), ("uid", &self.uid)] {
            if !text.is_empty() {
                user.insert(member.to_owned(), text.as_str().into());
            }
        }
        if !self.groups.is_empty() {
            user.insert("groups".to_owned(), self.groups.clone().into());
        }
        user.into()
    }
}

/// What a request would do.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// As in the audit log.
    pub verb: &'a str,
    /// Empty: the core group.
    pub group: &'a str,
    /// `v1`.
    pub version: &'a str,
    /// `pods`.
    pub resource: &'a str,
    /// `eviction`; empty: none.
    pub subresource: &'a str,
    /// Empty: all of them, or a new one.
    pub name: &'a str,
    /// Empty: the whole cluster.
    pub namespace: &'a str,
    /// Of what is no resource.
    pub path: &'a str,
    /// Or a path.
    pub is_resource: bool,
}

/// 403, in the words of RBAC.
#[must_use]
pub fn refusal(user: &User, attributes: &Attributes<'_>) -> Failure {
    let Attributes { verb, group, resource, subresource, name, namespace, path, .. } = *attributes;
    let who = cannot(user);
    if !attributes.is_resource {
        let mut failure = Failure::new(403, "Forbidden", format!("forbidden: {who} {verb} path {path:?}"));
        failure.details = json!({});
        return failure;
    }
    let whole =
        if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let because = format!("{who} {verb} resource {whole:?} in API group {group:?} {place}");
    Failure::forbidden(&Resource::new(group, resource), name, because)
}

/// Whether this is a [`refusal`] of this user: other reasons to forbid something come from admission.
pub(super) fn is_refusal(user: &User, failure: &Failure) -> bool {
    failure.code == 403 && failure.message.contains(&format!("forbidden: {} ", cannot(user)))
}

fn cannot(user: &User) -> String {
    format!("User {:?} cannot", user.name)
}

/// 422, about what is asked for and never kept.
fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Failure {
    let told: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    let told = match &told[..] {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    };
    let mut failure = Failure::new(422, "Invalid", format!("{kind}.{group} {name:?} is invalid: {told}"));
    failure.details = json!({"group": group});
    for (member, text) in [("kind", kind), ("name", name)] {
        if !text.is_empty() {
            failure.details[member] = text.into();
        }
    }
    failure.with_causes(causes)
}

/// 400, of an object that says it is in another namespace than its path.
fn wrong_namespace() -> Failure {
    Failure::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    )
}

/// A text of an object; empty where there is none.
fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: Attributes<'static> = Attributes {
        verb: "get",
        group: "",
        version: "v1",
        resource: "pods",
        subresource: "",
        name: "x",
        namespace: "ns",
        path: "",
        is_resource: true,
    };

    #[test]
    fn a_refusal_has_the_words_of_a_real_server() {
        let user = User { name: "u".into(), ..User::default() };
        let deployments = Attributes { group: "apps", resource: "deployments", ..POD };
        for (asked, message, details) in [
            (
                POD,
                r#"pods "x" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace "ns""#,
                json!({"name": "x", "kind": "pods"}),
            ),
            (
                Attributes { verb: "list", name: "", namespace: "", ..deployments },
                r#"deployments.apps is forbidden: User "u" cannot list resource "deployments" in API group "apps" at the cluster scope"#,
                json!({"group": "apps", "kind": "deployments"}),
            ),
            (
                Attributes { subresource: "scale", ..deployments },
                r#"deployments.apps "x" is forbidden: User "u" cannot get resource "deployments/scale" in API group "apps" in the namespace "ns""#,
                json!({"name": "x", "group": "apps", "kind": "deployments"}),
            ),
            (
                Attributes { verb: "create", name: "", ..POD },
                r#"pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "ns""#,
                json!({"kind": "pods"}),
            ),
            (
                Attributes { is_resource: false, path: "/metrics", ..POD },
                r#"forbidden: User "u" cannot get path "/metrics""#,
                json!({}),
            ),
        ] {
            let failure = refusal(&user, &asked);
            assert_eq!((failure.code, failure.reason, &*failure.message), (403, "Forbidden", message));
            assert_eq!(failure.details, details, "{message}");
            assert!(is_refusal(&user, &failure), "{message}");
        }
    }

    #[test]
    fn what_admission_forbids_is_no_refusal() {
        let pods = Resource::new("", "pods");
        let because = "unable to create new content in namespace a because it is being terminated";
        assert!(!is_refusal(&User::administrator("a"), &Failure::forbidden(&pods, "x", because)));
    }
}
