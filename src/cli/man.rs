//! `man`: the manual pages of the program and of each of its commands.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
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
    let mut page = Vec::new();
    Man::new(Program::command()).render(&mut page)?;
    io::stdout().lock().write_all(&page)
}

fn write_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Program::command(), folder)
}
