//! Guardrails: what people protect beyond what is built in, and which built-in protection they lift. All
//! documents hold at once, so that together they are as strict as the strictest of them: what one protects is
//! protected, and lifting a built-in protection counts only where no document protects.

use std::sync::Arc;

use serde_json::Value;

use crate::facts::Facts;
use crate::guard::{Held, LookAgain, Subject, is_namespace};
use crate::matcher::{Context, Matcher};
use crate::observation::Observation;
use crate::values::Globs;

/// The owners whose pods are protected without any document.
pub const SYSTEM_OWNERS: &[&str] = &["DaemonSet"];

/// All documents that are in force.
#[derive(Clone, Debug, Default)]
pub struct Guardrails {
    /// In the order of their files.
    pub documents: Vec<Arc<Document>>,
}

/// One document of kind Guardrails.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// `metadata.name`.
    pub name: String,
    /// Where it holds; `None`: everywhere.
    pub within: Option<Globs>,
    /// What no rule touches.
    pub protect: Protect,
    /// What is built in and does not hold.
    pub unprotect: Unprotect,
}

/// What no rule touches. Each entry protects by itself.
#[derive(Clone, Debug, Default)]
pub struct Protect {
    /// The namespaces, and what is in them.
    pub namespaces: Option<Globs>,
    /// Label selectors, of the object, its namespace or a controlling ancestor.
    pub labels: Vec<Selector>,
    /// The kinds of objects.
    pub kinds: Vec<KindName>,
    /// The kinds of owners, such as `DaemonSet`, at any height.
    pub owner_kinds: Vec<String>,
    /// Pods of this priority and above.
    pub priority_at_least: Option<i64>,
}

/// A label selector.
#[derive(Clone, Debug)]
pub struct Selector {
    /// As a person reads it: `matchLabels.tier gold`.
    pub written: String,
    /// The matcher `labels`.
    pub matcher: Arc<dyn Matcher>,
}

impl Protect {
    /// Each entry as a person reads it: `namespaces prod-*`.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let named = |key: &str, names: Vec<String>| {
            (!names.is_empty()).then(|| format!("{key} {}", names.join(", ")))
        };
        [
            self.namespaces.as_ref().map(|globs| format!("namespaces {globs}")),
            named("labels", self.labels.iter().map(|selector| selector.written.clone()).collect()),
            named("kinds", self.kinds.iter().map(ToString::to_string).collect()),
            named("ownerKinds", self.owner_kinds.clone()),
            self.priority_at_least.map(|least| format!("priorityAtLeast {least}")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Unprotect {
    /// Each entry as a person reads it: `namespaces kubevirt`.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let namespaces = self.namespaces.iter().map(|globs| format!("namespaces {globs}"));
        let owners =
            (!self.owner_kinds.is_empty()).then(|| format!("ownerKinds {}", self.owner_kinds.join(", ")));
        namespaces.chain(owners).collect()
    }
}

/// Which built-in protections do not hold.
#[derive(Clone, Debug, Default)]
pub struct Unprotect {
    /// System namespaces.
    pub namespaces: Option<Globs>,
    /// Owners whose pods are protected: `DaemonSet`.
    pub owner_kinds: Vec<String>,
}

/// A kind as a person names it. Where a name could mean several kinds it means all of them: what protects errs
/// on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindName {
    /// `*`: all kinds of the group.
    name: String,
    /// `None`: in any group.
    group: Option<String>,
}

impl KindName {
    /// Reads `pods`, `pvc`, `virtualmachines.kubevirt.io`, `deployments.v1.apps`, `kubevirt.io/v1/VirtualMachine`
    /// or `*.kubevirt.io`; versions mean nothing here. `None`: it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let sound_group = |group: &str| group.split('.').all(word);
        let (name, group) = match text.split('/').collect::<Vec<_>>().as_slice() {
            [resource] => match resource.split_once('.') {
                Some((name, group)) => (name, Some(without_version(group))),
                None => (*resource, None),
            },
            [version, kind] if is_version(version) => (*kind, Some("")),
            [group, version, kind] if is_version(version) => (*kind, Some(*group)),
            _ => return None,
        };
        let all = name == "*" && group.is_some_and(|group| !group.is_empty());
        let sound = (all || word(name)) && group.is_none_or(|group| group.is_empty() || sound_group(group));
        sound.then(|| Self { name: name.to_owned(), group: group.map(str::to_owned) })
    }

    /// Whether it names this resource, which has these other names: its singular, its short names, its kind.
    #[must_use]
    pub fn names(&self, resource: &str, others: &[&str]) -> bool {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let same = |name: &str| name.eq_ignore_ascii_case(&self.name);
        self.group.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(group))
            && (self.name == "*" || same(plural) || others.iter().any(|name| same(name)))
    }
}

