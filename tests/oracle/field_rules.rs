//! Makes `field` matchers: paths into the objects that `objects` makes, with operators of the type that is
//! usually there, and now and then of another.

use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::model_values::PATTERNS;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Word,
    Number,
    Duration,
    Time,
    Quantity,
    Bool,
    Collection,
}

use Kind::{Bool, Collection, Duration, Number, Quantity, Time, Word};

/// Where something may be, of which type, and whether there may be several.
pub(crate) const PATHS: [(&str, Kind, bool); 28] = [
    ("$.status.printableStatus", Word, false),
    ("$.spec.replicas", Number, false),
    ("$.status.startTime", Time, false),
    ("$.spec.limit", Quantity, false),
    ("$.metadata.annotations['janitor/ttl']", Duration, false),
    ("$.metadata.annotations['a.b/expires']", Time, false),
    ("$.spec.paused", Bool, false),
    ("$.spec.items", Collection, false),
    ("$.status.completionTime", Time, false),
    ("$.spec.items[*]", Word, true),
    ("$.spec.containers[*].resources.requests.cpu", Quantity, true),
    ("$.spec.containers[0].name", Word, false),
    ("$.spec.containers[-1].name", Word, false),
    ("$.status.conditions[?@.type=='Ready'].status", Word, true),
    ("$.status.conditions[?@.type=='Ready'].lastTransitionTime", Time, true),
    ("$..restartCount", Number, true),
    ("$.spec.epoch", Time, false),
    ("$.metadata.labels.app", Word, false),
    ("$.metadata.labels", Collection, false),
    ("$.spec.items[0:2]", Word, true),
    ("$.spec['replicas','epoch']", Number, true),
    ("$.metadata.*", Word, true),
    ("$.spec.*", Word, true),
    ("$.spec.*.name", Word, true),
    ("$['spec']['node']['name']", Word, false),
    ("$.status.containerStatuses[*].state.*.startedAt", Time, true),
    ("$.metadata.generation", Number, false),
    ("$.status.phase", Word, false),
];

pub(crate) const WORDS: [&str; 10] =
    ["Running", "Failed", "Error", "ErrorUnschedulable", "web-1", "test", "True", "ab", "3", ""];
const NUMBERS: [i64; 5] = [0, 3, -1, 7, 1_767_261_600];
pub(crate) const QUANTITIES: [&str; 12] =
    ["1", "500m", "0.5", "1Gi", "1024Mi", "2e3", "2k", "100n", "1500000u", "-1", "+2", "0.0000000001"];
pub(crate) const DURATIONS: [&str; 9] = ["6m", "0s", "1s", "90s", "1h", "1h30m", "2d", "250ms", "1w"];
const MOMENTS: [&str; 4] =
    ["2026-01-01T11:00:00Z", "2026-01-01T11:00:00.5Z", "2026-01-01T12:30:00+02:00", "2026-02-28T23:59:59Z"];
pub(crate) const FORMATS: [&str; 4] = ["date", "minutes", "compact", "epoch"];

pub(crate) fn field(choices: &mut Choices<'_>) -> Value {
    let (path, kind, several) = choices.pick(&PATHS);
    let mut asked = Map::new();
    asked.insert("path".to_owned(), path.into());
    let kind = if choices.one_in(10) {
        choices.pick(&[Word, Number, Duration, Time, Quantity, Bool, Collection])
    } else {
        kind
    };
    if choices.one_in(8) {
        asked.insert("exists".to_owned(), choices.mostly(2).into());
    }
    if choices.one_in(5) {
        asked.insert("default".to_owned(), default(choices, kind));
    }
    let quantified = if choices.one_in(6) { !several } else { several };
    if quantified {
        let quantifier = choices.pick(&["any", "all"]);
        let mut inner = operators(choices, kind);
        // What says how to read may stand outside too.
        if choices.one_in(2) {
            let outer = ["as", "formats"].iter().filter_map(|key| inner.remove_entry(*key));
            asked.extend(outer.collect::<Vec<_>>());
        }
        asked.insert(quantifier.to_owned(), inner.into());
        if choices.one_in(4) {
            let other = if quantifier == "any" { "all" } else { "any" };
            asked.insert(other.to_owned(), operators(choices, kind).into());
        }
    } else {
        asked.extend(operators(choices, kind));
    }
    // A default that is the very value that is asked for.
    if asked.contains_key("default") && choices.one_in(2) {
        let wanted = asked.get("equals").cloned();
        asked.extend(wanted.map(|wanted| ("default".to_owned(), wanted)));
    }
    json!({ "field": asked })
}

