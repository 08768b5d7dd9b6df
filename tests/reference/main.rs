//! The reference pages are what the registry yields, their links lead somewhere, and their examples run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod truth;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use k8s_healer::rules::reference::pages;
use k8s_healer::rules::{Input, LoadOptions, Loaded, load};
use k8s_healer_engine::descriptor::{Shape, ValueKind};
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::truth::Truth;
use serde_json::json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference")
}

/// Every page that is there, by its path.
fn checked_in() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for part in ["", "matchers", "actions"] {
        let entries = fs::read_dir(folder().join(part)).into_iter().flatten().map(Result::unwrap);
        for path in entries.map(|entry| entry.path()).filter(|path| path.is_file()) {
            let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_checked_in_pages_are_those_that_the_registry_yields() {
    let generated: BTreeMap<String, String> =
        pages(&Registry::standard(), truth::table).into_iter().map(|page| (page.path, page.text)).collect();
    if std::env::var_os("K8S_HEALER_REWRITE").is_some() {
        checked_in().keys().for_each(|name| fs::remove_file(folder().join(name)).unwrap());
        for (name, text) in &generated {
            fs::create_dir_all(folder().join(name).parent().unwrap()).unwrap();
            fs::write(folder().join(name), text).unwrap();
        }
    }
    let again = "`K8S_HEALER_REWRITE=1 cargo test --test reference` rewrites docs/reference";
    let found = checked_in();
    assert!(found.keys().eq(generated.keys()), "other pages than the registry yields: {again}");
    for (name, text) in generated {
        assert!(found[&name] == text, "docs/reference/{name} is not what the registry yields: {again}");
    }
}

#[test]
fn links_lead_to_pages_and_places_that_are_there() {
    let pages = checked_in();
    let overview = &pages["README.md"];
    let mut followed = 0;
    for (name, text) in &pages {
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if !file.is_empty() {
                let file = folder().join(name).parent().unwrap().join(file);
                assert!(file.is_file(), "{name} links to {link}");
            }
            let is_heading = || overview.lines().any(|line| line.to_lowercase() == format!("## {anchor}"));
            let is_there =
                anchor.is_empty() || overview.contains(&format!("id=\"{anchor}\"")) || is_heading();
            assert!(is_there, "{name} links to {link}");
            followed += 1;
        }
    }
    assert!(followed > 100, "{followed}");
}

/// What `watch` takes is named where people look it up, and none of it is a mistake.
#[test]
fn the_overview_names_every_form_of_watch_and_the_forms_are_read() {
    let overview = &checked_in()["README.md"];
    let watch = overview.lines().find(|line| line.starts_with("| `watch` |")).unwrap();
    for (form, shown) in [
        ("pods", "`pods`"),
        ("kubevirt.io/v1/VirtualMachine", "`kubevirt.io/v1/VirtualMachine`"),
        ("\"*.kubevirt.io\"", "`*.kubevirt.io`"),
        ("\"*\"", "`\"*\"`"),
        ("[\"*\", \"!leases.coordination.k8s.io\"]", "`[\"*\", \"!leases.coordination.k8s.io\"]`"),
    ] {
        assert!(watch.contains(shown), "{shown}: {watch}");
        let loaded = loaded(form, "age: { over: 1d }", "log: {}");
        assert!(loaded.rule_set.is_some(), "{form}: {:?}", loaded.diagnostics);
    }
}

#[test]
fn the_page_of_strip_finalizers_tells_how_long_it_waits_where_nothing_is_asked() {
    let page = &checked_in()["actions/stripFinalizers.md"];
    let rules =
        loaded("configmaps", "terminating: true", "stripFinalizers: { only: [a/*] }").rule_set.unwrap();
    let waits = rules.rules[0].terminating_for(&rules.rules[0].steps[0]);
    assert_eq!(waits, Some(std::time::Duration::from_secs(60)));
    assert!(page.contains("else for a minute"), "{page}");
}

/// One that has what a matcher looks at, or that an action can be done to.
fn kind_of(kinds: &'static [&'static str]) -> &'static str {
    kinds.first().copied().unwrap_or("configmaps")
}

fn loaded(kind: &str, matcher: &str, action: &str) -> Loaded {
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n  - name: rule\n    \
         watch: {kind}\n    scope: cluster\n    match:\n      - {matcher}\n    for: 10m\n    actions:\n      - {action}\n"
    );
    load(&[Input::Text { name: "example".to_owned(), bytes: text.into_bytes() }], &LoadOptions::default())
}

/// Of an object of which nothing is known but its name, a matcher is unknown only where its page says so.
#[test]
fn the_examples_of_matchers_run_and_what_their_pages_say_of_unknown_is_true() {
    let object = Observation::new(json!({"metadata": {"name": "bare", "namespace": "test-a", "uid": "1"}}));
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    for matcher in Registry::standard().matchers() {
        assert!(!matcher.examples.is_empty(), "{} has no example", matcher.name);
        let of_others = matches!(matcher.shape, Shape::Value(ValueKind::Matcher | ValueKind::Matchers));
        for example in matcher.examples {
            let kind = kind_of(matcher.kinds);
            let loaded = loaded(kind, &example.replace('\n', "\n        "), "log: { message: seen }");
            let rules =
                loaded.rule_set.as_ref().unwrap_or_else(|| panic!("{example}: {:?}", loaded.diagnostics));
            let truth = evaluate(&rules.rules[0], &object, &Facts::none(), now).truth;
            if !of_others && matcher.unknown_when.is_empty() {
                assert_ne!(truth, Truth::Unknown, "{example}");
            }
            // What has no owner is known to have none that is missing, and what is not terminating to be so for no time.
            let is_mark = example.contains("exists") || ["owner", "terminating"].contains(&matcher.name);
            if !of_others && !matcher.unknown_when.is_empty() && !is_mark {
                assert_eq!(truth, Truth::Unknown, "{example}");
            }
        }
    }
}

#[test]
fn the_examples_of_actions_are_valid() {
    for action in Registry::standard().actions() {
        assert!(!action.examples.is_empty(), "{} has no example", action.name);
        for example in action.examples {
            let kind = kind_of(action.kinds);
            let loaded = loaded(kind, "terminating: { over: 2m }", &example.replace('\n', "\n        "));
            assert!(loaded.rule_set.is_some(), "{example}: {:?}", loaded.diagnostics);
        }
    }
}
