//! A kubeconfig for the sandbox, as kubectl and client libraries read it.

use serde_json::Value;

/// With this user, and a token if there is one. (kubectl 1.37 still sends no token over plain HTTP: without
/// one, one is the sandbox's administrator.)
#[must_use]
pub fn kubeconfig(server_url: &str, user: &str, token: Option<&str>) -> String {
    // A text in JSON is one in YAML, whatever is in it.
    let [server, user] = [server_url, user].map(|text| Value::from(text).to_string());
    let credentials =
        token.map_or_else(|| "{}".to_owned(), |token| format!("{{ token: {} }}", Value::from(token)));
    format!(
        "apiVersion: v1
kind: Config
clusters:
  - name: sandbox
    cluster: {{ server: {server} }}
users:
  - name: {user}
    user: {credentials}
contexts:
  - name: sandbox
    context: {{ cluster: sandbox, user: {user} }}
current-context: sandbox
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_yaml_whatever_the_names_are() {
        for (user, token) in [("sandbox-admin", None), ("a \"b\" #: é\u{1}{}", Some("sandbox.0'\\"))] {
            let text = kubeconfig("http://127.0.0.1:8080", user, token);
            let read: Value = serde_saphyr::from_str(&text).unwrap();
            let credentials = token.map_or_else(|| json!({}), |token| json!({"token": token}));
            assert_eq!(
                read,
                json!({
                    "apiVersion": "v1", "kind": "Config", "current-context": "sandbox",
                    "clusters": [{"name": "sandbox", "cluster": {"server": "http://127.0.0.1:8080"}}],
                    "users": [{"name": user, "user": credentials}],
                    "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": user}}],
                })
            );
        }
    }
}
