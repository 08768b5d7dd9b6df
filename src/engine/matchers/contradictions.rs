//! Operators of `field` that no value satisfies together: found when the rule is read, since a rule that
//! can never be true is a slip of its writer.

use std::cmp::Ordering;
use std::time::Duration;

use super::operand::Operand;
use super::operators::Test;
use super::term::{Term, Terms};
use crate::descriptor::{Fault, FaultKind};
use crate::value_from::Sourced;

/// What is wrong: the key to be mended, why, and what to do.
type Contradiction = (&'static str, String, &'static str);

/// Refuses what no value can satisfy.
pub(super) fn check(tests: &[Test]) -> Result<(), Fault> {
    let pairs = tests.iter().flat_map(|test| tests.iter().map(move |other| (test, other)));
    let found = tests.iter().find_map(alone).or_else(|| {
        pairs.into_iter().find_map(|(test, other)| {
            absent(test, other).or_else(|| excluded(test, other)).or_else(|| empty(test, other))
        })
    });
    match found {
        None => Ok(()),
        Some((key, why, help)) => {
            let message = format!("`field` can never be true: {why}");
            Err(Fault::new(FaultKind::NeverTrue, message, help).under(key))
        }
    }
}

/// What no value satisfies by itself.
fn alone(test: &Test) -> Option<Contradiction> {
    match test {
        Test::Size(Sourced::Literal(count)) if count.is_impossible() => {
            Some(("size", format!("`{count}` holds for no size"), "write `\"> 0\"`"))
        }
        Test::NewerThan(Sourced::Literal(Duration::ZERO)) => {
            Some(("newerThan", "nothing is newer than 0s".to_owned(), "write a longer duration"))
        }
        Test::In(Terms::Each(list)) if list.is_empty() => {
            Some(("in", "`in` names no value".to_owned(), "name at least one value"))
        }
        _ => None,
    }
}

/// A null has no value that any other operator could ask for.
fn absent(test: &Test, other: &Test) -> Option<Contradiction> {
    let asks_value = !matches!(other, Test::Exists(_));
    (matches!(test, Test::Exists(false)) && asks_value)
        .then(|| ("exists", "it is not there, and has a value".to_owned(), "leave `exists: false` out"))
}

/// Where `equals` or `in` says which values there may be, and another operator takes all of them away.
fn excluded(test: &Test, other: &Test) -> Option<Contradiction> {
    let (key, values) = match test {
        Test::Equals(value) => ("equals", vec![value.literal()?]),
        Test::In(values) => ("in", values.literals()?),
        _ => return None,
    };
    let none = |possible: &dyn Fn(&Operand) -> bool| !values.iter().any(|value| possible(value));
    let is_alone = key == "equals";
    let unmatched = || match values.as_slice() {
        [Operand::Text(text)] => format!("`{text}` does not match it"),
        _ => format!("no value of `{key}` matches it"),
    };
    let (at, why) = match other {
        Test::NotEquals(Term::Literal(b)) if none(&|a| !same(a, b)) => {
            ("notEquals", format!("`{key}` and `notEquals` name the same value"))
        }
        Test::In(list)
            if is_alone && list.literals().is_some_and(|list| none(&|a| list.iter().any(|b| same(a, b)))) =>
        {
            ("in", "the value of `equals` is not among `in`".to_owned())
        }
        Test::NotIn(list)
            if list.literals().is_some_and(|list| none(&|a| !list.iter().any(|b| same(a, b)))) =>
        {
            let which = if is_alone { "the value of `equals`" } else { "every value of `in`" };
            ("notIn", format!("{which} is among `notIn`"))
        }
        Test::Glob(globs) if none(&|a| matches(a, &|text| globs.matches(text))) => ("glob", unmatched()),
        Test::Matches(pattern) if none(&|a| matches(a, &|text| pattern.matches(text))) => {
            ("matches", unmatched())
        }
        Test::Ordered(operator, Term::Literal(bound))
            if none(&|a| a.compare(bound).is_none_or(|order| ordered(operator, order))) =>
        {
            let which = if is_alone { "the value of `equals` is not" } else { "no value of `in` is" };
            (*operator, format!("{which} in the range of `{operator}`"))
        }
        Test::Size(_) => ("size", format!("a list or a mapping is no value of `{key}`")),
        _ => return None,
    };
    Some((at, why, "keep one of the two"))
}

