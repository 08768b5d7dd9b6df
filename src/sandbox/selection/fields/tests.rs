use super::*;
use crate::sandbox::kinds::{Kinds, Resource};
use serde_json::json;
use std::sync::Arc;

fn kind(group: &str, plural: &str) -> Arc<Kind> {
    Arc::clone(Kinds::built_in().get(&Resource::new(group, plural)).unwrap())
}

fn parse(group: &str, plural: &str, text: &str) -> Result<FieldSelector, String> {
    let kind = kind(group, plural);
    FieldSelector::parse(text, &kind, &kind.versions[0]).map_err(|failure| failure.message)
}

#[test]
fn mistakes_are_told_as_a_real_server_does() {
    let unknown = |field: &str| {
        format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    };
    for (group, plural, text, expected) in [
        ("", "configmaps", "a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'".to_owned()),
        (
            "",
            "configmaps",
            "metadata.name>a",
            "invalid selector: 'metadata.name>a'; can't understand 'metadata.name>a'".to_owned(),
        ),
        (
            "",
            "configmaps",
            "metadata.name=a=b",
            "invalid field selector: unescaped character in value: 61".to_owned(),
        ),
        (
            "",
            "configmaps",
            "metadata.name=a\\x",
            "invalid field selector: invalid escape sequence: \\x".to_owned(),
        ),
        (
            "",
            "configmaps",
            "metadata.name=a\\",
            "invalid field selector: invalid escape sequence: \\".to_owned(),
        ),
        ("", "configmaps", "=b", unknown("")),
        ("", "configmaps", "metadata.name = a", unknown("metadata.name ")),
        ("apps", "replicasets", "status.replicas=0", unknown("status.replicas")),
        ("", "pods", "spec.foo=1", "field label not supported: spec.foo".to_owned()),
        ("", "nodes", "metadata.namespace=x", "field label not supported: metadata.namespace".to_owned()),
        ("batch", "jobs", "x=1", "field label \"x\" not supported for Job".to_owned()),
    ] {
        assert_eq!(parse(group, plural, text), Err(expected), "{plural} {text}");
    }
    assert!(parse("storage.k8s.io", "storageclasses", "metadata.namespace=x").is_ok());
}

#[test]
fn fields_are_compared_as_a_real_server_does() {
    let pod = json!({"metadata": {"name": "a,b=c"}, "spec": {"nodeName": "n"}, "status": {"podIPs": [{"ip": "1"}]}});
    let event = json!({"metadata": {}, "source": {}, "reportingComponent": "kubelet"});
    let job = json!({"metadata": {}, "status": {"succeeded": 2}});
    for (group, plural, object, text, expected) in [
        ("", "pods", &pod, "", true),
        ("", "pods", &pod, ",metadata.name=a\\,b\\=c,", true),
        ("", "pods", &pod, "metadata.name!=a", true),
        ("", "pods", &pod, "spec.nodeName==n,spec.host=n", true),
        ("", "pods", &pod, "spec.nodeName!=n", false),
        ("", "pods", &pod, "spec.hostNetwork=false", true),
        ("", "pods", &pod, "status.podIPs=", true),
        ("", "pods", &pod, "status.phase=", true),
        ("", "nodes", &pod, "spec.unschedulable=false", true),
        ("", "events", &event, "source=kubelet", true),
        ("batch", "jobs", &job, "status.successful=2", true),
        ("batch", "jobs", &pod, "status.successful=0", true),
    ] {
        assert_eq!(parse(group, plural, text).unwrap().matches(object), expected, "{plural} {text}");
    }
}

#[test]
fn custom_resources_are_selected_by_the_fields_that_their_definition_names() {
    let mut wides = Kind::clone(&kind("", "nodes"));
    wides.definition = Some("wides.t.io".to_owned());
    wides.resource = Resource::new("t.io", "wides");
    wides.versions[0].selectable_fields = vec![".spec.b".to_owned()];
    let parse = |text: &str| {
        FieldSelector::parse(text, &wides, &wides.versions[0]).map_err(|failure| failure.message)
    };
    let matches = |text: &str, b: Value| parse(text).unwrap().matches(&json!({"spec": {"b": b}}));
    assert!(matches("spec.b=true", true.into()) && matches("spec.b=", Value::Null));
    assert!(!matches("spec.b=false", Value::Null));
    assert_eq!(parse("spec.c=1"), Err("field label not supported: spec.c".to_owned()));
    assert_eq!(
        parse("metadata.namespace=x"),
        Err("field label not supported: metadata.namespace".to_owned())
    );
}

#[test]
fn a_name_that_is_asked_for_is_known() {
    let name = |text: &str| parse("", "pods", text).unwrap().exact_name().map(str::to_owned);
    assert_eq!(name("status.phase=Running,metadata.name=a").as_deref(), Some("a"));
    assert_eq!(name("metadata.name!=a"), None);
}
