//! The command line: one file per subcommand.

mod cluster;
mod completions;
mod config_file;
mod daemon;
mod demo;
pub mod diagnostics;
mod discover;
mod doctor;
mod explain;
pub mod fields;
mod init;
mod man;
mod plan;
mod rule_inputs;
mod sandbox;
mod show_rules;
mod signals;
mod table;
pub mod test_rules;
mod until_closed;
pub mod validate_rules;
mod yaml;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

const EXIT_STATUS: &str = "Exit status: 0 all is well, 1 there are findings, 2 it could not be done.";

/// Heals Kubernetes clusters by rules: what to match, and what to do, in YAML.
#[derive(Debug, Parser)]
#[command(name = "k8s-healer", version, about, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    configuration: config_file::Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check rule files; asks a cluster only with `--cluster`.
    ValidateRules(validate_rules::Arguments),
    TestRules(test_rules::Arguments),
    ShowRules(show_rules::Arguments),
    Plan(plan::Arguments),
    Init(init::Arguments),
    Doctor(doctor::Arguments),
    Discover(discover::Arguments),
    Explain(explain::Arguments),
    Sweep(daemon::sweep::Arguments),
    Summary(daemon::summary::Arguments),
    Demo(demo::Arguments),
    Sandbox(sandbox::Arguments),
    /// Run the daemon in the foreground or the background, ask and steer the one that runs
    #[command(subcommand)]
    Daemon(daemon::Command),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// The whole program, from its arguments to its exit code.
#[must_use]
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match config_file::parse(arguments) {
        Ok(arguments) => run(arguments),
        Err(exit_code) => exit_code,
    }
}

/// Runs a command and returns the exit code: 0 fine, 1 findings, 2 usage or internal error.
#[must_use]
pub fn run(arguments: Arguments) -> u8 {
    match arguments.command {
        Command::ValidateRules(arguments) => validate_rules::run(&arguments),
        Command::TestRules(arguments) => test_rules::run(&arguments),
        Command::ShowRules(arguments) => show_rules::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Discover(arguments) => discover::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Sweep(arguments) => daemon::sweep::run(&arguments),
        Command::Summary(arguments) => daemon::summary::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(&arguments),
        Command::Daemon(command) => daemon::run(command),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}
