//! RBAC: what the roles that a user is bound to allow.

use serde_json::Value;

use super::super::kinds::Resource;
use super::super::selection::LabelSelector;
use super::super::store::{Key, Store};
use super::{AUTHENTICATED, Attributes, MASTERS, User};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The bindings with their rules, as of the last look at the store.
#[derive(Debug, Default)]
pub struct Grants {
    /// The last changes of the four kinds.
    seen: [u64; 4],
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Binding {
    /// Empty: the whole cluster.
    namespace: String,
    subjects: Vec<Subject>,
    rules: Vec<Rule>,
}

#[derive(Debug, PartialEq, Eq)]
enum Subject {
    User(String),
    Group(String),
}

#[derive(Debug, Default)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    paths: Vec<String>,
}

impl Grants {
    /// Whether the user may.
    pub fn allow(&mut self, store: &Store, user: &User, attributes: &Attributes<'_>) -> bool {
        if user.is_in(MASTERS) || (user.is_in(AUTHENTICATED) && is_for_everybody(attributes)) {
            return true;
        }
        self.refresh(store);
        self.bindings.iter().any(|binding| {
            let here = binding.namespace.is_empty()
                || (attributes.is_resource && binding.namespace == attributes.namespace);
            here && binding.subjects.iter().any(|subject| subject.is(user))
                && binding.rules.iter().any(|rule| rule.allows(attributes))
        })
    }

    /// What is bound to a user in a namespace, as `SelfSubjectRulesReview` tells it.
    pub fn rules_of(&mut self, store: &Store, user: &User, namespace: &str) -> Vec<Value> {
        self.refresh(store);
        let bound = self.bindings.iter().filter(|binding| {
            (binding.namespace.is_empty() || binding.namespace == namespace)
                && binding.subjects.iter().any(|subject| subject.is(user))
        });
        bound.flat_map(|binding| binding.rules.iter().map(Rule::to_json)).collect()
    }

    fn refresh(&mut self, store: &Store) {
        let kinds = ["clusterroles", "clusterrolebindings", "roles", "rolebindings"]
            .map(|plural| Resource::new(GROUP, plural));
        let seen = kinds.each_ref().map(|kind| store.last_change(kind));
        if seen == self.seen {
            return;
        }
        self.seen = seen;
        let bindings = [&kinds[1], &kinds[3]];
        self.bindings = bindings
            .into_iter()
            .flat_map(|kind| store.all(kind, ""))
            .map(|(key, object)| binding(store, key, &object.value()))
            .collect();
    }
}

fn binding(store: &Store, key: &Key, binding: &Value) -> Binding {
    let reference = &binding["roleRef"];
    let name = reference["name"].as_str().unwrap_or_default();
    let (plural, namespace) = match reference["kind"].as_str() {
        Some("Role") => ("roles", key.namespace()),
        _ => ("clusterroles", ""),
    };
    let role = store.get(&Resource::new(GROUP, plural), &Key::new(namespace, name));
    let rules = role.map(|role| rules_of_role(store, &role.value())).unwrap_or_default();
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    Binding {
        namespace: key.namespace().to_owned(),
        subjects: subjects.filter_map(|subject| Subject::parse(subject, key.namespace())).collect(),
        rules,
    }
}

/// Its own, and those that it gathers by label.
fn rules_of_role(store: &Store, role: &Value) -> Vec<Rule> {
    let own = |role: &Value| -> Vec<Rule> {
        role["rules"].as_array().into_iter().flatten().map(Rule::parse).collect()
    };
    let mut rules = own(role);
    for selector in role["aggregationRule"]["clusterRoleSelectors"].as_array().into_iter().flatten() {
        let Ok(selector) = LabelSelector::from_json(selector) else { continue };
        for (_, other) in store.all(&Resource::new(GROUP, "clusterroles"), "") {
            let other = other.value();
            if selector.matches(&other["metadata"]["labels"]) {
                rules.extend(own(&other));
            }
        }
    }
    rules
}

impl Subject {
    fn parse(subject: &Value, namespace: &str) -> Option<Self> {
        let name = subject["name"].as_str()?;
        match subject["kind"].as_str()? {
            "User" => Some(Self::User(name.to_owned())),
            "Group" => Some(Self::Group(name.to_owned())),
            "ServiceAccount" => {
                let namespace = subject["namespace"].as_str().unwrap_or(namespace);
                Some(Self::User(format!("system:serviceaccount:{namespace}:{name}")))
            }
            _ => None,
        }
    }

    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => *name == user.name,
            Self::Group(group) => user.is_in(group),
        }
    }
}

impl Rule {
    fn parse(rule: &Value) -> Self {
        let texts = |member: &str| {
            let list = rule[member].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            paths: texts("nonResourceURLs"),
        }
    }

