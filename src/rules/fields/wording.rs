//! The words for paths that lead nowhere: what is there instead, and what was most likely meant.

use k8s_healer_engine::asked::Types;
use k8s_healer_engine::values::Path;

use super::Schemas;
use super::walk::{self, Miss};
use crate::rules::diagnostic::{one_of, quoted};
use crate::rules::suggest;
use crate::rules::uses::ExpectationUse;

/// More fields than these are not named one by one.
const MOST_NAMED: usize = 12;

/// `a`, `b` and `c`.
fn all_of(words: &[&str]) -> String {
    one_of(words.iter().copied()).replace(" or ", " and ")
}

impl Schemas {
    /// A segment that leads nowhere on these kinds, and leads on on others: what is wrong, and what to write.
    pub(super) fn tell_miss(
        &self,
        path: &Path,
        miss: &Miss,
        kinds: &[&str],
        others: &[&str],
    ) -> (String, String) {
        let source = path.source();
        let (parent, whole) = (&source[..miss.span.start], quoted(&source[..miss.span.end]));
        let of = all_of(kinds);
        let but =
            if others.is_empty() { String::new() } else { format!("; it is one of {}", all_of(others)) };
        match &miss.name {
            Some(name) if miss.types.meets(Types::OBJECT) => {
                let shown = if miss.inside { format!("{} in {whole}", quoted(name)) } else { whole };
                (
                    format!("{shown} is no field of {of}{but}"),
                    self.meant(name, miss, kinds, &source[..miss.span.end]),
                )
            }
            Some(name) => {
                let message = format!(
                    "{} of {of} is {}, and has no field {}{but}",
                    quoted(parent),
                    miss.types,
                    quoted(name)
                );
                let help = if miss.types == Types::LIST {
                    format!("write {} for its elements, with `any` or `all`", quoted(&format!("{parent}[*]")))
                } else {
                    "leave out what follows it".to_owned()
                };
                (message, help)
            }
            None => {
                let message = format!("{} of {of} is {}, not a list{but}", quoted(parent), miss.types);
                (message, "write the name of a field".to_owned())
            }
        }
    }

    /// The field that is meant: a sibling of a similar name, else one of the same name in another part.
    fn meant(&self, name: &str, miss: &Miss, kinds: &[&str], written: &str) -> String {
        let known: Vec<&str> = miss.known.iter().map(AsRef::as_ref).collect();
        if let Some(nearest) = suggest::nearest(name, known.iter().copied()) {
            return format!("did you mean `{nearest}`?");
        }
        let elsewhere = kinds.first().and_then(|kind| self.elsewhere(name, kind));
        // Another version of the kind may have the very same path.
        if let Some(path) = elsewhere.map(|parent| format!("{parent}.{name}")).filter(|path| path != written)
        {
            return format!("did you mean {}?", quoted(&path));
        }
        match known.len() {
            0 => "it has no fields".to_owned(),
            1..=MOST_NAMED => format!("it has {}", all_of(&known)),
            many => format!("it has {many} other fields"),
        }
    }

    fn elsewhere(&self, name: &str, kind: &str) -> Option<&'static str> {
        let of_kind = self.kinds.iter().filter(|known| known.resource() == kind);
        let roots: Vec<_> = of_kind.map(|known| known.root).collect();
        let has = |form| self.tree.get(form).is_some_and(|form| form.members.contains_key(name));
        ["$.status", "$.spec", "$.metadata", "$"]
            .into_iter()
            .find(|parent| walk::end(&self.tree, &roots, parent).into_iter().any(has))
    }
}

/// What is at the end of a path is of a type that an operator cannot read.
pub(super) fn tell_unreadable(
    path: &Path,
    kind: &str,
    expectation: &ExpectationUse,
    types: Types,
) -> (String, String) {
    let ExpectationUse { key, readable, .. } = expectation;
    let path = path.source();
    let message =
        format!("{} of `{kind}` is {types}, and `{key}` reads {readable}: it is never true", quoted(path));
    let help = if types == Types::LIST {
        format!("write {}, with `any` or `all`", quoted(&format!("{path}[*]")))
    } else if *readable == Types::STRING && !types.meets(Types::LIST | Types::OBJECT) {
        "take the quotes off, or write `as: string`".to_owned()
    } else {
        format!("write the path to {readable}")
    };
    (message, help)
}
