//! `owner`: the object's owner references. They are a mark, so always known.

use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "owner",
    summary: "An owner reference exists, of this kind, that is the managing controller; or none does.",
    shape: Shape::Keys(&[
        Key::optional("exists", ValueKind::Bool, "Whether such a reference exists.", "true").or("true"),
        Key::optional("kind", ValueKind::Texts, "The owner is of one of these kinds.", "[ReplicaSet, Job]"),
        Key::optional("controller", ValueKind::Bool, "Whether the owner is the managing controller.", "true"),
    ]),
    unknown_when: "",
    examples: &["owner: { exists: true }", "owner: { kind: [ReplicaSet], controller: true }"],
    kinds: &[],
    build: |mut arguments| {
        if arguments.is_empty() {
            let help = "write `exists: true`, `kind: [Job]` or `controller: true`";
            return Err(Fault::new(FaultKind::MissingKey, "`owner` asks nothing", help));
        }
        Ok(Box::new(Owner {
            exists: arguments.boolean("exists").unwrap_or(true),
            kinds: arguments.texts("kind").unwrap_or_default(),
            controller: arguments.boolean("controller"),
        }))
    },
};

#[derive(Debug)]
struct Owner {
    exists: bool,
    kinds: Vec<String>,
    controller: Option<bool>,
}

impl Matcher for Owner {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let found = context.object.owners().iter().any(|owner| {
            (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == owner.kind))
                && self.controller.is_none_or(|controller| controller == owner.controller)
        });
        Verdict::fixed(found == self.exists)
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "ownerReferences"]);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let owners = context.object.owners();
        if owners.is_empty() {
            return "no owner".to_owned();
        }
        let shown = owners.iter().map(|owner| format!("{} {}", owner.kind, owner.name));
        format!("owner {}", shown.collect::<Vec<_>>().join(", "))
    }

    fn implies(&self) -> Implied {
        Implied { owner_checked: true, ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::verdict;
    use crate::truth::Truth;
    use serde_json::json;

    #[test]
    fn one_reference_satisfies_all_that_is_asked() {
        let object = json!({"metadata": {"ownerReferences": [
            {"kind": "Job", "name": "a", "uid": "1"},
            {"kind": "ReplicaSet", "name": "b", "uid": "2", "controller": true}]}});
        for (rule, truth) in [
            (json!({"exists": true}), Truth::True),
            (json!({"exists": false}), Truth::False),
            (json!({"kind": "Job"}), Truth::True),
            (json!({"kind": "Job", "controller": true}), Truth::False),
            (json!({"kind": ["Job", "ReplicaSet"], "controller": true}), Truth::True),
            (json!({"exists": false, "kind": ["DaemonSet"]}), Truth::True),
        ] {
            assert_eq!(verdict("owner", rule.clone(), &object, "00:00:00").truth, truth, "{rule}");
        }
    }

    #[test]
    fn a_bare_object_is_known_to_have_no_owner() {
        assert_eq!(verdict("owner", json!({"kind": "Job"}), &json!({}), "00:00:00").truth, Truth::False);
        let negated = json!({"owner": {"kind": ["Job"]}});
        assert_eq!(verdict("not", negated, &json!({}), "00:00:00").truth, Truth::True);
    }
}
