//! `parameters:` and `${name}`. A value that is a whole `${name}` takes the parameter's value with its type
//! (a duration, a number, a list) and its place, so that a mistake is shown where the value comes from; in
//! a longer text the name is replaced by the parameter's text. `$${` stands for a literal `${`.

use std::cell::Cell;
use std::sync::Arc;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, Span, one_of, quoted};
use super::lowering::Lowering;
use super::names::is_parameter;
use super::node::{Data, Entry, Form, Key, Node, Scalar, Used};
use super::settings::{self, Setting};
use super::source::Sources;
use super::suggest;

/// Bytes and nodes that parameters may add to a pack: a large text used ten thousand times is a bomb.
const MOST_COPIED: usize = 4 << 20;

/// The parameters of a pack.
pub(super) struct Parameters<'a> {
    declared: Vec<Parameter>,
    sources: &'a Sources,
    copied: usize,
}

struct Parameter {
    key: Key,
    value: Node,
    /// By `--set`, which counts more than anything else.
    set: bool,
    used: Cell<bool>,
}

/// Values of one rule alone: what they took the places of, by index, and whether that had been used.
pub(super) struct OwnValues {
    replaced: Vec<(usize, Node, bool, Key)>,
}

impl OwnValues {
    pub(super) fn any(&self) -> bool {
        !self.replaced.is_empty()
    }
}

impl<'a> Parameters<'a> {
    /// Reads the declarations, and what overrides and `--set` say instead.
    pub(super) fn declare(
        node: Option<&Node>,
        overriding: &[Entry],
        pack: &str,
        settings: &[Setting],
        sources: &'a Sources,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        let mut declared = Vec::new();
        let entries = node.map(|node| (node, node.entries()));
        if let Some((node, None)) = entries {
            lowering.wrong_type(node, "`parameters`", "a mapping", "write `parameters: { staleAge: 6m }`");
        }
        for entry in entries.and_then(|(_, entries)| entries).unwrap_or_default() {
            let set = settings::value(settings, pack, &entry.key.text);
            let overriding = overriding.iter().find(|one| one.key.text == entry.key.text);
            let sound = check(entry, lowering).and(overriding.map_or(Some(()), |one| check(one, lowering)));
            let value = set.or(overriding.map(|one| &one.value)).unwrap_or(&entry.value);
            // A broken parameter is known all the same, so that its uses are not reported too.
            let broken = || Node { place: entry.value.place, data: Data::Broken, used: None };
            let value = sound.map_or_else(broken, |()| value.clone());
            let (key, set) = (entry.key.clone(), set.is_some());
            declared.push(Parameter { key, value, set, used: Cell::new(false) });
        }
        let parameters = Self { declared, sources, copied: 0 };
        parameters.check_known(overriding, lowering);
        parameters
    }

    /// Reports overrides of what the pack does not have.
    fn check_known(&self, overriding: &[Entry], lowering: &mut Lowering<'_>) {
        for Entry { key, .. } in overriding {
            if self.declared.iter().all(|parameter| parameter.key.text != key.text) {
                let names: Vec<&str> = self.names().take(20).collect();
                let message = format!("the pack has no parameter {}", quoted(&key.text));
                let help = if names.is_empty() {
                    "leave it out".to_owned()
                } else {
                    suggest::help(&key.text, &names)
                };
                lowering.report(Diagnostic::new(Code::UnknownParameter, key.place, message).help(help));
            }
        }
    }

    /// Sets values for one rule, until they are [restored](Self::restore).
    pub(super) fn set_for_one(&mut self, overriding: &[Entry], lowering: &mut Lowering<'_>) -> OwnValues {
        self.check_known(overriding, lowering);
        let mut replaced = Vec::new();
        for entry in overriding {
            let index = self.declared.iter().position(|parameter| parameter.key.text == entry.key.text);
            let Some(index) = index.filter(|_| check(entry, lowering).is_some()) else { continue };
            let parameter = &mut self.declared[index];
            if !parameter.set {
                let before = std::mem::replace(&mut parameter.value, entry.value.clone());
                replaced.push((index, before, parameter.used.replace(false), entry.key.clone()));
            }
        }
        OwnValues { replaced }
    }

