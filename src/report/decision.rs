//! One line for each decision: what, which object, which rule, why, what happened.

use std::fmt;

use k8s_healer_engine::rule::{Mode, RuleId};
use tracing::Level;

/// The `target` of decision events, by which the log's formats know them.
pub const TARGET: &str = "decision";

/// What became of a step that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done on the cluster.
    Done,
    /// The server's dry run accepted it.
    DryRun,
    /// A later step of a dry run, told and not sent.
    WouldFollow,
    /// The rule only observes.
    WouldDo,
    /// A protection, a cooldown or a missing right keeps it from being done.
    HeldBack,
    /// The server refuses it for now; it is tried again.
    Refused,
    /// It failed; it is tried again.
    Failed,
    /// It is not tried again in this episode.
    GivenUp,
    /// The object changed or went meanwhile: looked at again.
    Changed,
    /// There was nothing to do.
    Nothing,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DryRun => "dry run",
            Self::WouldFollow => "would follow",
            Self::WouldDo => "would do",
            Self::HeldBack => "held back",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::GivenUp => "given up",
            Self::Changed => "changed",
            Self::Nothing => "nothing to do",
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Failed | Self::GivenUp => Level::WARN,
            Self::Changed | Self::Nothing => Level::DEBUG,
            _ => Level::INFO,
        }
    }
}

/// A decision, ready to be told.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// What became of it.
    pub outcome: Outcome,
    /// `delete`.
    pub action: &'a str,
    /// `pods/test-a/web-1`.
    pub object: &'a str,
    /// The object's uid.
    pub uid: &'a str,
    /// Which rule.
    pub rule: &'a RuleId,
    /// How far it may go.
    pub mode: Mode,
    /// The matchers' values.
    pub reason: &'a str,
    /// What happened: `deletion asked; the finalizers a hold it`.
    pub detail: &'a str,
}

impl Decision<'_> {
    /// Writes the line.
    pub fn tell(&self) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    outcome = self.outcome.word(),
                    action = self.action,
                    object = self.object,
                    uid = self.uid,
                    rule = %self.rule,
                    mode = %self.mode,
                    reason = self.reason,
                    detail = self.detail,
                    "{self}"
                )
            };
        }
        match self.outcome.level() {
            Level::WARN => line!(warn),
            Level::DEBUG => line!(debug),
            _ => line!(info),
        }
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, object, rule, reason, detail, .. } = self;
        match self.outcome {
            Outcome::Done => write!(f, "{action} {object} · {rule}")?,
            Outcome::DryRun => write!(f, "dry run: {action} {object} · {rule}")?,
            outcome => write!(f, "{}: {action} {object} · {rule}", outcome.word())?,
        }
        if !reason.is_empty() {
            write!(f, " · because {reason}")?;
        }
        if !detail.is_empty() {
            write!(f, " · {detail}")?;
        }
        Ok(())
    }
}
