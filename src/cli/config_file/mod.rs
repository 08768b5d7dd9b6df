//! `k8s-healer.toml` or `k8s-healer.yaml`: what is no rule, under the names of the flags of `daemon run`, for
//! every command that has such a flag. A flag wins over a variable of the environment, a variable over the
//! file, the file over the default: the values become clap's own defaults.

mod apply;
mod check;
mod find;
mod toml;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches};

use super::Arguments;
use super::diagnostics::{Renderer, Style};
use crate::rules::flat::{self, Setting};
use crate::rules::source::{accept, reason};
use crate::rules::{Diagnostic, Sources, read_bounded};

pub(super) use find::Flags;

/// No file sets anything for these commands.
const WITHOUT: [&str; 4] = ["completions", "init", "man", "test-rules"];

/// The arguments with what the file says; else the exit code, after it was told what is wrong.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, u8> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = match configured(&arguments, Arguments::command()) {
        Ok(command) => command,
        Err(problem) => {
            // Whatever the file says, there is help, and what it has no say in.
            match Arguments::command().try_get_matches_from(&arguments) {
                Err(error) if is_help(error.kind()) => return Err(shown(&error)),
                Ok(matches) if matches.subcommand_name().is_some_and(|name| WITHOUT.contains(&name)) => {
                    Arguments::command()
                }
                _ => return Err(problem.tell()),
            }
        }
    };
    let mut matches = command.try_get_matches_from(arguments).map_err(|error| shown(&error))?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| shown(&error))
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Shows help or an error of the command line; the result is the exit code.
fn shown(error: &clap::Error) -> u8 {
    // Whether anybody reads it changes nothing.
    drop(error.print());
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// The command with the file's values as its defaults.
fn configured(arguments: &[OsString], command: Command) -> Result<Command, Problem> {
    let file = find::find(arguments).map_err(Problem::Plain)?;
    let keys = check::Keys::of(&command);
    let values = match &file {
        Some(file) => read(file, &keys)?,
        None => check::Values::new(),
    };
    Ok(apply::apply(command, &keys, &values, file.as_deref()))
}

fn read(file: &Path, keys: &check::Keys) -> Result<check::Values, Problem> {
    let mut sources = Sources::default();
    let settings = settings(file, &mut sources)?;
    // As the shell would read the same words there.
    let folder = file.parent().unwrap_or(Path::new(""));
    check::check(settings, keys, folder).map_err(|diagnostics| Problem::Mistakes { sources, diagnostics })
}

/// What the file sets, whatever it is.
fn settings(file: &Path, sources: &mut Sources) -> Result<Vec<Setting>, Problem> {
    let name = file.display().to_string();
    let parse = match file.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::read,
        Some("yaml" | "yml") => flat::read,
        _ => return Err(Problem::Plain(format!("{name}: a configuration file ends in .toml or .yaml"))),
    };
    let unreadable = |why: &str| Problem::Plain(format!("cannot read {name}: {why}"));
    let metadata = fs::metadata(file).map_err(|error| unreadable(&reason(&error)))?;
    if !metadata.is_file() {
        return Err(unreadable("it is no regular file"));
    }
    let bytes = File::open(file).and_then(read_bounded).map_err(|error| unreadable(&reason(&error)))?;
    let read = accept(sources, &name, &bytes).map_err(|diagnostic| vec![diagnostic]).and_then(|id| {
        let text = sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
        parse(id, &text)
    });
    read.map_err(|diagnostics| Problem::Mistakes { sources: std::mem::take(sources), diagnostics })
}

/// What is wrong with the configuration.
enum Problem {
    /// There is no text to show.
    Plain(String),
    Mistakes {
        sources: Sources,
        diagnostics: Vec<Diagnostic>,
    },
}

impl Problem {
    /// Tells it; the result is the exit code.
    fn tell(self) -> u8 {
        let mut out = std::io::stderr().lock();
        let told = match self {
            Self::Plain(message) => writeln!(out, "k8s-healer: {message}"),
            Self::Mistakes { sources, diagnostics } => {
                let renderer = Renderer::new(&sources, Style::of_terminal(&out)).without_codes();
                let reports: String = diagnostics.iter().map(|one| renderer.render(one) + "\n").collect();
                writeln!(out, "{reports}k8s-healer: the configuration has errors; nothing was done")
            }
        };
        // Whether anybody reads it changes nothing.
        drop(told);
        2
    }
}

#[cfg(test)]
mod tests;
