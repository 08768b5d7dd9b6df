//! `summary`: what the daemon that runs has healed since its start.

use std::time::Duration;

use clap::Args;

use super::fail;
use super::flags::Instance;
use super::sweep::Format;
use super::sweep::show::{Account, Told, show};
use crate::daemon::control::protocol::{Request, Response};

/// Longer than the daemon itself takes before it says that it cannot answer.
const TO_ANSWER: Duration = Duration::from_secs(40);

/// Show what the daemon has healed since its start: by rule, kind and namespace, with the last time
///
/// Exit status: 0 it is shown, 2 no daemon could be asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// How it is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    instance: Instance,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> u8 {
    match arguments.instance.ask(Request::Summary, TO_ANSWER) {
        Ok(Response::Summary(summary)) => {
            show(&Account { summary: &summary, told: Told::Summary }, arguments.format);
            0
        }
        Ok(_) => fail("the daemon answered something else than its summary"),
        Err(exit_code) => exit_code,
    }
}
