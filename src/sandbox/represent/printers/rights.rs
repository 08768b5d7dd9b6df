//! Bindings of roles.

use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, items_at, name, text};
use super::Printer;

pub(super) static BINDING: Printer = Printer {
    columns: &[
        NAME,
        text("Role"),
        AGE,
        text("Users").wide(),
        text("Groups").wide(),
        text("ServiceAccounts").wide(),
    ],
    cells: |binding, now| {
        let role = format!("{}/{}", at(binding, "/roleRef/kind"), at(binding, "/roleRef/name"));
        vec![
            name(binding),
            role.into(),
            age(binding, now),
            subjects(binding, "User").into(),
            subjects(binding, "Group").into(),
            subjects(binding, "ServiceAccount").into(),
        ]
    },
};

fn subjects(binding: &Value, kind: &str) -> String {
    let subjects = items_at(binding, "/subjects").iter().filter(|subject| subject["kind"] == kind);
    let shown = subjects.map(|subject| match kind {
        "ServiceAccount" => format!("{}/{}", at(subject, "/namespace"), at(subject, "/name")),
        _ => at(subject, "/name").to_owned(),
    });
    shown.collect::<Vec<_>>().join(", ")
}
