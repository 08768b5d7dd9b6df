//! `labels`: a Kubernetes label selector on the object's own labels.
//! Semantics: apimachinery `pkg/labels/selector.go`; `NotIn` and `DoesNotExist` hold without the key.

use crate::demand::{Demand, Demanded};
use crate::descriptor::{Arguments, Fault, FaultKind, Key, MatcherDescriptor, Presence, Shape, ValueKind};
use crate::mark_names::{check_key, check_value};
use crate::matcher::{Context, Matcher, Needed};
use crate::projection::Projection;
use crate::values::Path;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "labels",
    summary: "A Kubernetes label selector on the object's labels.",
    shape: Shape::Keys(&[
        Key::asking("matchLabels", ValueKind::Entries, "Labels with these values.", "{ app: web }"),
        Key::asking(
            "matchExpressions",
            ValueKind::Blocks(&[
                Key::required("key", ValueKind::Text, "The label's key.", "tier"),
                Key::required(
                    "operator",
                    ValueKind::Choice(&["In", "NotIn", "Exists", "DoesNotExist"]),
                    "As in Kubernetes' selectors.",
                    "In",
                ),
                Key::optional("values", ValueKind::AnyTexts, "The values of `In` and `NotIn`.", "[a, b]")
                    .present(Presence::Where("operator", &["In", "NotIn"])),
            ]),
            "Requirements on labels.",
            "[ { key: tier, operator: In, values: [web, db] } ]",
        ),
    ]),
    unknown_when: "",
    examples: &["labels: { matchLabels: { app: web } }"],
    kinds: &[],
    build: |mut arguments| {
        let mut requirements = Vec::new();
        let entries = arguments.entries("matchLabels").unwrap_or_default();
        for (key, value) in &entries {
            let checked = check_key(key).and_then(|()| check_value(value));
            checked.map_err(|fault| fault.under(key).under("matchLabels"))?;
        }
        requirements.extend(
            entries.into_iter().map(|(key, value)| Requirement { key, operator: Operator::In(vec![value]) }),
        );
        for (index, block) in arguments.blocks("matchExpressions").unwrap_or_default().into_iter().enumerate()
        {
            let requirement =
                requirement(block).map_err(|fault| fault.under(index).under("matchExpressions"))?;
            requirements.push(requirement);
        }
        if requirements.is_empty() {
            // An empty selector selects everything in Kubernetes; in a tool that deletes, it is a slip.
            let help = "write `matchLabels: { app: web }` or `matchExpressions`";
            return Err(Fault::new(FaultKind::MissingKey, "`labels` selects nothing", help));
        }
        contradiction(&requirements).map_or_else(|| Ok(Box::new(Labels { requirements }) as _), Err)
    },
};

#[derive(Debug)]
struct Labels {
    requirements: Vec<Requirement>,
}

#[derive(Debug)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

fn requirement(mut block: Arguments) -> Result<Requirement, Fault> {
    let key = block.text("key").unwrap_or_default();
    let values = block.texts("values").unwrap_or_default();
    let word = block.text("operator").unwrap_or_default();
    check_key(&key).map_err(|fault| fault.under("key"))?;
    for (index, value) in values.iter().enumerate() {
        check_value(value).map_err(|fault| fault.under(index).under("values"))?;
    }
    let takes_values = matches!(word.as_str(), "In" | "NotIn");
    if takes_values && values.is_empty() {
        let message = format!("`{word}` needs `values`");
        return Err(Fault::new(FaultKind::MissingKey, message, "write `values: [a, b]`"));
    }
    if !takes_values && !values.is_empty() {
        let message = format!("`{word}` takes no `values`");
        return Err(Fault::new(FaultKind::Conflict, message, "leave `values` out").under("values"));
    }
    let operator = match word.as_str() {
        "In" => Operator::In(values),
        "NotIn" => Operator::NotIn(values),
        "Exists" => Operator::Exists,
        _ => Operator::DoesNotExist,
    };
    Ok(Requirement { key, operator })
}

