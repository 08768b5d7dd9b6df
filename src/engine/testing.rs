//! For the table tests: builds a matcher or an action from JSON by its descriptor, as `rules` does from
//! YAML, and evaluates it at a minute and second of 2026-01-01.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::action::Action;
use crate::descriptor::{Arguments, Fault, Key, Literal, Shape, Value, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::expression::Expression;
use crate::facts::{Fact, Facts, Others};
use crate::matcher::{Context, Matcher, Needed};
use crate::observation::Observation;
use crate::projection::Projection;
use crate::registry::Registry;
use crate::value_from::{Floor, Listed, Sourced, ValueFrom};
use crate::values::{Count, Cron, Globs, Path, Pattern, parse_duration, parse_time, parse_time_zone};
use crate::verdict::Verdict;

/// `00:06:00` → that time on 2026-01-01.
pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-01-01T{time}Z").parse().unwrap()
}

/// Builds a matcher by name.
pub(crate) fn matcher(name: &str, json: Json) -> Result<Box<dyn Matcher>, Fault> {
    let descriptor = Registry::standard().matcher(name).expect("a matcher");
    (descriptor.build)(arguments(descriptor.shape, json))
}

/// Builds an action by name.
pub(crate) fn action(name: &str, json: Json) -> Result<Box<dyn Action>, Fault> {
    let descriptor = Registry::standard().action(name).expect("an action");
    (descriptor.build)(arguments(descriptor.shape, json))
}

/// What an action has to do to an object at the first second of 2026, the object read through the action's own
/// projection.
pub(crate) fn effect(name: &str, json: Json, object: &Json) -> Result<Effect, Inapplicable> {
    let action = action(name, json).expect("an action without faults");
    let mut projection = Projection::default();
    action.reads(&mut projection);
    projection.read_members(&["metadata", "deletionTimestamp"]);
    let object = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
    let facts = Facts::none();
    action.effect(&Context::new(&object, &facts, at("00:00:00")))
}

/// Evaluates a matcher on an object read through the matcher's own projection, so that every table
/// test also shows that `reads` names all that `evaluate` looks at.
pub(crate) fn verdict(name: &str, json: Json, object: &Json, now: &str) -> Verdict {
    verdict_with(name, json, object, &Facts::none(), now)
}

/// The same with what is known of other objects, read through what the matcher says that it reads of them.
pub(crate) fn verdict_with(name: &str, json: Json, object: &Json, facts: &Facts, now: &str) -> Verdict {
    let matcher = matcher(name, json).expect("a matcher without faults");
    let mut projection = Projection::default();
    matcher.reads(&mut projection);
    let object = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
    let mut others = Others::default();
    matcher.reads_of_others(&mut others);
    let mut read = Facts::none();
    for fact in others.of(&object) {
        let projection = match fact {
            Fact::Namespace(_) => others.namespaces.as_ref(),
            Fact::Node(_) => others.nodes.as_ref(),
            Fact::Owner(_) | Fact::Strained => None,
        };
        let Some(known) = facts.get(&fact) else { continue };
        let known = match projection {
            Some(projection) if known.is_object() => projection.parse(known.to_string().as_bytes()).unwrap(),
            _ => known.clone(),
        };
        read = read.with(fact, known);
    }
    let verdict = matcher.evaluate(&Context::new(&object, &read, at(now)));
    if let Some(Needed { paths, texts }) = matcher.needs() {
        let mut seen = paths.iter().flat_map(|path| path.nodes(object.object())).filter_map(Json::as_str);
        let has = seen.any(|seen| texts.contains(&seen));
        assert!(has || (!verdict.truth.is_true() && verdict.changes_at.is_none()), "{matcher:?} {object:?}");
    }
    verdict
}

/// What a matcher tells of an object.
pub(crate) fn explained(name: &str, json: Json, object: &Json, now: &str) -> String {
    let matcher = matcher(name, json).expect("a matcher without faults");
    let (object, facts) = (Observation::new(object.clone()), Facts::none());
    matcher.explain(&Context::new(&object, &facts, at(now)))
}

fn arguments(shape: Shape, json: Json) -> Arguments {
    let mut arguments = Arguments::default();
    match shape {
        Shape::Value(kind) => arguments.insert("", value(kind, json)),
        Shape::ValueOrKeys(kind, _) if !json.is_object() => arguments.insert("", value(kind, json)),
        Shape::Keys(keys) | Shape::ValueOrKeys(_, keys) => arguments = block(keys, json),
    }
    arguments
}

fn block(keys: &'static [Key], json: Json) -> Arguments {
    let mut arguments = Arguments::default();
    for (name, json) in json.as_object().expect("a mapping").clone() {
        let key = keys.iter().find(|key| key.name == name).unwrap_or_else(|| panic!("no key {name}"));
        arguments.insert(key.name, value(key.kind, json));
    }
    arguments
}

