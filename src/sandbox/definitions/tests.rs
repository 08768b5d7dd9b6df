use super::*;
use crate::sandbox::failure::Cause;
use crate::sandbox::kinds::Kinds;

fn definition() -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let version = |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "schema": schema});
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

/// `field: message` of a definition of one version, changed at this place.
fn told(pointer: &str, value: Value) -> Vec<String> {
    let mut changed = definition();
    let mut version = changed["spec"]["versions"][2].clone();
    version["subresources"] = Value::Null;
    changed["spec"]["versions"] = json!([version]);
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[member] = value;
    if pointer.starts_with("/spec/names") {
        complete(&mut changed);
    }
    let short = |cause: Cause| {
        format!("{}: {}", cause.field, cause.message.split(" (e.g.").next().unwrap_or_default())
    };
    validate(&changed).into_iter().map(short).collect()
}

#[test]
fn mistakes_are_told_as_a_real_server_does() {
    let label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    let version = "{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}";
    let name = "metadata.name: Invalid value: \"things.a.io\": must be spec.names.plural+\".\"+spec.group"
        .to_owned();
    for (pointer, value, expected) in [
        ("/spec/group", Value::Null, vec![name.clone(), "spec.group: Required value".to_owned()]),
        (
            "/spec/group",
            json!("aio"),
            vec![name.clone(), "spec.group: Invalid value: \"aio\": should be a domain with at least one dot".to_owned()],
        ),
        ("/spec/scope", Value::Null, vec!["spec.scope: Required value".to_owned()]),
        (
            "/spec/scope",
            json!("Both"),
            vec!["spec.scope: Unsupported value: \"Both\": supported values: \"Cluster\", \"Namespaced\"".to_owned()],
        ),
        ("/spec/names/plural", json!("Things"), vec![name, format!("spec.names.plural: Invalid value: \"Things\": {label}")]),
        (
            "/spec/names",
            json!({"plural": "things"}),
            vec![
                "spec.names.singular: Required value".to_owned(),
                "spec.names.kind: Required value".to_owned(),
                "spec.names.listKind: Required value".to_owned(),
            ],
        ),
        (
            "/spec/names/listKind",
            json!("Thing"),
            vec!["spec.names.listKind: Invalid value: \"Thing\": kind and listKind may not be the same".to_owned()],
        ),
        ("/spec/names/shortNames", json!(["F", "f"]), vec![format!("spec.names.shortNames[0]: Invalid value: \"F\": {label}")]),
        (
            "/spec/versions",
            json!([]),
            vec![
                "spec.versions: Invalid value: []: must have exactly one version marked as storage version".to_owned(),
                "status.storedVersions: Invalid value: null: must have at least one stored version".to_owned(),
            ],
        ),
        (
            "/spec/versions/0/storage",
            json!(false),
            vec![
                format!("spec.versions: Invalid value: [{version}]: must have exactly one version marked as storage version"),
                "status.storedVersions: Invalid value: null: must have at least one stored version".to_owned(),
            ],
        ),
        ("/spec/versions/0/schema", json!({}), vec!["spec.versions[0].schema.openAPIV3Schema: Required value".to_owned()]),
        (
            "/spec/versions/0/subresources",
            json!({"scale": {"specReplicasPath": ".replicas", "statusReplicasPath": "x"}}),
            vec![
                "spec.subresources.scale.specReplicasPath: Invalid value: \".replicas\": should be a json path under .spec".to_owned(),
                "spec.subresources.scale.statusReplicasPath: Invalid value: \"x\": must be a simple json path starting with .".to_owned(),
            ],
        ),
        (
            "/spec/versions/0/additionalPrinterColumns",
            json!([{}]),
            vec![
                "spec.additionalPrinterColumns[0].name: Required value".to_owned(),
                "spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string".to_owned(),
                "spec.additionalPrinterColumns[0].JSONPath: Required value".to_owned(),
            ],
        ),
        (
            "/spec/versions/0/selectableFields",
            json!([{"jsonPath": ".spec.a"}, {"jsonPath": "x"}, {}]),
            vec![
                "spec.selectableFields[0].jsonPath: Invalid value: \".spec.a\": is an invalid path: does not refer to a valid field".to_owned(),
                "spec.selectableFields[1].jsonPath: Invalid value: \"x\": is an invalid path: expected [ or . but got: x".to_owned(),
                "spec.selectableFields[2].jsonPath: Required value".to_owned(),
            ],
        ),
        ("/spec/conversion", json!({}), vec!["spec.conversion.strategy: Required value".to_owned()]),
        (
            "/spec/conversion",
            json!({"strategy": "Odd"}),
            vec!["spec.conversion.strategy: Unsupported value: \"Odd\": supported values: \"None\", \"Webhook\"".to_owned()],
        ),
    ] {
        assert_eq!(told(pointer, value), expected, "{pointer}");
    }
}

