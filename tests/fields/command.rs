//! `validate-rules --schemas` as a process.

use std::fs;

use k8s_healer::rules::Code;

use crate::{field, own_definitions, pack, validate};

#[test]
fn a_misspelt_path_is_shown_at_its_segment_with_what_was_meant() {
    let text = pack("virtualmachines.kubevirt.io", &field("$.status.printableStatsu"));
    let (status, shown) = validate(&["--schemas", &own_definitions()], &text);
    assert_eq!(status, 0, "a warning does not stop the rules");
    insta::with_settings!({ snapshot_path => crate::path("tests/fields"), prepend_module_to_snapshot => false,
        omit_expression => true }, { insta::assert_snapshot!("misspelt", shown) });
}

#[test]
fn a_sound_path_and_kubernetes_own_kinds_are_told_in_one_line() {
    let matchers = format!(
        "{}      - field: {{ path: $.metadata.name, glob: x* }}\n",
        field("$.status.printableStatus")
    );
    let sound = (0, "ok: 1 file, 1 rule\n".to_owned());
    assert_eq!(validate(&["--schemas", &own_definitions()], &pack("[vm, vms]", &matchers)), sound);
    assert_eq!(validate(&["--schemas", &own_definitions()], &pack("po", &field("$.status.reason"))), sound);
    let (_, shown) = validate(&["--schemas", &own_definitions()], &pack("po", &field("$.status.reasn")));
    assert!(shown.contains("did you mean `reason`?"), "{shown}");
}

#[test]
fn without_schemas_nothing_is_said_of_paths() {
    let (status, shown) = validate(&[], &pack("vm", &field("$.status.printableStatsu")));
    assert_eq!((status, shown.as_str()), (0, "ok: 1 file, 1 rule\n"));
}

#[test]
fn schemas_that_cannot_be_read_end_with_2_and_a_broken_one_beside_sound_ones_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display().to_string();
    let text = pack("vm", &field("$.status.printableStatus"));
    let (status, shown) = validate(&["--schemas", &name], &text);
    assert!(status == 2 && shown.contains("holds no schema of any kind"), "{shown}");
    let (status, shown) = validate(&["--schemas", "/nonexistent"], &text);
    assert!(status == 2 && shown.contains("cannot read /nonexistent: there is no such file"), "{shown}");
    fs::write(folder.path().join("broken.json"), "{\"kind\": ").unwrap();
    let (status, shown) = validate(&["--schemas", &name, "--schemas", &own_definitions()], &text);
    assert!(status == 2 && shown.contains("broken.json"), "nothing is left of the folder: {shown}");
    fs::write(folder.path().join("widgets.yaml"), "kind: CustomResourceDefinition\nspec: { group: a.b, names: { plural: widgets, kind: Widget }, version: v1 }").unwrap();
    let (status, shown) = validate(&["--schemas", &name, "--schemas", &own_definitions()], &text);
    assert!(status == 0 && shown.contains("broken.json is no schema that can be read"), "{shown}");
}

#[test]
fn schemas_and_a_cluster_exclude_each_other_and_only_a_cluster_has_a_kubeconfig() {
    for arguments in [&["--schemas", "a", "--cluster"][..], &["--kubeconfig", "a"], &["--context", "a"]] {
        assert_eq!(validate(arguments, "").0, 2, "{arguments:?}");
    }
}

#[test]
fn a_cluster_that_cannot_be_asked_ends_with_2() {
    let (status, shown) = validate(&["--cluster"], &pack("vm", &field("$.status.phase")));
    assert!(status == 2 && shown.contains("there is no kubeconfig /nonexistent"), "{shown}");
}

/// The pages of `--explain`, but for those whose example is a command or a file of schemas.
#[test]
fn the_examples_of_the_codes_pages_do_what_they_say() {
    for code in [Code::UnknownField, Code::WrongField, Code::UnknownValue] {
        let pieces: Vec<_> = code.page().split("```").skip(1).step_by(2).collect();
        let [wrong, right] = pieces.as_slice() else { panic!("{code}") };
        let shown = |example: &str| {
            let lines: Vec<_> = example.lines().skip(1).map(|line| format!("    {line}\n")).collect();
            let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nrules:\n  - name: a\n    namespaces: [a]\n";
            let text = format!("{head}{}    actions: [ log: {{ message: a }} ]\n", lines.concat());
            validate(&["--schemas", &own_definitions()], &text)
        };
        let (wrong, right) = (shown(wrong), shown(right));
        assert!(wrong.0 == 0 && wrong.1.starts_with(code.name()), "{code}: {}", wrong.1);
        assert_eq!(right, (0, "ok: 1 file, 1 rule\n".to_owned()), "{code}");
    }
}