    /// The values of all rules again. One that the rule did not use changes nothing of it, and is reported.
    pub(super) fn restore(&mut self, own: OwnValues, lowering: &mut Lowering<'_>) {
        for (index, before, was_used, key) in own.replaced {
            let parameter = &mut self.declared[index];
            parameter.value = before;
            if !parameter.used.get() {
                let message =
                    format!("it does not use the parameter {}, which an override sets", quoted(&key.text));
                let help = "leave it out of the override";
                lowering.report(Diagnostic::new(Code::UnusedParameter, key.place, message).help(help));
            }
            parameter.used.set(was_used || parameter.used.get());
        }
    }

    /// The names, for what `--set` can set.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().map(|parameter| parameter.key.text.as_str())
    }

    /// Warns of those that nothing uses.
    pub(super) fn warn_unused(&self, lowering: &mut Lowering<'_>) {
        let is_unused =
            |parameter: &&Parameter| !parameter.used.get() && !matches!(parameter.value.data, Data::Broken);
        for parameter in self.declared.iter().filter(is_unused) {
            let message = format!("the parameter {} is not used", quoted(&parameter.key.text));
            let help = format!("use it as `${{{}}}`, or leave it out", parameter.key.text);
            lowering.report(Diagnostic::new(Code::UnusedParameter, parameter.key.place, message).help(help));
        }
    }

    /// The same tree with every `${name}` replaced.
    pub(super) fn resolve(&mut self, node: &Node, lowering: &mut Lowering<'_>) -> Node {
        let data = match &node.data {
            Data::Scalar(scalar) if scalar.text.contains("${") => return self.scalar(node, scalar, lowering),
            Data::Scalar(_) | Data::Broken => node.data.clone(),
            Data::List(items) => Data::List(items.iter().map(|item| self.resolve(item, lowering)).collect()),
            Data::Map(entries) => Data::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: entry.key.clone(),
                        value: self.resolve(&entry.value, lowering),
                    })
                    .collect(),
            ),
        };
        Node { place: node.place, data, used: node.used.clone() }
    }

    /// A rule with every `${name}` replaced but in its name, by which people search for it.
    pub(super) fn resolve_rule(&mut self, rule: &Node, lowering: &mut Lowering<'_>) -> Node {
        let Data::Map(entries) = &rule.data else { return self.resolve(rule, lowering) };
        let resolved = entries.iter().map(|entry| match entry.key.text.as_str() {
            "name" => entry.clone(),
            _ => Entry { key: entry.key.clone(), value: self.resolve(&entry.value, lowering) },
        });
        Node { data: Data::Map(resolved.collect()), place: rule.place, used: None }
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar, lowering: &mut Lowering<'_>) -> Node {
        let broken = || Node { place: node.place, data: Data::Broken, used: None };
        if let Some(name) = whole(&scalar.text) {
            let Some(index) = self.look_up(node, name, lowering) else { return broken() };
            return self.copy(index, node.place, lowering).unwrap_or_else(broken);
        }
        let mut text = String::new();
        let mut rest = scalar.text.as_str();
        let mut sound = true;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                text.push_str(&rest[..at]);
                text.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            text.push_str(&rest[..at]);
            let Some((name, after)) = rest[at + 2..].split_once('}') else {
                let message = "`${` is not closed";
                let diagnostic =
                    Diagnostic::new(Code::UnknownParameter, self.inside(node, &rest[at..]), message);
                lowering
                    .report_at(node, diagnostic.help("close it with `}`, or write `$${` for a literal `${`"));
                return broken();
            };
            rest = after;
            match self.text(node, name, lowering) {
                Some(value) => text.push_str(&value),
                None => sound = false,
            }
        }
        text.push_str(rest);
        self.copied += text.len();
        if !sound || self.exhausted(node.place, lowering) {
            return broken();
        }
        // It is text now: `1${zeros}` is no number, and quotes around it change nothing.
        Node { place: node.place, data: Data::Scalar(Scalar { text, plain: false }), used: node.used.clone() }
    }

    fn text(&self, node: &Node, name: &str, lowering: &mut Lowering<'_>) -> Option<String> {
        let index = self.look_up(node, name, lowering)?;
        match &self.declared[index].value.data {
            Data::Scalar(scalar) => Some(scalar.text.clone()),
            Data::Broken => None,
            Data::List(_) | Data::Map(_) => {
                let message =
                    format!("the parameter {} is a list and cannot stand inside a text", quoted(name));
                let place = self.inside(node, &format!("${{{name}}}"));
                let help = format!("write `\"${{{name}}}\"` alone");
                lowering.report_at(node, Diagnostic::new(Code::BadParameter, place, message).help(help));
                None
            }
        }
    }

    /// The index of a parameter, which is used from now on.
    fn look_up(&self, node: &Node, name: &str, lowering: &mut Lowering<'_>) -> Option<usize> {
        if let Some(index) = self.declared.iter().position(|parameter| parameter.key.text == name) {
            self.declared[index].used.set(true);
            return Some(index);
        }
        let names: Vec<&str> = self.names().collect();
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(nearest) => format!("did you mean `${{{nearest}}}`?"),
            None if names.is_empty() => {
                "declare it under `parameters`, or write `$${` for a literal `${`".to_owned()
            }
            None => {
                format!("declare it under `parameters`; there are {}", one_of(names.iter().take(20).copied()))
            }
        };
        let message = format!("this pack has no parameter {}", quoted(name));
        let place = self.inside(node, &format!("${{{name}}}"));
        lowering.report_at(node, Diagnostic::new(Code::UnknownParameter, place, message).help(help));
        None
    }

    fn copy(&mut self, index: usize, place: Place, lowering: &mut Lowering<'_>) -> Option<Node> {
        let Parameter { key, value, .. } = &self.declared[index];
        let (nodes, bytes) = value.size();
        // A node takes about as much memory as a hundred bytes of text.
        self.copied += nodes * 100 + bytes;
        if self.exhausted(place, lowering) {
            return None;
        }
        let used = Arc::new(Used { place, name: key.text.clone() });
        let mut copy = value.clone();
        if let Data::List(items) = &mut copy.data {
            items.iter_mut().for_each(|item| item.used = Some(Arc::clone(&used)));
        }
        copy.used = Some(used);
        Some(copy)
    }

    fn exhausted(&self, place: Place, lowering: &mut Lowering<'_>) -> bool {
        if self.copied <= MOST_COPIED {
            return false;
        }
        let message = "the pack is too large with its parameters written out";
        // Once for the pack, not for every use past the limit.
        let first = Place { span: Span { start: 0, end: 0 }, ..place };
        lowering.out.push(
            Diagnostic::new(Code::TooComplex, first, message).help("use shorter values, or fewer of them"),
        );
        true
    }

    /// The characters of a part of a scalar, as far as its text stands in the file letter by letter.
    fn inside(&self, node: &Node, part: &str) -> Place {
        let Place { source, span } = node.place;
        let text = self.sources.get(source).and_then(|source| source.text.get(span.start..span.end));
        let at = text.and_then(|text| text.find(part));
        at.map_or(node.place, |at| {
            let start = span.start + at;
            Place { source, span: Span { start, end: start + part.len() } }
        })
    }
}

