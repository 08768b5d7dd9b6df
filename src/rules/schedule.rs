//! Lowers `schedule`: the windows in which a rule may act.

use jiff::tz::TimeZone;
use k8s_healer_engine::descriptor::{Key, Value, ValueKind};
use k8s_healer_engine::window::Window;

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::lowering::{Fields, Lowering, Reported};
use super::rule::inherited;

/// As `CronJobs` say it, and how long each window stays open.
pub(super) const SCHEDULE: &[Key] = &[
    Key::required("cron", ValueKind::Cron, "When it opens, as a CronJob's `schedule`.", "0 20 * * 1-5"),
    Key::optional("timeZone", ValueKind::TimeZone, "Whose clock counts.", "Europe/Rome").or("UTC"),
    Key::required("for", ValueKind::Duration, "How long it stays open.", "11h"),
];

/// For whoever writes none.
const EXAMPLE: &str = "{ cron: \"0 20 * * 1-5\", timeZone: Europe/Rome, for: 11h }";

impl Lowering<'_> {
    /// The rule's own schedule, else that of the defaults.
    pub(super) fn schedule(
        &mut self,
        rule: Fields<'_>,
        defaults: Option<Fields<'_>>,
    ) -> Result<Option<Window>, Reported> {
        let Some(entry) = inherited("schedule", rule, defaults) else { return Ok(None) };
        let value = self.value(&entry.value, ValueKind::Block(SCHEDULE), "`schedule`", EXAMPLE);
        let Some(Value::Block(mut arguments)) = value else { return Err(Reported) };
        let (Some(cron), Some(length)) = (arguments.cron("cron"), arguments.duration("for")) else {
            return Err(Reported);
        };
        let zone = arguments.time_zone("timeZone").unwrap_or(TimeZone::UTC);
        let window = Window::new(cron, zone, length);
        if window.is_none() {
            // It is one of the two; a mapping has no characters of its own.
            let (key, what) =
                if length.is_zero() { ("for", "is over at once") } else { ("cron", "never comes") };
            let entry = entry.value.get(key).unwrap_or(entry);
            let message = format!("the rule never acts: `{key}` of its schedule {what}");
            let help = format!("write a time that comes and lasts, such as `schedule: {EXAMPLE}`");
            self.report_at(
                &entry.value,
                Diagnostic::new(Code::NeverTrue, entry.value.place, message).help(help),
            );
        }
        window.map(Some).ok_or(Reported)
    }
}
