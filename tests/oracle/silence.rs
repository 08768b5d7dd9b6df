//! What is not there is never true: neither a matcher that asks for it nor its negation, whether the field is
//! missing, null, or something stands there that has no such field.

use std::sync::OnceLock;

use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::choices::{Choices, bytes_of};
use crate::objects::{NOON, object};
use crate::pool::{Made, loaded, shown};
use crate::{cases, check, rules, seed};

/// A matcher that may be unknown, as the rule that asks for it and the one that asks for its negation.
fn pairs() -> &'static [(Made, Made)] {
    static PAIRS: OnceLock<Vec<(Made, Made)>> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let pair = |number: u64| {
            let bytes = bytes_of(seed() << 32 | 1 << 30 | number, 200);
            let leaf = rules::matcher(&mut Choices::new(&bytes), 0);
            let (name, asked) = leaf.as_object()?.iter().next()?;
            let reports = ["age", "field", "phase", "condition", "containers"].contains(&name.as_str());
            let tolerant = asked.get("default").is_some() || asks_only_existence(asked);
            if !reports || tolerant || asked["path"] == "$.metadata.*" {
                return None;
            }
            let mut rule = rules::rule(&mut Choices::new(&[]), "is");
            rule["match"] = json!([leaf]);
            let mut negation = rule.clone();
            negation["match"] = json!([{ "not": leaf }]);
            negation["name"] = "is-not".into();
            let [is, is_not] = loaded(&[rule, negation]).try_into().ok()?;
            Some((is, is_not))
        };
        (0..u64::from(cases(500))).filter_map(pair).collect()
    })
}

fn asks_only_existence(asked: &Value) -> bool {
    asked.as_object().is_some_and(|keys| keys.keys().all(|key| key == "path" || key == "exists"))
}

/// Takes away what the matchers look at, in one of the ways in which a field is not there.
fn without(choices: &mut Choices<'_>, mut object: Value) -> Value {
    let way = choices.below(4);
    for (parent, key) in [
        ("", "status"),
        ("", "spec"),
        ("/metadata", "labels"),
        ("/metadata", "annotations"),
        ("/metadata", "generation"),
        ("/metadata", "creationTimestamp"),
    ] {
        let parent = object.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        match way {
            0 => drop(parent.remove(key)),
            1 => drop(parent.insert(key.to_owned(), Value::Null)),
            // A list and a text have no members; where they themselves are asked for, they are there.
            2 if key == "spec" || key == "status" => drop(parent.insert(key.to_owned(), json!([]))),
            3 if key == "spec" || key == "status" => drop(parent.insert(key.to_owned(), json!("odd"))),
            _ => drop(parent.remove(key)),
        }
    }
    object
}

#[test]
fn what_is_missing_is_never_true_and_neither_is_its_negation() {
    check("silence", 6_000, 300, |choices| {
        let (is, is_not) = &pairs()[choices.below(pairs().len())];
        let object = object(choices);
        let object = without(choices, object);
        let now = (i128::from(NOON) + choices.below(7200) as i128) * 1_000_000_000;
        let seen = Observation::new(object.clone());
        for made in [is, is_not] {
            let verdict = made.evaluate(&seen, now);
            let shown = shown(&format!("{verdict:?}"), &made.tree, &object, now);
            prop_assert_eq!(made.truth(&seen, now), None, "{}", &shown);
            prop_assert!(verdict.changes_at.is_none(), "{}", &shown);
        }
        Ok(())
    });
}
