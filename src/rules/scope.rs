//! Where a rule looks: `namespaces`, the labels of namespaces, or `scope: cluster` spelled out. A rule that says
//! none of them looks nowhere, and is an error.

use std::sync::Arc;

use k8s_healer_engine::descriptor::{Fault, ValueKind};
use k8s_healer_engine::facts::Others;
use k8s_healer_engine::guard::SYSTEM_NAMESPACES;
use k8s_healer_engine::matcher::Matcher;
use k8s_healer_engine::matchers::{SELECTOR_KEYS, namespace_selector};
use k8s_healer_engine::rule::Scope;
use k8s_healer_engine::values::Globs;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::intersection::{covers, meet};
use super::lowering::{Fields, Lowering};
use super::names::{as_dns_label, may_be_dns_label};
use super::node::{Entry, MERGE, Node};
use super::overrides::MovedBy;
use super::rule::{DEFAULT_KEYS, RULE_KEYS, place_of};
use super::values::items;

const EXAMPLE: &str = "[test-*]";

impl Lowering<'_> {
    /// Reports `namespaces`, or a selector of them, and `scope` in one mapping.
    pub(super) fn check_scope_conflict(&mut self, fields: Fields<'_>) -> bool {
        let some = fields.get("namespaces").or(fields.get("namespaceSelector"));
        let (Some(scope), Some(namespaces)) = (fields.get("scope"), some) else {
            return false;
        };
        let message = format!(
            "`scope: cluster` looks into all namespaces, `{}` into some: only one can hold",
            namespaces.key.text
        );
        let diagnostic = Diagnostic::new(Code::Conflict, scope.key.place, message)
            .help("keep one of the two")
            .related(namespaces.key.place, "the other");
        self.report(diagnostic);
        true
    }

    /// The scope of a rule: its own, else that of the defaults.
    pub(super) fn scope(
        &mut self,
        node: &Node,
        rule: Fields<'_>,
        defaults: Option<Fields<'_>>,
        selecting: Option<&Entry>,
    ) -> Option<Scope> {
        if self.check_scope_conflict(rule) || rule.get(MERGE).is_some() {
            return None;
        }
        let chosen = |fields: Fields<'_>| fields.get("scope").is_some() || fields.get("namespaces").is_some();
        let Some(fields) = [Some(rule), defaults].into_iter().flatten().find(|fields| chosen(*fields)) else {
            if let Some(selector) = selecting {
                return self.all_selected(selector);
            }
            // One mistake, one report: a misspelt key has been told already.
            let misspelt = |key| Self::may_be_misspelt(node, key, RULE_KEYS);
            if !["namespaces", "namespaceSelector", "scope"].into_iter().any(misspelt) {
                self.report(no_scope(place_of(node)));
            }
            return None;
        };
        if let (Some(_), Some(selector)) = (fields.get("scope"), selecting) {
            // The rule's own selector is narrower than the scope that it inherits.
            return self.all_selected(selector);
        }
        match (fields.get("scope"), fields.get("namespaces")) {
            (Some(scope), _) => {
                self.value(&scope.value, ValueKind::Choice(&["cluster"]), "`scope`", "cluster")?;
                self.check_confined(scope)?;
                Some(Scope::Cluster)
            }
            (None, Some(namespaces)) => {
                let globs = self.namespaces(&namespaces.value, EXAMPLE)?;
                self.check_kinds(namespaces)?;
                self.warn_of_reach(namespaces, &globs, selecting.is_some());
                Some(Scope::Namespaces(self.confined(globs)))
            }
            (None, None) => None,
        }
    }

    /// Globs of namespaces, each of which some namespace may be called by.
    pub(super) fn namespaces(&mut self, node: &Node, example: &str) -> Option<Globs> {
        let globs = self.globs(node, "`namespaces`", example)?;
        let before = self.out.errors();
        for item in items(node) {
            let Some(scalar) = item.scalar() else { continue };
            let name = scalar.text.trim_start_matches('!');
            // What is left of a parameter has been told.
            if may_be_dns_label(name) || name.contains("${") {
                continue;
            }
            let message = format!("no namespace is called {}", quoted(name));
            let help = as_dns_label(name).filter(|_| !name.contains(['*', '?', '['])).map_or_else(
                || "write lower-case letters, digits and `-`, at most 63".to_owned(),
                |label| format!("write lower-case letters, digits and `-`: `{label}`"),
            );
            self.report_at(item, Diagnostic::new(Code::BadGlob, item.place, message).help(help));
        }
        (self.out.errors() == before).then_some(globs)
    }

    /// All namespaces whose labels a selector selects.
    fn all_selected(&mut self, selector: &Entry) -> Option<Scope> {
        self.check_kinds(selector)?;
        let all = Globs::parse(&["*"]).ok()?;
        Some(Scope::Namespaces(self.confined(all)))
    }

    /// Without what the pack may not look into.
    fn confined(&self, globs: Globs) -> Globs {
        self.within.iter().fold(globs, |globs, other| globs.confined_to(other))
    }

    /// A selector of namespaces by their labels.
    pub(super) fn namespace_selector(&mut self, entry: &Entry) -> Option<Arc<dyn Matcher>> {
        let example = "{ matchLabels: { team: web } }";
        let arguments = self.block(&entry.value, SELECTOR_KEYS, "`namespaceSelector`", example)?;
        match namespace_selector(arguments) {
            Ok(matcher) => Some(self.compiled.shared(&entry.value, matcher)),
            Err(fault) => {
                let message = fault.message.replace("`labels`", "`namespaceSelector`");
                self.fault(entry, Fault { message, ..fault });
                None
            }
        }
    }

    /// A matcher that asks of an object's namespace is for kinds that have one.
    pub(super) fn check_asks_namespace(&mut self, entry: &Entry, matcher: &dyn Matcher) {
        let mut others = Others::default();
        matcher.reads_of_others(&mut others);
        let kinds = self.kinds.iter().filter_map(super::kinds::Resolved::known);
        let kind = kinds.filter(|kind| !kind.namespaced).map(super::kinds::Kind::resource).next();
        if let Some(kind) = kind.filter(|_| others.namespaces.is_some()) {
            let message =
                format!("`{kind}` have no namespace, so `{}` is never true of them", entry.key.text);
            let help = "leave it out, or watch kinds that are in namespaces";
            self.report(Diagnostic::new(Code::WrongScope, entry.key.place, message).help(help));
        }
    }

    /// A cluster-scoped kind has no objects in any namespace.
    fn check_kinds(&mut self, namespaces: &Entry) -> Option<()> {
        let kinds = self.kinds.iter().filter_map(super::kinds::Resolved::known);
        let kind = kinds.filter(|kind| !kind.namespaced).map(super::kinds::Kind::resource).next();
        let Some(kind) = kind else { return Some(()) };
        let key = &namespaces.key.text;
        let message = format!("`{kind}` have no namespace, so `{key}` selects none of them");
        let help = match &self.moved_by {
            Some(MovedBy::Pack(pack)) if key == "namespaces" => {
                format!(
                    "name the rules that are meant one by one: `rule: {pack}/…`, or leave `namespaces` out"
                )
            }
            Some(MovedBy::Rule) if key == "namespaces" => {
                "leave `namespaces` out of the override, and narrow the rule down in its `match`".to_owned()
            }
            _ if !self.within.is_empty() => format!(
                "its pack is confined to {}, and what has no namespace is out of its reach: watch kinds that have one, \
                 or move the rule into a file that is not confined",
                self.shown_confinement()
            ),
            _ => "write `scope: cluster` in the rule instead".to_owned(),
        };
        self.report(Diagnostic::new(Code::WrongScope, namespaces.key.place, message).help(help));
        None
    }

    /// A confined pack never looks at the whole cluster.
    fn check_confined(&mut self, scope: &Entry) -> Option<()> {
        if self.within.is_empty() {
            return Some(());
        }
        let to = self.shown_confinement();
        let message = format!("`scope: cluster` reaches out of {to}, which this pack is confined to");
        let help = "write `namespaces`; what has no namespace is out of a confined pack's reach";
        self.report_at(&scope.value, Diagnostic::new(Code::Confined, scope.value.place, message).help(help));
        None
    }

    fn shown_confinement(&self) -> String {
        let globs: Vec<String> = self.within.iter().map(|globs| format!("`{globs}`")).collect();
        globs.join(" and ")
    }

    fn warn_of_reach(&mut self, namespaces: &Entry, globs: &Globs, by_labels: bool) {
        let node = &namespaces.value;
        let is_outside = |text: &str| self.within.iter().any(|globs| is_outside(text, globs));
        let texts: Vec<String> =
            items(node).iter().filter_map(|item| item.scalar()).map(|scalar| scalar.text.clone()).collect();
        if texts.iter().all(|text| text.starts_with('!') || is_outside(text)) {
            let to = self.shown_confinement();
            let message = format!("it selects nothing: its pack is confined to {to}");
            let help = "name namespaces that the pack may look into";
            self.report_at(node, Diagnostic::new(Code::OutsideConfinement, node.place, message).help(help));
        }
        // What everything is within is no reach into others.
        if globs.is_everything() && self.within.is_empty() && !by_labels {
            let message = "`*` reaches every namespace of the cluster, also those of other teams";
            let help = "name the namespaces, such as `[test-*]`, or exclude some: `[\"*\", \"!prod-*\"]`";
            self.report_at(node, Diagnostic::new(Code::AllNamespaces, node.place, message).help(help));
        }
        let is_held = |text: &String| is_protected(text) && !self.lifted.lift_namespace(text);
        if texts.iter().all(|text| text.starts_with('!') || is_held(text)) {
            let message = "every rule is kept out of these namespaces: this one will never act";
            let help = "name namespaces that are not the cluster's own";
            self.report_at(node, Diagnostic::new(Code::ProtectedNamespaces, node.place, message).help(help));
        }
    }
}

