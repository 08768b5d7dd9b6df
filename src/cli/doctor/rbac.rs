//! Missing rights as rules of RBAC that can be applied as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use crate::cluster::access::Question;

/// One rule of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    api_groups: [String; 1],
    /// `pods`, `pods/eviction`.
    resources: BTreeSet<String>,
    verbs: BTreeSet<&'static str>,
}

/// The fewest rules that grant all of this and nothing else.
pub(super) fn grants<'a>(questions: impl IntoIterator<Item = &'a Question>) -> Vec<Grant> {
    let mut verbs: BTreeMap<(String, String), BTreeSet<&'static str>> = BTreeMap::new();
    for question in questions {
        let part = question.subresource.map(|part| format!("/{part}")).unwrap_or_default();
        let object = (question.resource.group.clone(), format!("{}{part}", question.resource.plural));
        verbs.entry(object).or_default().insert(question.verb);
    }
    let grant = |((group, resource), verbs)| Grant {
        api_groups: [group],
        resources: BTreeSet::from([resource]),
        verbs,
    };
    merged(verbs.into_iter().map(grant))
}

/// Those of a group that grant the same verbs become one.
pub(super) fn merged(grants: impl IntoIterator<Item = Grant>) -> Vec<Grant> {
    let mut by_object: BTreeMap<(String, String), BTreeSet<&'static str>> = BTreeMap::new();
    for Grant { api_groups: [group], resources, verbs } in grants {
        for resource in resources {
            by_object.entry((group.clone(), resource)).or_default().extend(&verbs);
        }
    }
    let mut by_verbs: BTreeMap<(String, BTreeSet<&'static str>), BTreeSet<String>> = BTreeMap::new();
    for ((group, resource), verbs) in by_object {
        by_verbs.entry((group, verbs)).or_default().insert(resource);
    }
    let grant = |((group, verbs), resources)| Grant { api_groups: [group], resources, verbs };
    by_verbs.into_iter().map(grant).collect()
}

impl Grant {
    /// `- { apiGroups: [""], resources: [pods], verbs: [get, list] }`
    pub(super) fn in_yaml(&self) -> String {
        let group = if self.api_groups[0].is_empty() { "\"\"" } else { &self.api_groups[0] };
        let resources = self.resources.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let verbs = self.verbs.iter().copied().collect::<Vec<_>>().join(", ");
        format!("- {{ apiGroups: [{group}], resources: [{resources}], verbs: [{verbs}] }}")
    }
}

/// A role of these rules, bound to somebody. Its name tells what is in it, so that it takes no other's place.
pub(super) fn manifest(grants: &[Grant], username: &str) -> String {
    let mut hasher = DefaultHasher::new();
    grants.hash(&mut hasher);
    let name = format!("k8s-healer-{:08x}", hasher.finish() & 0xffff_ffff);
    let rules: String = grants.iter().map(|grant| format!("{}\n", grant.in_yaml())).collect();
    let account = username.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
    let subject = match account {
        Some((namespace, name)) => {
            format!("{{ kind: ServiceAccount, namespace: {namespace}, name: {name} }}")
        }
        None => {
            // JSON is YAML: a name of a person may hold anything.
            let user = serde_json::Value::from(username);
            format!("{{ apiGroup: rbac.authorization.k8s.io, kind: User, name: {user} }}")
        }
    };
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRole\n\
         metadata: {{ name: {name} }}\n\
         rules:\n\
         {rules}\
         ---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRoleBinding\n\
         metadata: {{ name: {name} }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {name} }}\n\
         subjects: [ {subject} ]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::resource::Resource;
    use std::sync::Arc;

    fn question(verb: &'static str, group: &str, plural: &str) -> Question {
        let (text, group) = (String::new, group.to_owned());
        let resource = Resource {
            group,
            version: "v1".to_owned(),
            kind: text(),
            plural: plural.to_owned(),
            singular: text(),
            short_names: Vec::new(),
            namespaced: true,
            verbs: Vec::new(),
        };
        Question::new(verb, &Arc::new(resource))
    }

    fn in_yaml(questions: &[Question]) -> Vec<String> {
        grants(questions).iter().map(Grant::in_yaml).collect()
    }

    #[test]
    fn rights_are_put_together_and_grant_nothing_that_was_not_asked_for() {
        let rights = [
            question("list", "", "pods"),
            question("get", "", "pods"),
            question("list", "", "secrets"),
            question("get", "", "secrets"),
            question("create", "", "pods").of_part(Some("eviction")),
            question("get", "apps", "deployments"),
            question("list", "", "events"),
        ];
        assert_eq!(
            in_yaml(&rights),
            [
                "- { apiGroups: [\"\"], resources: [pods/eviction], verbs: [create] }",
                "- { apiGroups: [\"\"], resources: [pods, secrets], verbs: [get, list] }",
                "- { apiGroups: [\"\"], resources: [events], verbs: [list] }",
                "- { apiGroups: [apps], resources: [deployments], verbs: [get] }",
            ]
        );
    }

    #[test]
    fn a_role_is_bound_to_the_account_or_person_and_named_by_what_it_grants() {
        let (one, other) = (grants(&[question("list", "", "pods")]), grants(&[question("get", "", "pods")]));
        let account = manifest(&one, "system:serviceaccount:tools:healer");
        assert!(account.contains("kind: ServiceAccount, namespace: tools, name: healer }"), "{account}");
        let person = manifest(&one, "a\"b: c");
        assert!(person.contains(r#"kind: User, name: "a\"b: c" }"#), "{person}");
        let name = |text: &str| text.lines().nth(2).unwrap().to_owned();
        assert_eq!(name(&account), name(&person));
        assert_ne!(name(&account), name(&manifest(&other, "x")));
    }
}
