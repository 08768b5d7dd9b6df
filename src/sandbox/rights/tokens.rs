//! Bearer tokens: those that were handed in, and those that service accounts were given.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::server::time;
use super::{AUTHENTICATED, User};

/// What a token is good for where nothing else was asked.
const HOUR: u64 = 3600;

#[derive(Clone, Debug)]
struct Known {
    user: User,
    expires: Option<Timestamp>,
}

/// The tokens that are known.
#[derive(Clone, Debug, Default)]
pub struct Tokens(BTreeMap<String, Known>);

impl Tokens {
    /// A token that never expires.
    pub fn add(&mut self, token: &str, user: User) {
        self.0.insert(token.to_owned(), Known { user, expires: None });
    }

    /// By the header `Authorization`.
    pub fn user_of(&self, authorization: Option<&str>, now: Timestamp) -> Result<User, Failure> {
        let Some(header) = authorization.filter(|header| !header.is_empty()) else {
            return Ok(User::administrator("sandbox-admin"));
        };
        let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        token.and_then(|(_, token)| self.known(token.trim(), now)).ok_or_else(Failure::unauthorized)
    }

    /// Whose token it is; none: nobody's any more.
    pub fn known(&self, token: &str, now: Timestamp) -> Option<User> {
        let known = self.0.get(token)?;
        known.expires.is_none_or(|end| end > now).then(|| known.user.clone())
    }

    /// Answers a `TokenRequest` for a service account.
    pub fn request(
        &mut self,
        namespace: &str,
        account: &Value,
        body: &Value,
        mut random: impl FnMut() -> u64,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = text(&account["metadata"]["name"]);
        let seconds = body["spec"]["expirationSeconds"].as_u64().unwrap_or(HOUR);
        let expires = now.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        let token = format!("sandbox.{:016x}{:016x}{:016x}", random(), random(), random());
        let user = User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: text(&account["metadata"]["uid"]),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                AUTHENTICATED.to_owned(),
            ],
        };
        self.0.insert(token.clone(), Known { user, expires: Some(expires) });
        let mut spec = body["spec"].clone();
        if !spec.is_object() {
            spec = json!({});
        }
        spec["expirationSeconds"] = seconds.into();
        if !spec["audiences"].is_array() {
            spec["audiences"] = json!(["https://kubernetes.default.svc"]);
        }
        Ok(json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": time(now)},
            "spec": spec,
            "status": {"token": token, "expirationTimestamp": time(expires)},
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_accounts_until_it_expires_and_any_other_is_nobodys() {
        let now = Timestamp::UNIX_EPOCH;
        let mut tokens = Tokens::default();
        let account = json!({"metadata": {"name": "healer", "uid": "1"}});
        let body = json!({"spec": {"expirationSeconds": 600}});
        let answer = tokens.request("a", &account, &body, || 7, now).unwrap();
        let header = format!("Bearer {}", answer["status"]["token"].as_str().unwrap());
        let user = tokens.user_of(Some(&header), now).unwrap();
        assert_eq!(user.name, "system:serviceaccount:a:healer");
        assert!(user.is_in("system:serviceaccounts:a") && !user.is_in(super::super::MASTERS));
        let later = now + jiff::SignedDuration::from_secs(600);
        for (header, at) in [(header.as_str(), later), ("Bearer x", now), ("Basic x", now), ("x", now)] {
            assert_eq!(tokens.user_of(Some(header), at).unwrap_err().code, 401, "{header}");
        }
        assert!(tokens.user_of(None, now).unwrap().is_in(super::super::MASTERS));
    }
}
