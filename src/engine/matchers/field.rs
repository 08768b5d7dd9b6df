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
mod tests {
    use crate::descriptor::FaultKind;
    use crate::testing::{at, matcher, verdict};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn truth(rule: Value, object: &Value) -> Truth {
        verdict("field", rule, object, "01:00:00").truth
    }

    #[test]
    fn operators_on_one_node() {
        let object = json!({"t": "Failed", "n": 5, "b": true, "q": "500m", "d": "5m", "l": [1, 2], "e": [],
            "time": "2026-01-01T00:30:00Z", "digits": "12", "z": null});
        let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
        for (rule, expected) in [
            (json!({"path": "$.t", "equals": "Failed"}), yes),
            (json!({"path": "$.t", "notEquals": "Failed"}), no),
            (json!({"path": "$.t", "equals": 5}), unknown),
            (json!({"path": "$.t", "notEquals": 5}), unknown),
            (json!({"path": "$.n", "equals": "5"}), unknown),
            (json!({"path": "$.n", "equals": 5.0}), yes),
            (json!({"path": "$.b", "equals": true}), yes),
            (json!({"path": "$.t", "in": ["Failed", "Error"]}), yes),
            (json!({"path": "$.t", "in": ["Error", 3]}), no),
            (json!({"path": "$.t", "notIn": ["Error"]}), yes),
            (json!({"path": "$.n", "in": ["a"]}), unknown),
            (json!({"path": "$.none", "notIn": ["a"]}), unknown),
            (json!({"path": "$.t", "matches": "Fail"}), no),
            (json!({"path": "$.t", "matches": "Fail.*"}), yes),
            (json!({"path": "$.t", "glob": "F*"}), yes),
            (json!({"path": "$.n", "glob": "*"}), unknown),
            (json!({"path": "$.n", "gt": 4, "lte": 5}), yes),
            (json!({"path": "$.n", "gt": 5}), no),
            (json!({"path": "$.digits", "gt": 4}), unknown),
            (json!({"path": "$.digits", "gt": 4, "as": "number"}), yes),
            (json!({"path": "$.q", "gte": "0.5", "as": "quantity"}), yes),
            (json!({"path": "$.n", "gt": "4500m", "as": "quantity"}), yes),
            (json!({"path": "$.d", "gt": "299s", "as": "duration"}), yes),
            (json!({"path": "$.q", "equals": "0.5", "as": "quantity"}), yes),
            (json!({"path": "$.q", "equals": "0.5"}), no),
            (json!({"path": "$.time", "before": "2026-01-01T01:00:00Z"}), yes),
            (json!({"path": "$.time", "after": "2026-01-01T01:00:00Z"}), no),
            (json!({"path": "$.t", "olderThan": "1m"}), unknown),
            (json!({"path": "$.l", "size": "== 2"}), yes),
            (json!({"path": "$.e", "size": "== 0"}), yes),
            (json!({"path": "$.t", "size": "> 0"}), unknown),
            (json!({"path": "$.z", "exists": true}), no),
            (json!({"path": "$.z", "exists": false}), yes),
            (json!({"path": "$.none", "exists": false}), yes),
            (json!({"path": "$.none", "equals": "a"}), unknown),
            (json!({"path": "$.none", "exists": true, "equals": "a"}), unknown),
            (json!({"path": "$.none", "exists": true, "default": "a", "equals": "a"}), no),
            (json!({"path": "$.n", "glob": "5", "as": "string"}), yes),
            (json!({"path": "$.b", "matches": "t.*", "as": "string"}), yes),
            (json!({"path": "$.l", "glob": "*", "as": "string"}), unknown),
            (json!({"path": "$.none", "default": 0, "equals": 0}), yes),
            (json!({"path": "$.none", "default": [], "size": "== 0"}), yes),
            (json!({"path": "$.n", "default": 0, "equals": 0}), no),
        ] {
            assert_eq!(truth(rule.clone(), &object), expected, "{rule}");
        }
    }

    #[test]
    fn several_nodes_need_any_or_all() {
        let object = json!({"l": [{"n": 1}, {"n": 3}, {"m": 1}], "odd": ["a", null], "e": []});
        let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
        for (rule, expected) in [
            (json!({"path": "$.l[*].n", "gt": 2}), unknown),
            (json!({"path": "$.l[*].n", "any": {"gt": 2}}), yes),
            (json!({"path": "$.l[*].n", "all": {"gt": 2}}), no),
            (json!({"path": "$.l[*].n", "all": {"gt": 0}}), yes),
            (json!({"path": "$.l[*].m", "gt": 0}), yes),
            (json!({"path": "$.l[*].none", "any": {"gt": 2}}), unknown),
            (json!({"path": "$.e[*]", "all": {"gt": 2}}), unknown),
            (json!({"path": "$.odd[*]", "any": {"equals": "a"}}), yes),
            (json!({"path": "$.odd[*]", "all": {"equals": "a"}}), unknown),
            (json!({"path": "$.l[*].n", "exists": true}), yes),
        ] {
            assert_eq!(truth(rule.clone(), &object), expected, "{rule}");
        }
    }

