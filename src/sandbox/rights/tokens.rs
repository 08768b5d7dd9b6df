//! Bearer tokens: those that were handed in, and those that service accounts were given.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::failure::{Cause, Failure};
use super::super::kinds::Resource;
use super::super::server::time;
use super::super::store::{Key, Store};
use super::{User, invalid, text, wrong_namespace};

/// What a token is good for where nothing else was asked, in seconds.
const HOUR: i64 = 3600;
/// The shortest that may be asked for.
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;

/// Whom a token is for where nothing else was asked: the API server itself.
const API: &str = "https://kubernetes.default.svc";
const KIND: &str = "TokenRequest";
const GROUP: &str = "authentication.k8s.io";

#[derive(Clone)]
struct Known {
    user: User,
    audiences: Vec<String>,
    /// Of a service account's.
    account: Option<Key>,
    expires: Option<Timestamp>,
}

/// The tokens that are known.
#[derive(Clone, Default)]
pub struct Tokens(BTreeMap<String, Known>);

/// A token is a secret.
impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// A token that never expires.
    pub fn add(&mut self, token: &str, user: User) {
        let known = Known { user, audiences: vec![API.to_owned()], account: None, expires: None };
        self.0.insert(token.to_owned(), known);
    }

    /// By the header `Authorization`. Of a service account's token this does not say whether the account is
    /// still there: [`Tokens::authenticate`] does.
    pub fn user_of(&self, authorization: Option<&str>, now: Timestamp) -> Result<User, Failure> {
        Ok(match self.by_header(authorization, now)? {
            Some(known) => known.user.clone(),
            None => User::administrator("sandbox-admin"),
        })
    }

    /// By the header `Authorization`; a token ends with its service account.
    pub fn authenticate(
        &self,
        store: &Store,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> Result<User, Failure> {
        if let Some(known) = self.by_header(authorization, now)? {
            known.check_account(store).map_err(|_| Failure::unauthorized())?;
        }
        self.user_of(authorization, now)
    }

    /// None: there is no such header. One that says something else than a token is wrong: the real server
    /// takes its sender for anonymous, who is nobody here, and certainly not the administrator.
    fn by_header(&self, authorization: Option<&str>, now: Timestamp) -> Result<Option<&Known>, Failure> {
        let Some(header) = authorization.filter(|header| !header.is_empty()) else { return Ok(None) };
        let mut words = header.trim().split(' ');
        let scheme = words.next().unwrap_or_default();
        let token = words.next().filter(|_| scheme.eq_ignore_ascii_case("bearer"));
        let known = token.and_then(|token| self.valid(token, &[API], now).ok());
        known.map(|(known, _)| Some(known)).ok_or_else(Failure::unauthorized)
    }

    /// The answer to a `TokenReview`: whose it is, and for whom of those that ask; or why it is nobody's.
    pub(super) fn review(
        &self,
        store: &Store,
        token: &str,
        audiences: &[&str],
        now: Timestamp,
    ) -> Result<(User, Vec<String>), String> {
        let audiences = if audiences.is_empty() { &[API] } else { audiences };
        let (known, audiences) = self.valid(token, audiences, now)?;
        known.check_account(store)?;
        Ok((known.user.clone(), audiences))
    }

    /// And the audiences that it was meant for, of those that ask.
    fn valid(&self, token: &str, asking: &[&str], now: Timestamp) -> Result<(&Known, Vec<String>), String> {
        let known = self.0.get(token).ok_or_else(|| "invalid bearer token".to_owned())?;
        if known.expires.is_some_and(|end| end <= now) {
            return Err(nobodys("service account token has expired"));
        }
        let (own, both) =
            (&known.audiences, known.audiences.iter().filter(|own| asking.contains(&own.as_str())));
        let both: Vec<String> = both.cloned().collect();
        match (both.is_empty(), &known.account) {
            (false, _) => Ok((known, both)),
            (true, None) => Err("invalid bearer token".to_owned()),
            (true, Some(_)) => Err(nobodys(&format!(
                "token audiences {own:?} is invalid for the target audiences {asking:?}"
            ))),
        }
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
        let (name, uid) = (text(account, "/metadata/name"), text(account, "/metadata/uid"));
        check_metadata(namespace, name, uid, body)?;
        let seconds = seconds(&body["spec"]["expirationSeconds"])?;
        let expires = now.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        let audiences = body["spec"]["audiences"].as_array().into_iter().flatten();
        let mut audiences: Vec<String> = audiences.filter_map(Value::as_str).map(str::to_owned).collect();
        if audiences.is_empty() {
            audiences.push(API.to_owned());
        }
        let token = format!("sandbox.{:016x}{:016x}{:016x}", random(), random(), random());
        let answer = json!({
            "kind": KIND, "apiVersion": format!("{GROUP}/v1"),
            "metadata": {"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": time(now)},
            "spec": {
                "audiences": audiences, "expirationSeconds": seconds,
                "boundObjectRef": body["spec"]["boundObjectRef"],
            },
            "status": {"token": token, "expirationTimestamp": time(expires)},
        });
        let user = User::account(namespace, name, uid);
        let account = Some(Key::new(namespace, name));
        self.0.retain(|_, known| known.expires.is_none_or(|end| end > now));
        self.0.insert(token, Known { user, audiences, account, expires: Some(expires) });
        Ok(answer)
    }
}

