//! One case of a RuleTest: prepared (which object is of which kind, which rule watches it), then played.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleSet, WatchTarget};
use k8s_healer_engine::tracker::ObjectKey;
use k8s_healer_engine::values::format_duration;
use serde_json::Value;

use super::comparison::{Mismatch, compare};
use super::coverage::Coverage;
use super::world::{ObjectId, WorldKind};
use super::{Outcome, Record, Simulation};
use crate::rules::offline::{Kinds, Meaning};
use crate::rules::ruletest::{Case, Event, Expected, Object, Reference, What};
use crate::rules::{Code, Diagnostic, nearest};

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// All that was done, told and held back, in order.
    pub records: Vec<Record>,
    /// What differs from what was expected; empty: the case holds.
    pub mismatches: Vec<Mismatch>,
    /// How objects are called.
    pub kinds: Vec<WorldKind>,
    /// What was shown of the rules.
    pub coverage: Coverage,
}

impl Played {
    /// Whether all is as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// An expectation whose object is known.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) at: Timestamp,
    pub(super) object: ObjectId,
    pub(super) expected: Expected,
    /// Whether something was held back as expected, at that moment.
    pub(super) is_held: bool,
    /// Why nothing was done, as far as the object tells at that moment.
    pub(super) hint: String,
}

/// Plays a case with these rules; or tells what is wrong with the case.
pub fn play(case: &Case, rules: &RuleSet) -> Result<Played, Vec<Diagnostic>> {
    let prepared = Prepared::of(case, rules)?;
    let mut simulation = Simulation::new(prepared.kinds.clone(), case.now, Itself::default());
    simulation.list(prepared.listed.iter().map(|(kind, value)| (*kind, Value::clone(value))));
    let mut awaited = Vec::new();
    let mut missing = Vec::new();
    for (moment, steps) in case.moments.iter().zip(&prepared.moments) {
        let at = after(case.now, moment.at);
        simulation.advance_before(at);
        for (event, id) in moment.events.iter().zip(&steps.events) {
            if !happen(&mut simulation, event, id) {
                missing.push((at, simulation.world().name_of(id), matches!(event, Event::Remove(_))));
            }
        }
        simulation.advance_to(at);
        for (expected, object) in moment.expected.iter().zip(&steps.expected) {
            let mut one = Awaited {
                at,
                object: object.clone(),
                expected: expected.clone(),
                is_held: false,
                hint: String::new(),
            };
            one.is_held = is_held(&simulation, &one);
            one.hint = hint(&simulation, &one);
            awaited.push(one);
        }
    }
    simulation.advance_to(after(case.now, case.until));
    let kinds = simulation.world().kinds().to_vec();
    let (coverage, records) = simulation.into_parts();
    let mut mismatches: Vec<Mismatch> =
        missing.into_iter().map(|(at, object, removed)| Mismatch::NotThere { at, object, removed }).collect();
    mismatches.extend(compare(&records, awaited));
    Ok(Played { records, mismatches, kinds, coverage })
}

/// Whether there was something to happen to.
fn happen(simulation: &mut Simulation, event: &Event, id: &ObjectId) -> bool {
    match event {
        Event::Apply(Object { value, .. }) => {
            simulation.apply(id.kind, Value::clone(value));
            true
        }
        Event::Patch(_, merge) => {
            let was_held = simulation.world().get(id).is_some_and(|object| !object.finalizers().is_empty());
            let is_there = simulation.patch(id, merge);
            if was_held {
                simulation.finish(id);
            }
            is_there
        }
        Event::Remove(_) => simulation.remove(id),
    }
}

