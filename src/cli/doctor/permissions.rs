//! Asks the server whether the rights are there that rules need: in the whole cluster, and where that is not
//! so, in each namespace that the rules select.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::finding::{Check, Finding};
use super::needs::{Need, Places, Weight};
use super::rbac::{Grant, grants};
use crate::cluster::access::{Question, may_all};
use crate::cluster::in_full;
use crate::cluster::read::ReadError;
use crate::cluster::transport::Transport;

/// A right is asked for in so many namespaces at the most: what is missing in all of these is missing.
const MOST_NAMESPACES: usize = 100;
/// More names in one line are of no use.
const MOST_NAMED: usize = 3;

/// Where a right is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    InTheCluster,
    /// In these, which are all that need it.
    InNamespaces(BTreeSet<Arc<str>>),
    /// Not in the cluster, and no namespace needs it yet.
    Nowhere,
    /// Not in these; none: not in the cluster.
    MissingIn(BTreeSet<Arc<str>>),
}

/// Client required.
pub(super) async fn check(transport: &Transport, needs: Vec<Need>) -> Vec<Finding> {
    match ask(transport, &needs).await {
        Ok(held) => findings(&needs, &held),
        Err(error) => {
            let what = format!("it cannot be asked what is permitted: {}", in_full(&error));
            let advice = "bind the ClusterRole system:basic-user, as every server does by default";
            vec![Finding::fail(Check::Permissions, what).advise(advice).passing()]
        }
    }
}

async fn ask(transport: &Transport, needs: &[Need]) -> Result<Vec<Held>, ReadError> {
    let questions: Vec<Question> = needs.iter().map(|need| need.question.clone()).collect();
    let mut held = Vec::new();
    let mut narrower: Vec<(usize, Question)> = Vec::new();
    for (index, answer) in may_all(transport, &questions).await.into_iter().enumerate() {
        held.push(match (answer?.allowed, &needs[index].places) {
            (true, _) => Held::InTheCluster,
            (false, Places::Cluster) => Held::MissingIn(BTreeSet::new()),
            (false, Places::Namespaces(places)) if places.is_empty() => Held::Nowhere,
            (false, Places::Namespaces(places)) => {
                let places = places.iter().take(MOST_NAMESPACES);
                narrower
                    .extend(places.map(|place| (index, questions[index].clone().within(Arc::clone(place)))));
                Held::InNamespaces(BTreeSet::new())
            }
        });
    }
    let questions: Vec<Question> = narrower.iter().map(|(_, question)| question.clone()).collect();
    for ((index, question), answer) in narrower.iter().zip(may_all(transport, &questions).await) {
        let place = question.namespace.iter().cloned();
        match (answer?.allowed, &mut held[*index]) {
            (true, Held::InNamespaces(places)) => places.extend(place),
            (true, _) => {}
            (false, Held::MissingIn(places)) => places.extend(place),
            (false, held) => *held = Held::MissingIn(place.collect()),
        }
    }
    Ok(held)
}

/// Rights to one kind that are alike make one finding.
fn findings(needs: &[Need], held: &[Held]) -> Vec<Finding> {
    let mut groups: Vec<(Group<'_>, Vec<&Need>)> = Vec::new();
    for (need, held) in needs.iter().zip(held) {
        // Controllers of all kinds are told of in one line.
        let kind = (need.weight != Weight::Controller).then(|| need.question.resource.name());
        let group = Group { kind, weight: need.weight, held };
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, alike)) => alike.push(need),
            None => groups.push((group, vec![need])),
        }
    }
    groups.iter().map(|(group, needs)| finding(group, needs)).collect()
}

#[derive(PartialEq, Eq)]
struct Group<'a> {
    kind: Option<String>,
    weight: Weight,
    held: &'a Held,
}

