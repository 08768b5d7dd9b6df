//! Folders: what is in them is read in order, what holds no objects is passed over, what comes twice is one.

use std::fs;
use std::path::Path;

use super::{folder, gzip, read};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: NAME, namespace: test-a }\n";

#[test]
fn a_must_gather_is_read_and_of_what_it_has_twice_the_newest_stays() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dump/must-gather");
    let found = read(&[&path], b"");
    assert_eq!(found.names(), ["node-0", "web", "web-1.17a", "web-1", "web-2", "web-1", "test-a"]);
    let summary = found.summary();
    assert_eq!((summary.objects, summary.repeated, summary.skipped, summary.files), (6, 2, 1, 9));
    assert_eq!(summary.newest.unwrap().to_string(), "2026-11-26T10:05:00Z");
    let [first, second] = [3, 5].map(|index| &found.items[index]);
    assert_eq!((&first.value["status"]["phase"], first.replaces), (&"Pending".into(), false));
    assert_eq!((&second.value["status"]["phase"], second.replaces), (&"Running".into(), true));
    let deployment = &found.items[1];
    assert_eq!((deployment.api_version.as_str(), deployment.kind.as_str()), ("apps/v1", "Deployment"));
    assert_eq!(deployment.value["kind"], "Deployment");
}

#[test]
fn files_without_objects_are_passed_over_and_counted() {
    let folder = folder(&[
        ("a.yaml", &POD.replace("NAME", "a")),
        ("b/values.yaml", "replicaCount: 2\nimage: { tag: 0644 }\n"),
        (
            "b/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: { name: x }\n",
        ),
        ("b/Chart.yaml", "apiVersion: v2\nname: chart\n"),
        ("c.json", "[1, \"a\", null]"),
        ("d.yml", ""),
        ("e.txt", "{{ nothing"),
        (".f.yaml", "{{ nothing"),
        ("g.yaml", "- a\n- b: 1\n"),
    ]);
    fs::write(
        folder.path().join("h.json.gz"),
        gzip(r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"h"}}"#),
    )
    .unwrap();
    let found = read(&[folder.path()], b"");
    assert_eq!(found.names(), ["a", "h"]);
    let summary = found.summary();
    assert_eq!((summary.objects, summary.files, summary.skipped), (2, 8, 9));
}

#[test]
fn the_letters_of_an_ending_make_no_difference_and_one_object_on_each_line_is_read() {
    let pod = |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}}}}"#);
    let lines = |one: &str, other: &str| format!("{}\n{}\n", pod(one), pod(other));
    let folder = folder(&[
        ("A.YAML", &POD.replace("NAME", "a")),
        ("b.JSON", &pod("b")),
        ("c.jsonl", &lines("c1", "c2")),
        ("d.NDJSON", &lines("d1", "d2")),
        ("e.Yml", &POD.replace("NAME", "e")),
    ]);
    fs::write(folder.path().join("f.JSONL.GZ"), gzip(&lines("f1", "f2"))).unwrap();
    let found = read(&[folder.path()], b"");
    assert_eq!(found.names(), ["a", "b", "c1", "c2", "d1", "d2", "e", "f1", "f2"], "{:?}", found.end);
    assert_eq!(found.summary().passed.told(), None);
}

#[test]
fn files_that_are_not_looked_at_are_counted_and_the_first_named() {
    let folder = folder(&[
        ("a.yaml", &POD.replace("NAME", "a")),
        ("b/notes.txt", ""),
        ("c.log", ""),
        ("d\u{1b}.gz", ""),
        ("e.toml", ""),
        (".hidden", ""),
    ]);
    let told = read(&[folder.path()], b"").summary().passed.told().unwrap();
    assert_eq!(told, "4 files were passed over: notes.txt, c.log, d\\u{1b}.gz, …");
    let problems = read(&[&folder.path().join("b")], b"").problems();
    let expected = ": it holds no `*.json`, `*.yaml` or `*.yml` file; 1 file was passed over: notes.txt";
    assert!(problems[0].ends_with(expected), "{problems:?}");
}

#[test]
fn what_a_server_said_in_the_place_of_objects_is_passed_on() {
    let reason = "pods is forbidden: User \"x\" cannot list";
    let status = format!(
        r#"{{"apiVersion":"v1","kind":"Status","metadata":{{}},"status":"Failure","message":{reason:?},"code":403}}"#
    );
    let told = read(&[Path::new("-")], status.as_bytes()).problems();
    assert_eq!(told, [format!("standard input:1:1: the server refused it: {reason}")]);
    let folder = folder(&[("a.yaml", &POD.replace("NAME", "a")), ("b.json", &status), ("c.json", &status)]);
    let found = read(&[folder.path()], b"");
    assert_eq!(found.names(), ["a"]);
    assert_eq!(found.summary().refusals.into_iter().collect::<Vec<_>>(), [reason]);
}

