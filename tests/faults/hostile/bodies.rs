//! Bytes that no server should send.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A secret as the server would send it, with whatever else.
pub(crate) fn secret(name: &str, more: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "elsewhere", "uid": name, "resourceVersion": "1"},
    });
    if let (Some(object), Some(more)) = (object.as_object_mut(), more.as_object()) {
        object.extend(more.clone());
    }
    object
}

/// The start of a page, up to its items.
pub(crate) const PAGE: &str =
    r#"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":["#;

/// A whole page of these items, as bytes since not all of them are text.
pub(crate) fn page(items: &[Vec<u8>]) -> Bytes {
    [PAGE.as_bytes(), &items.join(&b','), b"]}"].concat().into()
}

/// A line of a watch.
pub(crate) fn line(kind: &str, object: &[u8]) -> Bytes {
    [format!("{{\"type\":\"{kind}\",\"object\":").as_bytes(), object, b"}\n"].concat().into()
}

/// Objects that are odd, each in its own way; the daemon leaves them out, or takes what is sound of them.
pub(crate) fn odd_objects() -> Vec<Vec<u8>> {
    let deep = |depth: usize| format!("{{\"metadata\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let labels: serde_json::Map<String, Value> =
        (0..10_000).map(|number| (format!("label-{number}"), json!("x".repeat(63)))).collect();
    let large = "y".repeat(1_500_000);
    let twice = r#"{"metadata":{"name":"a","name":"b","uid":"1","uid":"2","namespace":"x"},"metadata":{"name":"c","uid":"3"}}"#;
    vec![
        deep(200_000).into_bytes(),
        deep(100).into_bytes(),
        secret("labels", &json!({"metadata": {"name": "labels", "uid": "1", "labels": labels}})).to_string().into_bytes(),
        secret("large", &json!({"data": {"a": large}})).to_string().into_bytes(),
        twice.into(),
        b"{\"metadata\":{\"name\":\"\xff\xfe\",\"uid\":\"1\"}}".to_vec(),
        b"{\"metadata\":{\"name\":\"\\ud800\",\"uid\":\"1\"}}".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"7".to_vec(),
        b"\"text\"".to_vec(),
        json!({"metadata": 7}).to_string().into_bytes(),
        json!({"metadata": {"name": {}, "uid": []}}).to_string().into_bytes(),
        json!({"metadata": {"name": "wrong", "uid": "1", "namespace": 7, "labels": [1], "creationTimestamp": {},
            "ownerReferences": "x", "finalizers": {"a": 1}, "deletionTimestamp": -1, "resourceVersion": 1}})
        .to_string()
        .into_bytes(),
        json!({"metadata": {"name": "n".repeat(100_000), "uid": "u".repeat(100_000)}}).to_string().into_bytes(),
        b"{\"metadata\":{\"name\":\"number\",\"uid\":\"1\",\"generation\":1e999999}}".to_vec(),
    ]
}

/// A few hundred kilobytes that become so many megabytes of blanks within a page.
pub(crate) fn bomb(megabytes: usize) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(PAGE.as_bytes()).unwrap();
    let blanks = vec![b' '; 1 << 20];
    (0..megabytes).for_each(|_| encoder.write_all(&blanks).unwrap());
    encoder.write_all(b"]}").unwrap();
    encoder.finish().unwrap().into()
}
