//! What is in force once parameters, defaults, settings and overrides are written out, with the place that each
//! value comes from: for whoever shows it. The rules themselves are made from the very same trees.

use std::fmt::Write as _;

use k8s_healer_engine::rule::{Mode, RuleId};
use k8s_healer_engine::values::format_duration;
use serde_json::{Map, Value};

use super::breaker::OFF;
use super::comparison::{below, shown};
use super::diagnostic::Place;
use super::lowering::Fields;
use super::node::{Data, Entry, Form, Node, Scalar};
use super::rule::{COOLDOWN, RULE_KEYS};
use super::scope::inherits;

/// Keys where one text may stand for a list of one.
const TEXT_OR_LIST: &[&str] = &["watch", "namespaces"];

/// A rule, all written out.
#[derive(Clone, Debug)]
pub struct EffectiveRule {
    /// `pack/rule`.
    pub id: RuleId,
    /// Where its name stands.
    pub place: Place,
    /// The override that switches it off.
    pub switched_off: Option<Place>,
    /// What it is confined to, as globs.
    pub within: Vec<String>,
    /// Its keys, in the order of the language, without its name.
    pub keys: Vec<(String, Item)>,
}

/// A document of guardrails.
#[derive(Clone, Debug)]
pub struct EffectiveGuardrails {
    /// What it is called.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// What it is confined to, as globs.
    pub within: Vec<String>,
    /// `protect` and `unprotect`.
    pub keys: Vec<(String, Item)>,
}

/// A value, and where it comes from.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub tree: Tree,
    /// Where it is written; `None`: the language says so where nobody does.
    pub origin: Option<Place>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Tree {
    /// One value: as it is shown, as it is written in YAML, and as data.
    Scalar {
        /// In quotes where it could be taken for something else.
        shown: String,
        /// A YAML scalar that is read as the same again.
        yaml: String,
        /// With its type.
        data: Value,
    },
    /// Values.
    List(Vec<Item>),
    /// Values by their keys.
    Map(Vec<(String, Item)>),
}

/// One value with its path: `match[0].age.over`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathValue {
    /// Where in the rule it stands.
    pub path: String,
    /// As it is shown.
    pub value: String,
    /// Where it is written; `None`: the language says so.
    pub origin: Option<Place>,
}

/// The keys of a sound rule, its parameters resolved, with the defaults of its pack.
pub(super) fn keys_of(rule: &Node, defaults: Option<Fields<'_>>) -> Vec<(String, Item)> {
    let mut keys = Vec::new();
    for key in RULE_KEYS.iter().filter(|key| **key != "name") {
        let default = || defaults.filter(|_| inherits(rule, key)).and_then(|defaults| defaults.get(key));
        let item = match rule.get(key).or_else(default) {
            Some(Entry { value, .. }) if TEXT_OR_LIST.contains(key) && value.scalar().is_some() => {
                Some(Item { tree: Tree::List(vec![Item::of(value)]), origin: Some(value.place) })
            }
            Some(Entry { value, .. }) => Some(Item::of(value)),
            None => unsaid(key),
        };
        keys.extend(item.map(|item| ((*key).to_owned(), item)));
    }
    keys
}

/// What the language says where nobody does.
fn unsaid(key: &str) -> Option<Item> {
    let text = match key {
        "for" => "0s".to_owned(),
        "cooldown" => format_duration(COOLDOWN),
        "mode" => Mode::Enforce.to_string(),
        "breaker" => OFF.to_owned(),
        _ => return None,
    };
    Some(Item { tree: Tree::scalar(&Scalar { text, plain: true }), origin: None })
}

impl EffectiveGuardrails {
    pub(super) fn of(document: &Node, name: &str, place: Place, within: Vec<String>) -> Self {
        let part = |key: &str| document.get(key).map(|entry| (key.to_owned(), Item::of(&entry.value)));
        let keys = ["protect", "unprotect"].into_iter().filter_map(part).collect();
        Self { name: name.to_owned(), place, within, keys }
    }
}

