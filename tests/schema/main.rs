//! The JSON Schema that editors complete and check by: the checked-in file is what the registry yields, it
//! accepts all that is valid, and it sees the mistakes that a schema can see, each where it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod corpus;
mod others;
mod structure;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use k8s_healer::rules::schema::{guardrails, rule_override, rule_pack, rule_test};
use k8s_healer::rules::{Code, Input, LoadOptions, load};
use k8s_healer_engine::descriptor::{Key, MatcherDescriptor, Shape, ValueKind};
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::values::{Count, parse_duration, parse_time};
use serde_json::{Value, json};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

fn schema() -> Value {
    rule_pack(&Registry::standard())
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn documents(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    serde_saphyr::from_multiple(text)
}

/// Where the validator finds something wrong.
fn mistakes(validator: &Validator, documents: &[Value]) -> BTreeSet<String> {
    let errors = documents.iter().flat_map(|document| validator.iter_errors(document));
    errors.map(|error| error.instance_path().to_string()).collect()
}

fn mistakes_in(validator: &Validator, text: &str) -> BTreeSet<String> {
    let documents = documents(text).unwrap();
    assert!(!documents.is_empty());
    mistakes(validator, &documents)
}

/// A pack with these lines in its one rule.
fn pack(rule: &str) -> String {
    format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n  - name: rule\n    \
         watch: pods\n    namespaces: [test-*]\n{rule}"
    )
}

fn of_matcher(matcher: &str) -> String {
    pack(&format!("    match:\n      - {matcher}\n    actions: [ delete: {{}} ]\n"))
}

fn of_action(action: &str) -> String {
    pack(&format!("    match: [ age: {{ over: 6m }} ]\n    actions:\n      - {action}\n"))
}

/// Every schema, with its file.
fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("schemas/rulepack.json", schema()),
        ("schemas/ruleoverride.json", rule_override()),
        ("schemas/guardrails.json", guardrails(&Registry::standard())),
        ("schemas/ruletest.json", rule_test(&Registry::standard())),
    ]
}

#[test]
fn the_checked_in_schemas_are_those_that_the_registry_yields() {
    for (file, schema) in schemas() {
        let generated = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("K8S_HEALER_REWRITE").is_some() {
            fs::write(path(file), &generated).unwrap();
        }
        let again =
            "is not what the registry yields: `K8S_HEALER_REWRITE=1 cargo test --test schema` rewrites it";
        assert!(read(file) == generated, "{file} {again}");
    }
}

#[test]
fn the_schemas_are_schemas() {
    for (file, schema) in schemas() {
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{file}: {} at {}", error, error.instance_path());
        }
    }
}

/// Each document by the schema of its kind; what is of another kind by that of packs.
fn validators() -> &'static MistakesOf {
    static VALIDATORS: LazyLock<Box<MistakesOf>> = LazyLock::new(|| Box::new(new_validators()));
    &**VALIDATORS
}

/// Where a document has a mistake.
type MistakesOf = dyn Fn(&Value) -> BTreeSet<String> + Send + Sync;

fn new_validators() -> impl Fn(&Value) -> BTreeSet<String> {
    let of = |schema: &Value| jsonschema::draft202012::new(schema).unwrap();
    let registry = Registry::standard();
    let packs = validator();
    let [tests, overrides, guards] =
        [rule_test(&registry), rule_override(), guardrails(&registry)].map(|schema| of(&schema));
    move |document| {
        let validator = match document["kind"].as_str() {
            Some("RuleTest") => &tests,
            Some("RuleOverride") => &overrides,
            Some("Guardrails") => &guards,
            _ => &packs,
        };
        mistakes(validator, std::slice::from_ref(document))
    }
}

