//! Lowers one document: its `apiVersion` and `kind`, and, where it is a RulePack, its metadata, parameters,
//! defaults and rules. What other documents say of its rules (`overrides`) is known by then.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleId};

use super::Reads;
use super::code::Code;
use super::comparison::Written;
use super::compiled::Compiled;
use super::diagnostic::{Collector, Diagnostic, Place, one_of, quoted};
use super::effective::{EffectiveRule, keys_of};
use super::guardrails::GUARDRAILS;
use super::lowering::{Fields, Keys, Lowering};
use super::node::{Data, Entry, Node};
use super::others::Others;
use super::overrides::{OVERRIDE, Overrides};
use super::parameters::Parameters;
use super::rule::{place_of, subject};
use super::ruletest::{Fixtures, RuleTest, TEST};
use super::settings::Setting;
use super::source::Sources;
use super::suggest;
use super::texts::Confinement;
use super::uses::RuleUses;

pub(super) const API_VERSION: &str = "k8s-healer/v1";
pub(super) const PACK: &str = "RulePack";
/// All kinds of documents.
const KINDS: &[&str] = &[PACK, OVERRIDE, GUARDRAILS, TEST];
pub(super) const PACK_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "parameters", "defaults", "rules"];
pub(super) const METADATA_KEYS: &[&str] = &["name", "owner", "version", "description"];

/// What all documents of a run share.
pub(super) struct Run<'a> {
    pub(super) registry: &'a Registry,
    pub(super) settings: &'a [Setting],
    pub(super) overrides: &'a Overrides,
    /// System namespaces in which rules may act all the same.
    pub(super) lifted: &'a Guardrails,
    pub(super) sources: &'a Sources,
    pub(super) out: &'a mut Collector,
    pub(super) compiled: Compiled,
    /// The names of packs, and where.
    pub(super) packs: BTreeMap<String, Place>,
    /// Pack and name of every parameter.
    pub(super) parameters: Vec<(String, String)>,
    /// Every rule that was read, the place of its name, and what it says.
    pub(super) rules: Vec<(Rule, Place, Written)>,
    /// Every rule with its places, where somebody asks for it.
    pub(super) effective: Option<Vec<EffectiveRule>>,
    /// Pack and name of every rule, sound or not.
    pub(super) names: Vec<(String, String)>,
    /// What the rules name of a cluster.
    pub(super) uses: Vec<RuleUses>,
    /// How many rules the packs have, sound or not, but for those that are switched off.
    pub(super) counted: usize,
    /// What is read of the documents.
    pub(super) reads: Reads,
    /// Every test that was read.
    pub(super) tests: Vec<RuleTest>,
    /// How many cases the tests have, sound or not.
    pub(super) counted_cases: usize,
    /// The files of objects that tests name.
    pub(super) fixtures: Fixtures,
    /// Whether a document was not understood, so that nothing can be said of what is missing.
    pub(super) incomplete: bool,
}

