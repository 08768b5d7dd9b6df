use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::expression::data::{LONGEST_LIST, LONGEST_TEXT};
use crate::expression::{CelValue, Expression, check, parsed};

fn cost(source: &str) -> Result<Cost, ParseError> {
    let parsed = parsed(source).unwrap();
    super::check(&parsed, &check::check(&parsed).unwrap())
}

#[test]
fn what_people_ask_of_lists_is_accepted() {
    for source in [
        "object.spec.replicas > 3 && !object.spec.paused",
        "object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'False')",
        "object.status.conditions.filter(c, c.type == 'Ready')[0].lastTransitionTime",
        "object.spec.containers.map(c, c.image).exists(i, i.endsWith(':latest'))",
        "object.spec.containers.map(c, c.image + ' of ' + c.name).exists(t, t == 'a of b')",
        "object.spec.containers.map(c, {'name': c.name, 'image': c.image}).exists(c, c.name == 'web')",
        "object.spec.containers.map(c, c.env.map(e, e.name)).exists(names, 'DEBUG' in names)",
        "object.spec.containers.exists(c, c.env.filter(e, has(e.value)).map(e, e.name).exists(n, n == 'A'))",
        "object.spec.containers.exists(c, c.env.exists(e, e.value.matches('.*(password|token|secret).*')))",
        "object.spec.containers.all(c, c.image.matches('^registry\\\\.example/[a-z0-9/-]+:v[0-9]+\\\\.[0-9]+$'))",
        "object.spec.containers.all(c, c.image.matches('\\\\w+'))",
        "object.spec.volumes.exists(v, object.spec.containers.all(c, c.name != v.name && c.kind != v.kind))",
        "object.spec.volumes.exists(v, object.spec.containers.exists(c, c.n + 1 > v.n))",
        "object.spec.volumes.exists(v, object.spec.containers.exists(c, c.image.contains(v.name + ':')))",
        "object.spec.volumes.all(v, object.spec.containers.filter(c, c.name == v.name).size() == 1)",
        "object.status.a.exists(t, object.status.b.exists(u, timestamp(t.time) > timestamp(u.time)))",
        "object.metadata.labels.exists(k, object.metadata.labels[k] == 'x')",
        "object.metadata.labels.map(k, k + '=' + object.metadata.labels[k]).exists(t, t == 'a=b')",
        "object.spec.a + object.spec.b + object.spec.c + object.spec.d > 5",
        "[object.spec.a, object.spec.b].exists(x, x == 'none')",
    ] {
        assert!(cost(source).is_ok(), "{source}: {:?}", cost(source));
    }
}

#[test]
fn what_could_make_or_take_too_much_is_refused_at_its_place() {
    let chain = |step: &str, times: usize| format!("[object.s]{} == []", step.repeat(times));
    for (source, problem) in [
        (chain(".map(x, [x, x, x, x, x, x, x, x, x, x])", 8), "200000 values, at `[…]`"),
        (chain(".map(x, {'a': x, 'b': x, 'c': x})", 12), "more than 5 MiB of text, at `{…}`"),
        (chain(".map(x, x + x)", 8), "5 MiB of text, at `x + x`"),
        (chain(".map(x, 'a' + x + x)", 8), "5 MiB of text"),
        (
            "object.a.map(x, object.a.map(y, object.a)) == []".into(),
            "too long on a large object, at `object.a`",
        ),
        ("object.a.map(x, object.a) == []".into(), "values, at `object.a.map(x, …)`"),
        ("object.a.map(x, object.a.map(y, y)) == []".into(), "values, at `object.a.map(x, …)`"),
        (
            "object.a.map(x, object.a.map(y, y.t + ':' + object.t)) == []".into(),
            "too long on a large object, at `y.t + '…' + object.t`",
        ),
        (format!("{} == 1", vec!["object.a"; 30].join(" + ")), "MiB of text, at `object.a + object.a"),
        (
            "object.a.all(x, object.a.all(y, object == object))".into(),
            "too long on a large object, at `object == ",
        ),
        (
            "object.a.all(x, object.a.all(y, 1 > object))".into(),
            "too long on a large object, at `1 > object`",
        ),
        ("object.a.all(x, object.a.all(y, x.t.matches('.*a.*')))".into(), "at `x.t.matches(…)`"),
        ("object.a.all(x, x.matches('[ab]*a[ab]{300}x'))".into(), "at `x.matches(…)`"),
        ("object.a.all(x, object.a.all(y, x.t.indexOf(y.t) > 0))".into(), "at `x.t.indexOf(…)`"),
        ("object.a.all(x, object.a.all(y, object.a[x] == 1))".into(), "at `object.a[x]`"),
        ("object.a.all(x, object.a.all(y, y in object.b))".into(), "at `y in object.b`"),
    ] {
        let error = Expression::parse(&source).map(|_| ()).unwrap_err();
        assert!(error.problem.contains(problem), "{source}: {}", error.problem);
        assert!(!error.help.is_empty());
    }
}

