//! `stripFinalizers`: frees an object that stays terminating because nobody removes its finalizers.

use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Key, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::observation::Observation;
use crate::projection::Projection;
use crate::values::Globs;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "stripFinalizers",
    summary: "Removes the named finalizers, and no other, from an object that has been terminating for long enough: \
              for what `after` asks, else for what `terminating: { over }` of the rule's `match` asks, else for a \
              minute. Before that it waits.",
    shape: Shape::Keys(&[Key::required(
        "only",
        ValueKind::Globs,
        "The finalizers to remove. `foregroundDeletion`, `orphan` and `*.kubernetes.io/*` count only if \
         spelled out, never by a glob.",
        "[kubevirt.io/*]",
    )]),
    examples: &["stripFinalizers: { only: [kubevirt.io/*, foregroundDeleteVirtualMachine] }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: true, harmless: false },
    build: |mut arguments| {
        Ok(Box::new(StripFinalizers { only: arguments.globs("only").unwrap_or_default() }))
    },
};

#[derive(Debug)]
struct StripFinalizers {
    only: Globs,
}

impl StripFinalizers {
    fn names(&self, finalizer: &str) -> bool {
        if belongs_to_kubernetes(finalizer) {
            self.only.spells_out(finalizer)
        } else {
            self.only.matches(finalizer)
        }
    }
}

/// The finalizers of Kubernetes itself: removing one leaks what it guards (a volume in use, dependents).
fn belongs_to_kubernetes(finalizer: &str) -> bool {
    let domain = finalizer.split_once('/').map_or("", |(domain, _)| domain);
    matches!(finalizer, "foregroundDeletion" | "orphan" | "kubernetes")
        || domain == "kubernetes.io"
        || domain.ends_with(".kubernetes.io")
}

impl Action for StripFinalizers {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let seen = context.object.finalizers();
        let names: Vec<String> =
            seen.iter().filter(|name| self.names(name)).map(ToString::to_string).collect();
        if names.is_empty() {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::StripFinalizers { names, seen: seen.into_iter().map(str::to_owned).collect() })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "finalizers"]);
    }

    /// A glob that can only match finalizers of Kubernetes matches none of them.
    fn idle(&self) -> Option<(String, &'static str)> {
        let is_idle = |source: &String| {
            let plain = source.split(['*', '?', '[']).next().unwrap_or_default();
            plain.len() < source.len() && plain.contains('/') && belongs_to_kubernetes(plain)
        };
        let sources = self.only.sources();
        let included: Vec<&String> = sources.iter().filter(|source| !source.starts_with('!')).collect();
        included.iter().all(|source| is_idle(source)).then(|| {
            let shown = included.iter().map(|source| format!("`{source}`")).collect::<Vec<_>>().join(", ");
            let help = "name each of these finalizers in full, such as `kubernetes.io/pvc-protection`";
            (format!("no glob such as {shown} takes off a finalizer of Kubernetes"), help)
        })
    }

    /// Finalizers of Kubernetes that a glob would take off, if it could.
    fn spares(&self, object: &Observation) -> Option<String> {
        let seen = object.finalizers();
        let spared: Vec<&str> =
            seen.into_iter().filter(|name| self.only.matches(name) && !self.names(name)).collect();
        let names = spared.join(", ");
        (!spared.is_empty()).then(|| format!("{names}: taken off only where spelled out, never by a glob"))
    }

    fn describe(&self) -> String {
        format!("strip the finalizers {}", self.only)
    }
}

#[cfg(test)]
mod tests {
    use crate::effect::Effect;
    use crate::facts::Facts;
    use crate::matcher::Context;
    use crate::observation::Observation;
    use crate::testing::{action, at};
    use serde_json::json;

    fn stripped(only: &[&str], finalizers: &[&str]) -> Vec<String> {
        let object = Observation::new(json!({"metadata": {"finalizers": finalizers}}));
        let facts = Facts::none();
        let context = Context::new(&object, &facts, at("00:00:00"));
        match action("stripFinalizers", json!({ "only": only })).unwrap().effect(&context) {
            Ok(Effect::StripFinalizers { names, seen }) => {
                assert_eq!(seen, finalizers);
                names
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_named_finalizers_go() {
        assert_eq!(stripped(&["kubevirt.io/*"], &["a", "kubevirt.io/x", "b"]), ["kubevirt.io/x"]);
    }

    #[test]
    fn what_a_glob_cannot_take_off_is_named() {
        let spared = |only: &[&str], finalizers: &[&str]| {
            let object = Observation::new(json!({"metadata": {"finalizers": finalizers}}));
            action("stripFinalizers", json!({ "only": only })).unwrap().spares(&object)
        };
        let told = "orphan, kubernetes.io/pvc-protection: taken off only where spelled out, never by a glob";
        let seen = ["orphan", "a/b", "kubernetes.io/pvc-protection"];
        assert_eq!(spared(&["*"], &seen).unwrap(), told);
        assert_eq!(spared(&["*", "orphan", "kubernetes.io/pvc-protection"], &seen), None);
        assert_eq!(spared(&["a/*"], &seen), None);
    }

    #[test]
    fn finalizers_of_kubernetes_go_only_if_spelled_out() {
        let seen =
            ["foregroundDeletion", "orphan", "kubernetes.io/pvc-protection", "x.kubernetes.io/y", "a/b"];
        assert_eq!(stripped(&["*"], &seen), ["a/b"]);
        assert_eq!(stripped(&["*", "orphan", "x.kubernetes.io/*"], &seen), ["orphan", "a/b"]);
        assert_eq!(stripped(&["kubernetes.io/pvc-protection"], &seen), ["kubernetes.io/pvc-protection"]);
    }
}