fn default(choices: &mut Choices<'_>, kind: Kind) -> Value {
    match choices.below(8) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!(0),
        _ => literal(choices, kind),
    }
}

/// Where an object carries a value of this type, often.
pub(crate) fn carried(choices: &mut Choices<'_>, kind: Kind) -> Value {
    let like: Vec<&str> =
        PATHS.iter().filter(|(_, other, _)| *other == kind).map(|(path, ..)| *path).collect();
    let path = if choices.one_in(8) { choices.pick(&PATHS).0 } else { choices.pick(&like) };
    let mut from = Map::new();
    from.insert("valueFrom".to_owned(), path.into());
    if kind == Duration && choices.one_in(2) {
        from.insert("min".to_owned(), choices.pick(&DURATIONS).into());
    }
    if matches!(kind, Duration | Time) && choices.one_in(2) {
        from.insert("never".to_owned(), json!(["forever", "soon"]));
    }
    from.into()
}

/// A duration that a rule asks for, or that an object carries.
pub(crate) fn duration(choices: &mut Choices<'_>) -> Value {
    if choices.one_in(5) { carried(choices, Duration) } else { choices.pick(&DURATIONS).into() }
}

/// What an operator compares with.
fn operand(choices: &mut Choices<'_>, kind: Kind) -> Value {
    if choices.one_in(6) { carried(choices, kind) } else { literal(choices, kind) }
}

fn literal(choices: &mut Choices<'_>, kind: Kind) -> Value {
    match kind {
        Word => choices.pick(&WORDS).into(),
        Number if choices.one_in(5) => 2.5.into(),
        Number => choices.pick(&NUMBERS).into(),
        Duration => choices.pick(&DURATIONS).into(),
        Time => choices.pick(&MOMENTS).into(),
        Quantity => choices.pick(&QUANTITIES).into(),
        Bool => choices.one_in(2).into(),
        Collection => json!([]),
    }
}

/// One operator or two.
fn operators(choices: &mut Choices<'_>, kind: Kind) -> Map<String, Value> {
    let mut asked = Map::new();
    if kind == Time && choices.one_in(2) {
        asked.insert("formats".to_owned(), json!(choices.some(&FORMATS, 2)));
    }
    if let Some(word) = read_as(choices, kind) {
        asked.insert("as".to_owned(), word.into());
    }
    for _ in 0..=choices.below(3) / 2 {
        let (operator, operand) = operator(choices, kind);
        asked.insert(operator.to_owned(), operand);
    }
    asked
}

fn read_as(choices: &mut Choices<'_>, kind: Kind) -> Option<&'static str> {
    match kind {
        Word | Bool => choices.one_in(5).then_some("string"),
        Number => choices.one_in(4).then(|| choices.pick(&["number", "string", "quantity"])),
        Duration => choices.one_in(2).then_some("duration"),
        Time => choices.one_in(4).then_some("time"),
        Quantity => choices.mostly(3).then_some("quantity"),
        Collection => None,
    }
}

fn operator(choices: &mut Choices<'_>, kind: Kind) -> (&'static str, Value) {
    let list = |choices: &mut Choices<'_>| -> Value {
        (0..=choices.below(3)).map(|_| operand(choices, kind)).collect::<Vec<_>>().into()
    };
    match (kind, choices.below(8)) {
        (Collection, _) => ("size", choices.pick(&["> 0", "== 0", "< 3", ">= 2", "!= 1", "<= 1"]).into()),
        (Time, 0..=2) => ("olderThan", duration(choices)),
        (Time, 3 | 4) => ("newerThan", duration(choices)),
        (Time, 5) if choices.one_in(4) => (choices.pick(&["before", "after"]), carried(choices, Time)),
        (Time, 5) => ("before", choices.pick(&MOMENTS).into()),
        (Time, 6) => ("after", choices.pick(&MOMENTS).into()),
        (Word, 4) => ("glob", json!(choices.some(&crate::rules::GLOBS, 2))),
        (Word, 5) => ("matches", choices.pick(&PATTERNS).0.into()),
        (Number | Duration | Quantity, 3..) | (Word | Time, 7) => {
            (choices.pick(&["gt", "gte", "lt", "lte"]), operand(choices, kind))
        }
        (_, 1) => ("notEquals", operand(choices, kind)),
        (_, 2) => ("in", list(choices)),
        (_, 3) => ("notIn", list(choices)),
        _ => ("equals", operand(choices, kind)),
    }
}
