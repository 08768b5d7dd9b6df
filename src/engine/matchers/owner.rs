//! `owner`: the object's owner references. They are a mark, so always known; whether these objects still exist is
//! a fact of others.

use crate::asked::Asked;
use crate::demand::Demand;
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::facts::{Fact, Others};
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::truth::Truth;
use crate::value_from::Listed;
use crate::verdict::Verdict;
use serde_json::Value;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "owner",
    summary: "An owner reference exists, of this kind, that is the managing controller; or none does; or the owners are gone.",
    shape: Shape::Keys(&[
        Key::asking("exists", ValueKind::Bool, "Whether such a reference exists.", "true").or("true"),
        Key::asking("kind", ValueKind::Words, "The owner is of one of these kinds.", "[ReplicaSet, Job]"),
        Key::asking("controller", ValueKind::Bool, "Whether the owner is the managing controller.", "true"),
        Key::asking(
            "missing",
            ValueKind::Bool,
            "Whether it has owners and none of these objects, by their uids, exists any more.",
            "true",
        ),
    ]),
    unknown_when: "`missing` is asked and an owner could not be looked up, or its kind is not served; or a \
                   `valueFrom` cannot be read",
    examples: &[
        "owner: { exists: true }",
        "owner: { kind: [ReplicaSet], controller: true }",
        "owner: { missing: true }",
    ],
    kinds: &[],
    build: |mut arguments| {
        if arguments.is_empty() {
            let help = "write `exists: true`, `kind: [Job]`, `controller: true` or `missing: true`";
            return Err(Fault::new(FaultKind::MissingKey, "`owner` asks nothing", help));
        }
        let (exists, missing) = (arguments.boolean("exists"), arguments.boolean("missing"));
        let kinds = arguments.words("kind");
        let controller = arguments.boolean("controller");
        if missing == Some(true) && exists == Some(false) && kinds.is_none() && controller.is_none() {
            let message = "`owner` can never be true: what has no owner has none that is missing";
            return Err(Fault::new(FaultKind::NeverTrue, message, "keep one of them").under("missing"));
        }
        let asks_marks = exists.is_some() || kinds.is_some() || controller.is_some();
        Ok(Box::new(Owner {
            exists: (asks_marks || missing.is_none()).then_some(exists.unwrap_or(true)),
            kinds,
            controller,
            missing,
        }))
    },
};

#[derive(Debug)]
struct Owner {
    /// Whether a reference exists that is as asked; `None`: only `missing` is asked.
    exists: Option<bool>,
    kinds: Option<Listed<String>>,
    controller: Option<bool>,
    missing: Option<bool>,
}

/// Whether all owners are gone; of what has none, that is false.
fn missing(context: &Context<'_>) -> Verdict {
    let owners = context.object.owners();
    if owners.is_empty() {
        return Verdict::fixed(false);
    }
    Verdict::all(owners.iter().map(|owner| {
        if owner.uid.is_empty() {
            return Verdict::unknown();
        }
        let fact = Fact::Owner(owner.uid.to_owned());
        let gone = match context.facts.get(&fact) {
            Some(Value::Bool(exists)) => Verdict::fixed(!exists),
            _ => Verdict::unknown(),
        };
        Verdict { waits_for: vec![fact], ..gone }
    }))
}

impl Owner {
    /// Whether there is such a reference. While a kind cannot be read, only one that is found is known.
    fn found(&self, context: &Context<'_>) -> Truth {
        let object = context.object.object();
        let is_of = |kind: &str| {
            self.kinds.as_ref().map_or(Truth::True, |kinds| kinds.any(object, |asked| asked.as_str() == kind))
        };
        let owners = context.object.owners();
        let fits = owners.iter().map(|owner| {
            let controls = self.controller.is_none_or(|controller| controller == owner.controller);
            is_of(owner.kind).min(controls.into())
        });
        let none = self.kinds.as_ref().map_or(Truth::False, |kinds| kinds.any(object, |_| false));
        fits.fold(none, Truth::max)
    }
}

