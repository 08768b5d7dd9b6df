//! What a rule says, as a flat list of paths and values: parameters, settings and defaults written out, the
//! language's own defaults too, and nothing of how the file is laid out. Two rules that are written alike
//! here are the same rule; this text is kept for each rule that runs, so that the next one can be held
//! against it.

use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::{Globs, format_duration};

use crate::rules::breaker::OFF;
use crate::rules::lowering::Fields;
use crate::rules::node::{Data, Entry, Form, Node, Scalar};
use crate::rules::rule::{COOLDOWN, RULE_KEYS};
use crate::rules::scope::inherits;
use crate::rules::texts::Confinement;

/// Keys where one text may stand for a list of one.
const TEXT_OR_LIST: &[&str] = &["watch", "namespaces"];

/// What a rule says.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its place among all rules of the set.
    pub(super) position: usize,
    /// A line for each value: its path, a tab, the value. Neither holds a tab or the end of a line.
    text: Box<str>,
}

impl Written {
    /// A sound rule, its parameters resolved, with the defaults of its pack, and what the pack is confined to.
    pub(in crate::rules) fn of(rule: &Node, defaults: Option<Fields<'_>>, within: &Confinement) -> Self {
        let mut writer = Writer::default();
        for key in RULE_KEYS.iter().filter(|key| **key != "name") {
            let default = || defaults.filter(|_| inherits(rule, key)).and_then(|defaults| defaults.get(key));
            match rule.get(key).or_else(default) {
                Some(Entry { value, .. }) if TEXT_OR_LIST.contains(key) && value.scalar().is_some() => {
                    writer.list(key, std::slice::from_ref(value));
                }
                Some(Entry { value, .. }) => writer.node(key, value),
                None => writer.unsaid(key),
            }
        }
        // Each of them narrows where the rule looks.
        let mut within: Vec<String> = within.iter().map(ToString::to_string).collect();
        within.sort_unstable();
        within.iter().for_each(|globs| writer.leaf("within", globs));
        Self { position: 0, text: writer.text.into() }
    }

    /// A sound document of guardrails, and what it is confined to.
    pub(in crate::rules) fn of_guardrails(document: &Node, within: Option<&Globs>) -> Self {
        let mut writer = Writer::default();
        for part in ["protect", "unprotect"] {
            let entries = document.get(part).and_then(|entry| entry.value.entries()).unwrap_or_default();
            let mut entries: Vec<&Entry> = entries.iter().collect();
            entries.sort_by(|a, b| a.key.text.cmp(&b.key.text));
            for Entry { key, value } in entries {
                let path = format!("{part}.{}", key.text);
                match value.scalar() {
                    Some(_) if key.text != "priorityAtLeast" => {
                        writer.list(&path, std::slice::from_ref(value));
                    }
                    _ => writer.node(&path, value),
                }
            }
        }
        if let Some(within) = within {
            writer.leaf("within", &within.to_string());
        }
        Self { position: 0, text: writer.text.into() }
    }

    /// All values of a mapping: `matchLabels.tier gold`.
    pub(in crate::rules) fn in_one_line(node: &Node) -> String {
        let mut writer = Writer::default();
        writer.node("", node);
        let lines = writer.text.lines().map(|line| line.trim_start_matches('.').replace('\t', " "));
        lines.collect::<Vec<_>>().join(" and ")
    }

    /// The same as the rule at this place of its set.
    #[must_use]
    pub(in crate::rules) fn at(self, position: usize) -> Self {
        Self { position, ..self }
    }

    /// Whether they say the same, wherever they stand.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Each path with its value, as in `match[0].age.over` and `6m`.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.lines().filter_map(|line| line.split_once('\t'))
    }
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn leaf(&mut self, path: &str, value: &str) {
        self.text.extend([path, "\t", value, "\n"]);
    }

    /// What the language says where nobody does.
    fn unsaid(&mut self, key: &str) {
        match key {
            "for" => self.leaf(key, "0s"),
            "cooldown" => self.leaf(key, &format_duration(COOLDOWN)),
            "mode" => self.leaf(key, &Mode::Enforce.to_string()),
            "breaker" => self.leaf(key, OFF),
            _ => {}
        }
    }

    fn node(&mut self, path: &str, node: &Node) {
        match &node.data {
            Data::Scalar(scalar) => self.leaf(path, &shown(scalar, false)),
            Data::List(items) => self.list(path, items),
            Data::Map(entries) => self.map(path, entries, false),
            Data::Broken => self.leaf(path, "!"),
        }
    }

    /// Texts and numbers on one line, anything else item by item.
    fn list(&mut self, path: &str, items: &[Node]) {
        let scalars: Option<Vec<String>> =
            items.iter().map(|item| item.scalar().map(|scalar| shown(scalar, true))).collect();
        if let Some(scalars) = scalars {
            return self.leaf(path, &format!("[{}]", scalars.join(", ")));
        }
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match &item.data {
                Data::Map(entries) => self.map(&path, entries, true),
                _ => self.node(&path, item),
            }
        }
    }

    /// In the order of their names: the order in which they are written means nothing. An entry of a list
    /// names a matcher or an action, of which `delete:` is `delete: {}`.
    fn map(&mut self, path: &str, entries: &[Entry], names_something: bool) {
        if entries.is_empty() {
            self.leaf(path, "{}");
        }
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_by(|a, b| a.key.text.cmp(&b.key.text));
        for entry in entries {
            let path = below(path, &entry.key.text);
            if names_something && entry.value.is_null() {
                self.leaf(&path, "{}");
            } else {
                self.node(&path, &entry.value);
            }
        }
    }
}

/// `match[0].age`, `match[0].labels.matchLabels["app.kubernetes.io/name"]`.
pub(in crate::rules) fn below(path: &str, key: &str) -> String {
    let is_word =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_word { format!("{path}.{key}") } else { format!("{path}[{key:?}]") }
}

/// As short as it can be while no two values look alike: in quotes where the text alone could be taken for
/// another type, for a list, or for two items of one, and where it would not be seen.
pub(in crate::rules) fn shown(scalar: &Scalar, in_list: bool) -> String {
    let text = scalar.text.as_str();
    match scalar.form() {
        Form::Null => return "null".to_owned(),
        Form::Bool(value) => return value.to_string(),
        Form::Number(_) | Form::Unclear => return text.to_owned(),
        Form::Text => {}
    }
    let as_plain = Scalar { text: text.to_owned(), plain: true };
    let is_seen = |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().count() == 1;
    let bare = as_plain.form() == Form::Text
        && !text.starts_with(['[', '{', '"'])
        && text.trim() == text
        && text.chars().all(is_seen)
        && !(in_list && text.contains(','));
    if bare { text.to_owned() } else { format!("{text:?}") }
}
