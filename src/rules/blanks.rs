//! What looks like a space and is none for YAML: a tab in the indentation, a no-break space that came with a text from
//! a web page. The parser stumbles over it somewhere near, and sees nothing there that a person could see.

use super::diagnostic::Span;

/// Where such a blank stands, and what to say of it.
pub(super) struct Blank {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: &'static str,
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
            help: "indent with spaces, not with tabs",
        });
    }
    let (place, blank) = foreign_in(line)?;
    Some(Blank {
        span: at(place, blank.len_utf8()),
        message: format!("{} stands here, where a space belongs", name(blank)),
        help: HELP,
    })
}

pub(super) const HELP: &str = "write a plain space in its place";

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

/// The first foreign blank of a text, by its name.
pub(super) fn foreign(text: &str) -> Option<String> {
    text.chars().find(|c| is_foreign(*c)).map(name)
}

/// Whether people take it for a space, or for nothing, and YAML for a letter.
fn is_foreign(character: char) -> bool {
    (character.is_whitespace() && !character.is_ascii()) || matches!(character, '\u{200b}' | '\u{feff}')
}

fn name(blank: char) -> String {
    match blank {
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        other => format!("a blank of another kind (U+{:04X})", u32::from(other)),
    }
}
