//! Where a rule looks: `namespaces`, or `scope: cluster` spelled out. A rule that says neither looks
//! nowhere, and is an error.

use std::sync::Arc;

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::guard::SYSTEM_NAMESPACES;
use k8s_healer_engine::rule::Scope;
use k8s_healer_engine::values::Globs;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place};
use super::lowering::{Fields, Lowering};
use super::node::{Entry, MERGE, Node};
use super::rule::{RULE_KEYS, place_of};
use super::values::items;

const EXAMPLE: &str = "[test-*]";

impl Lowering<'_> {
    /// Reports `namespaces` and `scope` in one mapping.
    pub(super) fn check_scope_conflict(&mut self, fields: Fields<'_>) -> bool {
        let (Some(scope), Some(namespaces)) = (fields.get("scope"), fields.get("namespaces")) else {
            return false;
        };
        let message = "`scope: cluster` looks into all namespaces, `namespaces` into some: only one can hold";
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
    ) -> Option<Scope> {
        if self.check_scope_conflict(rule) || rule.get(MERGE).is_some() {
            return None;
        }
        let chosen = |fields: Fields<'_>| fields.get("scope").is_some() || fields.get("namespaces").is_some();
        let Some(fields) = [Some(rule), defaults].into_iter().flatten().find(|fields| chosen(*fields)) else {
            // One mistake, one report: a misspelt key has been told already.
            let misspelt = |key| Self::may_be_misspelt(node, key, RULE_KEYS);
            if !misspelt("namespaces") && !misspelt("scope") {
                self.report(no_scope(place_of(node)));
            }
            return None;
        };
        match (fields.get("scope"), fields.get("namespaces")) {
            (Some(scope), _) => {
                self.value(&scope.value, ValueKind::Choice(&["cluster"]), "`scope`", "cluster")?;
                self.check_confined(scope)?;
                Some(Scope::Cluster)
            }
            (None, Some(namespaces)) => {
                let globs = self.globs(&namespaces.value, "`namespaces`", EXAMPLE)?;
                self.check_kinds(namespaces)?;
                self.warn_of_reach(namespaces, &globs);
                let within = Arc::clone(&self.within);
                Some(Scope::Namespaces(within.iter().fold(globs, Globs::confined_to)))
            }
            (None, None) => None,
        }
    }

    /// A cluster-scoped kind has no objects in any namespace.
    fn check_kinds(&mut self, namespaces: &Entry) -> Option<()> {
        let kinds = self.kinds.iter().filter_map(super::kinds::Resolved::known);
        let kind = kinds.filter(|kind| !kind.namespaced).map(super::kinds::Kind::resource).next();
        let Some(kind) = kind else { return Some(()) };
        let message = format!("`{kind}` have no namespace, so `namespaces` selects none of them");
        let help = "write `scope: cluster` in the rule instead";
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

    fn warn_of_reach(&mut self, namespaces: &Entry, globs: &Globs) {
        let node = &namespaces.value;
        let literal = |scalar: &str| !scalar.starts_with('!') && !scalar.contains(['*', '?', '[']);
        let is_outside = |text: &str| !self.within.iter().all(|globs| globs.matches(text));
        let texts: Vec<String> =
            items(node).iter().filter_map(|item| item.scalar()).map(|scalar| scalar.text.clone()).collect();
        if texts.iter().all(|text| text.starts_with('!') || (literal(text) && is_outside(text))) {
            let to = self.shown_confinement();
            let message = format!("it selects nothing: its pack is confined to {to}");
            let help = "name namespaces that the pack may look into";
            self.report_at(node, Diagnostic::new(Code::OutsideConfinement, node.place, message).help(help));
        }
        // What everything is within is no reach into others.
        if globs.is_everything() && self.within.is_empty() {
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

/// Whether all that a glob can match is out of every rule's reach. The daemon's own namespace is too, but
/// is known only where it runs.
pub(super) fn is_protected(glob: &str) -> bool {
    SYSTEM_NAMESPACES.iter().any(|system| match system.strip_suffix('*') {
        Some(prefix) => glob.starts_with(prefix),
        None => glob == *system,
    })
}

fn no_scope(place: Place) -> Diagnostic {
    Diagnostic::new(Code::NoScope, place, "it does not say where to look")
        .help("write `namespaces: [test-*]`, or `scope: cluster` for the whole cluster")
}
