//! What the daemon makes of an answer, with the bodies that a real API server sent.

use std::time::Duration;

use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer_engine::effect::Effect;
use serde_json::{Value, json};

use crate::changes::merge;
use crate::wire::{self, Reply, answering, pods, resource};
use crate::writes::{DELETE, evict, label, strip, web};

fn every_write() -> [Effect; 4] {
    [DELETE, evict(), strip(&["a/b"], &["a/b"]), label("a", "b")]
}

fn status(code: u16, message: &str, details: impl Into<Value>) -> Value {
    let details = details.into();
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "details": details, "code": code})
}

async fn outcome(effect: &Effect, code: u16, body: Value) -> Outcome {
    let (transport, _) = answering(move |_| wire::json(code, body.clone()));
    execute(&transport, &pods(), &web(), effect, false).await
}

#[tokio::test]
async fn every_conflict_and_failed_precondition_means_look_again() {
    let conflict =
        || status(409, "the ResourceVersion in the precondition (6) does not match", json!({"name": "web"}));
    for effect in every_write() {
        assert!(matches!(outcome(&effect, 409, conflict()).await, Outcome::Changed { .. }), "{effect:?}");
    }
    let failed_test =
        status(422, "the server rejected our request due to an error in our request", json!({}));
    let Outcome::Changed { reason } = outcome(&strip(&["a/b"], &["a/b"]), 422, failed_test).await else {
        panic!("a failed test is no error of the patch")
    };
    assert_eq!(reason, "a test of the patch failed: the object is not as it was read");
    let message = "Invalid value: \"uid-1\": field is immutable";
    let causes = [("metadata.labels", "Invalid value: \"b c\""), ("metadata.uid", message)]
        .map(|(field, message)| json!({"reason": "FieldValueInvalid", "message": message, "field": field}));
    let other_uid = status(422, "Pod \"web\" is invalid", json!({"name": "web", "causes": causes}));
    assert!(matches!(outcome(&label("a", "b c"), 422, other_uid).await, Outcome::Changed { .. }));
}

