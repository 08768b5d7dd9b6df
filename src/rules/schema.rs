//! The JSON Schemas (2020-12) of a RulePack and of what stands beside it ([`others`], [`ruletest`]), for editors: they complete and check while a person types. What
//! stands in a rule comes from the table below, matchers and actions from the registry's descriptors. It says
//! what structure alone can say; `validate-rules` says the rest.

mod definitions;
mod example;
mod limits;
mod others;
mod presence;
mod ruletest;
mod values;

use k8s_healer_engine::descriptor::{Key, Shape, ValueKind};
use k8s_healer_engine::matchers::SELECTOR_KEYS;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::Mode;
use serde_json::{Map, Value, json};

use super::breaker::BREAKER;
use super::document::{API_VERSION, PACK};
use super::limits::LIMITS;
use super::rule::DEFAULT_KEYS;
use super::schedule::SCHEDULE;
pub use others::{guardrails, rule_override};
use presence::mapping;
pub use ruletest::rule_test;
use values::{entries, list_of, property, reference, value};

pub(super) const METADATA: &[Key] = &[
    Key::required("name", ValueKind::Text, "What the pack is called; its rules are `pack/rule`.", "my-rules"),
    Key::optional("owner", ValueKind::Text, "Who answers for it.", "virtualization-ui"),
    Key::optional("version", ValueKind::Text, "Its version, for people.", "1.0.0"),
    Key::optional(
        "description",
        ValueKind::Text,
        "What it is for.",
        "Frees what a test suite leaves behind.",
    ),
];

pub(super) const RULE: &[Key] = &[
    Key::required("name", ValueKind::Text, "What the rule is called; unique in the pack.", "vm-stale"),
    Key::optional("description", ValueKind::Text, "Why it exists.", "A VM older than 6 minutes was leaked."),
    Key::required(
        "watch",
        ValueKind::Texts,
        "The kinds that it looks at, as kubectl names them: `pods`, `Pod`, `vm`, `virtualmachines.kubevirt.io`, \
         `kubevirt.io/v1/VirtualMachine`; `*.kubevirt.io` for all kinds of a group that can be listed, watched and \
         deleted; `\"*\"` for every such kind, in a rule that reads metadata alone; or a list. In a list `!` before \
         any of them but `\"*\"` excludes: `[\"*\", \"!leases.coordination.k8s.io\"]`.",
        "virtualmachines.kubevirt.io",
    ),
    Key::optional(
        "namespaces",
        ValueKind::Globs,
        "The namespaces that it looks into: globs, `!` excludes. This, `namespaceSelector` or `scope: cluster` must be said.",
        "[test-*, \"!test-infra\"]",
    ),
    Key::optional(
        "namespaceSelector",
        ValueKind::Block(SELECTOR_KEYS),
        "The labels of the namespaces that it looks into, as a Kubernetes label selector; with `namespaces`, both must hold.",
        "{ matchLabels: { team: web } }",
    ),
    Key::optional(
        "scope",
        ValueKind::Choice(&["cluster"]),
        "All namespaces, and the kinds that have none.",
        "cluster",
    ),
    Key::required("match", ValueKind::Matchers, "All of these must be true.", "[ { age: { over: 6m } } ]"),
    Key::optional(
        "unless",
        ValueKind::Matchers,
        "One of these that is true or unknown spares the object.",
        "[ { labels: { matchLabels: { keep: \"true\" } } } ]",
    ),
    Key::optional("for", ValueKind::Duration, "True for so long without a break. Counts from the time that the object itself tells, unless it was seen \
         not to be true since then; else from when it was seen to become true.",
        "3m").or("0s"),
    Key::optional(
        "cooldown",
        ValueKind::Duration,
        "How long a replacement of what the rule acted on is left alone.",
        "10m",
    )
    .or("10m"),
    Key::optional(
        "mode",
        ValueKind::Choice(Mode::NAMES),
        "What it may do; the daemon's own mode can only weaken it.",
        "dry-run",
    )
    .or("enforce"),
    Key::optional(
        "schedule",
        ValueKind::Block(SCHEDULE),
        "Acts only inside these windows; they open as a CronJob starts.",
        "{ cron: \"0 20 * * 1-5\", timeZone: Europe/Rome, for: 11h }",
    ),
    Key::optional(
        "limits",
        ValueKind::Block(LIMITS),
        "Does nothing where too much matches at once, since then something else is wrong; acts on so much at once and no \
         more; says what goes first. What hangs on another object that is not known counts as matching.",
        "{ maxUnhealthy: 40%, from: 10 }",
    ),
    Key::optional(
        "breaker",
        ValueKind::Block(BREAKER),
        "Does nothing more where so much matches, or was acted on of late, that something else must be wrong; it stays so \
         until a person resumes the rule (`daemon resume RULE`), or until the share has been no larger for as long as its \
         `cooldown`. `off`: never.",
        "{ share: 50%, from: 10 }",
    )
    .or("off"),
    // Its schema is `$defs/actions`: the engine has no kind of value for steps.
    Key::required("actions", ValueKind::Data, "Steps, done in this order.", "[ { delete: {} } ]"),
];

/// What every step may have, inside its action.
pub(super) const STEP: &[Key] = &[
    Key::optional("after", ValueKind::Duration, "How long after the step before.", "2m"),
    Key::optional(
        "while",
        ValueKind::Choice(&["match", "present"]),
        "Whether the rule must still be true, or the object only be there.",
        "present",
    )
    .or("match, or present once the rule itself has deleted the object"),
];

/// Keys of the table whose schema is no kind of value of the engine's.
const DEFINED: &[&str] = &["name", "watch", "limits", "breaker", "actions"];

