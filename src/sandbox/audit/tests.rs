//! Records, held against those of a real server.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::sandbox::rights::{Attributes, refusal};

const PODS: &str = "/api/v1/namespaces/n/pods";

struct Request<'a> {
    verb: &'a str,
    path: &'a str,
    code: u16,
    failure: Option<Failure>,
    body: &'static str,
}

fn bert() -> User {
    User { name: "bert".into(), uid: "7".into(), groups: vec!["system:authenticated".into()] }
}

fn record(audit: &Audit, user: Option<&User>, request: &Request<'_>) {
    let body = Bytes::from_static(request.body.as_bytes());
    audit.record(&Entry {
        stage: Stage::ResponseComplete,
        uri: request.path,
        verb: request.verb,
        user,
        impersonated: None,
        user_agent: "test",
        target: Target::parse(request.path).as_ref(),
        code: request.code,
        failure: request.failure.as_ref(),
        body: &body,
        received: Timestamp::UNIX_EPOCH,
        now: Timestamp::from_microsecond(1).unwrap(),
        id: "id".into(),
    });
}

fn told(user: Option<&User>, request: &Request<'_>) -> Vec<Value> {
    let audit = Audit::in_memory();
    record(&audit, user, request);
    audit.events()
}

fn get(path: &str) -> Request<'_> {
    Request { verb: "get", path, code: 200, failure: None, body: "{\"a\":1}" }
}

fn forbidden(verb: &str) -> Failure {
    refusal(
        &bert(),
        &Attributes {
            verb,
            group: "",
            version: "v1",
            resource: "pods",
            subresource: "",
            name: "",
            namespace: "n",
            path: "",
            is_resource: true,
        },
    )
}

#[test]
fn a_read_is_recorded_without_a_body() {
    let admin = User::administrator("a");
    assert_eq!(
        told(Some(&admin), &get("/api/v1/namespaces/n/pods/p")),
        [json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "id",
            "stage": "ResponseComplete", "requestURI": "/api/v1/namespaces/n/pods/p", "verb": "get",
            "user": {"username": "a", "groups": ["system:masters", "system:authenticated"]},
            "sourceIPs": ["127.0.0.1"], "userAgent": "test",
            "objectRef": {"resource": "pods", "namespace": "n", "name": "p", "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": "1970-01-01T00:00:00.000000Z",
            "stageTimestamp": "1970-01-01T00:00:00.000001Z",
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        })]
    );
    assert!(told(Some(&admin), &get("/healthz"))[0]["objectRef"].is_null());
}

#[test]
fn a_write_is_recorded_with_its_body_and_the_object_it_is_about() {
    let whole = r#"{"metadata":{"name":"q","namespace":"n","uid":"u","resourceVersion":"5"}}"#;
    let known = json!({"name": "q", "namespace": "n", "uid": "u", "resourceVersion": "5", "resource": "pods", "apiVersion": "v1"});
    let path = "/api/v1/namespaces/n/pods/p";
    let named = json!({"name": "p", "namespace": "n", "resource": "pods", "apiVersion": "v1"});
    let evicted = json!({"name": "p", "namespace": "n", "resource": "pods", "apiVersion": "v1", "subresource": "eviction"});
    for (verb, path, body, object) in [
        ("create", PODS, whole, known),
        ("patch", path, whole, named.clone()),
        ("delete", path, r#"{"preconditions":{"uid":"u"}}"#, named.clone()),
        ("delete", path, "", named),
        ("create", "/api/v1/namespaces/n/pods/p/eviction", "{}", evicted),
        (
            "create",
            "/apis/apps/v1/deployments",
            "{bad",
            json!({"resource": "deployments", "apiGroup": "apps", "apiVersion": "v1"}),
        ),
    ] {
        let event = &told(Some(&bert()), &Request { verb, path, body, ..get(path) })[0];
        assert_eq!(event["level"], "Request");
        assert_eq!(event["objectRef"], object, "{verb} {body}");
        assert_eq!(event["requestObject"], serde_json::from_str(body).unwrap_or(Value::Null));
    }
}

#[test]
fn what_is_refused_is_recorded_without_its_body() {
    let failure = Some(forbidden("create"));
    let request =
        Request { verb: "create", code: 403, failure, body: r#"{"metadata":{"name":"q"}}"#, ..get(PODS) };
    let event = &told(Some(&bert()), &request)[0];
    assert!(event["requestObject"].is_null() && event["objectRef"]["name"].is_null());
    assert_eq!(event["annotations"]["authorization.k8s.io/decision"], "forbid");
    assert_eq!(
        event["responseStatus"],
        json!({
            "metadata": {}, "code": 403, "status": "Failure", "reason": "Forbidden", "details": {"kind": "pods"},
            "message": r#"pods is forbidden: User "bert" cannot create resource "pods" in API group "" in the namespace "n""#,
        })
    );
}

#[test]
fn a_watch_that_is_refused_has_begun_all_the_same() {
    let stages = |user: Option<&User>, code: u16, failure: Option<Failure>| -> Vec<Value> {
        let request = Request { verb: "watch", code, failure, ..get(PODS) };
        told(user, &request).iter().map(|event| event["stage"].clone()).collect()
    };
    let both = ["ResponseStarted", "ResponseComplete"];
    assert_eq!(stages(Some(&bert()), 403, Some(forbidden("watch"))), both);
    assert_eq!(stages(Some(&bert()), 410, Some(Failure::expired("too old"))), both);
    assert_eq!(stages(None, 401, Some(Failure::unauthorized())), both[..1]);
    assert_eq!(stages(Some(&bert()), 200, None), both[1..], "the stage that was told");
}

#[test]
fn who_is_not_known_is_nobody() {
    let request = Request { code: 401, failure: Some(Failure::unauthorized()), ..get(PODS) };
    let event = &told(None, &request)[0];
    assert_eq!((&event["user"], &event["stage"]), (&json!({}), &json!("ResponseStarted")));
    assert!(event["annotations"].is_null());
}

#[test]
fn a_path_that_nothing_serves_has_a_code_alone() {
    let request = Request { code: 404, failure: Some(Failure::no_such_path()), ..get("/nope") };
    assert_eq!(told(Some(&bert()), &request)[0]["responseStatus"], json!({"metadata": {}, "code": 404}));
}

#[test]
fn a_file_is_appended_to_line_by_line_and_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    for round in 1..=2 {
        let audit = Audit::to_file(&path).unwrap().and_in_memory(1);
        record(&audit, Some(&bert()), &get(PODS));
        record(&audit, Some(&bert()), &get("/version"));
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2 * round, "nothing is held back, and nothing overwritten");
        assert_eq!(audit.events(), lines[2 * round - 1..], "memory has the newest alone");
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_written_to_is_told_of_once_and_stops_nothing() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let audit = Audit::to_file(Path::new("/dev/full")).unwrap().and_in_memory(9);
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..3 {
            record(&audit, Some(&bert()), &get(PODS));
        }
    });
    assert_eq!(audit.events().len(), 3);
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(told.matches("records are lost").count(), 1, "{told}");
}