/// Ranges without anything in them.
fn empty(test: &Test, other: &Test) -> Option<Contradiction> {
    match (test, other) {
        (
            Test::Ordered(lower @ ("gt" | "gte"), Term::Literal(low)),
            Test::Ordered(upper @ ("lt" | "lte"), Term::Literal(high)),
        ) if is_empty_range(lower, low, upper, high) => {
            let why = format!("nothing is in the range of `{lower}` and `{upper}`");
            Some((upper, why, "widen the range"))
        }
        (Test::OlderThan(Sourced::Literal(older)), Test::NewerThan(Sourced::Literal(newer)))
            if older >= newer =>
        {
            let why = "no time lies between `olderThan` and `newerThan`".to_owned();
            Some(("newerThan", why, "make `olderThan` the shorter one"))
        }
        (Test::Before(Sourced::Literal(before)), Test::After(Sourced::Literal(after))) if before <= after => {
            let why = "no time lies after `after` and before `before`".to_owned();
            Some(("before", why, "make `before` the later one"))
        }
        _ => None,
    }
}

fn same(a: &Operand, b: &Operand) -> bool {
    a.compare(b) == Some(Ordering::Equal)
}

/// Numbers and booleans have no text; quantities, durations and times are written in many ways.
fn matches(operand: &Operand, text_matches: &dyn Fn(&str) -> bool) -> bool {
    match operand {
        Operand::Text(text) => text_matches(text),
        Operand::Number(_) | Operand::Bool(_) => false,
        Operand::Quantity(_) | Operand::Duration(_) | Operand::Time(_) => true,
    }
}

fn is_empty_range(lower: &str, low: &Operand, upper: &str, high: &Operand) -> bool {
    match low.compare(high) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => lower == "gt" || upper == "lt",
        _ => false,
    }
}

/// Whether two operands in this order satisfy `gt`, `gte`, `lt` or `lte`.
pub(super) fn ordered(operator: &str, order: Ordering) -> bool {
    match operator {
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::FaultKind;
    use crate::testing::matcher;
    use serde_json::{Value, json};

    fn fault(operators: &Value) -> Option<(FaultKind, String)> {
        let mut rule = operators.clone();
        rule["path"] = "$.a".into();
        matcher("field", rule).err().map(|fault| (fault.kind, fault.at.join(".")))
    }

    #[test]
    fn operators_that_exclude_each_other_are_faults_at_the_one_to_be_mended() {
        for (operators, at) in [
            (json!({"equals": "x", "notEquals": "x"}), "notEquals"),
            (json!({"in": ["x"], "notEquals": "x"}), "notEquals"),
            (json!({"equals": "x", "in": ["y"]}), "in"),
            (json!({"in": ["x", "y"], "notIn": ["y", "z", "x"]}), "notIn"),
            (json!({"equals": "x", "glob": "y*"}), "glob"),
            (json!({"in": ["x", "z"], "glob": "y*"}), "glob"),
            (json!({"in": ["x", "z"], "matches": "y"}), "matches"),
            (json!({"equals": 5, "glob": "5"}), "glob"),
            (json!({"in": [1, 2], "gt": 2}), "gt"),
            (json!({"equals": 7, "lt": 5}), "lt"),
            (json!({"equals": "x", "size": "> 0"}), "size"),
            (json!({"gt": 5, "lte": 5}), "lte"),
            (json!({"olderThan": "1h", "newerThan": "1h"}), "newerThan"),
            (json!({"size": "< 0"}), "size"),
            (json!({"any": {"in": ["x"], "notIn": ["x"]}}), "any.notIn"),
            (json!({"all": {"exists": false, "equals": "x"}}), "all.exists"),
        ] {
            assert_eq!(fault(&operators), Some((FaultKind::NeverTrue, at.to_owned())), "{operators}");
        }
    }

    #[test]
    fn what_some_value_satisfies_is_no_fault() {
        for operators in [
            json!({"in": ["x", "y"], "notEquals": "x"}),
            json!({"in": ["x", "y"], "notIn": ["x"]}),
            json!({"in": ["x", "yes"], "glob": "y*"}),
            json!({"in": [1, 3], "gt": 2}),
            json!({"equals": "500m", "glob": "5*", "as": "quantity"}),
            json!({"equals": 5, "glob": "5", "as": "string"}),
            json!({"gte": 5, "lte": 5}),
            json!({"equals": "x", "notEquals": 5}),
        ] {
            assert_eq!(fault(&operators), None, "{operators}");
        }
    }
}
