//! Rules that hang on other objects, on priorities and on expressions: with all that may be known of the others, known
//! not to be there, or not known, the engine says what the model says, and hangs on no fact that it does not name.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::choices::{Choices, bytes_of};
use crate::field_rules::{Kind, carried};
use crate::instants::boundaries;
use crate::model_others::KNOWN;
use crate::objects::{NOON, object};
use crate::pool::{Made, known, loaded, shown};
use crate::rules::{PHASES, annotations, condition, labels, words};
use crate::{cases, check, expressions, model, moment, rules, seed};

const SECOND: i128 = 1_000_000_000;
const NODES: [&str; 2] = ["node-1", "node-2"];
const UIDS: [&str; 3] = ["u-1", "u-2", "u-3"];
const AGES: [&str; 5] = ["6m", "1h", "0s", "2d", "90s"];
const CLASSES: [&str; 3] = ["batch", "low", "high"];

/// The one entry's value.
fn under(entry: Value, name: &str) -> Value {
    entry[name].clone()
}

fn leaf(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    match choices.below(9) {
        0 | 1 => json!({ "cel": expressions::written(choices) }),
        2 | 3 => {
            match choices.below(4) {
                0 => drop(asked.insert("missing".to_owned(), choices.one_in(2).into())),
                1 => drop(asked.insert("ready".to_owned(), choices.one_in(2).into())),
                2 => drop(asked.insert("labels".to_owned(), under(labels(choices), "labels"))),
                _ => drop(asked.insert("condition".to_owned(), under(condition(choices), "condition"))),
            }
            if choices.one_in(4) {
                asked.insert("missing".to_owned(), false.into());
            }
            json!({ "node": asked })
        }
        4 | 5 => {
            match choices.below(4) {
                0 => drop(asked.insert("labels".to_owned(), under(labels(choices), "labels"))),
                1 => drop(asked.insert("annotations".to_owned(), under(annotations(choices), "annotations"))),
                2 => drop(asked.insert("phase".to_owned(), words(choices, &PHASES))),
                _ => drop(asked.insert("age".to_owned(), json!({ "over": choices.pick(&AGES) }))),
            }
            if choices.one_in(3) {
                asked.insert("age".to_owned(), json!({ "under": choices.pick(&AGES) }));
            }
            json!({ "namespace": asked })
        }
        6 | 7 => {
            asked.insert("missing".to_owned(), choices.mostly(3).into());
            if choices.one_in(3) {
                asked.insert("kind".to_owned(), words(choices, &rules::OWNERS));
            }
            json!({ "owner": asked })
        }
        _ => {
            if choices.one_in(2) {
                asked.insert("class".to_owned(), words(choices, &CLASSES));
            }
            let bound = |choices: &mut Choices<'_>| match choices.below(4) {
                0 => carried(choices, Kind::Number),
                _ => choices.pick(&[0, 1000, -5, 7]).into(),
            };
            match choices.below(3) {
                0 if !asked.is_empty() => {}
                1 => drop(asked.insert("below".to_owned(), bound(choices))),
                _ => drop(asked.insert("atLeast".to_owned(), bound(choices))),
            }
            json!({ "priority": asked })
        }
    }
}

fn matcher(choices: &mut Choices<'_>, depth: usize) -> Value {
    if depth == 0 || !choices.one_in(3) {
        // Others stand beside them, since the rules of Kleene's logic hold for all.
        return if choices.one_in(6) { rules::matcher(choices, 0) } else { leaf(choices) };
    }
    match choices.below(3) {
        0 => json!({ "not": matcher(choices, depth - 1) }),
        1 => json!({ "all": [matcher(choices, depth - 1), matcher(choices, depth - 1)] }),
        _ => json!({ "any": [matcher(choices, depth - 1), matcher(choices, depth - 1)] }),
    }
}

fn pool() -> &'static [Made] {
    static POOL: OnceLock<Vec<Made>> = OnceLock::new();
    POOL.get_or_init(|| {
        let count = u64::from(cases(800));
        let tree = |number: u64| {
            let bytes = bytes_of(seed() << 32 | 3 << 29 | number, 400);
            let mut choices = Choices::new(&bytes);
            let mut rule = rules::rule(&mut Choices::new(&[]), &format!("r{number}"));
            rule["match"] = (0..=choices.below(2)).map(|_| matcher(&mut choices, 2)).collect();
            if choices.one_in(4) {
                rule["unless"] = json!([matcher(&mut choices, 2)]);
            }
            rule
        };
        // A path to everywhere would find what is known beside the object.
        let goes_everywhere = |tree: &Value| {
            let text = tree.to_string();
            text.contains("$..") || text.contains("$.*") || text.contains("$[")
        };
        let trees: Vec<Value> = (0..count).map(tree).filter(|tree| !goes_everywhere(tree)).collect();
        let made = loaded(&trees);
        assert!(made.len() as u64 > count / 2, "{} rules of {count} are sound", made.len());
        made
    })
}

