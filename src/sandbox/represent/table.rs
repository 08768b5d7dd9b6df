//! A `Table`: heads of columns, and for each object a row of cells.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::kinds::{Kind, Version};
use super::columns::{CREATED_AT, Heading, NAME, at, name};
use super::printers::{self, Printer};
use super::{IncludeObject, META, custom, partial};

/// Where nothing better is known of a kind.
static DEFAULT: Printer = Printer {
    columns: &[NAME, CREATED_AT],
    cells: |object, _| vec![name(object), at(object, "/metadata/creationTimestamp").into()],
};

/// The table of these objects.
pub(super) fn table(
    kind: &Kind,
    version: &Version,
    metadata: Value,
    objects: Vec<Value>,
    include: IncludeObject,
    now: Timestamp,
) -> Value {
    let rows = |cells: &dyn Fn(&Value) -> Vec<Value>| -> Vec<Value> {
        objects.iter().map(|object| row(kind, object, cells(object), include)).collect()
    };
    let (columns, rows) = if kind.is_custom() {
        let columns = custom::Columns::of(version);
        (columns.definitions(), rows(&|object| columns.cells(object, now)))
    } else {
        let printer = printers::of(&kind.resource).unwrap_or(&DEFAULT);
        let columns = printer.columns.iter().map(Heading::definition).collect();
        (columns, rows(&|object| (printer.cells)(object, now)))
    };
    json!({
        "kind": "Table",
        "apiVersion": META,
        "metadata": metadata,
        "columnDefinitions": Value::Array(columns),
        "rows": rows,
    })
}

fn row(kind: &Kind, object: &Value, cells: Vec<Value>, include: IncludeObject) -> Value {
    let mut row = Map::new();
    row.insert("cells".to_owned(), cells.into());
    if let Some(conditions) = conditions(kind, object) {
        row.insert("conditions".to_owned(), conditions);
    }
    let object = match include {
        IncludeObject::None => Value::Null,
        IncludeObject::Metadata => partial(object),
        IncludeObject::Object => object.clone(),
    };
    row.insert("object".to_owned(), object);
    Value::Object(row)
}

/// A pod that is over says so of its row.
fn conditions(kind: &Kind, object: &Value) -> Option<Value> {
    let (reason, message) = match at(object, "/status/phase") {
        _ if !kind.resource.is("", "pods") => return None,
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}
