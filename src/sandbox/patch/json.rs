//! RFC 6902, as the library of the real server reads it, which is more lenient than the RFC: to replace a member
//! that is not there adds it, what is not there equals null and is copied as null, `-1` is the last item.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::go;

/// As the real server.
const MOST_OPERATIONS: usize = 10_000;
/// What all `copy` of a patch may add, as the real server's `JSONPatchMaxCopyBytes`.
const MOST_COPIED: usize = 3 << 20;

/// The patch is not to be carried out. The real server does not say why either.
#[derive(Debug)]
struct Refused;

impl From<Refused> for Failure {
    fn from(_: Refused) -> Self {
        let message = "the server rejected our request due to an error in our request";
        let mut failure = Failure::new(422, "Invalid", message);
        failure.details = json!({});
        failure
    }
}

/// The operations of a patch, in the words of the real server where it is none.
pub(super) fn operations(patch: &Value) -> Result<Vec<Map<String, Value>>, Failure> {
    let wrong = |value: &Value, what: &str| {
        Failure::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into {what}",
            go(value)
        ))
    };
    let operations = match patch {
        Value::Null => &[][..],
        Value::Array(operations) => operations,
        other => return Err(wrong(other, "Go value of type []handlers.jsonPatchOp")),
    };
    let mut read = Vec::with_capacity(operations.len());
    for operation in operations {
        match operation {
            Value::Null => read.push(Map::new()),
            Value::Object(members) => read.push(members.clone()),
            other => return Err(wrong(other, "Go value of type handlers.jsonPatchOp")),
        }
        for member in ["op", "path", "from"] {
            if !operation[member].is_null() && !operation[member].is_string() {
                let field = format!("Go struct field jsonPatchOp.{member} of type string");
                return Err(wrong(&operation[member], &field));
            }
        }
    }
    if read.len() > MOST_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            read.len()
        );
        return Err(Failure::new(413, "RequestEntityTooLarge", message));
    }
    Ok(read)
}

/// Carries them out, in their order. Where one is refused, the object is to be thrown away.
pub(super) fn apply(operations: &[Map<String, Value>], object: &mut Value) -> Result<(), Failure> {
    let mut copied = 0;
    for operation in operations {
        carry_out(operation, object, &mut copied)?;
    }
    Ok(())
}

fn carry_out(operation: &Map<String, Value>, object: &mut Value, copied: &mut usize) -> Result<(), Refused> {
    let text = |member: &str| operation.get(member).and_then(Value::as_str).ok_or(Refused);
    let value = || operation.get("value").cloned().unwrap_or_default();
    match text("op")? {
        "add" => Place::find(object, text("path")?)?.add(value()),
        "remove" => Place::find(object, text("path")?)?.remove().map(drop),
        "replace" => {
            let mut place = Place::find(object, text("path")?)?;
            place.get()?;
            place.set(value())
        }
        "move" => {
            let moved = Place::find(object, text("from")?)?.remove()?;
            Place::find(object, text("path")?)?.add(moved)
        }
        "copy" => {
            let value = Place::find(object, text("from")?)?.get()?.cloned().unwrap_or_default();
            *copied += value.to_string().len();
            if *copied > MOST_COPIED {
                return Err(Refused);
            }
            Place::find(object, text("path")?)?.add(value)
        }
        "test" => {
            let found = Place::find(object, text("path")?)?.get()?.cloned().unwrap_or_default();
            if found == value() { Ok(()) } else { Err(Refused) }
        }
        _ => Err(Refused),
    }
}

/// Where a path leads: its last part, in what holds it.
enum Place<'a> {
    Member(&'a mut Map<String, Value>, String),
    Item(&'a mut Vec<Value>, String),
}

impl<'a> Place<'a> {
    fn find(object: &'a mut Value, path: &str) -> Result<Self, Refused> {
        // Whatever stands before the first slash does not count.
        let mut parts: Vec<String> =
            path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        let last = parts.pop().ok_or(Refused)?;
        let mut at = object;
        for part in &parts {
            at = match at {
                Value::Object(members) => members.get_mut(part),
                Value::Array(items) => {
                    let index = index(part, items.len())?;
                    items.get_mut(index)
                }
                _ => None,
            }
            .ok_or(Refused)?;
        }
        match at {
            Value::Object(members) => Ok(Self::Member(members, last)),
            Value::Array(items) => Ok(Self::Item(items, last)),
            _ => Err(Refused),
        }
    }

    fn get(&self) -> Result<Option<&Value>, Refused> {
        match self {
            Self::Member(members, name) => Ok(members.get(name)),
            Self::Item(items, at) => items.get(index(at, items.len())?).ok_or(Refused).map(Some),
        }
    }

    fn set(&mut self, value: Value) -> Result<(), Refused> {
        match self {
            Self::Member(members, name) => drop(members.insert(name.clone(), value)),
            Self::Item(items, at) => {
                let at = index(at, items.len())?;
                *items.get_mut(at).ok_or(Refused)? = value;
            }
        }
        Ok(())
    }

    fn add(&mut self, value: Value) -> Result<(), Refused> {
        let Self::Item(items, at) = self else { return self.set(value) };
        // Behind the last item is a place too.
        let at = if at == "-" { items.len() } else { index(at, items.len() + 1)? };
        if at > items.len() {
            return Err(Refused);
        }
        items.insert(at, value);
        Ok(())
    }

    fn remove(&mut self) -> Result<Value, Refused> {
        match self {
            Self::Member(members, name) => members.remove(name).ok_or(Refused),
            Self::Item(items, at) => {
                let at = index(at, items.len())?;
                if at < items.len() { Ok(items.remove(at)) } else { Err(Refused) }
            }
        }
    }
}

/// Negative ones count from the end.
fn index(text: &str, length: usize) -> Result<usize, Refused> {
    let index: isize = text.parse().map_err(|_| Refused)?;
    if index < 0 { length.checked_sub(index.unsigned_abs()).ok_or(Refused) } else { Ok(index.unsigned_abs()) }
}
