//! Lowers what stands under the name of a matcher or an action by its descriptor, and shows the faults that
//! its constructor finds at the characters that they are about.

use k8s_healer_engine::descriptor::{Arguments, Fault, FaultKind, Key as DescriptorKey, Presence, Shape};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::lowering::{Keys, Lowering};
use super::node::{Data, Entry, Key, Node};

impl Lowering<'_> {
    /// The typed values of a matcher or an action; `common` are keys that have been taken out before.
    pub(super) fn arguments(
        &mut self,
        entry: &Entry,
        shape: Shape,
        common: &[&str],
        example: &str,
    ) -> Option<Arguments> {
        let what = format!("`{}`", entry.key.text);
        let node = &entry.value;
        let alone = |this: &mut Self, kind| {
            let value = this.value(node, kind, &what, value_of(example))?;
            let mut arguments = Arguments::default();
            arguments.insert("", value);
            Some(arguments)
        };
        match shape {
            Shape::Keys(keys) => self.named_block(entry, keys, common, example),
            Shape::Value(kind) => alone(self, kind),
            Shape::ValueOrKeys(_, keys) if matches!(node.data, Data::Map(_)) => {
                self.named_block(entry, keys, common, example)
            }
            Shape::ValueOrKeys(kind, _) => alone(self, kind),
        }
    }

    fn named_block(
        &mut self,
        entry: &Entry,
        keys: &'static [DescriptorKey],
        common: &[&str],
        example: &str,
    ) -> Option<Arguments> {
        let known: Vec<&str> = keys.iter().map(|key| key.name).chain(common.iter().copied()).collect();
        let what = format!("`{}`", entry.key.text);
        self.keyed(&entry.value, Some(&entry.key), keys, &known, &what, example)
    }

    /// A mapping inside a matcher or an action.
    pub(super) fn block(
        &mut self,
        node: &Node,
        keys: &'static [DescriptorKey],
        what: &str,
        example: &str,
    ) -> Option<Arguments> {
        let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
        self.keyed(node, None, keys, &known, what, example)
    }

    fn keyed(
        &mut self,
        node: &Node,
        name: Option<&Key>,
        keys: &'static [DescriptorKey],
        known: &[&str],
        what: &str,
        example: &str,
    ) -> Option<Arguments> {
        let before = self.out.errors();
        let example = format!("`{example}`");
        let fields = self.fields(node, &Keys { of: what, known, later: &[], example: &example })?;
        let mut arguments = Arguments::default();
        let mut sound = self.out.errors() == before;
        for key in keys {
            match fields.value(key.name) {
                Some(value) => match self.value(value, key.kind, &format!("`{}`", key.name), key.example) {
                    Some(value) => arguments.insert(key.name, value),
                    None => sound = false,
                },
                None if key.presence == Presence::Required => {
                    sound = false;
                    // Another key in the place of the only one has been reported.
                    let is_other =
                        || keys.len() == 1 && node.entries().is_some_and(|entries| !entries.is_empty());
                    if !Self::may_be_misspelt(node, key.name, known) && !is_other() {
                        let place = name.map_or(node.place, |name| name.place);
                        let message = format!("{what} lacks `{}`", key.name);
                        let help = format!("write `{}: {}`", key.name, key.example);
                        self.report(Diagnostic::new(Code::MissingKey, place, message).help(help));
                    }
                }
                None => {}
            }
        }
        sound.then_some(arguments)
    }

    /// Reports a fault of a constructor.
    pub(super) fn fault(&mut self, entry: &Entry, fault: Fault) {
        let code = match fault.kind {
            FaultKind::MissingKey => Code::MissingKey,
            FaultKind::Conflict => Code::Conflict,
            FaultKind::NeverTrue => Code::NeverTrue,
            FaultKind::Ambiguous => Code::AmbiguousOperand,
            FaultKind::BadOperand => Code::BadOperand,
            FaultKind::Untouchable => Code::Untouchable,
            FaultKind::BadLabelKey | FaultKind::BadLabelValue => Code::BadLabel,
        };
        let (key, node) = locate(entry, &fault.at);
        // What is missing or excluded is a key, and a mapping has no characters of its own.
        let of_key =
            [FaultKind::MissingKey, FaultKind::Conflict, FaultKind::BadLabelKey, FaultKind::Untouchable];
        let at_key = of_key.contains(&fault.kind) || matches!(node.data, Data::Map(_)) || fault.at.is_empty();
        let place = key.filter(|_| at_key).map_or(node.place, |key| key.place);
        self.report_at(node, Diagnostic::new(code, place, fault.message).help(fault.help));
    }
}

/// Follows the keys and indices of a fault as far as the document has them.
pub(super) fn locate<'n>(entry: &'n Entry, at: &[String]) -> (Option<&'n Key>, &'n Node) {
    let (mut key, mut node) = (Some(&entry.key), &entry.value);
    for step in at {
        match &node.data {
            Data::Map(entries) => match entries.iter().find(|entry| entry.key.text == *step) {
                Some(entry) => (key, node) = (Some(&entry.key), &entry.value),
                None => break,
            },
            Data::List(items) => match step.parse::<usize>().ok().and_then(|index| items.get(index)) {
                Some(item) => (key, node) = (None, item),
                None => break,
            },
            // One value that stands for a list of one.
            Data::Scalar(_) | Data::Broken => break,
        }
    }
    (key, node)
}

/// The value in an example of a whole entry: `phase: Failed`.
pub(super) fn value_of(example: &str) -> &str {
    example.split_once(": ").map_or(example, |(_, value)| value)
}
