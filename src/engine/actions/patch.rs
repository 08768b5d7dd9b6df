//! `patch`: any change of an object that no action of its own exists for, but of what no rule may change.

use std::borrow::Cow;

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value, json};

use super::filling::Filling;
use super::untouchable::untouchable;
use crate::action::Action;
use crate::change::Change;
use crate::descriptor::{
    ActionDescriptor, Arguments, Fault, FaultKind, Key, Nature, Presence, Shape, ValueKind,
};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::values::Path;

/// Subresources whose patch changes the object and does nothing else (a patch of `approval` signs a certificate).
const PARTS: &[&str] = &["status", "scale", "resize"];

const OPERATION: &[Key] = &[
    Key::required(
        "op",
        ValueKind::Choice(&["add", "remove", "replace", "move", "copy", "test"]),
        "What is done; where a `test` fails, nothing is.",
        "replace",
    ),
    Key::required("path", ValueKind::Pointer, "Where.", "/spec/runStrategy"),
    Key::optional("from", ValueKind::Pointer, "Where `move` and `copy` take it from.", "/spec/old")
        .present(Presence::Where("op", &["move", "copy"])),
    Key::optional("value", ValueKind::Data, "What `add`, `replace` and `test` are about.", "Halted")
        .present(Presence::Where("op", &["add", "replace", "test"])),
];

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "patch",
    summary: "Changes the object by a merge patch or a JSON patch; its identity, finalizers and owners cannot be \
              changed.",
    shape: Shape::Keys(&[
        Key::optional(
            "merge",
            ValueKind::DataMapping,
            "What the object is to have (RFC 7396): null removes, a list is replaced whole; `{ valueFrom: $.path }` in \
             the place of a value is read from the object.",
            "{ spec: { runStrategy: Halted } }",
        )
        .present(Presence::ExactlyOne),
        Key::optional(
            "json",
            ValueKind::Blocks(OPERATION),
            "Operations in their order (RFC 6902); a value may be `{ valueFrom: $.path }`.",
            "[ { op: replace, path: /spec/runStrategy, value: Halted } ]",
        )
        .present(Presence::ExactlyOne),
        Key::optional("subresource", ValueKind::Choice(PARTS), "The part that is patched.", "status")
            .or("the object itself"),
    ]),
    examples: &[
        "patch: { merge: { spec: { runStrategy: { valueFrom: \"$.metadata.annotations['example.com/strategy']\" } } } }",
        "patch: { merge: { spec: { runStrategy: Halted } } }",
        "patch: { json: [ { op: test, path: /spec/suspend, value: false }, { op: replace, path: /spec/suspend, value: true } ] }",
    ],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |mut arguments| {
        let word = arguments.text("subresource");
        let part = PARTS.iter().copied().find(|part| word.as_deref() == Some(*part));
        let (change, filling) = match (arguments.data("merge"), arguments.blocks("json")) {
            (Some(merge), None) => {
                // What fills it in is held against what no rule may change once it is known.
                let is_filled_in = merge["spec"]["valueFrom"].is_string();
                Filling::of(merge)
                    .and_then(|(merge, filling)| Ok((of_merge(merge, is_filled_in)?, filling)))
                    .map_err(|fault| fault.under("merge"))?
            }
            (None, Some(operations)) => of_operations(operations).map_err(|fault| fault.under("json"))?,
            (Some(_), Some(_)) => {
                let message = "a patch is either `merge` or `json`";
                return Err(Fault::new(FaultKind::Conflict, message, "keep one of the two").under("json"));
            }
            (None, None) => {
                let help = "write `merge: { spec: { runStrategy: Halted } }`, or operations under `json`";
                return Err(Fault::new(FaultKind::MissingKey, "`patch` lacks `merge` or `json`", help));
            }
        };
        Ok(Box::new(Patch { change, filling, part }))
    },
};

#[derive(Debug)]
struct Patch {
    /// What it is, with something else in the place of each value that the object carries.
    change: Change,
    /// The same with where those values stand.
    filling: Option<Filling>,
    part: Option<&'static str>,
}

/// `is_filled_in`: what it says of `spec` as a whole stands in the place of what the object carries.
fn of_merge(merge: Value, is_filled_in: bool) -> Result<Change, Fault> {
    let example = "write what the object is to have, such as `{ spec: { runStrategy: Halted } }`";
    if !merge.is_object() {
        return Err(Fault::new(FaultKind::BadOperand, "`merge` must be a mapping", example));
    }
    let change = Change::Merge(merge);
    for place in change.written() {
        if place.is_empty() {
            return Err(Fault::new(FaultKind::BadOperand, "`merge` changes nothing", example));
        }
        if is_filled_in && place == ["spec"] {
            continue;
        }
        if let Some(fault) = untouchable(&place) {
            return Err(place.into_iter().rev().fold(fault, Fault::under));
        }
    }
    Ok(change)
}

