//! YAML to JSON, for schema files alone: no places, no descriptions, bounded in depth, nodes and aliases.

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Number, Value};

/// Schemas nest two levels for each field; the deepest real ones have about sixty.
const DEEPEST: usize = 120;
/// The largest bundle of definitions that was seen has 200,000.
const MOST_NODES: usize = 2_000_000;

/// The documents of a text; why it is none.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { parser, nodes: 0 };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            None | Some(Event::StreamEnd) => return Ok(documents),
            Some(event) if event.is_node() => documents.push(reader.value(event, 0)?),
            Some(_) => {}
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<Event<'t>>, String> {
        self.parser
            .next()
            .transpose()
            .map(|next| next.map(|(event, _)| event))
            .map_err(|error| error.to_string())
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Value, String> {
        self.nodes += 1;
        if depth > DEEPEST || self.nodes > MOST_NODES {
            return Err("it nests too deeply, or is too large".to_owned());
        }
        match event {
            Event::Scalar(text, style, ..) => Ok(scalar(&text, style == ScalarStyle::Plain)),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some(event) = self.next()?.filter(|event| !matches!(event, Event::SequenceEnd)) {
                    items.push(self.value(event, depth + 1)?);
                }
                Ok(Value::Array(items))
            }
            Event::MappingStart(..) => {
                let mut members = Map::new();
                while let Some(key) = self.next()?.filter(|event| !matches!(event, Event::MappingEnd)) {
                    let Event::Scalar(name, ..) = key else {
                        return Err("it has a key that is no text".to_owned());
                    };
                    let Some(event) = self.next()? else { break };
                    // The texts of descriptions are most of a definition. A field may be called so too.
                    let is_text = matches!(event, Event::Scalar(..));
                    let value = self.value(event, depth + 1)?;
                    if name != "description" || !is_text {
                        members.insert(name.into_owned(), value);
                    }
                }
                Ok(Value::Object(members))
            }
            // No tool writes definitions with aliases, and copies of copies have no bound.
            _ => Err("it uses aliases".to_owned()),
        }
    }
}

fn scalar(text: &str, plain: bool) -> Value {
    match text {
        "" | "~" | "null" if plain => Value::Null,
        "true" if plain => Value::Bool(true),
        "false" if plain => Value::Bool(false),
        text => {
            let number = if plain { serde_json::from_str::<Number>(text).ok() } else { None };
            number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_read_without_their_descriptions() {
        let text = "a: { description: long, b: [1, \"2\", yes, null] }\n---\ndescription: { type: string }\n";
        let expected =
            [json!({"a": {"b": [1, "2", "yes", null]}}), json!({"description": {"type": "string"}})];
        assert_eq!(documents(text).unwrap(), expected);
        assert_eq!(documents("").unwrap(), [] as [Value; 0]);
    }

    #[test]
    fn what_is_no_yaml_or_has_no_bound_is_refused() {
        let deep = "[".repeat(200_000);
        let blocks: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        let aliases = "a: &a [x]\nb: *a\n";
        for text in ["a: [", "a: b: c", deep.as_str(), blocks.as_str(), aliases, "? [a]\n: b\n"] {
            assert!(documents(text).is_err(), "{}", &text[..text.len().min(20)]);
        }
    }
}