fn finding(group: &Group<'_>, needs: &[&Need]) -> Finding {
    let rights = in_words(needs);
    let rules: BTreeSet<&String> = needs.iter().flat_map(|need| &need.rules).collect();
    let (rules, missing) = (few(rules), grants(needs.iter().map(|need| &need.question)));
    let place = match group.held {
        Held::InTheCluster => {
            return Finding::ok(Check::Permissions, format!("{rights}, in the whole cluster"));
        }
        Held::InNamespaces(places) => {
            let places = match (places.len(), selected(needs)) {
                (asked, all) if asked < all => {
                    format!(
                        "{asked} of {all} namespaces that the rules select; the others were not asked about"
                    )
                }
                (0..=MOST_NAMED, _) => few(places),
                (_, all) => format!("all {all} namespaces that the rules select"),
            };
            return Finding::ok(Check::Permissions, format!("{rights}, in {places}"));
        }
        Held::Nowhere if group.weight == Weight::Essential => {
            let what = format!(
                "{rights} is not permitted in the whole cluster, and no namespace is there yet that {rules} \
                 selects: whether it is permitted there cannot be told"
            );
            return Finding::warn(Check::Permissions, what).advise(advice(&missing)).missing(missing);
        }
        Held::Nowhere => String::new(),
        Held::MissingIn(places) if places.is_empty() => String::new(),
        Held::MissingIn(places) => format!(" in {}", few(places)),
    };
    let denied = format!("{rights} is not permitted{place}");
    let finding = match group.weight {
        Weight::Essential => {
            Finding::fail(Check::Permissions, format!("{denied}; needed by {rules}")).passing()
        }
        Weight::Controller => {
            let why = "what these control could be protected by them, and is held back";
            Finding::warn(Check::Permissions, format!("{denied}: {why} ({rules})"))
        }
        Weight::Comfort => {
            let lists = needs.iter().any(|need| need.question.verb == "list");
            let why = match group.kind.as_deref() {
                Some("namespaces") if lists => "of namespaces, only those that rules name in full are known",
                Some("namespaces") => "new namespaces are found by a list every few seconds",
                _ => "new kinds are looked for every half a minute",
            };
            Finding::warn(Check::Permissions, format!("{denied}: {why}"))
        }
    };
    finding.advise(advice(&missing)).missing(missing)
}

/// How many namespaces need these rights, which are needed in the same places.
fn selected(needs: &[&Need]) -> usize {
    let count = |need: &&Need| match &need.places {
        Places::Cluster => 0,
        Places::Namespaces(places) => places.len(),
    };
    needs.iter().map(count).max().unwrap_or_default()
}

fn advice(missing: &[Grant]) -> String {
    let rules = missing.iter().map(Grant::in_yaml).collect::<Vec<_>>().join(" ");
    format!("grant {rules}")
}

/// `list, watch on pods, create on pods/eviction`.
fn in_words(needs: &[&Need]) -> String {
    let mut by_object: Vec<(String, Vec<&str>)> = Vec::new();
    for Need { question, .. } in needs {
        let verbless = question.to_string();
        let object = verbless.split_once(" on ").map_or("", |(_, object)| object).to_owned();
        match by_object.iter_mut().find(|(known, _)| *known == object) {
            Some((_, verbs)) => verbs.push(question.verb),
            None => by_object.push((object, vec![question.verb])),
        }
    }
    // `get` of many kinds reads better as one.
    if let [(_, verb), rest @ ..] = &by_object[..]
        && rest.iter().all(|(_, other)| other == verb)
    {
        let objects = by_object.iter().map(|(object, _)| object.as_str()).collect::<Vec<_>>().join(", ");
        return format!("{} on {objects}", verb.join(", "));
    }
    let words = by_object.iter().map(|(object, verbs)| format!("{} on {object}", verbs.join(", ")));
    words.collect::<Vec<_>>().join(", ")
}

/// `a, b, c and 4 more`.
pub(super) fn few<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<T> = names.into_iter().collect();
    let shown = names.iter().take(MOST_NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
mod tests;
