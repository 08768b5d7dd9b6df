//! Lowers the entries of `match`, `unless` and the combinators: each a mapping of one key, the matcher's
//! name, which the registry knows.

use std::sync::Arc;

use k8s_healer_engine::descriptor::{Shape, ValueKind};
use k8s_healer_engine::matcher::Matcher;

use super::code::Code;
use super::diagnostic::{Diagnostic, quoted};
use super::kinds::{self, Resolved};
use super::lowering::Lowering;
use super::node::{Data, Entry, Node};
use super::rule::RULE_KEYS;
use super::values::{collect, items};
use super::{later, suggest};

type Lowered = Box<dyn Matcher>;

impl Lowering<'_> {
    /// A non-empty list of matchers.
    pub(super) fn matchers(&mut self, node: &Node, what: &str) -> Option<Vec<Lowered>> {
        let items = self.list(node, what, "`- age: { over: 6m }`")?;
        collect(items.iter().map(|item| self.matcher(item)))
    }

    /// The same, each shared with the rules that have it too.
    pub(super) fn shared_matchers(&mut self, node: &Node, what: &str) -> Option<Vec<Arc<dyn Matcher>>> {
        let matchers = self.matchers(node, what)?;
        let Data::List(items) = &node.data else { return None };
        let shared = |(item, matcher): (&Node, Lowered)| self.compiled.shared(item, matcher);
        Some(items.iter().zip(matchers).map(shared).collect())
    }

    /// One matcher.
    pub(super) fn matcher(&mut self, node: &Node) -> Option<Lowered> {
        let entries = self.single(node, "a matcher", "age: { over: 6m }")?;
        let mut lowered = collect(entries.iter().map(|entry| self.matcher_entry(entry)))?;
        if lowered.len() == 1 { lowered.pop() } else { None }
    }

    /// The entries of a mapping that should have one; more or fewer are reported, and looked at all the same.
    pub(super) fn single<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Option<&'n [Entry]> {
        let entries = match &node.data {
            Data::Map(entries) if !entries.is_empty() => entries,
            Data::Scalar(scalar) if !node.is_null() => {
                let known = self.registry.matcher(&scalar.text).map(|descriptor| descriptor.examples);
                let known = known
                    .or_else(|| self.registry.action(&scalar.text).map(|descriptor| descriptor.examples));
                let example = known.and_then(<[_]>::first).copied().unwrap_or(example);
                self.wrong_type(node, what, "a mapping of one key", format!("write `{example}`"));
                return None;
            }
            _ => {
                self.wrong_type(node, what, "a mapping of one key", format!("write `{example}`"));
                return None;
            }
        };
        if let [first, second, ..] = entries.as_slice() {
            let message = format!("{what} has one key, and here are {}", entries.len());
            let diagnostic = Diagnostic::new(Code::TwoInOne, second.key.place, message)
                .label("a second key")
                .help(format!("begin a new entry: `- {}: …`", second.key.text))
                .related(first.key.place, "the first one");
            self.report(diagnostic);
        }
        Some(entries)
    }

    pub(super) fn matcher_entry(&mut self, entry: &Entry) -> Option<Lowered> {
        let name = &entry.key.text;
        let Some(descriptor) = self.registry.matcher(name) else {
            let diagnostic = if later::MATCHERS.contains(&name.as_str()) {
                later::diagnostic(entry.key.place, name)
            } else {
                let known: Vec<&str> = self.registry.matchers().iter().map(|known| known.name).collect();
                let message = format!("{} is no matcher", quoted(name));
                let help = match name.as_str() {
                    "unless" => "it is a key of the rule: write it beside `match`, or `not` here".to_owned(),
                    key if RULE_KEYS.contains(&key) => {
                        format!("`{key}` is a key of the rule: write it beside `match`")
                    }
                    name => {
                        let all = self.registry.matchers().iter();
                        suggest::help_of_key(name, &known, all.map(|known| (known.name, known.shape)))
                    }
                };
                Diagnostic::new(Code::UnknownMatcher, entry.key.place, message).help(help)
            };
            self.report(diagnostic);
            return None;
        };
        self.check_matcher_kinds(entry, descriptor.kinds);
        if name == "owner" {
            self.warn_of_owner_kinds(&entry.value);
        }
        let example = descriptor.examples.first().copied().unwrap_or(descriptor.name);
        let first = self.uses.paths.len();
        let arguments = self.arguments(entry, descriptor.shape, &[], example)?;
        match (descriptor.build)(arguments) {
            Ok(matcher) => {
                self.uses.ask(first, entry, matcher.as_ref());
                // What stands inside a combinator has been checked.
                if !matches!(descriptor.shape, Shape::Value(ValueKind::Matcher | ValueKind::Matchers)) {
                    self.check_asks_namespace(entry, matcher.as_ref());
                }
                Some(matcher)
            }
            Err(fault) => {
                self.fault(entry, fault);
                None
            }
        }
    }

    /// An owner reference names a kind, `ReplicaSet`, not a resource.
    fn warn_of_owner_kinds(&mut self, node: &Node) {
        for item in node.get("kind").into_iter().flat_map(|entry| items(&entry.value)) {
            let Some(text) = item.scalar().map(|scalar| scalar.text.as_str()) else { continue };
            let Some(kind) = kinds::kind_called(text).filter(|kind| *kind != text) else { continue };
            let message = format!("{} is no kind as owner references have it", quoted(text));
            let help = format!("write `{kind}`");
            self.report_at(item, Diagnostic::new(Code::UnknownKind, item.place, message).help(help));
        }
    }

    /// A matcher on what none of the watched kinds has.
    fn check_matcher_kinds(&mut self, entry: &Entry, kinds: &[&str]) {
        if kinds.is_empty() || self.kinds.is_empty() {
            return;
        }
        let lacks = |watched: &Resolved| {
            watched.known().is_some_and(|kind| !kinds.contains(&kind.resource().as_str()))
        };
        if self.kinds.iter().all(lacks) {
            let watched: Vec<String> = self.kinds.iter().map(|kind| format!("`{}`", kind.name())).collect();
            let message = format!(
                "`{}` is never true of {}: it looks at {}",
                entry.key.text,
                watched.join(" and "),
                super::diagnostic::one_of(kinds.iter().copied())
            );
            let help = format!("watch {}, or use `field`", super::diagnostic::one_of(kinds.iter().copied()));
            self.report(Diagnostic::new(Code::NeverTrue, entry.key.place, message).help(help));
        }
    }
}
