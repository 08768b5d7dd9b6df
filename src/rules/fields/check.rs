//! Holds the paths of rules against the fields of the kinds that they watch.

use std::collections::{BTreeMap, BTreeSet};

use k8s_healer_engine::rule::WatchTarget;

use super::walk::{self, Miss, Reached};
use super::{KnownKind, Schemas, wording};
use crate::rules::code::Code;
use crate::rules::diagnostic::{Collector, Diagnostic, Place, Span, quoted};
use crate::rules::uses::{Located, PathUse, RuleUses};
use crate::rules::{Loaded, suggest};

/// What a server says of a name that a rule watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// It serves this kind.
    Kind {
        /// The group; empty for the core group.
        group: String,
        /// The version that it speaks.
        version: String,
        /// The kind.
        kind: String,
    },
    /// It serves kinds for which this wildcard stands.
    Kinds,
    /// It serves none of this name.
    Absent {
        /// What it serves, as it is watched, to find what is meant.
        known: Vec<String>,
    },
    /// A rule on it would be left out.
    Refused {
        /// Why.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// It serves this, or may serve it, and its fields are not known.
    Untold {
        /// Why.
        reason: String,
    },
}

/// Adds warnings about paths that lead nowhere. `served` is what a server says of the names that rules watch;
/// what is not among them is looked up in the schemas.
pub fn check(loaded: &mut Loaded, schemas: &Schemas, served: &BTreeMap<WatchTarget, Served>) {
    let mut checking =
        Checking { schemas, served, loaded, out: Collector::default(), without_schema: BTreeSet::new() };
    for rule in &checking.loaded.uses {
        checking.rule(rule);
    }
    let found = checking.out.into_sorted();
    loaded.report(found);
}

struct Checking<'a> {
    schemas: &'a Schemas,
    served: &'a BTreeMap<WatchTarget, Served>,
    loaded: &'a Loaded,
    out: Collector,
    /// Kinds without a schema are told once each.
    without_schema: BTreeSet<String>,
}

/// A watched kind: its name, and what is known of it.
type Watched<'a> = (String, Vec<&'a KnownKind>);

impl<'a> Checking<'a> {
    fn rule(&mut self, rule: &RuleUses) {
        let mut watched: Vec<Watched<'a>> = Vec::new();
        let mut groups: Vec<Watched<'a>> = Vec::new();
        for (target, located) in &rule.targets {
            match target {
                WatchTarget::Except(_) => continue,
                WatchTarget::Every { group } => {
                    groups.extend(self.group(rule, target, group.as_deref(), located));
                    continue;
                }
                WatchTarget::Resource { .. } | WatchTarget::Kind { .. } => {}
            }
            let Some(found) = self.target(rule, target, located) else { continue };
            if watched.iter().all(|(name, _)| *name != found.0) {
                watched.push(found);
            }
        }
        for path in &rule.paths {
            self.path(rule, path, &watched);
            groups.iter().for_each(|(name, kinds)| self.path_of_group(rule, path, name, kinds));
        }
    }

