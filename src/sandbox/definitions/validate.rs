//! The mistakes that people make in definitions, in the words of a real server.

use serde_json::{Value, json};

use super::super::failure::Cause;
use super::super::metadata::names::wrong_subdomain;
use super::accepted::{APPROVAL, is_protected};
use super::{storage_versions, structure, text, texts, versions};

const LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// What is wrong with a definition that has been completed.
#[must_use]
pub fn validate(definition: &Value) -> Vec<Cause> {
    let spec = &definition["spec"];
    let mut causes = check_identity(definition);
    causes.extend(check_versions(spec));
    causes.extend(check_names(&spec["names"]));
    causes.extend(check_conversion(&spec["conversion"]));
    causes.extend(check_stored(definition));
    causes.extend(versions::check(spec));
    causes.extend(structure::check(spec));
    causes
}

/// What may not change of a definition that is established.
#[must_use]
pub fn check_change(old: &Value, new: &Value) -> Vec<Cause> {
    let is_established = |one: &Value| one["type"] == "Established" && one["status"] == "True";
    let established =
        old["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(is_established));
    let parts = [
        ("spec.group", "/spec/group"),
        ("spec.scope", "/spec/scope"),
        ("spec.names.kind", "/spec/names/kind"),
        ("spec.names.plural", "/spec/names/plural"),
    ];
    let changed = parts.into_iter().filter(|(_, at)| established && old.pointer(at) != new.pointer(at));
    changed
        .map(|(field, at)| {
            let value = new.pointer(at).unwrap_or(&Value::Null);
            invalid(field, value, "field is immutable")
        })
        .collect()
}

pub(super) fn invalid(field: impl Into<String>, value: &Value, message: &str) -> Cause {
    Cause::new("FieldValueInvalid", field, format!("Invalid value: {value}: {message}"))
}

pub(super) fn required(field: impl Into<String>, because: &str) -> Cause {
    let colon = if because.is_empty() { "" } else { ": " };
    Cause::new("FieldValueRequired", field, format!("Required value{colon}{because}"))
}

pub(super) fn unsupported(field: impl Into<String>, value: &Value, known: &[&str]) -> Cause {
    let known = known.iter().map(|known| format!("{known:?}")).collect::<Vec<_>>().join(", ");
    let message = format!("Unsupported value: {value}: supported values: {known}");
    Cause::new("FieldValueNotSupported", field, message)
}

fn check_identity(definition: &Value) -> Vec<Cause> {
    let (metadata, spec) = (&definition["metadata"], &definition["spec"]);
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    let mut causes = Vec::new();
    if text(&metadata["name"]) != format!("{plural}.{group}") {
        let message = "must be spec.names.plural+\".\"+spec.group";
        causes.push(invalid("metadata.name", &metadata["name"], message));
    }
    if group.is_empty() {
        causes.push(required("spec.group", ""));
    } else {
        let told = wrong_subdomain(&group, "characters");
        causes.extend(told.iter().map(|told| invalid("spec.group", &spec["group"], told)));
        if told.is_empty() && !group.contains('.') {
            causes.push(invalid("spec.group", &spec["group"], "should be a domain with at least one dot"));
        }
    }
    if is_protected(&group) && text(&metadata["annotations"][APPROVAL]).is_empty() {
        let because = format!(
            "protected groups must have approval annotation {APPROVAL:?}, see \
             https://github.com/kubernetes/enhancements/pull/1111"
        );
        causes.push(required(format!("metadata.annotations[{APPROVAL}]"), &because));
    }
    match spec["scope"].as_str().unwrap_or_default() {
        "Cluster" | "Namespaced" => {}
        "" => causes.push(required("spec.scope", "")),
        _ => causes.push(unsupported("spec.scope", &spec["scope"], &["Cluster", "Namespaced"])),
    }
    if spec["preserveUnknownFields"] == true {
        let message = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        causes.push(invalid("spec.preserveUnknownFields", &true.into(), message));
    }
    causes
}

fn check_versions(spec: &Value) -> Vec<Cause> {
    let versions = spec["versions"].as_array().map_or(&[][..], Vec::as_slice);
    let mut causes = Vec::new();
    for (at, version) in versions.iter().enumerate() {
        let name = text(&version["name"]);
        let field = format!("spec.versions[{at}].name");
        causes
            .extend(wrong_label(&name).iter().map(|told| invalid(field.clone(), &name.clone().into(), told)));
        if version["deprecationWarning"].is_string() && version["deprecated"] != true {
            let field = format!("spec.versions[{at}].deprecationWarning");
            let message = "can only be set for deprecated versions";
            causes.push(invalid(field, &version["deprecationWarning"], message));
        }
        if version["schema"]["openAPIV3Schema"].is_null() {
            causes.push(required(format!("spec.versions[{at}].schema.openAPIV3Schema"), ""));
        }
    }
    let mut names: Vec<String> = versions.iter().map(|version| text(&version["name"])).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        causes.push(invalid_versions(spec, "must contain unique version names"));
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        causes.push(invalid_versions(spec, "must have exactly one version marked as storage version"));
    }
    causes
}

