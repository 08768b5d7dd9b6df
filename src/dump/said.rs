//! What the mappings of a dump say of themselves: which object they are, and what a server said in its place.

use std::path::Path;

use serde_json::{Map, Value};

/// A server's reason is longer only where somebody means harm.
const LONGEST_REASON: usize = 400;

/// Whether a list says that the server has more.
pub(super) fn goes_on(head: &Map<String, Value>) -> bool {
    let metadata = head.get("metadata").and_then(Value::as_object);
    metadata.is_some_and(|metadata| text(metadata, "continue").is_some())
}

/// A must-gather has what lies in a namespace in `namespaces/NAME/GROUP`.
pub(super) fn namespace_of(path: &Path) -> Option<String> {
    let folders: Vec<_> = path.parent()?.iter().collect();
    let pair = folders.windows(2).rfind(|pair| pair[0] == "namespaces")?;
    Some(pair[1].to_string_lossy().into_owned())
}

/// A text that is not empty.
pub(super) fn text<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// YAML reads what looks like a number as one.
pub(super) fn has_unquoted_name(metadata: &Map<String, Value>) -> bool {
    metadata.get("name").is_some_and(Value::is_number)
}

pub(super) fn says_its_kind(map: &Map<String, Value>) -> bool {
    text(map, "apiVersion").is_some() && text(map, "kind").is_some()
}

/// Why a server gave no object, as its `Status` has it.
pub(super) fn reason_of_refusal(status: &Map<String, Value>) -> String {
    let message = text(status, "message").or(text(status, "reason")).unwrap_or("it does not say why");
    message.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect()
}
