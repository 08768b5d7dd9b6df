//! What several lists of globs all match, as one list of globs, where globs can say it: what a rule that is confined
//! looks at, written out. Whether two globs have a name in common at all can always be told.

use k8s_healer_engine::values::Globs;

/// One list that matches just what all of them match; excludes with their `!`. Empty: nothing is matched by all.
/// `None`: globs cannot say it.
#[must_use]
pub fn intersection(lists: &[Vec<String>]) -> Option<Vec<String>> {
    let mut excludes: Vec<String> = Vec::new();
    let mut common = vec!["*".to_owned()];
    for list in lists {
        let (excluded, included): (Vec<&String>, Vec<&String>) =
            list.iter().partition(|glob| glob.starts_with('!'));
        let mut narrowed = Vec::new();
        for one in &common {
            for other in &included {
                narrowed.extend(of_two(one, other)?);
            }
        }
        common = without_repetition(narrowed);
        excludes.extend(excluded.into_iter().cloned());
    }
    if !common.is_empty() {
        common.extend(without_repetition(excludes));
    }
    Some(common)
}

fn without_repetition(globs: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for glob in globs {
        if !once.contains(&glob) {
            once.push(glob);
        }
    }
    once
}

fn of_two(one: &str, other: &str) -> Option<Vec<String>> {
    if one == other || other == "*" {
        return Some(vec![one.to_owned()]);
    }
    if one == "*" {
        return Some(vec![other.to_owned()]);
    }
    for (name, glob) in [(one, other), (other, one)] {
        if !name.contains(['*', '?', '[', ']']) {
            let matches = Globs::parse(&[glob]).is_ok_and(|globs| globs.matches(name));
            return Some(if matches { vec![name.to_owned()] } else { Vec::new() });
        }
    }
    let ((one_start, one_end), (other_start, other_end)) = (around_the_star(one)?, around_the_star(other)?);
    let start = longer(one_start, other_start, |long, short| long.starts_with(short));
    let end = longer(one_end, other_end, |long, short| long.ends_with(short));
    let (Some(start), Some(end)) = (start, end) else { return Some(Vec::new()) };
    // Where the start is of one glob and the end of the other, both may lie over each other.
    let shortest = (one_start.len() + one_end.len()).max(other_start.len() + other_end.len());
    let names = (shortest..start.len() + end.len()).filter_map(|length| {
        let shared = start.len() + end.len() - length;
        let over = start.get(start.len().checked_sub(shared)?..)?;
        end.strip_prefix(over).map(|rest| format!("{start}{rest}"))
    });
    let names: Vec<String> = names.collect();
    Some(std::iter::once(format!("{start}*{end}")).chain(names).collect())
}

/// What stands before and behind the one star of a glob; `None`: there is more to it.
fn around_the_star(glob: &str) -> Option<(&str, &str)> {
    let (start, end) = glob.split_once('*')?;
    let is_plain = |part: &str| part.is_ascii() && !part.contains(['*', '?', '[', ']']);
    (is_plain(start) && is_plain(end)).then_some((start, end))
}

/// The longer of two, if it holds the shorter one.
fn longer<'t>(one: &'t str, other: &'t str, holds: impl Fn(&str, &str) -> bool) -> Option<&'t str> {
    let (long, short) = if one.len() >= other.len() { (one, other) } else { (other, one) };
    holds(long, short).then_some(long)
}

/// A part of a glob: a character of one class, or any run of characters.
enum Part {
    Run,
    /// Ranges, both ends included.
    One(Vec<(char, char)>),
}

/// Whether some text is matched by both globs, which are sound.
#[must_use]
pub fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (parts(one), parts(other));
    // Row by row: whether the rest of the one from here and the rest of the other from there have a text in common.
    let mut below: Vec<bool> = Vec::new();
    for at in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for there in (0..=other.len()).rev() {
            let skips_one = |below: &[bool]| below.get(there).copied().unwrap_or_default();
            row[there] = match (one.get(at), other.get(there)) {
                (None, None) => true,
                (Some(Part::Run), None) => skips_one(&below),
                (None, Some(Part::Run)) => row[there + 1],
                (Some(Part::Run), _) | (_, Some(Part::Run)) => skips_one(&below) || row[there + 1],
                (Some(Part::One(mine)), Some(Part::One(theirs))) => {
                    below[there + 1] && have_one_in_common(mine, theirs)
                }
                (Some(Part::One(_)), None) | (None, Some(Part::One(_))) => false,
            };
        }
        below = row;
    }
    below[0]
}

