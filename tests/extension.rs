//! A matcher is one file and one line in the registry: the one below stands in this file, is added by one
//! line, and is known at once to the language, its diagnostics, the projection and the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use k8s_healer::rules::{Code, Input, LoadOptions, Loaded, load};
use k8s_healer_engine::descriptor::{Key, MatcherDescriptor, Shape, ValueKind};
use k8s_healer_engine::evaluate::{evaluate, explain};
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::verdict::Verdict;
use serde_json::json;

/// Enough to have a required key, a typed value, a fact.
static HOSTNAME: MatcherDescriptor = MatcherDescriptor {
    name: "hostname",
    summary: "The pod's hostname matches, on a cluster that is or is not strained.",
    shape: Shape::Keys(&[
        Key::required("glob", ValueKind::Globs, "The hostname matches.", "web-*"),
        Key::optional("strained", ValueKind::Bool, "Whether the cluster is strained.", "true"),
    ]),
    unknown_when: "the pod has no hostname, or it is not known whether the cluster is strained",
    examples: &["hostname: { glob: web-* }"],
    kinds: &["pods"],
    build: |mut arguments| {
        Ok(Box::new(Hostname {
            glob: arguments.globs("glob").unwrap_or_default(),
            strained: arguments.boolean("strained"),
        }))
    },
};

#[derive(Debug)]
struct Hostname {
    glob: k8s_healer_engine::values::Globs,
    strained: Option<bool>,
}

impl Matcher for Hostname {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let hostname = context.object.object()["spec"]["hostname"].as_str();
        let matches = hostname.map_or_else(Verdict::unknown, |name| Verdict::fixed(self.glob.matches(name)));
        let strained = self.strained.map(|asked| {
            let known = context.facts.get(&Fact::Strained).and_then(serde_json::Value::as_bool);
            let truth = known.map_or(Truth::Unknown, |strained| Truth::from(strained == asked));
            Verdict { waits_for: vec![Fact::Strained], ..Verdict::fixed(truth) }
        });
        Verdict::all([Some(matches), strained].into_iter().flatten())
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "hostname"]);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        format!("hostname {}", context.object.object()["spec"]["hostname"])
    }
}

fn rules(matcher: &str) -> Loaded {
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n  - name: rule\n    \
         watch: pods\n    namespaces: [test-*]\n    for: 1m\n    match:\n      - {matcher}\n      - owner: {{ exists: true }}\n    \
         actions: [ delete: {{}} ]\n"
    );
    let registry = Registry::standard().with_matcher(&HOSTNAME);
    let input = Input::Text { name: "rules.yaml".to_owned(), bytes: text.into_bytes() };
    load(&[input], &LoadOptions { registry, ..LoadOptions::default() })
}

#[test]
fn a_matcher_that_is_added_by_one_line_is_known_to_language_projection_and_engine() {
    let rule_set = rules("hostname: { glob: [web-*, \"!web-9\"], strained: true }").rule_set.unwrap();
    let rule = &rule_set.rules[0];
    let mut projection = Projection::of_identity();
    rule.reads(&mut projection);
    let pod = json!({"metadata": {"name": "p", "ownerReferences": [{"kind": "ReplicaSet"}]},
        "spec": {"hostname": "web-1", "nodeName": "n"}});
    let object = Observation::new(projection.parse(pod.to_string().as_bytes()).unwrap());
    assert_eq!(object.object()["spec"], json!({"hostname": "web-1"}), "what no rule reads is not built");
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let strained = |value: bool| Facts::none().with(Fact::Strained, json!(value));
    assert_eq!(evaluate(rule, &object, &strained(true), now).truth, Truth::True);
    assert_eq!(evaluate(rule, &object, &strained(false), now).truth, Truth::False);
    let unknown = evaluate(rule, &object, &Facts::none(), now);
    assert_eq!((unknown.truth, unknown.waits_for), (Truth::Unknown, vec![Fact::Strained]));
    assert!(explain(rule, &object, &Facts::none(), now).contains("hostname \"web-1\""));
}

#[test]
fn its_mistakes_are_diagnosed_like_those_of_any_other() {
    for (matcher, code) in [
        ("hostnam: { glob: web-* }", Code::UnknownMatcher),
        ("hostname: { globb: web-* }", Code::UnknownKey),
        ("hostname: { strained: true }", Code::MissingKey),
        ("hostname: { glob: \"[\" }", Code::BadGlob),
        ("hostname: { glob: web-*, strained: maybe }", Code::WrongType),
    ] {
        let loaded = rules(matcher);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code], "{matcher}");
    }
    let misspelt = &rules("hostnam: { glob: web-* }").diagnostics[0];
    assert!(misspelt.help.contains("hostname"), "{misspelt:?}");
}
