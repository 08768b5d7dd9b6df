//! `age`: how long ago the object was created, or a time that it carries.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::field::shortened;
use super::operand::{read_time, readable_times};
use crate::asked::{Asked, Expectation, Types};
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::expression::Expression;
use crate::matcher::{Context, Implied, Matcher};
use crate::moment::elapsed;
use crate::projection::Projection;
use crate::value_from::Sourced;
use crate::values::{Path, TimeFormat, format_age, format_duration, parse_time};
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "age",
    summary: "The time since the object was created, or since a time that it carries.",
    shape: Shape::Keys(&[
        Key::asking(
            "over",
            ValueKind::Sourced(&ValueKind::Duration),
            "At least this old; true at exactly this age.",
            "6m",
        ),
        Key::asking("under", ValueKind::Sourced(&ValueKind::Duration), "Less than this old.", "1h"),
        Key::optional(
            "since",
            ValueKind::OrBlock(&ValueKind::Paths, SINCE),
            "The time to count from: a path, a list of paths of which the first that exists counts, or an expression.",
            "$.status.completionTime",
        )
        .or("$.metadata.creationTimestamp"),
        Key::optional(
            "formats",
            ValueKind::Choices(TimeFormat::NAMES),
            "Forms of time that are read beside RFC 3339.",
            "[date]",
        ),
    ]),
    unknown_when: "the time is missing or unreadable, or a `valueFrom` is",
    examples: &[
        "age: { over: 6m }",
        "age: { over: 1d, since: $.status.completionTime }",
        "age: { over: 1h, since: { cel: \"object.status.conditions.filter(c, c.type == 'Ready')[0].lastTransitionTime\" } }",
        "age: { over: { valueFrom: \"$.metadata.annotations['janitor/ttl']\", min: 5m, never: [forever] } }",
    ],
    kinds: &[],
    build: |mut arguments| {
        let (over, under) = (arguments.sourced_duration("over"), arguments.sourced_duration("under"));
        let expression = if arguments.has_block("since") { arguments.block("since") } else { None };
        let since = arguments.paths("since").unwrap_or_default();
        let formats = arguments.texts("formats").unwrap_or_default();
        if over.is_none() && under.is_none() {
            let help = "write `over: 6m`, `under: 1h`, or both";
            return Err(Fault::new(FaultKind::MissingKey, "`age` asks for neither `over` nor `under`", help));
        }
        let literal = |duration: &Option<Sourced<Duration>>| duration.as_ref()?.literal().copied();
        if let (Some(least), Some(most)) = (literal(&over), literal(&under))
            && least >= most
        {
            let message = format!(
                "`age` can never be true: nothing is over {} and under {}",
                format_duration(least),
                format_duration(most)
            );
            return Err(Fault::new(FaultKind::NeverTrue, message, "make `over` smaller than `under`"));
        }
        if literal(&under) == Some(Duration::ZERO) {
            let message = "`age` can never be true: nothing is younger than 0s";
            return Err(Fault::new(FaultKind::NeverTrue, message, "write a longer `under`").under("under"));
        }
        let formats = formats.iter().filter_map(|name| TimeFormat::named(name)).collect();
        let since = match expression.map(|mut block| block.expression("cel")) {
            Some(Some(expression)) => Since::Expression(expression.as_text()),
            Some(None) => {
                let fault = Fault::new(FaultKind::MissingKey, "`since` asks nothing", "write `cel: object.…`");
                return Err(fault.under("since"));
            }
            None if since.is_empty() => Since::Paths(vec![Path::of_members(&CREATED)]),
            None => Since::Paths(since),
        };
        Ok(Box::new(Age { over, under, since, formats }))
    },
};

const SINCE: &[Key] = &[Key::required(
    "cel",
    ValueKind::Expression,
    "An expression of CEL that is a timestamp, or a time in a text; see `cel`.",
    "\"object.status.conditions.filter(c, c.type == 'Ready')[0].lastTransitionTime\"",
)];

const CREATED: [&str; 2] = ["metadata", "creationTimestamp"];

#[derive(Debug)]
struct Age {
    over: Option<Sourced<Duration>>,
    under: Option<Sourced<Duration>>,
    since: Since,
    formats: Vec<TimeFormat>,
}

#[derive(Debug)]
enum Since {
    Paths(Vec<Path>),
    Expression(Expression),
}

impl Since {
    fn paths(&self) -> &[Path] {
        match self {
            Self::Paths(paths) => paths,
            Self::Expression(_) => &[],
        }
    }
}

/// Why there is no time to count from.
enum NoStart<'a> {
    Missing(&'a [Path]),
    Several(&'a Path),
    Unreadable(&'a Path, &'a Value),
    NoTime(String),
    Failed(String),
}

impl fmt::Display for NoStart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing([path]) => write!(f, "{path} is missing"),
            Self::Missing(paths) => {
                let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
                write!(f, "{} are missing", paths.join(", "))
            }
            Self::Several(path) => write!(f, "{path} is there more than once"),
            Self::Unreadable(path, node) => match node.as_str() {
                Some(text) => write!(f, "{path} is {}, which is no time", shortened(text)),
                None => write!(f, "{path} is no time"),
            },
            Self::NoTime(text) => write!(f, "its expression is {}, which is no time", shortened(text)),
            Self::Failed(why) => write!(f, "its expression fails: {}", shortened(why)),
        }
    }
}

