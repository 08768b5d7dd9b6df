//! What is told of objects, on all that is known around them.

mod following;
mod matchers;
mod verdicts;

use std::fmt::Write as _;
use std::sync::Arc;

use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Mode;
use serde_json::{Value, json};

use super::*;
use crate::rules::{Input, LoadOptions, load};
use crate::simulation::explain::{Budgets, Seen};

const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n";

/// An object, the rules and what is known around it.
struct Scene {
    rules: Rules,
    subject: Subject,
    asked: Asked,
    now: Timestamp,
}

impl Scene {
    /// A pod `web-1` of namespace `test-a`, created at midnight, five minutes later.
    fn new(rules: &str, more: Value) -> Self {
        let text = format!("{HEAD}{rules}");
        let input = Input::Text { name: "rules.yaml".to_owned(), bytes: text.clone().into_bytes() };
        let mut loaded = load(&[input], &LoadOptions { effective: true, ..LoadOptions::default() });
        let set = loaded.rule_set.take().unwrap_or_else(|| panic!("{:#?}\n{text}", loaded.diagnostics));
        let watching = set.rules.iter().map(|rule| (Arc::clone(rule), true)).collect();
        let mut object = json!({"metadata": {
            "name": "web-1", "namespace": "test-a", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
        }});
        json_patch::merge(&mut object, &more);
        let namespace = json!({"metadata": {"name": "test-a", "labels": {"team": "web"}}});
        Self {
            rules: Rules::of(set, loaded, &[]),
            subject: Subject {
                resource: "pods".to_owned(),
                names: vec!["pod".to_owned(), "po".to_owned(), "Pod".to_owned()],
                name: "pods/test-a/web-1".to_owned(),
                watching,
                notes: Vec::new(),
            },
            asked: Asked {
                object: Observation::new(object),
                facts: Facts::none().with(Fact::Namespace("test-a".to_owned()), namespace.clone()),
                unknown: Vec::new(),
                namespace: Some(Arc::new(Observation::new(namespace))),
                ancestors: Vec::new(),
                unknown_above: Vec::new(),
                missing: Vec::new(),
                budgets: Budgets::default(),
                seen: Seen::default(),
            },
            now: "2026-01-01T00:05:00Z".parse().unwrap(),
        }
    }

    /// One rule, `rule`, on pods of all namespaces.
    fn of_rule(keys: &str, more: Value) -> Self {
        let mut text = "rules:\n  - name: rule\n    watch: pods\n    scope: cluster\n".to_owned();
        keys.lines().for_each(|line| writeln!(text, "    {line}").unwrap());
        if !keys.contains("actions:") {
            text.push_str("    actions: [ delete: {} ]\n");
        }
        Self::new(&text, more)
    }

    fn told(&self) -> Told<'_> {
        Told {
            name: self.subject.name.clone(),
            resource: self.subject.resource.clone(),
            object: &self.asked.object,
            now: self.now,
            source: "live".to_owned(),
            explanation: self.asked.explain(&self.subject, &self.rules, self.now),
            origins: &self.rules.origins,
            notes: self.subject.notes.clone(),
        }
    }

    fn text(&self) -> String {
        self.styled(Style::PLAIN)
    }

    fn styled(&self, style: Style) -> String {
        self.shown(style, None)
    }

    fn shown(&self, style: Style, width: Option<u16>) -> String {
        let mut out = Vec::new();
        text::show(&self.told(), style, width, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn verdict(&self) -> String {
        self.text().lines().next().unwrap().to_owned()
    }

    /// The lines under `match`, without their indent.
    fn tree(&self) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().skip_while(|line| !line.starts_with("  match"));
        let lines = lines.enumerate().take_while(|(at, line)| *at == 0 || line.starts_with("            "));
        lines.map(|(_, line)| line[12..].to_owned()).collect()
    }
}

