//! SARIF: valid by the published schema, and what the schema cannot say.

use std::fs;

use jsonschema::Validator;
use k8s_healer::cli::diagnostics::Format;
use k8s_healer::rules::{Input, LoadOptions, load};
use serde_json::Value;

use super::{files, loaded, printed, root, shown};

/// The schema and its licence stand in `sarif-schema-2.1.0.NOTICE`.
fn validator() -> Validator {
    let text = fs::read_to_string(root().join("tests/diagnostics/sarif-schema-2.1.0.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["definitions"].as_object().unwrap().len(), 52, "the schema is not whole");
    // A slip of the published file: ECMAScript takes the lonely `]` for itself, this validator refuses it.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        assert_eq!(language["pattern"], "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        language["pattern"] = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap()
}

fn assert_valid(validator: &Validator, text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    log["runs"][0].clone()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What GitHub refuses a log for, and links that lead nowhere.
fn assert_sound(run: &Value) {
    let rules = list(&run["tool"]["driver"]["rules"]);
    let artifacts = list(&run["artifacts"]);
    let index = |value: &Value| usize::try_from(value["index"].as_u64().unwrap()).unwrap();
    for result in list(&run["results"]) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert_eq!(list(&result["locations"]).len(), 1);
        let related = list(&result["relatedLocations"]);
        for location in list(&result["locations"]).iter().chain(related) {
            let location = &location["physicalLocation"];
            let artifact = &artifacts[index(&location["artifactLocation"])];
            assert_eq!(artifact["location"]["uri"], location["artifactLocation"]["uri"]);
            let region = &location["region"];
            let position = |line, column| (region[line].as_u64().unwrap(), region[column].as_u64().unwrap());
            assert!(position("startLine", "startColumn") <= position("endLine", "endColumn"));
        }
        let message = result["message"]["text"].as_str().unwrap();
        for related in related {
            assert!(message.contains(&format!("]({})", related["id"])), "{message}");
        }
    }
    for notification in list(&run["invocations"][0]["toolConfigurationNotifications"]) {
        let rule = &notification["associatedRule"];
        assert_eq!(rules[index(rule)]["id"], rule["id"]);
    }
    for rule in rules {
        for text in ["/shortDescription/text", "/fullDescription/text"] {
            let length = rule.pointer(text).unwrap().as_str().unwrap().chars().count();
            assert!((1..=1024).contains(&length), "GitHub takes 1024 characters: {rule}");
        }
    }
}

#[test]
fn the_log_of_every_case_is_valid_by_the_published_schema() {
    let validator = validator();
    for path in files("tests/validate", "yaml") {
        let loaded = loaded("rules/a b.yaml", &fs::read(path).unwrap());
        let run = assert_valid(&validator, &shown(&loaded, Format::Sarif));
        assert_sound(&run);
        assert_eq!(list(&run["results"]).len(), loaded.diagnostics.len());
        assert_eq!(run["artifacts"][0]["location"]["uri"], "rules/a%20b.yaml");
    }
    for quiet in [false, true] {
        assert_sound(&assert_valid(&validator, &printed(Format::Sarif, quiet).1));
    }
    let nothing = load(&[], &LoadOptions::default());
    assert_sound(&assert_valid(&validator, &shown(&nothing, Format::Sarif)));
}

#[test]
fn the_validator_sees_what_is_wrong() {
    let validator = validator();
    let (_, text) = printed(Format::Sarif, false);
    let mut log: Value = serde_json::from_str(&text).unwrap();
    assert!(validator.is_valid(&log));
    for (at, wrong) in [
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", Value::from("a b é")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", Value::from(0)),
        ("/runs/0/results/0/level", Value::from("fatal")),
        ("/runs/0/invocations/0", serde_json::json!({ "exitCode": 0 })),
    ] {
        let right = std::mem::replace(log.pointer_mut(at).unwrap(), wrong);
        assert!(!validator.is_valid(&log), "{at}");
        *log.pointer_mut(at).unwrap() = right;
    }
}

#[test]
fn what_stands_in_no_file_is_a_notification_and_no_result() {
    let (_, text) = printed(Format::Sarif, false);
    let run = assert_valid(&validator(), &text);
    let invocation = &run["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &2.into()));
    let codes: Vec<&Value> = list(&invocation["toolConfigurationNotifications"])
        .iter()
        .map(|notification| &notification["associatedRule"]["id"])
        .collect();
    assert_eq!(codes, ["unreadable", "bad-duration", "bad-set"]);
    let stream = list(&run["artifacts"]).iter().find(|artifact| list(&artifact["roles"]).len() == 2).unwrap();
    assert_eq!(stream["roles"][1], "standardStream");
}

#[test]
fn a_file_that_lies_elsewhere_has_an_absolute_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.yaml");
    fs::write(&path, "a: [\n").unwrap();
    let loaded = load(&[Input::Path(path)], &LoadOptions::default());
    let run = assert_valid(&validator(), &shown(&loaded, Format::Sarif));
    let location = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    let uri = location["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") && uri.ends_with("/a%20b.yaml"), "{uri}");
    assert!(location["uriBaseId"].is_null());
}
