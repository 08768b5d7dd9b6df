//! YAML: the value of one document, or of one item of a list. What is not written as kubectl writes it comes straight
//! from the parser's events, and what grows faster than the text there (nesting, aliases) has a budget.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Number, Value};

use super::problem::Flaw;
use super::reading::too_deep;
use super::{block, weight};
use crate::rules::{Form, form_of_plain};

/// As deep as the JSON parser goes; see [`too_deep`].
const DEEPEST: usize = 128;
/// Nodes that aliases may add to a document; nobody writes objects with many.
const MOST_COPIED: usize = 100_000;
/// Bytes of text that they may add.
const MOST_COPIED_BYTES: usize = 8 << 20;

/// The value of the first document of a text, and the byte at which it begins; `None`: it holds nothing but comments.
pub(super) fn value(bytes: &[u8]) -> Result<Option<(Value, usize)>, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        Flaw::new(error.valid_up_to(), format!("not UTF-8: the byte {byte:#04x}"), "save the file as UTF-8")
    })?;
    // The parser takes NUL for the end of the text, so that what follows it would be ignored in silence.
    let is_refused = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    if let Some(offset) = bytes.iter().position(is_refused) {
        let character = char::from(bytes[offset]).escape_default();
        let message = format!("not YAML: it holds the control character {character}");
        return Err(Flaw::new(offset, message, "remove it, or write it as an escape inside double quotes"));
    }
    block::value(text).map_or_else(|| parsed(text), |found| Ok(Some(found)))
}

/// The same by the parser, which knows all of YAML.
pub(super) fn parsed(text: &str) -> Result<Option<(Value, usize)>, Flaw> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { parser, anchors: HashMap::new(), weight: 0, copied: 0, copied_bytes: 0 };
    while let Some((event, at)) = composer.next()? {
        if event.is_node() {
            return composer.finish(event, at).map(|value| Some((value, at)));
        }
    }
    Ok(None)
}

struct Composer<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Value>,
    /// What the values so far take.
    weight: usize,
    copied: usize,
    copied_bytes: usize,
}

