//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(k8s_healer::cli::start(std::env::args_os()))
}
