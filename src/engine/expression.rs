//! Expressions of the Common Expression Language on one object. The interpreter has no budget, so all that an
//! expression can cost is bounded before: its length, its nesting, what it may call when it is read; the
//! lists and texts that it looks at when it is evaluated. What fails is unknown, and counted.

mod amount;
mod check;
mod cost;
mod data;
mod patterns;
mod reads;
mod times;
mod written;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cel::common::ast::IdedExpr;
use cel::extractors::This;
use cel::parser::PrattParser;
use cel::{Context, Env, ExecutionError, Value as CelValue};
use serde_json::Value;

use crate::projection::Projection;
use crate::values::{ParseError, Path};
use patterns::Patterns;

pub use check::FUNCTIONS;
pub use data::{LONGEST_LIST, LONGEST_TEXT, MOST_TEXT, MOST_VALUES};

/// Longer ones are programs, not conditions.
pub const LONGEST: usize = 2_000;
/// How deeply it may nest for the parser, which is recursive.
const DEEPEST: u16 = 40;
/// The one variable.
const OBJECT: &str = "object";

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
    parsed: IdedExpr,
    reads: Projection,
    paths: Vec<Path>,
    patterns: Arc<Patterns>,
    failed: AtomicU64,
}

/// The functions of the language, and those of Kubernetes on texts and times.
fn environment() -> Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    Arc::clone(ENVIRONMENT.get_or_init(|| {
        let mut environment = Env::stdlib();
        // What cannot be added is missing at the first call, which is then unknown.
        environment.add_extension(cel::extensions::strings).unwrap_or_default();
        times::add(&mut environment).unwrap_or_default();
        Arc::new(environment)
    }))
}

impl Expression {
    /// Reads an expression.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > LONGEST {
            let help = format!("write at most {LONGEST} bytes");
            return Err(ParseError::new("is too long for an expression", help));
        }
        let parsed = parsed(source)?;
        let patterns = check::check(&parsed)?;
        cost::check(&parsed, &patterns)?;
        let (reads, paths) = reads::of(&parsed);
        let failed = AtomicU64::new(0);
        Ok(Self { source: source.to_owned(), parsed, reads, paths, patterns: Arc::new(patterns), failed })
    }

    /// The same, of which the [text](Self::text) is asked: a timestamp and a number have one too.
    #[must_use]
    pub fn as_text(mut self) -> Self {
        // One more call than the parser may nest leaves it as it is.
        if let Ok(text) = parsed(&format!("string({})", self.source)) {
            self.parsed = text;
        }
        self
    }

    /// As it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it reads of an object.
    #[must_use]
    pub fn reads(&self) -> &Projection {
        &self.reads
    }

    /// The paths that must lead somewhere for it to be known: all that it reads, but what it asks for by `has`.
    #[must_use]
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// How many evaluations have failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether it is true of an object, or why that is unknown.
    pub fn truth(&self, object: &Value) -> Result<bool, String> {
        self.counted(match self.value(object) {
            Ok(CelValue::Bool(truth)) => Ok(truth),
            Ok(_) => Err("it is not true or false".to_owned()),
            Err(why) => Err(why),
        })
    }

    /// The text that it is on an object, or why that is unknown.
    pub fn text(&self, object: &Value) -> Result<String, String> {
        self.counted(match self.value(object) {
            Ok(CelValue::String(text)) => Ok((*text).clone()),
            Ok(_) => Err("it is not a text".to_owned()),
            Err(why) => Err(why),
        })
    }

    fn counted<T>(&self, result: Result<T, String>) -> Result<T, String> {
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    fn value(&self, object: &Value) -> Result<CelValue, String> {
        let mut context = Context::with_env(environment());
        context.add_variable_as_val(OBJECT, data::value(object, &self.reads)?);
        if !self.patterns.is_empty() {
            let patterns = Arc::clone(&self.patterns);
            let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
                let known = patterns.get(pattern.as_str());
                known
                    .map(|known| known.regex.is_match(&text))
                    .ok_or_else(|| ExecutionError::function_error("matches", "the pattern is not known"))
            };
            context.add_function("matches", matches).map_err(|error| error.to_string())?;
        }
        CelValue::resolve(&self.parsed, &context).map_err(|error| error.to_string())
    }
}

/// The expression as the parser has it.
fn parsed(source: &str) -> Result<IdedExpr, ParseError> {
    PrattParser::new().max_recursion_depth(DEEPEST).parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let at = first.map_or_else(String::new, |error| {
            format!(": {} (line {}, column {})", error.msg, error.pos.0, error.pos.1)
        });
        let help = "write an expression of CEL, such as `object.spec.replicas > 3`";
        ParseError::new(format!("is no expression of CEL{at}"), help)
    })
}

#[cfg(test)]
mod tests;
