//! What a request asks for: its path and query, as the API server's `RequestInfo` has them.

use std::collections::BTreeMap;

use http::Method;

use super::failure::Failure;

/// A path below `/api` or `/apis` that names a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Empty: the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// Empty: none, or all.
    pub namespace: String,
    /// `pods`.
    pub plural: String,
    /// Empty: the collection.
    pub name: String,
    /// `status`; empty: the object itself.
    pub subresource: String,
    /// An old way to ask for a watch: `/api/v1/watch/pods`.
    pub watch: bool,
}

impl Target {
    /// `None`: a path outside the API proper, or of discovery.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/').filter(|part| !part.is_empty());
        let group = match parts.next()? {
            "api" => "",
            "apis" => parts.next()?,
            _ => return None,
        };
        let version = parts.next()?;
        let rest: Vec<String> = parts.map(decoded).collect();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let (watch, rest) = match &rest[..] {
            ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
            rest => (false, rest),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..]
                if !rest.is_empty() && !["status", "finalize"].contains(&rest[0]) =>
            {
                (*namespace, rest)
            }
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        // A namespace is in itself, to the API server: rights to it may be given within it.
        let namespace =
            if group.is_empty() && plural == "namespaces" && !name.is_empty() { name } else { namespace };
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            plural: plural.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            watch,
        })
    }
}

/// A query, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// The part behind the question mark. Of a name that stands twice, the first counts.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut query = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            query.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(query)
    }

    /// Empty where it is not given.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// `1`, `true`, or given without a value, as Go's form decoding has it.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !["0", "false", "f", "F", "False", "FALSE"].contains(&&**value))
    }

    /// None where it is not given or empty.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }),
        }
    }

    /// Whether nothing is to be changed: `dryRun=All`.
    pub fn is_dry_run(&self) -> Result<bool, Failure> {
        match self.text("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            _ => Err(Failure::bad_request("invalid dryRun: only `All` is supported")),
        }
    }
}

/// The verb of the audit log and of rights, as the API server derives it.
#[must_use]
pub fn verb(method: &Method, target: &Target, query: &Query) -> &'static str {
    let single = !target.name.is_empty();
    match *method {
        Method::GET | Method::HEAD if query.is_set("watch") || target.watch => "watch",
        Method::GET | Method::HEAD if single => "get",
        Method::GET | Method::HEAD => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if single => "delete",
        Method::DELETE => "deletecollection",
        _ => "",
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> [String; 6] {
        let Target { group, version, namespace, plural, name, subresource, watch: _ } =
            Target::parse(path).unwrap();
        [group, version, namespace, plural, name, subresource]
    }

    #[test]
    fn paths_are_told_apart_as_the_api_server_does() {
        for (path, expected) in [
            ("/api/v1/pods", ["", "v1", "", "pods", "", ""]),
            ("/api/v1/namespaces/a/pods/b", ["", "v1", "a", "pods", "b", ""]),
            ("/api/v1/namespaces/a/pods/b/eviction", ["", "v1", "a", "pods", "b", "eviction"]),
            ("/api/v1/namespaces", ["", "v1", "", "namespaces", "", ""]),
            ("/api/v1/namespaces/a", ["", "v1", "a", "namespaces", "a", ""]),
            ("/api/v1/namespaces/a/finalize", ["", "v1", "a", "namespaces", "a", "finalize"]),
            ("/apis/apps/v1/namespaces/a/deployments", ["apps", "v1", "a", "deployments", "", ""]),
            ("/apis/b.io/v1/things/x%20y/status", ["b.io", "v1", "", "things", "x y", "status"]),
            ("/api/v1/watch/namespaces/a/pods/b", ["", "v1", "a", "pods", "b", ""]),
        ] {
            assert_eq!(target(path), expected, "{path}");
        }
        for path in ["/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version", "/healthz"] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_query_is_decoded() {
        let query = Query::parse("labelSelector=a%3Db%2Cc&watch=1&x=a+b&y&dryRun=All");
        assert_eq!((query.text("labelSelector"), query.text("x"), query.text("z")), ("a=b,c", "a b", ""));
        assert!(query.is_set("watch") && query.is_set("y") && !query.is_set("z"));
        assert!(query.is_dry_run().unwrap());
        assert!(Query::parse("limit=x").number("limit").is_err());
    }
}
