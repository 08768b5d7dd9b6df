//! What looks like something of YAML and is not: a tab in the indentation, a no-break space, a curly quote or a long dash
//! that came with a text from a web page. The parser stumbles over it somewhere near, and sees nothing there that a
//! person could see.

use super::diagnostic::Span;

/// Where such a blank stands, and what to say of it.
pub(super) struct Blank {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: String,
}

/// The blank that the parser most likely stumbled over: in the line of its error, the next one with a text, or the
/// one before.
pub(super) fn near(text: &str, offset: usize) -> Option<Blank> {
    let begin = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let (before, rest) = (&text[..begin], &text[begin..]);
    let start_of = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    let own = rest.lines().next();
    let next = rest.lines().skip(1).find(|line| !line.trim().is_empty());
    let lines = [own, next, before.lines().next_back()];
    lines.into_iter().flatten().find_map(|line| in_line(line, start_of(line)))
}

fn in_line(line: &str, start: usize) -> Option<Blank> {
    let begin = line.len() - line.trim_start().len();
    let at = |at: usize, width: usize| Span { start: start + at, end: start + at + width };
    let is_blank = begin == line.len();
    if let Some(tab) = line[..begin].find('\t').filter(|_| !is_blank) {
        return Some(Blank {
            span: at(tab, 1),
            message: "a tab stands in the indentation".to_owned(),
            help: "indent with spaces, not with tabs".to_owned(),
        });
    }
    if let Some((place, blank)) = foreign_in(line) {
        return Some(Blank {
            span: at(place, blank.len_utf8()),
            message: format!("{} stands here, where {}", name(blank), belongs(blank)),
            help: in_place_of(blank).to_owned(),
        });
    }
    let (place, mark, plain) = mark_in(line)?;
    Some(Blank {
        span: at(place, mark.len_utf8()),
        message: format!("{} stands here, where `{plain}` belongs", name(mark)),
        help: of_mark(plain),
    })
}

fn of_mark(plain: char) -> String {
    format!("write a plain `{plain}` in its place")
}

/// A long dash in the place of an entry's dash, or a curly quote where a key or a value begins; and what is meant.
fn mark_in(line: &str) -> Option<(usize, char, char)> {
    let mark_of = |rest: &str| {
        let mark = rest.chars().next()?;
        plain(mark).map(|plain| (line.len() - rest.len(), mark, plain))
    };
    let begin = line.trim_start();
    if let Some((place, mark, '-')) = mark_of(begin).filter(|_| begin.chars().nth(1) == Some(' ')) {
        return Some((place, mark, '-'));
    }
    let key = line.trim_start_matches([' ', '-']);
    let value = key.split_once(':').map_or("", |(_, value)| value.trim_start_matches([' ', '[', '{']));
    [key, value].into_iter().filter_map(mark_of).find(|(.., plain)| *plain != '-')
}

/// What a text processor has put its own mark in the place of.
fn plain(mark: char) -> Option<char> {
    match mark {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => Some('"'),
        '\u{2018}'..='\u{201b}' => Some('\''),
        _ => None,
    }
}

fn belongs(blank: char) -> &'static str {
    if is_unseen(blank) { "nothing belongs" } else { "a space belongs" }
}

fn in_place_of(blank: char) -> &'static str {
    if is_unseen(blank) { "take it out" } else { "write a plain space in its place" }
}

/// A foreign blank in the indentation of a line, behind its dash or behind the colon of its key.
fn foreign_in(line: &str) -> Option<(usize, char)> {
    let rest = line.trim_start_matches([' ', '-']);
    let rest = match rest.chars().next()? {
        first if is_foreign(first) => rest,
        _ => {
            let (key, value) = rest.split_once(':')?;
            let is_plain = !key.contains(['"', '\'', '{', '[', '#', ' ']);
            Some(value).filter(|_| is_plain)?
        }
    };
    let blank = rest.chars().next().filter(|first| is_foreign(*first))?;
    Some((line.len() - rest.len(), blank))
}

/// What is foreign in a key, and what to write in its place.
pub(super) fn foreign(key: &str) -> Option<String> {
    if let Some(blank) = key.chars().find(|c| is_foreign(*c)) {
        return Some(format!("{} stands in it: {}", name(blank), in_place_of(blank)));
    }
    let (_, mark, plain) = mark_in(key)?;
    Some(format!("{} stands in it: {}", name(mark), of_mark(plain)))
}

/// What to write in the place of the curly quotes around a value.
pub(super) fn in_curly_quotes(value: &str) -> Option<String> {
    let mark = value.chars().next()?;
    let plain = plain(mark).filter(|plain| *plain != '-')?;
    Some(format!("it begins with {}: {}", name(mark), of_mark(plain)))
}

/// Whether people take it for a space, or for nothing, and YAML for a letter.
fn is_foreign(character: char) -> bool {
    (character.is_whitespace() && !character.is_ascii()) || is_unseen(character)
}

fn is_unseen(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn name(character: char) -> String {
    match character {
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        unseen if is_unseen(unseen) => format!("a character without width (U+{:04X})", u32::from(unseen)),
        mark if plain(mark) == Some('-') => format!("a long dash (U+{:04X})", u32::from(mark)),
        mark if plain(mark).is_some() => format!("a curly quote (U+{:04X})", u32::from(mark)),
        other => format!("a blank of another kind (U+{:04X})", u32::from(other)),
    }
}
