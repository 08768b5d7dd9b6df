//! Parse, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ExitCode::from(k8s_healer::cli::run(k8s_healer::cli::Arguments::parse()))
}