/// Whether a hold of this kind is on: it began, nothing was done since, and the rule is still true.
fn is_held(simulation: &Simulation, awaited: &Awaited) -> bool {
    let What::Held(by) = &awaited.expected.what else { return false };
    let Some(object) = simulation.world().get(&awaited.object) else { return false };
    let rules = simulation.rules_of(awaited.object.kind);
    rules.iter().filter(|rule| super::comparison::is_rule(&awaited.expected, &rule.id)).any(|rule| {
        let of_rule = |record: &&Record| record.object == awaited.object && record.rule == rule.id;
        let last = simulation.records().iter().rfind(of_rule);
        let is_by = |word: &str, reason: &str| {
            by.as_deref().is_none_or(|by| by == word || reason.contains(by))
                && awaited.expected.reason.as_deref().is_none_or(|part| reason.contains(part))
        };
        let is_on = last.is_some_and(|record| match &record.outcome {
            Outcome::Held(held, reason) => is_by(held.word(), reason),
            Outcome::GivenUp => is_by("given up", ""),
            Outcome::Done | Outcome::Told(_) => false,
        });
        let of_step = last.is_some_and(|last| {
            let step = awaited.expected.step.is_none_or(|step| step == last.step + 1);
            let later = last.step > 0;
            step && (later || evaluate(rule, object, &Facts::none(), simulation.now()).truth.is_true())
        });
        is_on && of_step
    })
}

