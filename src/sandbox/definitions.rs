//! CustomResourceDefinitions: what they say, what is filled in, and the kind that comes of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::failure::Cause;
use super::kinds::{Column, Kind, Kinds, Resource, Version};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The kind that a definition adds.
#[must_use]
pub fn kind_of(definition: &Value) -> Kind {
    let (spec, names) = (&definition["spec"], &definition["spec"]["names"]);
    let mut versions: Vec<&Value> = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["served"] == true)
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(priority(version["name"].as_str().unwrap_or_default())));
    Kind {
        resource: Resource::new(&text(&spec["group"]), &text(&names["plural"])),
        kind: text(&names["kind"]),
        list_kind: text(&names["listKind"]),
        singular: text(&names["singular"]),
        short_names: texts(&names["shortNames"]),
        categories: texts(&names["categories"]),
        namespaced: spec["scope"] == "Namespaced",
        versions: versions
            .iter()
            .map(|version| Version {
                deprecation: deprecation(spec, version, &versions),
                ..version_of(version)
            })
            .collect(),
        definition: Some(text(&definition["metadata"]["name"])),
    }
}

fn version_of(version: &Value) -> Version {
    let columns = version["additionalPrinterColumns"].as_array().into_iter().flatten();
    let column = |column: &Value| Column {
        name: text(&column["name"]),
        kind: text(&column["type"]),
        format: text(&column["format"]),
        description: text(&column["description"]),
        priority: column["priority"].as_i64().unwrap_or_default(),
        json_path: text(&column["jsonPath"]),
    };
    let fields = version["selectableFields"].as_array().into_iter().flatten();
    Version {
        name: text(&version["name"]),
        status: version["subresources"]["status"].is_object(),
        scale: version["subresources"]["scale"].clone(),
        schema: Arc::new(version["schema"]["openAPIV3Schema"].clone()),
        columns: columns.map(column).collect(),
        selectable_fields: fields.map(|field| text(&field["jsonPath"])).collect(),
        deprecation: None,
    }
}

/// What users of a version are warned of: in the definition's words, or to use a better one instead.
fn deprecation(spec: &Value, version: &Value, served: &[&Value]) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    if let Some(warning) = version["deprecationWarning"].as_str() {
        return Some(warning.to_owned());
    }
    let named = |version: &Value| {
        format!("{}/{} {}", text(&spec["group"]), text(&version["name"]), text(&spec["names"]["kind"]))
    };
    let better = served.iter().take_while(|other| other["name"] != version["name"]);
    let warning = format!("{} is deprecated", named(version));
    match better.into_iter().find(|other| other["deprecated"] != true) {
        Some(better) => Some(format!("{warning}; use {}", named(better))),
        None => Some(warning),
    }
}

/// Kubernetes' order of versions: stable before beta before alpha, newer first, all else behind.
fn priority(version: &str) -> (u8, u32, u32, std::cmp::Reverse<String>) {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let digits = |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (major, rest) = rest.split_at(digits(rest));
        let major: u32 = major.parse().ok()?;
        match rest {
            "" => Some((3, major, 0)),
            _ => {
                let (stage, minor) = rest.split_at(rest.find(|letter: char| letter.is_ascii_digit())?);
                let stage = match stage {
                    "beta" => 2,
                    "alpha" => 1,
                    _ => return None,
                };
                Some((stage, major, minor.parse().ok()?))
            }
        }
    };
    let (stage, major, minor) = parsed().unwrap_or_default();
    let name = if stage == 0 { version.to_owned() } else { String::new() };
    (stage, major, minor, std::cmp::Reverse(name))
}

/// Fills in what a definition may leave out.
pub fn complete(definition: &mut Value) {
    let kind = text(&definition["spec"]["names"]["kind"]);
    let spec = &mut definition["spec"];
    if !spec.is_object() {
        return;
    }
    if spec["names"].is_object() {
        if text(&spec["names"]["singular"]).is_empty() {
            spec["names"]["singular"] = kind.to_lowercase().into();
        }
        if text(&spec["names"]["listKind"]).is_empty() {
            spec["names"]["listKind"] = format!("{kind}List").into();
        }
    }
    if spec["conversion"].is_null() {
        spec["conversion"] = json!({"strategy": "None"});
    }
}

/// The mistakes that people make.
pub fn validate(definition: &Value) -> Vec<Cause> {
    let (spec, names) = (&definition["spec"], &definition["spec"]["names"]);
    let mut causes = Vec::new();
    let required = [
        ("spec.group", &spec["group"]),
        ("spec.names.plural", &names["plural"]),
        ("spec.names.singular", &names["singular"]),
        ("spec.names.kind", &names["kind"]),
        ("spec.names.listKind", &names["listKind"]),
    ];
    for (field, value) in required {
        if text(value).is_empty() {
            causes.push(Cause::new("FieldValueRequired", field, "Required value"));
        }
    }
    let name = text(&definition["metadata"]["name"]);
    let wanted = format!("{}.{}", text(&names["plural"]), text(&spec["group"]));
    if name != wanted {
        let message = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
        causes.push(Cause::new("FieldValueInvalid", "metadata.name", message));
    }
    let scope = text(&spec["scope"]);
    if !["Cluster", "Namespaced"].contains(&scope.as_str()) {
        let (reason, message) = if scope.is_empty() {
            ("FieldValueRequired", "Required value".to_owned())
        } else {
            let known = "supported values: \"Cluster\", \"Namespaced\"";
            ("FieldValueNotSupported", format!("Unsupported value: {scope:?}: {known}"))
        };
        causes.push(Cause::new(reason, "spec.scope", message));
    }
    let versions = spec["versions"].as_array().map_or(&[][..], Vec::as_slice);
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let message = format!(
            "Invalid value: {}: must have exactly one version marked as storage version",
            spec["versions"]
        );
        causes.push(Cause::new("FieldValueInvalid", "spec.versions", message));
    }
    for (at, version) in versions.iter().enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_null() {
            let field = format!("spec.versions[{at}].schema.openAPIV3Schema");
            causes.push(Cause::new("FieldValueRequired", field, "Required value: schemas are required"));
        } else if schema["type"] != "object" {
            let field = format!("spec.versions[{at}].schema.openAPIV3Schema.type");
            let message = format!("Invalid value: {:?}: must be object at the root", text(&schema["type"]));
            causes.push(Cause::new("FieldValueInvalid", field, message));
        }
    }
    causes
}