#[test]
fn a_name_that_yaml_reads_as_a_number_is_told() {
    for name in ["007", "7", "1.5"] {
        let told = read(&[Path::new("-")], POD.replace("NAME", name).as_bytes()).problems();
        let expected = "standard input:1:1: the name of this Pod is a number, and a name is a string";
        assert_eq!(told, [expected], "{name}");
    }
    assert_eq!(read(&[Path::new("-")], POD.replace("NAME", "\"007\"").as_bytes()).names(), ["007"]);
}

#[test]
fn one_bad_file_costs_itself_and_all_that_is_wrong_is_told() {
    let folder = folder(&[
        ("a.yaml", "a: [1\n"),
        ("b.yaml", &POD.replace("NAME", "b")),
        ("c.json", "{\"a\": tru}"),
        ("d.yaml", &POD.replace("NAME", "d")),
    ]);
    let found = read(&[folder.path()], b"");
    assert_eq!(found.names(), ["b", "d"]);
    let problems = found.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("a.yaml:1:4: not YAML: "), "{}", problems[0]);
    assert!(problems[1].contains("c.json:1:10: not JSON: expected ident"), "{}", problems[1]);
}

#[test]
fn a_file_that_is_named_twice_is_read_once_and_links_in_a_circle_end() {
    let folder = folder(&[("a.yaml", &POD.replace("NAME", "a"))]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    let found = read(&[&folder.path().join("a.yaml"), folder.path(), folder.path()], b"");
    assert_eq!((found.names().len(), found.summary().files), (1, 1));
}

#[test]
fn what_was_named_and_holds_nothing_is_told() {
    let folder = folder(&[
        ("values.yaml", "a: 1\n"),
        ("empty.json", ""),
        ("list.json", r#"{"kind":"List","items":[]}"#),
        ("sub/a.txt", ""),
    ]);
    let told = |name: &str| {
        let found = read(&[&folder.path().join(name)], b"");
        found.problems().remove(0).rsplit_once(": ").unwrap().1.to_owned()
    };
    assert_eq!(told("values.yaml"), "no object of Kubernetes is in it");
    assert_eq!(told("empty.json"), "there is nothing in it");
    assert_eq!(told("absent.json"), "there is no such file or folder");
    let nothing = read(&[&folder.path().join("sub")], b"").problems().remove(0);
    assert!(nothing.contains("it holds no `*.json`, `*.yaml` or `*.yml` file; 1 file was"), "{nothing}");
    assert_eq!(read(&[Path::new("-")], b" \n").problems(), ["standard input: there is nothing in it"]);
    assert_eq!(read(&[&folder.path().join("list.json")], b"").summary().objects, 0);
}

#[test]
fn long_files_that_are_none_of_kubernetes_are_passed_over_in_a_folder() {
    let row = format!(r#"{{"row":"{}"}}"#, "x".repeat(1000));
    let array = format!("[{}]", vec![row.as_str(); 20_000].join(","));
    let wrapped = format!("{{\"items\":{array}}}");
    let object = format!("{{\"rows\":{array}}}");
    let values = format!("# values\nrows: |\n{}", format!("  {row}\n").repeat(10_000));
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
    let files = [
        ("array.json", array.as_str()),
        ("wrapped.json", &wrapped),
        ("object.json", &object),
        ("values.yaml", &values),
        ("pod.json", pod),
    ];
    let folder = super::folder(&files);
    let found = read(&[folder.path()], b"");
    assert_eq!(found.names(), ["a"], "{:?}", found.end);
    assert_eq!((found.summary().files, found.summary().skipped), (5, 40_002));
    // Each of them alone, by its name, is a mistake, and told once.
    for (name, _) in &files[..4] {
        let found = read(&[&folder.path().join(name)], b"");
        assert_eq!(found.problems().len(), 1, "{name} {:?}", found.problems());
    }
    // What is of Kubernetes is told in a folder, too.
    let secret = format!(r#"{{"apiVersion":"v1","rows":{array}}}"#);
    let behind = format!(r#"{{"items":{array},"apiVersion":"v1","kind":"Foo"}}"#);
    for text in [&secret, &behind] {
        let folder = super::folder(&[("some.json", text.as_str())]);
        assert_eq!(read(&[folder.path()], b"").problems().len(), 1);
    }
}
