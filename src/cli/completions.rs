//! `completions`: what a shell needs to complete commands, flags and their values.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Arguments as Program;

const HOW: &str = "\
For this shell alone:  source <(k8s-healer completions bash)
For every new one:     k8s-healer completions bash > ~/.local/share/bash-completion/completions/k8s-healer
                       k8s-healer completions zsh > a folder of $fpath, as _k8s-healer
                       k8s-healer completions fish > ~/.config/fish/completions/k8s-healer.fish";

/// Print what a shell needs to complete commands and flags
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HOW)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command on the standard streams; the result is the exit status.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Program::command(), "k8s-healer", &mut script);
    if arguments.shell == Shell::Bash {
        // Where a program's name has a hyphen, nothing below its commands completes: the two halves of the script
        // spell the name in two ways (https://github.com/clap-rs/clap/issues/6421).
        let text = String::from_utf8_lossy(&script).replace("k8s__subcmd__healer", "k8s__healer");
        script = text.into_bytes();
    }
    match io::stdout().lock().write_all(&script) {
        Ok(()) => 0,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("k8s-healer: the script cannot be written: {error}");
            }
            2
        }
    }
}
