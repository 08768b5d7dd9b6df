//! Whose a token is, and until when.

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn account(uid: &str) -> Value {
    json!({"metadata": {"name": "healer", "namespace": "a", "uid": uid}})
}

fn request(tokens: &mut Tokens, body: &Value) -> Result<Value, Failure> {
    let mut number = 6;
    let random = || {
        number += 1;
        number
    };
    tokens.request("a", &account("1"), body, random, NOW)
}

fn token(tokens: &mut Tokens, body: &Value) -> String {
    request(tokens, body).unwrap()["status"]["token"].as_str().unwrap().to_owned()
}

fn store(uid: &str) -> Store {
    let mut store = Store::default();
    store.put(&Resource::new("", "serviceaccounts"), &Key::new("a", "healer"), account(uid));
    store
}

#[test]
fn a_token_is_its_accounts_until_it_expires_and_any_other_is_nobodys() {
    let mut tokens = Tokens::default();
    let token = token(&mut tokens, &json!({"spec": {"expirationSeconds": 600}}));
    let header = format!("Bearer {token}");
    for header in [&header, &format!("bearer {token}"), &format!("Bearer {token} more")] {
        let user = tokens.user_of(Some(header), NOW).unwrap();
        assert_eq!(user.name, "system:serviceaccount:a:healer");
        assert_eq!(
            user.groups,
            ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"]
        );
        assert_eq!(user.uid, "1");
    }
    let later = NOW + jiff::SignedDuration::from_secs(600);
    assert_eq!(tokens.user_of(Some(&header), later).unwrap_err().code, 401);
    for wrong in ["Bearer none", "Bearer", "Bearer ", "Basic x", "x", &format!("Bearer  {token}"), &token] {
        assert_eq!(tokens.user_of(Some(wrong), NOW).unwrap_err().code, 401, "{wrong}");
    }
}

#[test]
fn who_shows_nothing_is_the_administrator() {
    for header in [None, Some("")] {
        let user = Tokens::default().user_of(header, NOW).unwrap();
        assert_eq!(user.name, "sandbox-admin");
        assert_eq!(user.groups, ["system:masters", "system:authenticated"]);
    }
}

#[test]
fn a_token_ends_with_its_account_and_is_not_its_successors() {
    let mut tokens = Tokens::default();
    tokens.add("given", User::administrator("x"));
    let token = token(&mut tokens, &json!({}));
    let header = format!("Bearer {token}");
    for (store, error) in [
        (store("1"), None),
        (Store::default(), Some("[invalid bearer token, serviceaccounts \"healer\" not found]")),
        (store("2"), Some("[invalid bearer token, service account UID (2) does not match claim (1)]")),
    ] {
        let reviewed = tokens.review(&store, &token, &[], NOW);
        assert_eq!(reviewed.err().as_deref(), error);
        let authenticated = tokens.authenticate(&store, Some(&header), NOW);
        assert_eq!(authenticated.err().map(|failure| failure.code), error.map(|_| 401));
        assert!(tokens.authenticate(&store, Some("Bearer given"), NOW).is_ok());
        assert!(tokens.authenticate(&store, None, NOW).is_ok());
    }
}

#[test]
fn a_token_is_only_for_those_it_was_asked_for() {
    let mut tokens = Tokens::default();
    tokens.add("given", User::administrator("x"));
    let store = store("1");
    let token = token(&mut tokens, &json!({"spec": {"audiences": ["a"]}}));
    assert_eq!(tokens.user_of(Some(&format!("Bearer {token}")), NOW).unwrap_err().code, 401);
    assert_eq!(tokens.review(&store, &token, &["b", "a"], NOW).unwrap().1, ["a"]);
    let told =
        "token audiences [\"a\"] is invalid for the target audiences [\"https://kubernetes.default.svc\"]";
    assert_eq!(
        tokens.review(&store, &token, &[], NOW).unwrap_err(),
        format!("[invalid bearer token, {told}]")
    );
    assert_eq!(tokens.review(&store, "given", &["x"], NOW).unwrap_err(), "invalid bearer token");
}

#[test]
fn a_request_is_answered_as_a_real_server_does() {
    let answer = request(&mut Tokens::default(), &json!({})).unwrap();
    assert_eq!(
        answer,
        json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": "healer", "namespace": "a", "uid": "1", "creationTimestamp": "1970-01-01T00:00:00Z",
            },
            "spec": {
                "audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 3600, "boundObjectRef": null,
            },
            "status": {
                "token": "sandbox.000000000000000700000000000000080000000000000009",
                "expirationTimestamp": "1970-01-01T01:00:00Z",
            },
        })
    );
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let invalid =
        |name: &str, rest: &str| format!("TokenRequest.authentication.k8s.io \"{name}\" is invalid: {rest}");
    let duration = |seconds: i64, limit: &str| {
        invalid(
            "",
            &format!("spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration {limit}"),
        )
    };
    for (body, code, message) in [
        (json!({"spec": {"expirationSeconds": 599}}), 422, duration(599, "less than 10 minutes")),
        (json!({"spec": {"expirationSeconds": -5}}), 422, duration(-5, "less than 10 minutes")),
        (
            json!({"spec": {"expirationSeconds": 99_999_999_999_i64}}),
            422,
            duration(99_999_999_999, "larger than 2^32 seconds"),
        ),
        (
            json!({"metadata": {"name": "other"}}),
            422,
            invalid("healer", "metadata.name: Invalid value: \"other\": must match the service account name if specified"),
        ),
        (
            json!({"metadata": {"namespace": "other"}}),
            400,
            "the namespace of the provided object does not match the namespace sent on the request".to_owned(),
        ),
        (
            json!({"metadata": {"uid": "x"}}),
            409,
            "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"healer\": the UID in the token request (x) does not match the UID of the service account (1)".to_owned(),
        ),
    ] {
        let mut tokens = Tokens::default();
        let failure = request(&mut tokens, &body).unwrap_err();
        assert_eq!((failure.code, failure.message), (code, message), "{body}");
        assert_eq!(format!("{tokens:?}"), "Tokens(0)", "no token was given");
    }
    assert_eq!(
        request(&mut Tokens::default(), &json!({"spec": {"expirationSeconds": "x"}})).unwrap_err().code,
        400
    );
}
