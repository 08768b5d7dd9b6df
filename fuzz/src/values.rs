//! The little texts of rules and objects: times, durations, quantities, globs, expressions, paths, counts. What is
//! read can be read again from what is shown, and comparing keeps an order.

#![no_main]

use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::values::{
    Count, Globs, Path, Pattern, Quantity, TimeFormat, format_duration, parse_duration, parse_time,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: (String, String)| {
    let (one, other) = (input.0.as_str(), input.1.as_str());
    if let Ok(duration) = parse_duration(one) {
        assert_eq!(parse_duration(&format_duration(duration)), Ok(duration), "{one}");
    }
    if let (Ok(a), Ok(b)) = (Quantity::parse(one), Quantity::parse(other)) {
        assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        assert_eq!(a.cmp(&a), std::cmp::Ordering::Equal);
    }
    let formats: Vec<TimeFormat> = TimeFormat::NAMES.iter().filter_map(|name| TimeFormat::named(name)).collect();
    let lenient = parse_time(one, &formats);
    if let Some(time) = parse_time(one, &[]) {
        assert_eq!(parse_time(&time.to_string(), &[]), Some(time), "{one}");
        assert_eq!(lenient, Some(time), "{one}: more formats change nothing");
    }
    if let Ok(globs) = Globs::parse(&[one]) {
        let matches = globs.matches(other);
        if !one.contains(['*', '?', '[', ']', '!']) {
            assert_eq!(matches, one == other);
        }
        assert!(!Globs::parse(&[one, &format!("!{other}")]).is_ok_and(|both| both.matches(other) && !other.contains(['*', '?', '[', ']', '!'])));
    }
    if let Ok(pattern) = Pattern::parse(one) {
        assert_eq!(pattern.matches(other), pattern.matches(other));
    }
    if let Ok(count) = Count::parse(one) {
        assert!(!count.is_impossible() || !(0..4).any(|number| count.holds(number)));
    }
    if let Ok(path) = Path::parse(one) {
        let object = serde_json::from_str::<Value>(other)
            .unwrap_or_else(|_| json!({"status": {"phase": "x", "l": [{"a": 1}, {"a": null}]}, "a": [1, "b"]}));
        let mut projection = Projection::default();
        projection.read(&path);
        let projected = projection.parse(object.to_string().as_bytes()).expect("JSON");
        assert_eq!(path.nodes(&object), path.nodes(&projected), "{one}");
    }
});
