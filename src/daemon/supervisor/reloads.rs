//! Other rules while the daemon runs: read, compiled, compared and checked against what the server serves, and
//! only then swapped in. Any error keeps all the rules that run; when the file heals, it is tried again.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_healer_engine::rule::RuleId;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use tracing::{error, info, warn};

use super::{Places, Supervisor};
use crate::cluster::in_full;
use crate::daemon::assignment::{Assignment, assign};
use crate::daemon::control::protocol::{ReloadOutcome, ReloadReport, Response};
use crate::daemon::reload::decision::{AskedBy, Decision, Decisions};
use crate::daemon::reload::files::RuleFiles;
use crate::daemon::reload::{Candidate, InForce, prepare};
use crate::daemon::summary::tell_guardrails;
use crate::rules::comparison::{Difference, Written};
use crate::rules::{Input, LoadOptions, Loaded, Severity, Texts};

/// Who asks for a reload waits so long for the new rules to be in force: a list that does not come is no reason
/// to wait for ever.
const IN_FORCE: Duration = Duration::from_secs(15);
/// A server that could not be asked what it serves is asked again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// Shows diagnostics as people read them; the command line knows how.
pub type Render = Arc<dyn Fn(&Loaded) -> Vec<String> + Send + Sync>;

/// Where the rules come from.
pub struct RuleSource {
    /// The files and folders.
    pub inputs: Vec<Input>,
    /// Tells when they change; `None`: they are read only when somebody asks.
    pub files: Option<RuleFiles>,
    /// How they are read.
    pub options: LoadOptions,
    /// What the rules that run say.
    pub written: BTreeMap<RuleId, Written>,
    /// What the guardrails in force say, by their names.
    pub guardrails: BTreeMap<String, Written>,
    /// Take changed rules also where more than half of the rules would go.
    pub accept_removals: bool,
    /// Shows mistakes.
    pub render: Render,
}

/// What a supervisor needs to read rules again.
pub(super) struct Reloading {
    source: RuleSource,
    decisions: Decisions,
    /// Rules that could not be checked against the server.
    waiting: Option<Waiting>,
}

struct Waiting {
    texts: Texts,
    /// Who asked for them.
    asked_by: AskedBy,
    /// When to ask the server again. It runs on while the supervisor does other things.
    due: Pin<Box<Sleep>>,
}

impl From<RuleSource> for Reloading {
    fn from(source: RuleSource) -> Self {
        Self { source, decisions: Decisions::default(), waiting: None }
    }
}

