//! What an expression costs at most, worked out from its text: how much it makes, and how long it may take.
//! Nothing is known of an object but the bounds of what is handed in. An amount is therefore counted three
//! times: in the whole evaluation, in one round of the outer comprehension, in one round of the inner one.
//! What is selected from the item of a comprehension adds up, over all rounds, to no more than the list; what
//! comes from outside is made anew in each round.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::amount::{Amount, Kind, Totals};
use super::data::{MOST_TEXT, MOST_VALUES};
use super::patterns::Patterns;
use super::written::written;
use crate::values::ParseError;

/// Values that it may hold at a time: some twenty megabytes.
pub(super) const MOST_MADE: u64 = 200_000;
/// Bytes of texts that it may hold at a time: a longest text for each item of a longest list, and a bit.
pub(super) const MOST_TEXT_MADE: u64 = 5 << 20;
/// Nanoseconds that it may take. They are counted from the weights below, never measured where it runs.
pub(super) const LONGEST_TIME: u64 = 350_000_000;

/// In nanoseconds, measured on one core of 2020 with a release build: an operation, one round of a
/// comprehension, and of a value its comparison, its copy, and its copy into the error that an operator makes
/// of what it cannot take. `all` and `exists` go on after an error.
const OPERATION: u64 = 100;
const ROUND: u64 = 100;
const COMPARE: u64 = 10;
const COPY: u64 = 25;
const FAIL: u64 = 90;
/// Bytes of text that are copied or compared in a nanosecond.
const COPIED: u64 = 4;
/// And a byte that a function looks at: where it looks for whole characters, it counts them one by one.
const LOOK: u64 = 1;
const COUNT: u64 = 6;
/// A regular expression goes through a text at this speed, and slower by each bytes of its program.
const MATCH: u64 = 4;
const PROGRAM: u64 = 10;
/// The longest text that a number or a moment is written in.
const LONGEST_NUMBER: u64 = 400;

type Checked<T> = Result<T, ParseError>;

/// What an expression costs at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Values that it holds at a time.
    pub(super) values: u64,
    /// Bytes of text that it holds at a time.
    pub(super) text: u64,
    pub(super) nanoseconds: u64,
    /// Values of its result, and their text.
    pub(super) result: u64,
    pub(super) result_text: u64,
}

/// Refuses an expression that could make, or take, too much.
pub(super) fn check(expression: &IdedExpr, patterns: &Patterns) -> Checked<Cost> {
    let object = Amount::input(Totals::ONCE, MOST_VALUES as u64, MOST_TEXT as u64);
    let mut costing = Costing {
        depth: 0,
        rounds: Totals::ONCE,
        bound: vec![(super::OBJECT, object)],
        held: Held::default(),
        most: Held::default(),
        nanoseconds: 0,
        patterns,
    };
    let result = costing.expression(expression)?;
    let Costing { most, nanoseconds, .. } = costing;
    let (result, result_text) = (result.values.each(), result.text.each());
    Ok(Cost { values: most.values, text: most.text, nanoseconds, result, result_text })
}

/// What is held at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    values: u64,
    text: u64,
}

impl Held {
    fn plus(self, other: Self) -> Self {
        let values = self.values.saturating_add(other.values);
        Self { values, text: self.text.saturating_add(other.text) }
    }

    fn max(self, other: Self) -> Self {
        Self { values: self.values.max(other.values), text: self.text.max(other.text) }
    }
}

impl From<&Amount> for Held {
    fn from(amount: &Amount) -> Self {
        Self { values: amount.values.each(), text: amount.text.each() }
    }
}

struct Costing<'e> {
    /// How many comprehensions are around.
    depth: usize,
    /// How often what stands here is evaluated.
    rounds: Totals,
    bound: Vec<(&'e str, Amount)>,
    /// By what has been evaluated and is still needed.
    held: Held,
    most: Held,
    nanoseconds: u64,
    patterns: &'e Patterns,
}

impl<'e> Costing<'e> {
    fn expression(&mut self, expression: &'e IdedExpr) -> Checked<Amount> {
        let before = self.held;
        let amount = self.amount(expression)?;
        let time = self.rounds.all().saturating_mul(OPERATION);
        match &expression.expr {
            // What is too much is told of an operation, not of a name or a number in it.
            Expr::Literal(_) | Expr::Ident(_) => self.nanoseconds = self.nanoseconds.saturating_add(time),
            _ => self.takes(expression, time)?,
        }
        self.held = if amount.owned { before.plus(Held::from(&amount)) } else { before };
        Ok(amount)
    }

