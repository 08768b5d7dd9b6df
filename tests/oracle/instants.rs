//! At any one instant the engine says of an object what the model says of it, and says the same of what a
//! projection keeps of the object's bytes.

use k8s_healer_engine::evaluate::explain;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::observation::Observation;
use proptest::prelude::*;
use serde_json::Value;

use crate::choices::Choices;
use crate::field_rules::FORMATS;
use crate::objects::{NOON, object};
use crate::pool::{Made, known, pool, shown};
use crate::{check, model, model_values as values, moment};

const SECOND: i128 = 1_000_000_000;

/// A case: a rule, an object and a moment, which is often the very one at which something changes.
pub(crate) fn case(choices: &mut Choices<'_>) -> (&'static Made, Value, i128) {
    let made = &pool()[choices.below(pool().len())];
    let now = (choices.below(4), choices.below(65_536), choices.below(8));
    let object = object(choices);
    let instant = match now {
        (0, second, _) => (i128::from(NOON) - 16_384 + second as i128) * SECOND,
        (_, which, beside) => {
            let boundaries = boundaries(&made.tree, &object);
            let beside = [0, -1, 1, 1_000_000, -1_000_000, SECOND, -SECOND, 500_000_000][beside];
            boundaries
                .get(which % boundaries.len().max(1))
                .map_or(i128::from(NOON) * SECOND, |at| at + beside)
        }
    };
    (made, object, instant)
}

/// All moments at which time alone may change something: every time in the object, and so much later as
/// the rule asks for.
pub(crate) fn boundaries(tree: &Value, object: &Value) -> Vec<i128> {
    let (mut times, mut durations) = (Vec::new(), Vec::new());
    // A `default` of the rule may be a time too.
    for value in [object, tree] {
        scalars(value, &mut |scalar| times.extend(model::time_of(scalar, &FORMATS)));
    }
    times.extend(model::deletion_asked(object));
    // The object may carry a duration.
    for value in [object, tree] {
        scalars(value, &mut |scalar| durations.extend(scalar.as_str().and_then(values::duration)));
    }
    let later = times.iter().flat_map(|time| durations.iter().map(move |duration| time + duration));
    let mut all: Vec<i128> = times.iter().copied().chain(later).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn scalars(value: &Value, see: &mut dyn FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| scalars(item, see)),
        Value::Object(members) => members.values().for_each(|member| scalars(member, see)),
        scalar => see(scalar),
    }
}

#[test]
fn the_engine_says_of_every_object_what_the_model_says() {
    check("instants", 38_000, 300, |choices| {
        let (made, object, now) = case(choices);
        let expected = model::rule(&made.tree, &object, now);
        let verdict = made.evaluate(&Observation::new(object.clone()), now);
        let shown = |what: String| shown(&what, &made.tree, &object, now);
        prop_assert_eq!(known(verdict.truth), expected.truth, "{}", shown(format!("{verdict:?}")));
        let since = verdict.holds_since.map(jiff::Timestamp::as_nanosecond);
        prop_assert_eq!(since, expected.since, "{}", shown(format!("since when? {verdict:?}")));
        Ok(())
    });
}

#[test]
fn a_projection_loses_nothing_that_a_rule_reads() {
    check("projections", 15_000, 300, |choices| {
        let (made, object, now) = case(choices);
        let mut projection = made.projection.clone();
        // A kind is read through one projection for all its rules.
        let others = choices.below(8);
        for _ in 0..others {
            projection.merge(&pool()[choices.below(pool().len())].projection);
        }
        let bytes = written(choices, &object);
        let whole = Observation::new(object.clone());
        let read = Observation::new(projection.parse(bytes.as_bytes()).expect("an object"));
        let shown = |what: &str| shown(what, &made.tree, &object, now);
        let seen = shown(&format!("read as {}", read.object()));
        prop_assert_eq!(made.evaluate(&read, now), made.evaluate(&whole, now), "{}", seen);
        let facts = Facts::none();
        let told = |object| explain(&made.rule, object, &facts, moment(now));
        prop_assert_eq!(told(&read), told(&whole), "{}", shown("explained"));
        // What no rule reads is not kept.
        let text = made.tree.to_string();
        let kept = read.object()["metadata"].get("managedFields").is_some();
        let reads_all = others > 0 || text.contains("$..") || text.contains("$.metadata.*");
        prop_assert!(reads_all || !kept, "{}", shown("kept too much"));
        Ok(())
    });
}

/// The same object in other bytes: with space between, or with letters written as their numbers.
fn written(choices: &mut Choices<'_>, object: &Value) -> String {
    match choices.below(4) {
        0 => serde_json::to_string_pretty(object).expect("an object"),
        1 => {
            object.to_string().replace("\"status\"", "\"\\u0073tatus\"").replace("\"type\"", "\"typ\\u0065\"")
        }
        _ => object.to_string(),
    }
}
