//! Lowers `valueFrom`, which may stand in the place of an operand or of an action's value.

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::value_from::{Floor, Sourced, ValueFrom};

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
        let arguments = self.block(node, ValueFrom::KEYS, what, EXAMPLE)?;
        let of_floor = ValueFrom::floor_of(kind);
        let min =
            self.misplaced(node, "min", of_floor.is_some(), "bounds what has an order, and texts have none");
        let takes_never = ValueFrom::may_be_endless(kind);
        let never = self.misplaced(node, "never", takes_never, "is for durations and times alone");
        if min || never {
            return None;
        }
        let floor = match node.get("min").zip(of_floor) {
            None => None,
            Some((entry, kind)) => Some(self.floor(&entry.value, kind)?),
        };
        ValueFrom::new(arguments, floor)
    }

    fn floor(&mut self, node: &Node, kind: ValueKind) -> Option<Floor> {
        let floor = Floor::of(self.value(node, kind, "`min`", example(kind))?)?;
        match (kind, &floor) {
            (ValueKind::Natural, Floor::Integer(number)) if *number < 0 => {
                let message = "`min` is below 0, and no number here is";
                let diagnostic = Diagnostic::new(Code::BadOperand, node.place, message);
                self.report_at(node, diagnostic.help("write a whole number from 0 on"));
                None
            }
            _ => Some(floor),
        }
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

/// A value of `min`, as it is written.
fn example(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Integer | ValueKind::Natural => "1",
        ValueKind::Time => "2026-04-01T10:00:00Z",
        _ => "5m",
    }
}
