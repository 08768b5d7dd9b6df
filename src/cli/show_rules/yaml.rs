//! Rule files that say the same with everything written out: what they say is what runs.

use std::io::{self, Write};

use super::confined;
use super::place;
use crate::cli::table::printable;
use crate::rules::effective::{Item, Tree, yaml_key};
use crate::rules::{Loaded, Place};

/// Whether rule files can say all of it; what they cannot say is told in comments.
pub(super) fn show(loaded: &Loaded, origins: bool, out: &mut impl Write) -> io::Result<bool> {
    let mut is_complete = true;
    let mut printer = Printer { loaded, origins, out, documents: 0 };
    let mut pack = None;
    for rule in &loaded.effective_rules {
        if let Some(place) = rule.switched_off {
            writeln!(
                printer.out,
                "# {} is switched off by {}",
                rule.id,
                printable(&place::shown(loaded, Some(place)))
            )?;
            continue;
        }
        let Some(keys) = confined::rule(rule) else {
            is_complete = false;
            let within = printable(&rule.within.join(" within "));
            writeln!(
                printer.out,
                "# {} is left out: no list of globs says where it looks within {within}",
                rule.id
            )?;
            continue;
        };
        if pack != Some(&rule.id.pack) {
            pack = Some(&rule.id.pack);
            printer.head("RulePack", &rule.id.pack)?;
            writeln!(printer.out, "rules:")?;
        }
        printer.line(&format!("  - name: {}", rule.id.name), Some(rule.place))?;
        printer.entries(&keys, 4)?;
    }
    for document in &loaded.effective_guardrails {
        let confined::Protections { keys, left_out, is_complete: is_all } = confined::protections(document);
        is_complete &= is_all;
        for (key, why) in left_out {
            let within = printable(&document.within.join(" within "));
            writeln!(printer.out, "# {}: {key} is left out: {why} within {within}", document.name)?;
        }
        if !keys.is_empty() {
            printer.head("Guardrails", &document.name)?;
            printer.entries(&keys, 0)?;
        }
    }
    Ok(is_complete)
}

struct Printer<'a, W> {
    loaded: &'a Loaded,
    origins: bool,
    out: &'a mut W,
    documents: usize,
}

impl<W: Write> Printer<'_, W> {
    fn head(&mut self, kind: &str, name: &str) -> io::Result<()> {
        let separator = if self.documents == 0 { "" } else { "---\n" };
        self.documents += 1;
        writeln!(
            self.out,
            "{separator}apiVersion: k8s-healer/v1\nkind: {kind}\nmetadata:\n  name: {}",
            yaml_key(name)
        )
    }

    fn entries(&mut self, entries: &[(String, Item)], indent: usize) -> io::Result<()> {
        for (key, item) in entries {
            self.entry(&format!("{}{}:", " ".repeat(indent), yaml_key(key)), item, indent)?;
        }
        Ok(())
    }

    /// A key with what stands under it.
    fn entry(&mut self, key: &str, item: &Item, indent: usize) -> io::Result<()> {
        match &item.tree {
            Tree::Scalar { yaml, .. } => self.line(format!("{key} {yaml}").trim_end(), item.origin),
            Tree::Map(entries) if entries.is_empty() => self.line(&format!("{key} {{}}"), item.origin),
            Tree::Map(entries) => {
                writeln!(self.out, "{key}")?;
                self.entries(entries, indent + 2)
            }
            Tree::List(items) => match scalars(items) {
                Some(scalars) => self.line(&format!("{key} [{scalars}]"), item.origin),
                None => {
                    writeln!(self.out, "{key}")?;
                    items.iter().try_for_each(|item| self.item(item, indent + 2))
                }
            },
        }
    }

    /// An item of a list: the first key stands behind its dash.
    fn item(&mut self, item: &Item, indent: usize) -> io::Result<()> {
        let dash = format!("{}-", " ".repeat(indent));
        match &item.tree {
            Tree::Map(entries) if !entries.is_empty() => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    let begin = if index == 0 { format!("{dash} ") } else { " ".repeat(indent + 2) };
                    self.entry(&format!("{begin}{}:", yaml_key(key)), value, indent + 2)?;
                }
                Ok(())
            }
            Tree::List(items) if scalars(items).is_none() => {
                writeln!(self.out, "{dash}")?;
                items.iter().try_for_each(|item| self.item(item, indent + 2))
            }
            _ => self.entry(&dash, item, indent),
        }
    }

    fn line(&mut self, line: &str, origin: Option<Place>) -> io::Result<()> {
        if self.origins {
            writeln!(self.out, "{line}  # {}", printable(&place::shown(self.loaded, origin)))
        } else {
            writeln!(self.out, "{line}")
        }
    }
}

/// On one line, if they are plain values.
fn scalars(items: &[Item]) -> Option<String> {
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| match &item.tree {
            Tree::Scalar { yaml, .. } => Some(yaml.as_str()),
            _ => None,
        })
        .collect();
    texts.map(|texts| texts.join(", "))
}
