//! Kubernetes' own kinds, embedded: `schemas/kubernetes-fields.json` names their fields in a short form,
//! which a test generates from a real API server's OpenAPI documents.
//!
//! A form is `string`, `number`, `boolean`, `any`, `string(A,B)` for a choice, `[form]` for a list, `{form}`
//! for a mapping, or the name of a type; `|` stands between several.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_healer_engine::asked::Types;
use serde::{Deserialize, Serialize};

use super::documents::OpenApi;
use super::schema::{Additional, Schema};
use super::tree::{Form, FormId, Tree};
use super::{KnownKind, Schemas};

const EMBEDDED: &str = include_str!("../../../schemas/kubernetes-fields.json");
const OBJECT_META: &str = "meta.v1.ObjectMeta";

/// The file.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Fields {
    /// The version that it was generated from.
    kubernetes: String,
    /// `apps/v1/deployments` → the name of its type; the kind is its last word.
    kinds: BTreeMap<String, String>,
    /// The fields of each type that is an object, and the form of the others.
    types: BTreeMap<String, Type>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Type {
    Object(BTreeMap<String, String>),
    Other(String),
}

impl Schemas {
    /// Kubernetes' own kinds, and the metadata of every object.
    #[must_use]
    pub fn kubernetes() -> Self {
        Self::of_fields(serde_json::from_str(EMBEDDED).unwrap_or_default())
    }

    fn of_fields(fields: Fields) -> Self {
        let mut tree = Tree::default();
        let names = fields.types.keys().map(|name| (name.as_str(), tree.add(Form::any())));
        let mut reader = Reader { ids: names.collect(), tree: Tree::default() };
        reader.tree = tree;
        for (name, of_type) in &fields.types {
            let form = match of_type {
                Type::Other(form) => reader.form(form),
                Type::Object(members) => {
                    let mut form = Form::of(Types::OBJECT);
                    for (member, written) in members {
                        let id = reader.add(written);
                        form.members.insert(member.as_str().into(), id);
                    }
                    form
                }
            };
            if let Some(id) = reader.ids.get(name.as_str()) {
                reader.tree.set(*id, form);
            }
        }
        let mut kinds = Vec::new();
        for (path, name) in &fields.kinds {
            let mut parts = path.rsplitn(3, '/');
            let (Some(plural), Some(version)) = (parts.next(), parts.next()) else { continue };
            let Some(root) = reader.ids.get(name.as_str()) else { continue };
            let kind = name.rsplit('.').next().unwrap_or_default();
            kinds.push(KnownKind {
                group: parts.next().unwrap_or_default().to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
                singular: kind.to_lowercase(),
                short_names: Vec::new(),
                kind: kind.to_owned(),
                root: *root,
            });
        }
        let known = reader.ids.get(OBJECT_META).copied();
        let object_meta = known.unwrap_or_else(|| reader.tree.add(Form::any()));
        Self { tree: reader.tree, built_in: kinds.len(), kinds, object_meta, version: fields.kubernetes }
    }
}

struct Reader<'f> {
    ids: HashMap<&'f str, FormId>,
    tree: Tree,
}

impl Reader<'_> {
    fn add(&mut self, written: &str) -> FormId {
        if let Some(id) = self.ids.get(written) {
            return *id;
        }
        let form = self.form(written);
        self.tree.add(form)
    }

    fn form(&mut self, written: &str) -> Form {
        let mut form = Form::default();
        if let Some(inner) = between(written, '[', ']') {
            form.types = Types::LIST;
            form.items = Some(self.add(inner));
        } else if let Some(inner) = between(written, '{', '}') {
            form.types = Types::OBJECT;
            form.every = Some(self.add(inner));
        } else if let Some(choices) = written.strip_prefix("string(").and_then(|rest| rest.strip_suffix(')'))
        {
            form.types = Types::STRING;
            form.choices = choices.split(',').map(Box::from).collect();
        } else if let Some(id) = self.ids.get(written) {
            form.others.push(*id);
        } else {
            return match written {
                "string" => Form::of(Types::STRING),
                "number" => Form::of(Types::NUMBER),
                "boolean" => Form::of(Types::BOOLEAN),
                "string|number" => Form::of(Types::STRING | Types::NUMBER),
                _ => Form::any(),
            };
        }
        form
    }
}

fn between(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// The text of the embedded file for a server of this version that serves these OpenAPI documents.
///
/// # Errors
/// A document is none.
pub fn fields_of(version: &str, documents: &[Vec<u8>]) -> serde_json::Result<String> {
    let (mut definitions, mut listed) = (BTreeMap::new(), BTreeSet::new());
    for document in documents {
        let (more, kinds) = serde_json::from_slice::<OpenApi>(document)?.into_parts();
        definitions.extend(more);
        listed.extend(kinds);
    }
    let mut fields = Fields { kubernetes: version.to_owned(), ..Fields::default() };
    let mut waiting = vec![format!("io.k8s.apimachinery.pkg.apis.{OBJECT_META}")];
    for (kind, plural) in listed {
        let of_kind = definitions.iter().find(|(_, schema)| schema.kinds() == [kind.clone()]);
        let Some((name, _)) = of_kind else { continue };
        let group = if kind.group.is_empty() { String::new() } else { format!("{}/", kind.group) };
        fields.kinds.insert(format!("{group}{}/{plural}", kind.version), short(name));
        waiting.push(name.clone());
    }
    while let Some(name) = waiting.pop() {
        let Some(schema) = definitions.get(&name) else { continue };
        if fields.types.contains_key(&short(&name)) {
            continue;
        }
        let of_type = if schema.properties.is_empty() {
            Type::Other(written(schema, &mut waiting))
        } else {
            let member = |(name, schema): (&String, &Schema)| (name.clone(), written(schema, &mut waiting));
            Type::Object(schema.properties.iter().map(member).collect())
        };
        fields.types.insert(short(&name), of_type);
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&fields)?))
}

/// `core.v1.Pod` for `io.k8s.api.core.v1.Pod`.
fn short(name: &str) -> String {
    let words: Vec<&str> = name.rsplit('.').take(3).collect();
    words.into_iter().rev().collect::<Vec<_>>().join(".")
}

fn written(schema: &Schema, waiting: &mut Vec<String>) -> String {
    if let Some(name) = schema.reference.as_deref().and_then(|reference| reference.rsplit('/').next()) {
        waiting.push(name.to_owned());
        return short(name);
    }
    let parts: BTreeSet<String> = schema.parts().map(|part| written(part, waiting)).collect();
    if !parts.is_empty() {
        return match parts.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => one.clone(),
            [a, b] if a == "number" && b == "string" => "string|number".to_owned(),
            _ => "any".to_owned(),
        };
    }
    let texts: Option<Vec<&str>> = schema.choices.iter().map(serde_json::Value::as_str).collect();
    let choices =
        texts.filter(|choices| !choices.is_empty() && choices.iter().all(|choice| !choice.contains(',')));
    match (schema.types().as_slice(), &schema.items, &schema.additional_properties) {
        (["array"], Some(items), _) => format!("[{}]", written(items, waiting)),
        (["object"], _, Some(Additional::Form(every))) => format!("{{{}}}", written(every, waiting)),
        (["string"], ..) => {
            choices.map_or("string".to_owned(), |choices| format!("string({})", choices.join(",")))
        }
        (["integer" | "number"], ..) => "number".to_owned(),
        (["boolean"], ..) => "boolean".to_owned(),
        (["integer", "string"], ..) => "string|number".to_owned(),
        _ => "any".to_owned(),
    }
}
