//! The objects of a case: written out, from a file, or from a base, each with what is different in this one
//! merged over it. `name` and `namespace` stand for those of its metadata.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use k8s_healer_engine::descriptor::ValueKind;
use serde_json::{Map, Value, json};

use super::fixtures::{Fixtures, json as json_of};
use super::placeholders::{placeholder, unescape};
use super::{Object, Reference};
use crate::rules::code::Code;
use crate::rules::diagnostic::{Diagnostic, Place, quoted};
use crate::rules::lowering::Lowering;
use crate::rules::node::{Data, Entry, MERGE, Node};
use crate::rules::watch;
use crate::rules::{suggest, values::collect};

/// What the objects of a document can begin with.
pub(super) struct Origins<'a> {
    /// The folder of the test's file.
    pub(super) folder: &'a Path,
    pub(super) fixtures: &'a mut Fixtures,
    /// By name: whole objects, or parts that all of them have.
    pub(super) bases: BTreeMap<String, Value>,
}

const FILE: &str = "file";
const BASE: &str = "base";
pub(super) const REFERENCE: &str = "pods/test-a/web-1";

impl Lowering<'_> {
    /// One entry may stand for all objects of a file.
    pub(super) fn objects(
        &mut self,
        node: &Node,
        what: &str,
        origins: &mut Origins<'_>,
    ) -> Option<Vec<Object>> {
        let items = match &node.data {
            Data::Map(_) => std::slice::from_ref(node),
            _ => self.list(node, what, "`- { file: pod.yaml, name: web-1 }`")?,
        };
        let objects = collect(items.iter().map(|item| self.object(item, origins)))?;
        Some(objects.into_iter().flatten().collect())
    }

    fn object(&mut self, node: &Node, origins: &mut Origins<'_>) -> Option<Vec<Object>> {
        let Data::Map(entries) = &node.data else {
            let help = "write the object itself, or `{ file: pod.yaml }`";
            self.wrong_type(node, "an object", "a mapping", help);
            return None;
        };
        let place = entries.first().map_or(node.place, |entry| entry.key.place);
        if node.get(MERGE).is_some() {
            return None;
        }
        let (file, base) = (node.get(FILE), node.get(BASE));
        if let (Some(file), Some(base)) = (file, base) {
            let message = "an object begins with a `file` or with a `base`, not with both";
            let diagnostic =
                Diagnostic::new(Code::Conflict, base.key.place, message).help("keep one of the two");
            self.report(diagnostic.related(file.key.place, "the other"));
            return None;
        }
        let begins = match (file, base) {
            (Some(entry), _) => self.of_file(entry, origins)?,
            (_, Some(entry)) => vec![self.base(entry, origins)?],
            _ => vec![Value::Object(Map::new())],
        };
        let changes = self.merged_over(entries)?;
        let several = begins.len() > 1;
        let named = changes.get("metadata").and_then(|metadata| metadata.get("name"));
        if several && named.is_some() {
            let message =
                format!("the file holds {} objects, and they cannot all have one name", begins.len());
            let help = "give each object a file of its own, or leave the name out";
            self.report(Diagnostic::new(Code::BadObject, place, message).help(help));
            return None;
        }
        let is_whole = file.is_none() && base.is_none();
        collect(begins.into_iter().map(|mut value| {
            // Written out, nothing is taken away: a null is one.
            match &changes {
                _ if !is_whole => json_patch::merge(&mut value, &changes),
                whole => value.clone_from(whole),
            }
            self.check_object(node, place, &value)?;
            Some(Object { value: Arc::new(value), place })
        }))
    }

    fn of_file(&mut self, entry: &Entry, origins: &mut Origins<'_>) -> Option<Vec<Value>> {
        let name = self.text(&entry.value, ValueKind::Text, "`file`", "pod.yaml")?;
        match origins.fixtures.objects(&origins.folder.join(&name)) {
            Ok(objects) => Some(objects.to_vec()),
            Err(message) => {
                let help = "the path is relative to the test's own file";
                self.report(Diagnostic::new(Code::BadObject, entry.value.place, message).help(help));
                None
            }
        }
    }

    fn base(&mut self, entry: &Entry, origins: &Origins<'_>) -> Option<Value> {
        if let Data::Map(parts) = &entry.value.data {
            return self.parts_of_base(&entry.value, parts);
        }
        let name = self.text(&entry.value, ValueKind::Text, "`base`", "pod")?;
        if let Some(base) = origins.bases.get(&name) {
            return Some(base.clone());
        }
        let names: Vec<&str> = origins.bases.keys().map(String::as_str).collect();
        let help = if names.is_empty() {
            "declare it beside `cases`: `bases: { pod: { apiVersion: v1, kind: Pod } }`".to_owned()
        } else {
            suggest::help(&name, &names)
        };
        let message = format!("no base is called {}", quoted(&name));
        self.report(Diagnostic::new(Code::BadObject, entry.value.place, message).help(help));
        None
    }

    /// A base, written out.
    pub(super) fn parts_of_base(&mut self, base: &Node, parts: &[Entry]) -> Option<Value> {
        let Some(entry) = [FILE, BASE].iter().find_map(|key| base.get(key)) else {
            return self.merged_over(parts);
        };
        let message = format!("a base begins with no other: `{}` stands in it", entry.key.text);
        let diagnostic = Diagnostic::new(Code::BadObject, entry.key.place, message);
        self.report(diagnostic.help("write the base out"));
        None
    }

    /// What is different in this object: all that is written beside its file or base. Or the parts of a base.
    fn merged_over(&mut self, entries: &[Entry]) -> Option<Value> {
        let mut changes = Map::new();
        let mut metadata = Map::new();
        for entry in entries.iter().filter(|entry| ![FILE, BASE].contains(&entry.key.text.as_str())) {
            if entry.key.text == "metadata"
                && !matches!(entry.value.data, Data::Map(_))
                && !entry.value.is_null()
            {
                let help = "write `metadata: { name: web-1, namespace: test-a }`";
                self.wrong_type(&entry.value, "`metadata`", "a mapping", help);
                return None;
            }
            let value = self.json(&entry.value)?;
            match entry.key.text.as_str() {
                "name" | "namespace" => drop(metadata.insert(entry.key.text.clone(), value)),
                key => drop(changes.insert(key.to_owned(), value)),
            }
        }
        let mut changes = Value::Object(changes);
        if !metadata.is_empty() {
            json_patch::merge(&mut changes, &json!({ "metadata": metadata }));
        }
        Some(changes)
    }

    /// Any value, as an API server would take it.
    pub(super) fn json(&mut self, node: &Node) -> Option<Value> {
        if let Some((place, name)) = placeholder(node) {
            let message = format!("nothing is put in for `${{{name}}}` in an object of a test");
            let help = format!("write the value itself, or `$${{{name}}}` if this text is meant");
            self.report(Diagnostic::new(Code::UnknownParameter, place, message).help(help));
            return None;
        }
        match json_of(node) {
            Ok(mut value) => {
                unescape(&mut value);
                Some(value)
            }
            Err(unclear) => {
                let message = format!("{} could be a number or a string", unclear.shown());
                let help = "put it into quotes if it is a string, else write it in digits";
                let diagnostic = Diagnostic::new(Code::AmbiguousOperand, unclear.place, message);
                self.report(diagnostic.help(help));
                None
            }
        }
    }

    /// What a list returns is there once.
    pub(super) fn check_differ(&mut self, objects: &[Object]) {
        let mut known: BTreeMap<[&str; 4], Place> = BTreeMap::new();
        for Object { value, place } in objects {
            let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
            let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
            let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
            if let Some(first) = known.insert([group, text("/kind"), namespace, name], *place) {
                let message = format!("another {} {} is there already", text("/kind"), quoted(name));
                let diagnostic = Diagnostic::new(Code::BadObject, *place, message);
                let help = "give it another name, or `apply` it in a step of the timeline";
                self.report(diagnostic.help(help).related(first, "the first one"));
            }
        }
    }

    fn check_object(&mut self, node: &Node, place: Place, value: &Value) -> Option<()> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let metadata = value.get("metadata");
        let lacks = [
            ("apiVersion", text(value.get("apiVersion"))),
            ("kind", text(value.get("kind"))),
            ("metadata.name", text(metadata.and_then(|metadata| metadata.get("name")))),
        ];
        let Some((key, _)) = lacks.into_iter().find(|(_, is_there)| !is_there) else {
            let name = metadata.and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
            if let Some(name) = name.filter(|name| name.contains(['/', '%']) || [".", ".."].contains(name)) {
                let message = format!("no object is called {}", quoted(name));
                let help = "a name is a part of a path: it has no `/` and no `%`";
                self.report(Diagnostic::new(Code::BadObject, place, message).help(help));
                return None;
            }
            let namespace = metadata.and_then(|metadata| metadata.get("namespace"));
            if namespace.is_none_or(|namespace| namespace.is_string() || namespace.is_null()) {
                return Some(());
            }
            let message = "the namespace of an object must be a string";
            self.report(Diagnostic::new(Code::BadObject, place, message).help("put it into quotes"));
            return None;
        };
        let message = format!("the object lacks `{key}`, or it is no string");
        let words: Vec<&str> =
            node.entries().unwrap_or_default().iter().map(|e| e.key.text.as_str()).collect();
        let near = words.iter().find(|word| {
            !["kind", "name", "spec", "status"].contains(word)
                && suggest::nearest(word, [FILE, BASE, "apiVersion", "kind", "metadata"])
                    .is_some_and(|near| near != **word)
        });
        let is_named = metadata.and_then(|metadata| metadata.get("name")).is_some_and(|name| !name.is_null());
        let made = metadata.and_then(|metadata| metadata.get("generateName")).or(value.get("generateName"));
        let help = match near.and_then(|word| suggest::nearest(word, [FILE, BASE, "apiVersion", "kind"])) {
            Some(near) => format!("did you mean `{near}`?"),
            None if key == "metadata.name" && is_named => "put the name into quotes".to_owned(),
            None if key == "metadata.name" && made.is_some() => {
                "nobody makes a name of `generateName` in a test: write `name` as the server would have made it"
                    .to_owned()
            }
            None => "write `apiVersion`, `kind` and `metadata.name`, or begin with a `file` or a `base`"
                .to_owned(),
        };
        self.report(Diagnostic::new(Code::BadObject, place, message).help(help));
        None
    }

    /// `resource[.group]/namespace/name`, or without a namespace.
    pub(super) fn reference(&mut self, node: &Node, what: &str) -> Option<Reference> {
        let text = self.text(node, ValueKind::Text, what, REFERENCE)?;
        let parts: Vec<&str> = text.split('/').collect();
        let (resource, namespace, name) = match parts.as_slice() {
            [resource, name] => (*resource, None, *name),
            [resource, namespace, name] => (*resource, Some((*namespace).to_owned()), *name),
            _ => ("", None, ""),
        };
        let is_sound = !name.is_empty() && namespace.as_ref().is_none_or(|namespace| !namespace.is_empty());
        let Some(resource) = watch::parse(resource).filter(|_| is_sound) else {
            let message = format!("{} names no object", quoted(&text));
            let help = format!("write `resource[.group]/namespace/name`, such as `{REFERENCE}`");
            self.report(Diagnostic::new(Code::BadReference, node.place, message).help(help));
            return None;
        };
        Some(Reference { resource, namespace, name: name.to_owned(), place: node.place })
    }
}