/// What the object carries, if a mapping says so.
fn from(json: &Json, kind: ValueKind) -> Option<ValueFrom> {
    json.get("valueFrom")?;
    let floor = json.get("min").zip(ValueFrom::floor_of(kind));
    let floor = floor.and_then(|(min, kind)| Floor::of(value(kind, min.clone())));
    ValueFrom::new(block(ValueFrom::KEYS, json.clone()), floor)
}

/// A value, or where the object carries it.
fn sourced<T>(json: &Json, kind: ValueKind, literal: impl Fn(&Json) -> T) -> Sourced<T> {
    from(json, kind).map_or_else(|| Sourced::Literal(literal(json)), Sourced::From)
}

/// A list of values, each of which, or which as a whole, the object may carry.
fn listed<T>(json: &Json, kind: ValueKind, literal: impl Fn(&Json) -> T) -> Listed<T> {
    if let Some(from) = from(json, kind) {
        return Listed::From(from);
    }
    let items = json.as_array().cloned().unwrap_or_else(|| vec![json.clone()]);
    Listed::Each(items.iter().map(|item| sourced(item, kind, &literal)).collect())
}

fn value(kind: ValueKind, json: Json) -> Value {
    let text = || json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let list = || json.as_array().cloned().unwrap_or_else(|| vec![json.clone()]);
    let texts = || list().iter().map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    match kind {
        ValueKind::Duration => Value::Duration(parse_duration(&text()).unwrap()),
        ValueKind::Count => Value::Count(Count::parse(&text()).unwrap()),
        ValueKind::Bool => Value::Bool(json.as_bool().unwrap()),
        ValueKind::Text | ValueKind::Pointer | ValueKind::Choice(_) => Value::Text(text()),
        ValueKind::Texts | ValueKind::AnyTexts | ValueKind::Choices(_) => Value::Texts(texts()),
        ValueKind::Sourced(kind) => {
            from(&json, *kind).map_or_else(|| value(*kind, json.clone()), Value::From)
        }
        ValueKind::TextList => {
            let one = |item: &Json| sourced(item, ValueKind::Text, |item| item.as_str().unwrap().to_owned());
            Value::SourcedTexts(list().iter().map(one).collect())
        }
        ValueKind::Integer | ValueKind::Natural => Value::Integer(json.as_i64().unwrap()),
        ValueKind::Expression => Value::Expression(Expression::parse(&text()).unwrap()),
        ValueKind::OrBlock(_, keys) if json.is_object() => Value::Block(block(keys, json)),
        ValueKind::OrBlock(kind, _) => value(*kind, json),
        ValueKind::Words => Value::Words(listed(&json, kind, |item| item.as_str().unwrap().to_owned())),
        ValueKind::Numbers => Value::Numbers(listed(&json, kind, |item| item.as_i64().unwrap())),
        ValueKind::Globs => Value::Globs(Globs::parse(&texts()).unwrap()),
        ValueKind::Pattern => Value::Pattern(Pattern::parse(&text()).unwrap()),
        ValueKind::Path => Value::Path(Path::parse(&text()).unwrap()),
        ValueKind::Paths => Value::Paths(texts().iter().map(|text| Path::parse(text).unwrap()).collect()),
        ValueKind::Cron => Value::Cron(Cron::parse(&text()).unwrap()),
        ValueKind::TimeZone => Value::TimeZone(parse_time_zone(&text()).unwrap()),
        ValueKind::Time => Value::Time(parse_time(&text(), &[]).unwrap()),
        ValueKind::Literal => Value::Literal(literal(&json)),
        ValueKind::Literals => {
            Value::Literals(list().iter().map(|item| sourced(item, ValueKind::Literal, literal)).collect())
        }
        ValueKind::Data | ValueKind::DataMapping => Value::Data(json),
        ValueKind::Block(keys) => Value::Block(block(keys, json)),
        ValueKind::Blocks(keys) => Value::Blocks(list().into_iter().map(|item| block(keys, item)).collect()),
        ValueKind::Entries => {
            let entry =
                |(key, value): (&String, &Json)| (key.clone(), value.as_str().unwrap_or_default().to_owned());
            Value::Entries(json.as_object().unwrap().iter().map(entry).collect())
        }
        ValueKind::NullableEntries => {
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            let entry = |(key, value): (&String, &Json)| {
                (key.clone(), (!value.is_null()).then(|| sourced(value, ValueKind::Text, text)))
            };
            Value::SourcedEntries(json.as_object().unwrap().iter().map(entry).collect())
        }
        ValueKind::Matcher => Value::Matcher(entry(&json)),
        ValueKind::Matchers => Value::Matchers(list().iter().map(entry).collect()),
    }
}

fn entry(json: &Json) -> Box<dyn Matcher> {
    let (name, json) = json.as_object().unwrap().iter().next().unwrap();
    matcher(name, json.clone()).unwrap()
}

fn literal(json: &Json) -> Literal {
    match json {
        Json::Bool(value) => Literal::Bool(*value),
        Json::Number(number) => Literal::Number { value: number.clone(), text: number.to_string() },
        json => Literal::Text(json.as_str().unwrap().to_owned()),
    }
}