impl Known {
    fn check_account(&self, store: &Store) -> Result<(), String> {
        let Some(key) = &self.account else { return Ok(()) };
        let account = store.get(&Resource::new("", "serviceaccounts"), key);
        let account =
            account.ok_or_else(|| nobodys(&format!("serviceaccounts {:?} not found", key.name())))?;
        let account = account.value();
        match (text(&account, "/metadata/uid"), &*self.user.uid) {
            (uid, claim) if uid == claim => Ok(()),
            (uid, claim) => {
                Err(nobodys(&format!("service account UID ({uid}) does not match claim ({claim})")))
            }
        }
    }
}

/// As a real server joins what several ways to know a token say.
fn nobodys(because: &str) -> String {
    format!("[invalid bearer token, {because}]")
}

fn check_metadata(namespace: &str, name: &str, uid: &str, body: &Value) -> Result<(), Failure> {
    let sent = |member: &str| body["metadata"][member].as_str().filter(|text| !text.is_empty());
    if sent("namespace").is_some_and(|sent| sent != namespace) {
        return Err(wrong_namespace());
    }
    if let Some(sent) = sent("name").filter(|sent| *sent != name) {
        let message = format!("Invalid value: {sent:?}: must match the service account name if specified");
        return Err(invalid(GROUP, KIND, name, &[Cause::new("FieldValueInvalid", "metadata.name", message)]));
    }
    if let Some(sent) = sent("uid").filter(|sent| *sent != uid) {
        let message = format!(
            "Operation cannot be fulfilled on {KIND}.{GROUP} {name:?}: the UID in the token request ({sent}) \
             does not match the UID of the service account ({uid})"
        );
        let mut failure = Failure::new(409, "Conflict", message);
        failure.details = json!({"name": name, "group": GROUP, "kind": KIND});
        return Err(failure);
    }
    Ok(())
}

fn seconds(asked: &Value) -> Result<u64, Failure> {
    let asked = if asked.is_null() { &json!(HOUR) } else { asked };
    let seconds = asked.as_i64().ok_or_else(|| {
        Failure::bad_request(format!(
            "{KIND} in version \"v1\" cannot be handled as a {KIND}: spec.expirationSeconds is {asked}"
        ))
    })?;
    let limit = match seconds {
        ..SHORTEST => "less than 10 minutes",
        SHORTEST..=LONGEST => return Ok(seconds.unsigned_abs()),
        _ => "larger than 2^32 seconds",
    };
    let message = format!("Invalid value: {seconds}: may not specify a duration {limit}");
    Err(invalid(GROUP, KIND, "", &[Cause::new("FieldValueInvalid", "spec.expirationSeconds", message)]))
}

#[cfg(test)]
mod tests;
