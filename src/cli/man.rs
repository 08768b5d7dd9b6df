//! `man`: the manual pages of the program and of each of its commands.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::Arguments as Program;

/// Print the manual page, or write those of all commands into a folder
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "For man itself:  k8s-healer man ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// The folder for the pages of all commands; it is made where it is missing
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let done = match &arguments.folder {
        None => print(),
        Some(folder) => write_all(folder).map_err(|error| {
            io::Error::new(error.kind(), format!("{} cannot be written: {error}", folder.display()))
        }),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("k8s-healer: {error}");
            }
            2
        }
    }
}

fn print() -> io::Result<()> {
    let mut program = Program::command();
    program.build();
    io::stdout().lock().write_all(page(&Man::new(used(program)))?.as_bytes())
}

fn write_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut program = Program::command().disable_help_subcommand(true);
    program.build();
    write(program, folder)
}

/// The page of a command, and those of the commands below it.
fn write(command: Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below.clone(), folder)?;
    }
    let man = Man::new(used(command));
    fs::write(folder.join(man.get_filename()), page(&man)?)
}

/// With the synopsis that its help has: the one of `clap_mangen` names every flag, and none of their values.
fn used(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    command.override_usage(usage)
}

/// A page in ASCII, which troff reads by itself everywhere: other characters stand as `\[uXXXX]` (`groff_char(7)`).
fn page(man: &Man) -> io::Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let ascii = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\[u{:04X}]", u32::from(c)) };
    Ok(String::from_utf8_lossy(&page).chars().map(ascii).collect())
}
