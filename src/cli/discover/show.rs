//! Shows the kinds: a table for people, JSON for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Found;
use super::row::{Count, Row};
use crate::cli::diagnostics::write_json;
use crate::cli::table::{Look, Table, Tone};

/// The version of the JSON document's shape: a key never changes its meaning within one, new keys may come.
const VERSION: u8 = 1;

/// Of the columns, on a narrow terminal: version, scope, kind, short names.
const LEFT_OUT_FIRST: [usize; 4] = [3, 4, 2, 1];

pub(super) fn table(found: &Found, with_rules: bool, look: Look, out: &mut impl Write) -> io::Result<()> {
    if !found.rows.is_empty() {
        let counted = found.rows.iter().any(|row| row.count != Count::NotAsked);
        let mut header = vec!["NAME", "SHORT", "KIND", "VERSION", "SCOPE", "VERBS"];
        header.extend(counted.then_some("OBJECTS"));
        header.extend(with_rules.then_some("RULES"));
        let mut table = Table::new(look, &header);
        for row in &found.rows {
            let mut cells = cells(row);
            cells.extend(counted.then(|| objects(row)));
            cells.extend(with_rules.then(|| (row.rules.join(", "), Tone::Plain)));
            table.row(cells);
        }
        table.leave_out(&LEFT_OUT_FIRST).show(out)?;
    }
    for (kind, rules) in &found.absent {
        writeln!(out, "not served: {kind}, for which {} waits", rules.join(", "))?;
    }
    for refused in &found.refused {
        writeln!(out, "left out: {refused}")?;
    }
    for (group, reason) in &found.failed {
        writeln!(out, "not known: what the group {group} serves ({reason})")?;
    }
    Ok(())
}

fn cells(row: &Row) -> Vec<(String, Tone)> {
    let resource = &row.resource;
    let verbs = if row.is_watchable() {
        (row.verbs(), Tone::Plain)
    } else {
        (format!("{} (no watch)", row.verbs()), Tone::Warning)
    };
    vec![
        (resource.name(), Tone::Plain),
        (resource.short_names.join(", "), Tone::Plain),
        (resource.kind.clone(), Tone::Plain),
        (resource.version.clone(), Tone::Plain),
        (row.scope().to_owned(), Tone::Plain),
        verbs,
    ]
}

fn objects(row: &Row) -> (String, Tone) {
    match row.count.objects() {
        Some(count) => (count.to_string(), Tone::Plain),
        None => ("-".to_owned(), Tone::Faint),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    kinds: Vec<Listed<'a>>,
    /// Kinds that rules name and that are not served, with these rules.
    absent: &'a BTreeMap<String, Vec<String>>,
    #[serde(rename = "leftOut")]
    left_out: &'a [String],
    /// Groups of which something is not known, and why.
    unknown: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    name: String,
    plural: &'a str,
    singular: &'a str,
    short_names: &'a [String],
    kind: &'a str,
    group: &'a str,
    version: &'a str,
    other_versions: &'a [String],
    namespaced: bool,
    verbs: &'a [String],
    watchable: bool,
    /// None: not asked, or not known: see `why`.
    objects: Option<usize>,
    why: Option<&'a str>,
    rules: &'a [String],
}

pub(super) fn json(found: &Found, out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        kinds: found.rows.iter().map(kind).collect(),
        absent: &found.absent,
        left_out: &found.refused,
        unknown: found.failed.iter().map(|(group, reason)| (group.as_str(), reason.as_str())).collect(),
    };
    write_json(&document, out)
}

fn kind(row: &Row) -> Listed<'_> {
    let resource = &row.resource;
    Listed {
        name: resource.name(),
        plural: &resource.plural,
        singular: &resource.singular,
        short_names: &resource.short_names,
        kind: &resource.kind,
        group: &resource.group,
        version: &resource.version,
        other_versions: &row.other_versions,
        namespaced: resource.namespaced,
        verbs: &resource.verbs,
        watchable: row.is_watchable(),
        objects: row.count.objects(),
        why: row.count.reason(),
        rules: &row.rules,
    }
}
