//! The rule language: from files to a valid [`RuleSet`], or to diagnostics. It knows no matcher and no
//! action by name; everything is lowered by the engine's descriptors, and no cluster is asked.
//!
//! Text ([`source`], `files`, `texts`, `settings`) → trees with places (`yaml`, `node`) → parameters written out
//! (`parameters`) → typed values (`document`, `rule`, `matchers`, `steps`, `arguments`, `values`) → checks
//! of the whole rule (`checks`). Tests of rules ([`ruletest`]) are read with the same care. All mistakes of all files are collected ([`diagnostic`], [`code`]). What rules name of a cluster (`uses`)
//! can be held against schemas ([`fields`]). What an editor can tell of
//! them while a person types is a JSON Schema ([`schema`]), what they can look up is the [`reference`](mod@reference).

mod arguments;
mod blanks;
mod breaker;
mod checks;
pub mod code;
pub mod comparison;
mod compiled;
mod contradictions;
pub mod diagnostic;
mod document;
pub mod effective;
mod entries;
mod every_kind;
pub mod fields;
mod files;
pub mod flat;
mod guardrails;
mod input;
pub mod intersection;
mod kinds;
mod later;
mod limits;
mod lowering;
mod matchers;
mod names;
mod node;
pub mod offline;
mod others;
mod overrides;
mod parameters;
pub mod reference;
mod rule;
pub mod ruletest;
mod schedule;
pub mod schema;
mod scope;
mod settings;
pub mod source;
mod steps;
mod stray;
pub(crate) mod suggest;
mod texts;
mod unclosed;
mod uses;
mod value_from;
mod value_words;
mod values;
mod watch;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{RuleId, RuleSet, WatchTarget};

pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Place, Related, Span};
pub(crate) use files::may_hold_rules;
pub use files::{holds_rules, rule_files, says_of_rules, test_files};
pub use input::Input;
pub(crate) use kinds::is_well_known;
pub(crate) use node::{Form, form_of_plain};
pub(crate) use source::reason;
pub use source::{Source, SourceId, Sources, read_bounded};
pub use stray::stray_rules;
pub(crate) use suggest::nearest;
pub use texts::{Digest, Texts};
pub(crate) use yaml::syntax_help;

use comparison::Written;
use diagnostic::Collector;
use effective::{EffectiveGuardrails, EffectiveRule};
use others::Others;
use ruletest::{CaseSettings, Fixtures, RuleTest};

/// Reads the name of a kind as a person writes it: as `watch` has it. `None`: it is none.
#[must_use]
pub fn target(text: &str) -> Option<WatchTarget> {
    watch::parse(text)
}

/// Which documents are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// Those that hold rules; a test in a folder is passed over.
    #[default]
    Rules,
    /// Tests too, so that all mistakes are told.
    RulesAndTests,
    /// Tests alone.
    Tests,
}

/// How rules are read.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Which documents are read.
    pub reads: Reads,
    /// `--set pack.name=value` or `--set name=value`, without the `--set`.
    pub set: Vec<String>,
    /// What a case of a test sets beside that.
    pub case: CaseSettings,
    /// The matchers and actions that rules can name.
    pub registry: Registry,
    /// Whether what is in force is kept with its places, to be shown.
    pub effective: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            reads: Reads::default(),
            set: Vec::new(),
            case: CaseSettings::default(),
            registry: Registry::standard(),
            effective: false,
        }
    }
}

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, as the reader named it.
    pub file: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// The characters of its name.
    pub place: Place,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files and texts that were read, or should have been.
    pub files: usize,
    /// Packs with a name.
    pub packs: usize,
    /// Rules, sound or not.
    pub rules: usize,
    /// Cases of tests, sound or not.
    pub cases: usize,
    /// Errors; reading stops after 10,000 diagnostics.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Loaded {
    /// The rules; `None` if there is any error.
    pub rule_set: Option<RuleSet>,
    /// Every mistake, in the order of the sources and their lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics speak of.
    pub sources: Sources,
    /// Where each rule of the set is written.
    pub origins: BTreeMap<RuleId, Origin>,
    /// The tests, as far as they are sound.
    pub tests: Vec<RuleTest>,
    /// What each rule of the set says, to be held against what it says when it is read again.
    pub written: BTreeMap<RuleId, Written>,
    /// The same of each document of guardrails, by its name.
    pub guardrails: BTreeMap<String, Written>,
    /// All rules as they run, those too that are switched off; empty where nobody asked for them.
    pub effective_rules: Vec<EffectiveRule>,
    /// All documents of guardrails; empty where nobody asked for them.
    pub effective_guardrails: Vec<EffectiveGuardrails>,
    /// How much was read.
    pub summary: Summary,
    /// What the rules name of a cluster.
    uses: Vec<uses::RuleUses>,
    /// The text in which a case sets parameters.
    of_case: Option<SourceId>,
}

impl Loaded {
    /// The errors in what a case of a test sets, told of the case; with `all`, those too that come of it elsewhere.
    #[must_use]
    pub fn errors_of(&self, case: &CaseSettings, all: bool) -> Vec<Diagnostic> {
        let is_its_own = |one: &&Diagnostic| {
            let source = one.place.map(|place| place.source);
            one.severity() == Severity::Error && (all || source.is_some() && source == self.of_case)
        };
        let told = |one: &Diagnostic| {
            let parts = [case.subject.as_str(), one.subject.as_str()];
            let subject = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
            Diagnostic { subject, ..one.clone() }
        };
        self.diagnostics.iter().filter(is_its_own).map(told).collect()
    }

