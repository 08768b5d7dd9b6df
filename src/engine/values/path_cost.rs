//! What a path costs. A path runs on every change of every object, whatever its size, and nothing cuts it
//! short: so it may go through an object a few times, never through all of it for each part of it.

use std::collections::BTreeSet;

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, SingularQuery,
    Test, TestFunction,
};
use regex::RegexBuilder;

use super::ParseError;
use super::query::spans;

/// How often one and the same node may be named, by several selectors in one pair of brackets.
const MOST_OVERLAPS: usize = 4;
/// How much the filters of a path may ask of each node.
const MOST_QUESTIONS: usize = 32;
/// A regular expression in a filter is compiled for each node: so many bytes take some microseconds.
const LARGEST_PATTERN: usize = 4 << 10;

/// Refuses a path that costs more than its object is large.
pub(super) fn check(query: &JpQuery, source: &str) -> Result<(), ParseError> {
    let spans = spans(source).filter(|spans| spans.len() == query.segments.len());
    let mut cost = Cost { descended: false, overlaps: 1, questions: 0 };
    for (index, segment) in query.segments.iter().enumerate() {
        let place = spans.as_ref().map_or(source, |spans| &source[spans[index].clone()]);
        cost.segment(segment)
            .map_err(|(what, help)| ParseError::new(format!("{what}, at `{place}`"), help))?;
    }
    Ok(())
}

type Checked = Result<(), (&'static str, &'static str)>;

struct Cost {
    /// A `..` stands before.
    descended: bool,
    overlaps: usize,
    questions: usize,
}

impl Cost {
    fn segment(&mut self, segment: &Segment) -> Checked {
        match segment {
            Segment::Descendant(inner) => {
                if self.descended {
                    let help = "keep one `..`, and name the fields on the way to the other";
                    return Err(("goes through all that is below for all that is below", help));
                }
                self.descended = true;
                self.segment(inner)
            }
            Segment::Selector(selector) => self.selector(selector),
            Segment::Selectors(selectors) => {
                self.overlaps = self.overlaps.saturating_mul(overlaps(selectors));
                if self.overlaps > MOST_OVERLAPS {
                    return Err(("names the same nodes again and again", "name each of them once"));
                }
                selectors.iter().try_for_each(|selector| self.selector(selector))
            }
        }
    }

    fn selector(&mut self, selector: &Selector) -> Checked {
        match selector {
            Selector::Filter(filter) => {
                // What stands behind the filter is not below what it asks.
                let descended = self.descended;
                let checked = self.filter(filter);
                self.descended = descended;
                checked
            }
            Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => Ok(()),
        }
    }

    fn filter(&mut self, filter: &Filter) -> Checked {
        match filter {
            Filter::Or(parts) | Filter::And(parts) => parts.iter().try_for_each(|part| self.filter(part)),
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr),
            Filter::Atom(FilterAtom::Test { expr, .. }) => self.test(expr),
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                let (Comparison::Eq(a, b)
                | Comparison::Ne(a, b)
                | Comparison::Gt(a, b)
                | Comparison::Gte(a, b)
                | Comparison::Lt(a, b)
                | Comparison::Lte(a, b)) = comparison.as_ref();
                self.comparable(a)?;
                self.comparable(b)
            }
        }
    }

    fn comparable(&mut self, comparable: &Comparable) -> Checked {
        match comparable {
            Comparable::Literal(_) => Ok(()),
            Comparable::SingularQuery(SingularQuery::Current(_) | SingularQuery::Root(_)) => self.question(),
            Comparable::Function(function) => self.function(function),
        }
    }

    fn test(&mut self, test: &Test) -> Checked {
        match test {
            Test::RelQuery(segments) => {
                self.question()?;
                let descended = self.descended;
                let checked = segments.iter().try_for_each(|segment| self.segment(segment));
                self.descended = descended;
                checked
            }
            Test::AbsQuery(query) => {
                self.question()?;
                let names = |segment: &Segment| {
                    matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)))
                };
                if query.segments.iter().all(names) {
                    return Ok(());
                }
                let help = "within a filter, name one field of the object, as `$.metadata.name`";
                Err(("goes through the whole object for each node that it looks at", help))
            }
            Test::Function(function) => self.function(function),
        }
    }

    fn function(&mut self, function: &TestFunction) -> Checked {
        match function {
            TestFunction::Custom(_, arguments) => {
                arguments.iter().try_for_each(|argument| self.argument(argument))
            }
            TestFunction::Length(one) => self.argument(one),
            TestFunction::Value(one) | TestFunction::Count(one) => self.argument(one),
            TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => {
                self.argument(text)?;
                self.pattern(pattern)
            }
        }
    }

    fn argument(&mut self, argument: &FnArg) -> Checked {
        match argument {
            FnArg::Literal(_) => Ok(()),
            FnArg::Test(test) => self.test(test),
            FnArg::Filter(filter) => self.filter(filter),
        }
    }

    fn pattern(&mut self, pattern: &FnArg) -> Checked {
        if self.descended {
            let help = "name the fields on the way instead of `..`";
            return Err(("compiles a regular expression for all that is below", help));
        }
        let small = match pattern {
            FnArg::Literal(Literal::String(text)) => {
                RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build().is_ok()
            }
            _ => false,
        };
        if small {
            return Ok(());
        }
        let help = "write a short regular expression in quotes, or use `matches` beside the path";
        Err(("compiles, for each node, what is no short regular expression", help))
    }

    fn question(&mut self) -> Checked {
        self.questions += 1;
        if self.questions <= MOST_QUESTIONS {
            return Ok(());
        }
        Err(("asks too much of each node", "write several matchers, which all must hold"))
    }
}

