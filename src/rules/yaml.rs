//! From text to trees: one [`Node`] per document, composed from the parser's events. Everything that grows
//! faster than the text (nesting, aliases) has a budget, so that no file can fill memory or stack.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span as ParserSpan, StrInput, StructureStyle,
    Tag,
};

use super::blanks;
use super::code::Code;
use super::diagnostic::{Collector, Diagnostic, Place, Span, quoted};
use super::node::{Data, Entry, Key, MERGE, Node, Scalar};
use super::source::SourceId;
use super::unclosed;

/// Rules nest about ten deep; composing and lowering are recursive.
const DEEPEST: usize = 64;
/// Nodes of a file with its aliases written out. A megabyte of rules has about 100,000.
const MOST_NODES: usize = 250_000;
/// Bytes of text of a file with its aliases written out: four times the largest file.
const MOST_BYTES: usize = 4 << 20;

/// Composes the documents of a text. What follows a syntax error is lost, what precedes it is kept.
pub(super) fn compose(source: SourceId, text: &str, out: &mut Collector) -> Vec<Node> {
    if let Some(diagnostic) = control_character(source, text) {
        out.push(diagnostic);
        return Vec::new();
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let parser = Parser::new_from_str_with_options(text, options);
    let anchors = HashMap::new();
    let mut composer = Composer { parser, text, source, out, anchors, open: Vec::new(), nodes: 0, bytes: 0 };
    let mut documents = Vec::new();
    loop {
        match composer.document() {
            Ok(Some(_)) if composer.out.is_full() => return documents,
            Ok(Some(document)) => documents.push(document),
            Ok(None) => return documents,
            Err(diagnostic) => {
                out.push(*diagnostic);
                return documents;
            }
        }
    }
}

/// The parser takes NUL for the end of the text, so that what follows it would be ignored in silence.
fn control_character(source: SourceId, text: &str) -> Option<Diagnostic> {
    let is_refused = |c: char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
    let (start, character) = text.char_indices().find(|(_, c)| is_refused(*c))?;
    let place = Place { source, span: Span { start, end: start + 1 } };
    let message = format!("not YAML: it holds the control character {}", character.escape_default());
    Some(
        Diagnostic::new(Code::Syntax, place, message)
            .help("remove it, or write it as an escape inside double quotes"),
    )
}

type Composed<T> = Result<T, Box<Diagnostic>>;

struct Composer<'t, 'o> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    source: SourceId,
    out: &'o mut Collector,
    anchors: HashMap<usize, Node>,
    /// Where the brackets stand that are open.
    open: Vec<usize>,
    nodes: usize,
    bytes: usize,
}

