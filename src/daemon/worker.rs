//! One object that fell due: the live read, then the one step that the engine found due on it. Client
//! required; nothing here decides whether a rule is true.

mod guarding;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::cooldown::{Before, Lineage};
use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::moment::{Now, after};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::{Mode, Rule};
use k8s_healer_engine::tracker::{DueStep, StepResult, Ticket};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{Shared, facts};
use crate::cluster::execute::{self, execute};
use crate::cluster::read::{ReadError, read_object};
use crate::cluster::resource::Resource;
use crate::cluster::survey::{Survey, survey};
use crate::report::decision::{Decision, Outcome};
use crate::report::tally::Heading;

/// What a live read found. The permit is kept for what follows from it.
pub(super) struct Reading {
    pub(super) ticket: Ticket,
    pub(super) result: Result<Option<Observation>, ReadError>,
    pub(super) permit: Option<OwnedSemaphorePermit>,
    pub(super) facts: Looked,
}

/// What was looked up of other objects, live.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) facts: Facts,
    /// Each is looked up once; what is not known then is not known.
    pub(super) asked: BTreeSet<Fact>,
    /// Why one of them could not be read.
    pub(super) failed: Option<ReadError>,
}

/// Client required: looks up the facts that an object hangs on. One that cannot be read is unknown to the rules that ask
/// for it, and to no others.
pub(super) async fn look_up(
    shared: Arc<Shared>,
    ticket: Ticket,
    live: Observation,
    asked: Vec<Fact>,
    mut looked: Looked,
    permit: Option<OwnedSemaphorePermit>,
) -> Reading {
    let permit = match permit {
        None => shared.pace.turn().await,
        permit => permit,
    };
    let (facts, failed) = facts::looking::look_up(&shared, &live, &asked, looked.facts).await;
    (looked.facts, looked.failed) = (facts, looked.failed.or(failed));
    looked.asked.extend(asked);
    Reading { ticket, result: Ok(Some(live)), permit, facts: looked }
}

/// Client required: reads the object as it is now.
pub(super) async fn read(shared: Arc<Shared>, resource: Arc<Resource>, ticket: Ticket) -> Reading {
    let permit = shared.pace.turn().await;
    let result =
        read_object(&shared.transport, &resource, ticket.key.namespace.as_deref(), &ticket.key.name).await;
    Reading { ticket, result, permit, facts: Looked::default() }
}

/// Client required: reads many objects of one namespace by one list.
pub(super) async fn read_all(
    shared: Arc<Shared>,
    resource: Arc<Resource>,
    namespace: Option<Arc<str>>,
    tickets: Vec<Ticket>,
    projection: Projection,
) -> (Vec<Ticket>, Result<Survey, String>) {
    let _permit = shared.list_permits.acquire().await;
    let wanted: BTreeSet<Box<str>> = tickets.iter().map(|ticket| ticket.key.name.clone()).collect();
    let result = survey(
        &shared.transport,
        &resource,
        namespace.as_deref(),
        &projection,
        shared.timings,
        &shared.random,
        &wanted,
    )
    .await;
    (tickets, result)
}

/// A step to be done to an object that was just read.
pub(super) struct Work {
    pub(super) shared: Arc<Shared>,
    pub(super) resource: Arc<Resource>,
    pub(super) rule: Arc<Rule>,
    pub(super) due: DueStep,
    pub(super) live: Observation,
    /// Once this is cancelled, nothing more is sent.
    pub(super) stop: CancellationToken,
}

/// What ends by time is looked at then; what does not, ever more rarely, though what frees it calls.
fn held_until(moment: Option<Timestamp>) -> StepResult {
    moment.map_or(StepResult::Held, |moment| StepResult::Postponed { until: Some(moment) })
}

impl Work {
    /// Client required: guards, then acts; `None`: the daemon is ending, or the watch does not follow any
    /// more; nothing was sent.
    pub(super) async fn run(self, permit: Option<OwnedSemaphorePermit>) -> (DueStep, Option<StepResult>) {
        let _permit = match permit {
            // Of what is only told, there may be hundreds at once: it takes nobody's turn.
            None if self.due.effect.is_ok() => self.shared.pace.turn().await,
            permit => permit,
        };
        let result = self.act().await;
        (self.due, result)
    }