impl Run<'_> {
    pub(super) fn lowering(&mut self) -> Lowering<'_> {
        Lowering {
            registry: self.registry,
            out: self.out,
            compiled: &mut self.compiled,
            subject: String::new(),
            kinds: Vec::new(),
            uses: RuleUses::default(),
            within: Confinement::default(),
            lifted: self.lifted,
            moved_by: None,
        }
    }

    /// Lowers a document; one that is no RulePack has been lowered before, or is no rule.
    pub(super) fn document(&mut self, node: &Node, within: &Confinement) {
        let Data::Map(entries) = &node.data else {
            let message = format!("a document must be a mapping, not {}", node.shown());
            let help = "begin with `apiVersion: k8s-healer/v1` and `kind: RulePack`";
            self.out.push(Diagnostic::new(Code::WrongType, node.place, message).help(help));
            self.incomplete = true;
            return;
        };
        let first = entries.first().map_or(node.place, |entry| entry.key.place);
        let version_is_right = self.api_version(node, first);
        match self.kind(node, first, version_is_right) {
            Kind::Pack if self.reads == Reads::Tests => {}
            Kind::Pack => self.pack(node, first, within),
            Kind::Test => self.test(node, first),
            Kind::Skipped => {}
            Kind::Refused => self.incomplete = true,
        }
    }

    fn api_version(&mut self, node: &Node, first: Place) -> bool {
        let help = format!("write `apiVersion: {API_VERSION}`");
        let Some(entry) = node.get("apiVersion") else {
            if !Lowering::may_be_misspelt(node, "apiVersion", PACK_KEYS) {
                let message = "the document lacks `apiVersion`";
                self.out.push(Diagnostic::new(Code::MissingKey, first, message).help(help));
            }
            return true;
        };
        if entry.value.scalar().is_some_and(|scalar| scalar.text == API_VERSION) {
            return true;
        }
        let message = format!("the apiVersion {} is not `{API_VERSION}`", entry.value.shown());
        let help = foreign(node, &entry.value).unwrap_or(help);
        self.out.push(Diagnostic::new(Code::WrongApiVersion, entry.value.place, message).help(help));
        false
    }

    fn kind(&mut self, node: &Node, first: Place, version_is_right: bool) -> Kind {
        let Some(entry) = node.get("kind") else {
            // What looks like a pack is read as one, so that all its mistakes are told at once; a misspelt key too.
            let looks_like_a_pack = node.get("rules").is_some();
            if !looks_like_a_pack || !Lowering::may_be_misspelt(node, "kind", PACK_KEYS) {
                let near = |entry: &&Entry| suggest::nearest(&entry.key.text, ["kind"]).is_some();
                let misspelt = node.entries().unwrap_or_default().iter().find(near);
                self.out.push(match misspelt {
                    Some(Entry { key, .. }) => {
                        let message = format!("{} is no key of a document", quoted(&key.text));
                        Diagnostic::new(Code::UnknownKey, key.place, message).help("did you mean `kind`?")
                    }
                    None => Diagnostic::new(Code::MissingKey, first, "the document lacks `kind`")
                        .help("write `kind: RulePack`"),
                });
            }
            return if looks_like_a_pack { Kind::Pack } else { Kind::Refused };
        };
        let text = entry.value.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
        match text {
            PACK => return Kind::Pack,
            TEST if self.reads == Reads::Rules => return Kind::Skipped,
            TEST => return Kind::Test,
            OVERRIDE | GUARDRAILS if self.others_have(entry.value.place) => return Kind::Skipped,
            OVERRIDE | GUARDRAILS => {
                let message = format!("the kind {} is written in a form that hides it", entry.value.shown());
                let help = format!("write `kind: {text}`");
                self.out.push(Diagnostic::new(Code::WrongKind, entry.value.place, message).help(help));
                return Kind::Refused;
            }
            _ => {}
        }
        // Of a foreign document one mistake is told, not two.
        if version_is_right {
            let message = format!("the kind {} is not `{PACK}`", entry.value.shown());
            let help = suggest::nearest(text, KINDS.iter().copied()).map_or_else(
                || format!("expected {}", one_of(KINDS.iter().copied())),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            self.out.push(Diagnostic::new(Code::WrongKind, entry.value.place, message).help(help));
        }
        if suggest::nearest(text, [PACK]).is_some() { Kind::Pack } else { Kind::Refused }
    }

    fn pack(&mut self, node: &Node, first: Place, within: &Confinement) {
        let mut lowering = self.lowering();
        let keys = Keys { of: "a RulePack", known: PACK_KEYS, later: &[], example: "" };
        let Some(fields) = lowering.fields(node, &keys) else { return };
        let name = lowering.named(node, first, fields, PACK_KEYS);
        self.register(name.as_ref());
        let pack: Arc<str> = name.as_ref().map(|(name, _)| name.as_str()).unwrap_or_default().into();
        let (settings, sources, overrides) = (self.settings, self.sources, self.overrides);
        let keeps = self.effective.is_some();
        let mut lowering = self.lowering();
        lowering.within = Arc::clone(within);
        let parameters = fields.value("parameters");
        let overriding = overrides.parameters_of_pack(&pack, within);
        let mut parameters =
            Parameters::declare(parameters, &overriding, &pack, settings, sources, &mut lowering);

        "defaults".clone_into(&mut lowering.subject);
        let written_defaults = fields.value("defaults");
        let defaults = written_defaults.map(|node| parameters.resolve(node, &mut lowering));
        let defaults = defaults.as_ref().and_then(|node| lowering.defaults(node));

        lowering.subject.clear();
        let items = match fields.get("rules") {
            Some(rules) => lowering.list(&rules.value, "`rules`", "`- name: …`").unwrap_or_default(),
            None => {
                if !Lowering::may_be_misspelt(node, "rules", PACK_KEYS) {
                    let place = fields.get("kind").map_or(first, |kind| kind.value.place);
                    let help = "write `rules:` and a list of rules";
                    lowering.report(
                        Diagnostic::new(Code::MissingKey, place, "the pack lacks `rules`").help(help),
                    );
                }
                &[]
            }
        };
        let mut names: BTreeMap<&str, &Node> = BTreeMap::new();
        let (mut rules, mut uses, mut counted) = (Vec::new(), Vec::new(), 0);
        let (mut known, mut effective) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            if lowering.out.is_full() {
                break;
            }
            lowering.subject = subject(item, index);
            let called = item.get("name").and_then(|entry| entry.value.scalar());
            let called = called.map(|scalar| scalar.text.as_str()).unwrap_or_default();
            let changes = overrides.of_rule(&pack, called, within);
            known.push((pack.to_string(), called.to_owned()));
            let own = parameters.set_for_one(&changes.parameters, &mut lowering);
            let own_defaults =
                written_defaults.filter(|_| own.any()).map(|node| parameters.resolve(node, &mut lowering));
            let inherited = own_defaults.as_ref().and_then(Fields::of).or(defaults);
            let resolved = changes.apply(parameters.resolve_rule(item, &mut lowering));
            parameters.restore(own, &mut lowering);
            lowering.moved_by.clone_from(&changes.moved_by);
            let rule = lowering.rule(&resolved, &pack, inherited);
            let named = std::mem::take(&mut lowering.uses);
            if keeps {
                effective.push(EffectiveRule {
                    id: RuleId { pack: Arc::clone(&pack), name: called.into() },
                    place: place_of(item),
                    switched_off: changes.switched_off_at(),
                    within: within.iter().map(ToString::to_string).collect(),
                    keys: keys_of(&resolved, inherited),
                });
            }
            if changes.switched_off_at().is_none() {
                counted += 1;
                rules.extend(
                    rule.map(|rule| (rule, place_of(item), Written::of(&resolved, inherited, within))),
                );
                uses.push(RuleUses { subject: lowering.subject.clone(), ..named });
            }
            let Some(name) = item.get("name").and_then(|entry| entry.value.scalar()) else { continue };
            match names.get(name.text.as_str()) {
                Some(first) => lowering.check_duplicate(first, item),
                None => drop(names.insert(&name.text, item)),
            }
        }
        lowering.subject.clear();
        parameters.warn_unused(&mut lowering);
        let declared: Vec<_> = parameters.names().map(|name| (pack.to_string(), name.to_owned())).collect();
        self.parameters.extend(declared);
        self.counted += counted;
        self.names.extend(known);
        if let Some(all) = &mut self.effective {
            all.extend(effective);
        }
        self.rules.extend(rules);
        self.uses.extend(uses);
    }

    /// Whether documents of other kinds were looked for in this text: it must spell their kind.
    fn others_have(&self, place: Place) -> bool {
        let text = self.sources.get(place.source).map(|source| &*source.text).unwrap_or_default();
        Others::may_be_in(text)
    }

    /// Remembers a pack's name; another with the same one would make its rules' names ambiguous.
    fn register(&mut self, name: Option<&(String, Place)>) {
        let Some((name, place)) = name else { return };
        match self.packs.get(name) {
            Some(first) => {
                let message = format!("another pack is called {} too", quoted(name));
                let diagnostic = Diagnostic::new(Code::DuplicatePack, *place, message)
                    .help("give each pack a name of its own: a rule is known as `pack/rule`")
                    .related(*first, "the first one");
                self.out.push(diagnostic);
            }
            None => drop(self.packs.insert(name.clone(), *place)),
        }
    }
}