/// Waits until the files say something else, or until it is time to try again. Nothing is lost if the wait is
/// given up.
pub(super) async fn changed(reloading: &mut Option<Reloading>) -> (Texts, AskedBy) {
    let Some(Reloading { source, waiting, .. }) = reloading else { return std::future::pending().await };
    let change = async {
        match &mut source.files {
            Some(files) => files.changed().await,
            None => std::future::pending().await,
        }
    };
    let due = async {
        match waiting {
            Some(waiting) => waiting.due.as_mut().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        texts = change => (texts, AskedBy::File),
        () = due => match waiting.take() {
            Some(Waiting { texts, asked_by, .. }) => (texts, asked_by),
            None => std::future::pending().await,
        },
    }
}

impl Supervisor {
    /// Follows the files that the rules were loaded from.
    #[must_use]
    pub fn following(mut self, source: RuleSource) -> Self {
        self.reloading = Some(source.into());
        self
    }

    /// Reads the rules again because somebody asks for it; answers once they are in force. Client required.
    pub(super) async fn reload(&mut self, asked_by: AskedBy, reply: oneshot::Sender<Response>) {
        let Some(reloading) = &mut self.reloading else {
            let message = "this daemon has no rule files to read again".to_owned();
            // Nobody may wait for the answer any more.
            return drop(reply.send(Response::Error { message }));
        };
        let texts = match &mut reloading.source.files {
            Some(files) => files.read().await,
            None => Texts::read(&reloading.source.inputs),
        };
        let in_force = self.take_rules(texts, asked_by).await;
        let report = self.reloaded.clone();
        tokio::spawn(async move {
            // Those that are not listed by then come into force when they are.
            drop(tokio::time::timeout(IN_FORCE, in_force).await);
            let answer = report.map_or_else(
                || Response::Error { message: "the rules could not be read again".to_owned() },
                Response::Reload,
            );
            drop(reply.send(answer));
        });
    }

    /// Puts the rules of these texts in force, if they are sound and nothing speaks against it. What is returned
    /// ends once they are. Client required.
    pub(super) async fn take_rules(
        &mut self,
        texts: Texts,
        asked_by: AskedBy,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (report, arranged) = self.try_rules(texts, asked_by).await;
        tell(&report);
        let is_applied = report.outcome == ReloadOutcome::Applied;
        self.reloaded = Some(report);
        let (shared, guardrails) = (Arc::clone(&self.shared), Arc::clone(&self.rules.guardrails));
        let (done, is_done) = oneshot::channel();
        // Whether somebody waits for it or not.
        tokio::spawn(async move {
            let Places { first_lists, replaced } = arranged;
            join_all(first_lists.into_iter().map(|(_, list)| list)).await;
            join_all(replaced).await;
            // Otherwise those of an earlier reload may still be on their way.
            if is_applied {
                shared.guardrails.retire_before(&guardrails);
            }
            done.send(()).ok();
        });
        async move { drop(is_done.await) }
    }

    async fn try_rules(&mut self, texts: Texts, asked_by: AskedBy) -> (ReloadReport, Places) {
        let now = self.shared.transport.server_clock().local().now();
        let report = |outcome, diff: Vec<String>, problems: Vec<String>| ReloadReport {
            at: now,
            asked_by: asked_by.to_string(),
            outcome,
            diff,
            problems,
        };
        let nothing = |outcome, diff, problems| (report(outcome, diff, problems), Places::default());
        let Some(reloading) = &mut self.reloading else {
            return nothing(ReloadOutcome::Failed, Vec::new(), Vec::new());
        };
        reloading.waiting = None;
        let running = InForce {
            rules: self.rules.clone(),
            written: reloading.source.written.clone(),
            guardrails: reloading.source.guardrails.clone(),
        };
        let (options, again) = (reloading.source.options.clone(), texts.clone());
        // Thousands of rules take a while: no deadline waits for them.
        let prepared = tokio::task::spawn_blocking(move || prepare(texts, &options, &running)).await;
        let Ok(Candidate { content, loaded, sound }) = prepared else {
            return nothing(
                ReloadOutcome::Failed,
                Vec::new(),
                vec!["the rules could not be compiled".to_owned()],
            );
        };
        let decided_as = match asked_by {
            AskedBy::Command { accept_removals } => {
                AskedBy::Command { accept_removals: accept_removals || reloading.source.accept_removals }
            }
            _ if reloading.source.accept_removals => AskedBy::Command { accept_removals: true },
            asked_by => asked_by,
        };
        let difference = sound.as_ref().map(|(_, difference)| difference);
        let count = self.rules.rules.len();
        let decision = reloading.decisions.decide(decided_as, content, difference, count, now);
        let Some((in_force, difference)) = sound else {
            tell_mistakes(&loaded);
            return nothing(ReloadOutcome::Invalid, Vec::new(), (reloading.source.render)(&loaded));
        };
        let diff = difference.lines();
        match decision {
            Decision::Apply => {}
            Decision::Invalid => return nothing(ReloadOutcome::Invalid, diff, Vec::new()),
            Decision::Unchanged => return nothing(ReloadOutcome::Unchanged, diff, Vec::new()),
            Decision::Unconfirmed => {
                return nothing(ReloadOutcome::Unconfirmed, diff, vec![unconfirmed(&difference, count)]);
            }
        }
        let catalogue = match self.discover(&in_force.rules).await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                if let Some(reloading) = &mut self.reloading {
                    let due = Box::pin(tokio::time::sleep(AGAIN));
                    reloading.waiting = Some(Waiting { texts: again, asked_by, due });
                    reloading.decisions.postpone(content);
                }
                let problem =
                    format!("what the server serves cannot be asked: {}; asking again", in_full(&error));
                return nothing(ReloadOutcome::Failed, diff, vec![problem]);
            }
        };
        let assignment = assign(&in_force.rules, &catalogue, &self.registry);
        let refused = newly_refused(&self.told, &assignment);
        if !refused.is_empty() {
            refused.iter().for_each(|problem| error!("{problem}"));
            return nothing(ReloadOutcome::Invalid, diff, refused);
        }
        if let Some(reloading) = &mut self.reloading {
            reloading.source.written = in_force.written;
            reloading.source.guardrails = in_force.guardrails;
        }
        self.rules = in_force.rules;
        if !difference.guardrails.is_empty() {
            // Before any new rule: those that hold now hold until the last old rule has ended.
            self.shared.guardrails.add(Arc::clone(&self.rules.guardrails));
            tell_guardrails(&self.rules.guardrails);
        }
        self.adopt(assignment);
        self.name_namespaces();
        let arranged = self.arrange();
        (report(ReloadOutcome::Applied, diff, Vec::new()), arranged)
    }
}

