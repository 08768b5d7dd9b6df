//! What a case means: which kind each of its objects is of, which rules watch them, and that it speaks of nothing
//! that is not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_healer_engine::rule::{Rule, RuleSet, WatchTarget};
use k8s_healer_engine::tracker::ObjectKey;
use serde_json::Value;

use super::Watching;
use super::comparison::is_rule;
use super::world::{ObjectId, WorldKind};
use crate::rules::offline::{Kinds, Meaning};
use crate::rules::ruletest::{Case, Event, Expected, Object, Reference};
use crate::rules::{Code, Diagnostic, nearest};

/// Kinds and names, resolved.
pub(super) struct Prepared {
    pub(super) kinds: Vec<(WorldKind, Vec<Watching>)>,
    pub(super) listed: Vec<(usize, Arc<Value>)>,
    pub(super) moments: Vec<Steps>,
}

/// The objects of a moment, in the order in which it names them.
pub(super) struct Steps {
    pub(super) events: Vec<ObjectId>,
    pub(super) expected: Vec<ObjectId>,
}

impl Prepared {
    pub(super) fn of(case: &Case, rules: &RuleSet) -> Result<Self, Vec<Diagnostic>> {
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
            Event::Apply(object) | Event::Set(object, _) => Some(object),
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
                    Event::Apply(object) | Event::Set(object, _) => {
                        preparing.object(object).map(|(id, _)| id)
                    }
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
                names: kind.other_names(),
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
            Event::Apply(_) | Event::Set(..) => None,
            Event::Patch(reference, _) | Event::Remove(reference) => Some(&reference.resource),
        });
        events.chain(moment.expected.iter().map(|expected| &expected.object.resource))
    });
    let watched = rules.rules.iter().flat_map(|rule| &rule.watch);
    let mut kinds = Kinds::named_by(watched.chain(references));
    let applied = case.moments.iter().flat_map(|moment| &moment.events).filter_map(|event| match event {
        Event::Apply(object) | Event::Set(object, _) => Some(object),
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
    fn watching(&mut self, rules: &RuleSet) -> Vec<Vec<Watching>> {
        let mut watching = vec![Vec::new(); self.kinds.all().len()];
        for rule in &rules.rules {
            let watched = self.kinds.watched(&rule.watch);
            for (target, first, second) in watched.ambiguous {
                let message =
                    format!("the rule `{}` watches `{target}`, which {first} and {second} have", rule.id);
                let help = format!("write `{target}.{first}` in the rule");
                self.report(Diagnostic::new(Code::BadWatch, None, message).help(help));
            }
            for (kind, is_named) in watched.kinds {
                watching[kind].push(Watching { rule: Arc::clone(rule), is_named });
            }
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
        if rules.rules.iter().any(|rule| is_rule(expected, &rule.id)) {
            return;
        }
        let named = |rule: &Arc<Rule>| {
            if name.contains('/') { rule.id.to_string() } else { rule.id.name.to_string() }
        };
        let names: Vec<String> = rules.rules.iter().map(named).collect();
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
