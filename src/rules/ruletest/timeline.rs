//! The timeline of a case: what happens, and what is expected, moment by moment.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::values::{format_duration, parse_time};

use super::expectations::Expectations;
use super::objects::{Origins, REFERENCE};
use super::{Event, Moment, PATCH_KEYS, STEP_KEYS};
use crate::rules::code::Code;
use crate::rules::diagnostic::{Diagnostic, Place};
use crate::rules::lowering::{Keys, Lowering};
use crate::rules::node::{Data, Entry, Node};
use crate::rules::values::collect;

const PATCH: &str = "{ object: pods/test-a/web-1, merge: { status: { phase: Failed } } }";

impl Lowering<'_> {
    /// The moments of a case, each once, in order.
    pub(super) fn timeline(&mut self, node: &Node, origins: &mut Origins<'_>) -> Option<Vec<Moment>> {
        let items = self.list(node, "`timeline`", "`- at: 5m`")?;
        let steps = collect(items.iter().map(|item| self.moment(item, origins)));
        self.check_order(items);
        let mut moments: Vec<(Moment, Option<Place>)> = Vec::new();
        for (step, nothing) in steps? {
            match moments.last_mut().filter(|(last, _)| last.at == step.at) {
                Some((last, already)) => {
                    last.events.extend(step.events);
                    last.expected.extend(step.expected);
                    *already = already.or(nothing);
                }
                None => moments.push((step, nothing)),
            }
        }
        collect(moments.into_iter().map(|(moment, nothing)| {
            self.check_agree(nothing, &moment.expected)?;
            Some(moment)
        }))
    }

    /// Time goes forward. What is wrong with a moment by itself has been told.
    fn check_order(&mut self, items: &[Node]) {
        let mut latest = Duration::ZERO;
        for item in items {
            let Some(at) = item.get("at") else { continue };
            let parsed =
                at.value.scalar().map(|scalar| k8s_healer_engine::values::parse_duration(&scalar.text));
            let Some(Ok(moment)) = parsed else { continue };
            if moment < latest {
                let message = format!(
                    "time goes forward: {} stands behind {}",
                    format_duration(moment),
                    format_duration(latest)
                );
                let help =
                    "put the steps into the order of their time; `at` counts from the start of the case";
                self.report(Diagnostic::new(Code::BadTimeline, at.value.place, message).help(help));
            }
            latest = latest.max(moment);
        }
    }

    /// With the place where it says that nothing is expected.
    fn moment(&mut self, node: &Node, origins: &mut Origins<'_>) -> Option<(Moment, Option<Place>)> {
        let keys = Keys {
            of: "a step of the timeline",
            known: STEP_KEYS,
            later: &[],
            example: "`at: 5m`, `expect: nothing`",
        };
        let before = self.out.errors();
        let fields = self.fields(node, &keys)?;
        let place = node.entries().and_then(<[_]>::first).map_or(node.place, |first| first.key.place);
        let at = match fields.value("at") {
            Some(value) if value.scalar().is_some_and(|scalar| parse_time(&scalar.text, &[]).is_some()) => {
                let diagnostic = Diagnostic::new(Code::BadDuration, value.place, "`at` is no moment");
                self.report(diagnostic.help("write how long after the case's `now`, such as `5m`"));
                None
            }
            Some(value) => self.duration(value, "`at`", "5m"),
            None => {
                if !Self::may_be_misspelt(node, "at", STEP_KEYS) {
                    let diagnostic = Diagnostic::new(Code::MissingKey, place, "the step lacks `at`");
                    self.report(diagnostic.help("write `at: 5m`: how long after the start of the case"));
                }
                None
            }
        };
        // In the order in which it is written: what is removed and applied again is another object.
        let mut events = Vec::new();
        for Entry { key, value } in node.entries().unwrap_or_default() {
            match key.text.as_str() {
                "apply" => {
                    let objects = self.objects(value, "`apply`", origins).unwrap_or_default();
                    events.extend(objects.into_iter().map(Event::Apply));
                }
                "patch" => {
                    let items = self.one_or_more(value, "`patch`", PATCH);
                    events.extend(items.iter().filter_map(|item| self.patch(item)));
                }
                "remove" => {
                    let items = self.one_or_more(value, "`remove`", REFERENCE);
                    let remove = |item| self.reference(item, "`remove`").map(Event::Remove);
                    events.extend(items.iter().filter_map(remove));
                }
                "facts" => events.extend(self.facts(value)),
                _ => {}
            }
        }
        let expected = match fields.value("expect") {
            Some(value) => self.expectations(value),
            None => Some(Expectations::default()),
        };
        if self.out.errors() > before {
            return None;
        }
        let is_idle = STEP_KEYS.iter().skip(1).all(|key| fields.get(key).is_none());
        if is_idle {
            let message = "nothing happens in this step, and nothing is expected";
            let help = "write `expect: nothing`, or leave the step out";
            self.report(Diagnostic::new(Code::MissingKey, place, message).help(help));
            return None;
        }
        let Expectations { all, nothing } = expected?;
        Some((Moment { at: at?, events, expected: all }, nothing))
    }

    /// One may stand for a list of one; a list that is empty is reported.
    fn one_or_more<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> &'n [Node] {
        match &node.data {
            Data::List(_) => self.list(node, what, &format!("`- {example}`")).unwrap_or_default(),
            _ => std::slice::from_ref(node),
        }
    }

    fn patch(&mut self, node: &Node) -> Option<Event> {
        let keys = Keys { of: "`patch`", known: PATCH_KEYS, later: &[], example: &format!("`{PATCH}`") };
        let fields = self.fields(node, &keys)?;
        let place = node.entries().and_then(<[_]>::first).map_or(node.place, |first| first.key.place);
        for key in PATCH_KEYS {
            if fields.get(key).is_none() && !Self::may_be_misspelt(node, key, PATCH_KEYS) {
                let message = format!("`patch` lacks `{key}`");
                self.report(Diagnostic::new(Code::MissingKey, place, message).help(keys_help(key)));
            }
        }
        let (object, merge) = (fields.value("object")?, fields.value("merge")?);
        let object = self.reference(object, "`object`");
        let Data::Map(_) = &merge.data else {
            self.wrong_type(merge, "`merge`", "a mapping", "write `merge: { status: { phase: Failed } }`");
            return None;
        };
        let changes = self.json(merge)?;
        self.check_identity(merge)?;
        Some(Event::Patch(object?, Arc::new(changes)))
    }

    /// No server lets an object become another one.
    fn check_identity(&mut self, merge: &Node) -> Option<()> {
        let metadata = merge.get("metadata").map(|entry| &entry.value);
        let of_metadata = ["name", "namespace", "uid"].iter().filter_map(|key| metadata?.get(key));
        let entry = ["apiVersion", "kind"].iter().filter_map(|key| merge.get(key)).chain(of_metadata).next();
        let Some(entry) = entry else { return Some(()) };
        let message = format!("`{}` of an object cannot change", entry.key.text);
        let help = "leave it out; `remove` the object and `apply` another one";
        self.report(Diagnostic::new(Code::BadObject, entry.key.place, message).help(help));
        None
    }
}

fn keys_help(key: &str) -> &'static str {
    match key {
        "object" => "write `object: pods/test-a/web-1`",
        _ => "write `merge: { status: { phase: Failed } }`: what changes; null takes a field away",
    }
}
