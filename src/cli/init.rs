//! `init`: a first pack to begin with: rules with comments, a test beside them, and the schemas by which an editor
//! completes and checks. Nothing that is there is overwritten.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use k8s_healer_engine::registry::Registry;
use serde_json::Value;

use super::Arguments as Program;
use crate::rules::Input;
use crate::rules::schema::{guardrails, rule_override, rule_pack, rule_test};
use crate::rules::source::reason;

const RULES: &str = include_str!("init/rules.yaml");
const TEST: &str = include_str!("init/vm-stale.yaml");

/// What comes next, by subcommand: from what asks nobody to what acts; and whether it takes `PATH=NAMESPACES`.
const COMMANDS: &[(&str, &str, bool)] = &[
    ("validate-rules", "validate-rules ", true),
    ("test-rules", "test-rules ", false),
    ("plan", "plan --rules ", true),
    ("show-rules", "show-rules ", true),
    ("daemon", "daemon run --mode dry-run --rules ", true),
];

/// Write a first pack of rules, with a test beside it, and tell what to type next
///
/// Exit status: 0 it is written, 2 it is not; what is there is never overwritten.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder; it is made where it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let told = match write_all(&arguments.folder) {
        Ok(written) => writeln!(io::stdout(), "{}", next(&arguments.folder, &written)).map(|()| 0),
        Err(problem) => writeln!(io::stderr(), "k8s-healer: {problem}").map(|()| 2),
    };
    told.unwrap_or(2)
}

/// What is written, by its path in the folder.
fn files() -> Vec<(&'static str, String)> {
    let registry = Registry::standard();
    let text = |schema: &Value| format!("{schema:#}\n");
    vec![
        ("rules.yaml", RULES.to_owned()),
        ("tests/vm-stale.yaml", TEST.to_owned()),
        (".schemas/rulepack.json", text(&rule_pack(&registry))),
        (".schemas/ruletest.json", text(&rule_test(&registry))),
        (".schemas/ruleoverride.json", text(&rule_override())),
        (".schemas/guardrails.json", text(&guardrails(&registry))),
    ]
}

/// Writes all of it, or nothing where one of the files is there. I/O.
fn write_all(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let files: Vec<(PathBuf, String)> =
        files().into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    // A link that leads nowhere is there too.
    if let Some((path, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(path).is_ok()) {
        return Err(format!("{} is there already: nothing is written; name another folder", path.display()));
    }
    if let Some(file) = folder.ancestors().find(|above| above.exists()).filter(|above| !above.is_dir()) {
        return Err(format!(
            "{} is not a folder: nothing is written; name a folder, or one that is to be made",
            file.display()
        ));
    }
    let mut written = Vec::new();
    for (path, text) in files {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        let done =
            made.and_then(|()| File::create_new(&path)).and_then(|mut file| file.write_all(text.as_bytes()));
        done.map_err(|error| format!("{} cannot be written: {}", path.display(), reason(&error)))?;
        written.push(path);
    }
    Ok(written)
}

/// What there is now, and the next three commands to type.
fn next(folder: &Path, written: &[PathBuf]) -> String {
    let shown = |path: &PathBuf| format!("wrote {}\n", path.display());
    let visible = written.iter().filter(|path| !path.components().any(|part| part.as_os_str() == ".schemas"));
    let list: String = visible.map(shown).collect();
    let (plain, of_rules) = (in_a_shell(folder), in_a_shell(&Input::written(folder)));
    let program = Program::command();
    let commands = COMMANDS.iter().filter(|(name, ..)| program.find_subcommand(name).is_some()).take(3);
    let line = |(_, line, is_confinable): &(&str, &str, bool)| {
        format!("\n  k8s-healer {line}{}", if *is_confinable { &of_rules } else { &plain })
    };
    let lines: String = commands.map(line).collect();
    format!("{list}\nNext:{lines}")
}

/// A path as it is typed.
pub(super) fn in_a_shell(path: &Path) -> String {
    let text = path.display().to_string();
    // What begins with a dash would be taken for a flag.
    let is_flag = text.len() > 1 && text.starts_with('-');
    let text = if is_flag { format!("./{text}") } else { text };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-,:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{LoadOptions, load};

    #[test]
    fn what_is_written_is_valid_and_warns_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let written = write_all(folder.path()).unwrap();
        assert_eq!(written.len(), files().len());
        let loaded = load(&[Input::Path(folder.path().to_owned())], &LoadOptions::default());
        assert_eq!(loaded.diagnostics, []);
        assert!(!loaded.rule_set.unwrap().rules.is_empty());
        for (path, kind) in [("rules.yaml", "RulePack"), ("tests/vm-stale.yaml", "RuleTest")] {
            let path = folder.path().join(path);
            let text = fs::read_to_string(&path).unwrap();
            let schema =
                text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
            let schema = fs::read(path.parent().unwrap().join(schema)).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&schema).unwrap()["title"], kind);
        }
    }

    #[test]
    fn nothing_is_overwritten_and_then_nothing_is_written() {
        for (there, _) in files() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(there);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "mine").unwrap();
            let problem = write_all(folder.path()).unwrap_err();
            assert!(problem.contains(there) && problem.contains("is there already"), "{problem}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
            let others = files().into_iter().filter(|(path, _)| *path != there);
            assert!(others.into_iter().all(|(path, _)| !folder.path().join(path).exists()), "{there}");
        }
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_or_above_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        for named in [file.clone(), file.join("below")] {
            let problem = write_all(&named).unwrap_err();
            assert!(problem.starts_with(&format!("{} is not a folder: ", file.display())), "{problem}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn three_commands_come_next_with_the_folder_as_a_shell_takes_it() {
        let text = next(Path::new("my rules"), &[PathBuf::from("my rules/rules.yaml")]);
        assert!(text.starts_with("wrote my rules/rules.yaml\n\nNext:\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("  k8s-healer ")).count(), 3);
        assert!(text.contains("validate-rules 'my rules'\n"), "{text}");
    }

    #[test]
    fn a_folder_that_begins_with_a_dash_is_not_taken_for_a_flag() {
        let text = next(Path::new("-x"), &[]);
        for line in ["validate-rules ./-x\n", "test-rules ./-x\n", "plan --rules ./-x"] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn a_folder_with_an_equals_sign_is_written_as_each_command_takes_it() {
        let text = next(Path::new("a=b"), &[]);
        for line in ["validate-rules a==b\n", "test-rules a=b\n", "plan --rules a==b"] {
            assert!(text.contains(line), "{text}");
        }
    }
}
