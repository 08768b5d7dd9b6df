//! Lowers a document of kind RuleTest and its cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::descriptor::{Value, ValueKind};
use k8s_healer_engine::values::format_duration;

use super::objects::Origins;
use super::{CASE_KEYS, Case, METADATA_KEYS, RuleTest, TEST_KEYS};
use crate::rules::code::Code;
use crate::rules::diagnostic::{Diagnostic, Place, quoted};
use crate::rules::document::Run;
use crate::rules::lowering::{Fields, Keys, Lowering};
use crate::rules::node::{Data, Entry, Node};
use crate::rules::values::collect;

impl Run<'_> {
    /// Reads a test. I/O: the files of objects that it names.
    pub(in crate::rules) fn test(&mut self, node: &Node, first: Place) {
        let Some(source) = self.sources.get(first.source) else { return };
        let folder = Path::new(&source.name).parent().unwrap_or_else(|| Path::new("")).to_owned();
        let mut fixtures = std::mem::take(&mut self.fixtures);
        let mut lowering = self.lowering();
        let origins = Origins { folder: &folder, fixtures: &mut fixtures, bases: BTreeMap::new() };
        let test = lowering.test(node, first, origins);
        self.fixtures = fixtures;
        let cases = node.get("cases").map(|cases| match &cases.value.data {
            Data::List(cases) => cases.len(),
            _ => 0,
        });
        self.counted_cases += cases.unwrap_or_default();
        if let Some((name, rules, mut cases)) = test {
            let line = |place: Place| source.position(place.span.start).0;
            for case in &mut cases {
                case.line = line(case.place);
                case.set.stand_in(source);
            }
            self.tests.push(RuleTest { name, file: source.name.clone(), rules, cases });
        }
    }
}

type Parts = (String, Vec<(PathBuf, Place)>, Vec<Case>);