#[tokio::test]
async fn what_is_invalid_or_denied_is_not_called_changed_or_it_would_be_tried_for_ever() {
    let cause = json!({"reason": "FieldValueInvalid", "message": "Invalid value: \"b c\"", "field": "metadata.labels"});
    let invalid =
        status(422, "Pod \"web\" is invalid: metadata.labels", json!({"name": "web", "causes": [cause]}));
    let rejected = Outcome::Rejected { reason: "Pod \"web\" is invalid: metadata.labels".to_owned() };
    assert_eq!(outcome(&label("a", "b c"), 422, invalid).await, rejected);
    let denied = "admission webhook \"policy.corp\" denied the request: keep your hands off";
    for (code, effect) in
        [400, 403, 405, 406, 413, 422].iter().flat_map(|code| every_write().map(|e| (*code, e)))
    {
        let rejected = Outcome::Rejected { reason: denied.to_owned() };
        assert_eq!(
            outcome(&effect, code, status(code, denied, Value::Null)).await,
            rejected,
            "{code} {effect:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_right_is_named_as_it_is_granted() {
    let message = "pods \"web\" is forbidden: User \"bob\" cannot delete resource \"pods\" in API group \"\"";
    for (effect, grant) in [
        (DELETE, "grant delete on pods in test-a: "),
        (evict(), "grant create on pods/eviction in test-a: "),
        (label("a", "b"), "grant patch on pods in test-a: "),
        (strip(&["a/b"], &["a/b"]), "grant patch on pods in test-a: "),
    ] {
        let outcome = outcome(&effect, 403, status(403, message, json!({"name": "web"}))).await;
        assert_eq!(outcome, Outcome::Forbidden { reason: format!("{grant}{message}") });
    }
    assert!(matches!(
        outcome(&DELETE, 401, status(401, "Unauthorized", Value::Null)).await,
        Outcome::Forbidden { .. }
    ));
}

#[tokio::test]
async fn gone_is_said_of_the_object_alone_not_of_a_kind_that_is_no_longer_served() {
    let gone = status(404, "pods \"web\" not found", json!({"name": "web", "kind": "pods"}));
    let unserved = status(404, "the server could not find the requested resource", json!({}));
    for effect in every_write() {
        assert_eq!(outcome(&effect, 404, gone.clone()).await, Outcome::Gone);
        assert!(matches!(outcome(&effect, 404, unserved.clone()).await, Outcome::Rejected { .. }));
        let (transport, _) = answering(|_| wire::text(404, "404 page not found\n"));
        let outcome = execute(&transport, &pods(), &web(), &effect, false).await;
        assert_eq!(outcome, Outcome::Rejected { reason: "404 page not found".to_owned() });
    }
}

/// The server answers alike where the object is gone and where its kind has no such part.
#[tokio::test]
async fn what_is_said_of_a_part_says_nothing_of_the_object() {
    let gone = status(404, "pods \"web\" not found", json!({"name": "web", "kind": "pods"}));
    let unserved = status(404, "the server could not find the requested resource", json!({}));
    for answer in [gone.clone(), unserved] {
        let Outcome::Rejected { reason } =
            outcome(&merge(json!({"spec": {}}), Some("scale")), 404, answer).await
        else {
            panic!("it may be there all the same")
        };
        assert!(reason.contains("it has no scale"), "{reason}");
    }
    assert_eq!(outcome(&merge(json!({"spec": {}}), None), 404, gone).await, Outcome::Gone);
}

#[tokio::test]
async fn a_disruption_budget_is_told_from_a_busy_server() {
    let cause = json!({"reason": "DisruptionBudget", "message": "The disruption budget web needs 1 healthy pods and has 1 currently"});
    let body = status(
        429,
        "Cannot evict pod as it would violate the pod's disruption budget.",
        json!({"causes": [cause]}),
    );
    let reason = "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 1 healthy pods and has 1 currently";
    let refused = Outcome::Refused { reason: reason.to_owned(), retry_after: None, by_budget: true };
    assert_eq!(outcome(&evict(), 429, body).await, refused);

    let (transport, _) = answering(|_| Reply::Answer {
        status: 429,
        retry_after: Some(7),
        body: "Too many requests, please try again later.\n".to_owned(),
    });
    let refused = Outcome::Refused {
        reason: "Too many requests, please try again later.".to_owned(),
        retry_after: Some(Duration::from_secs(7)),
        by_budget: false,
    };
    for effect in every_write() {
        assert_eq!(execute(&transport, &pods(), &web(), &effect, false).await, refused);
    }

    let several =
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    let rejected = Outcome::Rejected { reason: several.to_owned() };
    assert_eq!(outcome(&evict(), 500, status(500, several, Value::Null)).await, rejected);
}

#[tokio::test(start_paused = true)]
async fn after_a_write_without_an_answer_nothing_is_known_and_nothing_is_sent_again() {
    let replies: [fn() -> Reply; 6] = [
        || Reply::Silence,
        || Reply::Reset,
        || wire::text(500, "etcdserver: request timed out"),
        || wire::text(502, "<html>bad gateway</html>"),
        || wire::text(503, ""),
        || wire::text(504, "timeout"),
    ];
    for reply in replies {
        for effect in [DELETE, strip(&["a/b"], &["a/b"]), label("a", "b")] {
            let (transport, record) = answering(move |_| reply());
            let outcome = execute(&transport, &pods(), &web(), &effect, false).await;
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
            assert_eq!(record.sent().len(), 1);
            // A dry run did nothing, answered or not: it can be asked again.
            let outcome = execute(&transport, &pods(), &web(), &effect, true).await;
            assert!(matches!(outcome, Outcome::Refused { by_budget: false, .. }), "{outcome:?}");
        }
        let (transport, record) = answering(move |sent| {
            let dry = !sent.body["deleteOptions"]["dryRun"].is_null();
            if dry { wire::json(201, json!({"kind": "Status", "status": "Success"})) } else { reply() }
        });
        let outcome = execute(&transport, &pods(), &web(), &evict(), false).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert_eq!(record.sent().len(), 2);
    }
}

#[tokio::test]
async fn an_eviction_that_came_too_late_tells_that_it_cost_a_disruption() {
    let (transport, _) = answering(|sent| match sent.body["deleteOptions"].get("dryRun") {
        Some(_) => wire::json(201, json!({"kind": "Status", "status": "Success"})),
        None => wire::json(409, status(409, "the UID does not match", json!({"name": "web"}))),
    });
    let Outcome::Changed { reason } = execute(&transport, &pods(), &web(), &evict(), false).await else {
        panic!("a conflict means look again")
    };
    assert_eq!(
        reason,
        "the UID does not match (it counts as a disruption against the budget for two minutes)"
    );
}

#[tokio::test]
async fn a_deletion_tells_what_still_holds_the_object() {
    let terminating = |grace: u32, finalizers: &[&str]| {
        json!({"kind": "PartialObjectMetadata", "metadata": {"name": "web", "uid": "uid-1",
            "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace, "finalizers": finalizers}})
    };
    for (body, expected) in [
        (
            json!({"kind": "Status", "status": "Success", "details": {"name": "web", "uid": "uid-1"}}),
            "deleted",
        ),
        (terminating(0, &[]), "deleted"),
        (terminating(30, &[]), "deletion asked; it has 30 s to end"),
        (terminating(0, &["a/b"]), "deletion asked; the finalizer a/b holds it"),
        (terminating(30, &["a/b", "c/d"]), "deletion asked; the finalizers a/b, c/d hold it"),
    ] {
        let Outcome::Done { detail, object } = outcome(&DELETE, 200, body.clone()).await else {
            panic!("done")
        };
        assert_eq!((detail.as_str(), object.is_some()), (expected, body["kind"] != "Status"));
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_about_a_secret_are_not_repeated() {
    let secrets = resource("", "v1", "Secret", "secrets", true);
    for code in [400, 403, 409, 422, 500] {
        let quoting =
            status(code, "Invalid value: {\"data\":{\"password\":\"aHVudGVyMg==\"}}", json!({"name": "web"}));
        let (transport, _) = answering(move |_| wire::json(code, quoting.clone()));
        let outcome = execute(&transport, &secrets, &web(), &label("a", "b"), false).await;
        assert!(
            !format!("{outcome:?}").contains("hunter2") && !format!("{outcome:?}").contains("aHVudGVyMg")
        );
    }
}