/// What to do with a document that is another program's, by its apiVersion and its kind.
fn foreign(node: &Node, version: &Node) -> Option<String> {
    let kind = &node.get("kind")?.value.scalar()?.text;
    let version = &version.scalar()?.text;
    let is_ours = version.starts_with("k8s-healer")
        || suggest::nearest(version, [API_VERSION]).is_some()
        || suggest::nearest(kind, KINDS.iter().copied()).is_some();
    let help = || {
        format!(
            "{} is no document of k8s-healer: take it out of the files and folders of rules",
            quoted(kind)
        )
    };
    (!is_ours).then(help)
}

enum Kind {
    Pack,
    Test,
    Skipped,
    Refused,
}

impl Lowering<'_> {
    /// What a document is called, and where.
    pub(super) fn named(
        &mut self,
        node: &Node,
        first: Place,
        fields: Fields<'_>,
        keys: &[&str],
    ) -> Option<(String, Place)> {
        if let Some(metadata) = fields.get("metadata") {
            return self.metadata(metadata);
        }
        if !Self::may_be_misspelt(node, "metadata", keys) {
            let what = if keys == PACK_KEYS { "the pack lacks" } else { "the document lacks" };
            let message = format!("{what} `metadata`");
            let help = "write `metadata: { name: my-rules }`";
            self.report(Diagnostic::new(Code::MissingKey, first, message).help(help));
        }
        None
    }

    fn metadata(&mut self, entry: &Entry) -> Option<(String, Place)> {
        let keys =
            Keys { of: "`metadata`", known: METADATA_KEYS, later: &[], example: "`{ name: my-rules }`" };
        let fields = self.fields(&entry.value, &keys)?;
        for key in ["owner", "version", "description"] {
            if let Some(value) = fields.value(key) {
                self.text(value, ValueKind::Text, &format!("`{key}`"), "text");
            }
        }
        let name = self.required_in(entry, fields, "name", METADATA_KEYS, "my-rules")?;
        self.dns_label(&name.value, "`name`").map(|text| (text, name.value.place))
    }
}