    fn amount(&mut self, expression: &'e IdedExpr) -> Checked<Amount> {
        match &expression.expr {
            Expr::Unspecified | Expr::Struct(_) => Ok(Amount::scalar(self.rounds)),
            Expr::Literal(literal) => Ok(self.literal(literal)),
            Expr::Ident(name) => Ok(self.name(name)),
            Expr::Select(select) => {
                let operand = self.expression(&select.operand)?;
                Ok(if select.test { Amount::scalar(self.rounds) } else { operand.part(self.rounds) })
            }
            Expr::List(list) => {
                let items = list.elements.iter().map(|item| self.expression(item));
                let items = items.collect::<Checked<Vec<Amount>>>()?;
                self.made(expression, Amount::list(self.rounds, &items))
            }
            Expr::Map(map) => {
                let mut parts = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        parts.push(self.expression(&entry.key)?);
                        parts.push(self.expression(&entry.value)?);
                    }
                }
                self.made(expression, Amount::list(self.rounds, &parts))
            }
            Expr::Call(call) => self.call(expression, call),
            Expr::Comprehension(all) => self.comprehension(expression, all),
        }
    }

    fn literal(&self, literal: &LiteralValue) -> Amount {
        match literal {
            LiteralValue::String(text) => Amount::text(self.rounds, text.inner().len() as u64),
            LiteralValue::Bytes(bytes) => Amount::text(self.rounds, bytes.inner().len() as u64),
            _ => Amount::scalar(self.rounds),
        }
    }

    fn name(&self, name: &str) -> Amount {
        let plain = name.strip_prefix('.').unwrap_or(name);
        let bound = self.bound.iter().rev().find(|(bound, _)| *bound == name);
        let bound = bound.or_else(|| self.bound.first().filter(|_| plain == super::OBJECT));
        bound.map_or_else(|| Amount::scalar(self.rounds), |(_, amount)| *amount)
    }

    fn call(&mut self, expression: &'e IdedExpr, call: &'e CallExpr) -> Checked<Amount> {
        let mut given = Vec::new();
        for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
            given.push(self.expression(part)?);
        }
        let scalar = Amount::scalar(self.rounds);
        let nothing = scalar;
        let (first, second) = (given.first().unwrap_or(&nothing), given.get(1).unwrap_or(&nothing));
        match call.func_name.as_str() {
            operators::CONDITIONAL => Ok(second.or(given.get(2).unwrap_or(&nothing), self.rounds)),
            operators::INDEX => {
                // A list cannot be indexed by a fraction, and the error holds both.
                let is_fraction = !matches!(call.args[1].expr, Expr::Literal(LiteralValue::Int(_)))
                    && second.kind != Kind::Text;
                let failing = if is_fraction { first.values.all() } else { 0 };
                self.takes(expression, failing.saturating_mul(FAIL))?;
                Ok(first.part(self.rounds))
            }
            // By this a macro gathers its result, in place.
            operators::ADD if is_result(&call.args[0]) => {
                self.copied(expression, second)?;
                Ok(*second)
            }
            operators::ADD => {
                self.fails(expression, &[first, second])?;
                let added = first.added(second, self.rounds);
                self.made(expression, added)
            }
            operators::EQUALS | operators::NOT_EQUALS => {
                let values = first.values.all().min(second.values.all()).saturating_mul(COMPARE);
                let text = first.text.all().min(second.text.all()) / COPIED;
                self.takes(expression, values.saturating_add(text)).map(|()| scalar)
            }
            operators::IN => {
                let values = second.values.all().saturating_mul(COMPARE);
                self.takes(expression, values.saturating_add(second.text.all() / COPIED)).map(|()| scalar)
            }
            operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS => {
                self.fails(expression, &[second]).map(|()| scalar)
            }
            operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO => {
                self.fails(expression, &[first, second]).map(|()| scalar)
            }
            name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                self.function(expression, call, first, &given)
            }
            _ => Ok(scalar),
        }
    }

    fn function(
        &mut self,
        expression: &'e IdedExpr,
        call: &'e CallExpr,
        first: &Amount,
        given: &[Amount],
    ) -> Checked<Amount> {
        let text = given.iter().fold(0_u64, |all, part| all.saturating_add(part.text.all()));
        let look = match call.func_name.as_str() {
            "indexOf" | "lastIndexOf" | "charAt" | "substring" => COUNT,
            _ => LOOK,
        };
        self.takes(expression, text.saturating_mul(look))?;
        let made = match call.func_name.as_str() {
            "matches" => {
                let pattern = call.args.last().and_then(|last| match &last.expr {
                    Expr::Literal(LiteralValue::String(text)) => self.patterns.get(text.inner()),
                    _ => None,
                });
                let program = pattern.map_or(0, |pattern| pattern.program as u64);
                self.fails(expression, &[first])?;
                let speed = MATCH + program / PROGRAM;
                self.takes(expression, first.as_text(self.rounds).text.all().saturating_mul(speed))?;
                Amount::scalar(self.rounds)
            }
            "lowerAscii" | "upperAscii" | "substring" | "trim" | "charAt" => first.as_text(self.rounds),
            "string" => {
                let number = Amount::text(self.rounds, LONGEST_NUMBER);
                first.as_text(self.rounds).added(&number, self.rounds)
            }
            "dyn" => *first,
            _ => Amount::scalar(self.rounds),
        };
        self.made(expression, made)
    }

    fn comprehension(&mut self, expression: &'e IdedExpr, all: &'e ComprehensionExpr) -> Checked<Amount> {
        let gathers = matches!(all.accu_init.expr, Expr::List(_));
        let range = self.expression(&all.iter_range)?;
        let outside = (self.rounds, self.bound.clone());
        self.depth += 1;
        self.rounds = range.length.inside(self.depth, 1);
        let (depth, rounds) = (self.depth, self.rounds);
        self.bound.iter_mut().for_each(|(_, amount)| {
            *amount = amount.repeated(depth, range.length.each(), rounds);
        });
        let item = range.item(depth, rounds);
        self.takes(expression, rounds.all().saturating_mul(ROUND))?;
        self.copied(expression, &item)?;
        self.held = self.held.plus(Held::from(&item));
        self.bound.push((&all.accu_var, if gathers { Amount::nothing() } else { Amount::scalar(rounds) }));
        self.bound.extend(all.iter_var2.iter().map(|second| (second.as_str(), item)));
        self.bound.push((&all.iter_var, item));
        let most = std::mem::take(&mut self.most);
        self.expression(&all.loop_cond)?;
        let step = self.expression(&all.loop_step)?;
        self.depth -= 1;
        let inside = self.most.max(self.held);
        (self.rounds, self.bound) = outside;
        self.most = most.max(inside);
        if !gathers {
            return Ok(Amount::scalar(self.rounds));
        }
        let gathered = step.gathered(self.depth, self.rounds, range.length);
        // It grows while the rounds go on.
        self.holds(expression, inside.plus(Held::from(&gathered)))?;
        Ok(gathered)
    }

    /// An operator that cannot take these copies them into its error.
    fn fails(&mut self, at: &IdedExpr, operands: &[&Amount]) -> Checked<()> {
        let operands = operands.iter().filter(|operand| operand.kind != Kind::Scalar);
        let time = operands.fold(0_u64, |all, operand| {
            let text = operand.text.all() / COPIED;
            all.saturating_add(operand.values.all().saturating_mul(FAIL)).saturating_add(text)
        });
        self.takes(at, time)
    }

    fn copied(&mut self, at: &IdedExpr, amount: &Amount) -> Checked<()> {
        self.takes(at, amount.values.all().saturating_mul(COPY).saturating_add(amount.text.all() / COPIED))
    }

    fn made(&mut self, at: &IdedExpr, amount: Amount) -> Checked<Amount> {
        self.copied(at, &amount)?;
        self.holds(at, self.held.plus(Held::from(&amount)))?;
        Ok(amount)
    }

    fn holds(&mut self, at: &IdedExpr, held: Held) -> Checked<()> {
        self.most = self.most.max(held);
        let what = if held.values > MOST_MADE {
            format!("more than {MOST_MADE} values")
        } else if held.text > MOST_TEXT_MADE {
            format!("more than {} MiB of text", MOST_TEXT_MADE >> 20)
        } else {
            return Ok(());
        };
        let help = "make of each item of a list something of that item alone, not of the whole object or of \
                    another list; ask by `exists` or `all` rather than putting lists and texts together";
        Err(ParseError::new(format!("could make {what}, at `{}`", written(at)), help))
    }

    fn takes(&mut self, at: &IdedExpr, nanoseconds: u64) -> Checked<()> {
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds);
        if self.nanoseconds <= LONGEST_TIME {
            return Ok(());
        }
        let problem = format!("could take too long on a large object, at `{}`", written(at));
        let help = "do less for each item, most of all in a comprehension inside another; write what stands for \
                    itself as a matcher of its own";
        Err(ParseError::new(problem, help))
    }
}

/// The name by which a macro gathers its result; it cannot be written.
fn is_result(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Ident(name) if name.starts_with('@'))
}

#[cfg(test)]
mod tests;
