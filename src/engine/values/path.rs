//! JSONPath (RFC 9535). Plain paths (members, `[*]`, an index) run on a walker of our own, three times
//! faster than the general evaluation; the rest is left to `jsonpath-rust`, which parses both.

use std::fmt;

use jsonpath_rust::parser::model::{self, JpQuery, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use super::{ParseError, path_cost};

/// Longer paths are no paths into a Kubernetes object, and the parser is recursive.
const LONGEST: usize = 1024;
/// How deeply brackets and parentheses may nest.
const DEEPEST: usize = 16;

/// One step of a plain path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A member of an object.
    Member(String),
    /// An element of an array; negative counts from the end.
    Element(i64),
    /// All elements of an array, all members of an object.
    Every,
}

/// A compiled path, from the object's root.
#[derive(Clone, Debug)]
pub struct Path {
    source: String,
    plain: Vec<Segment>,
    general: Option<JpQuery>,
}

/// What a path yields on one object.
pub type Nodes<'a> = Vec<&'a Value>;

impl Path {
    /// Compiles a path.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if !source.starts_with('$') {
            return Err(ParseError::new("is not a path", with_root(source)));
        }
        if source != source.trim() {
            let help = format!("write `{}`", source.trim());
            return Err(ParseError::new("is not a JSONPath: a blank stands at its end", help));
        }
        if splits_a_name(source) {
            let help = "write a name with spaces in quotes: `$['a b']`";
            return Err(ParseError::new("is not a JSONPath: a name is broken by a space", help));
        }
        if source.len() > LONGEST || nesting(source) > DEEPEST {
            return Err(ParseError::new("is too long or too deeply nested for a path", "shorten the path"));
        }
        let query = parse_json_path(source).map_err(|_| {
            ParseError::new(
                "is not a JSONPath",
                "write members as `$.status.phase`, keys with dots or slashes as \
                 `$.metadata.annotations['a.b/c']`, lists as `$.items[*].name`",
            )
        })?;
        path_cost::check(&query, source)?;
        let segments: Option<Vec<Segment>> = query.segments.iter().map(plain).collect();
        let (plain, general) = match segments {
            Some(plain) => (plain, None),
            None => {
                let prefix = query.segments.iter().map_while(plain_member).collect();
                (prefix, Some(query))
            }
        };
        Ok(Self { source: source.to_owned(), plain, general })
    }

    /// A path of members only, for the fields that the engine itself reads.
    #[must_use]
    pub fn of_members(members: &[&str]) -> Self {
        let plain = members.iter().map(|member| Segment::Member((*member).to_owned())).collect();
        Self { source: format!("$.{}", members.join(".")), plain, general: None }
    }

    /// The path as it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The nodes at this path.
    #[must_use]
    pub fn nodes<'a>(&self, object: &'a Value) -> Nodes<'a> {
        match &self.general {
            None => {
                let mut nodes = Vec::new();
                walk(&self.plain, object, &mut nodes);
                nodes
            }
            Some(query) => js_path_process(query, object)
                .map(|nodes| nodes.into_iter().map(jsonpath_rust::query::QueryRef::val).collect())
                .unwrap_or_default(),
        }
    }

    /// Whether the path can name one node at most (RFC 9535 section 2.3.5, "singular query").
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.general.is_none() && !self.plain.contains(&Segment::Every)
    }

    /// All of its steps, where it is nothing but plain steps.
    #[must_use]
    pub fn as_plain(&self) -> Option<&[Segment]> {
        self.general.is_none().then_some(&self.plain)
    }

    /// What of an object this path can reach: the segments, below which everything is read. A filter
    /// that looks back to the root reads the whole object.
    #[must_use]
    pub fn reach(&self) -> &[Segment] {
        let looks_back = self.general.is_some() && self.source[1..].contains('$');
        if looks_back { &[] } else { &self.plain }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn walk<'a>(segments: &[Segment], value: &'a Value, nodes: &mut Nodes<'a>) {
    let Some((segment, rest)) = segments.split_first() else {
        nodes.push(value);
        return;
    };
    match (segment, value) {
        (Segment::Member(name), Value::Object(members)) => {
            members.get(name).into_iter().for_each(|child| walk(rest, child, nodes));
        }
        (Segment::Element(index), Value::Array(elements)) => {
            let from_end = usize::try_from(index.unsigned_abs()).ok();
            let position = match from_end {
                Some(distance) if *index < 0 => elements.len().checked_sub(distance),
                distance => distance,
            };
            position.and_then(|at| elements.get(at)).into_iter().for_each(|child| walk(rest, child, nodes));
        }
        (Segment::Every, Value::Array(elements)) => {
            elements.iter().for_each(|child| walk(rest, child, nodes));
        }
        (Segment::Every, Value::Object(members)) => {
            members.values().for_each(|child| walk(rest, child, nodes));
        }
        _ => {}
    }
}