/// An object that is bound to a node, has owners and a priority; now and then it has not.
fn bound(choices: &mut Choices<'_>) -> Value {
    let mut object = object(choices);
    if let Some(spec) = object["spec"].as_object_mut() {
        if choices.mostly(4) {
            spec.insert("nodeName".to_owned(), choices.pick(&["node-1", "node-2", ""]).into());
        }
        if choices.mostly(4) {
            spec.insert(
                "priority".to_owned(),
                choices.pick(&[&json!(0), &json!(1000), &json!(-5), &json!("7"), &json!(null)]).clone(),
            );
        }
        if choices.mostly(3) {
            spec.insert("priorityClassName".to_owned(), choices.pick(&["batch", "low", ""]).into());
        }
    }
    if choices.one_in(3)
        && let Some(status) = object["status"].as_object_mut()
    {
        status.insert("nodeName".to_owned(), choices.pick(&NODES).into());
    }
    if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
        for owner in owners.iter_mut().filter_map(Value::as_object_mut) {
            if choices.mostly(6) {
                owner.insert("uid".to_owned(), choices.pick(&UIDS).into());
            }
        }
    }
    object
}

/// Known, known not to be there, or not known.
fn fact(choices: &mut Choices<'_>, make: impl Fn(&mut Choices<'_>) -> Value) -> Option<Value> {
    match choices.below(5) {
        0 => None,
        1 => Some(Value::Null),
        _ => Some(make(choices)),
    }
}

/// All that may be asked of others about any object.
fn facts(choices: &mut Choices<'_>) -> Vec<(Fact, Value)> {
    let mut facts = Vec::new();
    facts.extend(fact(choices, object).map(|value| (Fact::Namespace("test-a".to_owned()), value)));
    for name in NODES {
        facts.extend(fact(choices, object).map(|value| (Fact::Node(name.to_owned()), value)));
    }
    for uid in UIDS {
        let exists = match choices.below(3) {
            0 => continue,
            1 => true,
            _ => false,
        };
        facts.push((Fact::Owner(uid.to_owned()), exists.into()));
    }
    facts
}

fn known_to_the_model(object: &Value, facts: &[(Fact, Value)]) -> Value {
    let mut known = json!({ "nodes": {}, "owners": {} });
    for (fact, value) in facts {
        match fact {
            Fact::Namespace(_) => known["namespace"] = value.clone(),
            Fact::Node(name) => known["nodes"][name.as_str()] = value.clone(),
            Fact::Owner(uid) => known["owners"][uid.as_str()] = value.clone(),
            Fact::Strained => {}
        }
    }
    let mut object = object.clone();
    object[KNOWN] = known;
    object
}

fn given(facts: &[(Fact, Value)]) -> Facts {
    facts.iter().fold(Facts::none(), |all, (fact, value)| all.with(fact.clone(), value.clone()))
}

/// As the daemon keeps them: only what the rule reads of the others.
fn read(made: &Made, facts: &[(Fact, Value)]) -> Facts {
    let mut others = Others::default();
    made.rule.reads_of_others(&mut others);
    let kept = facts.iter().filter_map(|(fact, value)| {
        let projection = match fact {
            Fact::Namespace(_) => others.namespaces.as_ref()?,
            Fact::Node(_) => others.nodes.as_ref()?,
            Fact::Owner(_) => return others.owners.then(|| (fact.clone(), value.clone())),
            Fact::Strained => return None,
        };
        let read = projection.parse(value.to_string().as_bytes()).expect("an object");
        Some((fact.clone(), if value.is_null() { Value::Null } else { read }))
    });
    given(&kept.collect::<Vec<_>>())
}

#[test]
fn the_engine_says_of_what_hangs_on_others_what_the_model_says() {
    check("others", 2_500, 500, |choices| {
        let made = &pool()[choices.below(pool().len())];
        let (which, beside) = (choices.below(65_536), choices.below(3) as i128 - 1);
        let object = bound(choices);
        let facts = facts(choices);
        let both = known_to_the_model(&object, &facts);
        let boundaries = boundaries(&made.tree, &both);
        let now = boundaries.get(which % boundaries.len().max(1)).copied();
        let now = now.unwrap_or(i128::from(NOON) * SECOND) + beside;
        let expected = model::rule(&made.tree, &both, now);
        let seen = Observation::new(object.clone());
        let verdict = evaluate(&made.rule, &seen, &given(&facts), moment(now));
        let shown = |what: String| shown(&format!("{what}\nwith {facts:?}"), &made.tree, &object, now);
        prop_assert_eq!(known(verdict.truth), expected.truth, "{}", shown(format!("{verdict:?}")));
        let since = verdict.holds_since.map(jiff::Timestamp::as_nanosecond);
        prop_assert_eq!(since, expected.since, "{}", shown(format!("since when? {verdict:?}")));
        // A projection of the object and of the others loses nothing.
        let projected =
            Observation::new(made.projection.parse(object.to_string().as_bytes()).expect("an object"));
        let again = evaluate(&made.rule, &projected, &read(made, &facts), moment(now));
        prop_assert_eq!(&again, &verdict, "{}", shown("projected".to_owned()));
        // What it does not wait for may be anything.
        let awaited: BTreeSet<&Fact> = verdict.waits_for.iter().collect();
        let other = self::facts(choices);
        let mixed: Vec<(Fact, Value)> = facts
            .iter()
            .filter(|(fact, _)| awaited.contains(fact))
            .chain(other.iter().filter(|(fact, _)| !awaited.contains(fact)))
            .cloned()
            .collect();
        let without = evaluate(&made.rule, &seen, &given(&mixed), moment(now));
        prop_assert_eq!(
            without.truth,
            verdict.truth,
            "{}",
            shown(format!("it hangs on more than {awaited:?}"))
        );
        Ok(())
    });
}