    /// Adds mistakes that were found by reading other texts, which become sources of these.
    pub fn report_from(&mut self, others: &Sources, mut found: Vec<Diagnostic>) {
        let mut moved =
            |place: Place| Some(Place { source: self.sources.adopt(others, place.source)?, ..place });
        for one in &mut found {
            one.place = one.place.and_then(&mut moved);
            let related = std::mem::take(&mut one.related).into_iter();
            let moved = |Related { place, label }| Some(Related { place: moved(place)?, label });
            one.related = related.filter_map(moved).collect();
        }
        self.report(found);
    }

    /// The names under `watch` of all rules, sound or not, for a cluster to resolve.
    #[must_use]
    pub fn targets(&self) -> BTreeSet<WatchTarget> {
        let all = self.uses.iter().flat_map(|rule| rule.targets.iter().map(|(target, _)| target));
        all.filter(|target| !matches!(target, WatchTarget::Except(_))).cloned().collect()
    }

    /// A mistake in one line, as a log has it: `rules.yaml:4:5: …; help`.
    #[must_use]
    pub fn line_of(&self, diagnostic: &Diagnostic) -> String {
        let source = diagnostic.place.and_then(|place| Some((self.sources.get(place.source)?, place)));
        let place = source.map(|(source, place)| {
            let (line, column) = source.position(place.span.start);
            format!("{}:{line}:{column}: ", source.name)
        });
        format!("{}{diagnostic}; {}", place.unwrap_or_default(), diagnostic.help)
    }

    /// Adds mistakes that were found later. An error among them takes the rules away.
    pub fn report(&mut self, found: Vec<Diagnostic>) {
        let errors = found.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
        self.summary.errors += errors;
        self.summary.warnings += found.len() - errors;
        if errors > 0 {
            self.rule_set = None;
        }
        self.diagnostics.extend(found);
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    }
}

/// Reads all rules of all inputs; never contacts a cluster.
#[must_use]
pub fn load(inputs: &[Input], options: &LoadOptions) -> Loaded {
    load_texts(Texts::read(inputs), options)
}

/// The same of texts that were read before. No I/O.
#[must_use]
pub fn load_texts(texts: Texts, options: &LoadOptions) -> Loaded {
    let mut out = Collector::default();
    let mut sources = Sources::default();
    let mut settings = settings::parse(&options.set, &mut sources, &mut out);
    let of_case = (!options.case.is_empty()).then(|| options.case.settings(&mut sources));
    let of_case = of_case.map(|(source, of_case)| {
        settings.extend(of_case);
        source
    });
    let files = texts.files();
    let texts = texts.accept(&mut sources, &mut out);
    let others = Others::read(&texts, &sources, &options.registry, options.reads, &mut out);
    let mut run = document::Run {
        registry: &options.registry,
        settings: &settings,
        overrides: &others.overrides,
        lifted: &others.guardrails,
        sources: &sources,
        out: &mut out,
        compiled: compiled::Compiled::default(),
        packs: BTreeMap::new(),
        parameters: Vec::new(),
        rules: Vec::new(),
        names: Vec::new(),
        effective: options.effective.then(Vec::new),
        uses: Vec::new(),
        reads: options.reads,
        tests: Vec::new(),
        counted_cases: 0,
        fixtures: Fixtures::default(),
        counted: 0,
        incomplete: texts.len() < files,
    };
    for (source, within) in &texts {
        if run.out.is_full() {
            break;
        }
        let Some(text) = sources.get(*source).map(|source| Arc::clone(&source.text)) else { continue };
        let before = run.out.errors();
        let documents = yaml::compose(*source, &text, run.out);
        let broken = run.out.errors() > before;
        run.incomplete |= broken;
        let documents: Vec<_> = documents.iter().filter(|document| !document.is_null()).collect();
        if documents.is_empty() && !broken {
            let place = Place { source: *source, span: Span::default() };
            let help = match options.reads {
                Reads::Tests => "write a RuleTest, or take the file away",
                _ => "write a RulePack, or take the file away",
            };
            run.out.push(Diagnostic::new(Code::EmptyFile, place, "the file holds no document").help(help));
            run.incomplete = true;
        }
        for document in documents {
            if run.out.is_full() {
                break;
            }
            run.document(document, within);
        }
    }
    if !run.incomplete && options.reads != Reads::Tests {
        settings::report_unused(&settings, &run.parameters, run.out);
        others.overrides.report_unused(&run.names, run.out);
    }
    let effective_rules = run.effective.take().unwrap_or_default();
    let effective_guardrails = if options.effective { others.effective } else { Vec::new() };
    let (rules, packs, rules_counted, uses) = (run.rules, run.packs.len(), run.counted, run.uses);
    let (tests, cases) = (run.tests, run.counted_cases);
    let (errors, warnings) = (out.errors(), out.warnings());
    let summary = Summary { files, packs, rules: rules_counted, cases, errors, warnings };
    let (mut origins, mut all_written) = (BTreeMap::new(), BTreeMap::new());
    let mut rule_set = RuleSet { guardrails: Arc::new(others.guardrails), ..RuleSet::default() };
    for (position, (rule, place, written)) in rules.into_iter().enumerate() {
        if let Some(source) = sources.get(place.source) {
            let (line, _) = source.position(place.span.start);
            origins.insert(rule.id.clone(), Origin { file: source.name.clone(), line, place });
        }
        all_written.insert(rule.id.clone(), written.at(position));
        rule_set.rules.push(Arc::new(rule));
    }
    let guardrails = others.written.into_iter().map(|(name, (written, _))| (name, written)).collect();
    Loaded {
        rule_set: (summary.errors == 0).then_some(rule_set),
        diagnostics: out.into_sorted(),
        of_case,
        sources,
        origins,
        tests,
        written: all_written,
        guardrails,
        effective_rules,
        effective_guardrails,
        summary,
        uses,
    }
}

#[cfg(test)]
mod tests;
