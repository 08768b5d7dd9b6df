//! `daemon`: the daemon as a process, in the foreground (`run`) or in the background (`start`), and what is said
//! to the one that runs.

mod arguments;
mod ask;
pub(super) mod flags;
mod follow;
mod follower;
mod held;
mod instance;
mod launch;
mod logs;
mod restart;
mod rules;
mod run;
mod signals;
mod size;
mod start;
mod status;
mod stop;
pub(super) mod summary;
pub(super) mod sweep;

pub(super) use follow::own_namespace;

use std::io::Write;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(run::Run),
    Start(start::Start),
    Stop(stop::Stop),
    Restart(restart::Restart),
    Status(status::Arguments),
    Logs(logs::Logs),
    Reload(ask::Reload),
    Pause(ask::Pause),
    Resume(ask::Resume),
}

pub(super) fn run(command: Command) -> u8 {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Start(arguments) => start::start(&arguments),
        Command::Stop(arguments) => stop::stop(&arguments),
        Command::Restart(arguments) => restart::restart(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Logs(arguments) => logs::logs(&arguments),
        Command::Reload(arguments) => ask::reload(&arguments),
        Command::Pause(arguments) => ask::pause(&arguments),
        Command::Resume(arguments) => ask::resume(&arguments),
    }
}

/// A line for the person, beside what a command puts out. Whether anybody reads it changes nothing.
fn tell(text: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "k8s-healer: {text}"));
}

/// The same of what went wrong; the result is the exit code.
fn fail(text: impl std::fmt::Display) -> u8 {
    tell(text);
    2
}
