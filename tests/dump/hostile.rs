//! Whatever a dump holds, reading it ends, in bounded memory, and says what is wrong.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use k8s_healer::dump;

use super::read;

/// A text, so many bytes of one kind, a text.
fn long(begin: &'static str, byte: u8, length: u64, end: &'static str) -> impl Read {
    begin.as_bytes().chain(io::repeat(byte).take(length)).chain(end.as_bytes())
}

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;

/// Names, problems, and the most memory that was taken meanwhile.
fn measured(mut stdin: impl Read) -> (Vec<String>, Vec<String>, u64) {
    let mut names = Vec::new();
    let mut problems = Vec::new();
    let info = allocation_counter::measure(|| {
        let mut each = |item: dump::Item| names.push(super::name(&item.value));
        if let Err(told) = dump::read(&[PathBuf::from("-")], &mut stdin, &mut each) {
            problems.extend(told.iter().map(ToString::to_string));
        }
    });
    (names, problems, info.bytes_max)
}

#[test]
fn an_item_without_end_is_skipped_in_bounded_memory() {
    const LENGTH: u64 = 64 << 20;
    let begin = r#"{"kind":"List","apiVersion":"v1","items":[{"a":""#;
    let end = r#""},{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}]}"#;
    let (names, problems, memory) = measured(long(begin, b'x', LENGTH, end));
    assert_eq!(
        (names, problems),
        (vec!["a".to_owned()], vec!["standard input:1:43: what begins here is larger than 8 MiB".to_owned()])
    );
    assert!(memory < 64 << 20, "{memory} bytes");
    let (names, problems, memory) = measured(long(
        "{\"a\":\"",
        b'x',
        LENGTH,
        "\"}\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}",
    ));
    assert_eq!((names.len(), problems.len()), (1, 1), "{problems:?}");
    assert!(memory < 64 << 20, "{memory} bytes");
}

#[test]
fn a_line_of_yaml_without_end_is_skipped_in_bounded_memory() {
    const LENGTH: u64 = 64 << 20;
    let begin = "apiVersion: v1\nitems:\n- a: ";
    let end = "\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\nkind: List\n";
    let (names, problems, memory) = measured(long(begin, b'x', LENGTH, end));
    assert_eq!(
        (names, problems),
        (vec!["a".to_owned()], vec!["standard input:3:1: what begins here is larger than 8 MiB".to_owned()])
    );
    assert!(memory < 64 << 20, "{memory} bytes");
    let (names, problems, _) =
        measured(long("a: ", b'x', LENGTH, "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"));
    assert_eq!((names.len(), problems.len()), (1, 1), "{problems:?}");
}

#[test]
fn depth_and_bombs_are_told() {
    for (text, told) in [
        ("{\"a\":".repeat(100_000) + &"}".repeat(100_000), "the object nests deeper than 128 levels"),
        ("[".repeat(100_000) + &"]".repeat(100_000), "the object nests deeper than 128 levels"),
        ("a: ".to_owned() + &"[".repeat(100_000), "the object nests deeper than 128 levels"),
        ("[".repeat(200), "the object nests deeper than 128 levels"),
        ("{\"a\":".repeat(200), "the text ends in the middle"),
        ("\0\0\0".to_owned(), "not YAML: it holds the control character"),
        ("{\"a\":\"\0\"}".to_owned(), "not JSON: control character"),
    ] {
        let problems = read(&[Path::new("-")], text.as_bytes()).problems();
        assert!(problems[0].contains(told), "{problems:?}");
    }
    let not_text = [POD.as_bytes(), b"{\"a\":\"\xff\"}", POD.as_bytes()].concat();
    let found = read(&[Path::new("-")], &not_text);
    assert_eq!((found.items.len(), found.problems().len()), (2, 1));
}

#[test]
fn any_cut_of_a_dump_is_read_or_told() {
    let list =
        format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{POD},{POD}],\"metadata\":{{}}}}\n");
    let yaml = "---\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: \"a\"\nkind: List\n---\na: b\n";
    for text in [list.as_str(), yaml] {
        for end in 0..text.len() {
            let found = read(&[Path::new("-")], &text.as_bytes()[..end]);
            assert!(found.items.len() <= 2);
        }
    }
    // Of JSON, every cut but those at the very end is noticed.
    for end in 1..list.trim_end().len() {
        assert!(read(&[Path::new("-")], &list.as_bytes()[..end]).end.is_err(), "cut at {end}");
    }
}

