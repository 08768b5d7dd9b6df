//! A kubeconfig for the sandbox, as kubectl and client libraries read it.

/// With this user, and a token if there is one. (kubectl sends no token over plain HTTP: without one, one is
/// the sandbox's administrator.)
#[must_use]
pub fn kubeconfig(server_url: &str, user: &str, token: Option<&str>) -> String {
    let credentials = token.map_or_else(|| "{}".to_owned(), |token| format!("{{ token: {token:?} }}"));
    format!(
        "apiVersion: v1
kind: Config
clusters:
  - name: sandbox
    cluster: {{ server: {server_url:?} }}
users:
  - name: {user:?}
    user: {credentials}
contexts:
  - name: sandbox
    context: {{ cluster: sandbox, user: {user:?} }}
current-context: sandbox
"
    )
}
