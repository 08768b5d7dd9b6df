//! Globs: `*` any run of characters (also `.` and `/`), `?` one, `[a-c]` a class; the whole string
//! must match. In a list a leading `!` excludes, and excludes win wherever they stand.

use std::fmt;

use regex::Regex;

use super::ParseError;

/// Longer than any Kubernetes name, label or finalizer; what is longer is not a pattern of one.
const LONGEST: usize = 1024;

#[derive(Clone, Debug)]
struct Glob {
    source: String,
    matcher: Matcher,
}

/// Most globs are a name or a prefix: they need no automaton.
#[derive(Clone, Debug)]
enum Matcher {
    Literal,
    Prefix,
    Expression(Regex),
}

impl Glob {
    fn parse(source: &str) -> Result<Self, ParseError> {
        if source.is_empty() {
            return Err(ParseError::new("is an empty glob", "write a name, or `*` for any"));
        }
        if source.len() > LONGEST {
            return Err(ParseError::new(
                "is too long for a glob",
                format!("keep it under {LONGEST} characters"),
            ));
        }
        let matcher = match source.find(['*', '?', '[', ']']) {
            None => Matcher::Literal,
            Some(at) if source[at..] == *"*" => Matcher::Prefix,
            Some(_) => Matcher::Expression(expression(source)?),
        };
        Ok(Self { source: source.to_owned(), matcher })
    }

    fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Literal => text == self.source,
            Matcher::Prefix => text.starts_with(&self.source[..self.source.len() - 1]),
            Matcher::Expression(regex) => regex.is_match(text),
        }
    }
}

impl Glob {
    /// Whether all that another glob matches is surely matched by this one.
    fn covers(&self, other: &Self) -> bool {
        let is_all = self.source.bytes().all(|byte| byte == b'*');
        let is_name = matches!(other.matcher, Matcher::Literal);
        is_all || self.source == other.source || is_name && self.matches(&other.source)
    }
}

fn expression(source: &str) -> Result<Regex, ParseError> {
    let mut pattern = String::from("(?s)^");
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            '[' => {
                let (class, after) = rest.split_once(']').unwrap_or(("", rest));
                pattern.push_str(&character_class(class)?);
                rest = after;
            }
            ']' => return Err(broken_class()),
            c => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    pattern.push('$');
    regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build().map_err(|_| broken_class())
}

fn character_class(class: &str) -> Result<String, ParseError> {
    let characters: Vec<char> = class.chars().collect();
    let mut escaped = String::from("[");
    let mut at = 0;
    if characters.is_empty() || class.starts_with(['!', '^']) {
        return Err(broken_class());
    }
    while at < characters.len() {
        escaped.push_str(&regex::escape(&characters[at].to_string()));
        if characters.get(at + 1) == Some(&'-') && at + 2 < characters.len() {
            if characters[at] > characters[at + 2] {
                return Err(broken_class());
            }
            escaped.push('-');
            escaped.push_str(&regex::escape(&characters[at + 2].to_string()));
            at += 2;
        }
        at += 1;
    }
    escaped.push(']');
    Ok(escaped)
}

fn broken_class() -> ParseError {
    ParseError::new(
        "is not a glob: its character class is broken",
        "write a class as `[abc]` or `[a-c]`, closed and not empty",
    )
}

/// A list of globs with its excludes.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    includes: Vec<Glob>,
    excludes: Vec<Glob>,
    /// Lists that must match too.
    within: Vec<Globs>,
}

impl Globs {
    /// Parses a list; the index in the error is that of the broken entry, `None` where the list as a
    /// whole is wrong (empty, or excludes alone).
    pub fn parse<S: AsRef<str>>(sources: &[S]) -> Result<Self, (Option<usize>, ParseError)> {
        let mut globs = Self::default();
        for (index, source) in sources.iter().map(AsRef::as_ref).enumerate() {
            let (list, source) = match source.strip_prefix('!') {
                Some(excluded) => (&mut globs.excludes, excluded),
                None => (&mut globs.includes, source),
            };
            list.push(Glob::parse(source).map_err(|error| (Some(index), error))?);
        }
        if globs.includes.is_empty() {
            let problem = if sources.is_empty() { "is empty" } else { "excludes, but includes nothing" };
            let help = "name what is included; `*` includes everything";
            return Err((None, ParseError::new(problem, help)));
        }
        // `*` beside `!*` says in so many words that nothing is meant: so it is shown where a rule reaches nothing.
        let [all, none] =
            [&globs.includes, &globs.excludes].map(|list| list.iter().all(|glob| glob.source == "*"));
        let says_nothing = all && none;
        let excluded = |included: &Glob| globs.excludes.iter().any(|glob| glob.covers(included));
        if globs.includes.iter().all(excluded) && !says_nothing {
            let problem = "excludes all that it includes";
            return Err((None, ParseError::new(problem, "exclude less, or include more")));
        }
        Ok(globs)
    }

    /// Whether all that these match is surely matched by the others.
    #[must_use]
    pub fn are_within(&self, others: &Self) -> bool {
        let covered = |own: &Glob| others.includes.iter().any(|glob| glob.covers(own));
        others.excludes.is_empty() && others.within.is_empty() && self.includes.iter().all(covered)
    }

    /// The same, and of what they match only what these match too.
    #[must_use]
    pub fn confined_to(mut self, other: &Self) -> Self {
        self.within.push(other.clone());
        self
    }

