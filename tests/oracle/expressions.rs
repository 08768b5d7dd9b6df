//! Makes expressions of CEL, and reads them as slowly as the language says it: each is kept beside its text, so that
//! the model finds what it means.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::choices::Choices;
use crate::model::Said;
use crate::model_values as values;

/// Where a value comes from.
#[derive(Clone, Debug)]
enum Term {
    /// `object.a.b`, or `x.a.b` in a comprehension.
    Field(&'static str, Vec<&'static str>),
    Text(&'static str),
    Number(i64),
}

#[derive(Clone, Debug)]
enum Expression {
    Compare(Term, &'static str, Term),
    /// The last member may be missing; what leads to it may not.
    Has(Term),
    StartsWith(Term, &'static str),
    /// Both are times.
    Times(Term, &'static str, Term),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Choose(Box<Self>, Box<Self>, Box<Self>),
    /// `exists` or `all`, over a list.
    Every(Term, &'static str, Box<Self>),
}

use Expression::{And, Choose, Compare, Every, Has, Not, Or, StartsWith, Times};

static KNOWN: Mutex<BTreeMap<String, Expression>> = Mutex::new(BTreeMap::new());

/// An expression as it is written.
pub(crate) fn written(choices: &mut Choices<'_>) -> String {
    let expression = expression(choices, 2, "object");
    let text = text(&expression);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), expression);
    text
}

const FIELDS: [&[&str]; 9] = [
    &["status", "phase"],
    &["spec", "replicas"],
    &["status", "printableStatus"],
    &["spec", "paused"],
    &["metadata", "generation"],
    &["spec", "node", "name"],
    &["status", "none"],
    &["metadata", "name"],
    &["status", "startTime"],
];
const TIMES: [&[&str]; 3] =
    [&["status", "startTime"], &["metadata", "creationTimestamp"], &["status", "completionTime"]];
const MEMBERS: [&[&str]; 3] = [&["type"], &["status"], &["reason"]];

fn field(choices: &mut Choices<'_>, variable: &'static str) -> Term {
    let members = if variable == "object" { choices.pick(&FIELDS) } else { choices.pick(&MEMBERS) };
    Term::Field(variable, members.to_vec())
}

fn expression(choices: &mut Choices<'_>, depth: usize, variable: &'static str) -> Expression {
    let part = |choices: &mut Choices<'_>| Box::new(expression(choices, depth.saturating_sub(1), variable));
    match choices.below(if depth == 0 { 6 } else { 12 }) {
        0 | 1 => {
            let literal = match choices.below(3) {
                0 => Term::Number(choices.pick(&[3, 0, 7, -1])),
                _ => Term::Text(choices.pick(&["Failed", "Running", "True", "Ready", "Error", "3", ""])),
            };
            Compare(field(choices, variable), choices.pick(&["==", "!=", "<", ">="]), literal)
        }
        2 => Has(field(choices, variable)),
        3 => StartsWith(field(choices, variable), choices.pick(&["Re", "", "web", "E"])),
        4 => {
            let time = |choices: &mut Choices<'_>| Term::Field("object", choices.pick(&TIMES).to_vec());
            Times(time(choices), choices.pick(&["<", "==", ">="]), time(choices))
        }
        5 => Compare(field(choices, variable), choices.pick(&["==", "!="]), field(choices, variable)),
        6 => And(part(choices), part(choices)),
        7 => Or(part(choices), part(choices)),
        8 => Not(part(choices)),
        9 => Choose(part(choices), part(choices), part(choices)),
        _ if variable == "object" => {
            let list =
                choices.pick(&[&["status", "conditions"][..], &["spec", "items"], &["status", "phase"]]);
            let body = expression(choices, depth - 1, "x");
            Every(Term::Field(variable, list.to_vec()), choices.pick(&["exists", "all"]), Box::new(body))
        }
        _ => Not(part(choices)),
    }
}

fn text(expression: &Expression) -> String {
    let term = |term: &Term| match term {
        Term::Field(variable, members) => format!("{variable}.{}", members.join(".")),
        Term::Text(text) => format!("'{text}'"),
        Term::Number(number) => number.to_string(),
    };
    match expression {
        Compare(one, operator, other) => format!("{} {operator} {}", term(one), term(other)),
        Has(field) => format!("has({})", term(field)),
        StartsWith(field, start) => format!("{}.startsWith('{start}')", term(field)),
        Times(one, operator, other) => {
            format!("timestamp({}) {operator} timestamp({})", term(one), term(other))
        }
        And(one, other) => format!("({} && {})", text(one), text(other)),
        Or(one, other) => format!("({} || {})", text(one), text(other)),
        Not(part) => format!("!({})", text(part)),
        Choose(condition, one, other) => {
            format!("(({}) ? ({}) : ({}))", text(condition), text(one), text(other))
        }
        Every(list, all, body) => format!("{}.{all}(x, {})", term(list), text(body)),
    }
}

/// What an expression that was made here says of an object.
pub(crate) fn said(source: &str, object: &Value) -> Said {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
    let expression = known.unwrap_or_else(|| panic!("the model knows no `{source}`"));
    evaluate(&expression, object, None).map_or(Said::unknown(), Said::plainly)
}

/// `None`: it fails.
fn value<'v>(
    term: &'v Term,
    object: &'v Value,
    element: Option<&'v Value>,
) -> Option<std::borrow::Cow<'v, Value>> {
    use std::borrow::Cow::{Borrowed, Owned};
    match term {
        Term::Text(text) => Some(Owned(Value::from(*text))),
        Term::Number(number) => Some(Owned(Value::from(*number))),
        Term::Field(variable, members) => {
            let root = if *variable == "object" { object } else { element.expect("a comprehension") };
            members.iter().try_fold(root, |node, member| node.as_object()?.get(*member)).map(Borrowed)
        }
    }
}

fn evaluate(expression: &Expression, object: &Value, element: Option<&Value>) -> Option<bool> {
    let part = |part: &Expression| evaluate(part, object, element);
    let value = |term| value(term, object, element);
    match expression {
        Compare(one, operator, other) => compare(&*value(one)?, operator, &*value(other)?),
        Has(Term::Field(variable, members)) => {
            let (last, before) = members.split_last().expect("a member");
            let parent = Term::Field(variable, before.to_vec());
            let has = match (before, element) {
                ([], Some(element)) if *variable == "x" => element.as_object()?.contains_key(*last),
                _ => self::value(&parent, object, element)?.as_object()?.contains_key(*last),
            };
            Some(has)
        }
        Has(_) => None,
        StartsWith(field, start) => Some(value(field)?.as_str()?.starts_with(start)),
        Times(one, operator, other) => {
            let time = |term| match &*value(term)? {
                Value::String(text) => values::time(text, &[]),
                Value::Number(number) => number.as_i64().map(|second| i128::from(second) * 1_000_000_000),
                _ => None,
            };
            Some(holds(time(one)?.cmp(&time(other)?), operator))
        }
        // One that decides, decides, whatever becomes of the other.
        And(one, other) => match (part(one), part(other)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Or(one, other) => match (part(one), part(other)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Not(inner) => part(inner).map(|truth| !truth),
        Choose(condition, one, other) => {
            if part(condition)? {
                part(one)
            } else {
                part(other)
            }
        }
        Every(list, all, body) => {
            let list = value(list)?;
            let items: Vec<Value> = match &*list {
                Value::Array(items) => items.clone(),
                // Its keys.
                Value::Object(members) => members.keys().map(|key| Value::from(key.as_str())).collect(),
                _ => return None,
            };
            let each: Vec<Option<bool>> =
                items.iter().map(|item| evaluate(body, object, Some(item))).collect();
            let decides = *all == "exists";
            if each.contains(&Some(decides)) {
                Some(decides)
            } else if each.contains(&None) {
                None
            } else {
                Some(!decides)
            }
        }
    }
}

/// Values of different types are not equal, but numbers are; only what is of one type has an order.
fn compare(one: &Value, operator: &str, other: &Value) -> Option<bool> {
    let numbers = one.as_f64().zip(other.as_f64());
    if operator == "==" || operator == "!=" {
        let same = numbers.map_or_else(
            || one == other,
            |(one, other)| one.total_cmp(&other) == Ordering::Equal || one.abs() + other.abs() == 0.0,
        );
        return Some(same == (operator == "=="));
    }
    let ordering = match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => numbers.and_then(|(one, other)| one.partial_cmp(&other)),
    };
    ordering.map(|ordering| holds(ordering, operator))
}

fn holds(ordering: Ordering, operator: &str) -> bool {
    match operator {
        "<" => ordering == Ordering::Less,
        ">=" => ordering != Ordering::Less,
        "==" => ordering == Ordering::Equal,
        other => panic!("the model knows no {other}"),
    }
}
