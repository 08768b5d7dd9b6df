//! Who sends a request, and what they may do: bearer tokens, and the roles of RBAC. Whoever sends no
//! credentials is the sandbox's administrator: it listens on this machine alone, and kubectl sends no token
//! over plain HTTP.

mod grants;
mod reviews;
mod tokens;

use super::failure::Failure;
use super::kinds::Resource;

pub use grants::Grants;
pub use reviews::review;
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

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
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
    let who = &user.name;
    if !attributes.is_resource {
        let message = format!("forbidden: User {who:?} cannot {verb} path {path:?}");
        let mut failure = Failure::new(403, "Forbidden", message);
        failure.details = serde_json::json!({});
        return failure;
    }
    let whole = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let because =
        format!("User {who:?} cannot {verb} resource {whole:?} in API group {group:?} {place}");
    Failure::forbidden(&Resource::new(group, resource), name, because)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_words_of_a_real_server() {
        let user = User { name: "u".into(), ..User::default() };
        let pods = Attributes {
            verb: "get", group: "", version: "v1", resource: "pods", subresource: "", name: "x",
            namespace: "ns", path: "", is_resource: true,
        };
        let said = |attributes| refusal(&user, &attributes).message;
        assert_eq!(
            said(pods),
            "pods \"x\" is forbidden: User \"u\" cannot get resource \"pods\" in API group \"\" in the namespace \"ns\""
        );
        let list = Attributes { verb: "list", name: "", namespace: "", group: "apps", resource: "deployments", ..pods };
        assert_eq!(
            said(list),
            "deployments.apps is forbidden: User \"u\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope"
        );
        let evict = Attributes { verb: "create", subresource: "eviction", ..pods };
        assert!(said(evict).contains("cannot create resource \"pods/eviction\" in API group \"\""));
        let path = Attributes { is_resource: false, path: "/metrics", ..pods };
        assert_eq!(said(path), "forbidden: User \"u\" cannot get path \"/metrics\"");
    }
}
