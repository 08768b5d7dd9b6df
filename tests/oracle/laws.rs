//! Kleene's laws, on matchers of every kind: whatever the parts say, both sides say the same.

use std::sync::OnceLock;

use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::choices::{Choices, bytes_of};
use crate::instants::boundaries;
use crate::objects::{NOON, object};
use crate::pool::{Made, loaded, shown};
use crate::{cases, check, rules, seed};

/// The laws on three matchers, each as the two sides that must agree.
fn laws(a: &Value, b: &Value, c: &Value) -> Vec<(Value, Value)> {
    let all = |parts: &[&Value]| json!({ "all": parts });
    let any = |parts: &[&Value]| json!({ "any": parts });
    let not = |part: &Value| json!({ "not": part });
    vec![
        (not(&not(a)), a.clone()),
        (all(&[a, a]), any(&[a, a])),
        (all(&[a, b]), all(&[b, a])),
        (any(&[a, b]), any(&[b, a])),
        (not(&all(&[a, b])), any(&[&not(a), &not(b)])),
        (not(&any(&[a, b])), all(&[&not(a), &not(b)])),
        (all(&[a, &any(&[b, c])]), any(&[&all(&[a, b]), &all(&[a, c])])),
        (any(&[a, &all(&[b, c])]), all(&[&any(&[a, b]), &any(&[a, c])])),
        (all(&[a, &all(&[b, c])]), all(&[&all(&[a, b]), c])),
        (any(&[a, &any(&[b, c])]), any(&[&any(&[a, b]), c])),
        (all(&[a, &any(&[a, b])]), a.clone()),
        (any(&[a, &all(&[a, b])]), a.clone()),
    ]
}

/// Three matchers in all laws; then themselves, their negations, and what they are in a rule.
struct Family {
    sides: Vec<(Made, Made)>,
    a: Made,
    not_a: Made,
    b: Made,
    contradiction: Made,
    excluded_middle: Made,
    /// `match: [b]`, `unless: [a]`.
    spared: Made,
}

fn families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    FAMILIES.get_or_init(|| {
        let family = |number: u64| {
            let bytes = bytes_of(seed() << 32 | 1 << 31 | number, 400);
            let mut choices = Choices::new(&bytes);
            let [a, b, c] = [1, 1, 0].map(|depth| rules::matcher(&mut choices, depth));
            let rule = |matches: &Value, unless: Option<&Value>| {
                let mut rule = rules::rule(&mut Choices::new(&[]), "rule");
                rule["match"] = json!([matches]);
                unless.into_iter().for_each(|unless| rule["unless"] = json!([unless]));
                rule
            };
            let not_a = json!({ "not": a });
            let mut trees = vec![
                rule(&a, None),
                rule(&not_a, None),
                rule(&b, None),
                rule(&json!({ "all": [a, not_a] }), None),
                rule(&json!({ "any": [a, not_a] }), None),
                rule(&b, Some(&a)),
            ];
            trees.extend(
                laws(&a, &b, &c).iter().flat_map(|(one, other)| [rule(one, None), rule(other, None)]),
            );
            trees.iter_mut().enumerate().for_each(|(at, tree)| tree["name"] = format!("r{at}").into());
            let count = trees.len();
            let mut made = loaded(&trees);
            if made.len() < count {
                return None;
            }
            let mut sides = Vec::new();
            while made.len() > 6 {
                sides.extend(made.pop().zip(made.pop()));
            }
            let [a, not_a, b, contradiction, excluded_middle, spared] = made.try_into().expect("six");
            Some(Family { sides, a, not_a, b, contradiction, excluded_middle, spared })
        };
        (0..u64::from(cases(60))).filter_map(family).collect()
    })
}

#[test]
fn kleene_s_laws_hold_on_every_matcher() {
    check("laws", 9_000, 300, |choices| {
        let family = &families()[choices.below(families().len())];
        let (one, other) = &family.sides[choices.below(family.sides.len())];
        let (which, beside) = (choices.below(256), choices.below(3) as i128 - 1);
        let object = object(choices);
        let boundaries = boundaries(&one.tree, &object);
        let now = boundaries.get(which % boundaries.len().max(1)).copied();
        let now = now.unwrap_or(i128::from(NOON) * 1_000_000_000) + beside;
        let seen = Observation::new(object.clone());
        let truth = |made: &Made| made.truth(&seen, now);
        let shown = |what: &str, made: &Made| shown(what, &made.tree, &object, now);
        let both = shown(&shown("one side", one), other);
        prop_assert_eq!(truth(one), truth(other), "{}", both);
        let a = truth(&family.a);
        prop_assert_eq!(truth(&family.not_a), a.map(|a| !a), "{}", shown("not", &family.not_a));
        let contradiction = truth(&family.contradiction);
        prop_assert_eq!(contradiction, a.map(|_| false), "{}", shown("a and not a", &family.contradiction));
        let middle = truth(&family.excluded_middle);
        prop_assert_eq!(middle, a.map(|_| true), "{}", shown("a or not a", &family.excluded_middle));
        let acts = truth(&family.b) == Some(true) && a == Some(false);
        prop_assert_eq!(truth(&family.spared) == Some(true), acts, "{}", shown("unless", &family.spared));
        Ok(())
    });
}