impl Matcher for Owner {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let marks = self.exists.map(|exists| match Verdict::fixed(self.found(context)) {
            found if exists => found,
            found => found.negated(),
        });
        let missing = self.missing.map(|asked| match missing(context) {
            all_gone if asked => all_gone,
            all_gone => all_gone.negated(),
        });
        Verdict::all(marks.into_iter().chain(missing))
    }

    fn reads_of_others(&self, others: &mut Others) {
        others.owners |= self.missing.is_some();
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "ownerReferences"]);
        self.kinds.iter().for_each(|kinds| kinds.reads(projection));
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.kinds.iter().flat_map(|kinds| kinds.asks(&["kind"])).collect()
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let owners = context.object.owners();
        let object = context.object.object();
        let unread = self.kinds.as_ref().and_then(|kinds| kinds.unread(object));
        let unread = unread.map(|unread| format!(", of a kind {unread}")).unwrap_or_default();
        if owners.is_empty() {
            return format!("no owner{unread}");
        }
        let gone = |uid: &str| match context.facts.get(&Fact::Owner(uid.to_owned())) {
            Some(Value::Bool(false)) => " (gone)",
            Some(Value::Bool(true)) => "",
            _ if self.missing.is_none() => "",
            _ if uid.is_empty() => ", whose uid is missing",
            _ => ", which could not be looked up",
        };
        let shown = owners.iter().map(|owner| format!("{} {}{}", owner.kind, owner.name, gone(owner.uid)));
        format!("owner {}{unread}", shown.collect::<Vec<_>>().join(", "))
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        let is_any = self.kinds.is_none() && self.controller.is_none();
        let there = match self.exists {
            _ if self.missing == Some(true) => Some(true),
            Some(true) => Some(true),
            Some(false) if is_any => Some(false),
            _ => None,
        };
        there.map(|there| Demand::presence("its owners", there)).into_iter().collect()
    }

    fn implies(&self) -> Implied {
        Implied { owner_checked: true, ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{Fact, Facts};
    use crate::testing::{matcher, verdict, verdict_with};
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
    fn owners_are_missing_where_each_of_them_is_known_to_be_gone() {
        let object = |uids: &[&str]| {
            let owners = uids.iter().map(|uid| json!({"kind": "Job", "name": "a", "uid": uid}));
            json!({"metadata": {"ownerReferences": owners.collect::<Vec<_>>()}})
        };
        let known = Facts::none()
            .with(Fact::Owner("gone".to_owned()), json!(false))
            .with(Fact::Owner("gone-too".to_owned()), json!(false))
            .with(Fact::Owner("there".to_owned()), json!(true))
            .with(Fact::Owner("odd".to_owned()), json!(null));
        for (uids, missing) in [
            (&[][..], Truth::False),
            (&["gone"], Truth::True),
            (&["gone", "gone-too"], Truth::True),
            (&["gone", "there"], Truth::False),
            (&["unasked", "there"], Truth::False),
            (&["gone", "unasked"], Truth::Unknown),
            (&["unasked"], Truth::Unknown),
            (&["odd"], Truth::Unknown),
            (&[""], Truth::Unknown),
        ] {
            let truth = |rule| verdict_with("owner", rule, &object(uids), &known, "00:00:00").truth;
            assert_eq!(truth(json!({"missing": true})), missing, "{uids:?}");
            assert_eq!(truth(json!({"missing": false})), missing.negated(), "{uids:?}");
            let of_pods = truth(json!({"missing": true, "kind": ["Pod"]}));
            assert_eq!(of_pods, Truth::False, "all keys must hold");
        }
        let waits = verdict_with("owner", json!({"missing": true}), &object(&["gone"]), &known, "00:00:00");
        assert_eq!(waits.waits_for, [Fact::Owner("gone".to_owned())], "it may come again");
        assert!(matcher("owner", json!({"exists": false, "missing": true})).is_err());
    }

    #[test]
    fn a_bare_object_is_known_to_have_no_owner() {
        assert_eq!(verdict("owner", json!({"kind": "Job"}), &json!({}), "00:00:00").truth, Truth::False);
        let negated = json!({"owner": {"kind": ["Job"]}});
        assert_eq!(verdict("not", negated, &json!({}), "00:00:00").truth, Truth::True);
    }
}
