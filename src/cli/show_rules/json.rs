//! For programs: one document. Its shape is a promise: a key never changes its meaning within a version, new keys
//! may come.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::place::{self, Origin};
use super::protections::{self, Protection};
use super::table::values;
use crate::cli::diagnostics::write_json;
use crate::rules::Loaded;
use crate::rules::effective::EffectiveRule;

/// The version of the document's shape.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    rules: Vec<Shown<'a>>,
    protections: Vec<Protection>,
}

#[derive(Serialize)]
struct Shown<'a> {
    rule: String,
    /// Whether it runs.
    enabled: bool,
    /// Where its name stands.
    #[serde(flatten)]
    place: Option<Origin>,
    /// Globs that the path confines it to.
    within: &'a [String],
    /// What it says, by the keys of the language.
    says: Map<String, Value>,
    /// Of each value the place that it comes from; null: the language says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    origins: Option<BTreeMap<String, Option<Origin>>>,
}

pub(super) fn show(loaded: &Loaded, origins: bool, out: &mut impl Write) -> io::Result<()> {
    let rules = loaded.effective_rules.iter().map(|rule| one(loaded, rule, origins)).collect();
    write_json(&Document { version: VERSION, rules, protections: protections::all(loaded) }, out)
}

fn one<'a>(loaded: &Loaded, rule: &'a EffectiveRule, origins: bool) -> Shown<'a> {
    let origins = origins.then(|| {
        let values = values(rule).into_iter();
        values.map(|value| (value.path, place::origin(loaded, value.origin))).collect()
    });
    Shown {
        rule: rule.id.to_string(),
        enabled: rule.switched_off.is_none(),
        place: place::origin(loaded, Some(rule.place)),
        within: &rule.within,
        says: rule.keys.iter().map(|(key, item)| (key.clone(), item.data())).collect(),
        origins,
    }
}
