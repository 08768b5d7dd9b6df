//! What may hold a step back, as the daemon asks it: the protections of the object, its namespace and what
//! controls it, and the cooldown. An object that does not exist protects nothing; one that could not be read may, and
//! holds back; one that nobody has looked up is told of as not known. What an action of the same run removed protects as it
//! did when it went.

use std::sync::Arc;

use k8s_healer_engine::cooldown::{Answer, Lineage};
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::guard::{LookAgain, Subject, protection};
use k8s_healer_engine::limits::Bound;
use k8s_healer_engine::moment::whole_second;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{DueStep, StepResult};

use super::Simulation;
use super::knowledge::{Found, Missing, Named};
use super::world::{ObjectId, World, has_given_uid, id_of};

/// As deep as the daemon follows controllers.
const DEEPEST: usize = 8;

/// What holds a step back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A protection (DESIGN 5.5).
    Protection,
    /// The object replaces one that the rule acted on.
    Cooldown,
    /// A PodDisruptionBudget refuses its eviction.
    Pdb,
    /// The rule has given the object's owner up.
    GivenUp,
    /// More matches than the rule's limits allow.
    Limits,
    /// The rule's breaker is open, or might be.
    Breaker,
    /// The object does not carry what the action takes from it.
    Unreadable,
    /// The step cannot be done to the object as it is.
    Unfit,
}

impl HeldBy {
    /// By what a rule is bound to.
    pub(super) fn bound(bound: Bound) -> Self {
        match bound {
            Bound::Limits => Self::Limits,
            Bound::Breaker => Self::Breaker,
        }
    }

    /// In a word, as a test writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Protection => "protection",
            Self::Cooldown => "cooldown",
            Self::Pdb => "pdb",
            Self::GivenUp => "given up",
            Self::Limits => "limits",
            Self::Breaker => "breaker",
            Self::Unreadable => "unreadable",
            Self::Unfit => "unfit",
        }
    }
}

/// A step that is held back.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) by: HeldBy,
    pub(super) reason: String,
    pub(super) result: StepResult,
    /// By other objects: it is looked at again when one of these changes.
    pub(super) elsewhere: Vec<ObjectId>,
}

impl Hold {
    /// Until the object itself changes.
    pub(super) fn for_good(by: HeldBy, reason: String) -> Self {
        Self { by, reason, result: StepResult::Postponed { until: None }, elsewhere: Vec::new() }
    }
}

/// A step that nothing holds back.
#[derive(Debug)]
pub(super) struct Passed {
    /// For whom the cooldown counts.
    pub(super) lineage: Lineage,
    /// What could have held it back, and is not known.
    pub(super) not_known: Vec<String>,
}

/// What stands above an object.
pub(super) struct Above {
    /// Its Namespace, where there is one.
    pub(super) namespace: Option<Arc<Observation>>,
    /// What controls it, the nearest first: those that there are, with what to call them.
    pub(super) controllers: Vec<(String, Observation)>,
    /// Where the namespace and these are.
    places: Vec<ObjectId>,
    /// Who stands for the object and its replacements.
    lineage: Lineage,
    /// What nobody has looked up.
    pub(super) missing: Vec<Named>,
    /// What may protect it, and is known not to be there any more, or could not be read.
    pub(super) unreadable: Option<String>,
}

impl Simulation {
    /// What holds a step back; else for whom the cooldown counts.
    pub(super) fn guarded(
        &mut self,
        id: &ObjectId,
        due: &DueStep,
        live: &Observation,
        effect: &Effect,
    ) -> Result<Passed, Hold> {
        let rule = Arc::clone(&self.rules_of(id.kind)[due.rule]);
        // What the object itself tells decides alone, whatever is known of others.
        if let Some(hold) = self.protected(id, due, live, None) {
            return Err(hold);
        }
        let above = self.world().above(id, live);
        if let Some(hold) = self.protected(id, due, live, Some(&above)) {
            return Err(hold);
        }
        if let Some(reason) = above.unreadable {
            return Err(Hold::for_good(HeldBy::Protection, reason));
        }
        if effect.removes() {
            self.cool_down(&rule, live, &above.lineage)?;
        }
        let not_known = above.missing.iter().map(ToString::to_string).collect();
        self.missing.extend(above.missing.into_iter().map(Missing::Object));
        Ok(Passed { lineage: above.lineage, not_known })
    }

