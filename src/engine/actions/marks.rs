//! What `label` and `annotate` share: they set or remove entries of one map of the metadata.

use crate::action::Action;
use crate::descriptor::{Arguments, Fault, FaultKind};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::values::{check_label_key, check_label_value};

/// New values of labels or annotations; `None` removes.
type Entries = Vec<(String, Option<String>)>;

/// Takes the entries of `label` (whose values have a grammar of their own) or `annotate`.
fn entries(arguments: &mut Arguments, of_labels: bool) -> Result<Entries, Fault> {
    let entries = arguments.entries("").unwrap_or_default();
    for (key, value) in &entries {
        check_label_key(key).map_err(|error| {
            let message = format!("`{key}` {}", error.problem);
            Fault::new(FaultKind::BadLabelKey, message, error.help).under(key)
        })?;
        let value = value.as_ref().filter(|_| of_labels);
        value.map_or(Ok(()), |value| {
            check_label_value(value).map_err(|error| {
                let message = format!("`{value}` {}", error.problem);
                Fault::new(FaultKind::BadLabelValue, message, error.help).under(key)
            })
        })?;
    }
    Ok(entries)
}

/// New entries of `metadata.labels` or `metadata.annotations`.
#[derive(Debug)]
pub(super) struct Marks {
    /// `label` or `annotate`.
    action: &'static str,
    /// `labels` or `annotations`.
    field: &'static str,
    entries: Entries,
}

impl Marks {
    pub(super) fn labels(mut arguments: Arguments) -> Result<Box<dyn Action>, Fault> {
        Ok(Box::new(Self { action: "label", field: "labels", entries: entries(&mut arguments, true)? }))
    }

    pub(super) fn annotations(mut arguments: Arguments) -> Result<Box<dyn Action>, Fault> {
        Ok(Box::new(Self {
            action: "annotate",
            field: "annotations",
            entries: entries(&mut arguments, false)?,
        }))
    }

    fn value<'a>(&self, context: &Context<'a>, key: &str) -> Option<&'a str> {
        match self.field {
            "labels" => context.object.label(key),
            _ => context.object.annotation(key),
        }
    }
}

impl Action for Marks {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if self.entries.iter().all(|(key, value)| self.value(context, key) == value.as_deref()) {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::PatchMetadata { field: self.field, entries: self.entries.clone() })
    }

    fn reads(&self, projection: &mut Projection) {
        self.entries.iter().for_each(|(key, _)| projection.read_members(&["metadata", self.field, key]));
    }

    fn describe(&self) -> String {
        let entry = |(key, value): &(String, Option<String>)| match value {
            Some(value) => format!("{key}={value}"),
            None => format!("{key}-"),
        };
        format!("{} {}", self.action, self.entries.iter().map(entry).collect::<Vec<_>>().join(" "))
    }
}
