//! A difference as people read it, in the log and in the status: a line for each rule, and none so long, or
//! so many, that nobody reads them.

use std::fmt;

use super::{Changed, Difference, GuardrailsDifference, ValueChange};

/// More lines are counted.
const MOST_LINES: usize = 50;
/// More values of one rule are counted.
const MOST_VALUES: usize = 10;
/// Characters of a value.
const LONGEST: usize = 60;
/// Characters that are shown before the first one that differs.
const CONTEXT: usize = 20;

impl Difference {
    /// A line for each rule that was added, removed or changed, in this order, and for what is left over.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let added = self.added.iter().map(|rule| format!("+ {rule}"));
        let removed = self.removed.iter().map(|rule| format!("- {rule}"));
        let changed = self.changed.iter().map(ToString::to_string);
        let all = self.added.len() + self.removed.len() + self.changed.len();
        let mut lines: Vec<String> = added.chain(removed).chain(changed).take(MOST_LINES).collect();
        // What holds rules back is never left over.
        let guardrails = self.guardrails.lines();
        let shown = lines.len();
        lines.extend(guardrails);
        if all > shown {
            lines.push(format!("and {} more", all - shown));
        }
        if self.reordered {
            lines.push("the rules stand in another order".to_owned());
        }
        lines
    }
}

/// `1 added, 2 removed, 1 changed, 996 unchanged`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts =
            [(self.added.len(), "added"), (self.removed.len(), "removed"), (self.changed.len(), "changed")];
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{count} {word}, ")?;
        }
        let GuardrailsDifference { added, removed, changed } = &self.guardrails;
        match added.len() + removed.len() + changed.len() {
            0 => write!(f, "{} unchanged", self.unchanged),
            others => write!(f, "{} unchanged, guardrails: {others} other", self.unchanged),
        }
    }
}

impl GuardrailsDifference {
    fn lines(&self) -> Vec<String> {
        let added = self.added.iter().map(|name| format!("+ guardrails {name}"));
        let removed = self.removed.iter().map(|name| format!("- guardrails {name}"));
        let changed =
            self.changed.iter().map(|(name, values)| format!("~ guardrails {name}: {}", told(values)));
        added.chain(removed).chain(changed).collect()
    }
}

fn told(values: &[ValueChange]) -> String {
    let shown: Vec<String> = values.iter().take(MOST_VALUES).map(ToString::to_string).collect();
    let more = match values.len().saturating_sub(MOST_VALUES) {
        0 => String::new(),
        more => format!("; and {more} more values"),
    };
    format!("{}{more}", shown.join("; "))
}

/// `~ my-tests/vm-stale: match[0].age.over 6m → 10m; - unless[0].phase Running`.
impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "~ {}: {}", self.rule, told(&self.values))
    }
}

impl fmt::Display for ValueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shortened(&self.path, 0);
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                let same = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
                let is_long = before.chars().count().max(after.chars().count()) > LONGEST;
                let skipped = if is_long { same.saturating_sub(CONTEXT) } else { 0 };
                write!(f, "{path} {} → {}", shortened(before, skipped), shortened(after, skipped))
            }
            (Some(before), None) => write!(f, "- {path} {}", shortened(before, 0)),
            (None, Some(after)) => write!(f, "+ {path} {}", shortened(after, 0)),
            (None, None) => write!(f, "{path}"),
        }
    }
}

fn shortened(text: &str, skipped: usize) -> String {
    let begin = if skipped > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(skipped);
    let shown: String = rest.by_ref().take(LONGEST).collect();
    let end = if rest.next().is_some() { "…" } else { "" };
    format!("{begin}{shown}{end}")
}
