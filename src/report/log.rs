//! Where log lines go and how they look: one line each, readable on a terminal, JSON when asked for or
//! when nobody looks.

use std::fmt;
use std::io::{IsTerminal, stderr};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::decision::TARGET;
use super::log_file::LogFile;

/// The `target` of the lines that introduce a run: they belong together, and stand without a time.
pub const SUMMARY: &str = "summary";

/// The `target` of a table's header, which is for readers alone.
pub const HEADER: &str = "summary_header";

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One readable line each.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where lines go.
pub enum Destination {
    /// For whoever looks, or a process manager.
    StandardError,
    /// A file, which is no terminal.
    File(LogFile),
}

/// Sends all lines there. A second call changes nothing.
pub fn start(destination: Destination, format: Format, level: &str) {
    let terminal = matches!(destination, Destination::StandardError) && stderr().is_terminal();
    let readable = format == Format::Text || (format == Format::Auto && terminal);
    let header = if readable { "info" } else { "off" };
    // What the client library says of its own inner life helps nobody below a warning.
    let filter = EnvFilter::new(format!(
        "warn,kube_client=off,notify=off,{SUMMARY}=info,{HEADER}={header},{TARGET}={level},k8s_healer={level}"
    ));
    let writer = match destination {
        Destination::StandardError => BoxMakeWriter::new(stderr),
        Destination::File(file) => {
            file.speak_json(!readable);
            BoxMakeWriter::new(file)
        }
    };
    // A log that nobody reads any more (`| head`) must not end the daemon: the default tells of it on the
    // very stream that is closed, and panics.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let started = if readable {
        builder.event_format(Line { colours }).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
}

/// The readable format.
#[derive(Clone, Copy, Debug)]
struct Line {
    colours: bool,
}

impl Line {
    fn style(self, level: Level) -> Style {
        match level {
            _ if !self.colours => Style::new(),
            Level::ERROR => AnsiColor::Red.on_default().bold(),
            Level::WARN => AnsiColor::Yellow.on_default(),
            Level::INFO => Style::new(),
            _ => AnsiColor::BrightBlack.on_default(),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut parts = Parts { message: String::new(), fields: String::new() };
        event.record(&mut parts);
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        if target == SUMMARY || target == HEADER {
            return writeln!(writer, "{}", parts.message);
        }
        let style = self.style(level);
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {style}")?;
        if level != Level::INFO {
            write!(writer, "{} ", level.as_str().to_lowercase())?;
        }
        // A decision's line holds all its fields already.
        let fields = if target == TARGET { "" } else { &parts.fields };
        writeln!(writer, "{}{fields}{style:#}", parts.message)
    }
}

struct Parts {
    message: String,
    fields: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = one_line(value);
        } else {
            self.fields.push_str(&one_line(&format!(" {}={value}", field.name())));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// What comes from objects and servers may hold control characters: no line may forge another one, or
/// speak to the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
