//! `show-rules`: what is in force once parameters, defaults, `--set`, overrides and guardrails have had their say,
//! and where each of it is written. No cluster is asked.

mod confined;
mod json;
mod lifting;
mod place;
mod protections;
mod selector;
mod table;
mod yaml;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use super::diagnostics::{Renderer, Style};
use super::rule_inputs;
use super::table::Look;
use super::until_closed::UntilClosed;
use crate::rules::{Code, Diagnostic, LoadOptions, Loaded, load};

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// Show the rules as they run: with defaults, parameters, overrides and guardrails written out
///
/// `--format yaml` prints rule files that say the same without any of these.
///
/// Exit status: 0 they are shown, 1 the rules have errors, or --format yaml leaves out what no file can say of confined
/// ones, 2 a file cannot be read, or there is none.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Arguments {
    /// Files and folders, instead of those that --rules names
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Rule files, folders of them, or `-` for standard input; PATH=NAMESPACES lets no rule in it look elsewhere; may be
    /// repeated
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    set: Vec<String>,

    /// Tell of every value the file and line that it comes from
    #[arg(long)]
    origins: bool,

    /// How the rules are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Table,
    /// Rule files with everything written out
    Yaml,
    /// One JSON document for programs
    Json,
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let loaded = match loaded(arguments) {
        Ok(loaded) => loaded,
        Err(status) => return status,
    };
    let mut out = UntilClosed(io::stdout().lock());
    let done =
        show(arguments, &loaded, Look::of_stdout(), &mut out).and_then(|all| out.flush().map(|()| all));
    match done {
        Ok(true) => 0,
        Ok(false) => {
            tell("k8s-healer: no file can say all of it: what is left out stands behind a `#`");
            1
        }
        Err(error) => {
            tell(&format!("k8s-healer: {error}"));
            2
        }
    }
}

/// Whether all of it could be shown.
fn show(arguments: &Arguments, loaded: &Loaded, look: Look, out: &mut impl Write) -> io::Result<bool> {
    match arguments.format {
        Format::Table => table::show(loaded, arguments.origins, look, out).map(|()| true),
        Format::Yaml => yaml::show(loaded, arguments.origins, out),
        Format::Json => json::show(loaded, arguments.origins, out).map(|()| true),
    }
}

/// `Err`: the exit status, after it was told what is wrong.
fn loaded(arguments: &Arguments) -> Result<Loaded, u8> {
    let paths = if arguments.paths.is_empty() { &arguments.rules } else { &arguments.paths };
    let inputs = rule_inputs::named(paths, &mut io::stdin().lock()).map_err(|reason| {
        tell(&format!("k8s-healer: {reason}"));
        2
    })?;
    let options = LoadOptions { set: arguments.set.clone(), effective: true, ..LoadOptions::default() };
    let loaded = load(&inputs, &options);
    if loaded.rule_set.is_some() {
        return Ok(loaded);
    }
    let renderer = Renderer::new(&loaded.sources, Style::of_terminal(&io::stderr()));
    loaded.diagnostics.iter().take(MOST_SHOWN).for_each(|diagnostic| tell(&renderer.render(diagnostic)));
    tell("k8s-healer: the rules have errors: what is in force cannot be told");
    let is_missing = |diagnostic: &Diagnostic| matches!(diagnostic.code, Code::Unreadable | Code::NoRules);
    Err(if loaded.diagnostics.iter().any(is_missing) { 2 } else { 1 })
}

/// Whether anybody reads it changes nothing.
fn tell(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests;
