use super::*;

/// What `kubectl` 1.37 sent, and what it said that it would send with `--dry-run=client -o json`, without
/// what is empty.
const RECORDED: &str = include_str!("recorded.json");

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// Go writes a field that is no pointer even if it is empty.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), without_empty(field)));
            fields.filter(|(_, field)| *field != json!({})).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

#[test]
fn what_kubectl_sends_is_what_it_means() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    for case in &recorded {
        let read = to_json(&bytes(case["hex"].as_str().unwrap())).unwrap();
        assert_eq!(without_empty(&read), without_empty(&case["json"]), "{}", case["command"]);
    }
}

#[test]
fn what_is_not_known_is_refused_rather_than_lost() {
    let body = |kind: &str, object: &[u8]| {
        let mut told = vec![0x0a, 2, b'v', b'1', 0x12, u8::try_from(kind.len()).unwrap()];
        told.extend(kind.bytes());
        let mut body = MAGIC.to_vec();
        for (tag, part) in [(0x0a, &told[..]), (0x12, object)] {
            body.extend([tag, u8::try_from(part.len()).unwrap()]);
            body.extend(part);
        }
        body
    };
    let metadata = [0x0a, 3, 0x0a, 1, b'a'];
    let named = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}});
    assert_eq!(to_json(&body("ServiceAccount", &metadata)), Some(named.clone()));
    assert_eq!(to_json(&body("Unheard", &metadata)), None);
    // Field 9, which nobody knows: empty, it says nothing.
    assert_eq!(to_json(&body("ServiceAccount", &[&metadata[..], &[0x4a, 0]].concat())), Some(named));
    assert_eq!(to_json(&body("ServiceAccount", &[&metadata[..], &[0x4a, 1, b'x']].concat())), None);
    for broken in
        [&b"{}"[..], b"", b"k8s\0", b"k8s\0\x0a\xff", b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        assert_eq!(to_json(broken), None, "{broken:?}");
    }
}

#[test]
fn bytes_are_told_in_base64() {
    for (bytes, expected) in [("", ""), ("d", "ZA=="), ("ab", "YWI="), ("abc", "YWJj"), ("abcd", "YWJjZA==")]
    {
        assert_eq!(base64(bytes.as_bytes()), expected);
    }
}
