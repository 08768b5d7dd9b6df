//! What all formats have in common, and what JSON promises.

use std::collections::BTreeSet;
use std::fs;

use k8s_healer::cli::diagnostics::Format;
use k8s_healer::rules::Severity;
use serde_json::Value;

use super::{FORMATS, files, loaded, printed, root, shown};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The version and the pages change on their own; `pages.rs` looks at these.
fn without_what_changes(format: Format, text: &str) -> String {
    if format != Format::Sarif {
        return text.to_owned();
    }
    let mut log = json(text);
    let driver = &mut log["runs"][0]["tool"]["driver"];
    for version in ["version", "semanticVersion"] {
        assert_eq!(driver[version], env!("CARGO_PKG_VERSION"));
        driver[version] = "[version]".into();
    }
    for rule in driver["rules"].as_array_mut().unwrap() {
        for text in ["/fullDescription/text", "/help/text", "/help/markdown"] {
            *rule.pointer_mut(text).unwrap() = "[page]".into();
        }
    }
    serde_json::to_string_pretty(&log).unwrap()
}

#[test]
fn every_format_shows_the_same_findings_as_its_snapshot_says() {
    for format in FORMATS {
        let (status, text) = printed(format, false);
        assert_eq!(status, 2, "a file is not there");
        let text = without_what_changes(format, &text);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("tests/diagnostics"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("{format:?}").to_lowercase(), text));
    }
}

#[test]
fn quiet_leaves_out_the_warnings_and_nothing_else_in_every_format() {
    for format in FORMATS {
        let (status, all) = printed(format, false);
        let (quiet_status, quiet) = printed(format, true);
        assert_eq!(status, quiet_status);
        assert!(
            all.contains("protected-namespaces") && !quiet.contains("protected-namespaces"),
            "{format:?}"
        );
        assert!(quiet.contains("unknown-matcher") && quiet.contains("unreadable"), "{format:?}");
        assert!(!quiet.contains("3 files") && !quiet.contains("⚠"), "{format:?}");
    }
}

#[test]
fn no_format_holds_what_a_terminal_would_obey() {
    for format in FORMATS {
        let (_, text) = printed(format, false);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{format:?}");
    }
}

#[test]
fn sound_rules_are_a_document_without_findings() {
    let sound = fs::read(root().join("rules/pods/pack.yaml")).unwrap();
    let loaded = loaded("sound.yaml", &sound);
    let document = json(&shown(&loaded, Format::Json));
    assert_eq!(document["diagnostics"], Value::Array(Vec::new()));
    assert_eq!(
        document["summary"],
        serde_json::json!({ "files": 1, "rules": 7, "errors": 0, "warnings": 0 })
    );
    assert_eq!(shown(&loaded, Format::Github), "ok: 1 file, 7 rules\n");
    let run = &json(&shown(&loaded, Format::Sarif))["runs"][0];
    assert_eq!((&run["results"], &run["tool"]["driver"]["rules"]), (&json("[]"), &json("[]")));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["artifacts"][0]["location"]["uri"], "sound.yaml");
}

#[test]
fn the_json_of_every_case_tells_all_that_was_found_and_where() {
    for path in files("tests/validate", "yaml") {
        let loaded = loaded("case.yaml", &fs::read(&path).unwrap());
        let document = json(&shown(&loaded, Format::Json));
        assert_eq!(document["version"], 1);
        let told = document["diagnostics"].as_array().unwrap();
        assert_eq!(told.len(), loaded.diagnostics.len());
        for (told, known) in told.iter().zip(&loaded.diagnostics) {
            assert_eq!(told["code"], known.code.name());
            assert_eq!(told["severity"] == "error", known.severity() == Severity::Error);
            assert_eq!(told["message"], known.to_string());
            assert_eq!(told["help"].as_str().unwrap_or_default(), known.help);
            assert_eq!(told["related"].as_array().unwrap().len(), known.related.len());
            let place = known.place.unwrap();
            let source = loaded.sources.get(place.source).unwrap();
            let range = &told["range"];
            for (end, offset) in [("start", place.span.start), ("end", place.span.end)] {
                let (line, column) = source.position(offset);
                let expected = serde_json::json!({ "line": line, "column": column, "offset": offset });
                assert_eq!(range[end], expected, "{}", path.display());
            }
        }
    }
}

#[test]
fn a_finding_has_the_same_keys_wherever_it_stands() {
    let (_, text) = printed(Format::Json, false);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let document = json(&text);
    let findings = document["diagnostics"].as_array().unwrap();
    let shapes: BTreeSet<_> = findings.iter().map(keys).collect();
    assert_eq!(shapes.len(), 1);
    let files: BTreeSet<_> = findings.iter().map(|finding| finding["file"].as_str()).collect();
    assert!(files.is_superset(&[None, Some("-"), Some("--set")].into()), "{files:?}");
}

#[test]
fn programs_get_all_findings_however_many_there_are() {
    let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nrules: []\n";
    let many: String = (0..3000).map(|index| format!("é{index}: 1\n")).collect();
    let loaded = loaded("many.yaml", format!("{head}{many}").as_bytes());
    assert!(loaded.diagnostics.len() > 3000);
    let document = json(&shown(&loaded, Format::Json));
    assert_eq!(document["diagnostics"].as_array().unwrap().len(), loaded.diagnostics.len());
    assert_eq!(shown(&loaded, Format::Github).lines().count(), loaded.diagnostics.len() + 1);
    let results = json(&shown(&loaded, Format::Sarif))["runs"][0]["results"].as_array().unwrap().len();
    assert_eq!(results, loaded.diagnostics.len());
}
