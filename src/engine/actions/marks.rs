//! What `label` and `annotate` share: they set or remove entries of one map of the metadata.

use crate::action::Action;
use crate::descriptor::{Arguments, Fault};
use crate::effect::{Effect, Inapplicable};
use crate::mark_names::{check_key, check_value};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::value_from::Sourced;
use crate::values::check_label_value;

/// New values of labels or annotations; `None` removes.
type Entries = Vec<(String, Option<Sourced<String>>)>;

/// Takes the entries of `label` (whose values have a grammar of their own) or `annotate`.
fn entries(arguments: &mut Arguments, of_labels: bool) -> Result<Entries, Fault> {
    let entries = arguments.sourced_entries("").unwrap_or_default();
    for (key, value) in &entries {
        check_key(key).map_err(|fault| fault.under(key))?;
        let value = value.as_ref().and_then(Sourced::literal).filter(|_| of_labels);
        value.map_or(Ok(()), |value| {
            check_value(value).map_err(|mut fault| {
                fault.help.push_str(", or use `annotate`, whose values are free");
                fault.under(key)
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

    /// The new value on this object; a label's must be one that Kubernetes takes.
    fn read(&self, value: &Sourced<String>, context: &Context<'_>) -> Result<String, Inapplicable> {
        let read = value.read(context.object.object());
        let fits = |text: &String| self.field != "labels" || check_label_value(text).is_ok();
        let unreadable = || Inapplicable::unreadable(self.action, value);
        read.filter(fits).ok_or_else(unreadable)
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
        let entry = |(key, value): &(String, Option<Sourced<String>>)| {
            let value = value.as_ref().map(|value| self.read(value, context)).transpose()?;
            Ok((key.clone(), value))
        };
        let entries = self.entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        if entries.iter().all(|(key, value)| self.value(context, key) == value.as_deref()) {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::PatchMetadata { field: self.field, entries })
    }

    fn reads(&self, projection: &mut Projection) {
        for (key, value) in &self.entries {
            projection.read_members(&["metadata", self.field, key]);
            value.iter().for_each(|value| value.reads(projection));
        }
    }

    fn describe(&self) -> String {
        let entry = |(key, value): &(String, Option<Sourced<String>>)| match value {
            Some(Sourced::Literal(value)) => format!("{key}={value}"),
            Some(Sourced::From(from)) => format!("{key}=({})", from.path()),
            None => format!("{key}-"),
        };
        format!("{} {}", self.action, self.entries.iter().map(entry).collect::<Vec<_>>().join(" "))
    }
}
