//! Files of objects that cases name: YAML or JSON, one object or several, or a `List` as kubectl prints it. Each
//! is read once, however many cases begin with it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::rules::diagnostic::Collector;
use crate::rules::node::{Data, Form, Node};
use crate::rules::source::{Sources, accept, read_file};
use crate::rules::yaml::compose;

/// What is in each file, or why that is not known.
#[derive(Debug, Default)]
pub(in crate::rules) struct Fixtures {
    read: HashMap<PathBuf, Result<Arc<[Value]>, String>>,
}

impl Fixtures {
    /// The objects of a file. I/O.
    pub(super) fn objects(&mut self, path: &Path) -> Result<Arc<[Value]>, String> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let read = read(path);
        self.read.insert(path.to_owned(), read.clone());
        read
    }
}

fn read(path: &Path) -> Result<Arc<[Value]>, String> {
    let name = path.display().to_string();
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(format!("cannot read {name}: it is a folder"));
    }
    let bytes = read_file(path, &name).map_err(|problem| problem.message)?;
    let (mut sources, mut out) = (Sources::default(), Collector::default());
    let source = accept(&mut sources, &name, &bytes).map_err(|problem| problem.message)?;
    let Some(source_text) = sources.get(source) else { return Err(format!("cannot read {name}")) };
    let documents = compose(source, &source_text.text, &mut out);
    let at = |offset: usize| {
        let (line, column) = source_text.position(offset);
        format!("{name}:{line}:{column}")
    };
    if let Some(problem) = out.into_sorted().into_iter().next() {
        let start = problem.place.map_or(0, |place| place.span.start);
        return Err(format!("{}: {}", at(start), problem.message));
    }
    let mut objects = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        let value = json(document).map_err(|node| {
            let text = "could be a number or a string; put it into quotes, or write it in digits";
            format!("{}: {} {text}", at(node.place.span.start), node.shown())
        })?;
        match value {
            Value::Object(mut list) if list.contains_key("items") => match list.remove("items") {
                Some(Value::Array(items)) => objects.extend(items),
                _ => return Err(format!("{name} holds a list whose `items` are none")),
            },
            Value::Object(object) => objects.push(Value::Object(object)),
            _ => return Err(format!("{}: no object stands here", at(document.place.span.start))),
        }
    }
    if objects.is_empty() { Err(format!("{name} holds no object")) } else { Ok(objects.into()) }
}

/// The value that a tree stands for, or a scalar that could be two things.
pub(super) fn json(node: &Node) -> Result<Value, &Node> {
    Ok(match &node.data {
        Data::Scalar(scalar) => match scalar.form() {
            Form::Null => Value::Null,
            Form::Bool(value) => value.into(),
            Form::Number(number) => number.into(),
            Form::Text => scalar.text.clone().into(),
            Form::Unclear => return Err(node),
        },
        Data::List(items) => Value::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Data::Map(entries) => {
            let members = entries.iter().map(|entry| Ok((entry.key.text.clone(), json(&entry.value)?)));
            Value::Object(members.collect::<Result<_, &Node>>()?)
        }
        Data::Broken => Value::Null,
    })
}