#[test]
fn a_dump_is_read_in_the_memory_of_a_few_objects() {
    let filler = "x".repeat(12_000);
    let pod = |number: u32| {
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"p{number}\",\"annotations\":{{\"a\":\"{filler}\"}}}}}}"
        )
    };
    let pods: Vec<String> = (0..3000).map(pod).collect();
    let text = format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}", pods.join(","));
    let mut count = 0;
    let info = allocation_counter::measure(|| {
        let paths = [PathBuf::from("-")];
        dump::read(&paths, &mut text.as_bytes(), &mut |_| count += 1).unwrap();
    });
    assert_eq!(count, 3000);
    assert!(info.bytes_max < 2 << 20, "{} bytes for {} of text", info.bytes_max, text.len());
}

#[test]
fn the_end_of_a_line_without_end_is_not_told_again() {
    let (names, problems, _) = measured(long("apiVersion: v1\nitems:\n- a: ", b'x', 20 << 20, ""));
    assert_eq!(names.len(), 0);
    assert_eq!(problems, ["standard input:3:1: what begins here is larger than 8 MiB"]);
}

#[test]
fn values_that_take_a_hundred_times_their_text_are_refused_before_they_are_there() {
    let dense = "{\"a\":0},".repeat(500_000);
    let dense = dense.trim_end_matches(',');
    let object = format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"b"}},"spec":[{dense}]}}"#);
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{object},{POD}]}}"#);
    let yaml = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: b}}\nspec: [{dense}]\n---\n{POD}\n");
    for text in [format!("{object}\n{POD}"), list, yaml] {
        let (names, problems, memory) = measured(text.as_bytes());
        assert_eq!(names, ["a"]);
        assert!(problems.len() == 1 && problems[0].ends_with("holds too many values"), "{problems:?}");
        assert!(memory < 250 << 20, "{memory} bytes");
    }
}

#[test]
fn items_that_wait_for_their_kind_take_little_more_than_their_text() {
    let items = "{\"a\":0},".repeat(600_000);
    for (text, told) in [
        (format!(r#"{{"apiVersion":"v1","items":[{}],"kind":"PodList"}}"#, &items[..200_000 * 8 - 1]), ""),
        (
            format!(r#"{{"apiVersion":"v1","items":[{}],"kind":"PodList"}}"#, &items[..items.len() - 1]),
            "behind them",
        ),
        (
            format!(r#"{{"items":[{}],"kind":"Foo","apiVersion":"v1"}}"#, &items[..320_000 * 8 - 1]),
            "too many values",
        ),
    ] {
        let (_, problems, memory) = measured(text.as_bytes());
        assert!(memory < 64 << 20, "{memory} bytes");
        match told {
            "" => {
                assert_eq!(problems, ["standard input: no object of Kubernetes is in it"; 0], "{problems:?}");
            }
            told => assert!(
                problems.len() == 1
                    && problems[0].starts_with("standard input:1:1:")
                    && problems[0].contains(told),
                "{problems:?}"
            ),
        }
    }
}

#[test]
fn in_a_folder_what_is_large_and_no_object_is_passed_over() {
    let filler = "x".repeat(9 << 20);
    let (answer, object) =
        (format!("{{\"data\":\"{filler}\"}}"), format!("{{\"apiVersion\":\"v1\",\"data\":\"{filler}\"}}"));
    let text = format!("data: {filler}\n");
    let folder = super::folder(&[("a.json", &answer), ("b.json", POD), ("c.yaml", &text)]);
    let found = read(&[folder.path()], b"");
    assert_eq!((found.items.len(), found.summary().skipped), (1, 2));
    let folder = super::folder(&[("a.json", &object), ("b.json", POD)]);
    let found = read(&[folder.path()], b"");
    assert_eq!((found.items.len(), found.problems().len()), (1, 1));
    assert_eq!(read(&[Path::new("-")], answer.as_bytes()).problems().len(), 1, "it was named");
}
