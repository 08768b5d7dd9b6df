//! Which file it is: the one that is named, or the one that lies in the working folder.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What it is called where nobody names it.
const NAMES: [&str; 3] = ["k8s-healer.toml", "k8s-healer.yaml", "k8s-healer.yml"];
const VARIABLE: &str = "K8S_HEALER_CONFIG";

/// The flags that name it. They are looked up before all others are read, since its values are defaults.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub(in crate::cli) struct Flags {
    /// The configuration file; else k8s-healer.toml or k8s-healer.yaml of this folder, if there is one
    #[arg(long, global = true, value_name = "FILE", env = VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, global = true)]
    no_config: bool,
}

/// The file to read, if there is one.
pub(super) fn find(arguments: &[OsString]) -> Result<Option<PathBuf>, String> {
    let flags: Vec<&OsStr> =
        arguments.iter().map(OsString::as_os_str).take_while(|argument| *argument != "--").collect();
    if flags.contains(&OsStr::new("--no-config")) {
        return Ok(None);
    }
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    match named(&flags).or(variable) {
        Some(file) => Ok(Some(file.into())),
        None => lies_in(Path::new("")),
    }
}

/// The value of `--config FILE` or `--config=FILE`.
fn named(flags: &[&OsStr]) -> Option<OsString> {
    flags.iter().enumerate().find_map(|(index, flag)| {
        if *flag == "--config" {
            return flags.get(index + 1).map(|&file| file.to_owned());
        }
        let file = flag.as_encoded_bytes().strip_prefix(b"--config=")?;
        Some(OsStr::from_bytes(file).to_owned())
    })
}

fn lies_in(folder: &Path) -> Result<Option<PathBuf>, String> {
    let here: Vec<PathBuf> =
        NAMES.iter().map(|name| folder.join(name)).filter(|file| file.symlink_metadata().is_ok()).collect();
    match here.as_slice() {
        [] => Ok(None),
        [file] => Ok(Some(file.clone())),
        [one, another, ..] => Err(format!(
            "{} and {} are both here: keep one of them, or name one with --config",
            one.display(),
            another.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_in(arguments: &[&str]) -> Option<OsString> {
        named(&arguments.iter().map(OsStr::new).collect::<Vec<_>>())
    }

    #[test]
    fn the_file_is_named_in_both_ways_that_flags_are_written() {
        assert_eq!(named_in(&["k8s-healer", "daemon", "run", "--config", "a.toml"]), Some("a.toml".into()));
        assert_eq!(named_in(&["k8s-healer", "--config=a b.yaml", "daemon"]), Some("a b.yaml".into()));
        assert_eq!(named_in(&["k8s-healer", "--config"]), None);
        assert_eq!(named_in(&["k8s-healer", "--configuration=a"]), None);
    }

    #[test]
    fn one_of_the_names_is_found_and_two_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(lies_in(folder.path()), Ok(None));
        let file = folder.path().join("k8s-healer.yaml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(lies_in(folder.path()), Ok(Some(file)));
        std::fs::write(folder.path().join("k8s-healer.toml"), "").unwrap();
        let refused = lies_in(folder.path()).unwrap_err();
        assert!(refused.ends_with("are both here: keep one of them, or name one with --config"), "{refused}");
    }
}
