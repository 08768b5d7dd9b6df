//! What has to be known before the first rule is lowered: documents of kind RuleOverride and Guardrails, in
//! whichever file they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::registry::Registry;

use super::Reads;
use super::code::Code;
use super::comparison::Written;
use super::compiled::Compiled;
use super::diagnostic::{Collector, Diagnostic, Place, quoted};
use super::effective::EffectiveGuardrails;
use super::guardrails::GUARDRAILS;
use super::lowering::Lowering;
use super::node::Node;
use super::overrides::{OVERRIDE, Overrides};
use super::source::{SourceId, Sources};
use super::texts::Confinement;
use super::uses::RuleUses;
use super::yaml;

/// All documents that are no packs.
#[derive(Debug, Default)]
pub(super) struct Others {
    pub(super) overrides: Overrides,
    pub(super) guardrails: Guardrails,
    /// What each document of guardrails says, and where its name stands.
    pub(super) written: BTreeMap<String, (Written, Place)>,
    /// The documents of guardrails with their places, for whoever shows them.
    pub(super) effective: Vec<EffectiveGuardrails>,
    /// Kind and name of each document; where each file is a test that stands for itself, of each file.
    names: BTreeMap<(Option<SourceId>, &'static str, String), Place>,
    /// Each file stands for itself.
    one_by_one: bool,
}

impl Others {
    /// Reads them out of all texts. A text that names neither kind is not read here.
    pub(super) fn read(
        texts: &[(SourceId, Confinement)],
        sources: &Sources,
        registry: &Registry,
        reads: Reads,
        out: &mut Collector,
    ) -> Self {
        let mut others = Self { one_by_one: reads == Reads::Tests, ..Self::default() };
        let (mut compiled, nothing) = (Compiled::default(), Guardrails::default());
        for (source, within) in texts {
            let Some(text) = sources.get(*source).map(|source| Arc::clone(&source.text)) else { continue };
            if !Self::may_be_in(&text) {
                continue;
            }
            // Mistakes of the text are told when it is read for its packs: the same one is told once.
            for document in yaml::compose(*source, &text, out) {
                let mut lowering = Lowering {
                    registry,
                    out,
                    compiled: &mut compiled,
                    subject: String::new(),
                    kinds: Vec::new(),
                    uses: RuleUses::default(),
                    within: Arc::clone(within),
                    lifted: &nothing,
                    moved_by: None,
                };
                others.document(&document, &mut lowering);
            }
        }
        others.overrides.check(out);
        others
    }

    fn document(&mut self, node: &Node, lowering: &mut Lowering<'_>) {
        let kind = node.get("kind").and_then(|entry| entry.value.scalar()).map(|scalar| scalar.text.as_str());
        let first = node.entries().and_then(<[_]>::first).map_or(node.place, |entry| entry.key.place);
        let within = Arc::clone(&lowering.within);
        match kind {
            Some(OVERRIDE) => {
                if let Some(name) = self.overrides.add(node, first, &within, lowering) {
                    self.register(OVERRIDE, name, lowering);
                }
            }
            Some(GUARDRAILS) => {
                let Some((document, place)) = lowering.guardrails(node, first, &within) else { return };
                self.register(GUARDRAILS, (document.name.clone(), place), lowering);
                let within = within.iter().map(ToString::to_string).collect();
                self.effective.push(EffectiveGuardrails::of(node, &document.name, place, within));
                let written = Written::of_guardrails(node, document.within.as_ref());
                self.written.insert(document.name.clone(), (written, place));
                self.guardrails.documents.push(Arc::new(document));
            }
            _ => {}
        }
    }

    /// Remembers a name; with another one of the same kind nobody could say which is meant.
    fn register(&mut self, kind: &'static str, (name, place): (String, Place), lowering: &mut Lowering<'_>) {
        let key = (self.one_by_one.then_some(place.source), kind, name.clone());
        if let Some(first) = self.names.get(&key) {
            let message = format!("another {kind} is called {} too", quoted(&name));
            let diagnostic = Diagnostic::new(Code::DuplicateDocument, place, message)
                .help("give each a name of its own")
                .related(*first, "the first one");
            lowering.out.push(diagnostic);
            return;
        }
        self.names.insert(key, place);
    }

    /// Whether a text spells one of their kinds, so that they were looked for in it.
    pub(super) fn may_be_in(text: &str) -> bool {
        [OVERRIDE, GUARDRAILS].iter().any(|kind| text.contains(kind))
    }
}
