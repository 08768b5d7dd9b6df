//! The roles that a real server makes at its start and that matter here: what everybody may who is known, and
//! what administrators have. They are in force without being kept, so that nobody can lose them.

use super::super::store::Key;
use super::grants::{Binding, Rights};
use super::rules::{Role, Rule, Subject};
use super::{AUTHENTICATED, MASTERS};

/// Name of the role and of its binding, the group it is bound to, its rules: verbs, API groups, resources,
/// paths. As of Kubernetes 1.37.
type Row = (&'static str, &'static str, &'static [[&'static [&'static str]; 4]]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("cluster-admin", MASTERS, &[
        [&["*"], &["*"], &["*"], &[]],
        [&["*"], &[], &[], &["*"]],
    ]),
    ("system:basic-user", AUTHENTICATED, &[
        [&["create"], &["authorization.k8s.io"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"], &[]],
        [&["create"], &["authentication.k8s.io"], &["selfsubjectreviews"], &[]],
    ]),
    ("system:discovery", AUTHENTICATED, &[
        [&["get"], &[], &[], &["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                               "/openapi/*", "/readyz", "/version", "/version/"]],
    ]),
    ("system:public-info-viewer", AUTHENTICATED, &[
        [&["get"], &[], &[], &["/healthz", "/livez", "/readyz", "/version", "/version/"]],
    ]),
];

pub(super) fn rights() -> Rights {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let mut rights = Rights::default();
    for &(name, group, rules) in ROWS {
        let rules = rules.iter().map(|[verbs, groups, resources, paths]| Rule {
            verbs: owned(verbs),
            groups: owned(groups),
            resources: owned(resources),
            names: Vec::new(),
            paths: owned(paths),
        });
        let role = Role { rules: rules.collect(), ..Role::default() };
        let binding = Binding {
            role_kind: "ClusterRole",
            role: Key::new("", name),
            subjects: vec![Subject::Group(group.to_owned())],
        };
        rights.roles.insert(Key::new("", name), role);
        rights.bindings.insert(Key::new("", name), binding);
    }
    rights
}
