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
    /// The matchers' values.
    pub(super) reason: String,
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
const DONE: Colour = AnsiColor::Green.on_default();
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

    /// Something that the suite does.
    pub(super) fn suite(&self, place: &str, says: &str) {
        let time = minutes(self.clock.elapsed());
        line(&format!("{time}  {}  {says}", self.dim(&format!("{place:<12}"))));
    }

    /// What the lines to come mean.
    pub(super) fn legend(&self) {
        let [done, sign] = self.signs();
        line("");
        line(&format!(
            "{}   {} the daemon acts   {} it holds back",
            self.strong("  TIME  NAMESPACE     WHAT"),
            self.good(done),
            self.held(sign)
        ));
    }

    fn signs(&self) -> [&'static str; 2] {
        if self.style.unicode { ["▶", "■"] } else { [">", "#"] }
    }

    /// Something that was there before.
    pub(super) fn before(&self, place: &str, says: &str) {
        line(&format!("        {}  {says}", self.dim(&format!("{place:<12}"))));
    }

    /// A sign that all is well, or not.
    pub(super) fn mark(&self, right: bool) -> &'static str {
        match (right, self.style.unicode) {
            (true, true) => "✓",
            (false, true) => "✗",
            (true, false) => "ok",
            (false, false) => "WRONG",
        }
    }

    fn decided(&self, told: Told) {
        let Told { at, outcome, action, object, rule, reason, detail } = &told;
        let (kind, place, name) = parts(object);
        let [done, sign] = self.signs();
        let (headline, because) = match outcome.as_str() {
            "done" => {
                (self.good(&format!("{done} {} {kind} {name}", deed(action))), format!("{rule}: {reason}"))
            }
            "held back" => (self.held(&format!("{sign} spares {kind} {name}")), detail.clone()),
            _ => return,
        };
        let is_known =
            |known: &Told| known.object == *object && known.outcome == *outcome && known.action == *action;
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at again at each of its changes: said once.
        if outcome == "done" || !all.iter().any(is_known) {
            let place = self.dim(&format!("{place:<12}"));
            line(&format!("{}  {place}  {headline}", minutes(*at)));
            line(&format!("{:22}{}", "", self.dim(&because)));
        }
        all.push(told);
    }

    /// The times of the demo's world as the reader knows them: `7:30`.
    fn with_own_times(&self, text: &str) -> String {
        let word = |word: &str| {
            let bare = word.trim_matches(|letter| "(),".contains(letter));
            match bare.parse::<jiff::Timestamp>() {
                Ok(moment) => {
                    let since = moment.duration_since(self.clock.start());
                    let since = Duration::try_from(since).unwrap_or_default();
                    word.replace(bare, minutes(since).trim())
                }
                Err(_) => word.to_owned(),
            }
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// A line as it is. Whether anybody reads it changes nothing.
pub(super) fn line(text: &str) {
    drop(writeln!(io::stdout().lock(), "{text}"));
}

fn deed(action: &str) -> &str {
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
            let told = fields.told;
            let detail = self.with_own_times(&told.detail);
            self.decided(Told { at: self.clock.elapsed(), detail, ..told });
        } else if [log::SUMMARY, log::HEADER].contains(&target) {
            line(&self.dim(&fields.message));
        } else if *event.metadata().level() <= tracing::Level::WARN {
            line(&self.wrong(&fields.message));
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
