//! Gives the values of the file and of the environment to every command that has a flag of that name. They are
//! clap's from then on: what is given on the command line replaces them, and `--help` shows them.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use clap::{Arg, Command};

use super::check::{Keys, Values, is_list};

pub(super) fn apply(mut command: Command, keys: &Keys, values: &Values, file: Option<&Path>) -> Command {
    let subcommands: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    for name in subcommands {
        command = command.mut_subcommand(name, |subcommand| apply(subcommand, keys, values, file));
    }
    let flags: Vec<_> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_id().clone(), argument.get_long()?.to_owned())))
        .filter(|(_, long)| keys.contains(long))
        .collect();
    if flags.is_empty() {
        return command;
    }
    if command.get_after_help().is_none() {
        command = command.after_help(hint(file));
    }
    flags.into_iter().fold(command, |command, (id, long)| {
        command.mut_arg(id, |argument| with_values(argument, &long, values.get(&long)))
    })
}

fn with_values(argument: Arg, long: &str, of_file: Option<&Vec<OsString>>) -> Arg {
    let variable = format!("K8S_HEALER_{}", long.to_uppercase().replace('-', "_"));
    let value = env::var_os(&variable).filter(|value| !value.is_empty());
    let (argument, of_variable) = match value {
        // Several values are separated by commas there, and not on the command line: clap has one rule for both.
        Some(value) if is_list(&argument) => {
            let parts = parts(value.as_bytes()).into_iter().map(OsString::from_vec);
            (argument, Some(parts.collect()))
        }
        Some(_) if argument.get_env().is_none() => (argument.env(variable).hide_env(true), None),
        _ => (argument, None),
    };
    match of_variable.as_ref().or(of_file) {
        Some(values) if !values.is_empty() => argument.required(false).default_values(values.clone()),
        Some(_) => argument.default_values(Vec::<OsString>::new()),
        None => argument,
    }
}

/// What stands between single commas; `,,` stands for a comma of a value's own.
fn parts(value: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut rest = value.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == b',' && rest.next_if(|next| **next == b',').is_none() {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(*byte);
        }
    }
    parts
}

fn hint(file: Option<&Path>) -> String {
    let in_force = match file {
        Some(file) => format!("; {} is in force", file.display()),
        None => String::new(),
    };
    format!(
        "Flags can also be set by variables (--log-level by K8S_HEALER_LOG_LEVEL) and in k8s-healer.toml or \
         k8s-healer.yaml{in_force}."
    )
}
