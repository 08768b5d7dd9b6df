//! An explanation for people: the verdict on top, then each rule with the tree of its matchers.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use k8s_healer_engine::rule::StepWhile;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::format_duration;

use super::Told;
use super::verdict::{self, Word, until};
use crate::cli::diagnostics::Style;
use crate::cli::table::{printable, visible, wrapped};
use crate::simulation::explain::{Explained, Opening, Part, Wait};

const GREEN: Ansi = AnsiColor::Green.on_default();
const RED: Ansi = AnsiColor::Red.on_default();
const YELLOW: Ansi = AnsiColor::Yellow.on_default();
const BOLD: Ansi = Ansi::new().bold();
const FAINT: Ansi = Ansi::new().dimmed();
/// Where the values of a rule's keys begin.
const INDENT: usize = 12;
/// What does not fit into a line stands so much further to the right.
const HANGING: usize = 2;

struct Printer<'a, W> {
    told: &'a Told<'a>,
    style: Style,
    /// Of the terminal; `None`: lines are as long as they are.
    width: Option<usize>,
    out: &'a mut W,
}

pub(super) fn show(
    told: &Told<'_>,
    style: Style,
    width: Option<u16>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut printer = Printer { told, style, width: width.map(usize::from), out };
    let verdict = verdict::of_object(&told.explanation, &told.name, told.now);
    printer.say(&printer.paint(tone(verdict.word), &verdict.text))?;
    printer.say(&printer.paint(FAINT, &format!("{} at {}, {}", told.name, told.now, told.source)))?;
    printer.protections()?;
    for rule in &told.explanation.rules {
        printer.rule(rule)?;
    }
    for note in &told.notes {
        printer.say("")?;
        printer.say(&printer.paint(YELLOW, &format!("note: {note}")))?;
    }
    printer.say("")?;
    let legend = [Truth::True, Truth::False, Truth::Unknown].map(|truth| printer.mark(truth));
    if style.unicode {
        let [yes, no, unknown] = legend;
        printer.say(&format!("{yes} true  {no} false  {unknown} unknown"))?;
    }
    Ok(())
}

fn tone(word: Word) -> Ansi {
    match word {
        Word::Acts => RED.bold(),
        Word::Held | Word::Unknown => YELLOW.bold(),
        Word::Tells | Word::Nothing => BOLD,
    }
}

