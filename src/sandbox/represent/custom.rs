//! The columns of custom resources: what their definitions say of them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::{Column, Version};
use super::columns::{AGE_TEXT, NAME, at, name};
use super::duration::since;
use super::json_path::JsonPath;

/// The columns of one version.
#[derive(Debug)]
pub(super) struct Columns(Vec<(Column, Option<JsonPath>)>);

impl Columns {
    pub(super) fn of(version: &Version) -> Self {
        let mut columns = version.columns.clone();
        if columns.is_empty() {
            columns.push(Column {
                name: "Age".to_owned(),
                kind: "date".to_owned(),
                format: String::new(),
                description: AGE_TEXT.to_owned(),
                priority: 0,
                json_path: ".metadata.creationTimestamp".to_owned(),
            });
        }
        let with_path = |column: Column| {
            let path = JsonPath::parse(&column.json_path);
            (column, path)
        };
        Self(columns.into_iter().map(with_path).collect())
    }

    pub(super) fn definitions(&self) -> Vec<Value> {
        let definition = |(column, _): &(Column, Option<JsonPath>)| {
            let description = match &*column.description {
                "" => {
                    format!("Custom resource definition column (in JSONPath format): {}", column.json_path)
                }
                description => description.to_owned(),
            };
            json!({
                "name": column.name,
                "type": column.kind,
                "format": column.format,
                "description": description,
                "priority": column.priority,
            })
        };
        let mut definitions = vec![NAME.definition()];
        definitions.extend(self.0.iter().map(definition));
        definitions
    }

    pub(super) fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut cells = vec![name(object)];
        cells.extend(self.0.iter().map(|(column, path)| {
            let found = path.as_ref().and_then(|path| path.first(object));
            found.map_or(Value::Null, |found| cell(&column.kind, found, now))
        }));
        cells
    }
}

fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match kind {
        "string" => as_text(value).into(),
        "integer" => match (value.as_i64(), value.as_f64()) {
            (Some(integer), _) => integer.into(),
            #[expect(clippy::cast_possible_truncation, reason = "as the API server cuts it off")]
            (None, Some(number)) => (number as i64).into(),
            (None, None) => Value::Null,
        },
        "number" if value.is_number() => value.clone(),
        "boolean" if value.is_boolean() => value.clone(),
        "date" if value.is_string() => since(at(value, ""), now).into(),
        _ => Value::Null,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        // As Go writes JSON.
        Value::Array(_) | Value::Object(_) => {
            value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A custom resource as a real server of version 1.37 stored it, and the cells that it showed.
    #[test]
    fn cells_are_those_of_a_real_server() {
        let object = json!({
            "metadata": {"name": "t", "annotations": {"a.b/c": "yes-it-is"}},
            "spec": {
                "list": ["a", "b", "c"], "ints": [1, 2], "map": {"b": 1, "a": "x<y"}, "null": null,
                "int": 5, "float": 2.5, "bool": true, "date": "2020-01-01T00:00:00Z", "text": "hello",
                "empty": "", "maps": [{"name": "x", "n": 1}, {"name": "y", "n": 2, "in": {"a": "b"}}],
            },
            "status": {"conditions": [
                {"type": "A", "status": "False"}, {"type": "Ready", "status": "True"},
            ]},
        });
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        for (kind, path, expected) in [
            ("string", r#".status.conditions[?(@.type=="Ready")].status"#, json!("True")),
            ("string", ".status.conditions[?(@.type=='Ready')].status", json!("True")),
            ("string", ".status.conditions[?(@.type=='None')].status", json!(null)),
            ("string", ".spec.list[*]", json!("a")),
            ("integer", ".spec.ints[*]", json!(1)),
            ("string", ".status.conditions[*].type", json!("A")),
            ("string", ".spec.list[0]", json!("a")),
            ("string", ".spec.list[-1]", json!("c")),
            ("string", ".spec.list[9]", json!(null)),
            ("string", ".spec.map", json!("{\"a\":\"x\\u003cy\",\"b\":1}")),
            ("string", ".spec.list", json!("[\"a\",\"b\",\"c\"]")),
            ("string", ".spec.null", json!("<no value>")),
            ("string", ".spec.none", json!(null)),
            ("integer", ".spec.int", json!(5)),
            ("string", ".spec.int", json!("5")),
            ("integer", ".spec.float", json!(2)),
            ("number", ".spec.float", json!(2.5)),
            ("string", ".spec.float", json!("2.5")),
            ("number", ".spec.int", json!(5)),
            ("boolean", ".spec.bool", json!(true)),
            ("string", ".spec.bool", json!("true")),
            ("boolean", ".spec.int", json!(null)),
            ("date", ".spec.date", json!("6y330d")),
            ("date", ".spec.text", json!("<invalid>")),
            ("string", r".metadata.annotations.a\.b/c", json!("yes-it-is")),
            ("string", r".metadata.annotations['a\.b/c']", json!("yes-it-is")),
            ("string", ".spec.maps[?(@.in.a==\"b\")].name", json!("y")),
            ("string", ".spec.maps[?(@.in)].name", json!("y")),
            ("string", ".spec.maps[*].in", json!("{\"a\":\"b\"}")),
            ("string", ".spec.empty", json!("")),
        ] {
            let column = Column {
                name: "X".to_owned(),
                kind: kind.to_owned(),
                format: String::new(),
                description: String::new(),
                priority: 0,
                json_path: path.to_owned(),
            };
            let version = Version { columns: vec![column], ..Version::default() };
            assert_eq!(Columns::of(&version).cells(&object, now), [json!("t"), expected], "{kind} {path}");
        }
    }

    #[test]
    fn age_is_shown_where_the_definition_names_no_columns() {
        let object =
            json!({"metadata": {"name": "t", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {}});
        let columns = Columns::of(&Version::default());
        let cells = columns.cells(&object, "2026-01-01T00:01:00Z".parse().unwrap());
        assert_eq!(cells, [json!("t"), json!("60s")]);
        assert_eq!(columns.definitions()[1]["type"], "date");
    }
}