/// The name, if the whole text is one `${name}`.
fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains(['}', '$'])).then_some(name)
}

/// A parameter is a value or a list of values, and refers to no other.
fn check(entry: &Entry, lowering: &mut Lowering<'_>) -> Option<()> {
    let Entry { key, value } = entry;
    let mut refuse = |place: Place, message: String, help: &str| {
        lowering.report(Diagnostic::new(Code::BadParameter, place, message).help(help));
        None
    };
    let items = match &value.data {
        Data::List(items) => items.iter().collect(),
        _ => vec![value],
    };
    let is_value = |item: &&Node| item.scalar().is_some_and(|scalar| scalar.form() != Form::Null);
    if !is_parameter(&key.text) {
        let message = format!("{} is no name of a parameter", quoted(&key.text));
        return refuse(key.place, message, "write letters, digits, `-` and `_`, a letter first");
    }
    if value.is_null() {
        return refuse(
            key.place,
            format!("the parameter {} has no value", quoted(&key.text)),
            "write a value, such as `6m`",
        );
    }
    if let Some(item) = items.iter().find(|item| !is_value(item)) {
        let message = format!("a parameter must be a value or a list of values, not {}", item.shown());
        return refuse(item.place, message, "write a value, such as `6m` or `[a, b]`");
    }
    let refers = |item: &&&Node| item.scalar().is_some_and(|scalar| scalar.text.contains("${"));
    if let Some(item) = items.iter().find(refers) {
        return refuse(item.place, "a parameter cannot refer to a parameter".to_owned(), "write its value");
    }
    Some(())
}
