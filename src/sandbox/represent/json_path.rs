//! JSONPath as far as printer columns need it: `.a.b`, `['a']`, `[0]`, `[-1]`, `[*]`, `[?(@.a=="b")]`,
//! and a dot in a name as `\.`.

use serde_json::Value;

/// A path.
#[derive(Debug, PartialEq)]
pub(super) struct JsonPath(Vec<Step>);

#[derive(Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    /// The elements at whose path is something; with a text: just this.
    Where {
        path: JsonPath,
        is: Option<(bool, String)>,
    },
}

impl JsonPath {
    /// `None`: more than is known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim().trim_start_matches('$');
        while let Some(first) = rest.chars().next() {
            let (step, behind) = match first {
                '.' if rest.starts_with(".[") => {
                    rest = &rest[1..];
                    continue;
                }
                '.' => field(&rest[1..])?,
                '[' => bracket(&rest[1..])?,
                _ => return None,
            };
            steps.push(step);
            rest = behind;
        }
        Some(Self(steps))
    }

    /// The first value that is found.
    pub(super) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        first(&self.0, value)
    }
}

fn field(text: &str) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            '.' | '[' => {
                end = at;
                break;
            }
            _ => name.push(character),
        }
    }
    (!name.is_empty()).then(|| (Step::Field(name), &text[end..]))
}

fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(filter) = text.strip_prefix("?(") {
        let (inner, rest) = filter.split_once(")]")?;
        return Some((condition(inner)?, rest));
    }
    let (inner, rest) = text.split_once(']')?;
    let step = match unquoted(inner) {
        Some(name) => Step::Field(name.replace("\\.", ".")),
        None if inner == "*" => Step::All,
        None => Step::Index(inner.parse().ok()?),
    };
    Some((step, rest))
}

fn condition(text: &str) -> Option<Step> {
    let operator = ["==", "!="].into_iter().find(|operator| text.contains(operator));
    let (path, is) = match operator {
        None => (text, None),
        Some(operator) => {
            let (path, value) = text.split_once(operator)?;
            (path, Some((operator == "==", unquoted(value.trim())?.to_owned())))
        }
    };
    // Comparisons of numbers yield nothing on a real server either.
    let path = path.trim().strip_prefix('@').filter(|path| !path.contains(['<', '>']))?;
    let path = JsonPath::parse(path)?;
    Some(Step::Where { path, is })
}

fn unquoted(text: &str) -> Option<&str> {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\''))
}

fn first<'a>(steps: &[Step], value: &'a Value) -> Option<&'a Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    match step {
        Step::Field(name) => first(rest, value.get(name)?),
        Step::Index(index) => {
            let items = value.as_array()?;
            let from_end = || items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
            let index = usize::try_from(*index).ok().or_else(from_end)?;
            first(rest, items.get(index)?)
        }
        Step::All => match value {
            Value::Array(items) => items.iter().find_map(|item| first(rest, item)),
            Value::Object(fields) => fields.values().find_map(|field| first(rest, field)),
            _ => None,
        },
        Step::Where { path, is } => value
            .as_array()?
            .iter()
            .filter(|item| holds(path, is.as_ref(), item))
            .find_map(|item| first(rest, item)),
    }
}

fn holds(path: &JsonPath, is: Option<&(bool, String)>, item: &Value) -> bool {
    match (path.first(item), is) {
        (Some(found), Some((equal, text))) => (found.as_str() == Some(text)) == *equal,
        (found, None) => found.is_some(),
        (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_no_path() {
        for path in ["a", "..a", ".a[", ".a[0:2]", ".a[?(@.b>1)]", ".a[?(b)]"] {
            assert_eq!(JsonPath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_leading_dollar_or_none_is_the_same() {
        assert_eq!(JsonPath::parse("$.a['b'].c[*]"), JsonPath::parse(".a.b.c.[*]"));
        assert_eq!(JsonPath::parse("$"), Some(JsonPath(Vec::new())));
    }
}
