//! Lowers a node to the typed value that a descriptor asks for. Every mistake is reported at its own
//! characters; `None` says that something was.

use jiff::tz::TimeZone;
use k8s_healer_engine::descriptor::{Literal, Value, ValueKind};
use k8s_healer_engine::expression::Expression;
use k8s_healer_engine::value_from::Sourced;
use k8s_healer_engine::values::{
    Count, Cron, Globs, ParseError, Path, Pattern, parse_duration, parse_time, parse_time_zone, time_zones,
};

use super::code::Code;
use super::diagnostic::{Diagnostic, one_of, quoted};
use super::entries::entry_of;
use super::lowering::Lowering;
use super::node::{Data, Entry, Form, Node, Scalar};
use super::value_words::{code, expected};
use super::{suggest, value_from};

impl Lowering<'_> {
    /// Lowers the value under a key; `what` names the key in messages.
    pub(super) fn value(&mut self, node: &Node, kind: ValueKind, what: &str, example: &str) -> Option<Value> {
        match kind {
            ValueKind::Duration => {
                self.parsed(node, kind, what, example, parse_duration).map(Value::Duration)
            }
            ValueKind::Count => self.parsed(node, kind, what, example, Count::parse).map(Value::Count),
            ValueKind::Pattern => self.pattern(node, what, example).map(Value::Pattern),
            ValueKind::Expression if !node.scalar().is_some_and(|scalar| scalar.form() == Form::Text) => {
                self.wrong_type(node, what, expected(kind), format!("write `{example}`"));
                None
            }
            ValueKind::Expression => {
                let expression = self.parsed(node, kind, what, example, Expression::parse)?;
                expression.paths().iter().for_each(|path| self.uses.add_path(path, node));
                Some(Value::Expression(expression))
            }
            ValueKind::Path => self.path(node, kind, what, example).map(Value::Path),
            ValueKind::Time => {
                let help = || "write an RFC 3339 time, such as `2026-01-31T12:00:00Z`".to_owned();
                let parse =
                    |text: &str| parse_time(text, &[]).ok_or_else(|| ("is not a time".to_owned(), help()));
                self.checked(node, kind, what, example, parse).map(Value::Time)
            }
            ValueKind::Cron => self.parsed(node, kind, what, example, Cron::parse).map(Value::Cron),
            ValueKind::TimeZone => self.checked(node, kind, what, example, time_zone).map(Value::TimeZone),
            ValueKind::Bool => self.boolean(node, what).map(Value::Bool),
            ValueKind::Text | ValueKind::Pointer => self.text(node, kind, what, example).map(Value::Text),
            ValueKind::Literal => self.literal(node, what, example).map(Value::Literal),
            ValueKind::Choice(words) => self.choice(node, words, what).map(Value::Text),
            ValueKind::AnyTexts if matches!(&node.data, Data::List(items) if items.is_empty()) => {
                Some(Value::Texts(Vec::new()))
            }
            ValueKind::Texts | ValueKind::AnyTexts => self
                .each(node, kind, what, example, |this, item| this.text(item, kind, what, example))
                .map(Value::Texts),
            ValueKind::TextList => {
                let items = self.list(node, what, &format!("`{example}`"))?;
                let text = |this: &mut Self, item: &Node| {
                    this.plain_entry(item, kind, what, example)?;
                    this.text(item, kind, what, example)
                };
                collect(items.iter().map(|item| self.sourced(item, kind, what, text)))
                    .map(Value::SourcedTexts)
            }
            ValueKind::Integer | ValueKind::Natural => self.integer(node, what, example).map(Value::Integer),
            ValueKind::OrBlock(_, keys) if matches!(node.data, Data::Map(_)) => {
                self.block(node, keys, what, example).map(Value::Block)
            }
            ValueKind::OrBlock(inner, _) => self.value(node, *inner, what, example),
            ValueKind::Words => self
                .listed(node, kind, what, example, |this, item| this.text(item, kind, what, example))
                .map(Value::Words),
            ValueKind::Numbers => self
                .listed(node, kind, what, example, |this, item| this.integer(item, what, "137"))
                .map(Value::Numbers),
            ValueKind::Choices(words) => self
                .each(node, kind, what, example, |this, item| this.choice(item, words, what))
                .map(Value::Texts),
            ValueKind::Paths => {
                let path = |this: &mut Self, item: &Node| this.path(item, kind, what, example);
                self.each(node, kind, what, example, path).map(Value::Paths)
            }
            ValueKind::Globs => self.globs(node, what, example).map(Value::Globs),
            ValueKind::Literals => {
                let items = self.list(node, what, &format!("`{example}`"))?;
                let literal = |this: &mut Self, item: &Node| {
                    this.plain_entry(item, kind, what, example)?;
                    this.literal(item, what, example)
                };
                collect(items.iter().map(|item| self.sourced(item, kind, what, literal))).map(Value::Literals)
            }
            ValueKind::Sourced(inner) if value_from::is_meant(node) => {
                self.value_from(node, *inner, what).map(Value::From)
            }
            ValueKind::Sourced(inner) => self.value(node, *inner, what, example),
            ValueKind::Block(keys) => self.block(node, keys, what, example).map(Value::Block),
            ValueKind::Blocks(keys) => {
                let items = self.list(node, what, &format!("`{example}`"))?;
                let entry = entry_of(what);
                collect(items.iter().map(|item| self.block(item, keys, &entry, example))).map(Value::Blocks)
            }
            ValueKind::Entries => self.entries(node, what, example).map(Value::Entries),
            ValueKind::NullableEntries => {
                self.nullable_entries(node, what, example).map(Value::SourcedEntries)
            }
            ValueKind::Data | ValueKind::DataMapping => self.data(node, what, example).map(Value::Data),
            ValueKind::Matcher => self.matcher(node).map(Value::Matcher),
            ValueKind::Matchers => self.matchers(node, what).map(Value::Matchers),
        }
    }

    /// The text of a scalar as it is written; `1.10` stays `1.10`.
    pub(super) fn text(&mut self, node: &Node, kind: ValueKind, what: &str, example: &str) -> Option<String> {
        let scalar = self.scalar(node, kind, what, example)?;
        Some(scalar.text.clone())
    }

    fn scalar<'n>(
        &mut self,
        node: &'n Node,
        kind: ValueKind,
        what: &str,
        example: &str,
    ) -> Option<&'n Scalar> {
        match node.scalar() {
            Some(scalar) if scalar.form() != Form::Null => Some(scalar),
            _ => {
                self.wrong_type(node, what, expected(kind), format!("write `{example}`"));
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        node: &Node,
        kind: ValueKind,
        what: &str,
        example: &str,
        parse: impl Fn(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        self.checked(node, kind, what, example, |text| {
            parse(text).map_err(|error| (error.problem, error.help))
        })
    }

    fn checked<T>(
        &mut self,
        node: &Node,
        kind: ValueKind,
        what: &str,
        example: &str,
        parse: impl Fn(&str) -> Result<T, (String, String)>,
    ) -> Option<T> {
        let scalar = self.scalar(node, kind, what, example)?;
        match parse(&scalar.text) {
            Ok(value) => Some(value),
            Err((problem, help)) => {
                let message = format!("{} {problem}", quoted(&scalar.text));
                self.report_at(node, Diagnostic::new(code(kind), node.place, message).help(help));
                None
            }
        }
    }

    fn path(&mut self, node: &Node, kind: ValueKind, what: &str, example: &str) -> Option<Path> {
        let path = self.parsed(node, kind, what, example, Path::parse)?;
        self.uses.add_path(&path, node);
        Some(path)
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.scalar().map(Scalar::form) {
            Some(Form::Bool(value)) => Some(value),
            _ => {
                self.wrong_type(node, what, "`true` or `false`", "write `true` or `false`, without quotes");
                None
            }
        }
    }

    pub(super) fn integer(&mut self, node: &Node, what: &str, example: &str) -> Option<i64> {
        match node.scalar().map(Scalar::form) {
            Some(Form::Number(number)) if number.is_i64() => number.as_i64(),
            _ => {
                let help = format!("write a number without quotes, such as `{example}`");
                self.wrong_type(node, what, "a whole number", help);
                None
            }
        }
    }

    fn literal(&mut self, node: &Node, what: &str, example: &str) -> Option<Literal> {
        let scalar = self.scalar(node, ValueKind::Literal, what, example)?;
        match scalar.form() {
            Form::Bool(value) => Some(Literal::Bool(value)),
            Form::Number(value) => Some(Literal::Number { value, text: scalar.text.clone() }),
            Form::Text | Form::Null => Some(Literal::Text(scalar.text.clone())),
            Form::Unclear => {
                let message = format!("{} could be a number or a string", quoted(&scalar.text));
                let help = format!(
                    "put it into quotes if it is a string: `\"{}\"`, else write it in digits",
                    scalar.text
                );
                self.report_at(node, Diagnostic::new(Code::AmbiguousOperand, node.place, message).help(help));
                None
            }
        }
    }

    /// Any value, list or mapping.
    fn data(&mut self, node: &Node, what: &str, example: &str) -> Option<serde_json::Value> {
        match &node.data {
            Data::Scalar(_) if node.is_null() => Some(serde_json::Value::Null),
            Data::Scalar(_) | Data::Broken => {
                self.literal(node, what, example).map(|literal| match literal {
                    Literal::Text(text) => text.into(),
                    Literal::Number { value, .. } => value.into(),
                    Literal::Bool(value) => value.into(),
                })
            }
            Data::List(items) => {
                collect(items.iter().map(|item| self.data(item, what, example))).map(serde_json::Value::Array)
            }
            Data::Map(entries) => {
                let entry =
                    |entry: &Entry| Some((entry.key.text.clone(), self.data(&entry.value, what, example)?));
                collect(entries.iter().map(entry))
                    .map(|entries| serde_json::Value::Object(entries.into_iter().collect()))
            }
        }
    }

    fn choice(&mut self, node: &Node, words: &'static [&'static str], what: &str) -> Option<String> {
        let expected = one_of(words.iter().copied());
        let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
            self.wrong_type(node, what, &expected, format!("write {expected}"));
            return None;
        };
        if words.contains(&scalar.text.as_str()) {
            return Some(scalar.text.clone());
        }
        let message = format!("{} is no value of {what}", quoted(&scalar.text));
        let diagnostic = Diagnostic::new(Code::BadChoice, node.place, message);
        self.report_at(node, diagnostic.help(suggest::help(&scalar.text, words)));
        None
    }

    pub(super) fn globs(&mut self, node: &Node, what: &str, example: &str) -> Option<Globs> {
        let kind = ValueKind::Globs;
        let sources =
            self.each(node, kind, what, example, |this, item| this.text(item, kind, what, example))?;
        let Some(result) = self.compiled.globs(&sources) else {
            self.too_many(node);
            return None;
        };
        let (index, error) = match result {
            Ok(globs) => return Some(globs),
            Err(error) => error,
        };
        if index.is_none() {
            let message = format!("{what} {}", error.problem);
            self.report_at(node, Diagnostic::new(Code::BadGlob, node.place, message).help(error.help));
            return None;
        }
        // One by one, so that every broken glob of a list is told.
        for (index, source) in sources.iter().enumerate() {
            let included = source.strip_prefix('!').unwrap_or(source).to_owned();
            if let Some(Err((_, error))) = self.compiled.globs(&[included]) {
                let item = item(node, index);
                let message = format!("{} {}", quoted(source), error.problem);
                self.report_at(item, Diagnostic::new(Code::BadGlob, item.place, message).help(error.help));
            }
        }
        None
    }

    fn pattern(&mut self, node: &Node, what: &str, example: &str) -> Option<Pattern> {
        let scalar = self.scalar(node, ValueKind::Pattern, what, example)?;
        match self.compiled.pattern(&scalar.text) {
            Some(Ok(pattern)) => Some(pattern),
            Some(Err(error)) => {
                let message = format!("{} {}", quoted(&scalar.text), error.problem);
                self.report_at(node, Diagnostic::new(Code::BadRegex, node.place, message).help(error.help));
                None
            }
            None => {
                self.too_many(node);
                None
            }
        }
    }

    fn too_many(&mut self, node: &Node) {
        let message = "there are too many regular expressions and globs in all these rules";
        self.report_at(
            node,
            Diagnostic::new(Code::TooComplex, node.place, message)
                .help("use fewer, or plain names and prefixes"),
        );
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Option<&'n [Entry]> {
        let Data::Map(entries) = &node.data else {
            self.wrong_type(node, what, "a mapping from string to string", format!("write `{example}`"));
            return None;
        };
        Some(entries)
    }

    fn entries(&mut self, node: &Node, what: &str, example: &str) -> Option<Vec<(String, String)>> {
        let entries = self.map(node, what, example)?;
        collect(entries.iter().map(|entry| Some((entry.key.text.clone(), self.entry(entry)?))))
    }

    fn nullable_entries(
        &mut self,
        node: &Node,
        what: &str,
        example: &str,
    ) -> Option<Vec<(String, Option<Sourced<String>>)>> {
        let entries = self.map(node, what, example)?;
        if entries.is_empty() {
            let message = format!("{what} names nothing");
            self.report_at(
                node,
                Diagnostic::new(Code::EmptyList, node.place, message).help(format!("write `{example}`")),
            );
            return None;
        }
        collect(entries.iter().map(|entry| {
            let key = entry.key.text.clone();
            if entry.value.is_null() {
                return Some((key, None));
            }
            let text = |this: &mut Self, _: &Node| this.entry(entry);
            let value = self.sourced(&entry.value, ValueKind::Text, &quoted(&key), text)?;
            Some((key, Some(value)))
        }))
    }

    fn entry(&mut self, entry: &Entry) -> Option<String> {
        self.text(&entry.value, ValueKind::Text, &quoted(&entry.key.text), "\"text\"")
    }
}

/// The item of a list, or the one value that stands for a list of one.
fn item(node: &Node, index: usize) -> &Node {
    match &node.data {
        Data::List(items) => items.get(index).unwrap_or(node),
        _ => node,
    }
}

/// The items of a list, or the one value that stands for a list of one.
pub(super) fn items(node: &Node) -> Vec<&Node> {
    match &node.data {
        Data::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

/// All of them, or none; unlike a collect into an `Option`, the rest is looked at after the first `None`.
pub(super) fn collect<T>(items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut sound = true;
    let mut all = Vec::new();
    for item in items {
        match item {
            Some(item) => all.push(item),
            None => sound = false,
        }
    }
    sound.then_some(all)
}

/// A time zone by its name, with a look at those that are nearly called so.
fn time_zone(name: &str) -> Result<TimeZone, (String, String)> {
    parse_time_zone(name).map_err(|error| {
        let known = time_zones();
        let nearest = suggest::nearest(name, known.iter().map(String::as_str));
        let help = nearest.map_or(error.help, |nearest| format!("did you mean `{nearest}`?"));
        (error.problem, help)
    })
}
