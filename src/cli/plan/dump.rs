//! A plan of a dump. What it does not have may be on the cluster all the same, unless it is said to be complete; what
//! could hold something back and is not in it is told of.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use k8s_healer_engine::rule::RuleSet;

use super::report::{Report, Source};
use super::{Arguments, failed, narrowed, next, unmet};
use crate::cli::daemon::sweep::progress::Counting;
use crate::cli::diagnostics::{Style, show_problems};
use crate::cluster::clock::{Clock, SystemClock};
use crate::dump;
use crate::simulation::gathering::{Gathered, Gathering};
use crate::simulation::knowledge::Missing;
use crate::simulation::plan::{Plan, Question, plan as planned};

/// Reads it and plays the rules on it; or the exit status, after it was told why not. I/O.
pub(super) fn plan(arguments: &Arguments, rules: &RuleSet, stdin: &mut dyn Read) -> Result<Report, u8> {
    let mut gathering = Gathering::new(rules, arguments.complete);
    let mut namespaces = BTreeSet::new();
    let bytes = Cell::default();
    let mut counting = Counting::of(&bytes);
    let read = dump::read_counting(&arguments.from, stdin, &bytes, &mut |item: dump::Item| {
        counting.one();
        namespaces.extend(namespace_of(&item));
        gathering.add(&item.api_version, &item.kind, item.value);
    });
    drop(counting);
    let summary = read.map_err(|problems| refused(&problems))?;
    let paths: Vec<String> = arguments.from.iter().map(|path| path.display().to_string()).collect();
    if summary.objects == 0 && summary.lists == 0 {
        let help = "write one by `kubectl get pods,namespaces -A -o json`";
        return Err(failed(&format!("there is no object of Kubernetes in {}; {help}", paths.join(", "))));
    }
    // Of nothing at all, any moment tells the same.
    let of_nothing = (summary.objects == 0).then(|| SystemClock.now());
    let Some(at) = arguments.at.or(summary.newest).or(of_nothing) else {
        return Err(failed("no object in the dump tells a time: write the moment of the dump with --at"));
    };
    for dump::Empty { api_version, kind, namespace } in &summary.empty {
        gathering.has_none(api_version, kind, namespace.as_deref());
    }
    let Gathered { mut world, watching, refused, absent, placeless } = gathering.finish();
    let mut incomplete = refused;
    incomplete.extend(lost(&placeless));
    incomplete.extend(refusals(&summary));
    // Nothing is not all clear where something was not looked at.
    incomplete.extend(summary.passed.told().filter(|_| summary.objects == 0));
    if summary.pages > 0 {
        let lists = if summary.pages == 1 { "a list" } else { "some lists" };
        incomplete.push(format!(
            "the dump has {lists} of which the server had more (`metadata.continue`): take it with `kubectl get`, which \
             asks for all pages"
        ));
    }
    if arguments.complete {
        world.has_hidden_namespaces();
    }
    let question = Question { at, within: arguments.within, guard: arguments.guard(rules) };
    let plan = planned(world, watching, &question);
    incomplete.extend(plan.endless.iter().cloned());
    let mut notes = notes(&plan);
    notes.extend(absent.iter().map(|(kind, rules)| {
        let watch = if rules.len() == 1 { "watches" } else { "watch" };
        format!("the dump has no {kind}, which {} {watch}", rules.join(", "))
    }));
    notes.extend(narrowed(arguments, rules));
    notes.extend(unmet(&arguments.namespace, &namespaces, "dump"));
    notes.extend(passed_over(&summary));
    Ok(Report {
        next: next::of_dump(arguments, &plan),
        source: Source::Dump { paths },
        rules: rules.clone(),
        mode: arguments.mode(),
        within: arguments.within,
        plan,
        notes,
        incomplete,
    })
}

/// Of items of lists that are no objects, that there are some; and of a few files that were not looked at, which these
/// are. A must-gather has thousands, of which nobody wants to read.
pub(in crate::cli) fn passed_over(summary: &dump::Summary) -> Vec<String> {
    const FEW: usize = 10;
    let items = match summary.items_skipped {
        0 => None,
        1 => Some("1 item of a list was".to_owned()),
        many => Some(format!("{many} items of lists were")),
    };
    let reason = "passed over: without apiVersion, kind or a name it cannot be told what object it is";
    let items = items.map(|items| format!("{items} {reason}"));
    let files = summary.passed.told().filter(|_| summary.passed.count <= FEW && summary.objects > 0);
    items.into_iter().chain(files).collect()
}

/// What a server said in the place of objects.
pub(in crate::cli) fn refusals(summary: &dump::Summary) -> impl Iterator<Item = String> {
    summary.refusals.iter().map(|reason| format!("the dump lacks what the server refused: {reason}"))
}

/// Of objects that rules on namespaces do not see, that there are some.
pub(in crate::cli) fn lost(placeless: &BTreeMap<String, usize>) -> impl Iterator<Item = String> {
    placeless.iter().map(|(resource, count)| {
        let lacks = if *count == 1 { "1 object lacks" } else { &format!("{count} objects lack") };
        format!("{resource}: {lacks} `metadata.namespace`, and no rule on `namespaces` is held against them")
    })
}

/// Where an object lies; of a Namespace, itself.
fn namespace_of(item: &dump::Item) -> Option<Arc<str>> {
    let is_namespace = item.kind == "Namespace" && item.api_version == "v1";
    let name = item.value.pointer(if is_namespace { "/metadata/name" } else { "/metadata/namespace" })?;
    name.as_str().map(Arc::from)
}

fn refused(problems: &[dump::Problem]) -> u8 {
    let style = Style::of_terminal(&io::stderr());
    // Whether anybody reads it changes nothing.
    drop(show_problems(problems, style, &mut io::stderr().lock()));
    failed("the dump cannot be read as a whole; nothing was planned")
}

/// What could hold back what would be done, and is not in the dump.
fn notes(plan: &Plan) -> Vec<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut budgets = false;
    for missing in &plan.missing {
        match missing {
            Missing::Object(named) => *kinds.entry(&named.kind).or_default() += 1,
            Missing::Budgets { .. } => budgets = true,
        }
    }
    let counted = |(kind, count): (&&str, &usize)| format!("{kind} ({count})");
    let mut notes = Vec::new();
    if !kinds.is_empty() {
        let told: Vec<String> = kinds.iter().map(counted).collect();
        notes.push(format!(
            "not in the dump, and so not known: what these protect, and what rules ask of them: {}",
            told.join(", ")
        ));
    }
    if budgets {
        notes.push(
            "the dump does not have the PodDisruptionBudgets of every namespace: whether one refuses an eviction is not known"
                .to_owned(),
        );
    }
    notes
}
