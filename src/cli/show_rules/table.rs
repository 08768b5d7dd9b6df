//! For people: a row for each rule, or with origins for each of its values, and then what holds rules back.

use std::io::{self, Write};

use super::selector::selector;
use super::{place, protections};
use crate::cli::table::{Look, Table, Tone, wrapped};
use crate::rules::Loaded;
use crate::rules::effective::{EffectiveRule, Item, PathValue, Tree};

/// Of the columns, on a narrow terminal: cooldown, for, kinds.
const LEFT_OUT_FIRST: [usize; 3] = [5, 4, 2];

pub(super) fn show(loaded: &Loaded, origins: bool, look: Look, out: &mut impl Write) -> io::Result<()> {
    if origins {
        with_origins(loaded, look, out)?;
    } else {
        rules(loaded, look, out)?;
    }
    let all = protections::all(loaded);
    writeln!(out)?;
    let mut table = Table::new(look, &["GUARDRAIL", "VALUE", "FROM", "NOTE"]).keep_whole(&[0]);
    for one in all {
        let lifts = one.key.starts_with("unprotect");
        let tone = match one.note.is_empty() {
            _ if lifts => Tone::Warning,
            true => Tone::Plain,
            false => Tone::Faint,
        };
        table.row([
            (one.key, Tone::Plain),
            (one.value, tone),
            (one.guardrails.map_or(one.from.clone(), |name| format!("{name} ({})", one.from)), Tone::Faint),
            (noted(one.note, &one.within), Tone::Warning),
        ]);
    }
    table.show(out)
}

/// What a protection comes to, and where alone it holds.
fn noted(note: String, within: &[String]) -> String {
    let within = (!within.is_empty()).then(|| format!("within {}", within.join(" within ")));
    [Some(note).filter(|note| !note.is_empty()), within].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn rules(loaded: &Loaded, look: Look, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(look, &["RULE", "MODE", "WATCH", "NAMESPACES", "FOR", "COOLDOWN", "ACTIONS"])
        .keep_whole(&[0, 1]);
    for rule in &loaded.effective_rules {
        let value = |key: &str| rule.keys.iter().find(|(known, _)| known == key).map(|(_, item)| item);
        let shown = |key: &str| value(key).map(listed).unwrap_or_default();
        let (mode, tone) = match (rule.switched_off, shown("mode")) {
            (Some(place), _) => (format!("off, by {}", place::shown(loaded, Some(place))), Tone::Warning),
            (None, mode) if mode == "enforce" => (mode, Tone::Plain),
            (None, mode) => (mode, Tone::Good),
        };
        table.row([
            (rule.id.to_string(), Tone::Plain),
            (mode, tone),
            (shown("watch"), Tone::Plain),
            (places(rule), Tone::Plain),
            (shown("for"), Tone::Plain),
            (shown("cooldown"), Tone::Plain),
            (value("actions").map(actions).unwrap_or_default(), Tone::Plain),
        ]);
    }
    let table = table.leave_out(&LEFT_OUT_FIRST);
    table.show(out)?;
    let left_out = table.left_out();
    if left_out.is_empty() {
        return Ok(());
    }
    let text = format!("left out, for want of room: {}; `--format yaml` shows all", left_out.join(", "));
    let width = look.width.map_or(usize::MAX, usize::from);
    wrapped(&text, width).iter().try_for_each(|line| writeln!(out, "{}", Tone::Faint.paint(line, look)))
}

fn with_origins(loaded: &Loaded, look: Look, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(look, &["RULE", "KEY", "VALUE", "FROM"]).keep_whole(&[0, 1]);
    for rule in &loaded.effective_rules {
        let id = rule.id.to_string();
        let mut row = |key: String, value: String, from: String, tone: Tone| {
            let faint = if from == "default" { Tone::Faint } else { Tone::Plain };
            table.row([(id.clone(), Tone::Plain), (key, Tone::Plain), (value, tone), (from, faint)]);
        };
        if let Some(place) = rule.switched_off {
            row("enabled".into(), "false".into(), place::shown(loaded, Some(place)), Tone::Warning);
        }
        for PathValue { path, value, origin } in values(rule) {
            row(path, value, place::shown(loaded, origin), Tone::Plain);
        }
        for globs in &rule.within {
            row("within".into(), globs.clone(), "the path's confinement".into(), Tone::Plain);
        }
    }
    table.show(out)
}

/// All values of a rule with their paths.
pub(super) fn values(rule: &EffectiveRule) -> Vec<PathValue> {
    let mut values = Vec::new();
    rule.keys.iter().for_each(|(key, item)| item.flatten(key, &mut values));
    values
}

fn places(rule: &EffectiveRule) -> String {
    let value = |key: &str| rule.keys.iter().find(|(known, _)| known == key).map(|(_, item)| item);
    let places = value("namespaces").map(listed);
    let places = places.or_else(|| value("scope").map(|_| "(the whole cluster)".to_owned()));
    let selected = value("namespaceSelector").map(selector);
    let looks: Vec<String> = places.into_iter().chain(selected).collect();
    let within = rule.within.iter().map(|globs| format!(" within {globs}"));
    looks.join(" with ") + &within.collect::<String>()
}

fn listed(item: &Item) -> String {
    match &item.tree {
        Tree::Scalar { shown, .. } => shown.clone(),
        Tree::List(items) => items.iter().filter_map(Item::as_shown).collect::<Vec<_>>().join(", "),
        Tree::Map(_) => String::new(),
    }
}

/// The names of the steps, in order.
fn actions(item: &Item) -> String {
    let Tree::List(steps) = &item.tree else { return String::new() };
    let name = |step: &Item| match &step.tree {
        Tree::Map(entries) => entries.first().map(|(name, _)| name.clone()),
        _ => None,
    };
    steps.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}
