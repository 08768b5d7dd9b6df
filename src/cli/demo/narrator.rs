//! What the reader of the demo sees: the suite's doings and the daemon's decisions, a line each, in the
//! order in which they happen, with the demo's own time.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style as Colour};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::clock::FastClock;
use crate::cli::diagnostics::Style;
use crate::report::{decision, log};

/// A decision that the daemon told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// On the demo's clock.
    pub(super) at: Duration,
    /// `done`, `held back` …
    pub(super) outcome: String,
    /// `delete`.
    pub(super) action: String,
    /// `pods/test-a/web-1`.
    pub(super) object: String,
    /// `pack/rule`.
    pub(super) rule: String,
    reason: String,
    /// What held it back, or what happened.
    pub(super) detail: String,
}

/// Writes the lines, and remembers the decisions.
#[derive(Clone)]
pub(super) struct Narrator {
    clock: Arc<FastClock>,
    style: Style,
    told: Arc<Mutex<Vec<Told>>>,
}

const DIM: Colour = AnsiColor::BrightBlack.on_default();
const DONE: Colour = AnsiColor::Green.on_default().bold();
const HELD: Colour = AnsiColor::Yellow.on_default();
const WRONG: Colour = AnsiColor::Red.on_default().bold();
const STRONG: Colour = Colour::new().bold();

impl Narrator {
    pub(super) fn new(clock: Arc<FastClock>) -> Self {
        Self { clock, style: Style::of_terminal(&io::stdout()), told: Arc::default() }
    }

    /// All decisions so far.
    pub(super) fn decisions(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn painted(&self, colour: Colour, text: &str) -> String {
        if self.style.colour { format!("{colour}{text}{colour:#}") } else { text.to_owned() }
    }

    pub(super) fn strong(&self, text: &str) -> String {
        self.painted(STRONG, text)
    }

    pub(super) fn good(&self, text: &str) -> String {
        self.painted(DONE, text)
    }

    pub(super) fn held(&self, text: &str) -> String {
        self.painted(HELD, text)
    }

    pub(super) fn wrong(&self, text: &str) -> String {
        self.painted(WRONG, text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.painted(DIM, text)
    }

    /// A line as it is. Whether anybody reads it changes nothing.
    pub(super) fn line(&self, text: &str) {
        drop(writeln!(io::stdout().lock(), "{text}"));
    }

    /// Something that the suite does.
    pub(super) fn suite(&self, place: &str, says: &str) {
        let time = minutes(self.clock.elapsed());
        self.line(&format!("{time}  {}  {says}", self.dim(&format!("{:<12}", place))));
    }

    fn decided(&self, told: Told) {
        let Told { at, outcome, action, object, rule, reason, detail } = &told;
        let (kind, place, name) = parts(object);
        let what = format!("{} {kind} {name}", verb(action));
        let (mark, because) = match outcome.as_str() {
            "done" => (self.good(&format!("▶ {what}")), format!("{rule}: {reason}")),
            "held back" => (self.held(&format!("■ held back: {what}")), detail.clone()),
            _ => return self.remember(told),
        };
        let place = self.dim(&format!("{place:<12}"));
        self.line(&format!("{}  {place}  {mark}", minutes(*at)));
        self.line(&format!("{:6} {:12}    {}", "", "", self.dim(&because)));
        self.remember(told);
    }

    fn remember(&self, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

fn verb(action: &str) -> &str {
    match action {
        "delete" => "deletes",
        "stripFinalizers" => "takes the finalizers of",
        other => other,
    }
}

/// `VM`, `test-a`, `name` of `virtualmachines.kubevirt.io/test-a/name`.
pub(super) fn parts(object: &str) -> (&str, &str, &str) {
    let mut parts = object.splitn(3, '/');
    let kind = match parts.next().unwrap_or_default() {
        "virtualmachines.kubevirt.io" => "VM",
        "pods" => "pod",
        other => other,
    };
    (kind, parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// `6:05`, in a column.
pub(super) fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:>3}:{:02}", seconds / 60, seconds % 60)
}

impl<S: Subscriber> Layer<S> for Narrator {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        let mut fields = Fields::default();
        event.record(&mut fields);
        if target == decision::TARGET {
            self.decided(Told { at: self.clock.elapsed(), ..fields.told });
        } else if [log::SUMMARY, log::HEADER].contains(&target) {
            self.line(&self.dim(&fields.message));
        } else if *event.metadata().level() <= tracing::Level::WARN {
            self.line(&self.wrong(&fields.message));
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    told: Told,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let member = match field.name() {
            "message" => &mut self.message,
            "outcome" => &mut self.told.outcome,
            "action" => &mut self.told.action,
            "object" => &mut self.told.object,
            "rule" => &mut self.told.rule,
            "reason" => &mut self.told.reason,
            "detail" => &mut self.told.detail,
            _ => return,
        };
        value.clone_into(member);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
