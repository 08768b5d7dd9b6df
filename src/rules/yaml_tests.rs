//! Composing: every key and value at its place, whatever stands before it; what must not be, refused.

use super::*;
use crate::rules::node::Form;
use crate::rules::source::Sources;

fn composed(text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut out = Collector::default();
    let documents = compose(Sources::default().add("test", text), text, &mut out);
    (documents, out.into_sorted())
}

fn sound(text: &str) -> Node {
    let (mut documents, diagnostics) = composed(text);
    assert_eq!(diagnostics, []);
    documents.remove(0)
}

fn codes(text: &str) -> Vec<Code> {
    composed(text).1.iter().map(|diagnostic| diagnostic.code).collect()
}

/// Every key and scalar with the characters of its place.
fn written<'t>(node: &Node, text: &'t str, into: &mut Vec<(String, &'t str)>) {
    let slice = |place: Place| &text[place.span.start..place.span.end];
    match &node.data {
        Data::Scalar(scalar) => into.push((scalar.text.clone(), slice(node.place))),
        Data::List(items) => items.iter().for_each(|item| written(item, text, into)),
        Data::Map(entries) => {
            for entry in entries {
                into.push((entry.key.text.clone(), slice(entry.key.place)));
                written(&entry.value, text, into);
            }
        }
        Data::Broken => {}
    }
}

#[test]
fn every_key_and_value_is_at_its_place_behind_wide_characters_and_any_line_end() {
    let text = "é: \"ü\\n\"\r\n\"b b\": [1.10, yes, 'it''s', ☃]\r\nc: {d: 6m, \"e\": 0755}\r\nf:\r\n  - g: # why\r\n      h\r\n";
    let mut all = Vec::new();
    written(&sound(text), text, &mut all);
    let expected = [
        ("é", "é"),
        ("ü\n", "\"ü\\n\""),
        ("b b", "\"b b\""),
        ("1.10", "1.10"),
        ("yes", "yes"),
        ("it's", "'it''s'"),
        ("☃", "☃"),
        ("c", "c"),
        ("d", "d"),
        ("6m", "6m"),
        ("e", "\"e\""),
        ("0755", "0755"),
        ("f", "f"),
        ("g", "g"),
        ("h", "h"),
    ];
    let all: Vec<(&str, &str)> = all.iter().map(|(text, written)| (text.as_str(), *written)).collect();
    assert_eq!(all, expected);
}

#[test]
fn collections_reach_from_their_first_to_their_last_character() {
    let text = "a: [1, {b: 2}]\nc:\n  d: 1\n  e:\n    - x\n    - yz\n\n# end\nf: 1\n";
    let document = sound(text);
    let slice = |key: &str| {
        let span = document.get(key).unwrap().value.place.span;
        &text[span.start..span.end]
    };
    assert_eq!(slice("a"), "[1, {b: 2}]");
    assert_eq!(slice("c"), "d: 1\n  e:\n    - x\n    - yz");
}

#[test]
fn a_value_that_is_not_written_has_the_place_of_its_key() {
    let document = sound("a:\nb: 1\n");
    let entry = document.get("a").unwrap();
    assert!(entry.value.is_null());
    assert_eq!(entry.value.place, entry.key.place);
}

#[test]
fn quotes_and_string_tags_make_strings() {
    let document = sound("a: \"1\"\nb: !!str 1\nc: 1\nd: ! 1\ne: |\n  1\n");
    let form = |key: &str| document.get(key).unwrap().value.scalar().unwrap().form();
    assert!(["a", "b", "d", "e"].iter().all(|key| form(key) == Form::Text));
    assert!(matches!(form("c"), Form::Number(_)));
}

#[test]
fn aliases_stand_for_their_anchors_and_keep_the_place_of_the_definition() {
    let text = "a: &x {b: 6m}\nc: *x\n";
    let document = sound(text);
    let value = &document.get("c").unwrap().value.get("b").unwrap().value;
    assert_eq!(&text[value.place.span.start..value.place.span.end], "6m");
}

#[test]
fn documents_before_a_syntax_error_are_kept() {
    let (documents, diagnostics) = composed("a: 1\n---\nb: [\n");
    assert_eq!((documents.len(), diagnostics.len()), (1, 1));
}

#[test]
fn a_duplicate_key_is_told_with_both_places() {
    let (_, diagnostics) = composed("a: 1\nb: 2\na: 3\n");
    assert_eq!(diagnostics[0].code, Code::DuplicateKey);
    assert_eq!(
        (diagnostics[0].place.unwrap().span.start, diagnostics[0].related[0].place.span.start),
        (10, 0)
    );
}

