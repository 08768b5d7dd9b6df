//! What is broken is told at its place, in words that help; the objects around it are read.

use std::path::Path;

use super::{gzip, read, read_text};

fn told(text: &str) -> Vec<String> {
    read_text(text).problems().into_iter().map(|text| text.replace("standard input:", "")).collect()
}

const A: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
const B: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}"#;

#[test]
fn a_broken_item_of_a_json_list_costs_itself() {
    let text =
        format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n{A},\n{{\"é\": tru}},\n{B}]}}");
    let found = read_text(&text);
    assert_eq!(found.names(), ["a", "b"]);
    assert_eq!(found.problems(), ["standard input:3:10: not JSON: expected ident"]);
    let problem = &found.end.unwrap_err()[0];
    let excerpt = problem.excerpt.as_ref().unwrap();
    assert_eq!((excerpt.text.as_str(), &excerpt.text[excerpt.offset..]), ("{\"é\": tru}", "}"));
}

#[test]
fn a_broken_item_of_a_yaml_list_costs_itself() {
    let item = |name: &str| format!("- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n");
    let broken = "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: 'c\n";
    let found = read_text(&format!("apiVersion: v1\nitems:\n{}{broken}{}kind: List\n", item("a"), item("b")));
    assert_eq!(found.names(), ["a", "b"]);
    let problems = found.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("standard input:"), "{problems:?}");
    assert!(problems[0].contains(": not YAML: "), "{problems:?}");
}

#[test]
fn what_is_cut_off_is_told_where_it_ends() {
    assert_eq!(
        told(&format!("{A}\n{}", &B[..20])),
        ["2:21: the text ends in the middle of what begins at 2:1"]
    );
    let list = format!("{{\"kind\":\"List\",\"items\":[{A},{}", &B[..20]);
    let found = read_text(&list);
    assert_eq!(found.names(), ["a"]);
    assert!(
        found.problems()[0].contains("the text ends in the middle of what begins at 1:"),
        "{:?}",
        found.problems()
    );
    assert!(told(&format!("{{\"kind\":\"List\",\"items\":[{A},"))[0].contains("the text ends in the middle"));
    let packed = gzip(&A.repeat(1000));
    let found = read(&[Path::new("-")], &packed[..packed.len() / 2]);
    assert!(found.problems()[0].contains("cannot be read further"), "{:?}", found.problems());
}

#[test]
fn what_is_no_json_is_told() {
    assert_eq!(told(&format!("{A} x {B}")), ["1:58: not JSON: `x` where an object should begin"]);
    assert_eq!(told(&format!("[{A} {B}]")), ["1:59: not JSON: `{` between two items"]);
    assert_eq!(told(&format!("[{A},,{B}]")), ["1:59: not JSON: `,` between two items"]);
    assert_eq!(told(&format!("[{A},]")), ["1:59: not JSON: `]` between two items"]);
    assert_eq!(told("{\"items\":[{}],\"kind\":List}")[0], "1:22: not JSON: expected value");
    let twice = format!("{{\"kind\":\"List\",\"items\":[{A}],\"items\":[{B}]}}");
    assert!(told(&twice)[0].ends_with("the list has `items` twice, and the first ones were read"));
}

#[test]
fn what_is_in_another_form_is_told_with_what_to_do() {
    let told = |bytes: &[u8]| {
        let found = read(&[Path::new("-")], bytes);
        let problem = found.end.unwrap_err().remove(0);
        (problem.message, problem.help)
    };
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(A.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(told(&utf16).0, "it is UTF-16, not UTF-8");
    assert!(told(&utf16).1.contains("Out-File -Encoding utf8"));
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(told(&tar), ("it is a tar archive".to_owned(), "unpack it, and give the folder".to_owned()));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    assert_eq!(told(&encoder.finish().unwrap()).0, "it is a tar archive");
    assert_eq!(told(b"\x28\xb5\x2f\xfd....").0, "it is compressed with zstd");
    assert_eq!(told(b"PK\x03\x04....").0, "it is a zip archive");
    assert_eq!(
        told(b"error: the server doesn't have a resource type \"pod s\"\n").0,
        "no object of Kubernetes is in it"
    );
}

#[test]
fn twenty_problems_of_a_file_are_enough() {
    let text = "{\"a\": tru}\n".repeat(100);
    let problems = told(&text);
    assert_eq!(problems.len(), 21);
    assert!(problems[20].ends_with("20 problems are enough: the rest of the file was not read"));
}

fn items(names: &[&str], indent: &str) -> String {
    let item = |name: &&str| {
        format!(
            "{indent}- apiVersion: v1\n{indent}  kind: Pod\n{indent}  metadata:\n{indent}    name: {name}\n"
        )
    };
    names.iter().map(item).collect()
}

#[test]
fn items_that_are_indented_otherwise_than_the_first_are_told() {
    let text = format!("apiVersion: v1\nitems:\n{}{}kind: List\n", items(&["a"], "  "), items(&["b"], ""));
    let found = read_text(&text);
    assert_eq!(found.names(), ["a"]);
    let problems = found.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("standard input:11:1: not YAML: "), "{problems:?}");
    let text = format!("apiVersion: v1\nkind: List\nitems:\n{}{}", items(&["a"], "  "), items(&["b"], ""));
    assert_eq!(told(&text), ["8:1: what stands here is neither an item of the list nor a key beside it"]);
    // Neither has a list that stands alone keys beside it.
    let text = format!("{}kind: List\n", items(&["a"], ""));
    assert_eq!(told(&text), ["5:1: what stands here is neither an item of the list nor a key beside it"]);
}

#[test]
fn what_a_list_says_twice_is_told() {
    let list = |tail: &str| format!("apiVersion: v1\nkind: List\nitems:\n{}{tail}", items(&["a"], ""));
    assert_eq!(told(&list("metadata: {}\nkind: PodList\n")), ["9:1: the key `kind` stands here twice"]);
    let twice = list(&format!("metadata: {{}}\nitems:\n{}", items(&["b"], "")));
    assert_eq!(told(&twice), ["9:1: the key `items` stands here twice"]);
    assert_eq!(read_text(&list("metadata: {}\n")).summary().objects, 1);
}

#[test]
fn a_parser_is_not_asked_for_more_than_the_text_holds() {
    // The aliases nest what they stand for deeper than a text may.
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let text = |levels: usize| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\na: &a {}\nb: &b {}*a{}\nc: {}*b{}\n",
            deep(levels),
            "[".repeat(levels),
            "]".repeat(levels),
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(read_text(&text(40)).names(), ["a"]);
    let problems = told(&text(50));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("6:") && problems[0].ends_with("nests deeper than 128 levels"),
        "{problems:?}"
    );
}

/// kubectl writes `kind: List` last: what was cut off at the end of a line looks whole without it.
#[test]
fn a_list_in_yaml_that_is_cut_off_is_told() {
    let list = format!("apiVersion: v1\nitems:\n{}{}", items(&["a"], ""), items(&["b"], ""));
    let whole = format!("{list}kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    assert_eq!(read_text(&whole).items.len(), 2);
    for cut in list.match_indices('\n').map(|(at, _)| at + 1).filter(|at| list[..*at].contains("- ")) {
        let told = told(&list[..cut]);
        assert!(told.last().unwrap().contains("the text is cut off"), "{told:?} of\n{}", &list[..cut]);
    }
    // Whatever is no list of Kubernetes' may end like this.
    assert_eq!(read_text(&list.replace("apiVersion: v1\nitems", "items")).items.len(), 2);
}
