//! The cutting of pages against `serde_json`'s own reading of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The elements and the envelope of a page that comes in these chunks.
fn cut<'a>(
    limit: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<Option<String>>, Value), ScanError> {
    let mut scanner = PageScanner::new(limit);
    let mut elements = Vec::new();
    for chunk in chunks {
        let mut rest = chunk;
        while let Some(slice) = scanner.next(&mut rest)? {
            elements.push(match slice {
                Slice::Whole(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
                Slice::TooLarge(_) => None,
            });
        }
        assert!(rest.is_empty(), "all of the input is taken");
    }
    Ok((elements, scanner.finish()?))
}

fn whole(page: &str) -> Result<(Vec<Option<String>>, Value), ScanError> {
    cut(LARGEST_PIECE, [page.as_bytes()])
}

/// That the page, in chunks of these sizes in turn, is cut as `serde_json` reads it.
fn assert_cut_as_read(page: &str, sizes: &[usize]) {
    let mut read: Value = serde_json::from_str(page).unwrap();
    let items = match read["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    let mut chunks = Vec::new();
    let mut rest = page.as_bytes();
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let (elements, envelope) = cut(LARGEST_PIECE, chunks).unwrap();
    let parse = |element: &Option<String>| serde_json::from_str::<Value>(element.as_ref().unwrap()).unwrap();
    assert_eq!(elements.iter().map(parse).collect::<Vec<_>>(), items, "{page}");
    for key in ["kind", "metadata", "later"] {
        assert_eq!(envelope[key], read[key], "{page}");
    }
}

#[test]
fn the_order_of_the_keys_and_white_space_do_not_matter() {
    let pages = [
        r#"{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"x"},"items":[{"a":1},{"b":2}]}"#,
        r#"{"items":[{"a":1},{"b":[{}]}],"metadata":{"resourceVersion":"1"},"kind":"PodList"}"#,
        " {\n \"items\" :\t[ \r\n {\"a\" : 1 } ,\n{ } ] , \"kind\" : \"PodList\" } \n",
        r#"{"items":[],"kind":"PodList"}"#,
        r#"{"items":null,"kind":"PodList"}"#,
    ];
    for page in pages {
        for size in 1..page.len() {
            assert_cut_as_read(page, &[size]);
        }
    }
}

#[test]
fn brackets_quotes_and_backslashes_in_strings_are_text() {
    let page =
        r#"{"kind":"]}\"{[","items":[{"a":"}]\\"},{"b\"}":"\\\"{["},{"c":"\u005d\\\\"}],"later":"[\\"}"#;
    for size in 1..page.len() {
        assert_cut_as_read(page, &[size]);
    }
}

#[test]
fn only_the_items_of_the_top_level_are_cut() {
    let page = r#"{"metadata":{"items":[1,2],"x":{"items":[{}]}},"later":"items","items":[{"items":[{"items":[]}]}]}"#;
    for size in 1..page.len() {
        assert_cut_as_read(page, &[size]);
    }
    assert_eq!(whole(r#"["items",[1,2]]"#).unwrap(), (vec![], json!(["items", [1, 2]])));
    assert_eq!(whole(r#"{"kind":"items","x":[1]}"#).unwrap().0, Vec::<Option<String>>::new());
}

#[test]
fn elements_that_are_no_objects_are_cut_as_well_and_fail_alone() {
    let (elements, _) = whole(r#"{"items":[null,1.5e3 ,"a\"]",true,[[],{}],{"broken":},{"a":1}]}"#).unwrap();
    let expected = ["null", "1.5e3", r#""a\"]""#, "true", "[[],{}]", r#"{"broken":}"#];
    assert_eq!(elements.iter().flatten().take(6).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_page_that_ends_early_is_never_taken_for_a_whole_one() {
    let page = r#"{"kind":"PodList","items":[{"a":1},{"b":"x"}],"metadata":{"resourceVersion":"1"}}"#;
    for end in 0..page.len() {
        assert!(whole(&page[..end]).is_err(), "{}", &page[..end]);
    }
    assert!(whole(page).is_ok());
}

#[test]
fn what_is_no_list_of_json_is_an_error() {
    for page in [
        "<html>bad gateway</html>",
        r#"{"items":[{} {}]}"#,
        r#"{"items":[,{}]}"#,
        r#"{"items":[{},]}"#,
        "{}}",
        "{} x",
    ] {
        assert!(whole(page).is_err(), "{page}");
    }
}

#[test]
fn an_element_over_the_limit_is_skipped_and_told_and_the_rest_of_the_page_is_read() {
    let page =
        format!(r#"{{"items":[{{"a":1}},{{"b":"{}"}},{{"c":3}}],"kind":"PodList"}}"#, "}\\\"".repeat(100));
    for size in [1, 7, 64, 1000] {
        let (elements, envelope) = cut(100, page.as_bytes().chunks(size)).unwrap();
        assert_eq!(elements, [Some(r#"{"a":1}"#.to_owned()), None, Some(r#"{"c":3}"#.to_owned())], "{size}");
        assert_eq!(envelope["kind"], "PodList");
    }
}

#[test]
fn an_envelope_without_end_takes_no_memory_without_end() {
    let page = format!(r#"{{"kind":"{}"}}"#, "x".repeat(LARGEST_ENVELOPE));
    assert!(matches!(whole(&page), Err(ScanError::EnvelopeTooLarge)));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[\\PC]{0,6}", r#"[\\"{}\[\],: a]{0,8}"#, Just("items".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_page_cut_anywhere_is_what_serde_json_reads(
        items in prop::option::of(prop::collection::vec(any_json(), 0..5)),
        metadata in any_json(),
        later in any_json(),
        order in 0_usize..6,
        pretty in any::<bool>(),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let members = [("items", json!(items)), ("metadata", metadata), ("later", later)];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let text = |value: &Value| if pretty { format!("{value:#}") } else { value.to_string() };
        let members = orders[order].map(|at| format!("\"{}\":{}", members[at].0, text(&members[at].1)));
        assert_cut_as_read(&format!("{{{}}}", members.join(",")), &sizes);
    }

    #[test]
    fn bytes_of_any_kind_are_cut_alike_whatever_the_chunks(
        page in r#"[\\"{}\[\],: a1\n]{0,60}"#,
        prefix in prop::sample::select(vec!["", r#"{"items":["#, r#"{"items":[{},"#]),
        size in 1_usize..9,
    ) {
        let page = format!("{prefix}{page}");
        let one = whole(&page).map_err(|error| error.to_string());
        let several = cut(LARGEST_PIECE, page.as_bytes().chunks(size)).map_err(|error| error.to_string());
        prop_assert_eq!(one, several);
    }
}