const RULES: &str = "rules:
  - name: stale
    description: A test that ended leaves nothing behind.
    watch: pods
    namespaces: [test-*, \"!test-keep\"]
    match: [ age: { over: 6m } ]
    limits: { maxUnhealthy: 40%, from: 10 }
    actions: [ delete: {}, stripFinalizers: { after: 2m, only: [test.io/a] } ]
  - name: broken
    watch: pods
    namespaceSelector: { matchLabels: { team: web } }
    match:
      - any: [ phase: [Failed, Unknown], containers: { waiting: [CrashLoopBackOff] } ]
      - not: { owner: { kind: [Job] } }
    unless:
      - annotations: { key: example.com/debug, exists: true }
    for: 10m
    schedule: { cron: \"0 20 * * 1-5\", timeZone: Europe/Rome, for: 11h }
    mode: dry-run
    actions: [ evict: { fallback: delete } ]
  - name: elsewhere
    watch: pods
    namespaces: prod-*
    match: [ age: { over: 1m } ]
    actions: [ delete: {} ]
";

fn crashing() -> Scene {
    let status = json!({"phase": "Running", "containerStatuses": [
        {"name": "web", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
    ]});
    Scene::new(RULES, json!({ "status": status }))
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings
        .set_snapshot_path(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn an_object_is_explained_by_all_rules_that_watch_its_kind() {
    let scene = crashing();
    snapshot("pod", &scene.text());
    let colour = Style { colour: true, ..Style::PLAIN };
    snapshot("pod-in-colour", &scene.styled(colour).replace('\u{1b}', "␛"));
    let words = Style { unicode: false, ..Style::PLAIN };
    snapshot("pod-in-words", &scene.styled(words));
    snapshot("pod-json", &format!("{:#}", json::document(&scene.told())));
}

#[test]
fn what_protects_an_object_is_told_whole() {
    let mut scene = crashing();
    let protected = json!({"metadata": {"name": "web", "annotations": {"k8s-healer.io/protect": ""}}});
    scene.asked.ancestors = vec![("ReplicaSet web".to_owned(), Observation::new(protected))];
    scene.asked.unknown_above =
        vec!["namespace test-a cannot be read, and it could be protected: no".to_owned()];
    scene.asked.object = ended(scene.asked.object.object());
    scene.now = "2026-01-01T00:06:00Z".parse().unwrap();
    scene.rules.guard.mode = Mode::Observe;
    scene.subject.notes = vec!["pack/other is left out: several groups serve pod".to_owned()];
    snapshot("protected", &scene.text());
}

/// The same object, whose deletion was asked for.
fn ended(object: &Value) -> Observation {
    let mut object = object.clone();
    let metadata = json!({"deletionTimestamp": "2026-01-01T00:05:30Z", "deletionGracePeriodSeconds": 30, "finalizers": ["test.io/a"]});
    json_patch::merge(&mut object, &json!({ "metadata": metadata }));
    Observation::new(object)
}

#[test]
fn what_a_server_says_cannot_reach_the_terminal() {
    let status = json!({"phase": "a\u{1b}[31mb\nc"});
    let scene = Scene::of_rule("match: [ phase: Failed ]", json!({ "status": status }));
    let text = scene.text();
    assert!(!text.contains('\u{1b}') && text.contains("a\u{fffd}[31mb c"), "{text}");
}

#[test]
fn it_is_looked_at_again_when_anything_told_changes() {
    let scene = crashing();
    let next = |scene: &Scene| scene.told().explanation.changes_at(scene.now);
    assert_eq!(next(&scene), "2026-01-01T00:06:00Z".parse().ok());
    // It is due; then the `for` of the other is over, and its window opens.
    let later = Scene { now: "2026-01-01T00:06:00Z".parse().unwrap(), ..crashing() };
    assert_eq!(next(&later), "2026-01-01T00:16:00Z".parse().ok());
    let fixed = Scene::of_rule("match: [ phase: Failed ]", json!({}));
    assert_eq!(next(&fixed), None);
}

#[test]
fn no_line_is_wider_than_the_terminal_and_the_tree_keeps_its_shape() {
    let scene = Scene::new(RULES, json!({"metadata": {"labels": {"app": "web"}}}));
    let whole = scene.text();
    for (width, colour) in [(80, false), (60, true), (40, false), (24, true)] {
        let text = scene.shown(Style { colour, ..Style::PLAIN }, Some(width));
        let longest = text.lines().map(crate::cli::table::visible).max();
        assert!(longest <= Some(usize::from(width)), "{width}\n{text}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !colour && width >= 60 {
            assert_eq!(words(&text), words(&whole), "{text}");
        }
        let beneath = |line: &&str| line.starts_with("              ") && !line.trim().is_empty();
        assert!(text.lines().filter(beneath).count() > 0, "{text}");
    }
    assert!(
        whole.lines().any(|line| line.len() > 100),
        "where there is no terminal lines are as long as they are"
    );
}
