//! A path segment by segment, each with the characters that it is written in: for whoever holds a path
//! against what is known of a kind, not against an object.

use std::ops::Range;

use jsonpath_rust::parser::model::{
    self, Comparable, Comparison, Filter, FilterAtom, FnArg, Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;

use super::Path;

/// One segment of a path (RFC 9535 section 2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuerySegment {
    /// Its bytes in the path; those of the whole path where they cannot be told apart.
    pub span: Range<usize>,
    /// `..`: it looks at all that is below, not at the children alone.
    pub descendant: bool,
    /// What it selects; never empty, several in `['a', 'b']`.
    pub selectors: Vec<Selector>,
}

/// One selector of a segment (RFC 9535 section 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// A member of an object.
    Name(String),
    /// All elements of a list, all members of an object.
    Wildcard,
    /// Elements of a list, by index or slice.
    Elements,
    /// Elements of a list or members of an object of which something holds.
    Filter(Vec<Query>),
}

/// A path inside a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// It begins at the object's root, `$`, not at the element that is looked at, `@`.
    pub from_root: bool,
    /// Its segments; each has the span of the segment that the filter stands in.
    pub segments: Vec<QuerySegment>,
}

impl Path {
    /// Its segments in order.
    #[must_use]
    pub fn segments(&self) -> Vec<QuerySegment> {
        let Ok(query) = parse_json_path(self.source()) else { return Vec::new() };
        let spans = spans(self.source()).filter(|spans| spans.len() == query.segments.len());
        let whole = 0..self.source().len();
        let spans = spans.unwrap_or_else(|| vec![whole; query.segments.len()]);
        query.segments.iter().zip(spans).map(|(segment, span)| converted(segment, &span)).collect()
    }
}

fn converted(segment: &model::Segment, span: &Range<usize>) -> QuerySegment {
    match segment {
        model::Segment::Descendant(inner) => QuerySegment { descendant: true, ..converted(inner, span) },
        model::Segment::Selector(one) => {
            QuerySegment { span: span.clone(), descendant: false, selectors: vec![selector(one, span)] }
        }
        model::Segment::Selectors(several) => QuerySegment {
            span: span.clone(),
            descendant: false,
            selectors: several.iter().map(|one| selector(one, span)).collect(),
        },
    }
}

fn selector(selector: &model::Selector, span: &Range<usize>) -> Selector {
    match selector {
        model::Selector::Name(name) => Selector::Name(name.clone()),
        model::Selector::Wildcard => Selector::Wildcard,
        model::Selector::Index(_) | model::Selector::Slice(..) => Selector::Elements,
        model::Selector::Filter(filter) => {
            let mut queries = Vec::new();
            of_filter(filter, span, &mut queries);
            Selector::Filter(queries)
        }
    }
}

fn of_filter(filter: &Filter, span: &Range<usize>, queries: &mut Vec<Query>) {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => {
            parts.iter().for_each(|part| of_filter(part, span, queries));
        }
        Filter::Atom(FilterAtom::Filter { expr, .. }) => of_filter(expr, span, queries),
        Filter::Atom(FilterAtom::Test { expr, .. }) => of_test(expr, span, queries),
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (Comparison::Eq(a, b)
            | Comparison::Ne(a, b)
            | Comparison::Gt(a, b)
            | Comparison::Gte(a, b)
            | Comparison::Lt(a, b)
            | Comparison::Lte(a, b)) = comparison.as_ref();
            [a, b].into_iter().for_each(|side| of_comparable(side, span, queries));
        }
    }
}

fn of_comparable(comparable: &Comparable, span: &Range<usize>, queries: &mut Vec<Query>) {
    let (from_root, segments) = match comparable {
        Comparable::Literal(_) => return,
        Comparable::Function(function) => return of_function(function, span, queries),
        Comparable::SingularQuery(model::SingularQuery::Current(segments)) => (false, segments),
        Comparable::SingularQuery(model::SingularQuery::Root(segments)) => (true, segments),
    };
    let segment = |segment: &model::SingularQuerySegment| QuerySegment {
        span: span.clone(),
        descendant: false,
        selectors: vec![match segment {
            model::SingularQuerySegment::Index(_) => Selector::Elements,
            model::SingularQuerySegment::Name(name) => Selector::Name(name.clone()),
        }],
    };
    queries.push(Query { from_root, segments: segments.iter().map(segment).collect() });
}