impl<W: Write> Printer<'_, W> {
    /// On a terminal what does not fit stands beneath.
    fn say(&mut self, line: &str) -> io::Result<()> {
        self.beneath("", line)
    }

    /// The same behind what stands in front; the parts of a tree keep their place.
    fn beneath(&mut self, front: &str, text: &str) -> io::Result<()> {
        let text = text.trim_end();
        let taken = if front.is_empty() { 0 } else { INDENT };
        let Some(room) = self.width.map(|width| width.saturating_sub(taken)) else {
            return writeln!(self.out, "{}", format!("{front}{text}").trim_end());
        };
        if visible(text) <= room {
            return writeln!(self.out, "{}", format!("{front}{text}").trim_end());
        }
        let depth = (text.len() - text.trim_start().len()).min(room / 2);
        let hanging = depth + HANGING;
        for (at, line) in wrapped(text, room.saturating_sub(hanging)).iter().enumerate() {
            if at == 0 {
                writeln!(self.out, "{front}{:depth$}{line}", "")?;
            } else {
                writeln!(self.out, "{:width$}{line}", "", width = taken + hanging)?;
            }
        }
        Ok(())
    }

    /// What comes from a server cannot reach the terminal.
    fn paint(&self, ansi: Ansi, text: &str) -> String {
        let text = printable(text);
        if self.style.colour && !text.is_empty() { format!("{ansi}{text}{ansi:#}") } else { text }
    }

    fn mark(&self, truth: Truth) -> String {
        let (sign, word, ansi) = match truth {
            Truth::True => ("✓", "true   ", GREEN),
            Truth::False => ("✗", "false  ", RED),
            Truth::Unknown => ("?", "unknown", YELLOW),
        };
        self.paint(ansi, if self.style.unicode { sign } else { word })
    }

    /// A key of the rule with its first value; the others stand below it.
    fn entry(&mut self, key: &str, values: &[String]) -> io::Result<()> {
        for (at, value) in values.iter().enumerate() {
            let key = if at == 0 { key } else { "" };
            let key = self.paint(FAINT, &format!("  {key:<width$}", width = INDENT - 2));
            self.beneath(&key, value)?;
        }
        Ok(())
    }

    fn protections(&mut self) -> io::Result<()> {
        let explanation = &self.told.explanation;
        let held = explanation.protections.iter().map(|held| self.paint(YELLOW, &held.by));
        let unknown = explanation.not_known();
        let unknown = unknown.iter().map(|why| format!("{} {}", self.mark(Truth::Unknown), printable(why)));
        let unknown: Vec<String> = unknown.collect();
        let mut values: Vec<String> = held.collect();
        if values.is_empty() {
            let nothing = if unknown.is_empty() { "nothing" } else { "nothing that is known" };
            values.push(nothing.to_owned());
        }
        values.extend(unknown);
        self.say("")?;
        self.of_object("protected by", &values)?;
        let object = self.told.object;
        let finalizers = object.finalizers();
        if !finalizers.is_empty() {
            let held = format!("{}: deleted, it stays until they are gone", finalizers.join(", "));
            self.of_object("finalizers", &[printable(&held)])?;
        }
        match object.deletion_asked() {
            _ if !object.is_terminating() => Ok(()),
            Some(since) => self.of_object("terminating", &[format!("since {since}")]),
            None => self.of_object("terminating", &["it does not tell since when".to_owned()]),
        }
    }

    /// What is told of the object itself.
    fn of_object(&mut self, key: &str, values: &[String]) -> io::Result<()> {
        for (at, value) in values.iter().enumerate() {
            let key = if at == 0 { key } else { "" };
            self.beneath(&format!("{key:<width$}", width = INDENT + 1), value)?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &Explained) -> io::Result<()> {
        let verdict = verdict::of_rule(rule, self.told.now);
        let id = self.paint(BOLD, &rule.rule.id.to_string());
        let text =
            self.paint(if verdict.word == Word::Nothing { FAINT } else { tone(verdict.word) }, &verdict.text);
        self.say("")?;
        self.say(&format!("{id} {text}"))?;
        if !rule.rule.description.is_empty() {
            self.entry("", &[self.paint(FAINT, &rule.rule.description)])?;
        }
        let origin = self.told.origins.get(&rule.rule.id);
        if let Some(origin) = origin {
            self.entry("written", &[self.paint(FAINT, &format!("{}:{}", origin.file, origin.line))])?;
        }
        let selects = if rule.place.selects { Truth::True } else { Truth::False };
        let mut scope = vec![format!("{} {}", self.mark(selects), printable(&rule.place.why))];
        if let Some(selector) = &rule.place.selector {
            self.part(selector, Some("namespaceSelector"), 0, &mut scope);
        }
        self.entry("scope", &scope)?;
        if !rule.place.selects {
            return Ok(());
        }
        let tree = |parts: &[Part]| {
            let mut lines = Vec::new();
            parts.iter().for_each(|part| self.part(part, None, 0, &mut lines));
            lines
        };
        let (matches, unless) = (tree(&rule.matches), tree(&rule.unless));
        self.entry("match", &matches)?;
        self.entry("unless", &unless)?;
        if let Some(wait) = &rule.hold {
            self.entry("for", &[self.wait(wait)])?;
        }
        if let Some(window) = &rule.window {
            self.entry("schedule", &[self.window(window)])?;
        }
        let counted = [("limits", &rule.limits), ("breaker", &rule.breaker)];
        for (key, written) in counted.into_iter().filter_map(|(key, written)| Some((key, written.as_ref()?)))
        {
            let aside = if rule.course.is_counted {
                "counted over all objects of the dump"
            } else {
                "what else matches or is under way is known to `plan` and to the daemon"
            };
            self.entry(key, &[format!("{}: {}", printable(written), self.paint(FAINT, aside))])?;
        }
        self.entry("mode", &[mode(rule)])?;
        let steps = steps(rule);
        self.entry("steps", &steps)?;
        let holds: Vec<String> = rule
            .course
            .holds
            .iter()
            .map(|hold| self.paint(YELLOW, &format!("{}: {}", hold.action, hold.by)))
            .collect();
        self.entry("held back", &holds)?;
        if rule.rule.steps.iter().any(|step| step.nature.removes) && !rule.rule.cooldown.is_zero() {
            let length = format_duration(rule.rule.cooldown);
            let text = format!(
                "{length} for what replaces it: known to the daemon that runs, and not here: see `k8s-healer daemon status`"
            );
            self.entry("cooldown", &[self.paint(FAINT, &text)])?;
        }
        Ok(())
    }

    fn part(&self, part: &Part, name: Option<&str>, depth: usize, lines: &mut Vec<String>) {
        let now = self.told.now;
        let key = name.or(part.key.as_deref()).unwrap_or_default();
        let colon = if key.is_empty() || part.seen.is_empty() { "" } else { ": " };
        let mut line =
            format!("{}{} {key}{colon}{}", "  ".repeat(depth), self.mark(part.truth), printable(&part.seen));
        if let Some(change) = part.changes {
            line.push_str(&format!(", {} in {}", change.to, until(change.at, now)));
        }
        for why in &part.unknown {
            line.push_str(&self.paint(YELLOW, &format!(" ({why})")));
        }
        if let Some(asked) = &part.asked {
            line.push_str("  ");
            line.push_str(&self.paint(FAINT, &format!("(asked: {asked})")));
        }
        lines.push(line);
        part.parts.iter().for_each(|inner| self.part(inner, None, depth + 1, lines));
    }

    fn wait(&self, wait: &Wait) -> String {
        let now = self.told.now;
        let length = format_duration(wait.length);
        let (Some(from), Some(over)) = (wait.from, wait.over) else {
            return format!("{length}, counts once the rule is true");
        };
        let since = if wait.is_told {
            format!("true since {from}, as the object tells")
        } else if from < now {
            format!("seen to be true since {from}")
        } else {
            "counts from now: the object does not tell since when the rule is true; a daemon that runs may know".to_owned()
        };
        if over <= now {
            format!("{length}, over: {since}")
        } else {
            format!("{length}, over in {}: {since}", until(over, now))
        }
    }

    fn window(&self, Opening { written, open_until, opens }: &Opening) -> String {
        let now = self.told.now;
        let state = match (open_until, opens) {
            (Some(end), _) => format!("open, until {end}"),
            (None, Some(opens)) => format!("closed, opens in {} ({opens})", until(*opens, now)),
            (None, None) => "closed, and never opens again".to_owned(),
        };
        format!("{state}: {written}")
    }
}

fn mode(rule: &Explained) -> String {
    if rule.mode == rule.rule.mode {
        return rule.mode.to_string();
    }
    format!("{}, by --mode; its own is {}", rule.mode, rule.rule.mode)
}

fn steps(rule: &Explained) -> Vec<String> {
    let steps = rule.rule.steps.iter().enumerate().map(|(at, step)| {
        let after = step.after.map(|after| format!(", {} after {}", format_duration(after), before(at)));
        let while_ = match step.while_ {
            Some(StepWhile::Match) => ", while the rule is true",
            Some(StepWhile::Present) => ", while it is there",
            None => "",
        };
        format!("{}. {}{}{while_}", at + 1, printable(&step.action.describe()), after.unwrap_or_default())
    });
    steps.collect()
}

fn before(at: usize) -> String {
    if at == 0 { "the rule is due".to_owned() } else { format!("step {at}") }
}
