//! CustomResourceDefinitions: what they say, what is filled in, and the kind that comes of them.

mod accepted;
mod structure;
#[cfg(test)]
mod tests;
mod validate;
mod versions;

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{Column, Kind, Resource, Version};

pub use accepted::establish;
pub use validate::{check_change, validate};

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
        if text(&spec["names"]["listKind"]).is_empty() && !kind.is_empty() {
            spec["names"]["listKind"] = format!("{kind}List").into();
        }
    }
    if spec["conversion"].is_null() {
        spec["conversion"] = json!({"strategy": "None"});
    }
}

/// The names of the versions that objects are kept in.
#[must_use]
pub fn storage_versions(definition: &Value) -> Vec<Value> {
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    versions.filter(|version| version["storage"] == true).map(|version| version["name"].clone()).collect()
}