/// Whether a glob surely matches all that another does: a `*` takes whatever the other has in its place, a `?` or a
/// class does so for letters alone.
#[must_use]
pub fn covers(wide: &str, glob: &str) -> bool {
    let is_exact = !wide.contains(['?', '[']) || !glob.contains(['*', '?', '[']);
    is_exact && Globs::parse(&[wide]).is_ok_and(|globs| globs.matches(glob))
}

fn have_one_in_common(mine: &[(char, char)], theirs: &[(char, char)]) -> bool {
    mine.iter().any(|mine| theirs.iter().any(|theirs| mine.0 <= theirs.1 && theirs.0 <= mine.1))
}

fn parts(glob: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = glob.chars();
    while let Some(character) = rest.next() {
        parts.push(match character {
            '*' => Part::Run,
            '?' => Part::One(vec![('\0', char::MAX)]),
            '[' => {
                let class: Vec<char> = rest.by_ref().take_while(|c| *c != ']').collect();
                Part::One(ranges(&class))
            }
            character => Part::One(vec![(character, character)]),
        });
    }
    parts
}

fn ranges(class: &[char]) -> Vec<(char, char)> {
    match class {
        [first, '-', last, rest @ ..] => [vec![(*first, *last)], ranges(rest)].concat(),
        [one, rest @ ..] => [vec![(*one, *one)], ranges(rest)].concat(),
        [] => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(lists: &[&[&str]]) -> Vec<Vec<String>> {
        lists.iter().map(|list| list.iter().map(ToString::to_string).collect()).collect()
    }

    /// All names of up to five letters.
    fn names() -> Vec<String> {
        let mut names = vec![String::new()];
        let mut last = names.clone();
        for _ in 0..5 {
            last = last
                .iter()
                .flat_map(|name| ["a", "b", "-"].map(|letter| format!("{name}{letter}")))
                .collect();
            names.extend(last.clone());
        }
        names
    }

    #[test]
    fn the_list_matches_what_all_lists_match() {
        let names = names();
        for case in [
            &[&["a*"][..], &["*b"]][..],
            &[&["ab*"], &["*ba"]],
            &[&["aba*"], &["*aba"]],
            &[&["a*b"], &["ab*"]],
            &[&["a*", "b"], &["ab*", "!abb", "b*"]],
            &[&["*"], &["a-*", "!a-b"]],
            &[&["a*a"], &["a*a"], &["*a", "!aa"]],
            &[&["a"], &["[ab]", "?"]],
            &[&["a*"], &["b*"]],
            &[&["a"], &["b", "c*"]],
        ] {
            let all: Vec<Globs> = case.iter().map(|list| Globs::parse(list).unwrap()).collect();
            let common = intersection(&lists(case)).unwrap();
            let globs = Globs::parse(&common);
            for name in &names {
                let expected = all.iter().all(|globs| globs.matches(name));
                assert_eq!(
                    globs.as_ref().is_ok_and(|globs| globs.matches(name)),
                    expected,
                    "{case:?} {name}"
                );
            }
        }
    }

    #[test]
    fn what_globs_cannot_say_is_not_said() {
        for case in [[&["a?*"][..], &["*b"]], [&["[ab]*"], &["a*"]], [&["a*b*"], &["*c"]]] {
            assert_eq!(intersection(&lists(&case)), None, "{case:?}");
        }
    }

    #[test]
    fn two_globs_meet_where_a_name_is_matched_by_both_and_one_covers_what_it_matches_all_of() {
        assert!(covers("*b", "a*b") && covers("a*", "a?") && covers("[ab]", "b") && !covers("a?", "a*"));
        let globs =
            ["a*", "*b", "a*b", "ab", "?", "a?", "?-*", "[ab]", "[a-b]-", "*a*a*", "-*-", "a[-]b", "*"];
        let names = names();
        let matched = globs.map(|glob| {
            let matches = Globs::parse(&[glob]).unwrap();
            names.iter().map(|name| matches.matches(name)).collect::<Vec<bool>>()
        });
        for (one, of_one) in globs.iter().zip(&matched) {
            for (other, of_other) in globs.iter().zip(&matched) {
                let have_one = of_one.iter().zip(of_other).any(|(one, other)| *one && *other);
                assert_eq!(meet(one, other), have_one, "{one} {other}");
                let is_all = of_other.iter().zip(of_one).all(|(other, one)| *one || !*other);
                assert!(is_all || !covers(one, other), "{one} {other}");
            }
        }
    }
}
