//! How a matcher or an action describes itself: its name, its typed keys, and a constructor from typed
//! values. Whoever reads rules lowers any source by these descriptors and knows no matcher by name;
//! schema, reference page and "expected one of …" come from them too.

use crate::action::Action;
pub use crate::arguments::{Arguments, Literal, Value};
use crate::matcher::Matcher;

/// What a matcher is called, takes and is built by.
#[derive(Debug)]
pub struct MatcherDescriptor {
    /// The key in a rule: `- age: …`.
    pub name: &'static str,
    /// One sentence, for reference pages and completions.
    pub summary: &'static str,
    /// What stands under the key.
    pub shape: Shape,
    /// What makes its truth unknown; empty: nothing does.
    pub unknown_when: &'static str,
    /// Complete entries of a `match` list, in YAML.
    pub examples: &'static [&'static str],
    /// The resources that have what it looks at (`pods`); empty: any.
    pub kinds: &'static [&'static str],
    /// Builds the matcher from values that already have the types of the shape.
    pub build: fn(Arguments) -> Result<Box<dyn Matcher>, Fault>,
}

/// Stands among the kinds of an action for custom resources: only their own definition tells whether it can be
/// done to them.
pub const CUSTOM_RESOURCES: &str = "custom resources";

/// What an action is called, takes and is built by.
#[derive(Debug)]
pub struct ActionDescriptor {
    /// The key in a rule: `- delete: …`.
    pub name: &'static str,
    /// One sentence, for reference pages and completions.
    pub summary: &'static str,
    /// What stands under the key, apart from the keys of every step (`after`, `while`).
    pub shape: Shape,
    /// Complete entries of an `actions` list, in YAML.
    pub examples: &'static [&'static str],
    /// The resources it can be done to (`pods`); empty: any.
    pub kinds: &'static [&'static str],
    /// What it does to an object, for the checks of a whole rule.
    pub nature: Nature,
    /// Builds the action from values that already have the types of the shape.
    pub build: fn(Arguments) -> Result<Box<dyn Action>, Fault>,
}

impl ActionDescriptor {
    /// Whether it can be done to a resource (`deployments.apps`), `is_custom` telling that this is a custom one.
    #[must_use]
    pub fn can_be_done_to(&self, resource: &str, is_custom: bool) -> bool {
        let is_it = |kind: &&'static str| *kind == resource || (is_custom && *kind == CUSTOM_RESOURCES);
        self.kinds.is_empty() || self.kinds.iter().any(is_it)
    }
}

/// What an action does to an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// It asks for the object's deletion (`delete`, `evict`).
    pub removes: bool,
    /// It does something only to objects that are terminating (`stripFinalizers`).
    pub needs_terminating: bool,
    /// It writes nothing to the object (`log`, `event`).
    pub harmless: bool,
}

/// What stands under the name of a matcher or an action.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A mapping with these keys.
    Keys(&'static [Key]),
    /// One value; built under the key `""`.
    Value(ValueKind),
    /// One value (built under the key `""`), or a mapping with these keys.
    ValueOrKeys(ValueKind, &'static [Key]),
}

/// The keys of a matcher that is a mapping, to stand in a block of another one.
#[must_use]
pub const fn keys_of(descriptor: &MatcherDescriptor) -> &'static [Key] {
    match descriptor.shape {
        Shape::Keys(keys) | Shape::ValueOrKeys(_, keys) => keys,
        Shape::Value(_) => &[],
    }
}

/// One key of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What stands under it.
    pub kind: ValueKind,
    /// Whether it must be there.
    pub presence: Presence,
    /// What holds where it is left out, for reference pages; empty: nothing.
    pub default: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// A value as it is written in YAML.
    pub example: &'static str,
}

impl Key {
    /// A key that may be left out and has no default.
    #[must_use]
    pub const fn optional(
        name: &'static str,
        kind: ValueKind,
        summary: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, kind, presence: Presence::Optional, default: "", summary, example }
    }

    /// A key that says enough by itself: it, or another one of the mapping that does, must be there.
    #[must_use]
    pub const fn asking(
        name: &'static str,
        kind: ValueKind,
        summary: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, kind, presence: Presence::AtLeastOne, default: "", summary, example }
    }

    /// A key that must be there.
    #[must_use]
    pub const fn required(
        name: &'static str,
        kind: ValueKind,
        summary: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, kind, presence: Presence::Required, default: "", summary, example }
    }

    /// The same key, which must be there beside others as `presence` says.
    #[must_use]
    pub const fn present(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    /// The same key with a default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
}

