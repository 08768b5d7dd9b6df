//! Objects of a real server of version 1.37, cut down to what matters, and the rows that it made of them.

use super::super::super::kinds::{Kinds, Resource};
use super::super::{IncludeObject, Representation};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("recorded.json");

#[test]
fn rows_are_those_of_a_real_server() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let kinds = Kinds::built_in();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for table in &recorded {
        let kind = kinds.get(&Resource::new(&text(&table["group"]), &text(&table["plural"]))).unwrap();
        let now = text(&table["now"]).parse().unwrap();
        for row in table["rows"].as_array().unwrap() {
            let form = Representation::Table { include: IncludeObject::None };
            let shown = form.object(kind, &kind.versions[0], row["object"].clone(), now);
            let what = format!("{} {}", kind.resource, row["object"]["metadata"]["name"]);
            assert_eq!(shown["rows"][0]["cells"], row["cells"], "{what}");
            assert_eq!(shown["rows"][0]["conditions"], row["conditions"], "{what}");
            let columns: Vec<Value> = shown["columnDefinitions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| json!([it["name"], it["type"], it["format"], it["priority"]]))
                .collect();
            assert_eq!(Value::from(columns), table["columns"], "{what}");
        }
    }
}