/// With the versions as a real server holds them, where they have all else in common.
fn invalid_versions(spec: &Value, message: &str) -> Cause {
    let Some(versions) = spec["versions"].as_array() else {
        return invalid("spec.versions", &Value::Null, message);
    };
    let shown = |version: &Value| {
        format!(
            "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":null,\
             \"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
            json!(text(&version["name"])),
            version["served"] == true,
            version["storage"] == true,
            version["deprecated"] == true,
            version["deprecationWarning"]
        )
    };
    let shown = versions.iter().map(shown).collect::<Vec<_>>().join(",");
    Cause::new("FieldValueInvalid", "spec.versions", format!("Invalid value: [{shown}]: {message}"))
}

fn check_names(names: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for member in ["plural", "singular", "kind", "listKind"] {
        let (name, field) = (text(&names[member]), format!("spec.names.{member}"));
        if name.is_empty() {
            causes.push(required(field, ""));
        } else if member.to_lowercase().ends_with("kind") {
            for told in wrong_label(&name.to_lowercase()) {
                let told = format!("may have mixed case, but should otherwise match: {told}");
                causes.push(invalid(field.clone(), &names[member], &told));
            }
        } else {
            causes.extend(wrong_label(&name).iter().map(|told| invalid(field.clone(), &names[member], told)));
        }
    }
    for member in ["shortNames", "categories"] {
        for (at, name) in texts(&names[member]).into_iter().enumerate() {
            let field = format!("spec.names.{member}[{at}]");
            let told = wrong_label(&name);
            causes.extend(told.iter().map(|told| invalid(field.clone(), &name.clone().into(), told)));
        }
    }
    if names["kind"].is_string() && names["kind"] == names["listKind"] {
        let message = "kind and listKind may not be the same";
        causes.push(invalid("spec.names.listKind", &names["listKind"], message));
    }
    causes
}

fn wrong_label(name: &str) -> Vec<String> {
    const LONGEST: usize = 63;
    let bytes = name.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let begins = bytes.first().is_some_and(u8::is_ascii_lowercase);
    let ends = bytes.last().is_some_and(plain);
    let mut told = Vec::new();
    if name.len() > LONGEST {
        told.push(format!("must be no more than {LONGEST} characters"));
    }
    if !begins || !ends || !bytes.iter().all(|byte| plain(byte) || *byte == b'-') {
        told.push(LABEL.to_owned());
    }
    told
}

fn check_conversion(conversion: &Value) -> Vec<Cause> {
    // It is filled in, unless there is no spec at all.
    if conversion.is_null() {
        return Vec::new();
    }
    match conversion["strategy"].as_str().unwrap_or_default() {
        "None" => Vec::new(),
        "" => vec![required("spec.conversion.strategy", "")],
        "Webhook" => {
            let mut causes = Vec::new();
            if conversion["webhook"]["clientConfig"].is_null() {
                let because = "required when strategy is set to Webhook";
                causes.push(required("spec.conversion.webhookClientConfig", because));
            }
            if texts(&conversion["webhook"]["conversionReviewVersions"]).is_empty() {
                causes.push(required("spec.conversion.conversionReviewVersions", ""));
            }
            causes
        }
        _ => vec![unsupported("spec.conversion.strategy", &conversion["strategy"], &["None", "Webhook"])],
    }
}

/// Versions that objects may be stored in stay.
fn check_stored(definition: &Value) -> Vec<Cause> {
    let field = "status.storedVersions";
    let storage = storage_versions(definition);
    let mut stored = texts(&definition["status"]["storedVersions"]);
    if stored.is_empty() || storage.len() > 1 {
        // The server itself notes down the first one.
        stored = storage.first().map(text).into_iter().collect();
    }
    if stored.is_empty() {
        return vec![invalid(field, &Value::Null, "must have at least one stored version")];
    }
    if let [_, .., last] = &storage[..] {
        let message = format!("must have the storage version {}", text(last));
        return vec![invalid(field, &json!(stored), &message)];
    }
    let versions = definition["spec"]["versions"].as_array().map_or(&[][..], Vec::as_slice);
    let is_gone =
        |name: &String| !name.is_empty() && !versions.iter().any(|version| version["name"] == **name);
    let gone = stored.iter().enumerate().filter(|(_, name)| is_gone(name));
    gone.map(|(at, name)| {
        let message = format!(
            "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions \
             until a storage migration ensures no data remains persisted in {name} and removes {name} from \
             status.storedVersions"
        );
        invalid(format!("{field}[{at}]"), &name.clone().into(), &message)
    })
    .collect()
}
