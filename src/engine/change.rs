//! What a patch makes of an object: a merge patch (RFC 7396) or a JSON patch (RFC 6902). The engine works it out
//! on what was read, to see whether there is anything to change, and a test of a rule to play it out.

use serde_json::{Map, Value};

use crate::projection::Projection;

/// A change of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A merge patch: null removes, a list is replaced whole.
    Merge(Value),
    /// A merge patch that says when it was made: made twice, it does twice what it does.
    Once(Value),
    /// The operations of a JSON patch, in their order.
    Json(json_patch::Patch),
}

/// Why a change cannot be made to an object as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoesNotApply(String);

impl std::fmt::Display for DoesNotApply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Change {
    /// The object as it is afterwards.
    pub fn applied(&self, object: &Value) -> Result<Value, DoesNotApply> {
        let mut changed = object.clone();
        match self {
            Self::Merge(patch) | Self::Once(patch) => json_patch::merge(&mut changed, patch),
            Self::Json(patch) => json_patch::patch(&mut changed, patch)
                .map_err(|error| DoesNotApply(format!("{}: {}", error.path, error.kind)))?,
        }
        Ok(changed)
    }

    /// Whether the object is as the change would leave it. What a merge removes may be missing with all that
    /// is above it.
    pub fn is_made(&self, object: &Value) -> Result<bool, DoesNotApply> {
        match self {
            Self::Merge(patch) | Self::Once(patch) => Ok(is_merged(patch, Some(object))),
            Self::Json(_) => self.applied(object).map(|changed| changed == *object),
        }
    }

    /// Whether what it does twice is what it does once.
    #[must_use]
    pub fn may_be_repeated(&self) -> bool {
        matches!(self, Self::Merge(_))
    }

    /// The places that it writes to, as the members and indices that lead there.
    #[must_use]
    pub fn written(&self) -> Vec<Vec<String>> {
        match self {
            Self::Merge(patch) | Self::Once(patch) => {
                let mut leaves = Vec::new();
                collect(patch, &mut Vec::new(), &mut leaves);
                leaves
            }
            Self::Json(patch) => patch.iter().flat_map(written_by).collect(),
        }
    }

    /// Adds every field that [`is_made`](Self::is_made) looks at.
    pub fn reads(&self, projection: &mut Projection) {
        let mut places = self.written();
        if let Self::Json(patch) = self {
            places.extend(patch.iter().flat_map(looked_at));
        }
        for place in places {
            // A list is read whole, since an index counts from its beginning.
            let members = place.iter().take_while(|token| !is_place_in_a_list(token)).map(String::as_str);
            projection.read_members(&members.collect::<Vec<_>>());
        }
    }
}

fn is_place_in_a_list(token: &str) -> bool {
    token == "-" || (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_merged(patch: &Value, seen: Option<&Value>) -> bool {
    match (patch, seen) {
        (Value::Null, seen) => seen.is_none(),
        (Value::Object(patch), seen) => {
            let members = seen.and_then(Value::as_object);
            let adds =
                |patch: &Map<String, Value>| members.is_none() && (seen.is_some() || leaves_something(patch));
            !adds(patch)
                && patch
                    .iter()
                    .all(|(key, part)| is_merged(part, members.and_then(|members| members.get(key))))
        }
        (patch, seen) => seen == Some(patch),
    }
}

/// Whether a merge into nothing leaves anything behind: it makes an empty mapping of one that only removes.
fn leaves_something(patch: &Map<String, Value>) -> bool {
    patch.is_empty()
        || patch.values().any(|part| match part {
            Value::Null => false,
            Value::Object(part) => leaves_something(part),
            _ => true,
        })
}

fn collect(patch: &Value, above: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    match patch {
        Value::Object(members) if !members.is_empty() => {
            for (key, part) in members {
                above.push(key.clone());
                collect(part, above, leaves);
                above.pop();
            }
        }
        _ => leaves.push(above.clone()),
    }
}

type Pointer = json_patch::jsonptr::PointerBuf;

fn tokens(pointer: &Pointer) -> Vec<String> {
    pointer.tokens().map(|token| token.decoded().into_owned()).collect()
}

fn written_by(operation: &json_patch::PatchOperation) -> Vec<Vec<String>> {
    use json_patch::PatchOperation::{Add, Copy, Move, Remove, Replace, Test};
    match operation {
        Add(operation) => vec![tokens(&operation.path)],
        Remove(operation) => vec![tokens(&operation.path)],
        Replace(operation) => vec![tokens(&operation.path)],
        Move(operation) => vec![tokens(&operation.from), tokens(&operation.path)],
        Copy(operation) => vec![tokens(&operation.path)],
        Test(_) => Vec::new(),
    }
}

fn looked_at(operation: &json_patch::PatchOperation) -> Vec<Vec<String>> {
    match operation {
        json_patch::PatchOperation::Copy(operation) => vec![tokens(&operation.from)],
        json_patch::PatchOperation::Test(operation) => vec![tokens(&operation.path)],
        _ => Vec::new(),
    }
}
