use super::super::kinds::Resource;
use super::*;

/// With a kind such as a definition makes.
fn kinds() -> Kinds {
    let mut kinds = Kinds::built_in();
    let mut clone = kinds.get(&Resource::new("apps", "replicasets")).unwrap().as_ref().clone();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    clone.resource = Resource::new("clone.kubevirt.io", "virtualmachineclones");
    clone.kind = "VirtualMachineClone".to_owned();
    clone.singular = "virtualmachineclone".to_owned();
    clone.short_names = names(&["vmclone", "vmclones"]);
    clone.definition = Some("virtualmachineclones.clone.kubevirt.io".to_owned());
    let mut versions = vec![clone.versions[0].clone(), clone.versions[0].clone()];
    "v1alpha1".clone_into(&mut versions[0].name);
    "v1beta1".clone_into(&mut versions[1].name);
    clone.versions = versions;
    kinds.insert(clone);
    kinds
}

fn asked(path: &str, accept: &str) -> Option<Answer> {
    answer(path, accept, &kinds(), "2026-01-01T00:00:00Z".parse().unwrap())
}

fn document(path: &str) -> Value {
    let answer = asked(path, "application/json").unwrap();
    match answer.body {
        Body::Json(document) => document,
        other => panic!("{path}: {other:?}"),
    }
}

fn aggregated(path: &str) -> Value {
    let answer = asked(path, &format!("{AGGREGATED},application/json")).unwrap();
    let header = |wanted| {
        answer.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.to_str().unwrap())
    };
    assert!(header(ETAG).unwrap().starts_with('"'));
    assert_eq!(header(CONTENT_TYPE), Some(AGGREGATED));
    match answer.body {
        Body::Text(AGGREGATED, text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn find<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|entry| entry[key] == name).unwrap()
}

#[test]
fn what_a_client_reads_first() {
    assert_eq!(document("/version")["gitVersion"], "v1.37.0+sandbox");
    assert_eq!(document("/api")["versions"], json!(["v1"]));
    for path in ["/healthz", "/readyz", "/livez"] {
        assert!(matches!(asked(path, "").unwrap().body, Body::Text(_, text) if text == "ok"), "{path}");
    }
    let paths = document("/");
    for path in ["/api/v1", "/apis/apps/v1", "/apis/clone.kubevirt.io", "/openapi/v3", "/version"] {
        assert!(paths["paths"].as_array().unwrap().contains(&json!(path)), "{path}");
    }
}

#[test]
fn a_group_is_told_as_a_real_server_tells_it() {
    let version =
        |version: &str| json!({"groupVersion": format!("clone.kubevirt.io/{version}"), "version": version});
    let expected = json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": "clone.kubevirt.io",
        "versions": [version("v1beta1"), version("v1alpha1")], "preferredVersion": version("v1beta1"),
    });
    assert_eq!(document("/apis/clone.kubevirt.io"), expected);
    assert_eq!(document("/apis")["groups"].as_array().unwrap().last().unwrap()["name"], "clone.kubevirt.io");
    assert_eq!(document("/apis")["groups"][0]["name"], "apps");
}

#[test]
fn resources_are_told_as_a_real_server_tells_them() {
    let core = document("/api/v1");
    let of = |name: &str| {
        let mut entry = find(&core["resources"], "name", name).clone();
        entry.as_object_mut().unwrap().remove("storageVersionHash");
        entry
    };
    let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    assert_eq!(
        of("pods"),
        json!({
            "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": all,
            "shortNames": ["po"], "categories": ["all"],
        })
    );
    for (name, namespaced, kind, of_other, verbs) in [
        ("pods/binding", true, "Binding", None, json!(["create"])),
        ("pods/eviction", true, "Eviction", Some(("policy", "v1")), json!(["create"])),
        ("pods/status", true, "Pod", None, json!(["get", "patch", "update"])),
        ("namespaces/finalize", false, "Namespace", None, json!(["update"])),
        ("namespaces/status", false, "Namespace", None, json!(["get", "patch", "update"])),
        (
            "serviceaccounts/token",
            true,
            "TokenRequest",
            Some(("authentication.k8s.io", "v1")),
            json!(["create"]),
        ),
        (
            "replicationcontrollers/scale",
            true,
            "Scale",
            Some(("autoscaling", "v1")),
            json!(["get", "patch", "update"]),
        ),
    ] {
        let mut expected = json!({
            "name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs,
        });
        if let Some((group, version)) = of_other {
            expected["group"] = group.into();
            expected["version"] = version.into();
        }
        assert_eq!(of(name), expected, "{name}");
    }
    // Word for word that of a real server.
    let reviews = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "authentication.k8s.io/v1",
        "resources": [
            {"name": "selfsubjectreviews", "singularName": "selfsubjectreview", "namespaced": false,
             "kind": "SelfSubjectReview", "verbs": ["create"]},
            {"name": "tokenreviews", "singularName": "tokenreview", "namespaced": false,
             "kind": "TokenReview", "verbs": ["create"]},
        ],
    });
    assert_eq!(document("/apis/authentication.k8s.io/v1"), reviews);
}

#[test]
fn all_groups_are_told_in_one_document() {
    let list = aggregated("/apis");
    let groups = &list["items"];
    let named = |name: &str| groups.as_array().unwrap().iter().find(|it| it["metadata"]["name"] == name);
    let clone = &named("clone.kubevirt.io").unwrap()["versions"][0];
    let response =
        |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let (own, writes) = ("clone.kubevirt.io", ["get", "patch", "update"]);
    let status = response(own, "v1beta1", "VirtualMachineClone");
    let expected = json!({
        "version": "v1beta1", "freshness": "Current",
        "resources": [{
            "resource": "virtualmachineclones", "singularResource": "virtualmachineclone",
            "responseKind": status, "scope": "Namespaced",
            "verbs": ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
            "shortNames": ["vmclone", "vmclones"], "categories": ["all"],
            "subresources": [
                {"subresource": "status", "responseKind": status, "verbs": writes},
                {"subresource": "scale", "responseKind": response("autoscaling", "v1", "Scale"), "verbs": writes},
            ],
        }],
    });
    assert_eq!(*clone, expected);
    let core = aggregated("/api");
    assert_eq!(core["items"][0]["metadata"], json!({}));
    let pods = find(&core["items"][0]["versions"][0]["resources"], "resource", "pods");
    assert_eq!(pods["responseKind"], response("", "", "Pod"));
    let eviction = find(&pods["subresources"], "subresource", "eviction");
    assert_eq!(eviction["responseKind"], response("policy", "v1", "Eviction"));
}

#[test]
fn what_is_not_served_is_refused_as_a_real_server_does() {
    for path in ["/apis/nope", "/apis/nope/v1", "/healthz/x", "/metrics", "/api/v1/pods"] {
        assert!(asked(path, "").is_none(), "{path}");
    }
    for (path, accept, status) in [
        ("/apis/apps/v2", "", 404),
        ("/api/v2", "", 404),
        ("/apis", "text/html", 406),
        ("/apis", "application/vnd.kubernetes.protobuf", 406),
        ("/apis", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", 406),
        ("/apis/apps/v1", AGGREGATED, 406),
        ("/apis", "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,*/*", 200),
    ] {
        assert_eq!(asked(path, accept).unwrap().status, status, "{path} {accept}");
    }
}
