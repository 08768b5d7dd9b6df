//! A dump that anybody may have written, and cut off anywhere: it is read or told what is wrong, in bounded time. JSON
//! that a JSON parser takes for objects, one a line, is read as these objects.

#![no_main]

use std::path::PathBuf;

use k8s_healer::dump::{self, Problem, Summary};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn read(bytes: &[u8]) -> (Vec<Value>, Result<Summary, Vec<Problem>>) {
    let mut values = Vec::new();
    let mut stdin = bytes;
    let end = dump::read(&[PathBuf::from("-")], &mut stdin, &mut |item| values.push(item.value));
    (values, end)
}

/// Objects of one name each, so that none comes twice.
fn is_object(value: &Value, number: usize) -> bool {
    value["apiVersion"] == "v1" && value["kind"] == "Pod" && value["metadata"]["name"] == number.to_string()
}

fuzz_target!(|bytes: &[u8]| {
    let (values, end) = read(bytes);
    for problem in end.as_ref().err().into_iter().flatten() {
        if let Some(excerpt) = &problem.excerpt {
            assert!(excerpt.text.is_char_boundary(excerpt.offset), "{problem:?}");
        }
        assert!(problem.position.is_none_or(|place| place.line > 0 && place.column > 0), "{problem:?}");
    }
    assert_eq!(end.is_ok(), end.as_ref().is_ok_and(|summary| summary.objects <= values.len()), "{end:?}");
    // What is compressed, and what begins with a mark, is another text.
    if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"\xef\xbb\xbf") {
        return;
    }
    let parsed: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    let Ok(parsed) = parsed else { return };
    if !parsed.is_empty() && parsed.iter().enumerate().all(|(number, value)| is_object(value, number)) {
        let all_plain = parsed.iter().all(|value| value.get("items").is_none());
        if all_plain && !bytes.windows(5).any(|window| window == b"items") {
            assert_eq!(values, parsed);
        }
    }
});
