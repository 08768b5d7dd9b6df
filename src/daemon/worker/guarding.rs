//! What may hold a step back: the protections, on what is read live now, and the cooldown.

use k8s_healer_engine::cooldown::{Answer, Lineage};
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::guard::{LookAgain, Subject, protection};
use k8s_healer_engine::moment::whole_second;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::StepResult;

use super::Work;
use crate::cluster::ancestors::{Ancestor, read_ancestors};
use crate::cluster::in_full;
use crate::cluster::read::read_metadata;
use crate::report::decision::Outcome;

impl Work {
    /// Client required: the protections, on what is read live, and the cooldown. Returns for whom the
    /// cooldown counts.
    pub(super) async fn guard(&self, effect: &Effect) -> Result<Lineage, StepResult> {
        let (transport, catalogue) = (&self.shared.transport, self.shared.catalogue());
        // What the object itself tells costs no further read, and decides for most that are protected.
        self.check_protection(None, &[])?;
        let namespace = match self.live.namespace() {
            Some(name) => Some(self.namespace(name).await?),
            None => None,
        };
        let ancestors = read_ancestors(transport, &catalogue, &self.live).await;
        let ancestors = ancestors.map_err(|error| self.hold(&in_full(&error), StepResult::Held))?;
        let present: Vec<(String, Observation)> = ancestors
            .iter()
            .filter_map(|ancestor| {
                Some((format!("{} {}", ancestor.kind, ancestor.name), ancestor.metadata.clone()?))
            })
            .collect();
        self.check_protection(namespace.as_ref(), &present)?;
        let lineage = self.lineage(&ancestors);
        if effect.removes() {
            self.cool_down(&lineage)?;
        }
        Ok(lineage)
    }

    fn check_protection(
        &self,
        namespace: Option<&Observation>,
        ancestors: &[(String, Observation)],
    ) -> Result<(), StepResult> {
        let resource = self.resource.name();
        let is_named = self.shared.catalogue().is_named(&self.rule.watch, &self.resource);
        let names = self.resource.other_names();
        let (resource, names, object) = (resource.as_str(), names.as_slice(), &self.live);
        let subject = Subject { resource, names, is_named, object, namespace, ancestors };
        let held = self
            .shared
            .guardrails()
            .iter()
            .find_map(|guardrails| protection(&subject, &self.shared.itself, guardrails, self.now()));
        let Some(held) = held else { return Ok(()) };
        let result = match held.until {
            LookAgain::WhenItChanges => StepResult::Postponed { until: None },
            LookAgain::At(until) => StepResult::Kept { until, is_seen: true },
            LookAgain::Later(Some(until)) => StepResult::Kept { until, is_seen: false },
            LookAgain::Later(None) => StepResult::Held,
        };
        Err(self.hold(&format!("protected by {}", held.by), result))
    }

    /// The Namespace object; one that cannot be read may be protected, and holds back.
    async fn namespace(&self, name: &str) -> Result<Observation, StepResult> {
        let catalogue = self.shared.catalogue();
        let Some(resource) = catalogue.of_kind("", "v1", "Namespace") else {
            return Err(self.hold("the server serves no namespaces", StepResult::Held));
        };
        match read_metadata(&self.shared.transport, &resource, None, name).await {
            Ok(Some(namespace)) => Ok(namespace),
            Ok(None) => Err(self.hold(&format!("namespace {name} is gone"), StepResult::Held)),
            Err(error) => {
                let reason = format!(
                    "namespace {name} cannot be read, and it could be protected: {}",
                    in_full(&error)
                );
                Err(self.hold(&reason, StepResult::Held))
            }
        }
    }

    /// The topmost controlling ancestor stands for an object and its replacements.
    pub(super) fn lineage(&self, ancestors: &[Ancestor]) -> Lineage {
        Lineage(ancestors.last().map_or_else(|| self.object_name(), |topmost| topmost.uid.clone()))
    }

    fn cool_down(&self, lineage: &Lineage) -> Result<(), StepResult> {
        let (rule, created, now) = (&self.rule, self.live.created(), self.now());
        let answer = self.shared.with_cooldowns(|cooldowns| {
            cooldowns.ask(&rule.id, lineage, self.live.uid(), created, rule.cooldown, now)
        });
        match answer {
            Answer::Free => Ok(()),
            Answer::Wait(until) => {
                let reason =
                    format!("it replaces what the rule acted on: left alone until {}", whole_second(until));
                Err(self.hold(&reason, StepResult::Postponed { until: Some(until) }))
            }
            Answer::GivenUp { first_time } => {
                if first_time {
                    self.tell(
                        Outcome::GivenUp,
                        "its replacements keep failing: the rule leaves this owner alone",
                    );
                }
                Err(StepResult::Abandoned)
            }
        }
    }

    /// Held back: told once in an episode.
    pub(super) fn hold(&self, reason: &str, result: StepResult) -> StepResult {
        if !self.due.held_before {
            self.tell(Outcome::HeldBack, reason);
        }
        result
    }
}