impl Lowering<'_> {
    fn test(&mut self, node: &Node, first: Place, mut origins: Origins<'_>) -> Option<Parts> {
        let before = self.out.errors();
        let keys = Keys { of: "a RuleTest", known: TEST_KEYS, later: &[], example: "" };
        let fields = self.fields(node, &keys)?;
        let name = fields.get("metadata").and_then(|metadata| self.test_name(metadata));
        if fields.get("metadata").is_none() && !Self::may_be_misspelt(node, "metadata", TEST_KEYS) {
            let diagnostic = Diagnostic::new(Code::MissingKey, first, "the test lacks `metadata`");
            self.report(diagnostic.help("write `metadata: { name: my-rules }`"));
        }
        let rules = match fields.value("rules") {
            Some(rules) => self.packs(rules, origins.folder),
            None => Some(Vec::new()),
        };
        if let Some(bases) = fields.value("bases") {
            self.bases(bases, &mut origins);
        }
        let cases = match fields.get("cases") {
            Some(cases) => self.cases(&cases.value, &mut origins),
            None => {
                if !Self::may_be_misspelt(node, "cases", TEST_KEYS) {
                    let place = fields.get("kind").map_or(first, |kind| kind.value.place);
                    let diagnostic = Diagnostic::new(Code::MissingKey, place, "the test lacks `cases`");
                    self.report(diagnostic.help("write `cases:` and a list of cases"));
                }
                None
            }
        };
        self.subject.clear();
        if self.out.errors() > before {
            return None;
        }
        Some((name?, rules?, cases?))
    }

    fn test_name(&mut self, entry: &Entry) -> Option<String> {
        let keys =
            Keys { of: "`metadata`", known: METADATA_KEYS, later: &[], example: "`{ name: my-rules }`" };
        let fields = self.fields(&entry.value, &keys)?;
        for key in METADATA_KEYS.iter().skip(1) {
            if let Some(value) = fields.value(key) {
                self.text(value, ValueKind::Text, &format!("`{key}`"), "text");
            }
        }
        let name = self.required_in(entry, fields, "name", METADATA_KEYS, "my-rules")?;
        self.dns_label(&name.value, "`name`")
    }

    /// Files and folders of packs, relative to the test.
    fn packs(&mut self, node: &Node, folder: &Path) -> Option<Vec<(PathBuf, Place)>> {
        let items = match &node.data {
            Data::Scalar(_) if !node.is_null() => std::slice::from_ref(node),
            _ => self.list(node, "`rules`", "`[..]`, the folder of a pack")?,
        };
        collect(items.iter().map(|item| {
            let path = self.text(item, ValueKind::Text, "`rules`", "..")?;
            let path = folder.join(path);
            if path.exists() {
                return Some((path, item.place));
            }
            let message = format!("there is no file or folder {}", path.display());
            let help = "name rule files or folders, relative to the test's own file; \
                        left out, it is the pack that the test lies in";
            self.report(Diagnostic::new(Code::NoRules, item.place, message).help(help));
            None
        }))
    }

    fn bases(&mut self, node: &Node, origins: &mut Origins<'_>) {
        let Data::Map(entries) = &node.data else {
            let help = "write `bases: { pod: { apiVersion: v1, kind: Pod } }`";
            return self.wrong_type(node, "`bases`", "a mapping", help);
        };
        for Entry { key, value } in entries {
            let Data::Map(parts) = &value.data else {
                self.wrong_type(
                    value,
                    &quoted(&key.text),
                    "an object",
                    "write `{ apiVersion: v1, kind: Pod }`",
                );
                continue;
            };
            if let Some(base) = self.parts_of_base(value, parts) {
                origins.bases.insert(key.text.clone(), base);
            }
        }
    }

    fn cases(&mut self, node: &Node, origins: &mut Origins<'_>) -> Option<Vec<Case>> {
        let items = self.list(node, "`cases`", "`- name: …`")?;
        let mut names: BTreeMap<&str, Place> = BTreeMap::new();
        let mut cases = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if self.out.is_full() {
                return None;
            }
            let name = item.get("name").and_then(|name| Some((name.value.scalar()?, name.value.place)));
            self.subject = match name.filter(|_| item.get("name").is_some_and(|name| !name.value.is_null())) {
                Some((name, _)) => format!("case {}", quoted(&name.text)),
                None => format!("case {}", index + 1),
            };
            cases.push(self.case(item, origins));
            let Some((name, place)) = name else { continue };
            match names.get(name.text.as_str()) {
                Some(first) => {
                    let message = format!("another case of this test is called {} too", quoted(&name.text));
                    let diagnostic = Diagnostic::new(Code::DuplicateCase, place, message);
                    let help = "say what is different in this one";
                    self.report(diagnostic.help(help).related(*first, "the first one"));
                }
                None => drop(names.insert(&name.text, place)),
            }
        }
        collect(cases.into_iter())
    }

    fn case(&mut self, node: &Node, origins: &mut Origins<'_>) -> Option<Case> {
        let before = self.out.errors();
        let keys = Keys {
            of: "a case",
            known: CASE_KEYS,
            later: &[],
            example: "`name: …`, `now: …`, `objects: …`, `timeline: …`",
        };
        let fields = self.fields(node, &keys)?;
        let first = node.entries().and_then(<[_]>::first).map_or(node.place, |first| first.key.place);
        let place = fields.value("name").map_or(first, |name| name.place);
        for (key, help) in [
            ("name", "write `name: deleted at three minutes, not before`"),
            ("now", "write `now: 2026-01-01T00:00:00Z`, the start of the case's clock"),
            ("timeline", "write `timeline: [ { at: 5m, expect: nothing } ]`"),
        ] {
            if fields.get(key).is_none() && !Self::may_be_misspelt(node, key, CASE_KEYS) {
                self.report(Diagnostic::new(Code::MissingKey, place, format!("it lacks `{key}`")).help(help));
            }
        }
        let name = fields
            .value("name")
            .and_then(|value| self.text(value, ValueKind::Text, "`name`", "deleted at three minutes"));
        let now = fields.value("now").and_then(|value| {
            match self.value(value, ValueKind::Time, "`now`", "2026-01-01T00:00:00Z")? {
                Value::Time(now) => Some(now),
                _ => None,
            }
        });
        let set = self.case_settings(fields);
        let called = node.get("name").and_then(|name| name.value.scalar()).map(|name| quoted(&name.text));
        let guardrails = fields
            .get("guardrails")
            .map(|entry| self.guardrails_of_case(entry, &called.unwrap_or_default()).map(Arc::new));
        let objects = match fields.value("objects") {
            // The first list may be empty: objects come later.
            Some(value) if matches!(&value.data, Data::List(items) if items.is_empty()) => Some(Vec::new()),
            Some(value) => self.objects(value, "`objects`", origins),
            None => Some(Vec::new()),
        };
        self.check_differ(objects.as_deref().unwrap_or_default());
        let moments = fields.value("timeline").and_then(|value| self.timeline(value, origins));
        let until = match fields.value("until") {
            Some(value) => self.duration(value, "`until`", "24h"),
            None => moments.as_ref().and_then(|moments| moments.last()).map(|last| last.at),
        };
        if self.out.errors() > before {
            return None;
        }
        let (moments, until) = (moments?, until?);
        self.check_until(fields, until, moments.last().map(|last| last.at).unwrap_or_default())?;
        let now = now?;
        if now.checked_add(until).is_err() {
            let message = format!("there is no moment {} after {now}", format_duration(until));
            let help = "begin with an earlier `now`, or end earlier";
            let place = fields.value("now").map_or(place, |now| now.place);
            self.report(Diagnostic::new(Code::BadTimeline, place, message).help(help));
            return None;
        }
        Some(Case {
            name: name?,
            line: 0,
            place,
            now,
            set: set?,
            guardrails: guardrails.map_or(Some(None), |guardrails| guardrails.map(Some))?,
            objects: objects?,
            moments,
            until,
        })
    }

    fn check_until(&mut self, fields: Fields<'_>, until: Duration, last: Duration) -> Option<()> {
        let Some(value) = fields.value("until").filter(|_| until < last) else { return Some(()) };
        let message = format!("the case ends before its last step, at {}", format_duration(last));
        let help = "write a later `until`, or leave it out";
        self.report(Diagnostic::new(Code::BadTimeline, value.place, message).help(help));
        None
    }
}
