//! Lowers documents of kind Guardrails: what no rule touches, and which built-in protection does not hold. A word
//! that would protect nothing by mistake is an error or a warning: nobody notices a protection that is not there.

use std::sync::Arc;

use k8s_healer_engine::descriptor::{Key, Value, ValueKind};
use k8s_healer_engine::guard::SYSTEM_NAMESPACES;
use k8s_healer_engine::guardrails::{Document, KindName, Protect, SYSTEM_OWNERS, Selector, Unprotect};
use k8s_healer_engine::values::Globs;

use super::code::Code;
use super::comparison::Written;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::kinds;
use super::later;
use super::lowering::{Fields, Keys, Lowering, Reported};
use super::node::{Data, Entry, Node};
use super::scope::is_protected;
use super::texts::Confinement;
use super::values::{collect, items};
use super::watch;

pub(super) const GUARDRAILS: &str = "Guardrails";
pub(super) const GUARDRAILS_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "protect", "unprotect"];
/// What stands in a document below its name.
pub(super) const PARTS: &[&str] = &["protect", "unprotect"];

/// What stands under `protect`; the schema has `labels` and `priorityAtLeast` in a form of its own.
pub(super) const PROTECT: &[Key] = &[
    Key::optional(
        "namespaces",
        ValueKind::Globs,
        "Nothing in these namespaces is touched, nor they themselves.",
        "[prod-*]",
    ),
    Key::optional(
        "labels",
        ValueKind::Data,
        "Label selectors; each protects what it selects, also by the object's namespace or a controlling ancestor.",
        "[ { matchLabels: { tier: gold } } ]",
    ),
    Key::optional(
        "kinds",
        ValueKind::Texts,
        "No object of these kinds is touched: `pvc`, `virtualmachines.kubevirt.io`, `*.kubevirt.io`.",
        "[persistentvolumeclaims]",
    ),
    Key::optional(
        "ownerKinds",
        ValueKind::Texts,
        "Nothing that an object of these kinds owns is touched, at any height.",
        "[DaemonSet]",
    ),
    Key::optional(
        "priorityAtLeast",
        ValueKind::Data,
        "No pod of this priority or a higher one is touched.",
        "1000000",
    ),
];

/// What stands under `unprotect`.
pub(super) const UNPROTECT: &[Key] = &[
    Key::optional(
        "namespaces",
        ValueKind::Globs,
        "System namespaces in which rules may act where no document protects.",
        "[kubevirt]",
    ),
    Key::optional(
        "ownerKinds",
        ValueKind::Choices(SYSTEM_OWNERS),
        "Owners whose pods rules may act on where no document protects.",
        "[DaemonSet]",
    ),
];

