//! The object and what stands around it as a dump has them. What the dump does not have is not known, unless it is
//! said to be complete.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::WatchTarget;

use super::asked::{Asked, Subject};
use super::name::{Meant, likely};
use super::rules::{Rules, others};
use super::{Arguments, among};
use crate::cli::daemon::sweep::progress::Counting;
use crate::cli::diagnostics::{Style, show_problems};
use crate::cli::plan::dump::{lost, passed_over, refusals};
use crate::dump;
use crate::rules::nearest;
use crate::rules::offline::Meaning;
use crate::simulation::explain::{Around, Explanation, Seen};
use crate::simulation::gathering::{Gathered, Gathering};
use crate::simulation::plan::{Question, plan};
use crate::simulation::world::{ObjectId, World, WorldKind};

/// An object of a dump, and the moment of the dump.
pub(super) struct Found {
    pub(super) subject: Subject,
    pub(super) asked: Asked,
    pub(super) at: Timestamp,
    /// Beside all the other objects of the dump.
    pub(super) explanation: Explanation,
}

/// Reads a dump. I/O.
pub(super) fn find(
    arguments: &Arguments,
    name: &Meant,
    rules: &Rules,
    stdin: &mut dyn Read,
) -> Result<Found, String> {
    let mut gathering = Gathering::new(&rules.set, arguments.complete);
    let bytes = Cell::default();
    let mut counting = Counting::of(&bytes);
    let read = dump::read_counting(&arguments.from, stdin, &bytes, &mut |item: dump::Item| {
        counting.one();
        gathering.add(&item.api_version, &item.kind, item.value);
    });
    drop(counting);
    let summary = read.map_err(|problems| {
        // Whether anybody reads it changes nothing.
        drop(show_problems(&problems, Style::of_terminal(&io::stderr()), &mut io::stderr().lock()));
        "the dump cannot be read as a whole; nothing is explained".to_owned()
    })?;
    for dump::Empty { api_version, kind, namespace } in &summary.empty {
        gathering.has_none(api_version, kind, namespace.as_deref());
    }
    let target = &name.kind;
    let meaning = match gathering.meaning(target) {
        Meaning::Kind(kind) => Ok(Some(kind)),
        Meaning::Absent => Ok(None),
        Meaning::Ambiguous(first, second) => {
            Err(format!("{first} and {second} both have {target}: write {target}.{first}"))
        }
    }?;
    let is_meant = |target: &WatchTarget| match gathering.meaning(target) {
        Meaning::Kind(kind) => meaning == Some(kind),
        Meaning::Absent | Meaning::Ambiguous(..) => target.is_wide(),
    };
    let off = rules.switched_off.iter().filter(|off| off.watch.iter().any(is_meant));
    let mut notes: Vec<String> = off.map(|off| off.note.clone()).collect();
    let Gathered { mut world, watching, refused, placeless, .. } = gathering.finish();
    if arguments.complete {
        world.has_hidden_namespaces();
    }
    let kind = meaning.ok_or_else(|| no_kind(&world, target))?;
    let resource = &world.kinds()[kind].resource;
    let (id, object) = object(&world, kind, name, arguments)?;
    let of_kind: Vec<_> = watching[kind].iter().map(|one| (Arc::clone(&one.rule), one.is_named)).collect();
    if of_kind.is_empty() {
        let watch = rules.set.rules.iter().flat_map(|rule| &rule.watch).map(ToString::to_string);
        let mut watch: Vec<String> = watch.collect();
        watch.sort();
        watch.dedup();
        return Err(format!("no rule watches {resource}: they watch {}", among(&watch)));
    }
    let Some(at) = arguments.at.or(summary.newest) else {
        return Err("no object in the dump tells a time: write the moment of the dump with --at".to_owned());
    };
    let Around { facts, unknown, namespace, ancestors, unknown_above, missing, budgets } =
        world.around(&id, &object, &others(&of_kind));
    let asked = Asked {
        facts,
        unknown,
        namespace,
        ancestors,
        missing,
        unknown_above,
        budgets,
        seen: Seen::default(),
        object: (*object).clone(),
    };
    notes.extend(passed_over(&summary));
    notes.extend(refusals(&summary));
    notes.extend(lost(&placeless));
    notes.extend(refused.into_iter().map(|refused| format!("left out: {refused}")));
    let mut subject = Subject {
        resource: resource.clone(),
        names: world.kinds()[kind].names.clone(),
        name: world.name_of(&id),
        watching: of_kind,
        notes,
    };
    let mut explanation = asked.explain(&subject, rules, at);
    if let Some(within) = {
        let all = rules.set.rules.iter().map(AsRef::as_ref);
        explanation.asks_of_others(at, all)
    } {
        let question = Question { at, within, guard: rules.guard.clone() };
        let plan = plan(world, watching, &question);
        explanation.beside_others(&plan, &subject.name);
        subject.notes.extend(plan.endless);
    }
    Ok(Found { subject, asked, at, explanation })
}

fn no_kind(world: &World, target: &WatchTarget) -> String {
    let written = target.to_string();
    let all = world.kinds().iter();
    let all: Vec<&str> = all
        .flat_map(|WorldKind { resource, names, .. }| names.iter().chain([resource]))
        .map(String::as_str)
        .collect();
    let help = match nearest(&written, all) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let resources: Vec<String> = world.kinds().iter().map(|kind| kind.resource.clone()).collect();
            format!("it has {}", among(&resources))
        }
    };
    format!("the dump has no object of a kind {written}: {help}")
}

/// The object that is meant; without a namespace, the one of this name in whichever.
fn object(
    world: &World,
    kind: usize,
    name: &Meant,
    arguments: &Arguments,
) -> Result<(ObjectId, Arc<Observation>), String> {
    let namespace = arguments.namespace.as_ref().or(name.namespace.as_ref());
    let resource = &world.kinds()[kind].resource;
    let of_kind = || world.iter().filter(|(id, _)| id.kind == kind);
    let is_there = |id: &ObjectId| {
        // What lies in no namespace is found whatever the flag says.
        let own = id.key.namespace.as_deref();
        namespace.is_none_or(|namespace| own.is_none_or(|own| own == namespace))
    };
    let named: Vec<_> = of_kind().filter(|(id, _)| *id.key.name == *name.name).collect();
    let found: Vec<_> = named.iter().filter(|(id, _)| is_there(id)).collect();
    match found.as_slice() {
        [(id, object)] => return Ok(((*id).clone(), Arc::clone(object))),
        [_, _, ..] => {
            let namespaces: Vec<String> =
                found.iter().filter_map(|(id, _)| Some(id.key.namespace.as_ref()?.to_string())).collect();
            return Err(format!(
                "there are several {resource} of the name {}: name one of the namespaces {} with -n",
                name.name,
                among(&namespaces)
            ));
        }
        [] => {}
    }
    let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let head = format!("the dump has no {resource}/{place}{}", name.name);
    if let Some((id, _)) = named.first() {
        return Err(format!("{head}, but {}", world.name_of(id)));
    }
    let names: Vec<String> =
        of_kind().filter(|(id, _)| is_there(id)).map(|(id, _)| id.key.name.to_string()).collect();
    Err(match likely(&name.name, &names).as_slice() {
        [] if names.is_empty() => format!("{head}, and no other there"),
        [] => format!("{head}: it has {}", among(&names)),
        likely => format!("{head}: did you mean {}?", among(likely)),
    })
}
