//! The entries of a list, or the one value that stands for a list of one. A mistake in an entry is told of the entry:
//! a key that takes a list must not be said to take none.

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::value_from::Listed;

use super::code::Code;
use super::diagnostic::{Diagnostic, one_of};
use super::lowering::Lowering;
use super::node::{Data, Form, Node};
use super::value_from::is_meant;
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
        self.items(node, what, |this, item, is_entry| {
            if is_entry {
                this.plain_entry(item, kind, what, example)?;
            }
            lower(this, item)
        })
    }

    /// The same, where the object may carry each of them, or all together.
    pub(super) fn listed<T>(
        &mut self,
        node: &Node,
        kind: ValueKind,
        what: &str,
        example: &str,
        mut lower: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Listed<T>> {
        if is_meant(node) {
            return self.value_from(node, kind, what).map(Listed::From);
        }
        let items = self.items(node, what, |this, item, is_entry| {
            this.sourced(item, kind, what, |this, item| {
                if is_entry {
                    this.plain_entry(item, kind, what, example)?;
                }
                lower(this, item)
            })
        });
        items.map(Listed::Each)
    }

    /// Each item, and whether it is an entry of a list.
    fn items<T>(
        &mut self,
        node: &Node,
        what: &str,
        mut lower: impl FnMut(&mut Self, &Node, bool) -> Option<T>,
    ) -> Option<Vec<T>> {
        match &node.data {
            Data::List(items) if items.is_empty() => {
                let message = format!("{what} is an empty list");
                let help = "name something, or leave the key out";
                self.report_at(node, Diagnostic::new(Code::EmptyList, node.place, message).help(help));
                None
            }
            Data::List(items) => collect(items.iter().map(|item| lower(self, item, true))),
            _ => Some(vec![lower(self, node, false)?]),
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
        ValueKind::Numbers => "a whole number".to_owned(),
        ValueKind::Choices(words) => one_of(words.iter().copied()),
        ValueKind::Literals => expected(ValueKind::Literal).to_owned(),
        _ => "a string".to_owned(),
    }
}