#[test]
fn a_schema_is_structural_or_told_why_not() {
    let path = "spec.validation.openAPIV3Schema";
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    let check = |schema: Value, expected: &str| {
        let found = told("/spec/versions/0/schema", json!({"openAPIV3Schema": schema}));
        let expected = if expected.is_empty() { Vec::new() } else { vec![format!("{path}{expected}")] };
        assert_eq!(found, expected);
    };
    check(json!({}), ".type: Required value: must not be empty at the root");
    check(json!({"type": "string"}), ".type: Invalid value: \"string\": must be object at the root");
    for (member, expected) in [
        (json!({}), ".type: Required value: must not be empty for specified object fields"),
        (json!({"type": "array"}), ".items: Required value: must be specified"),
        (
            json!({"type": "array", "items": {}}),
            ".items.type: Required value: must not be empty for specified array items",
        ),
        (
            json!({"type": "str"}),
            ".type: Unsupported value: \"str\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
        ),
        (
            json!({"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
            ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}}),
            ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            json!({"type": "string", "default": 5}),
            ".default: Invalid value: \"integer\":  in body must be of type string: \"integer\"",
        ),
        (
            json!({"type": "object", "default": {"x": 1}}),
            ".default: Invalid value: {\"x\":1}: must not have unknown fields",
        ),
        (
            json!({"type": "string", "anyOf": [{"type": "string"}]}),
            ".anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (json!({"$ref": "#/x"}), ".$ref: Forbidden: $ref is not supported"),
        (json!({"x-kubernetes-preserve-unknown-fields": true}), ""),
        (json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}), ""),
    ] {
        let expected = if expected.is_empty() { String::new() } else { format!(".properties[a]{expected}") };
        check(object(json!({"a": member})), &expected);
    }
    check(
        object(json!({"metadata": object(json!({"labels": {"type": "object"}}))})),
        ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
    );
}

#[test]
fn what_is_established_keeps_its_names_and_its_stored_versions() {
    let mut old = definition();
    establish(&mut old, &Kinds::built_in(), "t");
    let mut new = old.clone();
    new["spec"]["scope"] = "Cluster".into();
    new["spec"]["names"]["kind"] = "Other".into();
    let fields: Vec<String> = check_change(&old, &new).into_iter().map(|cause| cause.field).collect();
    assert_eq!(fields, ["spec.scope", "spec.names.kind"]);
    assert_eq!(check_change(&definition(), &new), []);
    let mut gone = old.clone();
    gone["spec"]["versions"].as_array_mut().unwrap().retain(|version| version["name"] != "v1");
    gone["spec"]["versions"][0]["storage"] = true.into();
    let causes = validate(&gone);
    assert_eq!((causes.len(), causes[0].field.as_str()), (1, "status.storedVersions[0]"));
    assert!(
        causes[0].message.starts_with("Invalid value: \"v1\": missing from spec.versions; v1 was previously")
    );
}

#[test]
fn names_that_another_has_are_not_accepted() {
    let mut kinds = Kinds::built_in();
    let mut first = definition();
    first["spec"]["names"]["shortNames"] = json!(["th"]);
    assert!(establish(&mut first, &kinds, "t"));
    assert!(!establish(&mut first, &kinds, "later"), "nothing new to say");
    assert_eq!(first["status"]["conditions"][1]["status"], "True");
    assert_eq!(first["status"]["acceptedNames"], first["spec"]["names"]);
    assert_eq!(first["status"]["storedVersions"], json!(["v1"]));
    kinds.insert(kind_of(&first));
    for (names, reason, message, accepted) in [
        (
            json!({"plural": "bars", "kind": "Thing"}),
            "ListKindConflict",
            "\"ThingList\" is already in use",
            json!({"plural": "bars", "kind": ""}),
        ),
        (
            json!({"plural": "quxs", "kind": "Qux", "shortNames": ["th"]}),
            "ShortNamesConflict",
            "\"th\" is already in use",
            json!({"plural": "quxs", "singular": "qux", "kind": "Qux", "listKind": "QuxList"}),
        ),
        (
            json!({"plural": "quuxs", "kind": "Quux", "singular": "thing"}),
            "SingularConflict",
            "\"thing\" is already in use",
            json!({"plural": "quuxs", "kind": "Quux", "listKind": "QuuxList"}),
        ),
    ] {
        let mut other = definition();
        other["metadata"]["name"] = format!("{}.a.io", text(&names["plural"])).into();
        other["spec"]["names"] = names;
        complete(&mut other);
        establish(&mut other, &kinds, "t");
        let conditions = &other["status"]["conditions"];
        assert_eq!((&conditions[0]["reason"], &conditions[0]["message"]), (&json!(reason), &json!(message)));
        assert_eq!(
            (&conditions[1]["status"], &conditions[1]["reason"]),
            (&json!("False"), &json!("NotAccepted"))
        );
        assert_eq!(other["status"]["acceptedNames"], accepted);
    }
}

#[test]
fn the_definitions_of_kubevirt_and_its_friends_are_right() {
    let Some(folder) = std::env::var_os("K8S_HEALER_TEST_CRDS") else {
        eprintln!("skipped: K8S_HEALER_TEST_CRDS is not set");
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let mut definition: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        complete(&mut definition);
        assert_eq!(validate(&definition), [], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0, "there are definitions in the folder");
}
