//! What an expression may be: known names and functions alone, two comprehensions in each other at most, and
//! nothing whose size has no bound.

use super::OBJECT;
use super::patterns::{Patterns, compile};
use crate::values::ParseError;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// The functions that may be called, beside the operators and the macros `has`, `all`, `exists`,
/// `exists_one`, `map` and `filter`. `split`, `join`, `replace` and `format` are not among them: what they
/// make has no bound.
pub const FUNCTIONS: &[&str] = &[
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "lowerAscii",
    "upperAscii",
    "substring",
    "trim",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "dyn",
    "type",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfYear",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// Names of types, to compare `type(x)` with.
const TYPES: &[&str] =
    &["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

const OPERATORS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// How many comprehensions may stand in each other.
pub(super) const DEEPEST_COMPREHENSION: usize = 2;
/// How many operations may hang on each other: the interpreter goes down one level for each, and each takes
/// some 30 KiB of stack where nothing is optimised.
const DEEPEST_TREE: usize = 32;

/// Refuses what may not be, and compiles the regular expressions.
pub(super) fn check(expression: &IdedExpr) -> Result<Patterns, ParseError> {
    if is_deeper_than(expression, DEEPEST_TREE) {
        let help = "write it as several matchers, which all must hold";
        return Err(ParseError::new("nests too deeply, or has too many operators in a row", help));
    }
    let mut checking = Checking { bound: Vec::new(), patterns: Patterns::new() };
    checking.expression(expression, 0)?;
    Ok(checking.patterns)
}

/// Whether more than `most` operations hang on each other.
fn is_deeper_than(expression: &IdedExpr, most: usize) -> bool {
    let Some(rest) = most.checked_sub(1) else { return true };
    let any = |parts: &[&IdedExpr]| parts.iter().any(|part| is_deeper_than(part, rest));
    match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => false,
        Expr::Select(select) => any(&[&select.operand]),
        Expr::List(list) => list.elements.iter().any(|part| is_deeper_than(part, rest)),
        Expr::Call(call) => {
            call.target.iter().any(|part| is_deeper_than(part, rest))
                || call.args.iter().any(|part| is_deeper_than(part, rest))
        }
        Expr::Map(map) => map.entries.iter().any(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => any(&[&entry.key, &entry.value]),
            EntryExpr::StructField(field) => any(&[&field.value]),
        }),
        Expr::Struct(_) => false,
        Expr::Comprehension(all) => {
            any(&[&all.iter_range, &all.accu_init, &all.loop_cond, &all.loop_step, &all.result])
        }
    }
}

struct Checking<'e> {
    /// The variables of the comprehensions around.
    bound: Vec<&'e str>,
    patterns: Patterns,
}

type Checked = Result<(), ParseError>;

impl<'e> Checking<'e> {
    /// `depth` comprehensions are around it.
    fn expression(&mut self, expression: &'e IdedExpr, depth: usize) -> Checked {
        match &expression.expr {
            Expr::Unspecified => Err(ParseError::new("is no expression of CEL", "write a condition")),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.expression(&select.operand, depth),
            Expr::List(list) => self.all(&list.elements, depth),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key, depth)?;
                    self.expression(&entry.value, depth)
                }
                EntryExpr::StructField(_) => Err(no_messages()),
            }),
            Expr::Struct(_) => Err(no_messages()),
            Expr::Call(call) => self.call(call, depth),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
        }
    }

    fn all(&mut self, expressions: &'e [IdedExpr], depth: usize) -> Checked {
        expressions.iter().try_for_each(|expression| self.expression(expression, depth))
    }

    fn name(&self, name: &str) -> Checked {
        let plain = name.strip_prefix('.').unwrap_or(name);
        if plain == OBJECT || TYPES.contains(&plain) || self.bound.contains(&name) {
            return Ok(());
        }
        let help = if plain == "now" {
            "a moment at which it changes could not be told: use `age`, `olderThan`, or `age: { since: { cel: … } }`"
        } else {
            "the object is `object`, as in `object.metadata.name`; texts stand in quotes"
        };
        Err(ParseError::new(format!("names `{plain}`, which there is not"), help))
    }

    fn call(&mut self, call: &'e CallExpr, depth: usize) -> Checked {
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !FUNCTIONS.contains(&name) {
            let help = format!("there are {}", FUNCTIONS.join(", "));
            return Err(ParseError::new(format!("calls `{name}`, which there is not"), help));
        }
        if name == "matches" {
            self.pattern(call)?;
        }
        if let Some(target) = &call.target {
            self.expression(target, depth)?;
        }
        self.all(&call.args, depth)
    }

    /// One that is built on the way would be compiled again and again, and could cost anything.
    fn pattern(&mut self, call: &CallExpr) -> Checked {
        let Some(Expr::Literal(LiteralValue::String(text))) = call.args.last().map(|last| &last.expr) else {
            let help = "write the regular expression in quotes";
            return Err(ParseError::new("matches what is no regular expression in quotes", help));
        };
        let pattern = compile(text.inner())?;
        self.patterns.insert(text.inner().to_owned(), pattern);
        Ok(())
    }

    fn comprehension(&mut self, all: &'e ComprehensionExpr, depth: usize) -> Checked {
        if depth >= DEEPEST_COMPREHENSION {
            let problem = format!("has more than {DEEPEST_COMPREHENSION} comprehensions in each other");
            return Err(ParseError::new(
                problem,
                "write it as several matchers, or as `field` with a JSONPath",
            ));
        }
        self.expression(&all.iter_range, depth)?;
        self.expression(&all.accu_init, depth)?;
        let before = self.bound.len();
        self.bound.extend([all.iter_var.as_str(), all.accu_var.as_str()]);
        self.bound.extend(all.iter_var2.as_deref());
        let body = [&all.loop_cond, &all.loop_step, &all.result];
        let checked = body.into_iter().try_for_each(|part| self.expression(part, depth + 1));
        self.bound.truncate(before);
        checked
    }
}

fn no_messages() -> ParseError {
    ParseError::new("makes a message, and there are none", "write a map: `{'a': 1}`")
}