impl<'t> Composer<'t> {
    /// With the byte at which it begins: a whole span is larger than most events, and would be moved for each.
    fn next(&mut self) -> Result<Option<(Event<'t>, usize)>, Flaw> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok(Some((event, offset(&span)))),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok(None),
        }
    }

    /// The node, and nothing behind it.
    fn finish(&mut self, event: Event<'t>, at: usize) -> Result<Value, Flaw> {
        let value = self.node(event, at, 0)?;
        while let Some((event, at)) = self.next()? {
            if event.is_node() {
                return Err(Flaw::new(at, "not YAML: a second value stands here", ""));
            }
        }
        Ok(value)
    }

    fn node(&mut self, event: Event<'t>, at: usize, depth: usize) -> Result<Value, Flaw> {
        if depth > DEEPEST {
            return Err(too_deep(at));
        }
        self.weight += match event {
            Event::SequenceStart(..) => weight::LIST,
            Event::MappingStart(..) => weight::MAPPING,
            _ => 1,
        };
        if self.weight > weight::MOST {
            return Err(Flaw { offset: at, ..weight::too_much(0) });
        }
        let anchor = event.anchor_id();
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                let is_string =
                    tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str") || tag.suffix() == "!");
                if style == ScalarStyle::Plain && !is_string {
                    plain(&text)
                } else {
                    text.into_owned().into()
                }
            }
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            Event::Alias(id) => self.alias(id, at, depth)?,
            Event::UnresolvedAlias(name) => {
                let message = format!("no anchor of this object is called `{name}`");
                return Err(Flaw::new(at, message, "write out what the alias stands for"));
            }
            // Nothing else is a node.
            _ => Value::Null,
        };
        if let Some(anchor) = anchor {
            self.count(&value, at)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Flaw> {
        let mut items = Vec::new();
        while let Some((event, at)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, at, depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, Flaw> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        while let Some((event, at)) = self.next()? {
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, _, _) => {
                    let is_merge = style == ScalarStyle::Plain && text == "<<";
                    (!is_merge).then(|| text.into_owned())
                }
                _ => {
                    let help = "write a string, or put it into quotes if `{` or `[` begins a text";
                    return Err(Flaw::new(at, "a key is a list, a mapping or an alias", help));
                }
            };
            let Some((event, value_at)) = self.next()? else { break };
            let value = self.node(event, value_at, depth + 1)?;
            match key {
                None => merged.push(value),
                Some(key) => {
                    if map.contains_key(&key) {
                        let message = format!("the key `{key}` stands here twice");
                        return Err(Flaw::new(at, message, "keep one of the two"));
                    }
                    map.insert(key, value);
                }
            }
        }
        merged.into_iter().for_each(|value| merge(&mut map, value));
        Ok(Value::Object(map))
    }

    fn alias(&mut self, id: usize, offset: usize, depth: usize) -> Result<Value, Flaw> {
        let Some(value) = self.anchors.get(&id) else {
            let message = "an alias stands inside its own anchor";
            return Err(Flaw::new(offset, message, "write out what it stands for"));
        };
        // Counted before it is copied.
        let Size { nodes, bytes, depth: own } = size(value);
        if depth + own > DEEPEST {
            return Err(too_deep(offset));
        }
        self.add(nodes, bytes, offset)?;
        Ok(self.anchors.get(&id).cloned().unwrap_or_default())
    }

    fn count(&mut self, value: &Value, offset: usize) -> Result<(), Flaw> {
        let Size { nodes, bytes, .. } = size(value);
        self.add(nodes, bytes, offset)
    }

    fn add(&mut self, nodes: usize, bytes: usize, offset: usize) -> Result<(), Flaw> {
        self.copied += nodes;
        self.copied_bytes += bytes;
        if self.copied <= MOST_COPIED && self.copied_bytes <= MOST_COPIED_BYTES {
            return Ok(());
        }
        let message = "the object is too large with its aliases written out";
        Err(Flaw::new(offset, message, "no object of Kubernetes is"))
    }
}

/// What a mapping has itself comes before what is merged into it.
fn merge(map: &mut Map<String, Value>, from: Value) {
    match from {
        Value::Object(from) => from.into_iter().for_each(|(key, value)| {
            map.entry(key).or_insert(value);
        }),
        Value::Array(several) => several.into_iter().for_each(|from| merge(map, from)),
        _ => {}
    }
}

/// How much a value is.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    /// How many levels stand below it.
    depth: usize,
}

fn size(value: &Value) -> Size {
    let one = |bytes: usize| Size { nodes: 1, bytes, depth: 0 };
    let add = |sum: Size, child: Size| Size {
        nodes: sum.nodes + child.nodes,
        bytes: sum.bytes + child.bytes,
        depth: sum.depth.max(child.depth + 1),
    };
    match value {
        Value::String(text) => one(text.len()),
        Value::Array(items) => items.iter().map(size).fold(one(0), add),
        Value::Object(map) => {
            map.iter().fold(one(0), |sum, (key, value)| add(add(sum, one(key.len())), size(value)))
        }
        _ => one(0),
    }
}

/// A scalar without quotes.
pub(super) fn plain(text: &str) -> Value {
    // Most are words, and told so by their first character.
    let may_be_else = |byte: &u8| {
        matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F')
    };
    if !text.is_empty() && !text.as_bytes().first().is_some_and(may_be_else) {
        return text.into();
    }
    match form_of_plain(text) {
        Form::Null => Value::Null,
        Form::Bool(value) => value.into(),
        Form::Number(number) => number.into(),
        Form::Text => text.into(),
        Form::Unclear => unclear(text).map_or_else(|| text.into(), Value::Number),
    }
}

