//! The truth tables of the matchers' pages: `truth/NAME.txt` has a matcher in a line, and below it, indented, what
//! objects have and, behind ` | `, what is known of others. What is true of that is for the engine to say.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use k8s_healer_engine::descriptor::MatcherDescriptor;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::truth::Truth;
use serde_json::Value;

const NOW: &str = "2026-01-01T12:00:00Z";

/// One line of a table.
struct Row {
    matcher: String,
    object: String,
    /// What is known of others; empty: nothing.
    known: String,
}

impl Row {
    fn truth(&self, kind: &str) -> Truth {
        truth(&self.matcher, kind, &self.object, &self.known)
    }

    fn negated(&self, kind: &str) -> Truth {
        truth(&format!("not: {{ {} }}", self.matcher), kind, &self.object, &self.known)
    }
}

fn rows(name: &str) -> Vec<Row> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/truth/{name}.txt"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut rows, mut matcher) = (Vec::new(), "");
    for line in text.lines() {
        let Some(case) = line.strip_prefix("  ") else {
            matcher = line;
            continue;
        };
        let (object, known) = case.split_once(" | ").unwrap_or((case, ""));
        rows.push(Row { matcher: matcher.to_owned(), object: object.to_owned(), known: known.to_owned() });
    }
    rows
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The object is read as the daemon reads it: what the rule asks of it.
fn truth(matcher: &str, kind: &str, object: &str, known: &str) -> Truth {
    let loaded = super::loaded(kind, matcher, "log: { message: seen }");
    let rules = loaded.rule_set.as_ref().unwrap_or_else(|| panic!("{matcher}: {:?}", loaded.diagnostics));
    let rule: &Rule = &rules.rules[0];
    let mut projection = Projection::default();
    rule.reads(&mut projection);
    let object = Observation::new(projection.parse(yaml(object).to_string().as_bytes()).unwrap());
    let facts = if known.is_empty() { Facts::none() } else { facts(&object, &yaml(known)) };
    evaluate(rule, &object, &facts, NOW.parse::<Timestamp>().unwrap()).truth
}

/// `node`, `namespace`: the object itself, or `gone`. `owners`: by their uids, `gone` or `there`.
fn facts(object: &Observation, known: &Value) -> Facts {
    let of = |known: &Value| if *known == "gone" { Value::Null } else { known.clone() };
    let node = || k8s_healer_engine::facts::node_name(object).unwrap().to_owned();
    let namespace = || object.namespace().unwrap().to_owned();
    known.as_object().unwrap().iter().fold(Facts::none(), |facts, (key, known)| match key.as_str() {
        "node" => facts.with(Fact::Node(node()), of(known)),
        "namespace" => facts.with(Fact::Namespace(namespace()), of(known)),
        "owners" => known.as_object().unwrap().iter().fold(facts, |facts, (uid, state)| {
            assert!(state == "gone" || state == "there", "{state}");
            facts.with(Fact::Owner(uid.clone()), (state == "there").into())
        }),
        other => panic!("nothing is known of `{other}`"),
    })
}

/// The table of a matcher, in Markdown.
pub(super) fn table(matcher: &MatcherDescriptor) -> String {
    let rows = rows(matcher.name);
    let kind = super::kind_of(matcher.kinds);
    let word = |truth| match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    };
    let asks_others = rows.iter().any(|row| !row.known.is_empty());
    let known = |cell: &str| if asks_others { format!(" {cell} |") } else { String::new() };
    let mut text = format!("At {NOW}:\n\n| matcher | the object has |{}", known("of others is known"));
    text.push_str(&format!(" it is | `not:` of it is |\n| --- | --- |{} --- | --- |\n", known("---")));
    for row in &rows {
        let others = if row.known.is_empty() { "nothing".to_owned() } else { format!("`{}`", row.known) };
        let (matcher, object, others) = (&row.matcher, &row.object, known(&others));
        let (is, negated) = (word(row.truth(kind)), word(row.negated(kind)));
        text.push_str(&format!("| `{matcher}` | `{object}` |{others} {is} | {negated} |\n"));
    }
    text
}

#[test]
fn every_matcher_shows_in_a_few_rows_when_it_is_true_and_false_and_unknown() {
    for matcher in Registry::standard().matchers() {
        let rows = rows(matcher.name);
        let truths: Vec<Truth> = rows.iter().map(|row| row.truth(super::kind_of(matcher.kinds))).collect();
        assert!((4..=9).contains(&rows.len()), "{}: {} rows", matcher.name, rows.len());
        assert!(truths.contains(&Truth::True) && truths.contains(&Truth::False), "{}", matcher.name);
        let can_be_unknown = !matcher.unknown_when.is_empty();
        assert_eq!(truths.contains(&Truth::Unknown), can_be_unknown, "{}: unknown", matcher.name);
        for row in &rows {
            assert!(row.matcher.starts_with(&format!("{}: ", matcher.name)), "{}", row.matcher);
            assert!(!row.object.contains('|') && !row.known.contains('|'), "{} would end a cell", row.object);
        }
    }
}

#[test]
fn every_table_is_that_of_a_matcher() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/truth");
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(Registry::standard().matcher(name).is_some(), "{} is of no matcher", file.display());
    }
}
