//! What an expression reads of an object: the fields that it selects, below which all is read where they are
//! used as they are. A field that it looks up by a name that it works out reads all that it looks into.

use std::collections::BTreeSet;

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::OBJECT;
use crate::projection::Projection;
use crate::values::{Path, Segment};

/// What an expression reads, and the paths that it counts on: those that it does not ask for first by `has`.
pub(super) fn of(expression: &IdedExpr) -> (Projection, Vec<Path>) {
    let mut reading = Reading { bound: Vec::new(), found: Vec::new(), tested: Vec::new() };
    reading.used(expression);
    let mut projection = Projection::default();
    reading.found.iter().for_each(|segments| projection.read_segments(segments));
    let Reading { found, tested, .. } = reading;
    let counted_on = |segments: &&Vec<Segment>| {
        !segments.is_empty() && !tested.iter().any(|tested| segments.starts_with(tested))
    };
    let written: BTreeSet<String> =
        found.iter().filter(counted_on).map(|segments| written(segments)).collect();
    (projection, written.iter().filter_map(|path| Path::parse(path).ok()).collect())
}

/// As a path is written.
fn written(segments: &[Segment]) -> String {
    let mut path = "$".to_owned();
    for segment in segments {
        match segment {
            Segment::Member(name) if is_plain(name) => path.push_str(&format!(".{name}")),
            Segment::Member(name) => {
                path.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")));
            }
            Segment::Element(_) | Segment::Every => path.push_str("[*]"),
        }
    }
    path
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

struct Reading<'e> {
    /// The variables of the comprehensions around, with what each stands for, if that is a part of the object.
    bound: Vec<(&'e str, Option<Vec<Segment>>)>,
    found: Vec<Vec<Segment>>,
    /// Those that `has` asks for.
    tested: Vec<Vec<Segment>>,
}

impl<'e> Reading<'e> {
    /// The value of an expression is used: if it is a part of the object, all of it is read.
    fn used(&mut self, expression: &'e IdedExpr) {
        let part = self.part(expression);
        self.found.extend(part);
    }

    /// The part of the object that an expression is, if it is one; what else it uses is read.
    fn part(&mut self, expression: &'e IdedExpr) -> Option<Vec<Segment>> {
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => None,
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                let part = self.part(&select.operand);
                let part = part.map(|part| [part, vec![Segment::Member(select.field.clone())]].concat());
                if select.test {
                    self.tested.extend(part.clone());
                }
                part
            }
            Expr::Call(call) if call.func_name == operators::INDEX => self.index(&call.args),
            Expr::Call(call) => {
                call.target.iter().for_each(|target| self.used(target));
                call.args.iter().for_each(|argument| self.used(argument));
                None
            }
            Expr::List(list) => {
                list.elements.iter().for_each(|element| self.used(element));
                None
            }
            Expr::Map(map) => {
                map.entries.iter().for_each(|entry| self.entry(&entry.expr));
                None
            }
            Expr::Struct(all) => {
                all.entries.iter().for_each(|entry| self.entry(&entry.expr));
                None
            }
            Expr::Comprehension(comprehension) => {
                self.comprehension(comprehension);
                None
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.used(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.used(&entry.key);
                self.used(&entry.value);
            }
        }
    }

    fn name(&self, name: &str) -> Option<Vec<Segment>> {
        let plain = name.strip_prefix('.').unwrap_or(name);
        let bound = self.bound.iter().rev().find(|(bound, _)| *bound == name);
        match bound {
            Some((_, part)) => part.clone(),
            None => (plain == OBJECT).then(Vec::new),
        }
    }

    fn index(&mut self, args: &'e [IdedExpr]) -> Option<Vec<Segment>> {
        let [target, index] = args else {
            args.iter().for_each(|argument| self.used(argument));
            return None;
        };
        let part = self.part(target);
        match &index.expr {
            Expr::Literal(LiteralValue::String(name)) => {
                part.map(|part| [part, vec![Segment::Member(name.inner().to_owned())]].concat())
            }
            Expr::Literal(_) => part.map(|part| [part, vec![Segment::Every]].concat()),
            _ => {
                self.found.extend(part);
                self.used(index);
                None
            }
        }
    }

    fn comprehension(&mut self, all: &'e ComprehensionExpr) {
        let range = self.part(&all.iter_range);
        self.used(&all.accu_init);
        let each = range.as_ref().map(|part| [part.as_slice(), &[Segment::Every]].concat());
        let (bound, found) = (self.bound.len(), self.found.len());
        self.bound.push((&all.accu_var, None));
        self.bound.extend(all.iter_var2.iter().map(|second| (second.as_str(), each.clone())));
        self.bound.push((&all.iter_var, each.clone()));
        [&all.loop_cond, &all.loop_step, &all.result].into_iter().for_each(|part| self.used(part));
        self.bound.truncate(bound);
        // How many there are is read at least.
        let Some(each) = each else { return };
        if !self.found[found..].iter().any(|part| part.starts_with(&each)) {
            self.found.extend(range);
        }
    }
}