impl std::fmt::Display for KindName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.group.as_deref() {
            Some(group) if !group.is_empty() => write!(f, "{}.{group}", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

/// `apps` of `v1.apps`.
fn without_version(group: &str) -> &str {
    group.split_once('.').filter(|(version, _)| is_version(version)).map_or(group, |(_, rest)| rest)
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

impl Guardrails {
    /// Whether this system namespace is not protected as such.
    #[must_use]
    pub fn lift_namespace(&self, namespace: &str) -> bool {
        let lifts = |globs: &Globs| globs.matches(namespace);
        self.documents.iter().any(|document| document.unprotect.namespaces.as_ref().is_some_and(lifts))
    }

    /// Whether pods of this kind of owner are not protected as such.
    #[must_use]
    pub fn lift_owner(&self, kind: &str) -> bool {
        self.documents.iter().any(|document| document.unprotect.owner_kinds.iter().any(|own| own == kind))
    }

    /// The first document that holds the subject back, if any.
    #[must_use]
    pub fn protection(&self, subject: &Subject<'_>) -> Option<Held> {
        self.documents.iter().find_map(|document| {
            let (why, until) = document.holds_back(subject)?;
            Some(Held { by: format!("guardrails {}: {why}", document.name), until })
        })
    }
}

impl Document {
    fn holds_back(&self, subject: &Subject<'_>) -> Option<(String, LookAgain)> {
        let namespace = namespace_of(subject);
        if let Some(within) = &self.within
            && !namespace.is_some_and(|namespace| within.matches(namespace))
        {
            return None;
        }
        let protect = &self.protect;
        let its_own = |why: String| Some((why, LookAgain::WhenItChanges));
        let by_namespace =
            protect.namespaces.as_ref().zip(namespace).filter(|(globs, name)| globs.matches(name));
        if let Some((globs, _)) = by_namespace {
            return its_own(format!("namespaces {globs}"));
        }
        if let Some(kind) = protect.kinds.iter().find(|kind| kind.names(subject.resource, subject.names)) {
            return its_own(format!("kinds {kind}"));
        }
        if let Some(least) = protect.priority_at_least.filter(|_| subject.resource == "pods") {
            match priority(subject.object) {
                Some(priority) if priority < least => {}
                Some(priority) => {
                    return its_own(format!("priorityAtLeast {least}, and its priority is {priority}"));
                }
                None => return its_own(format!("priorityAtLeast {least}, and its priority is not known")),
            }
        }
        self.by_owner(subject).or_else(|| self.by_label(subject))
    }

    /// An owner of a protected kind, at any height that is known: one that is gone is still named from below.
    fn by_owner(&self, subject: &Subject<'_>) -> Option<(String, LookAgain)> {
        let kinds = &self.protect.owner_kinds;
        let owned = |object: &Observation| {
            let owners = object.owners();
            let owner = owners.iter().find(|owner| kinds.iter().any(|kind| kind == owner.kind))?;
            Some(format!("ownerKinds {}, and {} {} owns it", owner.kind, owner.kind, owner.name))
        };
        if let Some(why) = owned(subject.object) {
            return Some((why, LookAgain::WhenItChanges));
        }
        let above = subject.ancestors.iter().find_map(|(_, ancestor)| owned(ancestor));
        above.map(|why| (why, LookAgain::Later(None)))
    }

    fn by_label(&self, subject: &Subject<'_>) -> Option<(String, LookAgain)> {
        let bare = Observation::new(Value::Null);
        self.protect.labels.iter().find_map(|selector| {
            if selects(selector, subject.object) {
                let why = format!("labels, and it has {}", explained(selector, subject.object));
                return Some((why, LookAgain::WhenItChanges));
            }
            // "Without this label" speaks of the object alone: its namespace hardly ever has it.
            if selects(selector, &bare) {
                return None;
            }
            let namespace =
                subject.namespace.map(|namespace| (format!("namespace {}", namespace.name()), namespace));
            let ancestors = subject.ancestors.iter().map(|(name, object)| (name.clone(), object));
            let mut above = namespace.into_iter().chain(ancestors);
            let (name, object) = above.find(|(_, object)| selects(selector, object))?;
            let why = format!("labels, and {name} has {}", explained(selector, object));
            Some((why, LookAgain::Later(None)))
        })
    }
}

fn namespace_of<'a>(subject: &Subject<'a>) -> Option<&'a str> {
    let own = is_namespace(subject.resource).then(|| subject.object.name());
    subject.object.namespace().or(own)
}

fn priority(pod: &Observation) -> Option<i64> {
    pod.object().get("spec")?.get("priority")?.as_i64()
}

fn selects(selector: &Selector, object: &Observation) -> bool {
    let facts = Facts::none();
    let context = Context::new(object, &facts, jiff::Timestamp::UNIX_EPOCH);
    selector.matcher.evaluate(&context).truth.is_true()
}

fn explained(selector: &Selector, object: &Observation) -> String {
    selector.matcher.explain(&Context::new(object, &Facts::none(), jiff::Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests;
