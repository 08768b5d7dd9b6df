//! The lines that differ, with a few around them.

use std::fmt::Write;

/// Unchanged lines shown before and after a change.
const AROUND: usize = 4;

/// `-` is recorded and was not seen, `+` was seen and is not recorded.
pub(crate) fn difference(recorded: &str, seen: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (recorded.lines().collect(), seen.lines().collect());
    let marked = marked(&old, &new);
    let mut text = String::new();
    let mut skipped = true;
    for (at, (mark, line)) in marked.iter().enumerate() {
        let from = at.saturating_sub(AROUND);
        let to = (at + AROUND + 1).min(marked.len());
        if marked[from..to].iter().any(|(mark, _)| *mark != ' ') {
            writeln!(text, "{mark} {line}").unwrap();
            skipped = false;
        } else if !skipped {
            text.push_str("  …\n");
            skipped = true;
        }
    }
    text
}

/// Every line of both, by their longest common subsequence.
fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // lengths[i][j]: of what is common to old[i..] and new[j..].
    let mut lengths = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i][j] = if old[i] == new[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut marked = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            marked.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            marked.push(('-', old[i]));
            i += 1;
        } else {
            marked.push(('+', new[j]));
            j += 1;
        }
    }
    marked
}

#[test]
fn a_difference_shows_the_lines_around_it_alone() {
    let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n";
    let new = old.replace("7\n", "seven\n");
    assert_eq!(difference(old, &new), "  3\n  4\n  5\n  6\n- 7\n+ seven\n  8\n  9\n  10\n  11\n  …\n");
    assert_eq!(difference(old, old), "");
}
