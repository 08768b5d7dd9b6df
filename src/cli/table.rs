//! Tables for people, as kubectl prints them: columns side by side, no lines. On a terminal a table is no
//! wider than that and long cells are wrapped; elsewhere each row is one line, for whoever searches it.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement};

use super::diagnostics::Style;
use crate::rules::diagnostic::is_bidirectional;

/// Between two columns.
const GAP: u16 = 2;

/// A column that is wrapped needs so much room to be read, with what stands behind it.
const LEAST: usize = 5;

/// Terminals of CI systems often say that they have no columns at all: what is narrower than this is not known.
const NARROWEST: u16 = 20;

/// How tables look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: bool,
    /// In columns of the terminal; `None`: rows are as long as they are.
    pub(super) width: Option<u16>,
}

impl Look {
    /// In a file, a pipe or a test.
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self { colour: false, width: None };

    /// What standard output can show.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let told = if stdout.is_terminal() { comfy_table::Table::new().width() } else { None };
        Self { colour: Style::of_terminal(&stdout).colour, width: sensible(told) }
    }
}

impl Tone {
    /// The same text as a cell of a table has it.
    pub(super) fn paint(self, text: &str, look: Look) -> String {
        let code = match self {
            _ if !look.colour => return text.to_owned(),
            Self::Plain => return text.to_owned(),
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "1;31",
            Self::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

fn sensible(width: Option<u16>) -> Option<u16> {
    width.filter(|width| *width >= NARROWEST)
}

/// What a cell says of itself, where colours are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    Good,
    Warning,
    Bad,
    /// Of less weight than the rest.
    Faint,
}

/// A table that is filled row by row.
#[expect(clippy::struct_field_names, reason = "it is one, of another library")]
pub(super) struct Table {
    table: comfy_table::Table,
    header: Vec<String>,
    /// The columns that are not wrapped, as long as there is room.
    whole: Vec<usize>,
}

impl Table {
    pub(super) fn new(look: Look, header: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).force_no_tty();
        if let Some(width) = look.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        if look.colour {
            table.enforce_styling().style_text_only();
        }
        table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        Self { table, header: header.iter().map(ToString::to_string).collect(), whole: Vec::new() }
    }

    /// These columns are not wrapped before the others: short words, by which a row is found.
    pub(super) fn keep_whole(mut self, columns: &[usize]) -> Self {
        columns.clone_into(&mut self.whole);
        self
    }

    /// One row; what a cell holds may come from a server, and cannot reach the terminal.
    pub(super) fn row<Text: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (Text, Tone)>) {
        let cell = |(text, tone): (Text, Tone)| {
            let cell = Cell::new(printable(text.as_ref()));
            match tone {
                Tone::Plain => cell,
                Tone::Good => cell.fg(Color::Green),
                Tone::Warning => cell.fg(Color::Yellow),
                Tone::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
                Tone::Faint => cell.add_attribute(Attribute::Dim),
            }
        };
        self.table.add_row(cells.into_iter().map(cell).collect::<Vec<_>>());
    }

    /// On a terminal that is too narrow for all, leaves these columns out, one after the other. Called when the
    /// rows are there.
    pub(super) fn leave_out(mut self, columns: &[usize]) -> Self {
        let Some(width) = self.table.width() else { return self };
        let widths = self.widths();
        let mut whole: usize = widths.iter().sum();
        for column in columns {
            if whole <= usize::from(width) {
                break;
            }
            if let Some(left_out) = self.table.column_mut(*column) {
                left_out.set_constraint(ColumnConstraint::Hidden);
                whole -= widths[*column];
            }
        }
        self
    }

    /// What the columns are called for which the terminal is too narrow.
    pub(super) fn left_out(&self) -> Vec<&str> {
        let is_left_out = |at: usize| self.table.column(at).is_some_and(comfy_table::Column::is_hidden);
        self.header.iter().enumerate().filter(|(at, _)| is_left_out(*at)).map(|(_, name)| &**name).collect()
    }

    /// Of each column, with what stands between it and the next.
    fn widths(&self) -> Vec<usize> {
        let widths = self.table.column_max_content_widths();
        widths.into_iter().map(|width| usize::from(width) + usize::from(GAP)).collect()
    }

