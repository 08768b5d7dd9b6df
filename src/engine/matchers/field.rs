//! `field`: any field of the object, by path.

use std::borrow::Cow;

use serde_json::Value;

use super::operators::{Conversion, KEYS as OPERATORS, OF_EACH, Operators};
use crate::asked::{Asked, Types};
use crate::demand::Demand;
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Implied, Matcher, Needed};
use crate::projection::Projection;
use crate::value_from::{Carried, Sourced};
use crate::values::Path;
use crate::verdict::Verdict;

const OWN: [Key; 5] = [
    Key::required("path", ValueKind::Path, "Where the field is.", "$.status.printableStatus"),
    Key::optional(
        "default",
        ValueKind::Sourced(&ValueKind::Data),
        "The value of a field that is missing.",
        "0",
    ),
    Key::asking("exists", ValueKind::Bool, "Whether the field is there and not null.", "true"),
    Key::asking("any", ValueKind::Block(OF_EACH), "At least one node satisfies these.", "{ equals: Failed }"),
    Key::asking("all", ValueKind::Block(OF_EACH), "Every node satisfies these.", "{ equals: Failed }"),
];

/// The matcher's own keys, then the operators.
const KEYS: [Key; OWN.len() + OPERATORS.len()] = {
    let mut keys = [OWN[0]; OWN.len() + OPERATORS.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = if at < OWN.len() { OWN[at] } else { OPERATORS[at - OWN.len()] };
        at += 1;
    }
    keys
};

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "field",
    summary: "The one node at a path satisfies all operators; for several nodes, `any` or `all`.",
    shape: Shape::Keys(&KEYS),
    unknown_when: "nothing is at the path (and there is no `default`, and more than `exists` is asked), several \
                   nodes are and neither `any` nor `all` is asked, the value is not of the operator's type, or a \
                   `valueFrom` cannot be read",
    examples: &[
        "field: { path: $.status.printableStatus, equals: ErrorUnschedulable }",
        "field: { path: $.status.readyReplicas, default: 0, lt: { valueFrom: $.spec.replicas } }",
        "field: { path: \"$.spec.containers[*].resources.requests.cpu\", any: { gt: 500m, as: quantity } }",
    ],
    kinds: &[],
    build: |mut arguments| {
        let Some(path) = arguments.path("path") else {
            let help = "write `path: $.status.phase`";
            return Err(Fault::new(FaultKind::MissingKey, "`field` has no `path`", help));
        };
        let default = arguments.sourced_data("default");
        // It is asked of the path, before the operators are asked of a node.
        let exists = arguments.boolean("exists");
        let blocks = [("any", arguments.block("any")), ("all", arguments.block("all"))];
        let conversion = Conversion::take(&mut arguments);
        let one = Operators::build(&mut arguments, &conversion)?;
        let mut built = Vec::new();
        for (key, block) in blocks {
            let Some(mut block) = block else { continue };
            let operators = Operators::build(&mut block, &conversion).map_err(|fault| fault.under(key))?;
            if operators.is_empty() {
                let message = format!("`{key}` asks nothing of the nodes");
                return Err(Fault::new(FaultKind::MissingKey, message, "write `equals: Failed`").under(key));
            }
            built.push((key, operators));
        }
        let field = Field { path, default, exists, one, several: built };
        field.check()?;
        Ok(Box::new(field))
    },
};

#[derive(Debug)]
struct Field {
    path: Path,
    default: Option<Sourced<Value>>,
    exists: Option<bool>,
    one: Operators,
    /// `any` and `all`, each with what it asks.
    several: Vec<(&'static str, Operators)>,
}

impl Field {
    fn asks_value(&self) -> bool {
        !self.one.is_empty() || !self.several.is_empty()
    }

    fn check(&self) -> Result<(), Fault> {
        let asks_value = self.asks_value();
        if !asks_value && self.exists.is_none() {
            let help = "write an operator, such as `equals: Failed` or `exists: true`";
            return Err(Fault::new(FaultKind::MissingKey, "`field` asks nothing of its path", help));
        }
        if asks_value && self.exists == Some(false) {
            let message = "`field` can never be true: it is not there, and has a value";
            return Err(
                Fault::new(FaultKind::NeverTrue, message, "leave `exists: false` out").under("exists")
            );
        }
        Ok(())
    }

