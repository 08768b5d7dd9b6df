//! What one role allows, and whom a binding is about.

use std::fmt;

use serde_json::{Value, json};

use super::super::selection::LabelSelector;
use super::{Attributes, User, text};

/// A rule of a role.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) paths: Vec<String>,
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

    /// As `SelfSubjectRulesReview` tells it.
    pub(super) fn to_json(&self) -> Value {
        let mut rule = json!({"verbs": self.verbs});
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

    pub(super) fn allows(&self, asked: &Attributes<'_>) -> bool {
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
        // Without a name, all of them are meant, or a new one: a rule about some does not allow that.
        let named = self.names.is_empty() || self.names.iter().any(|name| name == asked.name);
        has(&self.groups, asked.group) && resource && named
    }
}

/// A `Role` or a `ClusterRole`.
#[derive(Debug, Default)]
pub(super) struct Role {
    pub(super) labels: Value,
    pub(super) rules: Vec<Rule>,
    /// It has the rules of the cluster roles with these labels, in place of its own.
    pub(super) gathers: Vec<LabelSelector>,
}

impl Role {
    pub(super) fn parse(role: &Value) -> Self {
        let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array().into_iter().flatten();
        Self {
            labels: role["metadata"]["labels"].clone(),
            rules: role["rules"].as_array().into_iter().flatten().map(Rule::parse).collect(),
            gathers: selectors.filter_map(|selector| LabelSelector::from_json(selector).ok()).collect(),
        }
    }
}

/// Whom a binding is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    User(String),
    Group(String),
    /// Namespace, name, and the user that it is.
    Account(String, String, String),
}

impl Subject {
    /// An account is in the binding's namespace unless it says otherwise.
    pub(super) fn parse(subject: &Value, namespace: &str) -> Option<Self> {
        let name = subject["name"].as_str()?.to_owned();
        match subject["kind"].as_str()? {
            "User" => Some(Self::User(name)),
            "Group" => Some(Self::Group(name)),
            "ServiceAccount" => {
                let namespace = match text(subject, "/namespace") {
                    "" => namespace,
                    own => own,
                };
                let user = format!("system:serviceaccount:{namespace}:{name}");
                (!namespace.is_empty()).then(|| Self::Account(namespace.to_owned(), name, user))
            }
            _ => None,
        }
    }

    pub(super) fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) | Self::Account(_, _, name) => *name == user.name,
            Self::Group(group) => user.is_in(group),
        }
    }
}

/// As a review's reason says it.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(formatter, "User {name:?}"),
            Self::Group(name) => write!(formatter, "Group {name:?}"),
            Self::Account(namespace, name, _) => write!(formatter, "ServiceAccount \"{name}/{namespace}\""),
        }
    }
}
