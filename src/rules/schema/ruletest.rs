//! The JSON Schema (2020-12) of a RuleTest. An object of a test may be any: of it a schema says nothing.

use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Mode;
use serde_json::{Map, Value, json};

use super::super::document::API_VERSION;
use super::super::ruletest::{FACTS, TEST};
use super::definitions::{DURATION, NAME, PARAMETER, TIME, name};
use super::others::{guardrails_parts, one_part, without_parameters};
use super::values::{list_of, reference};

/// `resource[.group]/namespace/name`, or without a namespace.
const OBJECT: &str = "^[a-z0-9][a-z0-9.-]*(/[^/]+)?/[^/]+$";

/// The schema of documents of kind RuleTest, with the actions of this registry. The same registry yields the same
/// text.
#[must_use]
pub fn rule_test(registry: &Registry) -> Value {
    let text = json!({"type": ["string", "number", "boolean"]});
    let one_or_more = |item: &str| one_or_list(&reference(item));
    let guardrails = guardrails_parts(registry);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "ruletest.json",
        "title": TEST,
        "description": "Tests of rules for k8s-healer: objects, a timeline and what is expected, on a virtual clock.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": TEST},
            "metadata": {
                "description": "What the test is called and for.",
                "type": "object",
                "properties": {
                    "name": name(),
                    "owner": text, "version": text, "description": text,
                },
                "required": ["name"],
                "additionalProperties": false,
            },
            "rules": {
                "description": "Files and folders of the packs under test, relative to this file; else those in \
                    this file, the pack in whose `tests` folder it lies, or those beside it.",
                "anyOf": [text, list_of(text.clone())],
            },
            "bases": {
                "description": "Objects, or parts of them, that objects begin with by `base: NAME`.",
                "type": "object",
                "additionalProperties": {"type": "object"},
            },
            "cases": {"type": "array", "minItems": 1, "items": reference("case"), "description": "The cases."},
        },
        "required": ["apiVersion", "kind", "metadata", "cases"],
        "additionalProperties": false,
        "$defs": {
            "case": case(&text, &any_or_none(&reference("object")), &guardrails),
            "duration": {"type": "string", "minLength": 1, "pattern": DURATION},
            "expectation": expectation(registry),
            "object": {
                "description": "A whole object; or `file:` or `base:`, and what is different in this one. `name` \
                    and `namespace` stand for those of the metadata.",
                "type": "object",
                "not": {"required": ["file", "base"]},
                "anyOf": [
                    {"required": ["file"], "properties": {"file": {"type": "string"}}},
                    {"required": ["base"], "properties": {"base": {"type": ["string", "object"]}}},
                    {"required": ["apiVersion", "kind"]},
                ],
            },
            "reference": {
                "description": "`resource[.group]/namespace/name`, or without a namespace.",
                "type": "string",
                "pattern": OBJECT,
            },
            "step": step(&one_or_more),
        },
    });
    for (name, definition) in without_parameters(&guardrails) {
        if let Some(own) = schema["$defs"].as_object_mut() {
            own.entry(name).or_insert(definition);
        }
    }
    // A build in which some crate asks serde_json to keep the order of insertion yields the same text.
    schema.sort_all_objects();
    schema
}

/// By `if`, not by `anyOf`: a mistake is shown at its own place.
fn one_or_list(item: &Value) -> Value {
    json!({"if": {"type": "array"}, "then": list_of(item.clone()), "else": item})
}

/// The same, where the list may be empty.
fn any_or_none(item: &Value) -> Value {
    json!({"if": {"type": "array"}, "then": {"type": "array", "items": item}, "else": item})
}

fn described(schema: &Value, text: &str) -> Value {
    let mut schema = schema.clone();
    super::values::insert(&mut schema, "description", text.into());
    schema
}

fn case(text: &Value, objects: &Value, guardrails: &Value) -> Value {
    json!({
        "description": "One story, told on a clock of its own.",
        "type": "object",
        "properties": {
            "name": {"type": ["string", "number", "boolean"], "description": "What it proves, in words."},
            "now": {
                "description": "Where the clock starts.",
                "type": "string", "pattern": TIME, "examples": ["2026-01-01T00:00:00Z"],
            },
            "set": {
                "description": "Parameters of the packs, as `--set` sets them.",
                "type": "object",
                "propertyNames": {"pattern": format!("{}\\.{}|{PARAMETER}", &NAME[..NAME.len() - 1], &PARAMETER[1..])},
                "additionalProperties": {"anyOf": [text, {"type": "array", "items": text}]},
            },
            "guardrails": {
                "description": "What holds rules back in this case, as a document of kind Guardrails says it; it \
                    holds beside those of the packs.",
                "type": "object", "properties": guardrails, "additionalProperties": false, "anyOf": one_part(),
            },
            "objects": described(objects, "What the first list returns."),
            "timeline": {"description": "What happens and what is expected, in the order of time.",
                "type": "array", "minItems": 1, "items": reference("step")},
            "until": {"description": "How long the clock runs; else to the last step.", "$ref": "#/$defs/duration"},
        },
        "required": ["name", "now", "timeline"],
        "additionalProperties": false,
    })
}