    async fn act(&self) -> Option<StepResult> {
        let effect = match &self.due.effect {
            Ok(effect) => effect,
            Err(inapplicable) => return Some(self.nothing_to_do(inapplicable)),
        };
        if let Effect::Log { message } = effect {
            self.tell(Outcome::Done, message);
            return Some(StepResult::Done { removed: false });
        }
        // What does not touch the object passes every protection.
        let lineage = if effect.writes() { self.guard(effect).await } else { Ok(self.lineage(&[])) };
        let lineage = match lineage {
            Ok(lineage) => lineage,
            Err(result) => return Some(result),
        };
        match self.mode() {
            Mode::Observe => {
                self.tell(Outcome::WouldDo, "");
                Some(StepResult::Finished)
            }
            Mode::DryRun if self.due.assumed => {
                self.tell(Outcome::WouldFollow, "");
                Some(StepResult::Assumed { removed: effect.removes() })
            }
            mode => {
                // The last moment at which nothing has been begun.
                if self.stop.is_cancelled() || self.shared.pause.is_on() {
                    return None;
                }
                let latest = self.shared.transport.server_clock().latest();
                if self.due.true_until.is_some_and(|until| until <= latest) {
                    // The guard took so long that time alone may have made the rule untrue.
                    return Some(StepResult::Changed);
                }
                // Others may have come to match since it was judged.
                if let Some(hold) = self.due.limit.as_ref().and_then(|limit| limit.held_by(self.now())) {
                    return Some(self.hold(&hold.by, held_until(hold.until)));
                }
                let dry_run = mode == Mode::DryRun;
                Some(self.send(effect, &lineage, dry_run).await)
            }
        }
    }

    /// Client required: carries the effect out, and reads what became of it.
    async fn send(&self, effect: &Effect, lineage: &Lineage, dry_run: bool) -> StepResult {
        let began = self.now();
        let counts = effect.removes() && !dry_run;
        // Noted before: a replacement may be there before the server has answered.
        let before = counts.then(|| self.note_action(lineage, began));
        let outcome = execute(&self.shared.transport, &self.resource, &self.live, effect, dry_run).await;
        let may_be_done = matches!(outcome, execute::Outcome::Done { .. } | execute::Outcome::Unknown { .. });
        match before {
            Some(_) if may_be_done => drop(self.note_action(lineage, began)),
            Some(before) => self
                .shared
                .with_cooldowns(|all| all.withdrawn(&self.rule.id, lineage, self.live.uid(), before)),
            None => {}
        }
        self.conclude(effect, outcome, lineage, dry_run).await
    }

    fn note_action(&self, lineage: &Lineage, began: Timestamp) -> Before {
        let (rule, uid, created) = (&self.rule.id, self.live.uid(), self.live.created());
        let when = Now { earliest: began, latest: self.shared.transport.server_clock().latest() };
        self.shared.with_cooldowns(|all| all.acted(rule, lineage, uid, created, when))
    }

    fn mode(&self) -> Mode {
        self.rule.mode.min(self.shared.mode)
    }

    fn now(&self) -> Timestamp {
        self.shared.transport.server_clock().earliest()
    }

    fn nothing_to_do(&self, inapplicable: &Inapplicable) -> StepResult {
        match inapplicable {
            Inapplicable::AlreadyTerminating { since } => {
                self.tell(Outcome::Nothing, "its deletion was asked for already");
                StepResult::Skipped { since: *since }
            }
            Inapplicable::NotYet { at } => StepResult::Postponed { until: *at },
            Inapplicable::HeldBack { by, until, .. } => self.hold(by, held_until(*until)),
            Inapplicable::NothingToDo => {
                let spared = self.rule.steps[self.due.step].action.spares(&self.live);
                let why = spared.unwrap_or_else(|| "the object is as the step would leave it".to_owned());
                self.tell(Outcome::Nothing, &why);
                StepResult::Done { removed: false }
            }
            Inapplicable::Unfit { why } => self.hold(why, StepResult::Postponed { until: None }),
            Inapplicable::Unreadable { what } => {
                let reason = format!("{what} cannot be read");
                self.hold(&reason, StepResult::Postponed { until: None })
            }
        }
    }