fn of_operations(operations: Vec<Arguments>) -> Result<(Change, Option<Filling>), Fault> {
    let operations: Result<Vec<Value>, Fault> = operations
        .into_iter()
        .enumerate()
        .map(|(index, operation)| of_operation(operation).map_err(|fault| fault.under(index)))
        .collect();
    let bad = || Fault::new(FaultKind::BadOperand, "`json` is no JSON patch", "write operations of RFC 6902");
    let (operations, filling) = Filling::of(Value::Array(operations?))?;
    Ok((json_patch(operations).ok_or_else(bad)?, filling))
}

fn json_patch(operations: Value) -> Option<Change> {
    serde_json::from_value(operations).map(Change::Json).ok()
}

fn of_operation(mut arguments: Arguments) -> Result<Value, Fault> {
    let op = arguments.text("op").unwrap_or_default();
    let (path, from) = (arguments.text("path").unwrap_or_default(), arguments.text("from"));
    let value = arguments.data("value");
    let needs = |key: &str, example: &str| {
        let message = format!("the operation `{op}` lacks `{key}`");
        Fault::new(FaultKind::MissingKey, message, format!("write `{key}: {example}`"))
    };
    let has_no = |key: &str| {
        let message = format!("the operation `{op}` has no `{key}`");
        Fault::new(FaultKind::Conflict, message, "leave it out").under(key)
    };
    let (takes_value, takes_from) =
        (matches!(&*op, "add" | "replace" | "test"), matches!(&*op, "move" | "copy"));
    match (&value, &from) {
        (None, _) if takes_value => return Err(needs("value", "Halted")),
        (_, None) if takes_from => return Err(needs("from", "/spec/old")),
        (Some(_), _) if !takes_value => return Err(has_no("value")),
        (_, Some(_)) if !takes_from => return Err(has_no("from")),
        _ => {}
    }
    let mut operation = Map::from_iter([("op".to_owned(), json!(op))]);
    for (key, pointer, writes) in [("path", Some(path), op != "test"), ("from", from, op == "move")] {
        let Some(pointer) = pointer else { continue };
        let parsed = PointerBuf::parse(pointer.as_str()).map_err(|_| {
            let message = format!("`{pointer}` is no JSON pointer");
            let help = "write `/` before each member, as in `/spec/replicas`; in a name, `~1` stands for `/`";
            Fault::new(FaultKind::BadOperand, message, help).under(key)
        })?;
        let place: Vec<String> = parsed.tokens().map(|token| token.decoded().into_owned()).collect();
        if writes && let Some(fault) = untouchable(&place) {
            return Err(fault.under(key));
        }
        operation.insert(key.to_owned(), pointer.into());
    }
    operation.extend(value.map(|value| ("value".to_owned(), value)));
    Ok(Value::Object(operation))
}

impl Patch {
    /// The change for an object. What it carries may be as large as what no rule may change, and is not written
    /// where that is so.
    fn change(&self, object: &Value) -> Result<Cow<'_, Change>, Inapplicable> {
        let Some(filling) = &self.filling else { return Ok(Cow::Borrowed(&self.change)) };
        let unreadable =
            |path: &Path| Inapplicable::Unreadable { what: format!("the value of `patch` at {path}") };
        let filled = filling.filled(object).map_err(unreadable)?;
        let change = match self.change {
            Change::Json(_) => json_patch(filled),
            _ => Some(Change::Merge(filled)),
        };
        let may_be_made = |change: &Change| change.written().iter().all(|place| untouchable(place).is_none());
        let what = || "the value of `patch`, which would change what no rule may".to_owned();
        let change = change.filter(may_be_made).ok_or_else(|| Inapplicable::Unreadable { what: what() })?;
        Ok(Cow::Owned(change))
    }
}

impl Action for Patch {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let change = self.change(context.object.object())?;
        match change.is_made(context.object.object()) {
            Ok(true) => return Err(Inapplicable::NothingToDo),
            // A Scale is another object, which is not read here.
            Err(_) if self.part == Some("scale") => {}
            // A test fails, or what is to be removed is not there: it may come with the next change.
            Err(error) => {
                return Err(Inapplicable::Unfit { why: format!("the patch does not apply: {error}") });
            }
            Ok(false) => {}
        }
        let told = format!("patched: {}", places(&self.change));
        Ok(Effect::Patch { change: change.into_owned(), part: self.part, told })
    }

    fn reads(&self, projection: &mut Projection) {
        self.change.reads(projection);
        self.filling.iter().flat_map(Filling::paths).for_each(|path| projection.read(path));
    }

    fn part(&self) -> Option<&'static str> {
        self.part
    }

    fn describe(&self) -> String {
        format!("patch {}", places(&self.change))
    }
}

/// `spec.runStrategy, metadata.labels.app`.
fn places(change: &Change) -> String {
    change.written().iter().map(|place| place.join(".")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