/// kubectl writes no number like this. Whoever wrote it by hand gets what kubectl would make of it: `0644` is
/// octal, `1_000` a thousand.
fn unclear(text: &str) -> Option<Number> {
    let digits = text.replace('_', "");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let radix = |prefix: &[&str], radix| {
        let digits = prefix.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        i64::from_str_radix(digits, radix).ok()
    };
    let whole = radix(&["0x", "0X"], 16)
        .or_else(|| radix(&["0b"], 2))
        .or_else(|| radix(&["0o", "0"], 8))
        .or_else(|| digits.parse().ok());
    match whole {
        Some(number) => Some((sign * number).into()),
        None => Number::from_f64(digits.parse::<f64>().ok()? * f64::from(i8::try_from(sign).unwrap_or(1))),
    }
}

fn offset(span: &Span) -> usize {
    span.byte_range().unwrap_or_default().start
}

fn syntax(error: &ScanError) -> Flaw {
    let offset = error.marker().byte_offset().unwrap_or_default();
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(offset);
    }
    Flaw::new(offset, format!("not YAML: {}", error.info()), crate::rules::syntax_help(error.kind()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        value(text.as_bytes()).unwrap().unwrap().0
    }

    fn refused(text: &[u8]) -> (usize, String) {
        let flaw = value(text).unwrap_err();
        (flaw.offset, flaw.message)
    }

    #[test]
    fn scalars_are_what_kubectl_takes_them_for() {
        let text = "a: x\nb: 'true'\nc: true\nd: 3\ne: 1e+06\nf: null\ng:\nh: ~\ni: no\nj: 1.5\nk: -4\nl: !!str 5\n\
                    m: 100m\nn: 2026-01-01T00:00:00Z\no: 1Gi\np: \"\"\nq: .\nr: false\ns: nodes\n";
        let expected = json!({
            "a": "x", "b": "true", "c": true, "d": 3, "e": 1e6, "f": null, "g": null, "h": null, "i": "no",
            "j": 1.5, "k": -4, "l": "5", "m": "100m", "n": "2026-01-01T00:00:00Z", "o": "1Gi", "p": "",
            "q": ".", "r": false, "s": "nodes",
        });
        assert_eq!(read(text), expected);
        for (text, number) in [
            ("0644", json!(0o644)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("-0b11", json!(-3)),
            ("1_000", json!(1000)),
            ("+7", json!(7)),
            (".5", json!(0.5)),
            (".inf", json!(".inf")),
        ] {
            assert_eq!(read(&format!("a: {text}")), json!({ "a": number }), "{text}");
        }
    }

    #[test]
    fn blocks_flows_anchors_and_merges_are_read() {
        let text = "a: |\n  x\n   y\nb: >-\n  x\n  y\nc: {d: [1, e]}\nf: &f {g: 1, h: 2}\ni: *f\nj: {<<: *f, g: 3}\n\
                    k: 'it''s'\n? long\n: m\n";
        let expected = json!({
            "a": "x\n y\n", "b": "x y", "c": {"d": [1, "e"]}, "f": {"g": 1, "h": 2}, "i": {"g": 1, "h": 2},
            "j": {"g": 3, "h": 2}, "k": "it's", "long": "m",
        });
        assert_eq!(read(text), expected);
        assert_eq!(value(b"# nothing\n").unwrap(), None);
        assert_eq!(read("---\n# nothing\n"), Value::Null);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        assert_eq!(refused(b"a: 1\nb: \xff"), (8, "not UTF-8: the byte 0xff".to_owned()));
        assert_eq!(refused(b"a: \0"), (3, "not YAML: it holds the control character \\u{0}".to_owned()));
        assert_eq!(refused(b"a: 1\na: 2"), (5, "the key `a` stands here twice".to_owned()));
        assert_eq!(refused(b"a: *b"), (3, "no anchor of this object is called `b`".to_owned()));
        assert_eq!(refused(b"[a]: 1").1, "a key is a list, a mapping or an alias");
        assert!(refused(b"a: 'b").1.starts_with("not YAML: "));
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", ")));
        }
        assert_eq!(refused(bomb.as_bytes()).1, "the object is too large with its aliases written out");
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            assert_eq!(refused(deep.as_bytes()).1, "the object nests deeper than 128 levels");
        }
    }
}
