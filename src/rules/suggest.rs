//! Did you mean …? The nearest of the words that may stand somewhere.

use k8s_healer_engine::descriptor::Shape;

/// Longer than any word of the language: what is longer is no typing mistake, and costs time to compare.
const LONGEST: usize = 64;

/// Words that people bring from elsewhere, and the language's own.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("kind", &["watch"]),
    ("kinds", &["watch"]),
    ("resource", &["watch"]),
    ("resources", &["watch"]),
    ("when", &["match"]),
    ("if", &["match"]),
    ("where", &["match"]),
    ("conditions", &["match", "condition"]),
    ("matches", &["match"]),
    ("disable", &["enabled"]),
    ("disabled", &["enabled"]),
    ("except", &["unless"]),
    ("exclude", &["unless"]),
    ("action", &["actions"]),
    ("then", &["actions"]),
    ("do", &["actions"]),
    ("steps", &["actions"]),
    ("duration", &["for"]),
    ("namespace", &["namespaces"]),
    ("ns", &["namespaces"]),
    ("params", &["parameters"]),
    ("vars", &["parameters"]),
    ("variables", &["parameters"]),
    ("dryrun", &["dry-run"]),
    ("warn", &["observe"]),
    ("remove", &["delete"]),
    ("kill", &["delete"]),
    ("finalizer", &["finalizers"]),
    ("label", &["labels"]),
    ("annotation", &["annotations"]),
    ("deleting", &["terminating"]),
    ("ownerreferences", &["owner"]),
    ("status", &["phase", "condition"]),
    ("state", &["phase", "waiting"]),
    ("and", &["all"]),
    ("or", &["any"]),
    ("none", &["not"]),
    ("olderthan", &["over", "age"]),
    ("youngerthan", &["under", "age"]),
    ("gt", &["over"]),
    ("min", &["over", "atLeast"]),
    ("max", &["under", "below"]),
    ("value", &["equals"]),
    ("eq", &["equals"]),
    ("ne", &["notEquals"]),
    ("regex", &["matches"]),
    ("regexp", &["matches"]),
    ("jsonpath", &["path"]),
    ("restartcount", &["restarts"]),
    ("reasons", &["waiting", "reason"]),
    ("graceperiodseconds", &["gracePeriod"]),
    ("propagationpolicy", &["propagation"]),
    ("text", &["message"]),
];

/// The candidate that the word most likely stands for, if any is near.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let plain = flattened(word);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(same) = candidates.iter().find(|candidate| flattened(candidate) == plain) {
        return Some(same);
    }
    let synonyms = SYNONYMS.iter().find(|(name, _)| *name == plain).map_or(&[][..], |(_, words)| words);
    if let Some(synonym) = candidates.iter().find(|candidate| synonyms.contains(candidate)) {
        return Some(synonym);
    }
    let distance = |candidate: &str| strsim::damerau_levenshtein(&plain, &flattened(candidate));
    let (nearest, distance) = candidates
        .into_iter()
        .map(|candidate| (candidate, distance(candidate)))
        .min_by_key(|(_, distance)| *distance)?;
    // A third of the letters may differ: `podz` is near to `pods`, `job` is not near to `pods`.
    (distance <= plain.chars().count().max(3) / 3).then_some(nearest)
}

/// ``did you mean `age`?`` where a candidate is near, else the words that may stand there.
pub(crate) fn help(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("expected {}", super::diagnostic::one_of(candidates.iter().copied())),
    }
}

/// The same; of a word that is near to none, and a key of just one or two of what may stand there, how it is written
/// as that.
pub(super) fn help_of_key<'c>(
    word: &str,
    candidates: &[&str],
    keys: impl Iterator<Item = (&'c str, Shape)>,
) -> String {
    if nearest(word, candidates.iter().copied()).is_some() {
        return help(word, candidates);
    }
    let has_it = |(_, shape): &(&str, Shape)| match shape {
        Shape::Keys(keys) | Shape::ValueOrKeys(_, keys) => keys.iter().any(|key| key.name == word),
        Shape::Value(_) => false,
    };
    let owners: Vec<&str> = keys.filter(has_it).map(|(name, _)| name).collect();
    let written = |owner: &str| format!("`{owner}: {{ {word}: … }}`");
    match owners.as_slice() {
        [one] => format!("`{word}` is a key of `{one}`: write {}", written(one)),
        [one, other] => format!(
            "`{word}` is a key of `{one}` and of `{other}`: write {} or {}",
            written(one),
            written(other)
        ),
        _ => help(word, candidates),
    }
}

fn flattened(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_across_spellings_typing_mistakes_and_synonyms() {
        let words = ["gracePeriod", "stripFinalizers", "watch", "actions", "namespaces", "for", "age"];
        for (typed, meant) in [
            ("grace_period", "gracePeriod"),
            ("strip-finalizers", "stripFinalizers"),
            ("STRIPFINALIZERS", "stripFinalizers"),
            ("stripFinalisers", "stripFinalizers"),
            ("wathc", "watch"),
            ("resource", "watch"),
            ("namespace", "namespaces"),
            ("agee", "age"),
        ] {
            assert_eq!(nearest(typed, words), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_key_of_one_or_two_that_may_stand_there_is_told_to_be_one() {
        use k8s_healer_engine::descriptor::{Key, ValueKind};
        const KEYS: &[Key] = &[Key::optional("inner", ValueKind::Text, "", "")];
        let help = |owners: &[&'static str]| {
            help_of_key("inner", &["one"], owners.iter().map(|name| (*name, Shape::Keys(KEYS))))
        };
        assert_eq!(help(&["one"]), "`inner` is a key of `one`: write `one: { inner: … }`");
        let two = "`inner` is a key of `one` and of `two`: write `one: { inner: … }` or `two: { inner: … }`";
        assert_eq!(help(&["one", "two"]), two);
        assert_eq!(help(&["one", "two", "three"]), "expected `one`");
        assert_eq!(help(&[]), "expected `one`");
        let near = help_of_key("inner", &["iner"], [("one", Shape::Keys(KEYS))].into_iter());
        assert_eq!(near, "did you mean `iner`?");
    }

    #[test]
    fn a_word_that_is_near_to_none_suggests_none() {
        for typed in ["", "completely", "x", &"a".repeat(1 << 20)] {
            assert_eq!(nearest(typed, ["watch", "match", "age"]), None);
        }
    }
}
