//! A part of an expression as it is written, cut short: for messages, since the parser keeps no places.

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

/// In characters: a message is read in one line.
const LONGEST: usize = 60;

/// `object.spec.a.map(x, …)`; what is not told stands as `…`.
pub(super) fn written(expression: &IdedExpr) -> String {
    let whole = part(expression);
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

fn part(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", part(&select.operand), select.field),
        // The macro `map` makes a list of each item.
        Expr::List(list) if list.elements.len() == 1 => part(&list.elements[0]),
        Expr::List(_) => "[…]".to_owned(),
        Expr::Map(_) => "{…}".to_owned(),
        Expr::Literal(LiteralValue::String(_)) => "'…'".to_owned(),
        Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
        Expr::Comprehension(all) => {
            format!("{}.{}({}, …)", part(&all.iter_range), macro_of(all), all.iter_var)
        }
        Expr::Call(call) => match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            (operators::INDEX, None, [of, index]) => format!("{}[{}]", part(of), part(index)),
            (operators::CONDITIONAL, ..) => "… ? … : …".to_owned(),
            (name, Some(target), args) => {
                format!("{}.{name}({})", part(target), if args.is_empty() { "" } else { "…" })
            }
            (name, None, [left, right]) if !is_word(name) => {
                format!("{} {} {}", part(left), name.trim_matches(['_', '@']), part(right))
            }
            (name, None, _) if !is_word(name) => "…".to_owned(),
            (name, None, _) => format!("{name}(…)"),
        },
        _ => "…".to_owned(),
    }
}

/// Whether it is a function, not an operator, which is called `_+_` or `@in`.
fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The macro that has become this comprehension.
fn macro_of(all: &ComprehensionExpr) -> &'static str {
    let step = match &all.loop_step.expr {
        Expr::Call(call) => call.func_name.as_str(),
        _ => "",
    };
    match (&all.accu_init.expr, step) {
        (Expr::List(_), operators::CONDITIONAL) => "filter",
        (Expr::List(_), _) => "map",
        (_, operators::LOGICAL_AND) => "all",
        (_, operators::LOGICAL_OR) => "exists",
        _ => "exists_one",
    }
}