#[test]
fn the_shipped_tests_and_those_of_the_runner_are_accepted() {
    let mistakes_of = validators();
    let mut folders = vec![path("rules"), path("tests/test_rules/holding"), path("tests/test_rules/failing")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|end| end == "yaml") {
                let documents = documents(&fs::read_to_string(&file).unwrap()).unwrap();
                for document in documents.iter().filter(|document| document["kind"] == "RuleTest") {
                    let wrong = mistakes_of(document);
                    assert!(wrong.is_empty(), "{wrong:?} in {}", file.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn what_is_shipped_and_shown_is_accepted() {
    let validator = validator();
    let mut texts: Vec<String> = Vec::new();
    for folder in fs::read_dir(path("rules")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let text = file.unwrap().path();
            texts.extend(
                (text.extension().is_some_and(|end| end == "yaml"))
                    .then(|| fs::read_to_string(&text).unwrap()),
            );
        }
    }
    assert!(texts.len() >= 2);
    let readme = read("README.md");
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    texts.extend(blocks.map(str::to_owned));
    let registry = Registry::standard();
    let matchers = registry.matchers().iter().flat_map(|known| known.examples);
    texts.extend(matchers.map(|example| of_matcher(example)));
    let actions = registry.actions().iter().flat_map(|known| known.examples);
    texts.extend(actions.map(|example| of_action(example)));
    for text in texts {
        let wrong = mistakes_in(&validator, &text);
        assert!(wrong.is_empty(), "{wrong:?} in\n{text}");
    }
}

#[test]
fn what_the_loader_reads_in_more_than_one_way_is_accepted() {
    let validator = validator();
    for rule in [
        of_matcher("age: { over: \"${age}\", since: \"$.a.${member}\" }"),
        of_matcher("age: { over: \"${minutes}m\" }"),
        of_matcher(
            "containers: { ready: \"${ready}\", exitCodes: \"${codes}\", restarts: \">=${n}\", init: false }",
        ),
        of_matcher("containers: { exitCodes: 137, init: only, waiting: Error }"),
        of_matcher(
            "field: { path: $.a, in: \"${list}\", as: \"${type}\", before: \"${start}\", default: { a: [null] } }",
        ),
        of_matcher(
            "field: { path: \"$.a[*]\", any: { gt: 3 }, size: \"> 0\", after: 2026-04-01T10:00:00+02:00 }",
        ),
        of_matcher("condition: { type: Ready, status: False }"),
        of_matcher("not: { all: [ any: [ terminating: { over: 1h } ], terminating: \"${x}\" ] }"),
        of_matcher("labels: { matchLabels: { a: 1, b: \"${b}\" } }"),
        of_action("delete:"),
        of_action("delete: { after: 2m, while: present }"),
        of_action("label: { after: \"${after}\", a: null, b: 1.10, c: true }"),
        pack(
            "    match: [ phase: Failed ]\n    mode: \"${mode}\"\n    for: \"${for}\"\n    actions: [ log: ]\n",
        ),
        pack("    match: [ phase: Failed ]\n    actions: [ log: {} ]\ndefaults:\nparameters:\n"),
    ] {
        let wrong = mistakes_in(&validator, &rule);
        assert!(wrong.is_empty(), "{wrong:?} in\n{rule}");
    }
}

#[test]
fn patterns_agree_with_the_parsers_of_the_engine() {
    let schema = schema();
    let definition = |name: &str| {
        let part = json!({"$defs": schema["$defs"], "$ref": format!("#/$defs/{name}")});
        jsonschema::draft202012::new(&part).unwrap()
    };
    let durations = [
        "90s",
        "1h30m",
        "250ms",
        "1m500ms",
        "1w2d3h4m5s6ms",
        "0s",
        "",
        "6",
        "6 min",
        "1m1h",
        "-5m",
        "1.5h",
        "5y",
        "6M",
    ];
    let counts = [">= 3", "<5", "!= 0", " > 1 ", "==1", "3", "=> 3", "", ">", ">= -1", ">= 1.5", "= 3"];
    let times = [
        "2026-04-01T12:00:00Z",
        "2026-04-01T14:00:00.123+02:00",
        "2026-04-01",
        "2026-04-01 12:00:00Z",
        "2026-04-01T12:00:00",
        "2026-04-01T12:00:00.Z",
        "2026-04-01t12:00:00z",
        "2026-04-01T12:00:00.0123456789Z",
        "2026-04-01T12:00:00+23:59",
        "2026-04-01T12:00:00+24:00",
        "9999-12-31T23:59:59Z",
        "yesterday",
        "",
    ];
    let (duration, count, time) = (definition("duration"), definition("count"), definition("time"));
    for text in durations {
        assert_eq!(duration.is_valid(&json!(text)), parse_duration(text).is_ok(), "{text}");
    }
    for text in counts {
        assert_eq!(count.is_valid(&json!(text)), Count::parse(text).is_ok(), "{text}");
    }
    for text in times {
        assert_eq!(time.is_valid(&json!(text)), parse_time(text, &[]).is_some(), "{text}");
    }
}

#[test]
fn patterns_agree_with_the_loader() {
    let says = |text: &str, code: Code| {
        let loaded =
            load(&[Input::Text { name: "pack".into(), bytes: text.into() }], &LoadOptions::default());
        loaded.diagnostics.iter().any(|diagnostic| diagnostic.code == code)
    };
    let validator = validator();
    let (names, kinds) = (
        ["a", "vm-stale", "0", "-a", "a-", "A", "a.b", "é", "${x}", "404"],
        [
            "pods",
            "virtualmachines.kubevirt.io",
            "deployments.v1.apps",
            "v1/Pod",
            "kubevirt.io/v1/VirtualMachine",
            "\"\"",
            "Pod",
            "Deployment.apps",
            "Pod.Apps",
            "VirtualMachine",
            "\"!Event\"",
            "\"*.kUbe\"",
            "pods.",
            ".apps",
            "a/b/c/d",
            "v1/pod",
            "apps/Deployment",
            "po ds",
            "a..b",
            "/v1/Pod",
            "pods/v1",
        ],
    );
    let rule = of_action("log: {}");
    for name in names {
        let text = rule.replace("name: rule", &format!("name: {name}"));
        assert_eq!(mistakes_in(&validator, &text).is_empty(), !says(&text, Code::BadName), "{name}");
    }
    for kind in kinds {
        let text = rule.replace("watch: pods", &format!("watch: {kind}"));
        assert_eq!(mistakes_in(&validator, &text).is_empty(), !says(&text, Code::BadWatch), "{kind}");
    }
}

#[test]
fn every_default_and_example_is_valid_under_its_own_key() {
    fn walk(root: &Value, at: &Value, seen: &mut usize) {
        if let Value::Object(fields) = at
            && let Some(examples) = fields.get("examples").and_then(Value::as_array)
        {
            let mut part = at.clone();
            part["$defs"] = root["$defs"].clone();
            let validator = jsonschema::draft202012::new(&part).unwrap();
            assert!(!examples.is_empty(), "{at}");
            for value in examples.iter().chain(fields.get("default")) {
                assert!(validator.is_valid(value), "{value} is not valid: {at}");
                *seen += 1;
            }
        }
        match at {
            Value::Object(fields) => fields.values().for_each(|value| walk(root, value, seen)),
            Value::Array(items) => items.iter().for_each(|value| walk(root, value, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    for (_, schema) in schemas() {
        walk(&schema, &schema, &mut seen);
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_default_that_is_a_sentence_is_told_and_not_offered() {
    let schema = schema();
    let delete = &schema["$defs"]["action"]["properties"]["delete"]["properties"];
    assert_eq!(delete["propagation"].get("default"), None);
    assert!(delete["propagation"]["description"].as_str().unwrap().contains("Default: the kind's own."));
    let age = &schema["$defs"]["matcher"]["properties"]["age"]["properties"];
    assert_eq!(age["since"]["default"], "$.metadata.creationTimestamp");
}

static HOSTNAME: MatcherDescriptor = MatcherDescriptor {
    name: "hostname",
    summary: "The pod's hostname matches.",
    shape: Shape::Keys(&[Key::required("glob", ValueKind::Globs, "The hostname matches.", "web-*")]),
    unknown_when: "",
    examples: &["hostname: { glob: web-* }"],
    kinds: &["pods"],
    build: |_| unreachable!("a schema builds nothing"),
};

#[test]
fn a_matcher_that_is_added_by_one_line_is_in_the_schema() {
    let text = of_matcher("hostname: { glob: web-* }");
    assert!(!mistakes_in(&validator(), &text).is_empty());
    let registry = Registry::standard().with_matcher(&HOSTNAME);
    let validator = jsonschema::draft202012::new(&rule_pack(&registry)).unwrap();
    assert!(mistakes_in(&validator, &text).is_empty());
    assert!(!mistakes_in(&validator, &of_matcher("hostname: {}")).is_empty());
}
