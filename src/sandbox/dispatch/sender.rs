//! Who sends a request, by its token, and who they say they are: `kubectl --as`.

use http::{HeaderMap, HeaderValue, header};

use super::super::failure::Failure;
use super::super::rights::{self, Attributes, User};
use super::super::server::Server;

/// By the header `Authorization`.
pub(super) fn authenticate(server: &Server, headers: &HeaderMap) -> Result<User, Failure> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    server.read(|state| state.tokens.authenticate(&state.store, authorization, server.now()))
}

/// By the headers `Impersonate-User` and `Impersonate-Group`, if the sender may.
pub(super) fn impersonated(
    server: &Server,
    headers: &HeaderMap,
    sender: &User,
) -> Result<Option<User>, Failure> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let Some(name) = headers.get("impersonate-user").map(text) else { return Ok(None) };
    let mut groups: Vec<String> = headers.get_all("impersonate-group").iter().map(text).collect();
    may_be(server, sender, "users", &name)?;
    for group in &groups {
        may_be(server, sender, "groups", group)?;
    }
    if groups.is_empty()
        && let Some(account) = name.strip_prefix("system:serviceaccount:")
        && let Some((namespace, _)) = account.split_once(':')
    {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    groups.push("system:authenticated".to_owned());
    Ok(Some(User { name, uid: String::new(), groups }))
}

fn may_be(server: &Server, sender: &User, resource: &str, name: &str) -> Result<(), Failure> {
    let attributes = Attributes {
        verb: "impersonate",
        group: "",
        version: "",
        resource,
        subresource: "",
        name,
        namespace: "",
        path: "",
        is_resource: true,
    };
    let allowed = server.write(|state| state.grants.allow(&state.store, sender, &attributes));
    if allowed { Ok(()) } else { Err(rights::refusal(sender, &attributes)) }
}