#[test]
fn the_largest_objects_are_looked_at() {
    for object in largest() {
        assert_eq!(Expression::parse("object == object").unwrap().truth(&object), Ok(true));
    }
}

/// The largest objects that are looked at: one is many values, the other much text.
fn largest() -> [Value; 3] {
    let row = MOST_VALUES / LONGEST_LIST;
    let list = |item: Value| json!({"a": vec![item; LONGEST_LIST - 8], "b": [1, 2, 3], "t": "x"});
    let texts = MOST_TEXT / LONGEST_TEXT - 1;
    [
        list(json!({"n": 1, "t": "x", "l": vec![1; row - 7]})),
        list(json!("x".repeat(MOST_TEXT / LONGEST_LIST - 8))),
        json!({"a": vec!["x".repeat(LONGEST_TEXT); texts], "b": [], "t": "x".repeat(LONGEST_TEXT - 8)}),
    ]
}

fn values(value: &CelValue) -> u64 {
    match value {
        CelValue::List(items) => 1 + items.iter().map(values).sum::<u64>(),
        CelValue::Map(map) => 1 + map.map.values().map(values).sum::<u64>(),
        _ => 1,
    }
}

fn text(value: &CelValue) -> u64 {
    match value {
        CelValue::String(text) => text.len() as u64,
        CelValue::List(items) => items.iter().map(text).sum(),
        CelValue::Map(map) => map.map.values().map(text).sum(),
        _ => 0,
    }
}

fn parts() -> impl Strategy<Value = String> {
    let names =
        ["object", "object.a", "object.b", "object.t", "x", "y", "x.l", "x.t", "y.n", "1", "'a'", "[]"];
    let leaf = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |part| {
        let pair = (part.clone(), part.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| format!("({a} + {b})")),
            pair.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            pair.clone().prop_map(|(a, b)| format!("{{'k': {a}, 't': {b}}}")),
            pair.clone().prop_map(|(a, b)| format!("({a} == {b} ? {a} : {b})")),
            pair.clone().prop_map(|(a, b)| format!("{a}.map(x, {b})")),
            pair.clone().prop_map(|(a, b)| format!("{a}.map(y, {b})")),
            pair.clone().prop_map(|(a, b)| format!("{a}.filter(x, {b} != 1)")),
            pair.prop_map(|(a, b)| format!("{a}.exists(y, {b} == x)")),
            part.clone().prop_map(|a| format!("{a}[0]")),
            part.prop_map(|a| format!("string({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_expression_makes_more_than_is_estimated(source in parts()) {
        // The variables are there wherever they are named.
        let source = format!("[object].map(x, object.b.map(y, {source}))");
        let Ok(expression) = Expression::parse(&source) else { return Ok(()) };
        let cost = cost(&source).unwrap();
        prop_assert!(cost.values <= MOST_MADE && cost.text <= MOST_TEXT_MADE && cost.nanoseconds <= LONGEST_TIME);
        for object in largest() {
            let Ok(value) = expression.value(&object) else { continue };
            prop_assert!(values(&value) <= cost.result, "{source}: {} values", values(&value));
            prop_assert!(text(&value) <= cost.result_text, "{source}: {} bytes", text(&value));
        }
    }
}