    /// Reads an outcome. Client required where an eviction is given up and deletes instead.
    async fn conclude(
        &self,
        effect: &Effect,
        outcome: execute::Outcome,
        lineage: &Lineage,
        dry_run: bool,
    ) -> StepResult {
        match outcome {
            execute::Outcome::Done { detail, .. } if dry_run => {
                self.tell(Outcome::DryRun, &detail);
                // Assumed to be gone at once where no finalizer holds it: no later step would find it.
                if effect.removes() && !self.live.is_held(&self.resource.name()) {
                    return StepResult::Finished;
                }
                StepResult::Assumed { removed: effect.removes() }
            }
            execute::Outcome::Done { detail, .. } => {
                self.tell(Outcome::Done, &detail);
                StepResult::Done { removed: effect.removes() }
            }
            execute::Outcome::Gone => {
                self.tell(Outcome::Changed, "it is gone");
                StepResult::Abandoned
            }
            execute::Outcome::Changed { reason } => {
                self.tell(Outcome::Changed, &reason);
                StepResult::Changed
            }
            execute::Outcome::Refused { reason, retry_after, by_budget: true } => {
                Box::pin(self.refused(effect, &reason, retry_after, lineage, dry_run)).await
            }
            execute::Outcome::Refused { reason, retry_after, by_budget: false } => {
                self.tell(Outcome::Refused, &reason);
                StepResult::Failed { retry_after }
            }
            execute::Outcome::Forbidden { reason } | execute::Outcome::Rejected { reason } => {
                self.tell(Outcome::Failed, &reason);
                StepResult::Failed { retry_after: None }
            }
            execute::Outcome::Unknown { reason } if !dry_run && !effect.may_be_repeated() => {
                let told = format!("outcome unknown, and it may not be done twice: left as it is: {reason}");
                self.tell(Outcome::Failed, &told);
                StepResult::Finished
            }
            execute::Outcome::Unknown { reason } => {
                self.tell(Outcome::Failed, &format!("outcome unknown, looking again: {reason}"));
                StepResult::Unknown { removes: effect.removes() && !dry_run }
            }
        }
    }

    /// A PodDisruptionBudget refused an eviction: waited for, up to `giveUp`.
    async fn refused(
        &self,
        effect: &Effect,
        reason: &str,
        retry_after: Option<std::time::Duration>,
        lineage: &Lineage,
        dry_run: bool,
    ) -> StepResult {
        let Effect::Evict { grace, fallback_to_delete, give_up } = effect else {
            return StepResult::Failed { retry_after };
        };
        let now = self.now();
        let since = self.due.refused_since.unwrap_or(now);
        if now < after(since, *give_up) {
            if self.due.refused_since.is_none() {
                self.tell(Outcome::Refused, reason);
            }
            return StepResult::Refused { retry_after, give_up: *give_up };
        }
        if !fallback_to_delete {
            self.tell(Outcome::GivenUp, reason);
            return StepResult::Abandoned;
        }
        if self.stop.is_cancelled() || self.shared.pause.is_on() {
            return StepResult::Refused { retry_after, give_up: *give_up };
        }
        let delete = Effect::Delete { propagation: None, grace: *grace };
        self.send(&delete, lineage, dry_run).await
    }

    fn object_name(&self) -> String {
        self.resource.object_name(self.live.namespace(), self.live.name())
    }

    fn tell(&self, outcome: Outcome, detail: &str) {
        let heading = Heading {
            rule: self.rule.id.to_string(),
            kind: self.resource.name(),
            namespace: self.live.namespace().map(str::to_owned),
            action: self.rule.steps[self.due.step].name.to_owned(),
        };
        let now = self.shared.transport.server_clock().local().now();
        self.shared.with_tally(|tally| tally.note(heading, outcome, detail, now));
        Decision {
            outcome,
            action: self.rule.steps[self.due.step].name,
            object: &self.object_name(),
            uid: self.live.uid(),
            rule: &self.rule.id,
            mode: self.mode(),
            reason: &self.due.reason,
            detail,
        }
        .tell();
    }
}
