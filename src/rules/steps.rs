//! Lowers `actions`: steps of one action each. What every step may have (`after`, `while`) stands inside the
//! action's mapping beside its own keys; that makes these two words reserved in `label` and `annotate` too.

use std::time::Duration;

use k8s_healer_engine::action::Action;
use k8s_healer_engine::descriptor::{ActionDescriptor, Value, ValueKind};
use k8s_healer_engine::rule::{Step, StepWhile};

use super::code::Code;
use super::diagnostic::{Diagnostic, one_of, quoted};
use super::kinds::Resolved;
use super::lowering::Lowering;
use super::node::{Data, Entry, Key, Node};
use super::values::collect;
use super::{later, suggest};

pub(super) const STEP_KEYS: &[&str] = &["after", "while"];

/// A step, with what the checks of the whole rule need of it.
pub(super) struct LoweredStep<'n> {
    pub(super) key: &'n Key,
    pub(super) descriptor: &'static ActionDescriptor,
    /// `None`: a mistake in it has been reported.
    pub(super) step: Option<Step>,
}

impl Lowering<'_> {
    /// The steps whose action is known; whether that is all of them is told beside.
    pub(super) fn steps<'n>(&mut self, node: &'n Node) -> Option<(Vec<LoweredStep<'n>>, bool)> {
        let items = self.list(node, "`actions`", "`- delete: {}`")?;
        let steps: Vec<_> = items.iter().map(|item| self.step(item)).collect();
        let complete = steps.iter().all(Option::is_some);
        Some((steps.into_iter().flatten().collect(), complete))
    }

    fn step<'n>(&mut self, node: &'n Node) -> Option<LoweredStep<'n>> {
        let outside = |entry: &&Entry| STEP_KEYS.contains(&entry.key.text.as_str());
        if let Some(entries) = node.entries()
            && let Some(misplaced) = entries.iter().find(outside)
            && let Some(action) = entries.iter().find(|entry| !outside(entry))
        {
            let message = format!("`{}` stands inside the action, not beside it", misplaced.key.text);
            let help = format!("write `{}: {{ {}: … }}`", action.key.text, misplaced.key.text);
            self.report(Diagnostic::new(Code::TwoInOne, misplaced.key.place, message).help(help));
            return self.step_entry(action).map(|step| LoweredStep { step: None, ..step });
        }
        let entries = self.single(node, "an action", "delete: {}")?;
        let mut steps = collect(entries.iter().map(|entry| self.step_entry(entry)))?;
        if steps.len() == 1 { steps.pop() } else { None }
    }

    fn step_entry<'n>(&mut self, entry: &'n Entry) -> Option<LoweredStep<'n>> {
        let name = &entry.key.text;
        let Some(descriptor) = self.registry.action(name) else {
            let diagnostic = if later::ACTIONS.contains(&name.as_str()) {
                later::diagnostic(entry.key.place, name)
            } else {
                let known: Vec<&str> = self.registry.actions().iter().map(|known| known.name).collect();
                let message = format!("{} is no action", quoted(name));
                let keys = self.registry.actions().iter().map(|known| (known.name, known.shape));
                Diagnostic::new(Code::UnknownAction, entry.key.place, message)
                    .help(suggest::help_of_key(name, &known, keys))
            };
            self.report(diagnostic);
            return None;
        };
        self.check_action_kinds(entry, descriptor);
        let step = self.built(entry, descriptor);
        Some(LoweredStep { key: &entry.key, descriptor, step })
    }

    fn built(&mut self, entry: &Entry, descriptor: &'static ActionDescriptor) -> Option<Step> {
        let (common, own) = split(entry);
        let timing = self.timing(&common);
        let example = descriptor.examples.first().copied().unwrap_or(descriptor.name);
        let arguments = self.arguments(&own, descriptor.shape, STEP_KEYS, example)?;
        let action = match (descriptor.build)(arguments) {
            Ok(action) => action,
            Err(fault) => {
                self.fault(&own, fault);
                return None;
            }
        };
        self.check_sense(entry, &*action);
        let (after, while_) = timing?;
        Some(Step { after, while_, name: descriptor.name, nature: descriptor.nature, action })
    }

    fn timing(&mut self, common: &[&Entry]) -> Option<(Option<Duration>, Option<StepWhile>)> {
        let (mut after, mut while_, mut sound) = (None, None, true);
        for entry in common {
            match entry.key.text.as_str() {
                "after" => match self.duration(&entry.value, "`after`", "2m") {
                    Some(duration) => after = Some(duration),
                    None => sound = false,
                },
                "while" => {
                    let kind = ValueKind::Choice(&["match", "present"]);
                    while_ = match self.value(&entry.value, kind, "`while`", "present") {
                        Some(Value::Text(word)) if word == "present" => Some(StepWhile::Present),
                        Some(_) => Some(StepWhile::Match),
                        None => {
                            sound = false;
                            None
                        }
                    };
                }
                _ => {
                    sound = false;
                    self.report(later::diagnostic(entry.key.place, &entry.key.text));
                }
            }
        }
        sound.then_some((after, while_))
    }

    /// A duration that is a key of the language itself.
    pub(super) fn duration(&mut self, node: &Node, what: &str, example: &str) -> Option<Duration> {
        match self.value(node, ValueKind::Duration, what, example)? {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    fn check_action_kinds(&mut self, entry: &Entry, descriptor: &ActionDescriptor) {
        let cannot =
            |watched: &&Resolved| !descriptor.can_be_done_to(&watched.name(), watched.known().is_none());
        if let Some(watched) = self.kinds.iter().find(cannot) {
            let kinds = one_of(descriptor.kinds.iter().copied());
            let message =
                format!("`{}` can be done to {kinds}, not to `{}`", descriptor.name, watched.name());
            let help = format!("watch {kinds}, or use another action, such as `delete`");
            self.report(Diagnostic::new(Code::ImpossibleAction, entry.key.place, message).help(help));
        }
    }

    fn check_sense(&mut self, entry: &Entry, action: &dyn Action) {
        let is_senseless = |watched: &&Resolved| action.is_senseless_for(&watched.name());
        if let Some(watched) = self.kinds.iter().find(is_senseless) {
            let message = format!("`{}` cannot be done to `{}`", entry.key.text, watched.name());
            let help = "watch other kinds, or use another action, such as `log`";
            self.report(Diagnostic::new(Code::ImpossibleAction, entry.key.place, message).help(help));
        }
    }
}

/// The keys of every step, and the action's entry without them.
fn split(entry: &Entry) -> (Vec<&Entry>, Entry) {
    let Data::Map(entries) = &entry.value.data else { return (Vec::new(), entry.clone()) };
    let is_common = |entry: &&Entry| {
        let key = entry.key.text.as_str();
        STEP_KEYS.contains(&key) || later::STEP_KEYS.contains(&key)
    };
    let own = entries.iter().filter(|entry| !is_common(entry)).cloned().collect();
    let value = Node { data: Data::Map(own), ..entry.value.clone() };
    (entries.iter().filter(is_common).collect(), Entry { key: entry.key.clone(), value })
}