/// Why a rule does nothing to an object at this moment.
fn hint(simulation: &Simulation, awaited: &Awaited) -> String {
    let now = simulation.now();
    let Some(object) = simulation.world().get(&awaited.object) else {
        return "it is not there at that moment".to_owned();
    };
    let rules = simulation.rules_of(awaited.object.kind);
    let named: Vec<&Arc<Rule>> =
        rules.iter().filter(|rule| super::comparison::is_rule(&awaited.expected, &rule.id)).collect();
    let selecting: Vec<&&Arc<Rule>> =
        named.iter().filter(|rule| rule.scope.selects(object.namespace())).collect();
    match (named.as_slice(), selecting.as_slice()) {
        ([], _) => "no rule under test watches its kind".to_owned(),
        (_, []) => match object.namespace() {
            Some(namespace) => format!("no such rule looks into namespace {namespace}"),
            None => "no such rule looks at objects without a namespace".to_owned(),
        },
        (_, selecting) => {
            selecting.iter().map(|rule| state(rule, object, now)).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What a rule makes of an object now.
fn state(rule: &Rule, object: &Observation, now: Timestamp) -> String {
    let facts = Facts::none();
    let verdict = evaluate(rule, object, &facts, now);
    if verdict.truth.is_true() {
        let held = verdict.holds_since.filter(|_| !rule.hold.is_zero());
        let since = held.map(|since| format!(" since {since}")).unwrap_or_default();
        let hold = if rule.hold.is_zero() {
            String::new()
        } else {
            format!(", and waits for {}", format_duration(rule.hold))
        };
        return format!("{} is true of it{since}{hold}", rule.id.name);
    }
    let context = Context { object, facts: &facts, now };
    let blocking = rule.matches.iter().find(|matcher| !matcher.evaluate(&context).truth.is_true());
    let sparing = || {
        let spares = |matcher: &&Arc<dyn k8s_healer_engine::matcher::Matcher>| {
            matcher.evaluate(&context).truth != k8s_healer_engine::truth::Truth::False
        };
        rule.unless.iter().find(spares)
    };
    let why = match (blocking, sparing()) {
        (Some(matcher), _) => matcher.explain(&context),
        (None, Some(matcher)) => format!("spared by `unless`: {}", matcher.explain(&context)),
        (None, None) => String::new(),
    };
    format!("{} is {} of it: {why}", rule.id.name, verdict.truth)
}

/// Kinds and names, resolved.
struct Prepared {
    kinds: Vec<(WorldKind, Vec<Arc<Rule>>)>,
    listed: Vec<(usize, Arc<Value>)>,
    moments: Vec<Steps>,
}

/// The objects of a moment, in the order in which it names them.
struct Steps {
    events: Vec<ObjectId>,
    expected: Vec<ObjectId>,
}

impl Prepared {
    fn of(case: &Case, rules: &RuleSet) -> Result<Self, Vec<Diagnostic>> {
        let kinds = kinds(case, rules);
        let mut preparing = Preparing {
            subject: format!("case `{}`", case.name),
            kinds: &kinds,
            names: BTreeSet::new(),
            wrong: Vec::new(),
        };
        let listed: Vec<(usize, Arc<Value>)> = case
            .objects
            .iter()
            .filter_map(|object| preparing.object(object))
            .map(|(id, value)| (id.kind, value))
            .collect();
        // Names are known from the whole case: what is expected may come later.
        let applied = case.moments.iter().flat_map(|moment| &moment.events).filter_map(|event| match event {
            Event::Apply(object) => Some(object),
            _ => None,
        });
        let applied: Vec<&Object> = applied.collect();
        applied.iter().for_each(|object| drop(preparing.object(object)));
        let watching = preparing.watching(rules);
        let mut moments = Vec::new();
        for moment in &case.moments {
            let mut steps = Steps { events: Vec::new(), expected: Vec::new() };
            for event in &moment.events {
                steps.events.extend(match event {
                    Event::Apply(object) => preparing.object(object).map(|(id, _)| id),
                    Event::Patch(reference, _) | Event::Remove(reference) => preparing.reference(reference),
                });
            }
            for expected in &moment.expected {
                preparing.check_rule(expected, rules);
                steps.expected.extend(preparing.reference(&expected.object));
            }
            moments.push(steps);
        }
        let mut wrong = preparing.wrong;
        if wrong.is_empty() {
            let world = kinds.all().iter().map(|kind| WorldKind {
                resource: kind.resource(),
                group: kind.group.clone(),
                kind: kind.kind.clone(),
            });
            return Ok(Self { kinds: world.zip(watching).collect(), listed, moments });
        }
        wrong.sort_by_key(|one| one.place);
        wrong.dedup();
        Err(wrong)
    }
}

/// The kinds of all objects that there ever are in a case.
fn kinds(case: &Case, rules: &RuleSet) -> Kinds {
    let references = case.moments.iter().flat_map(|moment| {
        let events = moment.events.iter().filter_map(|event| match event {
            Event::Apply(_) => None,
            Event::Patch(reference, _) | Event::Remove(reference) => Some(&reference.resource),
        });
        events.chain(moment.expected.iter().map(|expected| &expected.object.resource))
    });
    let watched = rules.rules.iter().flat_map(|rule| &rule.watch);
    let mut kinds = Kinds::named_by(watched.chain(references));
    let applied = case.moments.iter().flat_map(|moment| &moment.events).filter_map(|event| match event {
        Event::Apply(object) => Some(object),
        _ => None,
    });
    let objects: Vec<&Object> = case.objects.iter().chain(applied).collect();
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for object in &objects {
        if text(&object.value, "kind") == "CustomResourceDefinition" {
            kinds.define(&object.value);
        }
    }
    for object in &objects {
        kinds.add(&text(&object.value, "apiVersion"), &text(&object.value, "kind"));
    }
    kinds
}

struct Preparing<'a> {
    subject: String,
    kinds: &'a Kinds,
    /// All objects that there ever are.
    names: BTreeSet<ObjectId>,
    wrong: Vec<Diagnostic>,
}

impl Preparing<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.wrong.push(Diagnostic { subject: self.subject.clone(), ..diagnostic });
    }

    fn object(&mut self, object: &Object) -> Option<(ObjectId, Arc<Value>)> {
        let text = |key: &str| object.value.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = self.kinds.of(text("apiVersion"), text("kind"))?;
        let known = &self.kinds.all()[kind];
        let metadata = object.value.get("metadata");
        let word = |key: &str| {
            metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str).unwrap_or_default()
        };
        let (namespace, name) = (word("namespace"), word("name"));
        let problem = match known.namespaced {
            Some(true) if namespace.is_empty() => {
                Some((format!("{} {name} lies in no namespace", known.kind), "write `namespace: test-a`"))
            }
            Some(false) if !namespace.is_empty() => {
                Some((format!("{} {name} has no namespace", known.kind), "leave the namespace out"))
            }
            _ => None,
        };
        if let Some((message, help)) = problem {
            self.report(Diagnostic::new(Code::BadObject, object.place, message).help(help));
            return None;
        }
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty()).map(Into::into);
        let id = ObjectId { kind, key: ObjectKey { namespace, name: name.into() } };
        self.names.insert(id.clone());
        Some((id, Arc::clone(&object.value)))
    }

    /// The rules of each kind. A name that several groups have leaves its rule out, as on a cluster: told.
    fn watching(&mut self, rules: &RuleSet) -> Vec<Vec<Arc<Rule>>> {
        let mut watching = vec![Vec::new(); self.kinds.all().len()];
        for rule in &rules.rules {
            let mut kinds = BTreeSet::new();
            for target in &rule.watch {
                match self.kinds.meaning(target) {
                    Meaning::Kind(kind) => drop(kinds.insert(kind)),
                    Meaning::Absent => {}
                    Meaning::Ambiguous(first, second) => {
                        let message = format!(
                            "the rule `{}` watches `{target}`, which {first} and {second} have",
                            rule.id
                        );
                        let help = format!("write `{target}.{first}` in the rule");
                        self.report(Diagnostic::new(Code::BadWatch, None, message).help(help));
                    }
                }
            }
            kinds.into_iter().for_each(|kind| watching[kind].push(Arc::clone(rule)));
        }
        watching
    }

    fn reference(&mut self, reference: &Reference) -> Option<ObjectId> {
        let Reference { resource, namespace, name, place } = reference;
        let kind = match self.kinds.meaning(resource) {
            Meaning::Kind(kind) => Some(kind),
            Meaning::Absent => None,
            Meaning::Ambiguous(first, second) => {
                let message = format!("`{resource}` could be of {first} or of {second}");
                let help = format!("write `{resource}.{first}`");
                self.report(Diagnostic::new(Code::BadReference, *place, message).help(help));
                return None;
            }
        };
        let key = ObjectKey { namespace: namespace.as_deref().map(Into::into), name: name.as_str().into() };
        let id = kind.map(|kind| ObjectId { kind, key });
        if let Some(id) = id.filter(|id| self.names.contains(id)) {
            return Some(id);
        }
        let written = named(resource, namespace.as_deref(), name);
        let names: Vec<String> = self.names.iter().map(|id| self.name_of(id)).collect();
        let help = match nearest(&written, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "name it under `objects`, or let a step `apply` it".to_owned(),
            None => format!("it has {}", shown(&names)),
        };
        let message = format!("the case has no object `{written}`");
        self.report(Diagnostic::new(Code::UnknownObject, *place, message).help(help));
        None
    }

    fn name_of(&self, id: &ObjectId) -> String {
        let resource = self.kinds.all()[id.kind].resource();
        match &id.key.namespace {
            Some(namespace) => format!("{resource}/{namespace}/{}", id.key.name),
            None => format!("{resource}/{}", id.key.name),
        }
    }

    fn check_rule(&mut self, expected: &Expected, rules: &RuleSet) {
        let Some((name, place)) = &expected.rule else { return };
        if rules.rules.iter().any(|rule| super::comparison::is_rule(expected, &rule.id)) {
            return;
        }
        let names: Vec<String> = match name.contains('/') {
            true => rules.rules.iter().map(|rule| rule.id.to_string()).collect(),
            false => rules.rules.iter().map(|rule| rule.id.name.to_string()).collect(),
        };
        let help = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", shown(&names)),
        };
        let message = format!("no rule under test is called `{name}`");
        self.report(Diagnostic::new(Code::UnknownRule, *place, message).help(help));
    }
}

fn named(resource: &WatchTarget, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{resource}/{namespace}/{name}"),
        None => format!("{resource}/{name}"),
    }
}

/// As many as a person reads.
fn shown(names: &[String]) -> String {
    let few: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(few.len());
    if more > 0 { format!("{} and {more} more", few.join(", ")) } else { few.join(", ") }
}
