//! The known fields of kinds, as a graph: a field's form is stored once and may contain itself, as the
//! schema of a schema does. What a schema does not say is taken to be possible.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_healer_engine::asked::Types;

use super::schema::{Additional, Schema};

/// The index of a form in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FormId(usize);

/// What is known of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    /// What it can be; empty: only what `others` say.
    pub(super) types: Types,
    /// An object's members that have a name.
    pub(super) members: BTreeMap<Box<str>, FormId>,
    /// An object's other members.
    pub(super) every: Option<FormId>,
    /// A list's elements.
    pub(super) items: Option<FormId>,
    /// There may be more than is known.
    pub(super) open: bool,
    /// The only texts that it can be; empty: any.
    pub(super) choices: Vec<Box<str>>,
    /// It may be of these forms too.
    pub(super) others: Vec<FormId>,
}

impl Form {
    /// Of which nothing is known.
    pub(super) fn any() -> Self {
        Self { types: Types::ANY, open: true, ..Self::default() }
    }

    pub(super) fn of(types: Types) -> Self {
        Self { types, ..Self::default() }
    }
}

/// All forms.
#[derive(Debug, Default)]
pub(super) struct Tree {
    forms: Vec<Form>,
}

impl Tree {
    pub(super) fn get(&self, id: FormId) -> Option<&Form> {
        self.forms.get(id.0)
    }

    pub(super) fn add(&mut self, form: Form) -> FormId {
        self.forms.push(form);
        FormId(self.forms.len() - 1)
    }

    pub(super) fn set(&mut self, id: FormId, form: Form) {
        if let Some(place) = self.forms.get_mut(id.0) {
            *place = form;
        }
    }

    /// More is possible than is known of it.
    pub(super) fn open(&mut self, id: FormId) {
        if let Some(form) = self.forms.get_mut(id.0) {
            form.open = true;
        }
    }

    /// The forms themselves, in place of those that only point to others.
    pub(super) fn expanded(&self, ids: &[FormId]) -> BTreeSet<FormId> {
        let (mut seen, mut waiting) = (BTreeSet::new(), ids.to_vec());
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(self.get(id).map(|form| form.others.as_slice()).unwrap_or_default());
            }
        }
        seen.retain(|id| self.get(*id).is_some_and(|form| !form.types.is_empty()));
        seen
    }

    /// Everything that can be below, the forms themselves included.
    pub(super) fn below(&self, ids: &[FormId]) -> BTreeSet<FormId> {
        let (mut seen, mut waiting) = (BTreeSet::new(), ids.to_vec());
        while let Some(id) = waiting.pop() {
            let Some(form) = self.get(id).filter(|_| seen.insert(id)) else { continue };
            waiting.extend(form.members.values().chain(&form.every).chain(&form.items).chain(&form.others));
        }
        seen
    }
}

/// Adds the schemas of one document, whose references are its own.
pub(super) struct Planting<'t> {
    pub(super) tree: &'t mut Tree,
    /// The forms of the document's definitions, by the end of their references.
    definitions: HashMap<String, FormId>,
    /// What every object's metadata can have.
    object_meta: FormId,
}

impl<'t> Planting<'t> {
    pub(super) fn new(tree: &'t mut Tree, object_meta: FormId) -> Self {
        Self { tree, definitions: HashMap::new(), object_meta }
    }

    /// Adds the definitions that others refer to.
    pub(super) fn define(&mut self, definitions: &BTreeMap<String, Schema>) {
        for name in definitions.keys() {
            let id = self.tree.add(Form::any());
            self.definitions.insert(name.clone(), id);
        }
        for (name, schema) in definitions {
            let form = self.form(schema);
            if let Some(id) = self.definitions.get(name) {
                self.tree.set(*id, form);
            }
        }
    }

    pub(super) fn definition(&self, name: &str) -> Option<FormId> {
        self.definitions.get(name).copied()
    }

    /// Adds the schema of a whole object: whatever it says of them, it has the fields of every object.
    pub(super) fn root(&mut self, schema: &Schema) -> FormId {
        let mut form = self.form(schema);
        self.add_identity(&mut form);
        self.tree.add(form)
    }

    /// Adds an object of which these definitions tell.
    pub(super) fn object(&mut self, definitions: &[FormId]) -> FormId {
        let mut form = Form { others: definitions.to_vec(), ..Form::default() };
        self.add_identity(&mut form);
        self.tree.add(form)
    }

    fn add(&mut self, schema: &Schema) -> FormId {
        let form = self.form(schema);
        self.tree.add(form)
    }

    fn add_identity(&mut self, form: &mut Form) {
        form.types = form.types | Types::OBJECT;
        let text = self.tree.add(Form::of(Types::STRING));
        form.members.insert("apiVersion".into(), text);
        form.members.insert("kind".into(), text);
        form.members.insert("metadata".into(), self.object_meta);
    }

    fn form(&mut self, schema: &Schema) -> Form {
        let mut form = Form::default();
        if let Some(reference) = &schema.reference {
            let name = reference.rsplit('/').next().unwrap_or_default();
            // What is defined elsewhere may be anything.
            return match self.definitions.get(name) {
                Some(id) => Form { others: vec![*id], ..form },
                None => Form::any(),
            };
        }
        for word in schema.types() {
            form.types = form.types | type_named(word);
        }
        if form.types.is_empty() {
            let object = !schema.properties.is_empty() || schema.additional_properties.is_some();
            form.types = form.types | if object { Types::OBJECT } else { Types::default() };
            form.types = form.types | if schema.items.is_some() { Types::LIST } else { Types::default() };
        }
        for (name, property) in &schema.properties {
            let id = self.add(property);
            form.members.insert(name.as_str().into(), id);
        }
        form.items = schema.items.as_ref().map(|items| self.add(items));
        match &schema.additional_properties {
            Some(Additional::Form(every)) => form.every = Some(self.add(every)),
            Some(Additional::Allowed(true)) => form.open = true,
            Some(Additional::Allowed(false)) => {}
            // An object of which no field is told, such as any of another kind.
            None => form.open = schema.properties.is_empty() && form.types.meets(Types::OBJECT),
        }
        form.open |= schema.preserves_unknown;
        form.choices = choices(schema);
        // Where a form is given, a part that gives none only bounds it.
        let bounds_alone = !form.types.is_empty() || schema.preserves_unknown;
        for part in schema.parts().filter(|part| !bounds_alone || says_form_deeply(part)) {
            let id = self.add(part);
            form.others.push(id);
        }
        if schema.embeds_resource {
            self.add_identity(&mut form);
        }
        if form.types.is_empty() && (form.others.is_empty() || schema.preserves_unknown) {
            return Form::any();
        }
        form
    }
}

fn says_form_deeply(schema: &Schema) -> bool {
    schema.says_form() || schema.parts().any(says_form_deeply)
}

fn choices(schema: &Schema) -> Vec<Box<str>> {
    let texts = schema.choices.iter().map(|choice| choice.as_str().map(Box::from));
    texts.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn type_named(word: &str) -> Types {
    match word {
        "string" => Types::STRING,
        "integer" | "number" => Types::NUMBER,
        "boolean" => Types::BOOLEAN,
        "array" => Types::LIST,
        "object" => Types::OBJECT,
        "null" => Types::default(),
        _ => Types::ANY,
    }
}