    /// Whether one of the globs matches the whole text, and no exclude does.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.includes.iter().any(|glob| glob.matches(text)) && self.admits(text)
    }

    /// Whether nothing speaks against a text that is included.
    fn admits(&self, text: &str) -> bool {
        !self.excludes.iter().any(|glob| glob.matches(text))
            && self.within.iter().all(|globs| globs.matches(text))
    }

    /// The glob by which the whole text is included, if no exclude matches it.
    #[must_use]
    pub fn including(&self, text: &str) -> Option<&str> {
        let included = self.includes.iter().find(|glob| glob.matches(text))?;
        self.admits(text).then_some(&included.source)
    }

    /// What they were parsed from, excludes with their `!`, and what they are confined to.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let includes = self.includes.iter().map(|glob| glob.source.clone());
        let excludes = self.excludes.iter().map(|glob| format!("!{}", glob.source));
        let within = self.within.iter().map(|globs| format!("within {globs}"));
        includes.chain(excludes).chain(within).collect()
    }

    /// Whether the text itself stands among the globs, letter by letter, and no exclude matches it.
    #[must_use]
    pub fn spells_out(&self, text: &str) -> bool {
        self.includes.iter().any(|glob| matches!(glob.matcher, Matcher::Literal) && glob.source == text)
            && self.admits(text)
    }

    /// Whether `*` stands alone: everything is included and nothing excluded.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.excludes.is_empty()
            && self.within.is_empty()
            && self.includes.iter().any(|glob| glob.source == "*")
    }

    /// The included names, if each is spelled out without a wildcard.
    #[must_use]
    pub fn literals(&self) -> Option<Vec<&str>> {
        let literal = |glob: &Glob| matches!(glob.matcher, Matcher::Literal);
        self.includes.iter().all(literal).then(|| {
            let names = self.includes.iter().map(|glob| glob.source.as_str());
            names.filter(|name| self.admits(name)).collect()
        })
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sources().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(sources: &[&str]) -> Globs {
        Globs::parse(sources).unwrap()
    }

    #[test]
    fn the_whole_string_must_match() {
        for (glob, yes, no) in [
            ("test-*", "test-a", "latest-a"),
            ("*", "", "-"),
            ("prod", "prod", "prod-a"),
            ("a?c", "abc", "ac"),
            ("v[1-3]", "v2", "v4"),
            ("*.io/*", "kubevirt.io/a.b/c", "kubevirt.io"),
            ("a.b", "a.b", "axb"),
            ("[a-]x", "-x", "bx"),
        ] {
            assert!(globs(&[glob]).matches(yes), "{glob} {yes}");
            assert!(glob == "*" || !globs(&[glob]).matches(no), "{glob} {no}");
        }
    }

    #[test]
    fn excludes_win_wherever_they_stand() {
        for list in [["!test-x", "test-*"], ["test-*", "!test-x"]] {
            assert!(globs(&list).matches("test-a") && !globs(&list).matches("test-x"));
        }
    }

    #[test]
    fn what_is_confined_matches_only_what_both_lists_match() {
        let confined = globs(&["*", "kept"]).confined_to(&globs(&["team-a-*", "!team-a-x"]));
        for (text, matches) in [("team-a-1", true), ("team-a-x", false), ("team-b", false), ("kept", false)] {
            assert_eq!(confined.matches(text), matches, "{text}");
            assert_eq!(confined.including(text).is_some(), matches, "{text}");
        }
        assert!(!confined.is_everything() && !confined.spells_out("kept"));
        let other = globs(&["*", "kept"]).confined_to(&globs(&["team-b-*"]));
        assert_ne!(confined.sources(), other.sources());
        assert!(!confined.confined_to(&globs(&["team-b-*"])).matches("team-a-1"));
    }

    #[test]
    fn a_list_that_includes_nothing_is_an_error() {
        assert!(Globs::parse(&["!a"]).is_err());
        assert!(Globs::parse::<&str>(&[]).is_err());
    }

    #[test]
    fn a_list_that_excludes_all_that_it_includes_is_an_error() {
        for list in
            [&["!*", "a"][..], &["*", "a", "!*"], &["*", "!**"], &["a-*", "!a-*"], &["ab", "b", "!a*", "!b"]]
        {
            let (at, error) = Globs::parse(list).unwrap_err();
            assert!(at.is_none() && error.problem.contains("excludes all"), "{list:?}");
        }
        for list in [&["*", "!*"][..], &["a", "b", "!a"], &["a*", "!a"], &["*", "!a*"]] {
            assert!(Globs::parse(list).is_ok(), "{list:?}");
        }
    }

    #[test]
    fn what_is_surely_within_others_is_told() {
        for (own, others, within) in [
            (&["a"][..], &["a"][..], true),
            (&["a", "b"], &["*"], true),
            (&["a-*"], &["a-*", "b"], true),
            (&["a-*"], &["a*"], false),
            (&["a", "c"], &["a", "b"], false),
            (&["a"], &["*", "!b"], false),
        ] {
            assert_eq!(globs(own).are_within(&globs(others)), within, "{own:?} {others:?}");
        }
    }

    #[test]
    fn a_broken_class_is_an_error_at_its_entry() {
        for broken in ["[", "a[", "]", "[]", "[z-a]", "[!a]", "", "!"] {
            assert_eq!(Globs::parse(&["ok", broken]).unwrap_err().0, Some(1), "{broken}");
        }
    }

    #[test]
    fn a_glob_does_not_spell_out_a_name() {
        assert!(globs(&["orphan", "kubernetes.io/*"]).spells_out("orphan"));
        assert!(!globs(&["kubernetes.io/*"]).spells_out("kubernetes.io/pvc-protection"));
    }
}