/// Two requirements that no value of their label satisfies, and its absence does not either.
fn contradiction(requirements: &[Requirement]) -> Option<Fault> {
    let pairs = requirements.iter().flat_map(|one| requirements.iter().map(move |other| (one, other)));
    let never = |(one, other): &(&Requirement, &Requirement)| {
        one.key == other.key
            && match &one.operator {
                Operator::In(values) => !values.iter().any(|value| other.holds(Some(value))),
                Operator::Exists => matches!(other.operator, Operator::DoesNotExist),
                Operator::NotIn(_) | Operator::DoesNotExist => false,
            }
    };
    let (one, _) = pairs.into_iter().find(never)?;
    let message = format!("`labels` can never be true: no value of `{}` is all that is asked", one.key);
    Some(Fault::new(FaultKind::NeverTrue, message, "keep one of the requirements"))
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[String]| value.is_some_and(|value| values.iter().any(|word| word == value));
        match &self.operator {
            Operator::In(values) => among(values),
            Operator::NotIn(values) => !among(values),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl Matcher for Labels {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let holds = |requirement: &Requirement| requirement.holds(context.object.label(&requirement.key));
        Verdict::fixed(self.requirements.iter().all(holds))
    }

    fn needs(&self) -> Option<Needed<'_>> {
        self.requirements.iter().find_map(|requirement| match &requirement.operator {
            Operator::In(values) => Some(Needed {
                paths: vec![Path::of_members(&["metadata", "labels", &requirement.key])],
                texts: values.iter().map(String::as_str).collect(),
            }),
            _ => None,
        })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        fn texts(values: &[String]) -> Vec<&str> {
            values.iter().map(String::as_str).collect()
        }
        fn demand(requirement: &Requirement) -> Demand<'_> {
            Demand {
                of: format!("the label `{}`", requirement.key).into(),
                asked: match &requirement.operator {
                    Operator::In(values) => Demanded::OneOf(texts(values)),
                    Operator::NotIn(values) => Demanded::NoneOf(texts(values)),
                    Operator::Exists => Demanded::There,
                    Operator::DoesNotExist => Demanded::Absent,
                },
            }
        }
        self.requirements.iter().map(demand).collect()
    }

    fn reads(&self, projection: &mut Projection) {
        for requirement in &self.requirements {
            projection.read_members(&["metadata", "labels", &requirement.key]);
        }
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let shown = |requirement: &Requirement| match context.object.label(&requirement.key) {
            Some(value) => format!("label {}={value}", requirement.key),
            None => format!("no label {}", requirement.key),
        };
        self.requirements.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{matcher, verdict};
    use serde_json::json;

    #[test]
    fn selectors_decide_as_those_of_kubernetes() {
        let object = json!({"metadata": {"labels": {"app": "web", "a.b/c": "", "odd": 7}}});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (rule, holds) in [
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchLabels": {"a.b/c": ""}}), true),
            (expression("app", "In", &["db", "web"]), true),
            (expression("none", "In", &["a"]), false),
            (expression("none", "NotIn", &["a"]), true),
            (expression("app", "NotIn", &["web"]), false),
            (expression("app", "Exists", &[]), true),
            (expression("none", "DoesNotExist", &[]), true),
            (expression("app", "DoesNotExist", &[]), false),
        ] {
            assert_eq!(verdict("labels", rule.clone(), &object, "00:00:00").truth.is_true(), holds, "{rule}");
        }
    }

    #[test]
    fn an_empty_selector_and_operators_with_wrong_values_are_faults() {
        assert!(matcher("labels", json!({})).is_err());
        assert!(matcher("labels", json!({"matchLabels": {}})).is_err());
        let fault =
            matcher("labels", json!({"matchExpressions": [{"key": "a", "operator": "In"}]})).unwrap_err();
        assert_eq!(fault.at, ["matchExpressions", "0"]);
    }

    #[test]
    fn requirements_that_exclude_each_other_are_faults() {
        let both = |label: &str, operator: &str, values: &[&str]| {
            matcher(
                "labels",
                json!({"matchLabels": {"app": label},
                    "matchExpressions": [{"key": "app", "operator": operator, "values": values}]}),
            )
        };
        for (operator, values, sound) in [
            ("In", &["db"][..], false),
            ("NotIn", &["web"], false),
            ("DoesNotExist", &[], false),
            ("In", &["db", "web"], true),
            ("NotIn", &["db"], true),
            ("Exists", &[], true),
        ] {
            assert_eq!(both("web", operator, values).is_ok(), sound, "{operator} {values:?}");
        }
        let twice = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "DoesNotExist"}]});
        assert!(matcher("labels", twice).is_err());
    }
}
