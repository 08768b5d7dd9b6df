//! The command line of a daemon as values: what `restart` starts again, with other flags in their places.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::ValueHint;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory};

/// The flags of a command line, by their long names; a switch has no values.
pub(super) type Given = BTreeMap<String, Vec<OsString>>;

/// What this process was started with, without the program.
pub(super) fn own() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// The flags that stand on a command line `daemon …`; not those that come from elsewhere, by a variable or
/// the config file.
pub(super) fn given(arguments: &[String]) -> Result<Given, String> {
    let command = whole();
    let line = std::iter::once("k8s-healer").chain(arguments.iter().map(String::as_str));
    let matches = command.clone().try_get_matches_from(line).map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })?;
    Ok(innermost(&command, &matches))
}

/// With the flags that all commands have in each of them.
fn whole() -> Command {
    let mut command = crate::cli::Arguments::command();
    command.build();
    command
}

fn innermost(command: &Command, matches: &ArgMatches) -> Given {
    match matches.subcommand() {
        Some((name, matches)) => {
            command.find_subcommand(name).map(|command| innermost(command, matches)).unwrap_or_default()
        }
        None => flags(command, matches),
    }
}

fn flags(command: &Command, matches: &ArgMatches) -> Given {
    let mut given = Given::new();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let Some(long) = argument.get_long() else { continue };
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let values = match argument.get_action() {
            ArgAction::SetTrue => Vec::new(),
            _ => matches.get_raw(id).into_iter().flatten().map(OsStr::to_owned).collect(),
        };
        given.insert(long.to_owned(), values);
    }
    given
}

/// The first ones, with the second ones instead of those of the same name.
pub(super) fn replaced(mut running: Given, new: Given) -> Given {
    running.extend(new);
    running
}

/// Relative paths as they are meant in this folder.
pub(super) fn anchored(mut given: Given, folder: &Path) -> Given {
    let command = whole();
    let run = command.find_subcommand("daemon").and_then(|daemon| daemon.find_subcommand("run"));
    for argument in run.into_iter().flat_map(Command::get_arguments) {
        let is_path = matches!(
            argument.get_value_hint(),
            ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath
        );
        let values = argument.get_long().filter(|_| is_path).and_then(|long| given.get_mut(long));
        for value in values.into_iter().flatten() {
            *value = folder.join(&*value).into_os_string();
        }
    }
    given
}

/// As they are written on a command line.
pub(super) fn line(given: &Given) -> Vec<OsString> {
    let mut line = Vec::new();
    for (long, values) in given {
        let flag = format!("--{long}");
        if values.is_empty() {
            line.push(OsString::from(&flag));
        }
        for value in values {
            // In one word: a value may begin with a dash.
            let mut word = OsString::from(format!("{flag}="));
            word.push(value);
            line.push(word);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn shown(given: &Given) -> String {
        line(given).iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stands_on_the_line_is_written_as_it_was_read() {
        let given =
            given(&words("--config f daemon run --detached --rules a b --rules=c --mode observe --no-watch"))
                .unwrap();
        assert_eq!(
            shown(&given),
            "--config=f --detached --mode=observe --no-watch --rules=a --rules=b --rules=c"
        );
        let again = words(&format!("daemon run {}", shown(&given)));
        assert_eq!(super::given(&again).unwrap(), given);
    }

    #[test]
    fn new_flags_take_the_places_of_old_ones_and_the_rest_stays() {
        let running = given(&words("daemon run --rules a b --mode observe --context dev")).unwrap();
        let new = given(&words("daemon restart --rules=c --log-level debug")).unwrap();
        assert_eq!(
            shown(&replaced(running, new)),
            "--context=dev --log-level=debug --mode=observe --rules=c"
        );
    }

    #[test]
    fn paths_are_meant_where_they_are_written() {
        let given = given(&words("daemon run --rules a /b --kubeconfig ../k --context c --set d=e")).unwrap();
        let anchored = anchored(given, Path::new("/home/x"));
        assert_eq!(
            shown(&anchored),
            "--context=c --kubeconfig=/home/x/../k --rules=/home/x/a --rules=/b --set=d=e"
        );
    }

    #[test]
    fn a_flag_of_another_version_is_named() {
        assert!(given(&words("daemon run --flagless x")).unwrap_err().contains("--flagless"));
    }
}
