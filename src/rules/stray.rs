//! Packs, guardrails and overrides in folders called `tests`, which nobody loads from there: guardrails that were put
//! beside the tests by mistake protect nothing. Those that a test names, or that stand in its own file, are its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::files::{TESTS, all_files, holds_rules};
use super::ruletest::TEST;

/// A warning for each file below these folders that holds rules and that is passed over, since it lies in `tests`; not
/// for a file that is among the paths itself. I/O.
#[must_use]
pub fn stray_rules(paths: &[&Path]) -> Vec<Diagnostic> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut told_of: BTreeSet<PathBuf> = paths.iter().map(|path| real(path)).collect();
    let strays = paths.iter().flat_map(|folder| strays_of(folder));
    strays.filter(|file| told_of.insert(real(file))).map(|file| told(&file)).collect()
}

fn strays_of(folder: &Path) -> Vec<PathBuf> {
    let is_in_tests = |file: &&Path| file.parent().is_some_and(|parent| parts(parent, folder).any(is_tests));
    let all = all_files(folder);
    let inside: Vec<&Path> = all.iter().map(AsRef::as_ref).filter(is_in_tests).collect();
    let read = |file: &&Path| fs::read_to_string(file).ok().filter(|text| text.contains(TEST));
    let tests: Vec<(&Path, String)> =
        inside.iter().filter_map(|file| read(file).map(|text| (*file, text))).collect();
    let is_named = |file: &Path| {
        // As a path, or as one of the folders on it.
        let mut names = parts(file, folder).skip_while(|name| !is_tests(name)).skip(1);
        names.any(|name| tests.iter().any(|(_, text)| text.contains(&*name)))
    };
    let is_stray =
        |file: &&Path| !tests.iter().any(|(test, _)| test == file) && holds_rules(file) && !is_named(file);
    inside.into_iter().filter(is_stray).map(Path::to_owned).collect()
}

fn told(file: &Path) -> Diagnostic {
    let message =
        format!("{} holds rules and is not read: it lies in a folder called `{TESTS}`", file.display());
    let help = "move it out of there, or name it under `rules` of the test that it is for";
    Diagnostic::new(Code::NotRead, None, message).help(help)
}

/// The names on the way from a folder.
fn parts(path: &Path, folder: &Path) -> impl Iterator<Item = String> {
    let below = path.strip_prefix(folder).unwrap_or(path).to_owned();
    let names: Vec<String> = below.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.into_iter()
}

fn is_tests(name: impl AsRef<str>) -> bool {
    name.as_ref() == TESTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "apiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: { name: a }\n";

    #[test]
    fn rules_beside_tests_are_told_of_unless_a_test_names_them() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("pack.yaml", RULES.to_owned()),
            ("tests/lost.yaml", RULES.to_owned()),
            ("a/tests/b/Lost.YML", RULES.to_owned()),
            ("tests/pod.yaml", "kind: Pod".to_owned()),
            ("tests/own.yaml", format!("{RULES}---\nkind: RuleTest\n")),
            ("tests/of-a-test.yaml", RULES.to_owned()),
            ("tests/packs/one.yaml", RULES.to_owned()),
            ("tests/a-test.yaml", "kind: RuleTest\nrules: [of-a-test.yaml, packs]\n".to_owned()),
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let of = |paths: &[&Path]| -> Vec<String> {
            stray_rules(paths).into_iter().map(|one| one.message).collect()
        };
        let told = of(&[folder.path(), folder.path()]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("a/tests/b/Lost.YML") && told[1].contains("tests/lost.yaml"), "{told:?}");
        let named = folder.path().join("tests/lost.yaml");
        assert_eq!(of(&[folder.path(), &named]), told[..1], "it is read, since it was named");
        assert_eq!(of(&[&folder.path().join("tests")]), [""; 0], "the folder was named itself");
        assert_eq!(of(&[&folder.path().join("pack.yaml")]), [""; 0]);
    }
}
