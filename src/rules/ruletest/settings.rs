//! The parameters that a case sets: as `--set` sets them, but each at its place in the test, so that what is wrong
//! with one is shown there.

use std::sync::Arc;

use k8s_healer_engine::descriptor::ValueKind;

use crate::rules::code::Code;
use crate::rules::diagnostic::{Diagnostic, Place, quoted};
use crate::rules::lowering::{Fields, Lowering};
use crate::rules::node::{Data, Entry, Node};
use crate::rules::settings::{Setting, named};
use crate::rules::source::{Source, SourceId, Sources};
use crate::rules::values::collect;

/// What stands under `set` of a case.
#[derive(Clone, Debug, Default)]
pub struct CaseSettings {
    /// Whose they are: ``case `old` ``.
    pub(in crate::rules) subject: String,
    /// The file of the test, and what it says.
    file: String,
    text: Arc<str>,
    /// What each is called, where, and its value.
    all: Vec<(String, Place, Node)>,
}

impl CaseSettings {
    /// Whether the packs are as they are without the case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The same as arguments of `--set`: cases that set the same have the same ones.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.all.iter().map(|(name, _, value)| format!("{name}={}", argument(value))).collect()
    }

    pub(super) fn stand_in(&mut self, source: &Source) {
        self.file.clone_from(&source.name);
        self.text = Arc::clone(&source.text);
    }

    /// The settings, at their places in a source of its own.
    pub(in crate::rules) fn settings(&self, sources: &mut Sources) -> (SourceId, Vec<Setting>) {
        let source = sources.add(self.file.as_str(), &self.text);
        let setting = |(name, place, value): &(String, Place, Node)| {
            let (pack, name) = named(name)?;
            Some(Setting::new(pack, name, value.in_source(source), Place { source, ..*place }))
        };
        (source, self.all.iter().filter_map(setting).collect())
    }
}

impl Lowering<'_> {
    /// Whether there are such parameters is known with the packs.
    pub(super) fn case_settings(&mut self, fields: Fields<'_>) -> Option<CaseSettings> {
        let Some(node) = fields.value("set") else { return Some(CaseSettings::default()) };
        let Data::Map(entries) = &node.data else {
            self.wrong_type(node, "`set`", "a mapping", "write `set: { my-pack.staleAge: 10m }`");
            return None;
        };
        let all = collect(entries.iter().map(|entry| self.case_setting(entry)))?;
        Some(CaseSettings { subject: self.subject.clone(), all, ..CaseSettings::default() })
    }

    fn case_setting(&mut self, Entry { key, value }: &Entry) -> Option<(String, Place, Node)> {
        if named(&key.text).is_none() {
            let message = format!("{} sets no parameter", quoted(&key.text));
            let help = "write `set: { pack.parameter: value }` or `set: { parameter: value }`";
            self.report(Diagnostic::new(Code::BadSet, key.place, message).help(help));
            return None;
        }
        match &value.data {
            Data::List(items) => {
                let what = quoted(&key.text);
                let plain = |item| self.plain_entry(item, ValueKind::Literals, &what, "[a, b]");
                collect(items.iter().map(plain))?;
            }
            Data::Scalar(_) if !value.is_null() => {}
            _ => {
                self.wrong_type(
                    value,
                    &quoted(&key.text),
                    "a value or a list of values",
                    "write `10m` or `[a, b]`",
                );
                return None;
            }
        }
        if let Some(refers) = items_of(value).iter().find(|item| refers(item)) {
            let message = "a parameter cannot refer to a parameter";
            self.report(Diagnostic::new(Code::BadParameter, refers.place, message).help("write its value"));
            return None;
        }
        Some((key.text.clone(), key.place, value.clone()))
    }
}

fn items_of(value: &Node) -> &[Node] {
    match &value.data {
        Data::List(items) => items,
        _ => std::slice::from_ref(value),
    }
}

/// As in the parameters of a pack.
fn refers(value: &Node) -> bool {
    value.scalar().is_some_and(|scalar| scalar.text.contains("${"))
}

/// A value as `--set` takes it: in quotes what is no plain scalar.
fn argument(value: &Node) -> String {
    match &value.data {
        Data::Scalar(scalar) if scalar.plain => scalar.text.clone(),
        Data::Scalar(scalar) => format!("{:?}", scalar.text),
        Data::List(items) => format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", ")),
        Data::Map(_) | Data::Broken => String::new(),
    }
}

/// In a list a plain scalar ends at a comma or a bracket.
fn item(value: &Node) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match value.scalar() {
        Some(scalar) if !scalar.plain || !scalar.text.chars().all(is_word) => format!("{:?}", scalar.text),
        _ => argument(value),
    }
}
