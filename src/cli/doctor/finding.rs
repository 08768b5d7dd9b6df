//! What an examination finds: values that are shown as a table or as JSON.

use std::time::Duration;

use serde::Serialize;

use super::rbac::Grant;

/// What was looked at, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Check {
    Connection,
    Version,
    Identity,
    Clock,
    Rules,
    Kinds,
    Permissions,
}

impl Check {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Version => "version",
            Self::Identity => "identity",
            Self::Clock => "clock",
            Self::Rules => "rules",
            Self::Kinds => "kinds",
            Self::Permissions => "permissions",
        }
    }
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    #[serde(rename = "result")]
    pub(super) verdict: Verdict,
    pub(super) what: String,
    /// What to do about it; `None`: nothing.
    pub(super) advice: Option<String>,
    /// What it lacks of RBAC.
    #[serde(rename = "missing")]
    pub(super) grants: Vec<Grant>,
    /// It may be well in a moment: a server that starts, a kind or a role that comes.
    #[serde(skip)]
    pub(super) passing: bool,
}

impl Finding {
    fn new(check: Check, verdict: Verdict, what: impl Into<String>) -> Self {
        Self { check, verdict, what: what.into(), advice: None, grants: Vec::new(), passing: false }
    }

    pub(super) fn ok(check: Check, what: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, what)
    }

    pub(super) fn warn(check: Check, what: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warn, what)
    }

    pub(super) fn fail(check: Check, what: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fail, what)
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(super) fn missing(mut self, grants: Vec<Grant>) -> Self {
        self.grants = grants;
        self
    }

    /// Worth waiting for.
    pub(super) fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

/// All that one examination found.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    /// Whom missing rights are to be granted to.
    pub(super) username: Option<String>,
    /// How long was waited for what is not there yet.
    pub(super) waited: Option<Duration>,
}

impl Report {
    /// What is to be waited for.
    pub(super) fn awaited(&self) -> Vec<&Finding> {
        self.findings.iter().filter(|finding| finding.passing).collect()
    }

    /// Whether waiting may help: something is missing, and nothing is wrong that stays so.
    pub(super) fn is_worth_waiting_for(&self) -> bool {
        let stays = |finding: &Finding| finding.verdict == Verdict::Fail && !finding.passing;
        !self.awaited().is_empty() && !self.findings.iter().any(stays)
    }

    /// Whoever waited for something and did not get it has failed.
    pub(super) fn after_waiting(mut self, wait: Duration) -> Self {
        self.waited = (!self.awaited().is_empty()).then_some(wait);
        for finding in self.findings.iter_mut().filter(|finding| finding.passing) {
            finding.verdict = Verdict::Fail;
        }
        self
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// The exit status: 0 nothing fails, 1 something does.
    pub(super) fn exit_status(&self) -> u8 {
        u8::from(self.count(Verdict::Fail) > 0)
    }
}
