//! Documents of kind RuleTest: cases that prove rules on a virtual clock. They are read with the care that
//! rules are read with, and hold no rule themselves; who plays them is the simulation.

mod document;
mod expectations;
mod facts;
mod fixtures;
mod objects;
mod placeholders;
mod settings;
mod timeline;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::guardrails::Document;
use k8s_healer_engine::rule::{Mode, WatchTarget};
use serde_json::Value;

use super::diagnostic::Place;

pub(super) use fixtures::Fixtures;
pub use settings::CaseSettings;

pub(super) const TEST: &str = "RuleTest";
pub(super) const TEST_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "rules", "bases", "cases"];
pub(super) const METADATA_KEYS: &[&str] = &["name", "owner", "version", "description"];
pub(super) const CASE_KEYS: &[&str] = &["name", "now", "set", "guardrails", "objects", "timeline", "until"];
pub(super) const STEP_KEYS: &[&str] = &["at", "apply", "patch", "remove", "facts", "expect"];
/// The objects that rules ask about, with their kind.
pub(super) const FACTS: &[(&str, &str)] = &[("nodes", "Node"), ("namespaces", "Namespace")];
pub(super) const PATCH_KEYS: &[&str] = &["object", "merge"];
/// Beside the action, or `held`.
pub(super) const EXPECTED_KEYS: &[&str] = &["held", "by", "rule", "step", "mode", "reason"];

/// One document.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// `metadata.name`.
    pub name: String,
    /// The file that it stands in, as the reader named it.
    pub file: String,
    /// The packs under test; empty: those that the file lies with.
    pub rules: Vec<(PathBuf, Place)>,
    /// What it proves, case by case; never empty.
    pub cases: Vec<Case>,
}

/// One story, told on a clock of its own.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it proves, in words.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// The characters of its name.
    pub place: Place,
    /// Where the clock starts.
    pub now: Timestamp,
    /// The parameters that it sets.
    pub set: CaseSettings,
    /// What holds rules back in this case, beside the packs' own guardrails.
    pub guardrails: Option<Arc<Document>>,
    /// What the first list returns.
    pub objects: Vec<Object>,
    /// What happens and what is expected, in order; those of one moment are one.
    pub moments: Vec<Moment>,
    /// How long the clock runs: at least up to the last moment.
    pub until: Duration,
}

/// A whole object.
#[derive(Clone, Debug)]
pub struct Object {
    /// With `apiVersion`, `kind` and a name.
    pub value: Arc<Value>,
    /// Where the case names it.
    pub place: Place,
}

/// One moment of a case.
#[derive(Clone, Debug)]
pub struct Moment {
    /// After the start of the clock.
    pub at: Duration,
    /// What happens, in order, before anything that is due falls.
    pub events: Vec<Event>,
    /// What is done then; empty: nothing is.
    pub expected: Vec<Expected>,
}

/// What happens to the world.
#[derive(Clone, Debug)]
pub enum Event {
    /// An object is created, or replaced.
    Apply(Object),
    /// An object changes by a JSON merge patch.
    Patch(Reference, Arc<Value>),
    /// An object vanishes, whatever holds it.
    Remove(Reference),
    /// An object is created, or where it is there already, changes by a JSON merge patch.
    Set(Object, Arc<Value>),
}

/// An object by its name: `resource[.group]/namespace/name`.
#[derive(Clone, Debug)]
pub struct Reference {
    /// As rules name kinds.
    pub resource: WatchTarget,
    /// `None`: cluster-scoped.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
}

/// What a case expects at one moment.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What is done, or that something is held back.
    pub what: What,
    /// To which object.
    pub object: Reference,
    /// By which rule: its name, or `pack/rule`.
    pub rule: Option<(String, Place)>,
    /// By which of its steps, from 1.
    pub step: Option<usize>,
    /// How far the rule goes; `None`: it enforces.
    pub mode: Option<Mode>,
    /// A part of the reason that is told.
    pub reason: Option<String>,
}

/// What is expected of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// This action.
    Action(String),
    /// Something is held back; by what, as far as the case says.
    Held(Option<String>),
}
