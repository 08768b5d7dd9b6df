//! Objects and lines as an API server sends them, and as it never should.

use k8s_healer_engine::values::Path;
use serde_json::json;

use super::*;

fn pods() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        singular: "pod".to_owned(),
        short_names: vec![],
        namespaced: true,
        verbs: vec![],
    }
}

fn decoder(paths: &[&str]) -> Decoder {
    let mut projection = Projection::default();
    paths.iter().for_each(|path| projection.read(&Path::parse(path).unwrap()));
    Decoder::new(&projection, &pods())
}

fn pod() -> Value {
    json!({"metadata": {"name": "a", "namespace": "test", "uid": "u", "resourceVersion": "7"},
        "spec": {"x": [1, {"y": 2}]}, "status": {"phase": "Running"}})
}

fn line(event: &str, object: &Value) -> Result<Event, LineError> {
    let bytes = json!({"type": event, "object": object}).to_string();
    decoder(&["$.status.phase"]).line(bytes.as_bytes())
}

#[test]
fn an_object_keeps_what_is_read_and_its_identity() {
    let object = decoder(&["$.status.phase"]).object(pod().to_string().as_bytes()).unwrap();
    assert_eq!(object.object(), &json!({"metadata": pod()["metadata"], "status": {"phase": "Running"}}));
}

#[test]
fn an_object_of_a_list_has_the_kind_that_the_server_leaves_out_there() {
    let object = decoder(&["$.kind", "$.apiVersion"]).object(pod().to_string().as_bytes()).unwrap();
    assert_eq!((&object.object()["kind"], &object.object()["apiVersion"]), (&json!("Pod"), &json!("v1")));
}

#[test]
fn an_object_without_identity_is_an_error() {
    let mut anonymous = pod();
    anonymous["metadata"]["uid"].take();
    let error = decoder(&[]).object(anonymous.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "an object has no `metadata.uid`: `a`");
    for broken in ["{}", "null", "3", "[]", "{\"metadata\":", "\"\\ud800\"", ""] {
        assert!(decoder(&[]).object(broken.as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn a_line_is_read_by_its_type() {
    let Ok(Event::Applied(object)) = line("ADDED", &pod()) else { panic!() };
    assert_eq!(object.object()["status"], json!({"phase": "Running"}));
    assert_eq!(object.object().get("spec"), None);
    assert!(matches!(line("MODIFIED", &pod()), Ok(Event::Applied(_))));
    let Ok(Event::Deleted(object)) = line("DELETED", &pod()) else { panic!() };
    assert_eq!(object.object(), &json!({"metadata": pod()["metadata"]}));
}

#[test]
fn a_line_is_read_alike_where_the_object_comes_before_its_type() {
    for event in ["ADDED", "DELETED"] {
        let turned = format!(r#"{{"x":[{{}}],"object":{},"type":"{event}"}}"#, pod());
        let turned = decoder(&["$.status.phase"]).line(turned.as_bytes()).unwrap();
        assert_eq!(turned, line(event, &pod()).unwrap());
    }
}

#[test]
fn a_bookmark_is_a_version_and_perhaps_the_end_of_the_initial_events() {
    let bookmark = |annotations: Value| {
        line(
            "BOOKMARK",
            &json!({"kind": "Pod", "metadata": {"resourceVersion": "9", "annotations": annotations}}),
        )
        .unwrap()
    };
    let expected =
        |ends_initial_events| Event::Bookmark { resource_version: "9".to_owned(), ends_initial_events };
    assert_eq!(bookmark(Value::Null), expected(false));
    assert_eq!(bookmark(json!({"k8s.io/initial-events-end": "true"})), expected(true));
    assert!(matches!(line("BOOKMARK", &json!({"metadata": {}})), Err(LineError::Protocol(_))));
}

#[test]
fn an_error_is_the_servers_status() {
    let status = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"});
    let Ok(Event::Error(status)) = line("ERROR", &status) else { panic!() };
    assert_eq!((status.code, status.reason.as_str(), status.message.as_str()), (410, "Expired", "too old"));
}

#[test]
fn a_lost_object_is_told_apart_from_a_lost_line() {
    for event in ["ADDED", "MODIFIED"] {
        assert!(matches!(line(event, &json!({"metadata": {}})), Err(LineError::Object(_))));
        let nested = format!(r#"{{"type":"{event}","object":{{"status":{{"phase":{}1"#, "[".repeat(200));
        assert!(matches!(decoder(&["$.status"]).line(nested.as_bytes()), Err(LineError::Object(_))));
    }
    let protocol = [
        r#"{"type":"DELETED","object":{"metadata":{"name":"a"}}}"#,
        r#"{"type":"RENAMED","object":{}}"#,
        r#"{"object":{}}"#,
        "{}",
        "null",
        "not json",
        r#"{"type":"BOOKMARK"}"#,
    ];
    for line in protocol {
        assert!(matches!(decoder(&[]).line(line.as_bytes()), Err(LineError::Protocol(_))), "{line}");
    }
}

#[test]
fn a_deep_object_is_read_as_long_as_no_rule_reads_the_depth() {
    let deep =
        format!(r#"{{"metadata":{{"name":"a","uid":"u"}},"spec":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert!(decoder(&["$.status.phase"]).object(deep.as_bytes()).is_ok());
    assert!(decoder(&["$.spec"]).object(deep.as_bytes()).is_err());
}