/// How many of the selectors may name the same node: different names cannot.
fn overlaps(selectors: &[Selector]) -> usize {
    let names: Vec<&str> = selectors
        .iter()
        .filter_map(|selector| match selector {
            Selector::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let different = names.iter().collect::<BTreeSet<_>>().len();
    selectors.len() - names.len() + usize::from(different > 0) + names.len() - different
}

#[cfg(test)]
mod tests {
    use crate::values::Path;

    #[test]
    fn what_rules_ask_of_lists_is_accepted() {
        for path in [
            "$..image",
            "$..[?@.a == 'b']",
            "$..[?@.a == 'b' && @.c].d",
            "$..containers[*].image",
            "$..containers[?@.name == 'web'].ports[*].containerPort",
            "$.a[*].b[*]",
            "$.*.*.*",
            "$.metadata.labels['a','b','c','d','e','f']",
            "$.spec['containers','initContainers'][*].image",
            "$.spec.volumes[?@.emptyDir || @.hostPath]",
            "$.spec.containers[?@.name == $.metadata.name].ports",
            "$.spec.containers[?$.metadata.name]",
            "$.spec.containers[?count(@.ports[*]) > 1].name",
            "$.spec.containers[?@.env[?@.name == 'A' && @.value == 'b']].name",
            "$.spec.containers[?count(@..key) > 2]",
            "$..[?count(@.env[*]) > 3].name",
            "$.spec.containers[?search(@.image, '^registry/(a|b)')].name",
            "$.spec.containers[?match(@.name, 'web-.*')].name",
            "$.spec.containers[0,1,-1].name",
        ] {
            assert!(Path::parse(path).is_ok(), "{path}: {:?}", Path::parse(path));
        }
    }

    #[test]
    fn what_goes_through_an_object_for_each_of_its_parts_is_refused_at_its_place() {
        let questions = format!("$.a[?{}]", vec!["@.a"; 33].join(" || "));
        for (path, place) in [
            ("$..[?count($..*) > 1]", "for each node that it looks at, at `..[?count($..*) > 1]`"),
            ("$.a[?count($.b[*]) > 1]", "at `[?count($.b[*]) > 1]`"),
            ("$.a[?$.b[?@.c]]", "at `[?$.b[?@.c]]`"),
            ("$.a[?count($['b','c']) > 1]", "at `["),
            ("$..a..b", "below for all that is below, at `..b`"),
            ("$..*..*", "at `..*`"),
            ("$..[?@..a]", "at `..[?@..a]`"),
            ("$..a[?count(@..b) > 1]", "at `[?count(@..b) > 1]`"),
            ("$.a[?@..b[?@..c]]", "at `[?@..b[?@..c]]`"),
            ("$.a['b','b']['c','c']['d','d']", "again and again, at `['d','d']`"),
            ("$[*,*,*,*,*]", "at `[*,*,*,*,*]`"),
            ("$.a[?search(@.b, @.c)]", "no short regular expression, at `[?search(@.b, @.c)]`"),
            ("$.a[?match(@.b, '(a{100}){100}')]", "no short regular expression"),
            ("$..a[?match(@.b, 'c')]", "compiles a regular expression for all that is below"),
            (questions.as_str(), "asks too much of each node"),
        ] {
            let error = Path::parse(path).map(|_| ()).unwrap_err();
            assert!(error.problem.contains(place), "{path}: {}", error.problem);
            assert!(!error.help.is_empty());
        }
    }
}
