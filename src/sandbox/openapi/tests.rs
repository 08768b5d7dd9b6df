use std::sync::Arc;

use super::super::kinds::Resource;
use super::*;

fn kinds() -> Kinds {
    let mut kinds = Kinds::built_in();
    let mut machine = kinds.get(&Resource::new("apps", "replicasets")).unwrap().as_ref().clone();
    machine.resource = Resource::new("kubevirt.io", "virtualmachines");
    machine.kind = "VirtualMachine".to_owned();
    machine.definition = Some("virtualmachines.kubevirt.io".to_owned());
    let running = json!({"type": "boolean", "description": "Running."});
    let spec = json!({"type": "object", "properties": {"running": running}});
    let schema = json!({"type": "object", "required": ["spec"], "properties": {"spec": spec}});
    machine.versions[0].schema = Arc::new(schema);
    kinds.insert(machine);
    kinds
}

fn document(path: &str) -> Value {
    match answer(path, "application/json, */*", &kinds()).unwrap().body {
        Body::Json(document) => document,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn the_index_names_each_document_by_its_content() {
    let url = |kinds: &Kinds| index(kinds)["paths"]["apis/kubevirt.io/v1"]["serverRelativeURL"].clone();
    let first = url(&kinds());
    assert!(first.as_str().unwrap().starts_with("/openapi/v3/apis/kubevirt.io/v1?hash="), "{first}");
    assert_eq!(url(&kinds()), first);
    let mut changed = kinds();
    let resource = Resource::new("kubevirt.io", "virtualmachines");
    let mut machine = changed.get(&resource).unwrap().as_ref().clone();
    machine.versions[0].schema = Arc::new(json!({"type": "object"}));
    changed.insert(machine);
    assert_ne!(url(&changed), first);
    assert!(document("/openapi/v3")["paths"]["api/v1"].is_object());
}

#[test]
fn a_custom_resource_has_the_schema_of_its_definition() {
    let document = document("/openapi/v3/apis/kubevirt.io/v1");
    let schema = &document["components"]["schemas"]["io.kubevirt.v1.VirtualMachine"];
    assert_eq!(schema["properties"]["spec"]["properties"]["running"]["type"], "boolean");
    assert_eq!(schema["required"], json!(["spec"]));
    for field in ["apiVersion", "kind", "metadata"] {
        assert!(schema["properties"][field].is_object(), "{field}");
    }
    let reference = schema["properties"]["metadata"]["allOf"][0]["$ref"].as_str().unwrap();
    let metadata = document.pointer(reference.trim_start_matches('#')).unwrap();
    assert_eq!(metadata["properties"]["labels"]["additionalProperties"]["type"], "string");
    let expected = json!([{"group": "kubevirt.io", "version": "v1", "kind": "VirtualMachine"}]);
    assert_eq!(schema["x-kubernetes-group-version-kind"], expected);
}

#[test]
fn fields_are_checked_by_the_server_and_patches_say_so() {
    for (document_path, path, kind) in [
        ("/openapi/v3/api/v1", "/api/v1/namespaces/{namespace}/pods/{name}", "Pod"),
        ("/openapi/v3/api/v1", "/api/v1/nodes/{name}", "Node"),
        (
            "/openapi/v3/apis/kubevirt.io/v1",
            "/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}",
            "VirtualMachine",
        ),
    ] {
        let document = document(document_path);
        let patch = &document["paths"][path]["patch"];
        assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], kind);
        let parameters = patch["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "fieldValidation"), "{path}");
    }
}

#[test]
fn a_kind_of_kubernetes_own_takes_anything() {
    let document = document("/openapi/v3/apis/apps/v1");
    let schema = &document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"];
    assert_eq!(schema["x-kubernetes-preserve-unknown-fields"], true);
    assert!(schema.get("properties").is_none());
}

#[test]
fn what_is_not_there_is_not_told() {
    for path in ["/openapi/v3/apis/none/v1", "/openapi/v3/apis/apps/v9", "/openapi", "/openapi/v4"] {
        assert!(answer(path, "", &kinds()).is_none(), "{path}");
    }
    assert_eq!(answer("/openapi/v3/api/v1", "text/html", &kinds()).unwrap().status, 406);
}

#[test]
fn the_older_version_is_a_document_without_anything_in_it() {
    assert_eq!(document("/openapi/v2")["swagger"], "2.0");
    let asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    match answer("/openapi/v2", asked, &kinds()).unwrap().body {
        Body::Text(OLD_PROTOBUF, text) => assert_eq!(text.len(), 24),
        other => panic!("{other:?}"),
    }
}
