//! The rules that cases take theirs from: made once, written as YAML, read by the loader as a person's are.

use std::sync::{Arc, OnceLock};

use k8s_healer::rules::{Code, Input, LoadOptions, Severity, load};
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::verdict::Verdict;
use serde_json::Value;

use crate::choices::{Choices, bytes_of};
use crate::{cases, moment, rules, seed, yaml};

/// A rule as its tree, and as the engine has it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) tree: Value,
    pub(crate) rule: Arc<Rule>,
    pub(crate) projection: Projection,
}

impl Made {
    pub(crate) fn evaluate(&self, object: &Observation, now: i128) -> Verdict {
        evaluate(&self.rule, object, &Facts::none(), moment(now))
    }

    pub(crate) fn truth(&self, object: &Observation, now: i128) -> Option<bool> {
        known(self.evaluate(object, now).truth)
    }
}

/// The engine's truth as the model writes it.
pub(crate) fn known(truth: Truth) -> Option<bool> {
    match truth {
        Truth::False => Some(false),
        Truth::Unknown => None,
        Truth::True => Some(true),
    }
}

/// The rules of most tests, simple ones first.
pub(crate) fn pool() -> &'static [Made] {
    static POOL: OnceLock<Vec<Made>> = OnceLock::new();
    POOL.get_or_init(|| {
        let count = u64::from(cases(1_500));
        let tree = |number: u64| {
            let bytes = bytes_of(seed() << 32 | number, 400);
            rules::rule(&mut Choices::new(&bytes), &format!("r{number}"))
        };
        let mut made = loaded(&(0..count).map(tree).collect::<Vec<_>>());
        assert!(made.len() as u64 > count / 2, "{} rules of {count} are sound", made.len());
        made.sort_by_key(|made| made.tree.to_string().len());
        made
    })
}

/// What a generator may get wrong; all else is a mistake of the loader.
const REFUSED: [Code; 4] = [Code::NeverTrue, Code::BadGlob, Code::AmbiguousOperand, Code::BadOperand];

/// Loads rules, and leaves out those that are refused for a reason.
pub(crate) fn loaded(trees: &[Value]) -> Vec<Made> {
    trees.chunks(400).flat_map(|trees| loaded_pack(trees.to_vec())).collect()
}

fn loaded_pack(mut trees: Vec<Value>) -> Vec<Made> {
    let name = |tree: &Value| format!("rule `{}`", tree["name"].as_str().expect("a name"));
    let first = load_text(&trees);
    for diagnostic in first.diagnostics.iter().filter(|one| one.severity() == Severity::Error) {
        assert!(REFUSED.contains(&diagnostic.code), "{diagnostic}\n{}", yaml::items(&trees, 2));
        trees.retain(|tree| name(tree) != diagnostic.subject);
    }
    if trees.is_empty() {
        return Vec::new();
    }
    let again = if first.rule_set.is_some() { first } else { load_text(&trees) };
    let rules = again.rule_set.unwrap_or_else(|| panic!("{:?}", again.diagnostics)).rules;
    assert_eq!(rules.len(), trees.len());
    let made = |(tree, rule): (Value, Arc<Rule>)| {
        let mut projection = Projection::of_identity();
        rule.reads(&mut projection);
        Made { tree, rule, projection }
    };
    trees.into_iter().zip(rules).map(made).collect()
}

fn load_text(trees: &[Value]) -> k8s_healer::rules::Loaded {
    let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\nrules:\n";
    let text = format!("{head}{}", yaml::items(trees, 2));
    let input = Input::Text { name: "rules.yaml".to_owned(), bytes: text.into_bytes() };
    load(&[input], &LoadOptions::default())
}

/// A case for a person: everything that is needed to look at it again.
pub(crate) fn shown(what: &str, tree: &Value, object: &Value, now: i128) -> String {
    let rule = yaml::items(std::slice::from_ref(tree), 2);
    format!("{what}\nat {}\nof the object {object}\nand the rule\n{rule}", moment(now))
}