fn plain(segment: &model::Segment) -> Option<Segment> {
    match segment {
        model::Segment::Selector(Selector::Name(name)) => Some(Segment::Member(name.clone())),
        model::Segment::Selector(Selector::Index(index)) => Some(Segment::Element(*index)),
        model::Segment::Selector(Selector::Wildcard) => Some(Segment::Every),
        _ => None,
    }
}

fn plain_member(segment: &model::Segment) -> Option<Segment> {
    plain(segment).filter(|segment| matches!(segment, Segment::Member(_)))
}

/// The grammar of `jsonpath-rust` reads `$.a b` as one name; RFC 9535 does not know it.
fn splits_a_name(source: &str) -> bool {
    let plain = !source.contains(['\'', '"', '?']);
    let words: Vec<&str> = source.split_whitespace().collect();
    let joins = |pair: &[&str]| {
        let open = |c: char| c.is_alphanumeric() || c == '_';
        pair[0].ends_with(open) && pair[1].starts_with(open)
    };
    plain && words.windows(2).any(joins)
}

/// The deepest nesting of brackets and parentheses, those in strings counted too: never too few.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in source.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn with_root(source: &str) -> String {
    let rest = source.trim().trim_matches(['{', '}']).trim_start_matches('.');
    if Path::parse(&format!("$.{rest}")).is_ok() {
        format!("write `$.{rest}`: a path starts at the object's root, `$`")
    } else {
        "a path starts at the object's root: write it as `$.status.phase`".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(path: &str, object: &Value) -> Vec<String> {
        Path::parse(path).unwrap().nodes(object).into_iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plain_and_general_paths_agree() {
        let object = json!({"a": [{"b": 1}, {"b": 2}, {"c": 3}], "x.y/z": {"k": "v"}});
        for (plain, general, expected) in [
            ("$.a[*].b", "$.a[?@.b].b", vec!["1", "2"]),
            ("$.a[-1].c", "$.a[?@.c].c", vec!["3"]),
            ("$['x.y/z'].k", "$..k", vec!["\"v\""]),
            ("$.a[7].b", "$.a[7:8].b", vec![]),
            ("$.none.b", "$.none[?@.b]", vec![]),
        ] {
            assert_eq!(texts(plain, &object), expected, "{plain}");
            assert_eq!(texts(general, &object), expected, "{general}");
        }
    }

    #[test]
    fn a_path_without_its_root_is_refused_with_the_root() {
        assert!(Path::parse("status.phase").unwrap_err().help.contains("`$.status.phase`"));
        assert!(Path::parse("{.status.phase}").unwrap_err().help.contains("`$.status.phase`"));
        for path in ["", "$.", "$[", "$.a[", "$.a b", "$..", "$.a['b]", "$.a.b/c"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
        assert!(Path::parse(&format!("$[?{}@.a{}]", "(".repeat(5000), ")".repeat(5000))).is_err());
    }

    #[test]
    fn a_blank_at_the_end_is_refused() {
        assert!(Path::parse("$.spec.s ").unwrap_err().help.contains("`$.spec.s`"));
    }

    #[test]
    fn only_member_and_index_paths_are_singular() {
        for (path, singular) in [("$.a.b", true), ("$.a[0]", true), ("$.a[*]", false), ("$..a", false)] {
            assert_eq!(Path::parse(path).unwrap().is_singular(), singular, "{path}");
        }
    }

    #[test]
    fn a_filter_that_looks_back_to_the_root_reaches_the_whole_object() {
        assert_eq!(Path::parse("$.a[?@.b == 1].c").unwrap().reach().len(), 1);
        assert_eq!(Path::parse("$.a[?@.b == $.d].c").unwrap().reach().len(), 0);
    }
}