/// Whether a key must be there. Of more than one key its constructor tells what is missing; a schema tells it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
    /// It must be there, or another of the same mapping of which this is said.
    AtLeastOne,
    /// One of the keys of the same mapping of which this is said must be there, and no other of them.
    ExactlyOne,
    /// It must be there where another key, a choice, is one of these words, and must not where it is another word.
    Where(&'static str, &'static [&'static str]),
    /// It may be there beside another key alone.
    Beside(&'static str),
}

/// The types of values. The variant of [`Value`] that each is lowered to stands behind it.
#[derive(Clone, Copy, Debug)]
pub enum ValueKind {
    /// `6m` → `Duration`.
    Duration,
    /// `">= 3"` → `Count`.
    Count,
    /// `true` → `Bool`.
    Bool,
    /// A string → `Text`.
    Text,
    /// A string or a list of strings → `Texts`.
    Texts,
    /// The same, where a list may be empty, since the key does no harm where it says nothing → `Texts`.
    AnyTexts,
    /// A list (a real one) of strings, each of which the object may carry → `SourcedTexts`.
    TextList,
    /// A whole number → `Integer`.
    Integer,
    /// A whole number → `Integer`. That none below 0 is taken is for its constructor to say.
    Natural,
    /// A string or a list of strings; each of them, or all together, the object may carry → `Words`.
    Words,
    /// A whole number or a list of them, likewise → `Numbers`.
    Numbers,
    /// A glob or a list of globs, `!` excludes → `Globs`.
    Globs,
    /// A regular expression → `Pattern`.
    Pattern,
    /// An expression of CEL → `Expression`.
    Expression,
    /// A JSONPath → `Path`.
    Path,
    /// A JSONPath or a list of them → `Paths`.
    Paths,
    /// An RFC 3339 time → `Time`.
    Time,
    /// Times as `CronJobs` write them → `Cron`.
    Cron,
    /// The name of a time zone → `TimeZone`.
    TimeZone,
    /// Any string, number or boolean → `Literal`.
    Literal,
    /// A list (a real one) of strings, numbers or booleans, each of which the object may carry → `Literals`.
    Literals,
    /// One of the kinds above, or `valueFrom` in its place, which is lowered → `From`.
    Sourced(&'static ValueKind),
    /// Any YAML: a scalar, a list, a mapping → `Data`.
    Data,
    /// A mapping of any YAML → `Data`. That it is one and not empty is for its constructor to say.
    DataMapping,
    /// A JSON pointer (RFC 6901) → `Text`, which its constructor reads.
    Pointer,
    /// One of these words → `Text`. `true` and `false` may be among them.
    Choice(&'static [&'static str]),
    /// One of these words, or a list of them → `Texts`.
    Choices(&'static [&'static str]),
    /// A mapping with these keys → `Block`.
    Block(&'static [Key]),
    /// One of the kinds above, or a mapping with these keys in its place, which is lowered → `Block`.
    OrBlock(&'static ValueKind, &'static [Key]),
    /// A list of mappings with these keys → `Blocks`.
    Blocks(&'static [Key]),
    /// A mapping from string to string → `Entries`.
    Entries,
    /// A mapping from string to string, to `valueFrom` or to null → `SourcedEntries`.
    NullableEntries,
    /// One matcher → `Matcher`.
    Matcher,
    /// A non-empty list of matchers → `Matchers`.
    Matchers,
}

/// Why values of the right types do not make a matcher or an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of mistake it is.
    pub kind: FaultKind,
    /// The keys that lead to the place, from the matcher or action inwards; a decimal number is an
    /// index into a list. Empty: the whole.
    pub at: Vec<String>,
    /// What is wrong, for a sentence that begins with the rule's name.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// The kinds of [`Fault`]; each has a stable diagnostic code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A key that must be there is not.
    MissingKey,
    /// Two keys exclude each other.
    Conflict,
    /// It can never be true.
    NeverTrue,
    /// An operand could be read as two types: `as:` must say which.
    Ambiguous,
    /// An operand is not of the type that the operator or `as:` asks for.
    BadOperand,
    /// It would change what no rule may change.
    Untouchable,
    /// A key that no label or annotation can have.
    BadLabelKey,
    /// A value that no label can have.
    BadLabelValue,
}

impl Fault {
    /// A fault of the matcher or action as a whole.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, at: Vec::new(), message: message.into(), help: help.into() }
    }

    /// The same fault, one key further in.
    #[must_use]
    pub fn under(mut self, key: impl std::fmt::Display) -> Self {
        self.at.insert(0, key.to_string());
        self
    }
}