    fn to_json(&self) -> Value {
        let mut rule = serde_json::json!({"verbs": self.verbs});
        for (member, list) in [
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.paths),
        ] {
            if !list.is_empty() {
                rule[member] = list.clone().into();
            }
        }
        rule
    }

    fn allows(&self, asked: &Attributes<'_>) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|own| own == "*" || own == word);
        if !has(&self.verbs, asked.verb) {
            return false;
        }
        if !asked.is_resource {
            return self.paths.iter().any(|path| match path.strip_suffix('*') {
                Some(start) => asked.path.starts_with(start),
                None => path == asked.path,
            });
        }
        let resource = self.resources.iter().any(|own| match (own.as_str(), asked.subresource) {
            ("*", _) => true,
            (own, "") => own == asked.resource,
            (own, part) => own
                .split_once('/')
                .is_some_and(|(whole, own)| own == part && (whole == "*" || whole == asked.resource)),
        });
        let named = self.names.is_empty() || self.names.iter().any(|name| name == asked.name);
        has(&self.groups, asked.group) && resource && named
    }
}

/// `system:discovery`, `system:public-info-viewer`, `system:basic-user`.
fn is_for_everybody(asked: &Attributes<'_>) -> bool {
    if asked.is_resource {
        let own = matches!(
            (asked.group, asked.resource),
            ("authorization.k8s.io", "selfsubjectaccessreviews" | "selfsubjectrulesreviews")
                | ("authentication.k8s.io", "selfsubjectreviews")
        );
        return own && asked.verb == "create";
    }
    let below = ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz"];
    let known = |start: &str| {
        asked.path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ["get", "head"].contains(&asked.verb) && below.into_iter().any(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn store(role: (&str, &str, Value), binding: (&str, Value)) -> Store {
        let mut store = Store::default();
        let (plural, namespace, rules) = role;
        let role = json!({"metadata": {"name": "role"}, "rules": rules});
        store.put(&Resource::new(GROUP, plural), &Key::new(namespace, "role"), role);
        let kind = if plural == "roles" { "Role" } else { "ClusterRole" };
        let (namespace, subject) = binding;
        let of = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
        let binding = json!({
            "metadata": {"name": "b"}, "roleRef": {"kind": kind, "name": "role"}, "subjects": [subject],
        });
        store.put(&Resource::new(GROUP, of), &Key::new(namespace, "b"), binding);
        store
    }

    const POD: Attributes<'static> = Attributes {
        verb: "get", group: "", version: "v1", resource: "pods", subresource: "", name: "x",
        namespace: "a", path: "", is_resource: true,
    };

    fn account() -> User {
        User { name: "system:serviceaccount:a:h".into(), uid: String::new(), groups: vec![AUTHENTICATED.into()] }
    }

    fn allows(rules: Value, asked: Attributes<'_>) -> bool {
        let subject = json!({"kind": "ServiceAccount", "namespace": "a", "name": "h"});
        let store = store(("clusterroles", "", rules), ("", subject));
        Grants::default().allow(&store, &account(), &asked)
    }

    #[test]
    fn a_rule_allows_what_it_names_and_nothing_else() {
        let get_pods = || json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
        assert!(allows(get_pods(), POD));
        for other in [
            Attributes { verb: "list", ..POD },
            Attributes { group: "apps", ..POD },
            Attributes { resource: "secrets", ..POD },
            Attributes { subresource: "eviction", ..POD },
        ] {
            assert!(!allows(get_pods(), other), "{other:?}");
        }
        let evict = || json!([{"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["*"]}]);
        assert!(allows(evict(), Attributes { subresource: "eviction", ..POD }) && !allows(evict(), POD));
        let every = || json!([{"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["*"]}]);
        assert!(allows(every(), Attributes { subresource: "scale", ..POD }) && !allows(every(), POD));
        let named = || json!([{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"], "verbs": ["*"]}]);
        assert!(allows(named(), POD) && !allows(named(), Attributes { name: "", verb: "list", ..POD }));
        let path = Attributes { is_resource: false, path: "/metrics/a", resource: "", ..POD };
        assert!(allows(json!([{"nonResourceURLs": ["/metrics/*"], "verbs": ["get"]}]), path));
        assert!(!allows(json!([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]), path));
        assert!(allows(json!([]), Attributes { path: "/api/v1", ..path }), "everybody may discover");
        assert!(!allows(json!([]), Attributes { path: "/apiary", ..path }));
    }

    #[test]
    fn a_binding_counts_where_and_for_whom_it_is_and_a_change_of_it_at_once() {
        let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
        let group = json!({"kind": "Group", "name": AUTHENTICATED});
        let mut store = store(("roles", "a", rules), ("a", group));
        let mut grants = Grants::default();
        assert!(grants.allow(&store, &account(), &POD));
        assert!(!grants.allow(&store, &account(), &Attributes { namespace: "b", ..POD }));
        assert!(!grants.allow(&store, &User::default(), &POD));
        store.remove(&Resource::new(GROUP, "rolebindings"), &Key::new("a", "b"));
        assert!(!grants.allow(&store, &account(), &POD));
        assert!(grants.allow(&store, &User::administrator("x"), &POD));
    }
}