impl Item {
    fn of(node: &Node) -> Self {
        let tree = match &node.data {
            Data::Scalar(scalar) => Tree::scalar(scalar),
            Data::List(items) => Tree::List(items.iter().map(Self::of).collect()),
            Data::Map(entries) => {
                let entry = |entry: &Entry| (entry.key.text.clone(), Self::of(&entry.value));
                Tree::Map(entries.iter().map(entry).collect())
            }
            Data::Broken => Tree::scalar(&Scalar { text: String::new(), plain: true }),
        };
        Self { tree, origin: Some(node.place) }
    }

    /// As data, with the types that the language reads.
    #[must_use]
    pub fn data(&self) -> Value {
        match &self.tree {
            Tree::Scalar { data, .. } => data.clone(),
            Tree::List(items) => items.iter().map(Self::data).collect(),
            Tree::Map(entries) => Value::Object(
                entries.iter().map(|(key, item)| (key.clone(), item.data())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// All values below a path; lists of plain values on one line.
    pub fn flatten(&self, path: &str, values: &mut Vec<PathValue>) {
        let mut leaf = |value: String| {
            values.push(PathValue { path: path.to_owned(), value, origin: self.origin });
        };
        match &self.tree {
            Tree::Scalar { shown, .. } => leaf(shown.clone()),
            Tree::Map(entries) if entries.is_empty() => leaf("{}".to_owned()),
            Tree::Map(entries) => {
                entries.iter().for_each(|(key, item)| item.flatten(&below(path, key), values));
            }
            Tree::List(items) => {
                let scalars: Option<Vec<&str>> = items.iter().map(Self::as_shown).collect();
                match scalars {
                    Some(scalars) => leaf(format!("[{}]", scalars.join(", "))),
                    None => {
                        for (index, item) in items.iter().enumerate() {
                            item.flatten(&format!("{path}[{index}]"), values);
                        }
                    }
                }
            }
        }
    }

    /// On one line: `{ over: 6m }`, `[Failed, Succeeded]`.
    #[must_use]
    pub fn flow(&self) -> String {
        match &self.tree {
            Tree::Scalar { shown, .. } => shown.clone(),
            Tree::List(items) => {
                format!("[{}]", items.iter().map(Self::flow).collect::<Vec<_>>().join(", "))
            }
            Tree::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Tree::Map(entries) => {
                let entry = |(key, item): &(String, Self)| format!("{}: {}", yaml_key(key), item.flow());
                format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// As one value is shown.
    #[must_use]
    pub fn as_shown(&self) -> Option<&str> {
        match &self.tree {
            Tree::Scalar { shown, .. } => Some(shown),
            _ => None,
        }
    }
}

impl Tree {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::scalar(&Scalar { text: text.to_owned(), plain: false })
    }

    fn scalar(scalar: &Scalar) -> Self {
        let data = match scalar.form() {
            Form::Null => Value::Null,
            Form::Bool(value) => value.into(),
            Form::Number(number) => number.into(),
            Form::Text | Form::Unclear => scalar.text.as_str().into(),
        };
        Self::Scalar { shown: shown(scalar, true), yaml: yaml(scalar), data }
    }
}

/// As short as it can be while it is read as the same again, `$${` for a literal `${`.
fn yaml(scalar: &Scalar) -> String {
    if !matches!(scalar.form(), Form::Text) {
        return scalar.text.clone();
    }
    let text = scalar.text.replace("${", "$${");
    if plain_is_enough(&text) { text } else { quoted(&text) }
}

/// Whether a text is read as itself without quotes, in a list too.
fn plain_is_enough(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '$' | '_'));
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '$' | '_' | '-' | ' ' | '*' | '=');
    let as_plain = Scalar { text: text.to_owned(), plain: true };
    first && text.chars().all(plain) && text.trim() == text && as_plain.form() == Form::Text
}

/// A key as it is written in YAML.
#[must_use]
pub fn yaml_key(key: &str) -> String {
    if plain_is_enough(key) { key.to_owned() } else { quoted(key) }
}

/// A YAML text in double quotes, in which nothing reaches a terminal.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() || super::diagnostic::is_bidirectional(c) => {
                // Fails never: it is written to memory.
                write!(quoted, "\\U{:08x}", u32::from(c)).ok();
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
