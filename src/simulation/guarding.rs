//! What may hold a step back, as the daemon asks it: the protections of the object, its namespace and what
//! controls it, and the cooldown. An object that the world does not have protects nothing.

use std::sync::Arc;

use k8s_healer_engine::cooldown::{Answer, Lineage};
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::guard::{LookAgain, Subject, protection};
use k8s_healer_engine::observation::{Observation, OwnerReference};
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{DueStep, ObjectKey, StepResult};

use super::Simulation;
use super::world::{ObjectId, World};

/// As deep as the daemon follows controllers.
const DEEPEST: usize = 8;

/// What holds a step back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A protection (DESIGN 5.5).
    Protection,
    /// The object replaces one that the rule acted on.
    Cooldown,
    /// The rule has given the object's owner up.
    GivenUp,
    /// More matches than the rule's limits allow.
    Limits,
    /// The object does not carry what the action takes from it.
    Unreadable,
}

impl HeldBy {
    /// In a word, as a test writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Protection => "protection",
            Self::Cooldown => "cooldown",
            Self::GivenUp => "given up",
            Self::Limits => "limits",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A step that is held back.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) by: HeldBy,
    pub(super) reason: String,
    pub(super) result: StepResult,
    /// By another object: it is looked at again when anything changes.
    pub(super) is_elsewhere: bool,
}

/// What controls an object, the nearest first.
pub(super) struct Ancestors {
    /// Those that there are, with what to call them.
    pub(super) present: Vec<(String, Observation)>,
    /// Who stands for the object and its replacements.
    pub(super) lineage: Lineage,
}

impl Simulation {
    /// What holds a step back; else for whom the cooldown counts.
    pub(super) fn guarded(
        &mut self,
        id: &ObjectId,
        due: &DueStep,
        live: &Observation,
        effect: &Effect,
    ) -> Result<Lineage, Hold> {
        let rule = Arc::clone(&self.rules_of(id.kind)[due.rule]);
        let Ancestors { present, lineage } = self.world().ancestors(id, live);
        if let Some(hold) = self.protected(id, due, live, &present) {
            return Err(hold);
        }
        if effect.removes() {
            self.cool_down(&rule, live, &lineage)?;
        }
        Ok(lineage)
    }

    fn protected(
        &self,
        id: &ObjectId,
        due: &DueStep,
        live: &Observation,
        ancestors: &[(String, Observation)],
    ) -> Option<Hold> {
        let namespace = live.namespace().and_then(|name| self.world().namespace(name));
        let kind = &self.world().kinds()[id.kind];
        let names: Vec<&str> = kind.names.iter().map(String::as_str).collect();
        let (resource, names) = (kind.resource.as_str(), names.as_slice());
        let is_named = self.named[id.kind][due.rule];
        let namespace = namespace.map(AsRef::as_ref);
        let subject = Subject { resource, is_named, names, object: live, namespace, ancestors };
        let held = protection(&subject, &self.guard.itself, &self.guard.guardrails, self.now())?;
        let (result, is_elsewhere) = match held.until {
            LookAgain::WhenItChanges => (StepResult::Postponed { until: None }, false),
            LookAgain::At(moment) => (StepResult::Postponed { until: Some(moment) }, false),
            // The daemon looks again after a while; here the change itself is seen.
            LookAgain::Later => (StepResult::Postponed { until: None }, true),
        };
        let reason = format!("protected by {}", held.by);
        Some(Hold { by: HeldBy::Protection, reason, result, is_elsewhere })
    }

    fn cool_down(&mut self, rule: &Rule, live: &Observation, lineage: &Lineage) -> Result<(), Hold> {
        let (uid, created, now) = (live.uid(), live.created(), self.now());
        match self.cooldowns.ask(&rule.id, lineage, uid, created, rule.cooldown, now) {
            Answer::Free => Ok(()),
            Answer::Wait(until) => Err(Hold {
                by: HeldBy::Cooldown,
                reason: format!("it replaces what the rule acted on: left alone until {until}"),
                result: StepResult::Postponed { until: Some(until) },
                is_elsewhere: false,
            }),
            Answer::GivenUp { .. } => Err(Hold {
                by: HeldBy::GivenUp,
                reason: "its replacements keep failing: the rule leaves this owner alone".to_owned(),
                result: StepResult::Abandoned,
                is_elsewhere: false,
            }),
        }
    }
}

impl World {
    /// A Namespace object, where there is one.
    pub(super) fn namespace(&self, name: &str) -> Option<&Arc<Observation>> {
        let kind = self.kind("", "Namespace")?;
        self.get(&ObjectId { kind, key: ObjectKey { namespace: None, name: name.into() } })
    }

    /// Follows the controlling owner upwards, as the daemon does it.
    pub(super) fn ancestors(&self, id: &ObjectId, object: &Observation) -> Ancestors {
        let mut present: Vec<(String, Observation)> = Vec::new();
        let mut lineage = Lineage(self.name_of(id));
        let mut seen = vec![object.uid().to_owned()];
        let mut below = object.clone();
        while let Some(controller) = below.controller().filter(|_| present.len() < DEEPEST) {
            if seen.iter().any(|uid| uid == controller.uid && !uid.is_empty()) {
                break;
            }
            seen.push(controller.uid.to_owned());
            lineage = Lineage(match controller.uid {
                "" => format!("{} {}", controller.kind, controller.name),
                uid => uid.to_owned(),
            });
            let Some(owner) = self.owner(&controller, below.namespace()) else { break };
            let owner = owner.as_ref().clone();
            present.push((format!("{} {}", controller.kind, controller.name), owner.clone()));
            below = owner;
        }
        Ancestors { present, lineage }
    }

    /// The object that an owner reference means: in the object's own namespace, or in none.
    fn owner(&self, reference: &OwnerReference<'_>, namespace: Option<&str>) -> Option<&Arc<Observation>> {
        let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let kind = self.kind(group, reference.kind)?;
        let at = |namespace: Option<&str>| {
            let key = ObjectKey { namespace: namespace.map(Into::into), name: reference.name.into() };
            self.get(&ObjectId { kind, key })
        };
        let found = at(namespace).or_else(|| at(None))?;
        (reference.uid.is_empty() || reference.uid == found.uid()).then_some(found)
    }
}
