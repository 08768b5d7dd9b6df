use super::super::kinds::{Kinds, Resource};
use super::*;

fn negotiated(accept: &str) -> Result<Representation, u16> {
    Representation::negotiate(accept, &Query::default()).map_err(|failure| failure.code)
}

#[test]
fn the_first_form_that_is_served_is_taken() {
    let table = Ok(Representation::Table { include: IncludeObject::Metadata });
    let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                   application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    for (accept, expected) in [
        ("", Ok(Representation::Whole)),
        ("*/*", Ok(Representation::Whole)),
        ("application/json, */*", Ok(Representation::Whole)),
        ("application/json;stream=watch", Ok(Representation::Whole)),
        ("application/vnd.kubernetes.protobuf,application/json", Ok(Representation::Whole)),
        ("text/html, */*;q=0.1", Ok(Representation::Whole)),
        (kubectl, table),
        ("application/json;as=Foo;v=v1;g=meta.k8s.io, application/json", Ok(Representation::Whole)),
        ("application/json;as=Table;v=v1;g=meta.k8s.io;q=0.5,application/json", Ok(Representation::Whole)),
        ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io", Err(406)),
        ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Ok(Representation::Partial)),
        ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Ok(Representation::Partial)),
        ("application/json;as=Table;v=v2;g=meta.k8s.io", Err(406)),
        ("application/vnd.kubernetes.protobuf", Err(406)),
        ("text/html", Err(406)),
    ] {
        assert_eq!(negotiated(accept), expected, "{accept}");
    }
}

#[test]
fn refusals_are_in_the_words_of_a_real_server() {
    let kinds = Kinds::built_in();
    let config_map = kinds.get(&Resource::core("configmaps")).unwrap().as_ref().clone();
    let mut custom = config_map.clone();
    custom.definition = Some("things.example.com".to_owned());
    let refusal = |accept: &str, kind: &Kind, is_list: bool| {
        let refused = Representation::of_request(accept, &Query::default(), kind, is_list).unwrap_err();
        (refused.code, refused.message, refused.details)
    };
    let form = |form: &str| format!("application/json;as={form};v=v1;g=meta.k8s.io");
    let types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    let only = format!("only the following media types are accepted: {types}");
    let available = format!("406: Not Acceptable\n\nAvailable representations: {types}");
    let streams = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
    let is = |one: &str, other: &str| format!("you requested {one}, but the requested object is {other}");
    let (one, many) = ("PartialObjectMetadata", "PartialObjectMetadataList");
    for (accept, kind, is_list, message, details) in [
        ("text/html", &config_map, true, format!("{available}{streams}"), json!({})),
        ("text/html", &config_map, false, available, json!({})),
        ("text/html", &custom, true, only.clone(), json!(null)),
        (&form("Nothing"), &config_map, true, only, json!(null)),
        (&form(one), &config_map, true, is(one, "a list (*core.ConfigMapList)"), json!(null)),
        (&form(one), &custom, true, is(one, "a list (*unstructured.UnstructuredList)"), json!(null)),
        (&form(many), &config_map, false, is(many, "not a list (*core.ConfigMap)"), json!(null)),
    ] {
        assert_eq!(refusal(accept, kind, is_list), (406, message, details), "{accept}");
    }
    let watch = Query::parse("watch=true");
    assert!(Representation::of_request(&form(one), &watch, &config_map, true).is_ok());
    assert!(Representation::of_request(&form(one), &Query::default(), &config_map, false).is_ok());
    assert!(Representation::of_request("", &Query::default(), &config_map, true).is_ok());
}

#[test]
fn a_row_carries_what_was_asked_for() {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let of = |query: &str| Representation::negotiate(accept, &Query::parse(query));
    let table = |include| Representation::Table { include };
    assert_eq!(of("includeObject=None").unwrap(), table(IncludeObject::None));
    assert_eq!(of("includeObject=Object").unwrap(), table(IncludeObject::Object));
    let refused = of("includeObject=Foo").unwrap_err();
    assert_eq!(
        (refused.code, &*refused.message),
        (
            400,
            "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": must be \
             'Metadata', 'Object', 'None', or empty"
        )
    );
}

fn now() -> Timestamp {
    "2026-11-23T14:49:36Z".parse().unwrap()
}

fn config_map() -> Value {
    json!({
        "kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"},
        "metadata": {"name": "c1", "resourceVersion": "315", "creationTimestamp": "2026-11-23T14:47:44Z"},
    })
}

#[test]
fn columns_go_with_the_first_event_alone_and_bookmarks_are_rows_too() {
    let kinds = Kinds::built_in();
    let kind = kinds.get(&Resource::core("configmaps")).unwrap();
    let table = Representation::Table { include: IncludeObject::Metadata };
    let event = |kind_of_event: &str, object: Value, first: bool| {
        table.event(kind, &kind.versions[0], kind_of_event, object, now(), first)
    };
    let first = event("ADDED", config_map(), true);
    assert_eq!(first["object"]["columnDefinitions"].as_array().unwrap().len(), 3);
    let metadata = config_map()["metadata"].clone();
    let row = json!({
        "cells": ["c1", 1, "112s"],
        "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata},
    });
    let expected = json!({"type": "MODIFIED", "object": {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "315"},
        "columnDefinitions": null, "rows": [row],
    }});
    assert_eq!(event("MODIFIED", config_map(), false), expected);

    let end = json!({"resourceVersion": "337", "annotations": {"k8s.io/initial-events-end": "true"}});
    let bookmark = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": end});
    let bookmark = event("BOOKMARK", bookmark, false);
    assert_eq!(bookmark["object"]["rows"][0]["cells"], json!(["", 0, "<unknown>"]));
    assert_eq!(bookmark["object"]["rows"][0]["object"]["metadata"], end);

    let gone = json!({"kind": "Status", "code": 410});
    assert_eq!(event("ERROR", gone.clone(), false), json!({"type": "ERROR", "object": gone}));
}

#[test]
fn metadata_alone_is_told_of_objects_lists_and_events() {
    let kinds = Kinds::built_in();
    let kind = kinds.get(&Resource::core("configmaps")).unwrap();
    let version = &kind.versions[0];
    let form = Representation::Partial;
    let metadata = config_map()["metadata"].clone();
    let one = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
    assert_eq!(form.object(kind, version, config_map(), now()), one);
    let list = form.list(kind, version, json!({"resourceVersion": "9"}), vec![config_map()], now());
    let expected = json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "9"}, "items": [one],
    });
    assert_eq!(list, expected);
    let event = form.event(kind, version, "DELETED", config_map(), now(), true);
    assert_eq!(event, json!({"type": "DELETED", "object": one}));
}

#[test]
fn a_kind_without_columns_of_its_own_has_a_name_and_a_moment() {
    let kinds = Kinds::built_in();
    let kind = kinds.get(&Resource::core("limitranges")).unwrap();
    let table = Representation::Table { include: IncludeObject::None };
    let shown =
        table.list(kind, &kind.versions[0], json!({"resourceVersion": "9"}), vec![config_map()], now());
    assert_eq!(shown["rows"], json!([{"cells": ["c1", "2026-11-23T14:47:44Z"], "object": null}]));
    assert_eq!(shown["metadata"], json!({"resourceVersion": "9"}));
}
