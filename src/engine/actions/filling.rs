//! Values inside any data that the object carries: `{ valueFrom: $.path }` in the place of a value. What stands at
//! the path is taken as it is, with its type. Kubernetes has a `valueFrom` of its own, always a mapping (`env`):
//! that one is data like any other.

use serde_json::Value;

use crate::descriptor::{Fault, FaultKind};
use crate::values::Path;

const KEY: &str = "valueFrom";

/// Data with places that each object fills.
#[derive(Debug)]
pub(super) struct Filling {
    data: Value,
    paths: Vec<Path>,
}

/// Where the object carries a value, if this says so.
fn source(data: &Value) -> Option<&str> {
    data.get(KEY)?.as_str().filter(|source| source.starts_with('$'))
}

impl Filling {
    /// The places in some data; `None`: nothing of it is carried.
    pub(super) fn of(data: Value) -> Result<(Value, Option<Self>), Fault> {
        let mut paths = Vec::new();
        find(&data, &mut paths)?;
        if paths.is_empty() { Ok((data, None)) } else { Ok((stand_in(&data), Some(Self { data, paths }))) }
    }

    /// Where it is read.
    pub(super) fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// The data for an object, or the path at which it has no value, or several.
    pub(super) fn filled(&self, object: &Value) -> Result<Value, &Path> {
        let mut paths = self.paths.iter();
        fill(&self.data, object, &mut paths)
    }
}

fn find(data: &Value, paths: &mut Vec<Path>) -> Result<(), Fault> {
    match (data, source(data)) {
        (Value::Object(members), Some(source)) => {
            if let Some(other) = members.keys().find(|key| *key != KEY) {
                let message =
                    format!("`{other}` has no meaning beside `{KEY}`, which is taken as it is here");
                return Err(Fault::new(FaultKind::BadOperand, message, "leave it out").under(other));
            }
            let path = Path::parse(source).map_err(|error| {
                let message = format!("`{source}` {}", error.problem);
                Fault::new(FaultKind::BadOperand, message, error.help).under(KEY)
            })?;
            paths.push(path);
            Ok(())
        }
        (Value::Object(members), None) => {
            members.iter().try_for_each(|(key, member)| find(member, paths).map_err(|fault| fault.under(key)))
        }
        (Value::Array(items), _) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| find(item, paths).map_err(|fault| fault.under(index))),
        _ => Ok(()),
    }
}

/// The data with a scalar in each of its places: where it is written, without what.
fn stand_in(data: &Value) -> Value {
    match data {
        _ if source(data).is_some() => Value::Bool(true),
        Value::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), stand_in(member))).collect()
        }
        Value::Array(items) => items.iter().map(stand_in).collect(),
        scalar => scalar.clone(),
    }
}

/// Walks as [`find`] did, so that each place takes its own path.
fn fill<'a>(
    data: &Value,
    object: &Value,
    paths: &mut impl Iterator<Item = &'a Path>,
) -> Result<Value, &'a Path> {
    match data {
        _ if source(data).is_some() => {
            let Some(path) = paths.next() else { return Ok(Value::Null) };
            match path.nodes(object).as_slice() {
                [node] if !node.is_null() => Ok((*node).clone()),
                _ => Err(path),
            }
        }
        Value::Object(members) => {
            let filled = members.iter().map(|(key, member)| Ok((key.clone(), fill(member, object, paths)?)));
            filled.collect()
        }
        Value::Array(items) => items.iter().map(|item| fill(item, object, paths)).collect(),
        scalar => Ok(scalar.clone()),
    }
}
