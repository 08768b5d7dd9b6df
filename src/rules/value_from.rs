//! Lowers `valueFrom`, which may stand in the place of an operand or of an action's value.

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::value_from::{Sourced, ValueFrom};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::lowering::Lowering;
use super::node::Node;

const EXAMPLE: &str = "{ valueFrom: \"$.metadata.annotations['janitor/ttl']\" }";

/// Whether a mapping is meant to say where the object carries a value.
pub(super) fn is_meant(node: &Node) -> bool {
    let names: Vec<&str> = ValueFrom::KEYS.iter().map(|key| key.name).collect();
    let has = |name: &&str| node.get(name).is_some() || Lowering::may_be_misspelt(node, name, &names);
    names.iter().any(has)
}

impl Lowering<'_> {
    /// A value as `lower` reads it, or where the object carries it.
    pub(super) fn sourced<T>(
        &mut self,
        node: &Node,
        kind: ValueKind,
        what: &str,
        lower: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<Sourced<T>> {
        if is_meant(node) {
            self.value_from(node, kind, what).map(Sourced::From)
        } else {
            lower(self, node).map(Sourced::Literal)
        }
    }

    /// Where the object carries a value of this kind.
    pub(super) fn value_from(&mut self, node: &Node, kind: ValueKind, what: &str) -> Option<ValueFrom> {
        let from = self.block(node, ValueFrom::KEYS, what, EXAMPLE).and_then(ValueFrom::new)?;
        // What a literal is read as is for its operator to say, and so is what may stand here then.
        let (takes_min, takes_never) = match kind {
            ValueKind::Duration | ValueKind::Literal | ValueKind::Literals => (true, true),
            ValueKind::Time => (false, true),
            _ => (false, false),
        };
        let min = self.misplaced(node, "min", takes_min, "bounds durations alone");
        let never = self.misplaced(node, "never", takes_never, "is for durations and times alone");
        (!min && !never).then_some(from)
    }

    /// Reports a key that means nothing here.
    fn misplaced(&mut self, node: &Node, key: &str, taken: bool, why: &str) -> bool {
        let Some(entry) = node.get(key).filter(|_| !taken) else { return false };
        let message = format!("`{key}` {why}");
        let diagnostic = Diagnostic::new(Code::BadOperand, entry.key.place, message);
        self.report(diagnostic.help(format!("leave `{key}` out")));
        true
    }
}