impl Age {
    fn bounds(&self) -> impl Iterator<Item = (&'static str, &Sourced<Duration>)> {
        let bounds = [("over", &self.over), ("under", &self.under)];
        bounds.into_iter().filter_map(|(key, bound)| Some((key, bound.as_ref()?)))
    }

    /// The time to count from; or why there is none, which only a person needs.
    fn start<'a>(&'a self, context: &Context<'a>) -> Result<Timestamp, NoStart<'a>> {
        let paths = match &self.since {
            Since::Paths(paths) => paths,
            Since::Expression(expression) => {
                let text = expression.text(context.object.object()).map_err(NoStart::Failed)?;
                return parse_time(&text, &self.formats).ok_or(NoStart::NoTime(text));
            }
        };
        // The first path that exists decides, also where what it yields cannot be read.
        let found = paths.iter().map(|path| (path, path.nodes(context.object.object())));
        let there = |(_, nodes): &(&Path, Vec<&Value>)| nodes.iter().any(|node| !node.is_null());
        let (path, nodes) = found.into_iter().find(there).ok_or(NoStart::Missing(paths))?;
        let nodes: Vec<&Value> = nodes.into_iter().filter(|node| !node.is_null()).collect();
        let [node] = nodes.as_slice() else { return Err(NoStart::Several(path)) };
        read_time(node, &self.formats).ok_or(NoStart::Unreadable(path, node))
    }

    /// How old it is, of what it is asked to be.
    fn told(&self, context: &Context<'_>, under_it: &str) -> String {
        let (age, why) = match self.start(context) {
            Ok(start) => (format_age(elapsed(start, context.now)), String::new()),
            Err(why) => ("unknown".to_owned(), format!(" ({why})")),
        };
        let shown = |bound: &Sourced<Duration>| bound.shown(context.watched.object());
        match (&self.over, &self.under) {
            (Some(over), _) => format!("age {age} of {}{why}", shown(over)),
            (None, Some(under)) => format!("age {age}, {under_it} {}{why}", shown(under)),
            (None, None) => format!("age {age}{why}"),
        }
    }
}

impl Matcher for Age {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let Ok(start) = self.start(context) else { return Verdict::unknown() };
        let over = self.over.as_ref().map(|over| over.aged_since(start, context));
        // Younger than what the rule says it has been from the start; a future start is age 0.
        let under = self.under.as_ref().map(|under| {
            let verdict = under.aged_since(start, context).negated();
            let always = verdict.truth.is_true() && under.from().is_none();
            if always { verdict.since(Some(start.min(context.now))) } else { verdict }
        });
        let verdict = Verdict::all(over.into_iter().chain(under));
        match &self.since {
            Since::Paths(_) => verdict,
            // What an expression makes of an object may have been another moment before.
            Since::Expression(_) => verdict.since(None),
        }
    }

    fn reads(&self, projection: &mut Projection) {
        match &self.since {
            Since::Paths(paths) => paths.iter().for_each(|path| projection.read(path)),
            Since::Expression(expression) => projection.merge(expression.reads()),
        }
        self.bounds().for_each(|(_, bound)| bound.reads(projection));
    }

    fn explain(&self, context: &Context<'_>) -> String {
        self.told(context, "under")
    }

    fn refute(&self, context: &Context<'_>) -> String {
        self.told(context, "not under")
    }

    /// Every object has the time of its creation.
    fn asks(&self) -> Vec<Asked<'_>> {
        let created = Path::of_members(&CREATED);
        let bounds = self.carried();
        let since = self.since.paths();
        if since.is_empty() || since.iter().any(|path| path.source() == created.source()) {
            return bounds;
        }
        let readable = readable_times(&self.formats);
        let expectation = Expectation { at: vec!["since".to_owned()], readable, texts: Vec::new() };
        let since = Asked { paths: since, needed: true, expectations: vec![expectation] };
        std::iter::once(since).chain(bounds).collect()
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.bounds().filter_map(|(key, bound)| bound.asks(key, Types::STRING)).collect()
    }

    fn failed(&self) -> u64 {
        match &self.since {
            Since::Paths(_) => 0,
            Since::Expression(expression) => expression.failed(),
        }
    }

    fn implies(&self) -> Implied {
        let since = self.since.paths();
        let is_creation = matches!(since, [path] if path.source() == "$.metadata.creationTimestamp");
        let of_creation = |bound: &Option<Sourced<Duration>>| {
            bound.as_ref().and_then(Sourced::literal).copied().filter(|_| is_creation)
        };
        Implied {
            aged: self.over.is_some(),
            patient: self.over.is_some(),
            over: of_creation(&self.over),
            under: of_creation(&self.under),
            ..Implied::default()
        }
    }
}

#[cfg(test)]
#[path = "age_tests.rs"]
mod tests;
