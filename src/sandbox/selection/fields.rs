//! Field selectors: a few fields of each kind, compared as text.

mod known;
mod terms;

use serde_json::Value;

use super::super::failure::Failure;
use super::super::kinds::{Kind, Version};
use known::{Field, Missing};

/// All requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    field: Field,
    equal: bool,
    value: String,
}

impl FieldSelector {
    /// `a=b,c!=d`.
    pub fn parse(text: &str, kind: &Kind, version: &Version) -> Result<Self, Failure> {
        let mut requirements = Vec::new();
        for term in terms::read(text).map_err(Failure::bad_request)? {
            let field = known::find(&term.field, kind, version).map_err(Failure::bad_request)?;
            requirements.push(Requirement { field, equal: term.equal, value: term.value });
        }
        Ok(Self(requirements))
    }

    /// The same, of one object alone.
    #[must_use]
    pub fn and_name(mut self, name: &str) -> Self {
        let field = Field::at("metadata.name");
        self.0.push(Requirement { field, equal: true, value: name.to_owned() });
        self
    }

    /// The only name that an object may have to be selected, if one is asked for.
    #[must_use]
    pub fn exact_name(&self) -> Option<&str> {
        let names = self.0.iter().find(|one| one.equal && one.field.path == "metadata.name");
        names.map(|requirement| requirement.value.as_str())
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether name and namespace are all that is looked at.
    #[must_use]
    pub fn is_of_metadata(&self) -> bool {
        let own = ["metadata.name", "metadata.namespace"];
        self.0.iter().all(|requirement| own.contains(&requirement.field.path.as_str()))
    }

    /// Whether the object has these values.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let field = &requirement.field;
            let text = match (text_at(object, &field.path), field.missing) {
                (text, Missing::Text(instead)) if text.is_empty() => instead.to_owned(),
                (text, Missing::Field(path)) if text.is_empty() => text_at(object, path),
                (text, _) => text,
            };
            (text == requirement.value) == requirement.equal
        })
    }
}

fn text_at(object: &Value, path: &str) -> String {
    match path.split('.').fold(object, |value, part| &value[part]) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