    /// What is known of the kinds for which a wildcard stands; nothing is asked of those that have no group in
    /// common, since their rules read metadata alone.
    fn group(
        &mut self,
        rule: &RuleUses,
        target: &WatchTarget,
        group: Option<&str>,
        located: &Located,
    ) -> Option<Watched<'a>> {
        let schemas = self.schemas;
        match self.served.get(target) {
            None | Some(Served::Kinds | Served::Kind { .. }) => {}
            Some(_) => return self.target(rule, target, located),
        }
        let kinds = schemas.of_group(group?);
        if kinds.is_empty() { self.target(rule, target, located) } else { Some((target.to_string(), kinds)) }
    }

    /// A path that one kind of a group has is meant for that one.
    fn path_of_group(&mut self, rule: &RuleUses, path: &PathUse, name: &str, kinds: &[&KnownKind]) {
        let mut missed: Option<Miss> = None;
        for kind in kinds {
            let reached = walk::follow(&self.schemas.tree, &[kind.root], &path.path);
            let Some(miss) = reached.misses.into_iter().next() else { return };
            match &mut missed {
                Some(known) => known.known.extend(miss.known),
                None => missed = Some(miss),
            }
        }
        if let Some(miss) = missed {
            self.miss(rule, path, &miss, &[name], &[]);
        }
    }

    fn target(&mut self, rule: &RuleUses, target: &WatchTarget, located: &Located) -> Option<Watched<'a>> {
        let kinds = match self.served.get(target) {
            None | Some(Served::Kinds) => self.schemas.resolve(target),
            Some(Served::Kind { group, version, kind }) => self.schemas.of_version(group, version, kind),
            Some(Served::Untold { reason }) => {
                let message = format!("the paths of `{target}` are not checked: {reason}");
                let help = "check them by its CustomResourceDefinition, with `--schemas`";
                return self.without_schema(rule, target, located, message, help);
            }
            Some(Served::Absent { known }) => {
                let message = format!("the server serves no `{target}`: the rule sleeps until it does");
                let nearest = suggest::nearest(&target.to_string(), known.iter().map(String::as_str));
                let help = nearest.map_or_else(
                    || "check the name and the cluster, or leave it if the kind comes later".to_owned(),
                    |nearest| format!("did you mean `{nearest}`?"),
                );
                self.report(
                    rule,
                    located,
                    Diagnostic::new(Code::NotServed, located.place, message).help(help),
                );
                return None;
            }
            Some(Served::Refused { message, help }) => {
                let diagnostic =
                    Diagnostic::new(Code::NotServed, located.place, message.as_str()).help(help.as_str());
                self.report(rule, located, diagnostic);
                return None;
            }
        };
        if let Some(kind) = kinds.first() {
            return Some((kind.resource(), kinds));
        }
        let message = format!("no schema of `{target}` was found: its paths are not checked");
        let help = "give its CustomResourceDefinition with `--schemas`, or check by `--cluster`";
        self.without_schema(rule, target, located, message, help)
    }

    /// Told once for each name, and only where there is a path to check.
    fn without_schema<T>(
        &mut self,
        rule: &RuleUses,
        target: &WatchTarget,
        located: &Located,
        message: String,
        help: &str,
    ) -> Option<T> {
        if !rule.paths.is_empty() && self.without_schema.insert(target.to_string()) {
            self.report(rule, located, Diagnostic::new(Code::NoSchema, located.place, message).help(help));
        }
        None
    }

    fn path(&mut self, rule: &RuleUses, path: &PathUse, watched: &[Watched<'a>]) {
        let mut misses: Vec<(Miss, Vec<&str>)> = Vec::new();
        let mut sound: Vec<&str> = Vec::new();
        for (name, kinds) in watched {
            let roots: Vec<_> = kinds.iter().map(|kind| kind.root).collect();
            let reached = walk::follow(&self.schemas.tree, &roots, &path.path);
            if reached.misses.is_empty() {
                sound.push(name);
                self.expectations(rule, path, name, &reached);
            }
            for miss in reached.misses {
                match misses.iter_mut().find(|(known, _)| known.is_like(&miss)) {
                    Some((known, names)) => {
                        known.known.extend(miss.known);
                        names.push(name);
                    }
                    None => misses.push((miss, vec![name])),
                }
            }
        }
        for (miss, names) in misses {
            self.miss(rule, path, &miss, &names, &sound);
        }
    }

    fn miss(&mut self, rule: &RuleUses, path: &PathUse, miss: &Miss, names: &[&str], sound: &[&str]) {
        let (message, help) = self.schemas.tell_miss(&path.path, miss, names, sound);
        let place = self.part(path, miss);
        self.report(rule, &path.located, Diagnostic::new(Code::UnknownField, place, message).help(help));
    }

    fn expectations(&mut self, rule: &RuleUses, path: &PathUse, kind: &str, reached: &Reached) {
        for expectation in &path.expectations {
            let place = expectation.located.place;
            let readable = expectation.readable.meets(reached.types) || expectation.readable.is_empty();
            if !readable && !reached.types.is_empty() {
                let (message, help) = wording::tell_unreadable(&path.path, kind, expectation, reached.types);
                let diagnostic = Diagnostic::new(Code::WrongField, place, message).help(help);
                self.report(rule, &expectation.located, diagnostic);
                continue;
            }
            let known: Vec<&str> = reached.choices.iter().map(AsRef::as_ref).collect();
            let is_never = |text: &&(String, Located)| !known.is_empty() && !known.contains(&text.0.as_str());
            for (text, located) in expectation.texts.iter().filter(is_never) {
                let message = format!("{} of `{kind}` is never {}", quoted(path.path.source()), quoted(text));
                let help = suggest::help(text, &known);
                let diagnostic = Diagnostic::new(Code::UnknownValue, located.place, message).help(help);
                self.report(rule, located, diagnostic);
            }
        }
    }

    fn report(&mut self, rule: &RuleUses, located: &Located, mut diagnostic: Diagnostic) {
        diagnostic.subject.clone_from(&rule.subject);
        if let Some(used) = &located.used {
            diagnostic = diagnostic.related(used.place, format!("used here as `${{{}}}`", used.name));
        }
        self.out.push(diagnostic);
    }

    /// The characters of the segment, as far as the path stands in the file letter by letter.
    fn part(&self, path: &PathUse, miss: &Miss) -> Place {
        let Place { source, span } = path.located.place;
        let text = self.loaded.sources.get(source).and_then(|source| source.text.get(span.start..span.end));
        let written = path.path.source();
        let Some(start) = text.and_then(|text| text.find(written)) else { return path.located.place };
        let segment = &written[miss.span.clone()];
        // Where the name stands once in its segment, it alone is underlined.
        let name = miss.name.as_deref().filter(|name| segment.matches(*name).count() == 1);
        let within =
            name.and_then(|name| Some((segment.find(name)?, name.len()))).unwrap_or((0, segment.len()));
        let start = span.start + start + miss.span.start + within.0;
        Place { source, span: Span { start, end: start + within.1 } }
    }
}
