//! What every part of lowering needs: whose mistakes are reported, where they go, and how a mapping with
//! known keys is read. One mistake yields one diagnostic: what is broken already is passed over in silence.

use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::registry::Registry;

use super::blanks;
use super::code::Code;
use super::compiled::Compiled;
use super::diagnostic::{Collector, Diagnostic, quoted};
use super::kinds::Resolved;
use super::node::{Data, Entry, MERGE, Node};
use super::overrides::MovedBy;
use super::texts::Confinement;
use super::uses::RuleUses;
use super::{later, suggest};

/// Lowers the parts of one pack.
pub(super) struct Lowering<'a> {
    pub(super) registry: &'a Registry,
    pub(super) out: &'a mut Collector,
    pub(super) compiled: &'a mut Compiled,
    /// Whose mistakes they are: ``rule `vm-stale` ``.
    pub(super) subject: String,
    /// The kinds that the rule watches; empty where that is not known.
    pub(super) kinds: Vec<Resolved>,
    /// What the rule names of a cluster.
    pub(super) uses: RuleUses,
    /// The namespaces that the pack is confined to.
    pub(super) within: Confinement,
    /// System namespaces in which rules may act all the same.
    pub(super) lifted: &'a Guardrails,
    /// The override that says where the rule looks, if one does.
    pub(super) moved_by: Option<MovedBy>,
}

/// Something is wrong, and has been reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// A mapping whose keys are known to be right.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Those of a mapping that has been checked in another form before.
    pub(super) fn of(node: &'n Node) -> Option<Self> {
        node.entries().map(|entries| Self { entries })
    }

    pub(super) fn get(self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    pub(super) fn value(self, key: &str) -> Option<&'n Node> {
        self.get(key).map(|entry| &entry.value)
    }
}

/// What a mapping is called and may have.
pub(super) struct Keys<'k> {
    /// ``a rule``, `` `age` ``.
    pub(super) of: &'k str,
    pub(super) known: &'k [&'k str],
    /// Keys of the language that this version does not have yet.
    pub(super) later: &'k [&'k str],
    /// What a correct one looks like.
    pub(super) example: &'k str,
}

impl Lowering<'_> {
    /// Reports a mistake of the current subject.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if diagnostic.subject.is_empty() {
            diagnostic.subject.clone_from(&self.subject);
        }
        self.out.push(diagnostic);
    }

    /// Reports a mistake in a value, with the place where a rule asked for it if it is a parameter's.
    pub(super) fn report_at(&mut self, node: &Node, mut diagnostic: Diagnostic) {
        let text = node.scalar().filter(|scalar| scalar.plain).map_or("", |scalar| &scalar.text);
        if let Some(help) = blanks::in_curly_quotes(text) {
            diagnostic = diagnostic.help(help);
        }
        if let Some(used) = &node.used {
            diagnostic = diagnostic.related(used.place, format!("used here as `${{{}}}`", used.name));
        }
        self.report(diagnostic);
    }

    /// Reports that something else stands where `expected` belongs, unless it is broken already.
    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str, help: impl Into<String>) {
        if matches!(node.data, Data::Broken) {
            return;
        }
        let carried = || {
            let entry = node.get("valueFrom")?;
            let message = format!("{what} cannot be read from the object: the rule itself says it");
            Some(Diagnostic::new(Code::WrongType, entry.key.place, message))
        };
        let diagnostic = carried().unwrap_or_else(|| {
            let message = format!("{what} must be {expected}, not {}", node.shown());
            Diagnostic::new(Code::WrongType, node.place, message)
        });
        let diagnostic = if diagnostic.help.is_empty() { diagnostic.help(help) } else { diagnostic };
        self.report_at(node, diagnostic);
    }

    /// Reads a mapping; its unknown keys are reported, and do no harm to the known ones.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, keys: &Keys<'_>) -> Option<Fields<'n>> {
        let Some(entries) = node.entries() else {
            let help =
                if keys.example.is_empty() { String::new() } else { format!("write {}", keys.example) };
            self.wrong_type(node, keys.of, "a mapping", help);
            return None;
        };
        for entry in entries {
            if self.out.is_full() {
                return None;
            }
            let key = &entry.key.text;
            if keys.known.contains(&key.as_str()) || key == MERGE {
                continue;
            }
            let diagnostic = if keys.later.contains(&key.as_str()) {
                later::diagnostic(entry.key.place, key)
            } else {
                let message = format!("{} is no key of {}", quoted(key), keys.of);
                let help = if let Some(help) = blanks::foreign(key) {
                    help
                } else if keys.known.is_empty() {
                    "leave it out: it has no keys".to_owned()
                } else {
                    suggest::help(key, keys.known)
                };
                Diagnostic::new(Code::UnknownKey, entry.key.place, message).help(help)
            };
            self.report(diagnostic);
        }
        Some(Fields { entries })
    }

    /// Whether a key that is missing may stand there misspelt, or by a merge: that has been reported already.
    pub(super) fn may_be_misspelt(node: &Node, key: &str, known: &[&str]) -> bool {
        // More keys than any mapping of the language has are not worth the comparison.
        node.entries().unwrap_or_default().iter().take(100).any(|entry| {
            let word = entry.key.text.as_str();
            let is_near = || suggest::nearest(word, known.iter().copied()) == Some(key);
            word == MERGE || (!known.contains(&word) && is_near())
        })
    }

    /// The entries of a list of matchers, actions or rules; a list that is none or empty is reported.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Option<&'n [Node]> {
        let help = format!("write a list: {example}");
        match &node.data {
            Data::List(items) if !items.is_empty() => Some(items),
            Data::List(_) => {
                let message = format!("{what} is empty");
                self.report_at(node, Diagnostic::new(Code::EmptyList, node.place, message).help(help));
                None
            }
            _ if node.is_null() => {
                let message = format!("{what} is empty");
                self.report_at(node, Diagnostic::new(Code::EmptyList, node.place, message).help(help));
                None
            }
            _ => {
                self.wrong_type(node, what, "a list", help);
                None
            }
        }
    }
}