fn of_test(test: &Test, span: &Range<usize>, queries: &mut Vec<Query>) {
    let (from_root, segments) = match test {
        Test::RelQuery(segments) => (false, segments),
        Test::AbsQuery(query) => (true, &query.segments),
        Test::Function(function) => return of_function(function, span, queries),
    };
    let segments = segments.iter().map(|segment| converted(segment, span)).collect();
    queries.push(Query { from_root, segments });
}

fn of_function(function: &TestFunction, span: &Range<usize>, queries: &mut Vec<Query>) {
    let arguments: Vec<&FnArg> = match function {
        TestFunction::Custom(_, arguments) => arguments.iter().collect(),
        TestFunction::Length(one) => vec![one],
        TestFunction::Value(one) | TestFunction::Count(one) => vec![one],
        TestFunction::Search(a, b) | TestFunction::Match(a, b) => vec![a, b],
    };
    for argument in arguments {
        match argument {
            FnArg::Literal(_) => {}
            FnArg::Test(test) => of_test(test, span, queries),
            FnArg::Filter(filter) => of_filter(filter, span, queries),
        }
    }
}

/// Where each segment stands. The parser does not tell; a text that it took is easily cut.
pub(super) fn spans(source: &str) -> Option<Vec<Range<usize>>> {
    let bytes = source.as_bytes();
    let (mut at, mut spans) = (1, Vec::new());
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let start = at;
        match bytes.get(at) {
            None => return Some(spans),
            Some(b'.') => {
                at += if bytes.get(at + 1) == Some(&b'.') { 2 } else { 1 };
                at = if bytes.get(at) == Some(&b'[') { closed(bytes, at)? } else { name_end(bytes, at) };
            }
            Some(b'[') => at = closed(bytes, at)?,
            Some(_) => return None,
        }
        spans.push(start..at);
    }
}

fn name_end(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b'.' | b'[') || byte.is_ascii_whitespace();
    bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length)
}

/// The byte behind the bracket that closes the one at `start`.
fn closed(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut depth, mut quote, mut at) = (0_usize, None, start);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, _) => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str) -> Vec<String> {
        let segments = Path::parse(path).unwrap().segments();
        segments.into_iter().map(|segment| path[segment.span].to_owned()).collect()
    }

    #[test]
    fn every_segment_knows_its_characters() {
        for (path, expected) in [
            ("$", &[][..]),
            ("$.status.phase", &[".status", ".phase"]),
            ("$.a['b.c/d'].e", &[".a", "['b.c/d']", ".e"]),
            ("$.a[\"x]\"][0]", &[".a", "[\"x]\"]", "[0]"]),
            ("$..a[*].*", &["..a", "[*]", ".*"]),
            ("$.a[?@.b['c'] == ']'].d", &[".a", "[?@.b['c'] == ']']", ".d"]),
            ("$.a ['b', 'c']", &[".a", "['b', 'c']"]),
        ] {
            assert_eq!(written(path), expected, "{path}");
        }
    }

    #[test]
    fn what_a_filter_asks_is_known() {
        let path = "$.a[?@.b.c == 1 && (!@.d || count(@.e[*]) > $.f)]";
        let segments = Path::parse(path).unwrap().segments();
        let [Selector::Filter(queries)] = segments[1].selectors.as_slice() else { panic!("no filter") };
        let names: Vec<_> = queries.iter().map(|query| (query.from_root, query.segments.len())).collect();
        assert_eq!(names, [(false, 2), (false, 1), (false, 2), (true, 1)]);
        assert!(Path::parse("$..a").unwrap().segments()[0].descendant);
        assert_eq!(Path::parse("$.a['b','c']").unwrap().segments()[1].selectors.len(), 2);
    }
}
