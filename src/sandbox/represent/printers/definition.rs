//! Definitions of custom resources.

use serde_json::Value;

use super::super::columns::{CREATED_AT, NAME, at, boolean, items_at, name, text};
use super::Printer;

pub(super) static DEFINITION: Printer = Printer {
    columns: &[
        NAME,
        text("Scope"),
        text("Versions"),
        CREATED_AT,
        text("Group").wide(),
        text("Kind").wide(),
        text("ShortNames").wide(),
        boolean("Established").wide(),
    ],
    cells: |definition, _| {
        let short_names: Vec<&str> =
            items_at(definition, "/spec/names/shortNames").iter().filter_map(Value::as_str).collect();
        vec![
            name(definition),
            at(definition, "/spec/scope").into(),
            versions(definition).into(),
            at(definition, "/metadata/creationTimestamp").into(),
            at(definition, "/spec/group").into(),
            at(definition, "/spec/names/kind").into(),
            short_names.join(",").into(),
            is_established(definition).into(),
        ]
    },
};

/// `v1alpha1,v1beta1(storage)`: those that are served, by name.
fn versions(definition: &Value) -> String {
    let served = items_at(definition, "/spec/versions").iter().filter(|version| version["served"] == true);
    let shown = served.map(|version| {
        if version["storage"] == true {
            format!("{}(storage)", at(version, "/name"))
        } else {
            at(version, "/name").to_owned()
        }
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort_unstable();
    shown.join(",")
}

fn is_established(definition: &Value) -> bool {
    let mut conditions = items_at(definition, "/status/conditions").iter();
    conditions.any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}