    #[test]
    fn times_change_by_themselves() {
        let object = json!({"time": "2026-01-01T00:30:00Z"});
        let older = verdict("field", json!({"path": "$.time", "olderThan": "31m"}), &object, "01:00:00");
        assert_eq!((older.truth, older.changes_at), (Truth::False, Some(at("01:01:00"))));
        let newer = verdict("field", json!({"path": "$.time", "newerThan": "31m"}), &object, "01:00:00");
        assert_eq!((newer.truth, newer.changes_at), (Truth::True, Some(at("01:01:00"))));
    }

    #[test]
    fn an_operand_that_could_be_two_types_needs_as() {
        let fault = matcher("field", json!({"path": "$.a", "gt": "500m"})).unwrap_err();
        assert_eq!((fault.kind, fault.at), (FaultKind::Ambiguous, vec!["gt".to_owned()]));
        assert!(matcher("field", json!({"path": "$.a", "gt": "1Gi"})).is_ok());
        assert!(matcher("field", json!({"path": "$.a", "gt": "90s"})).is_ok());
        for (operator, help) in [
            (json!({"equals": "500m"}), "`as: string` or `as: quantity` or `as: duration`"),
            (json!({"notEquals": "1Gi"}), "`as: string` or `as: quantity` beside it"),
            (json!({"in": ["a", "1h30m"]}), "`as: string` or `as: duration` beside it"),
            (json!({"notIn": ["90s"]}), "`as: string` or `as: duration` beside it"),
            (json!({"any": {"equals": "5m"}}), "`as: string` or `as: quantity` or `as: duration`"),
        ] {
            let rule = |extra: Value| {
                let mut rule = json!({"path": "$.a"});
                for part in [&operator, &extra] {
                    rule.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
                }
                matcher("field", rule)
            };
            let fault = rule(json!({})).unwrap_err();
            assert!(fault.kind == FaultKind::Ambiguous && fault.help.contains(help), "{fault:?}");
            assert!(rule(json!({"as": "string"})).is_ok(), "{operator}");
        }
        for text in ["5", "1.5", "2e3", "Failed", "m", "1x", "2026-01-01T00:00:00Z", "", "v1"] {
            assert!(matcher("field", json!({"path": "$.a", "equals": text})).is_ok(), "{text}");
        }
        // What the object carries is a text, as the field is.
        let carried = json!({"path": "$.a", "equals": {"valueFrom": "$.b"}});
        assert_eq!(truth(carried, &json!({"a": "5m", "b": "5m"})), Truth::True);
        let words = matcher("field", json!({"path": "$.a", "gt": "many"})).unwrap_err();
        assert_eq!(words.kind, FaultKind::BadOperand);
        let wrong =
            matcher("field", json!({"path": "$.a", "in": ["1Gi", "x"], "as": "quantity"})).unwrap_err();
        assert_eq!((wrong.kind, wrong.at), (FaultKind::BadOperand, vec!["in".to_owned(), "1".to_owned()]));
    }

    #[test]
    fn what_can_never_be_true_is_a_fault() {
        for rule in [
            json!({"path": "$.a", "equals": "x", "notEquals": "x"}),
            json!({"path": "$.a", "equals": "x", "in": ["y"]}),
            json!({"path": "$.a", "equals": "x", "notIn": ["x"]}),
            json!({"path": "$.a", "in": ["x"], "notIn": ["x", "y"]}),
            json!({"path": "$.a", "equals": "x", "glob": "y*"}),
            json!({"path": "$.a", "equals": "x", "matches": "y"}),
            json!({"path": "$.a", "gt": 5, "lt": 5}),
            json!({"path": "$.a", "gte": 5, "lt": 5}),
            json!({"path": "$.a", "gt": "2Gi", "lt": "1Gi"}),
            json!({"path": "$.a", "equals": 7, "lt": 5}),
            json!({"path": "$.a", "olderThan": "2h", "newerThan": "1h"}),
            json!({"path": "$.a", "before": "2026-01-01T00:00:00Z", "after": "2026-01-01T00:00:00Z"}),
            json!({"path": "$.a", "exists": false, "equals": "x"}),
            json!({"path": "$.a", "size": "< 0"}),
            json!({"path": "$.a", "any": {"gt": 5, "lt": 4}}),
        ] {
            let fault = matcher("field", rule.clone()).map(|_| ()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::NeverTrue, "{rule}");
        }
        assert!(matcher("field", json!({"path": "$.a", "gte": 5, "lte": 5})).is_ok());
        assert!(matcher("field", json!({"path": "$.a"})).is_err());
        assert!(matcher("field", json!({"path": "$.a", "any": {}})).is_err());
    }
}
