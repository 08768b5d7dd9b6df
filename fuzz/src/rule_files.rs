//! A file of rules that anybody may have written: it is loaded or told what is wrong, in bounded time, and what
//! is told points into the file.

#![no_main]

use k8s_healer::rules::{Input, LoadOptions, Severity, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let input = Input::Text { name: "fuzz.yaml".to_owned(), bytes: bytes.to_vec() };
    let loaded = load(&[input], &LoadOptions::default());
    let errors = loaded.diagnostics.iter().filter(|one| one.code.severity() == Severity::Error).count();
    assert_eq!(loaded.rule_set.is_none(), errors > 0, "rules, or an error that says why there are none");
    for place in loaded.diagnostics.iter().filter_map(|diagnostic| diagnostic.place) {
        assert!(place.span.start <= place.span.end, "{place:?}");
        assert!(place.span.end <= bytes.len() + 4, "{place:?} in {} bytes", bytes.len());
    }
});