    /// Keeps whole what there is room for beside the other columns; the widest are the first to be wrapped.
    fn fitted(&self) -> comfy_table::Table {
        let (mut table, widths) = (self.table.clone(), self.widths());
        let shown = |column: &usize| table.column(*column).is_some_and(|column| !column.is_hidden());
        let columns: Vec<usize> = (0..widths.len()).filter(shown).collect();
        let mut whole: Vec<usize> =
            self.whole.iter().copied().filter(|column| columns.contains(column)).collect();
        whole.sort_by_key(|column| widths[*column]);
        let taken = |whole: &[usize]| -> usize {
            let of = |column: &usize| {
                if whole.contains(column) { widths[*column] } else { widths[*column].min(LEAST) }
            };
            columns.iter().map(of).sum()
        };
        while table.width().is_some_and(|width| taken(&whole) > usize::from(width)) && whole.pop().is_some() {
        }
        for column in whole {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }

    pub(super) fn show(&self, out: &mut impl Write) -> io::Result<()> {
        for line in self.fitted().lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The same text without what a terminal would obey; a line of its own stays one line.
pub(super) fn printable(text: &str) -> String {
    let replaced = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() || is_bidirectional(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(replaced).collect()
}

/// Lines of no more than so many characters; colours take no room, and go on in the next line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        for part in broken(word, width.max(1)) {
            match lines.last_mut() {
                Some(line) if visible(line) + 1 + visible(&part) <= width => {
                    line.push(' ');
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
    }
    let mut open = String::new();
    for line in &mut lines {
        line.insert_str(0, &open);
        open = colour_at_the_end(line);
        if !open.is_empty() {
            line.push_str(RESET);
        }
    }
    lines
}

const RESET: &str = "\u{1b}[0m";

/// Each character, or the whole of what changes the colour, with the room that it takes.
fn characters(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let colour = if first == '\u{1b}' { rest.find('m').map(|end| end + 1) } else { None };
        let (piece, behind) = rest.split_at(colour.unwrap_or(first.len_utf8()));
        rest = behind;
        Some((piece, usize::from(colour.is_none())))
    })
}

/// How much room a text takes, colours aside.
pub(super) fn visible(text: &str) -> usize {
    characters(text).map(|(_, room)| room).sum()
}

/// A word in parts that have room in a line.
fn broken(word: &str, width: usize) -> Vec<String> {
    let (mut parts, mut taken) = (vec![String::new()], 0);
    for (piece, room) in characters(word) {
        if taken + room > width {
            parts.push(String::new());
            taken = 0;
        }
        taken += room;
        if let Some(part) = parts.last_mut() {
            part.push_str(piece);
        }
    }
    parts
}

/// What is in force behind a line; empty: nothing.
fn colour_at_the_end(line: &str) -> String {
    characters(line).filter(|(_, room)| *room == 0).fold(String::new(), |open, (colour, _)| {
        if colour == RESET || colour == "\u{1b}[m" { String::new() } else { open + colour }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(look: Look) -> String {
        let mut table = Table::new(look, &["CHECK", "RESULT", "WHAT"]).keep_whole(&[0, 1]);
        for (result, tone) in [("ok", Tone::Good), ("fail", Tone::Bad)] {
            let what = "a sentence of some words that is longer than a narrow terminal";
            table.row([("permissions", Tone::Plain), (result, tone), (what, Tone::Plain)]);
        }
        let mut out = Vec::new();
        table.show(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_one_line_where_there_is_no_terminal() {
        let lines = shown(Look::PLAIN);
        assert_eq!(lines.lines().count(), 3, "{lines}");
        assert!(
            lines.starts_with("CHECK        RESULT  WHAT\npermissions  ok      a sentence of"),
            "{lines}"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_short_words_stay_whole() {
        for width in [40, 60, 80] {
            let lines = shown(Look { colour: false, width: Some(width) });
            let longest = lines.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(usize::from(width)), "{lines}");
            assert_eq!(lines.matches("permissions  ").count(), 2, "{lines}");
        }
    }

    #[test]
    fn where_short_words_leave_no_room_they_are_wrapped_too() {
        for width in [20, 26, 30] {
            let lines = shown(Look { colour: false, width: Some(width) });
            let longest = lines.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(usize::from(width)), "{width}\n{lines}");
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_in_words_that_no_line_has_room_for() {
        assert_eq!(wrapped("a bcd efgh", 5), ["a bcd", "efgh"]);
        assert_eq!(wrapped("a bcdefghi jk", 4), ["a", "bcde", "fghi", "jk"]);
        assert_eq!(wrapped("", 4), [""; 0]);
    }

    #[test]
    fn a_colour_takes_no_room_in_a_line_and_goes_on_in_the_next() {
        let (red, reset) = ("\u{1b}[31m", "\u{1b}[0m");
        let lines = [format!("a {red}bc{reset}"), format!("{red}defg{reset}"), format!("{red}h{reset} i")];
        assert_eq!(wrapped(&format!("a {red}bc defgh{reset} i"), 4), lines);
    }

    #[test]
    fn a_terminal_that_does_not_know_its_width_gets_whole_rows() {
        assert_eq!([Some(0), Some(1), None].map(sensible), [None; 3]);
        assert_eq!(sensible(Some(80)), Some(80));
    }

    #[test]
    fn columns_are_left_out_only_where_the_terminal_is_too_narrow_for_them() {
        let shown = |width: Option<u16>| {
            let mut table = Table::new(Look { colour: false, width }, &["NAME", "SHORT", "KIND"]);
            table.row([
                ("n".repeat(20), Tone::Plain),
                ("s".repeat(8), Tone::Plain),
                ("k".repeat(10), Tone::Plain),
            ]);
            let mut out = Vec::new();
            table.leave_out(&[2, 1]).show(&mut out).unwrap();
            String::from_utf8(out)
                .unwrap()
                .lines()
                .next()
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (width, header) in [
            (None, "NAME SHORT KIND"),
            (Some(44), "NAME SHORT KIND"),
            (Some(43), "NAME SHORT"),
            (Some(31), "NAME"),
            (Some(10), "NAME"),
        ] {
            assert_eq!(shown(width), header, "{width:?}");
        }
    }

    #[test]
    fn colours_take_no_room_and_come_only_where_they_are_shown() {
        let (plain, coloured) = (shown(Look::PLAIN), shown(Look { colour: true, width: None }));
        assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'), "{coloured}");
        let mut parts = coloured.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        let visible = parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text).collect::<String>();
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(trimmed(&(first + &visible)), trimmed(&plain));
    }

    #[test]
    fn what_a_server_says_cannot_reach_the_terminal() {
        let mut table = Table::new(Look::PLAIN, &["WHAT"]);
        table.row([("a\u{1b}[2J\nb\u{202e}", Tone::Plain)]);
        let mut out = Vec::new();
        table.show(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "WHAT\na\u{fffd}[2J b\u{fffd}\n");
    }
}
