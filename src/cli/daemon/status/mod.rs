//! `daemon status`: how the daemon is, for people as a page, for programs as JSON, and as an exit code whether
//! all is well.

mod page;
mod troubles;

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::instance::Instance;
use super::{fail, tell};
use crate::cli::diagnostics::Style;
use crate::cli::table::Look;
use crate::cluster::clock::{Clock, SystemClock};
use crate::daemon::control::client::ask;
use crate::daemon::control::protocol::{Request, Response, Status};
use crate::daemon::process::pid_file::holder;
use crate::daemon::process::place::Place;
use page::Page;
use troubles::troubles;

/// It answers within two seconds, also where a part of it hangs.
const TO_ANSWER: Duration = Duration::from_secs(10);

/// Show how the daemon is: cluster, rules, watches, what comes next
///
/// Exit status: 0 it runs and all is well, 1 it does not run, or something is wrong, which is shown (a watch that
/// is interrupted or not permitted, rules that cannot run or could not be reloaded, a log that cannot be written, a
/// pause), 2 it cannot be asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// How it is shown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    instance: Instance,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page for people
    #[default]
    Text,
    /// One JSON document for programs
    Json,
}

pub(super) fn status(arguments: &Arguments) -> u8 {
    let place = match arguments.instance.place() {
        Ok(place) => place,
        Err(reason) => return fail(reason),
    };
    match ask(&place.socket, Request::Status, TO_ANSWER) {
        Ok(Response::Status(status)) => show(&status, arguments.format),
        Ok(Response::Error { message }) => fail(message),
        Ok(_) => fail("the daemon answered something else than its status"),
        Err(error) if error.is_absence() => match holder(&place.pid_file) {
            Ok(Some(holder)) => {
                fail(format!("a daemon runs (pid {}), and cannot be asked: {error}", holder.pid))
            }
            _ => absent(&place, arguments.format),
        },
        Err(error) => fail(error),
    }
}

fn absent(place: &Place, format: Format) -> u8 {
    if format == Format::Json {
        write(&json!({"running": false}).to_string());
    } else {
        tell(format!("no daemon runs: nobody holds {}", place.pid_file.display()));
    }
    1
}

fn show(status: &Status, format: Format) -> u8 {
    let troubles = troubles(status);
    if format == Format::Json {
        let mut document = serde_json::to_value(status).unwrap_or(Value::Null);
        document["running"] = json!(true);
        document["problems"] = json!(troubles);
        write(&serde_json::to_string_pretty(&document).unwrap_or_default());
    } else {
        let stdout = io::stdout();
        let style = Style::of_terminal(&stdout);
        let page =
            Page { status, troubles: &troubles, now: SystemClock.now(), look: Look::of_stdout(), style };
        let mut text = Vec::new();
        // Into memory, which takes everything.
        page.show(&mut text).ok();
        write(String::from_utf8_lossy(&text).trim_end());
    }
    u8::from(!troubles.is_empty())
}

/// Whether anybody reads it changes nothing.
fn write(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}