#[test]
fn what_grows_without_bound_is_refused() {
    let laughs = (1..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("{text}a{level}: &a{level} [{aliases}]\n")
    });
    for text in ["[".repeat(1 << 20), "- ".repeat(1 << 19), "{a: ".repeat(1 << 18), laughs] {
        assert_eq!(codes(&text), [Code::TooComplex], "{}", &text[..20]);
    }
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100].join(", "));
    assert_eq!(codes(&long), [Code::TooComplex]);
    assert_eq!(codes("a: &a [*a]"), [Code::TooComplex]);
}

#[test]
fn nothing_behind_a_nul_is_lost_in_silence() {
    assert_eq!(codes("a: 1\n\0b: 2\n"), [Code::Syntax]);
}

#[test]
fn a_blank_that_only_looks_like_a_space_is_pointed_at() {
    let tab = "not YAML: a tab stands in the indentation";
    let no_break = "not YAML: a no-break space (U+00A0) stands here, where a space belongs";
    for (text, blank, message) in [
        ("a:\n  - b: 1\n    c: 2\n\td: 3\n", "\t", tab),
        ("a:\n  - b: 1\n\n  \tc: 2\n", "\t", tab),
        ("a:\n\t- b: 1\n", "\t", tab),
        ("a:\n  b:\u{a0}c\n  d: 1\n", "\u{a0}", no_break),
        ("a:\n  -\u{a0}b: c\n    d: 1\n", "\u{a0}", no_break),
        (
            "a:\u{3000}b\nc: 1\n",
            "\u{3000}",
            "not YAML: a blank of another kind (U+3000) stands here, where a space belongs",
        ),
    ] {
        let diagnostics = composed(text).1;
        let span = diagnostics[0].place.unwrap().span;
        assert_eq!(
            (diagnostics[0].message.as_str(), &text[span.start..span.end]),
            (message, blank),
            "{text}"
        );
        assert_eq!(span.start, text.find(blank).unwrap());
    }
}

#[test]
fn a_mark_of_a_text_processor_is_pointed_at() {
    let dash = "a long dash (U+2013) stands here, where `-` belongs; write a plain `-` in its place";
    let quote = "a curly quote (U+201C) stands here, where `\"` belongs; write a plain `\"` in its place";
    let nothing = "a character without width (U+200B) stands here, where nothing belongs; take it out";
    for (text, mark, told) in [
        ("a:\n  \u{2013} b: 1\n    c: 2\n", "\u{2013}", dash),
        ("a:\n  - b: \u{201c}c: d\u{201d}\n", "\u{201c}", quote),
        ("a: [\u{201c}c: d: e\u{201d}]\n", "\u{201c}", quote),
        ("a:\n  \u{201c}b\u{201d}: c: d\n", "\u{201c}", quote),
        ("a: 1\n \u{200b}b: 2\n", "\u{200b}", nothing),
    ] {
        let diagnostics = composed(text).1;
        let one = &diagnostics[0];
        assert_eq!(format!("{}; {}", one.message, one.help), format!("not YAML: {told}"), "{text}");
        assert_eq!(one.place.unwrap().span.start, text.find(mark).unwrap(), "{text}");
    }
}

#[test]
fn a_bracket_that_is_not_closed_is_pointed_at_where_lines_below_belong_to_something_else() {
    for (text, opened, outside) in [
        ("a:\n  b: [x-*\n  c: 1h\n  d: 2\n", "[", Some("c: 1h")),
        ("a:\n  - b: { c: 1\n  - d: 2\ne: 3\n", "{", Some("- d: 2")),
        ("a: [b,\n  c\n\n# d\ne: { f: 1 }\n", "[", Some("e: { f: 1 }")),
        // Something else is wrong with these.
        ("a: [\n  { b: 1 }\n  { c: 2 }\n]\n", "", None),
        ("a: [ b: c: d ]\ne: 1\n", "", None),
        ("a: [\n  b,\n]\nc: d: e\n", "", None),
    ] {
        let diagnostics = composed(text).1;
        let [one] = diagnostics.as_slice() else { panic!("{text:?} {diagnostics:?}") };
        let Some(outside) = outside else {
            assert!(!one.message.contains("is not closed"), "{text:?} {}", one.message);
            continue;
        };
        assert_eq!(one.message, format!("not YAML: the `{opened}` is not closed"), "{text:?}");
        assert_eq!(one.place.unwrap().span.start, text.find(opened).unwrap(), "{text:?}");
        let span = one.related[0].place.span;
        assert_eq!(&text[span.start..span.end], outside, "{text:?}");
    }
}

#[test]
fn a_blank_that_does_no_harm_is_not_blamed() {
    for text in ["a: |\n  x\n  \ty\n\n\nb: [\n", "\"a\": \"b:\u{a0}c\"\nd: [\n", "\t\na: [\n"] {
        let message = &composed(text).1[0].message;
        assert!(!message.contains("stands"), "{text:?} {message}");
    }
}