/// Whether a glob surely selects nothing of what a pack is confined to.
fn is_outside(glob: &str, within: &Globs) -> bool {
    if !glob.contains(['*', '?', '[']) {
        return !within.matches(glob);
    }
    let sources = within.sources();
    let (excludes, includes): (Vec<&String>, Vec<&String>) =
        sources.iter().partition(|source| source.starts_with('!'));
    !includes.iter().any(|included| meet(glob, included))
        || excludes.iter().any(|exclude| covers(exclude.trim_start_matches('!'), glob))
}

/// Whether all that a glob can match is out of every rule's reach. The daemon's own namespace is too, but
/// is known only where it runs.
pub(super) fn is_protected(glob: &str) -> bool {
    SYSTEM_NAMESPACES.iter().any(|system| match system.strip_suffix('*') {
        Some(prefix) => glob.starts_with(prefix),
        None => glob == *system,
    })
}

/// Whether a rule takes a key from the defaults where it does not have it itself. Where it looks, one key decides, and
/// those of one place alone count; a selector of its own is narrower than the whole cluster.
pub(super) fn inherits(rule: &Node, key: &str) -> bool {
    let has = |own: &str| rule.get(own).is_some();
    let is_settled = match key {
        "scope" => has("scope") || has("namespaces") || has("namespaceSelector"),
        "namespaces" => has("scope") || has("namespaces"),
        "namespaceSelector" => has("scope"),
        _ => false,
    };
    DEFAULT_KEYS.contains(&key) && !is_settled
}

/// The selector of namespaces that is in force: the rule's own, else that of the defaults, unless the rule looks into
/// the whole cluster.
pub(super) fn selecting<'n>(rule: Fields<'n>, defaults: Option<Fields<'n>>) -> Option<&'n Entry> {
    let inherited = || defaults.filter(|_| rule.get("scope").is_none())?.get("namespaceSelector");
    rule.get("namespaceSelector").or_else(inherited)
}

fn no_scope(place: Place) -> Diagnostic {
    Diagnostic::new(Code::NoScope, place, "it does not say where to look").help(
        "write `namespaces: [test-*]`, a `namespaceSelector`, or `scope: cluster` for the whole cluster",
    )
}