fn unconfirmed(difference: &Difference, before: usize) -> String {
    let removed = difference.removed.len();
    let what = if difference.guardrails.removed.is_empty() {
        format!("{removed} of {before} rules would go")
    } else {
        format!("the guardrails {} would go", difference.guardrails.removed.join(", "))
    };
    format!(
        "{what}, which may be a file that was cut off: \
         `k8s-healer daemon reload` twice, or once with --accept-removals, takes them away"
    )
}

/// Rules that cannot run on this server as they are written, and were not known for it.
fn newly_refused(before: &Assignment, now: &Assignment) -> Vec<String> {
    let new = now.refused.iter().filter(|refused| !before.refused.contains(refused));
    new.map(|refused| format!("rule {}: {}", refused.rule, refused.reason)).collect()
}

/// One line of the log for each mistake, as `validate-rules` has them.
fn tell_mistakes(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        let code = diagnostic.code.name();
        let line = loaded.line_of(diagnostic);
        match diagnostic.severity() {
            Severity::Error => error!(code, "{line}"),
            Severity::Warning => warn!(code, "{line}"),
        }
    }
}

fn tell(report: &ReloadReport) {
    let (asked_by, problems) = (&report.asked_by, report.problems.len());
    match report.outcome {
        ReloadOutcome::Applied => {
            info!(asked_by, "reloaded: the new rules are in force");
            report.diff.iter().for_each(|line| info!("  {line}"));
        }
        ReloadOutcome::Unchanged => info!(asked_by, "reloaded: the rules say the same as before"),
        ReloadOutcome::Invalid => {
            error!(asked_by, problems, "not reloaded: the rules have errors; those before stay in force");
        }
        ReloadOutcome::Unconfirmed | ReloadOutcome::Failed => {
            let reason = report.problems.join("; ");
            warn!(asked_by, reason, "not reloaded: the rules before stay in force");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rules_that_wait_for_the_server_are_tried_again_however_busy_the_supervisor_is() {
        let source = RuleSource {
            inputs: Vec::new(),
            files: None,
            options: LoadOptions::default(),
            written: BTreeMap::new(),
            guardrails: BTreeMap::new(),
            accept_removals: false,
            render: Arc::new(|_| Vec::new()),
        };
        let mut reloading = Reloading::from(source);
        let due = Box::pin(tokio::time::sleep(AGAIN));
        reloading.waiting = Some(Waiting { texts: Texts::read(&[]), asked_by: AskedBy::Signal, due });
        let mut reloading = Some(reloading);
        let mut given_up = 0;
        let asked_by = loop {
            // Something else happens every second.
            match tokio::time::timeout(Duration::from_secs(1), changed(&mut reloading)).await {
                Ok((_, asked_by)) => break asked_by,
                Err(_) => given_up += 1,
            }
            assert!(given_up <= AGAIN.as_secs(), "the wait begins anew each time");
        };
        assert_eq!(asked_by, AskedBy::Signal);
        let again = tokio::time::timeout(AGAIN * 2, changed(&mut reloading)).await;
        assert!(again.is_err(), "it is tried again once, not for ever");
    }
}