impl<'t> Composer<'t, '_> {
    fn document(&mut self) -> Composed<Option<Node>> {
        loop {
            let Some((event, span)) = self.next()? else { return Ok(None) };
            match event {
                Event::StreamEnd => return Ok(None),
                event if event.is_node() => return self.node(event, span, 0).map(Some),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Composed<Option<(Event<'t>, ParserSpan)>> {
        self.parser.next().transpose().map_err(|error| Box::new(self.syntax(&error)))
    }

    fn node(&mut self, event: Event<'t>, span: ParserSpan, depth: usize) -> Composed<Node> {
        let place = self.place(span);
        let unused_tag = event.tag().and_then(|tag| self.tag(tag, span, place));
        let anchor = event.anchor_id();
        let node = match event {
            Event::Scalar(text, style, _, tag) => {
                let is_string =
                    tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str") || tag.suffix() == "!");
                let plain = style == ScalarStyle::Plain && !is_string;
                self.count(1, text.len(), place)?;
                match unused_tag.filter(|_| plain && place.span.start == place.span.end) {
                    // `!test-x` alone: a glob that lacks its quotes, and read as one.
                    Some(node) => node,
                    None => Node {
                        place,
                        data: Data::Scalar(Scalar { text: text.into_owned(), plain }),
                        used: None,
                    },
                }
            }
            Event::SequenceStart(style, ..) => self.list(style, place, depth + 1)?,
            Event::MappingStart(style, ..) => self.map(style, place, depth + 1)?,
            Event::Alias(id) => self.alias(id, place)?,
            // Only an unresolved alias is left: most likely a glob that lacks its quotes.
            _ => {
                let text = self.text.get(place.span.start..place.span.end).unwrap_or_default().to_owned();
                let message =
                    format!("{} is read as a YAML alias, and no anchor has this name", quoted(&text));
                let help = format!("put it into quotes: `\"{text}\"`");
                self.out.push(Diagnostic::new(Code::UnsupportedYaml, place, message).help(help));
                Node { place, data: Data::Broken, used: None }
            }
        };
        if let Some(anchor) = anchor {
            let (nodes, bytes) = node.size();
            self.count(nodes, bytes, place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn opens(&mut self, style: StructureStyle, place: Place) {
        if style == StructureStyle::Flow {
            self.open.push(place.span.start);
        }
    }

    fn list(&mut self, style: StructureStyle, mut place: Place, depth: usize) -> Composed<Node> {
        self.enter(depth, place)?;
        let mut items = Vec::new();
        self.opens(style, place);
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                if style == StructureStyle::Flow {
                    self.open.pop();
                    place.span.end = self.place(span).span.end;
                }
                break;
            }
            let item = self.node(event, span, depth)?;
            place.span.end = place.span.end.max(item.place.span.end);
            items.push(item);
        }
        Ok(Node { place, data: Data::List(items), used: None })
    }

    fn map(&mut self, style: StructureStyle, mut place: Place, depth: usize) -> Composed<Node> {
        self.enter(depth, place)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<String, Place> = BTreeMap::new();
        self.opens(style, place);
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                if style == StructureStyle::Flow {
                    self.open.pop();
                    place.span.end = self.place(span).span.end;
                }
                break;
            }
            if self.out.is_full() {
                break;
            }
            let key_node = self.node(event, span, depth)?;
            let Some((event, span)) = self.next()? else { break };
            let mut value = self.node(event, span, depth)?;
            place.span.end = place.span.end.max(key_node.place.span.end).max(value.place.span.end);
            let Some(key) = self.key(key_node) else { continue };
            if value.place.span.start == value.place.span.end {
                // Nothing is written there: the key is what can be underlined.
                value.place = key.place;
            }
            if let Some(first) = seen.get(&key.text) {
                let message = format!("the key {} stands here twice", quoted(&key.text));
                let diagnostic = Diagnostic::new(Code::DuplicateKey, key.place, message)
                    .label("again")
                    .help("keep one of the two")
                    .related(*first, "first here");
                self.out.push(diagnostic);
                continue;
            }
            seen.insert(key.text.clone(), key.place);
            entries.push(Entry { key, value });
        }
        Ok(Node { place, data: Data::Map(entries), used: None })
    }

    /// A key that rules can have; of others only a diagnostic is left.
    fn key(&mut self, node: Node) -> Option<Key> {
        let place = node.place;
        match node.data {
            Data::Scalar(scalar) if scalar.plain && scalar.text == MERGE => {
                let message = "merge keys are not supported";
                let help = "write the keys out, or move them into `defaults`";
                self.out.push(Diagnostic::new(Code::UnsupportedYaml, place, message).help(help));
                // It stays, since it may stand for keys that would be missed otherwise.
                Some(Key { text: MERGE.to_owned(), place })
            }
            Data::Scalar(scalar) => Some(Key { text: scalar.text, place }),
            _ => {
                let message = "a key must be a string, not a list or a mapping";
                let help = "if `{` or `[` begins a value here, put the value into quotes: `\"${name}\"`";
                self.out.push(Diagnostic::new(Code::UnsupportedYaml, place, message).help(help));
                None
            }
        }
    }

    fn alias(&mut self, id: usize, place: Place) -> Composed<Node> {
        let Some(node) = self.anchors.get(&id) else {
            let message = "an alias stands inside its own anchor";
            return Err(Box::new(
                Diagnostic::new(Code::TooComplex, place, message).help("write the value out"),
            ));
        };
        let (nodes, bytes) = node.size();
        let node =
            (self.nodes + nodes <= MOST_NODES && self.bytes + bytes <= MOST_BYTES).then(|| node.clone());
        self.count(nodes, bytes, place)?;
        // The budget has just been checked: there is a node.
        Ok(node.unwrap_or(Node { place, data: Data::List(Vec::new()), used: None }))
    }

    /// Reports a tag that has no meaning here; the result is what it was probably meant to be.
    fn tag(&mut self, tag: &Tag, span: ParserSpan, place: Place) -> Option<Node> {
        if tag.is_yaml_core_schema() || tag.suffix() == "!" {
            return None;
        }
        let place = span.tag_span().map_or(place, |span| self.place(span));
        let text = self.text.get(place.span.start..place.span.end).unwrap_or_default();
        let message = format!("{} is read as a YAML tag, which rules do not use", quoted(text));
        let help = format!("put it into quotes: `\"{text}\"`");
        let data = Data::Scalar(Scalar { text: text.to_owned(), plain: false });
        self.out.push(Diagnostic::new(Code::UnsupportedYaml, place, message).help(help));
        Some(Node { place, data, used: None })
    }

    fn enter(&mut self, depth: usize, place: Place) -> Composed<()> {
        self.count(1, 0, place)?;
        if depth > DEEPEST {
            return Err(Box::new(too_deep(place)));
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, bytes: usize, place: Place) -> Composed<()> {
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes <= MOST_NODES && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let message = "the file is too large with its aliases written out";
        Err(Box::new(
            Diagnostic::new(Code::TooComplex, place, message).help("split it, and use fewer aliases"),
        ))
    }

    fn place(&self, span: ParserSpan) -> Place {
        let range = span.byte_range().unwrap_or_default();
        let end = range.end.min(self.text.len());
        Place { source: self.source, span: Span { start: range.start.min(end), end } }
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let offset = error.marker().byte_offset().unwrap_or_default().min(self.text.len());
        let next = self.text.get(offset..).and_then(|rest| rest.chars().next());
        let width = next.filter(|c| !matches!(c, '\r' | '\n')).map_or(0, char::len_utf8);
        let place = Place { source: self.source, span: Span { start: offset, end: offset + width } };
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return too_deep(place);
        }
        if let Some(blank) = blanks::near(self.text, offset) {
            let place = Place { span: blank.span, ..place };
            let message = format!("not YAML: {}", blank.message);
            return Diagnostic::new(Code::Syntax, place, message).help(blank.help);
        }
        let unclosed = self.open.last().and_then(|opened| unclosed::before(self.text, *opened, offset));
        if let Some(unclosed) = unclosed {
            let message = format!("not YAML: the `{}` is not closed", unclosed.bracket);
            let (opened, outside) =
                (Place { span: unclosed.opened, ..place }, Place { span: unclosed.outside, ..place });
            return Diagnostic::new(Code::Syntax, opened, message)
                .label("opened here")
                .help(format!("close it with `{}`", unclosed.closing()))
                .related(outside, "this is still read as a part of it");
        }
        Diagnostic::new(Code::Syntax, place, format!("not YAML: {}", error.info()))
            .help(syntax_help(error.kind()))
    }
}

fn too_deep(place: Place) -> Diagnostic {
    let message = format!("the document nests deeper than {DEEPEST} levels");
    Diagnostic::new(Code::TooComplex, place, message).help("no rule needs so many levels")
}

/// What the writer of a rule most likely meant.
pub(crate) fn syntax_help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            "indent with spaces, not with tabs"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "put a value that begins with `>` or `|` into quotes: `\">= 3\"`"
        }
        ErrorKind::MissingAnchorOrAliasName => "put a value that begins with `*` or `&` into quotes: `\"*\"`",
        ErrorKind::UnclosedQuotedScalar => "close the quotes",
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "separate by `,`, close what is open, and put a value with brackets or commas into \
             quotes: `\"${name}\"`"
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => "close the `{` or `[`",
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidColonPlacement => {
            "check the indentation, and put a value with `: ` in it into quotes"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "write `key: value`, with a space behind the colon"
        }
        _ => "check the line and the one before it: indentation, quotes, brackets",
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
