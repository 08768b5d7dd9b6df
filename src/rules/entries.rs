//! The entries of a list, or the one value that stands for a list of one. A mistake in an entry is told of the entry:
//! a key that takes a list must not be said to take none.

use k8s_healer_engine::descriptor::ValueKind;

use super::code::Code;
use super::diagnostic::{Diagnostic, one_of};
use super::lowering::Lowering;
use super::node::{Data, Form, Node};
use super::value_words::expected;
use super::values::collect;

impl Lowering<'_> {
    /// A value or a list of them ("string or list").
    pub(super) fn each<T>(
        &mut self,
        node: &Node,
        kind: ValueKind,
        what: &str,
        example: &str,
        mut lower: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        match &node.data {
            Data::List(items) if items.is_empty() => {
                let message = format!("{what} is an empty list");
                let help = "name something, or leave the key out";
                self.report_at(node, Diagnostic::new(Code::EmptyList, node.place, message).help(help));
                None
            }
            Data::List(items) => collect(items.iter().map(|item| {
                self.plain_entry(item, kind, what, example)?;
                lower(self, item)
            })),
            _ => Some(vec![lower(self, node)?]),
        }
    }

    /// Reports an entry that is no plain value.
    pub(super) fn plain_entry(
        &mut self,
        item: &Node,
        kind: ValueKind,
        what: &str,
        example: &str,
    ) -> Option<()> {
        if item.scalar().is_some_and(|scalar| scalar.form() != Form::Null) {
            return Some(());
        }
        let help = match &item.used {
            Some(used) if matches!(item.data, Data::List(_)) => format!(
                "the parameter holds a list: write `\"${{{}}}\"` alone, in the place of the list, and put the other \
                 entries into the parameter",
                used.name
            ),
            _ => format!("write `{example}`"),
        };
        self.wrong_type(item, &entry_of(what), &one(kind), help);
        None
    }
}

/// What an entry of a list is called in messages.
pub(super) fn entry_of(what: &str) -> String {
    format!("an entry of {what}")
}

/// What one entry of a list of this kind is.
fn one(kind: ValueKind) -> String {
    match kind {
        ValueKind::Globs => "a glob".to_owned(),
        ValueKind::Paths => "a JSONPath".to_owned(),
        ValueKind::Integers => "a whole number".to_owned(),
        ValueKind::Choices(words) => one_of(words.iter().copied()),
        ValueKind::Literals => expected(ValueKind::Literal).to_owned(),
        _ => "a string".to_owned(),
    }
}
