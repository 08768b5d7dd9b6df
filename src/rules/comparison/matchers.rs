//! A matcher of a rule as it is written, for people who are told what it made of an object.

use super::Written;

impl Written {
    /// What stands in `match` or `unless` at this place, in one line: `age: { over: 6m }`. The first number is
    /// the place in the list, each further one that in the list of the matcher around it.
    #[must_use]
    pub fn matcher(&self, list: &str, path: &[usize]) -> String {
        let Some((first, rest)) = path.split_first() else { return list.to_owned() };
        let mut at = format!("{list}[{first}]");
        for index in rest {
            let Some(name) = self.name_at(&at) else { return at };
            let item = format!("{at}.{name}[{index}]");
            // `not` holds one matcher, and no list.
            at = if self.below(&item).next().is_some() { item } else { format!("{at}.{name}") };
        }
        flow(&self.below(&at).collect::<Vec<_>>())
    }

    /// The word behind a path: the name of the matcher that stands there.
    fn name_at(&self, path: &str) -> Option<&str> {
        let (first, _) = self.below(path).next()?;
        let word = first.strip_prefix('.')?;
        word.split(['.', '[']).next()
    }

    /// What stands below a path, without the path.
    fn below<'w>(&'w self, path: &str) -> impl Iterator<Item = (&'w str, &'w str)> {
        let inside = |rest: &&str| rest.starts_with(['.', '[']);
        self.values()
            .filter_map(move |(key, value)| Some((key.strip_prefix(path).filter(inside)?, value)))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// Paths and values as YAML in one line, without the braces around it.
fn flow(values: &[(&str, &str)]) -> String {
    let mut members: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for (path, value) in values {
        let (step, rest) = first_step(path);
        match members.last_mut().filter(|(name, _)| *name == step) {
            Some((_, below)) => below.push((rest, value)),
            None => members.push((step, vec![(rest, value)])),
        }
    }
    let is_list = members.iter().all(|(name, _)| name.starts_with('[') && !name.starts_with("[\""));
    let shown = members.into_iter().map(|(name, below)| {
        let name = name.strip_prefix("[\"").and_then(|name| name.strip_suffix("\"]")).unwrap_or(name);
        match below.as_slice() {
            [("", value)] if is_list => (*value).to_owned(),
            [("", value)] => format!("{name}: {value}"),
            below if is_list => format!("{{ {} }}", flow(below)),
            [(rest, _), ..] if rest.starts_with('[') && !rest.starts_with("[\"") => {
                format!("{name}: [{}]", flow(&below))
            }
            below => format!("{name}: {{ {} }}", flow(below)),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// `.age.over` → `age` and `.over`; `["a.b"].c` → `["a.b"]` and `.c`; `[0].age` → `[0]` and `.age`.
fn first_step(path: &str) -> (&str, &str) {
    if path.starts_with("[\"") {
        let end = path.find("\"]").map_or(path.len(), |end| end + 2);
        return path.split_at(end);
    }
    if path.starts_with('[') {
        let end = path.find(']').map_or(path.len(), |end| end + 1);
        return path.split_at(end);
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    path.split_at(end)
}

#[cfg(test)]
mod tests {
    use crate::rules::{Input, LoadOptions, load};

    #[test]
    fn a_matcher_is_shown_as_it_is_written_with_its_parameters() {
        let text = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nparameters: { old: 6m }\n\
            rules:\n- name: a\n  watch: vm\n  namespaces: t-*\n  actions: [ delete: {} ]\n  match:\n  \
            - age: { over: \"${old}\" }\n  \
            - any: [ { phase: [Failed, Succeeded] }, { not: { labels: { matchLabels: { a.b/c: d } } } } ]\n  \
            - labels: { matchExpressions: [ { key: a, operator: In, values: [b] }, { key: c, operator: Exists } ] }\n";
        let loaded =
            load(&[Input::Text { name: "a".to_owned(), bytes: text.into() }], &LoadOptions::default());
        let written = loaded.written.values().next().unwrap();
        for (path, shown) in [
            (&[0][..], "age: { over: 6m }"),
            (
                &[1],
                "any: [{ phase: [Failed, Succeeded] }, { not: { labels: { matchLabels: { a.b/c: d } } } }]",
            ),
            (&[1, 0], "phase: [Failed, Succeeded]"),
            (&[1, 1], "not: { labels: { matchLabels: { a.b/c: d } } }"),
            (&[1, 1, 0], "labels: { matchLabels: { a.b/c: d } }"),
            (
                &[2],
                "labels: { matchExpressions: [{ key: a, operator: In, values: [b] }, { key: c, operator: Exists }] }",
            ),
        ] {
            assert_eq!(written.matcher("match", path), shown);
        }
    }
}
