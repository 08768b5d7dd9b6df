//! The rules that a command names with --rules: files, folders, and `-` for standard input, which is read once.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::diagnostics::STANDARD_INPUT;
use crate::rules::{Input, read_bounded};

/// Where rules can come from, for whoever named none.
const NONE: &str = "no rules: name files or folders with --rules, in K8S_HEALER_RULES or in the config file; \
                    `k8s-healer init` writes some to begin with";

/// What is named. I/O on standard input alone.
pub(super) fn named(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Vec<Input>, String> {
    if paths.is_empty() {
        return Err(NONE.to_owned());
    }
    let mut inputs = Vec::new();
    let mut is_read = false;
    for path in paths {
        if !is_stdin(path) {
            inputs.push(Input::of_path(path)?);
        } else if !std::mem::replace(&mut is_read, true) {
            let bytes = read_bounded(&mut *stdin);
            let bytes =
                bytes.map_err(|error| format!("the rules cannot be read from standard input: {error}"))?;
            inputs.push(Input::Text { name: STANDARD_INPUT.to_owned(), bytes });
        }
    }
    Ok(inputs)
}

/// The same, where standard input may be named for something else.
pub(super) fn besides(
    paths: &[PathBuf],
    others: &[PathBuf],
    stdin: &mut dyn Read,
) -> Result<Vec<Input>, String> {
    let is_named = |paths: &[PathBuf]| paths.iter().any(|path| is_stdin(path));
    if is_named(paths) && is_named(others) {
        return Err(
            "standard input can be read once, and --rules and --from both name it: write one of them into a file"
                .to_owned(),
        );
    }
    named(paths, stdin)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_read_once_and_not_for_two_things() {
        let path = |text: &str| vec![PathBuf::from(text)];
        let inputs = named(&["-".into(), "-".into()], &mut &b"rules"[..]).unwrap();
        assert!(matches!(&inputs[..], [Input::Text { bytes, .. }] if bytes == b"rules"), "{inputs:?}");
        let both = besides(&path("-"), &path("-"), &mut &b""[..]).unwrap_err();
        assert!(both.contains("read once"), "{both}");
        assert!(named(&[], &mut &b""[..]).unwrap_err().contains("--rules"));
        assert!(besides(&path("a.yaml"), &path("-"), &mut &b""[..]).is_ok());
    }
}