/// The schema of documents of kind RulePack, with the matchers and actions of this registry. The same
/// registry yields the same text.
#[must_use]
pub fn rule_pack(registry: &Registry) -> Value {
    let mut definitions = definitions::definitions(true);
    for (name, schema) in [
        ("matcher", one_of_them(matchers(registry), "One matcher: its name and keys.")),
        ("matchers", list_of(reference("matcher"))),
        ("action", one_of_them(actions(registry), "One step: an action and its keys.")),
        ("actions", list_of(reference("action"))),
        ("limits", limits::limits()),
        ("breaker", limits::breaker()),
        ("rule", with_one_scope(fields(RULE))),
    ] {
        definitions.insert(name.to_owned(), schema);
    }
    let inherited: Vec<Key> = RULE.iter().filter(|key| DEFAULT_KEYS.contains(&key.name)).copied().collect();
    let described = |mut schema: Value, text: &str| {
        values::insert(&mut schema, "description", text.into());
        schema
    };
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "rulepack.json",
        "title": PACK,
        "description": "A pack of rules for k8s-healer: what is broken, and what to do about it.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": PACK},
            "metadata": described(fields(METADATA), "What the pack is called and for."),
            "parameters": values::parameters(),
            "defaults": described(with_one_scope(fields(&inherited)), "What every rule of the pack inherits."),
            "rules": {"type": "array", "minItems": 1, "items": reference("rule"), "description": "The rules."},
        },
        "required": ["apiVersion", "kind", "metadata", "rules"],
        "additionalProperties": false,
        // A rule says where to look, unless the defaults say it for all.
        "if": {
            "properties": {"defaults": {"type": "object", "anyOf": scopes()}},
            "required": ["defaults"],
        },
        "else": {"properties": {"rules": {"items": {"anyOf": scopes()}}}},
        "$defs": definitions,
    });
    // A build in which some crate asks serde_json to keep the order of insertion yields the same text.
    schema.sort_all_objects();
    schema
}

fn scopes() -> Value {
    json!([{"required": ["namespaces"]}, {"required": ["namespaceSelector"]}, {"required": ["scope"]}])
}

/// `scope` excludes `namespaces` and `namespaceSelector`.
fn with_one_scope(mut schema: Value) -> Value {
    values::insert(
        &mut schema,
        "not",
        json!({
            "type": "object", "required": ["scope"],
            "anyOf": [{"required": ["namespaces"]}, {"required": ["namespaceSelector"]}],
        }),
    );
    schema
}

/// A mapping of the language itself.
fn fields(keys: &[Key]) -> Value {
    let schema = |key: &Key| if DEFINED.contains(&key.name) { reference(key.name) } else { value(key.kind) };
    mapping(keys, |key| property(key, schema(key)))
}

/// A mapping of exactly one of these entries.
fn one_of_them(entries: Map<String, Value>, description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "properties": entries,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn matchers(registry: &Registry) -> Map<String, Value> {
    let matchers = registry.matchers().iter().map(|descriptor| {
        let mut text = vec![descriptor.summary.to_owned()];
        if !descriptor.unknown_when.is_empty() {
            text.push(format!("Unknown when {}.", descriptor.unknown_when));
        }
        let schema = shaped(descriptor.shape, &[]);
        (descriptor.name.to_owned(), entry(schema, text, descriptor.kinds, descriptor.examples))
    });
    matchers.collect()
}

fn actions(registry: &Registry) -> Map<String, Value> {
    let actions = registry.actions().iter().map(|descriptor| {
        let schema = shaped(descriptor.shape, STEP);
        let text = vec![descriptor.summary.to_owned()];
        (descriptor.name.to_owned(), entry(schema, text, descriptor.kinds, descriptor.examples))
    });
    actions.collect()
}

fn entry(mut schema: Value, mut text: Vec<String>, kinds: &[&str], examples: &[&str]) -> Value {
    if !kinds.is_empty() {
        text.push(format!("Only for {}.", kinds.join(", ")));
    }
    values::insert(&mut schema, "description", text.join(" ").into());
    let examples: Vec<Value> = examples.iter().filter_map(|example| example::of_entry(example)).collect();
    values::insert(&mut schema, "examples", examples.into());
    schema
}

/// What stands under the name of a matcher or an action; `common` are the keys of every step, which are taken
/// out of a mapping before it is read by its shape.
fn shaped(shape: Shape, common: &[Key]) -> Value {
    let keyed = |keys: &[Key]| mapping(&[keys, common].concat(), |key| property(key, value(key.kind)));
    match shape {
        Shape::Keys(keys) | Shape::Value(ValueKind::Block(keys)) => keyed(keys),
        Shape::Value(ValueKind::Entries) => entries(false, common),
        Shape::Value(ValueKind::NullableEntries) => entries(true, common),
        Shape::Value(kind) => value(kind),
        Shape::ValueOrKeys(kind, keys) => {
            let mut keyed = keyed(keys);
            // Nothing at all is read as the value, and is none.
            values::insert(&mut keyed, "type", "object".into());
            json!({"anyOf": [value(kind), keyed]})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{document, rule, steps};
    use super::*;

    #[test]
    fn the_schema_and_the_loader_know_the_same_keys() {
        let names = |keys: &[Key]| keys.iter().map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(names(METADATA), document::METADATA_KEYS);
        assert_eq!(names(STEP), steps::STEP_KEYS);
        let sorted = |mut names: Vec<&'static str>| {
            names.sort_unstable();
            names
        };
        assert_eq!(sorted(names(RULE)), sorted(rule::RULE_KEYS.to_vec()));
        assert!(DEFAULT_KEYS.iter().all(|key| rule::RULE_KEYS.contains(key)));
        let schema = rule_pack(&Registry::standard());
        let top: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(top, sorted(document::PACK_KEYS.to_vec()));
    }
}