    /// The operands that the object carries, each with the keys that lead to it and what it may be.
    fn carried(&self) -> Vec<Carried<'_>> {
        let of_several = self.several.iter().flat_map(|(quantifier, operators)| {
            operators.carried().into_iter().map(|(mut at, from, readable)| {
                at.insert(0, (*quantifier).to_owned());
                (at, from, readable)
            })
        });
        let default = self.default.as_ref().and_then(Sourced::from);
        let default = default.map(|from| (vec!["default".to_owned()], from, Types::ANY));
        self.one.carried().into_iter().chain(of_several).chain(default).collect()
    }

    /// The nodes that are there: null is missing.
    fn nodes<'a>(&self, context: &Context<'a>) -> Vec<&'a Value> {
        let nodes = self.path.nodes(context.object.object());
        // A null among several nodes of `any` or `all` is a node whose value cannot be read.
        if nodes.iter().all(|node| node.is_null()) { Vec::new() } else { nodes }
    }
}

impl Matcher for Field {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let mut nodes = self.nodes(context);
        let exists = self.exists.map(|exists| Verdict::fixed(exists != nodes.is_empty()));
        if nodes.is_empty() {
            nodes.extend(self.default.as_ref().and_then(|default| match default {
                Sourced::Literal(value) => Some(value),
                Sourced::From(from) => from.node(context.object.object()),
            }));
        }
        if nodes.is_empty() && self.asks_value() {
            // Not false, even beside `exists: true`: `not` of it must not become true by absence.
            return Verdict::unknown();
        }
        let one = (!self.one.is_empty()).then(|| match nodes.as_slice() {
            [node] => self.one.judge(node, context),
            _ => Verdict::unknown(),
        });
        let several = self.several.iter().map(|(quantifier, operators)| {
            let verdicts = nodes.iter().map(|node| operators.judge(node, context));
            match *quantifier {
                "any" => Verdict::any(verdicts),
                _ => Verdict::all(verdicts),
            }
        });
        Verdict::all(exists.into_iter().chain(one).chain(several))
    }

    fn needs(&self) -> Option<Needed<'_>> {
        if self.default.is_some() || self.path.as_plain().is_none() {
            return None;
        }
        let all = std::iter::once(&self.one).chain(self.several.iter().map(|(_, operators)| operators));
        let texts = all.into_iter().find_map(Operators::needed_texts)?;
        Some(Needed { paths: vec![self.path.clone()], texts })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        if self.path.as_plain().is_none() {
            return Vec::new();
        }
        let of = || format!("`{}`", self.path);
        let exists = self.exists.filter(|_| !self.asks_value());
        let presence = exists.map(|exists| Demand::presence(of(), exists));
        let texts = if self.default.is_some() { None } else { self.one.needed_texts() };
        presence.into_iter().chain(texts.map(|texts| Demand::one_of(of(), texts))).collect()
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read(&self.path);
        self.carried().iter().for_each(|(_, from, _)| projection.read(from.path()));
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        let of_one = self.one.expectations();
        let of_several = self.several.iter().flat_map(|(quantifier, operators)| {
            operators.expectations().into_iter().map(|expectation| expectation.under(quantifier))
        });
        let own = Asked {
            paths: std::slice::from_ref(&self.path),
            needed: self.asks_value() && self.default.is_none(),
            expectations: of_one.into_iter().chain(of_several).collect(),
        };
        let carried = self.carried().into_iter().map(|(at, from, readable)| from.asked(at, readable));
        std::iter::once(own).chain(carried).collect()
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let nodes = self.nodes(context);
        let shown = |node: &Value| match node.as_str() {
            Some(text) => Cow::Owned(shortened(text)),
            None => Cow::Owned(shortened(&node.to_string())),
        };
        let told = |path: &Path, nodes: &[&Value]| match nodes {
            [] => format!("{path} is missing"),
            nodes => {
                format!("{path} is {}", nodes.iter().map(|node| shown(node)).collect::<Vec<_>>().join(", "))
            }
        };
        let object = context.object.object();
        let carried = self.carried();
        let carried = carried.iter().map(|(_, from, _)| told(from.path(), &from.path().nodes(object)));
        std::iter::once(told(&self.path, &nodes)).chain(carried).collect::<Vec<_>>().join(", ")
    }

    fn implies(&self) -> Implied {
        Implied { patient: self.one.is_patient(), ..Implied::default() }
    }
}

/// A value may be a page long; a line of the log is not.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