impl Lowering<'_> {
    /// A document; `None`: something in it is wrong and has been reported.
    pub(super) fn guardrails(
        &mut self,
        node: &Node,
        first: Place,
        within: &Confinement,
    ) -> Option<(Document, Place)> {
        let before = self.out.errors();
        self.refuse_parameters(node, "guardrails have");
        let keys =
            Keys { of: "Guardrails", known: GUARDRAILS_KEYS, later: later::GUARDRAILS_KEYS, example: "" };
        let fields = self.fields(node, &keys)?;
        let name = self.named(node, first, fields, GUARDRAILS_KEYS);
        if let Some((name, _)) = &name {
            self.subject = format!("guardrails {}", quoted(name));
        }
        let missing = fields.get("kind").map_or(first, |kind| kind.value.place);
        let parts = self.guardrails_parts(fields, within, missing, before);
        if let Some(Unprotect { namespaces, owner_kinds }) = parts.as_ref().map(|(_, unprotect)| unprotect)
            && let Some(entry) = fields.get("unprotect")
            && within.is_empty()
        {
            self.warn_of_lifted(entry, namespaces.as_ref(), owner_kinds);
        }
        let ((name, place), (protect, unprotect)) = (name?, parts?);
        let confined = within.split_first().map(|(first, rest)| {
            rest.iter().fold((**first).clone(), |globs, other| globs.confined_to(other))
        });
        let document = Document { name, within: confined, protect, unprotect };
        (self.out.errors() == before).then_some((document, place))
    }

    /// What a document says below its name, in a case of a test: it holds beside the packs' own.
    pub(super) fn guardrails_of_case(&mut self, entry: &Entry, case: &str) -> Option<Document> {
        let before = self.out.errors();
        self.refuse_parameters(&entry.value, "guardrails have");
        let keys = Keys {
            of: "`guardrails`",
            known: PARTS,
            later: later::GUARDRAILS_KEYS,
            example: "`{ protect: { namespaces: [prod-*] } }`",
        };
        let fields = self.fields(&entry.value, &keys)?;
        let (protect, unprotect) =
            self.guardrails_parts(fields, &Confinement::default(), entry.key.place, before)?;
        let name = format!("of the case {case}");
        (self.out.errors() == before).then_some(Document { name, within: None, protect, unprotect })
    }

    /// `missing` is where it is told that there is none of them, if there were no errors but those `before`.
    fn guardrails_parts(
        &mut self,
        fields: Fields<'_>,
        within: &Confinement,
        missing: Place,
        before: usize,
    ) -> Option<(Protect, Unprotect)> {
        let protect = fields.get("protect").map(|entry| self.protect(entry));
        let unprotect = fields.get("unprotect").map(|entry| self.unprotect(entry, within));
        if protect.is_none() && unprotect.is_none() && self.out.errors() == before {
            let help = "write `protect: { namespaces: [prod-*] }`";
            self.report(Diagnostic::new(Code::MissingKey, missing, "they protect nothing").help(help));
        }
        Some((protect.unwrap_or(Some(Protect::default()))?, unprotect.unwrap_or(Some(Unprotect::default()))?))
    }

    fn protect(&mut self, entry: &Entry) -> Option<Protect> {
        let fields = self.part(entry, PROTECT)?;
        // All of them are read before any is missed, so that all mistakes are told.
        let namespaces = self.optional_globs(fields);
        let labels = fields.get("labels").map_or(Some(Vec::new()), |entry| self.selectors(entry));
        let kinds = self.each_item(fields.get("kinds"), "[persistentvolumeclaims]", Self::kind_name);
        let owner_kinds = self.each_item(fields.get("ownerKinds"), "[DaemonSet]", Self::owner_kind);
        let priority_at_least = match fields.value("priorityAtLeast") {
            Some(value) => self.integer(value, "`priorityAtLeast`", "1000000").map(Some).ok_or(Reported),
            None => Ok(None),
        };
        Some(Protect {
            namespaces: namespaces.ok()?,
            labels: labels?,
            kinds: kinds?,
            owner_kinds: owner_kinds?,
            priority_at_least: priority_at_least.ok()?,
        })
    }

    /// Those of a list, or of the one value that stands for a list of one.
    fn each_item<T>(
        &mut self,
        entry: Option<&Entry>,
        example: &str,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(Entry { key, value }) = entry else { return Some(Vec::new()) };
        let is_list = matches!(value.data, Data::List(_));
        if matches!(&value.data, Data::List(items) if items.is_empty()) {
            self.list(value, "the list", &format!("`{example}`"))?;
        }
        let what = format!("`{}`", key.text);
        collect(items(value).into_iter().map(|item| {
            if is_list {
                self.plain_entry(item, ValueKind::Texts, &what, example)?;
            }
            read(self, item)
        }))
    }

    fn unprotect(&mut self, entry: &Entry, within: &Confinement) -> Option<Unprotect> {
        if !within.is_empty() {
            let message = "a confined pack lifts no protection";
            let help = "leave `unprotect` out, or move it to a file that is not confined";
            self.report(Diagnostic::new(Code::Confined, entry.key.place, message).help(help));
        }
        let fields = self.part(entry, UNPROTECT)?;
        let namespaces = self.optional_globs(fields).ok()?;
        if let Some(value) = fields.value("namespaces") {
            self.check_lifted(value);
        }
        let owner_kinds = match fields.value("ownerKinds") {
            Some(value) => {
                match self.value(value, ValueKind::Choices(SYSTEM_OWNERS), "`ownerKinds`", "DaemonSet")? {
                    Value::Texts(kinds) => kinds,
                    _ => return None,
                }
            }
            None => Vec::new(),
        };
        Some(Unprotect { namespaces, owner_kinds })
    }

    /// A mapping that names something.
    fn part<'n>(&mut self, entry: &'n Entry, keys: &[Key]) -> Option<Fields<'n>> {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let what = format!("`{}`", entry.key.text);
        let example = "`{ namespaces: [prod-*] }`";
        let fields = self.fields(&entry.value, &Keys { of: &what, known: &names, later: &[], example })?;
        if entry.value.entries().is_some_and(<[_]>::is_empty) {
            let message = format!("{what} names nothing");
            let help = format!("write `{}: {{ namespaces: … }}`, or leave it out", entry.key.text);
            self.report(Diagnostic::new(Code::EmptyList, entry.key.place, message).help(help));
            return None;
        }
        Some(fields)
    }

    /// The globs of `namespaces`, if there are any.
    fn optional_globs(&mut self, fields: Fields<'_>) -> Result<Option<Globs>, Reported> {
        let Some(value) = fields.value("namespaces") else { return Ok(None) };
        self.namespaces(value, "[prod-*]").map(Some).ok_or(Reported)
    }

    /// Each is what stands under the matcher `labels`.
    fn selectors(&mut self, entry: &Entry) -> Option<Vec<Selector>> {
        let items = self.list(&entry.value, "`labels`", "`- matchLabels: { tier: gold }`")?;
        collect(items.iter().map(|item| {
            let selector = Entry { key: entry.key.clone(), value: item.clone() };
            let matcher = self.matcher_entry(&selector).map(Arc::from)?;
            Some(Selector { written: Written::in_one_line(item), matcher })
        }))
    }

    fn kind_name(&mut self, node: &Node) -> Option<KindName> {
        let text = self.text(node, ValueKind::Text, "`kinds`", "persistentvolumeclaims")?;
        let Some(kind) = KindName::parse(&text) else {
            let message = format!("{} names no kind", quoted(&text));
            let help = "write `persistentvolumeclaims`, `virtualmachines.kubevirt.io`, or `*.kubevirt.io` for a group";
            self.report(Diagnostic::new(Code::BadWatch, node.place, message).help(help));
            return None;
        };
        if let Some(target) = watch::parse(&text)
            && kinds::resolve(&target).known().is_none()
            && let Some(nearest) = kinds::nearest(&target)
        {
            let message =
                format!("{} is no kind that is known here: it would protect nothing", quoted(&text));
            let help = format!("did you mean `{nearest}`?");
            self.report(Diagnostic::new(Code::UnknownKind, node.place, message).help(help));
        }
        Some(kind)
    }

    fn owner_kind(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, ValueKind::Text, "`ownerKinds`", "DaemonSet")?;
        let is_kind = text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_kind {
            let message = format!("{} is no kind as owner references have it", quoted(&text));
            let help = kinds::kind_called(&text).map_or_else(
                || "write a kind, such as `DaemonSet`".to_owned(),
                |kind| format!("write `{kind}`"),
            );
            self.report(Diagnostic::new(Code::BadWatch, node.place, message).help(help));
            return None;
        }
        if let Some(nearest) = kinds::nearest_kind(&text) {
            let message =
                format!("{} is no kind that is known here: it would protect nothing", quoted(&text));
            let help = format!("did you mean `{nearest}`?");
            self.report(Diagnostic::new(Code::UnknownKind, node.place, message).help(help));
        }
        Some(text)
    }

    /// Only what is protected by itself can be lifted, and `*` would lift all of it.
    fn check_lifted(&mut self, node: &Node) {
        for item in items(node) {
            let Some(scalar) = item.scalar() else { continue };
            if !scalar.text.starts_with('!') && !is_protected(&scalar.text) {
                let message = format!("{} is no namespace that is protected by itself", quoted(&scalar.text));
                let help = format!("name one of {}, or leave it out", SYSTEM_NAMESPACES.join(", "));
                self.report(Diagnostic::new(Code::BadChoice, item.place, message).help(help));
            }
        }
    }

    fn warn_of_lifted(&mut self, entry: &Entry, namespaces: Option<&Globs>, owner_kinds: &[String]) {
        let lifted = [
            ("namespaces", namespaces.map(|globs| format!("in the system namespaces {globs}"))),
            (
                "ownerKinds",
                (!owner_kinds.is_empty()).then(|| format!("on pods of a {}", owner_kinds.join(", "))),
            ),
        ];
        for (key, where_) in lifted {
            let (Some(named), Some(where_)) = (entry.value.get(key), where_) else { continue };
            let message = format!("rules may act {where_}: their protection is lifted");
            let help =
                "leave it out where that is not meant; whatever other guardrails protect stays protected";
            self.report(Diagnostic::new(Code::LiftedProtection, named.value.place, message).help(help));
        }
    }
}