fn step(one_or_more: &impl Fn(&str) -> Value) -> Value {
    let patch = json!({
        "type": "object",
        "properties": {"object": reference("reference"), "merge": {"type": "object"}},
        "required": ["object", "merge"],
        "additionalProperties": false,
    });
    let changed = json!({"type": "object", "additionalProperties": {"type": ["object", "null"]}});
    json!({
        "description": "A moment: what happens comes before what is due then.",
        "type": "object",
        "properties": {
            "at": {"description": "After the start of the case.", "$ref": "#/$defs/duration"},
            "apply": described(&one_or_more("object"), "Objects that are created or replaced."),
            "patch": described(&one_or_list(&patch), "Changes by JSON merge patches; null takes a field away."),
            "remove": described(&one_or_more("reference"), "Objects that vanish, whatever holds them."),
            "facts": {
                "description": "What becomes of the nodes and namespaces that rules ask about, by their names: one that \
                    is there changes by a JSON merge patch, one that is not is created, null takes it away.",
                "type": "object",
                "properties": FACTS.iter().map(|(key, _)| ((*key).to_owned(), changed.clone())).collect::<Map<_, _>>(),
                "additionalProperties": false,
            },
            "expect": {
                "description": "All that is done at this moment: what is not listed must not be done.",
                "if": {"type": ["array", "object"]},
                "then": one_or_more("expectation"),
                "else": {"const": "nothing"},
            },
        },
        "required": ["at"],
        "minProperties": 2,
        "additionalProperties": false,
    })
}

fn expectation(registry: &Registry) -> Value {
    let names = registry.actions().iter().map(|action| action.name).chain(["held"]);
    let mut properties: Map<String, Value> =
        names.clone().map(|name| (name.to_owned(), reference("reference"))).collect();
    let text = json!({"type": ["string", "number", "boolean"]});
    for (key, schema, description) in [
        ("rule", text.clone(), "The rule that does it: its name, or `pack/rule`."),
        ("step", json!({"type": "integer", "minimum": 1}), "Which of its steps, from 1."),
        (
            "mode",
            json!({"enum": Mode::NAMES}),
            "How far the rule goes: what `observe` would do is told, not done.",
        ),
        ("reason", text.clone(), "A part of the reason that is told."),
        ("by", text, "What holds it back: `protection`, `cooldown`, or a part of what is told."),
    ] {
        let mut schema = schema;
        super::values::insert(&mut schema, "description", description.into());
        properties.insert(key.to_owned(), schema);
    }
    let one: Vec<Value> = names.map(|name| json!({"required": [name]})).collect();
    json!({
        "description": "One action on one object, or what is held back.",
        "type": "object",
        "properties": properties,
        "oneOf": one,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::ruletest;
    use super::*;

    #[test]
    fn the_schema_and_the_loader_know_the_same_keys() {
        let schema = rule_test(&Registry::standard());
        let keys = |at: &str| -> Vec<String> {
            let mut keys: Vec<String> =
                schema.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |words: &[&str]| {
            let mut words: Vec<String> = words.iter().map(ToString::to_string).collect();
            words.sort();
            words
        };
        assert_eq!(keys("/properties"), sorted(ruletest::TEST_KEYS));
        assert_eq!(keys("/properties/metadata/properties"), sorted(ruletest::METADATA_KEYS));
        assert_eq!(keys("/$defs/case/properties"), sorted(ruletest::CASE_KEYS));
        assert_eq!(keys("/$defs/step/properties"), sorted(ruletest::STEP_KEYS));
        assert_eq!(keys("/$defs/step/properties/patch/else/properties"), sorted(ruletest::PATCH_KEYS));
        let actions = Registry::standard().actions().iter().map(|action| action.name).collect::<Vec<_>>();
        assert_eq!(
            keys("/$defs/expectation/properties"),
            sorted(&[&actions, ruletest::EXPECTED_KEYS].concat())
        );
    }
}
