//! What a case expects at a moment: `nothing`, or a list of actions and of what is held back.

use k8s_healer_engine::descriptor::{Value, ValueKind};
use k8s_healer_engine::rule::Mode;

use super::{EXPECTED_KEYS, Expected, What};
use crate::rules::code::Code;
use crate::rules::diagnostic::{Diagnostic, Place, quoted};
use crate::rules::later;
use crate::rules::lowering::{Fields, Keys, Lowering};
use crate::rules::node::{Data, Entry, Node};
use crate::rules::values::collect;

/// What a step expects.
#[derive(Default)]
pub(super) struct Expectations {
    pub(super) all: Vec<Expected>,
    /// Where `nothing` is written.
    pub(super) nothing: Option<Place>,
}

const EXAMPLE: &str = "{ delete: pods/test-a/web-1, rule: my-rule }";

impl Lowering<'_> {
    pub(super) fn expectations(&mut self, node: &Node) -> Option<Expectations> {
        if let Some(scalar) = node.scalar().filter(|_| !node.is_null()) {
            if scalar.text == "nothing" {
                return Some(Expectations { nothing: Some(node.place), ..Expectations::default() });
            }
            let message = format!("{} is nothing that can be expected", quoted(&scalar.text));
            let help = format!("write `nothing`, or a list: `- {EXAMPLE}`");
            self.report(Diagnostic::new(Code::BadChoice, node.place, message).help(help));
            return None;
        }
        let items = match &node.data {
            Data::Map(_) => std::slice::from_ref(node),
            Data::List(items) if items.is_empty() => {
                let diagnostic = Diagnostic::new(Code::EmptyList, node.place, "`expect` is empty");
                self.report(diagnostic.help("write `expect: nothing`"));
                return None;
            }
            _ => self.list(node, "`expect`", &format!("`- {EXAMPLE}`, or `nothing`"))?,
        };
        let all = collect(items.iter().map(|item| self.expectation(item)))?;
        Some(Expectations { all, nothing: None })
    }

    /// Steps of one moment are one: it cannot expect nothing, and something to be done.
    pub(super) fn check_agree(&mut self, nothing: Option<Place>, expected: &[Expected]) -> Option<()> {
        let is_done = |one: &&Expected| {
            matches!(one.what, What::Action(_)) && one.mode.is_none_or(|mode| mode == Mode::Enforce)
        };
        let (Some(place), Some(done)) = (nothing, expected.iter().find(is_done)) else { return Some(()) };
        let message = "`nothing` is expected here, and something at the same moment";
        let help = "leave one of the two out, or move it to another moment";
        let diagnostic = Diagnostic::new(Code::Conflict, place, message).help(help);
        self.report(diagnostic.related(done.object.place, "this is to be done then"));
        None
    }

    fn expectation(&mut self, node: &Node) -> Option<Expected> {
        let actions: Vec<&str> = self.registry.actions().iter().map(|action| action.name).collect();
        let known: Vec<&str> = actions.iter().chain(EXPECTED_KEYS).copied().collect();
        let keys = Keys {
            of: "an expectation",
            known: &known,
            later: later::ACTIONS,
            example: &format!("`{EXAMPLE}`"),
        };
        let before = self.out.errors();
        if node.scalar().is_some_and(|scalar| scalar.text == "nothing") {
            let help = "write `expect: nothing`, without a list";
            self.wrong_type(node, "an expectation", "a mapping", help);
            return None;
        }
        let fields = self.fields(node, &keys)?;
        let is_subject =
            |entry: &&Entry| entry.key.text == "held" || actions.contains(&entry.key.text.as_str());
        let mut subjects = node.entries().unwrap_or_default().iter().filter(is_subject);
        let Some(subject) = subjects.next() else {
            let place = node.entries().and_then(<[_]>::first).map_or(node.place, |first| first.key.place);
            if self.out.errors() == before {
                let message = "the expectation names no action";
                let help = format!("write `{EXAMPLE}`, or `held:` for what is held back");
                self.report(Diagnostic::new(Code::MissingKey, place, message).help(help));
            }
            return None;
        };
        if let Some(second) = subjects.next() {
            let message = "an expectation speaks of one action";
            let diagnostic = Diagnostic::new(Code::TwoInOne, second.key.place, message)
                .help(format!("begin a new entry: `- {}: …`", second.key.text));
            self.report(diagnostic.related(subject.key.place, "the first one"));
            return None;
        }
        let what = format!("`{}`", subject.key.text);
        let object = self.reference(&subject.value, &what);
        let rule = self.optional_word(fields, "rule", "my-rule");
        let rule = rule.zip(fields.value("rule").map(|value| value.place));
        let by = self.optional_word(fields, "by", "protection");
        let reason = self.optional_word(fields, "reason", "phase Failed");
        let step = self.step_number(fields);
        let mode = self.expected_mode(fields);
        let what = if subject.key.text == "held" {
            What::Held(by)
        } else {
            if let Some(by) = fields.get("by") {
                let message = "`by` speaks of what is held back, not of what is done";
                let help = "write `held:` instead of the action, or leave `by` out";
                self.report(Diagnostic::new(Code::Conflict, by.key.place, message).help(help));
                return None;
            }
            What::Action(subject.key.text.clone())
        };
        if self.out.errors() > before {
            return None;
        }
        Some(Expected { what, object: object?, rule, step, mode, reason })
    }

    fn optional_word(&mut self, fields: Fields<'_>, key: &str, example: &str) -> Option<String> {
        let value = fields.value(key)?;
        self.text(value, ValueKind::Text, &format!("`{key}`"), example)
    }

    fn step_number(&mut self, fields: Fields<'_>) -> Option<usize> {
        let value = fields.value("step")?;
        let number = value.scalar().filter(|scalar| scalar.plain).and_then(|scalar| scalar.text.parse().ok());
        match number {
            Some(number) if number > 0 => Some(number),
            _ => {
                self.wrong_type(value, "`step`", "the number of a step, from 1", "write `step: 2`");
                None
            }
        }
    }

    fn expected_mode(&mut self, fields: Fields<'_>) -> Option<Mode> {
        let value = fields.value("mode")?;
        match self.value(value, ValueKind::Choice(Mode::NAMES), "`mode`", "observe")? {
            Value::Text(word) => Mode::named(&word),
            _ => None,
        }
    }
}
