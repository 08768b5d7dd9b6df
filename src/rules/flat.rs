//! A YAML file that holds no rules: one mapping, of keys to values and lists of values, each with its place.
//! It is read with the care that rules are read with.

use super::code::Code;
use super::diagnostic::{Collector, Diagnostic, Place, Span};
use super::node::{Data, Form, Node};
use super::source::SourceId;
use super::yaml::compose;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As it is written.
    pub key: String,
    /// Where it is written.
    pub key_place: Place,
    /// What it is set to.
    pub value: Item,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub value: Value,
    /// Where it is written.
    pub place: Place,
}

/// What a key can be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// Several values.
    List(Vec<Item>),
    /// Something else, named: `a mapping`.
    Other(&'static str),
}

/// Reads the one document of a text; an empty text sets nothing.
pub fn read(source: SourceId, text: &str) -> Result<Vec<Setting>, Vec<Diagnostic>> {
    let mut out = Collector::default();
    let documents = compose(source, text, &mut out);
    let mut documents = documents.into_iter().filter(|document| !document.is_null());
    let first = documents.next();
    if let Some(second) = documents.next() {
        let place = Place { source, span: Span { end: second.place.span.start, ..second.place.span } };
        let message = "the file holds two documents, where one is expected";
        out.push(Diagnostic::new(Code::WrongType, place, message).help("take the `---` away"));
    }
    let settings = match first {
        None => Vec::new(),
        Some(Node { data: Data::Map(entries), .. }) => entries
            .into_iter()
            .map(|entry| Setting {
                key: entry.key.text,
                key_place: entry.key.place,
                value: item(entry.value),
            })
            .collect(),
        Some(node) => {
            let message = format!("the file holds {}, where keys are expected", node.shown());
            out.push(Diagnostic::new(Code::WrongType, node.place, message).help("write `key: value`"));
            Vec::new()
        }
    };
    let problems = out.into_sorted();
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn item(node: Node) -> Item {
    let place = node.place;
    let value = match node.data {
        Data::Scalar(scalar) => match scalar.form() {
            Form::Null => Value::Other("nothing"),
            Form::Bool(value) => Value::Bool(value),
            Form::Number(_) => Value::Number(scalar.text),
            Form::Unclear | Form::Text => Value::Text(scalar.text),
        },
        Data::List(items) => Value::List(items.into_iter().map(item).collect()),
        Data::Map(_) | Data::Broken => Value::Other("a mapping"),
    };
    Item { value, place }
}

#[cfg(test)]
mod tests {
    use super::super::source::{Sources, accept};
    use super::*;

    fn read(text: &str) -> Result<Vec<Setting>, Vec<String>> {
        let mut sources = Sources::default();
        let source = accept(&mut sources, "a.yaml", text.as_bytes()).unwrap();
        super::read(source, text).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_are_what_they_look_like() {
        let text = "a: x\nb: 5\nc: \"5\"\nd: true\ne: [x, 1]\nf: { g: 1 }\nh:\n";
        let values: Vec<Value> = read(text).unwrap().into_iter().map(|setting| setting.value.value).collect();
        assert_eq!(values[0], Value::Text("x".into()));
        assert_eq!(values[1], Value::Number("5".into()));
        assert_eq!(values[2], Value::Text("5".into()));
        assert_eq!(values[3], Value::Bool(true));
        assert!(matches!(&values[4], Value::List(items) if items[1].value == Value::Number("1".into())));
        assert_eq!(values[5], Value::Other("a mapping"));
        assert_eq!(values[6], Value::Other("nothing"));
    }

    #[test]
    fn a_text_without_a_document_sets_nothing() {
        for text in ["", "# a comment\n", "---\n", "null\n"] {
            assert_eq!(read(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_single_mapping_is_refused() {
        for (text, message) in [
            ("- a\n", "the file holds a list, where keys are expected"),
            ("a: 1\n---\nb: 1\n", "the file holds two documents, where one is expected"),
            ("a: 1\na: 2\n", "the key `a` stands here twice"),
            ("a: [1\n", "not YAML: "),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems[0].starts_with(message), "{text:?}: {problems:?}");
        }
    }
}