/// The names of the versions that objects are kept in.
#[must_use]
pub fn storage_versions(definition: &Value) -> Vec<Value> {
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    versions.filter(|version| version["storage"] == true).map(|version| version["name"].clone()).collect()
}

/// Accepts the names, if no other definition has them, and says so in the status; whether that changed.
pub fn establish(definition: &mut Value, kinds: &Kinds, now: &str) -> bool {
    let kind = kind_of(definition);
    let taken = |other: &&Arc<Kind>| {
        other.resource.group == kind.resource.group
            && other.definition != kind.definition
            && (other.resource == kind.resource
                || other.kind == kind.kind
                || other.list_kind == kind.list_kind)
    };
    let clash = kinds.iter().find(taken);
    let before = definition["status"].clone();
    let old = before["conditions"].clone();
    let condition = |kind: &str, status: bool, reason: &str, message: &str| {
        let status = if status { "True" } else { "False" };
        let known =
            old.as_array().into_iter().flatten().find(|one| one["type"] == kind && one["status"] == status);
        let time = known.map_or_else(|| now.into(), |one| one["lastTransitionTime"].clone());
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time})
    };
    let established = clash.is_none();
    definition["status"]["conditions"] = match clash {
        None => json!([
            condition("NamesAccepted", true, "NoConflicts", "no conflicts found"),
            condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted"),
        ]),
        Some(other) => json!([
            condition("NamesAccepted", false, "NameConflict", &format!("{:?} is already in use", other.kind)),
            condition("Established", false, "NotAccepted", "not all names are accepted"),
        ]),
    };
    if established {
        definition["status"]["acceptedNames"] = definition["spec"]["names"].clone();
    }
    let storage = storage_versions(definition);
    let mut stored = before["storedVersions"].as_array().cloned().unwrap_or_default();
    stored.extend(
        storage
            .into_iter()
            .filter(|name| !before["storedVersions"].as_array().is_some_and(|all| all.contains(name))),
    );
    definition["status"]["storedVersions"] = stored.into();
    definition["status"] != before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Value {
        let version = |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": {"type": "object"}}});
        let mut definition = json!({
            "metadata": {"name": "things.a.io"},
            "spec": {
                "group": "a.io", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [version("v1alpha1", false), version("v2beta1", false), version("v1", true), version("other", false)],
            },
        });
        complete(&mut definition);
        definition
    }

    #[test]
    fn a_definition_becomes_a_kind_with_its_versions_in_order() {
        let kind = kind_of(&definition());
        assert_eq!((kind.singular.as_str(), kind.list_kind.as_str()), ("thing", "ThingList"));
        let versions: Vec<&str> = kind.versions.iter().map(|version| version.name.as_str()).collect();
        assert_eq!(versions, ["v1", "v2beta1", "v1alpha1", "other"]);
        assert_eq!(validate(&definition()), []);
    }

    #[test]
    fn mistakes_are_told_by_their_fields() {
        let wrong = |pointer: &str, value: Value| {
            let mut definition = definition();
            *definition.pointer_mut(pointer).unwrap() = value;
            validate(&definition).into_iter().map(|cause| cause.field).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(wrong("/metadata/name", "x".into()), "metadata.name");
        assert_eq!(wrong("/spec/scope", "Both".into()), "spec.scope");
        assert_eq!(wrong("/spec/versions/2/storage", false.into()), "spec.versions");
        assert_eq!(wrong("/spec/versions/0/schema", json!({})), "spec.versions[0].schema.openAPIV3Schema");
    }

    #[test]
    fn names_that_another_has_are_not_accepted() {
        let mut kinds = Kinds::built_in();
        let mut first = definition();
        assert!(establish(&mut first, &kinds, "t"));
        assert!(!establish(&mut first, &kinds, "later"), "nothing new to say");
        assert_eq!(first["status"]["conditions"][1]["status"], "True");
        assert_eq!(first["status"]["storedVersions"], json!(["v1"]));
        kinds.insert(kind_of(&first));
        let mut other = definition();
        other["metadata"]["name"] = "stuff.a.io".into();
        other["spec"]["names"]["plural"] = "stuff".into();
        establish(&mut other, &kinds, "t");
        assert_eq!(other["status"]["conditions"][1]["status"], "False");
    }
}