    fn protected(
        &self,
        id: &ObjectId,
        due: &DueStep,
        live: &Observation,
        above: Option<&Above>,
    ) -> Option<Hold> {
        let kind = &self.world().kinds()[id.kind];
        let names: Vec<&str> = kind.names.iter().map(String::as_str).collect();
        let (resource, names) = (kind.resource.as_str(), names.as_slice());
        let is_named = self.named[id.kind][due.rule];
        let namespace = above.and_then(|above| above.namespace.as_deref());
        let ancestors = above.map(|above| above.controllers.as_slice()).unwrap_or_default();
        let subject = Subject { resource, is_named, names, object: live, namespace, ancestors };
        let held = protection(&subject, &self.guard.itself, &self.guard.guardrails, self.now())?;
        let reason = format!("protected by {}", held.by);
        let for_good = Hold::for_good(HeldBy::Protection, reason);
        Some(match held.until {
            LookAgain::WhenItChanges => for_good,
            LookAgain::At(until) => Hold { result: StepResult::Kept { until, is_seen: true }, ..for_good },
            // The daemon looks again after a while; here the change itself is seen.
            LookAgain::Later(until) => Hold {
                result: until.map_or(for_good.result, |until| StepResult::Kept { until, is_seen: true }),
                elsewhere: above.map(|above| above.places.clone()).unwrap_or_default(),
                ..for_good
            },
        })
    }

    fn cool_down(&mut self, rule: &Rule, live: &Observation, lineage: &Lineage) -> Result<(), Hold> {
        let (uid, created, now) = (live.uid(), live.created(), self.now());
        match self.cooldowns.ask(&rule.id, lineage, uid, created, rule.cooldown, now) {
            Answer::Free => Ok(()),
            Answer::Wait(until) => Err(Hold {
                by: HeldBy::Cooldown,
                reason: format!(
                    "it replaces what the rule acted on: left alone until {}",
                    whole_second(until)
                ),
                result: StepResult::Postponed { until: Some(until) },
                elsewhere: Vec::new(),
            }),
            Answer::GivenUp { .. } => Err(Hold {
                by: HeldBy::GivenUp,
                reason: "its replacements keep failing: the rule leaves this owner alone".to_owned(),
                result: StepResult::Abandoned,
                elsewhere: Vec::new(),
            }),
        }
    }
}

impl World {
    /// Follows the namespace, and the controlling owner upwards, as the daemon does it.
    pub(super) fn above(&self, id: &ObjectId, object: &Observation) -> Above {
        let mut above = Above {
            namespace: None,
            controllers: Vec::new(),
            places: Vec::new(),
            lineage: Lineage(self.name_of(id)),
            missing: Vec::new(),
            unreadable: None,
        };
        if let Some(name) = object.namespace() {
            self.namespace_above(name, &mut above);
        }
        self.controllers_above(object, &mut above);
        above
    }

    fn namespace_above(&self, name: &str, above: &mut Above) {
        let named = Named::namespace(name);
        match self.find_last(&named) {
            Found::Here(namespace) => {
                above.places.extend(self.kind("", "Namespace").map(|kind| id_of(kind, &namespace)));
                above.namespace = Some(namespace);
            }
            Found::Absent => {}
            Found::Gone => above.unreadable = Some(format!("{named} is gone")),
            Found::Unreadable(why) => {
                above.unreadable = Some(format!("{named} cannot be read, and it could be protected: {why}"));
            }
            Found::Unknown => above.missing.push(named),
        }
    }

    fn controllers_above(&self, object: &Observation, above: &mut Above) {
        let mut seen = vec![object.uid().to_owned()];
        let mut below = object.clone();
        while let Some(controller) = below.controller().filter(|_| above.controllers.len() < DEEPEST) {
            if seen.iter().any(|uid| uid == controller.uid && !uid.is_empty()) {
                break;
            }
            seen.push(controller.uid.to_owned());
            above.lineage = Lineage(match controller.uid {
                "" => format!("{} {}", controller.kind, controller.name),
                uid => uid.to_owned(),
            });
            let named = Named::owner(&controller, below.namespace());
            let owner = match self.find_last(&named) {
                Found::Here(owner) if self.is_meant(&owner, controller.uid) => owner.as_ref().clone(),
                Found::Here(_) | Found::Absent | Found::Gone => break,
                Found::Unreadable(why) => {
                    let why =
                        format!("its controller {named} cannot be read, and it could be protected: {why}");
                    above.unreadable.get_or_insert(why);
                    break;
                }
                Found::Unknown => {
                    above.missing.push(named);
                    break;
                }
            };
            above.places.extend(self.kind(&named.group, &named.kind).map(|kind| id_of(kind, &owner)));
            above.controllers.push((format!("{} {}", controller.kind, controller.name), owner.clone()));
            below = owner;
        }
    }

    /// Whether an object is the one that a reference means, and not another of its name. What a dump has without its
    /// uid may be.
    fn is_meant(&self, owner: &Observation, uid: &str) -> bool {
        uid.is_empty() || uid == owner.uid() || (has_given_uid(owner) && self.knowledge.is_partial())
    }
}
