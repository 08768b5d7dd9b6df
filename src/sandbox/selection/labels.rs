//! Label selectors, in the two forms that Kubernetes has: text in a query, and JSON in a spec.

mod parser;
mod tokens;

use serde_json::Value;

use super::super::failure::Failure;

/// All requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Greater,
    Less,
}

impl LabelSelector {
    /// `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1,j<2`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        parser::requirements(text).map(Self).map_err(Failure::bad_request)
    }

    /// `matchLabels` and `matchExpressions`; an empty one selects all.
    pub fn from_json(selector: &Value) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().ok_or_else(|| format!("the label {key} is no text"))?;
            requirements.push(Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: vec![value.to_owned()],
            });
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{other:?} is not a valid label selector operator")),
            };
            let values = expression["values"].as_array().into_iter().flatten();
            requirements.push(Requirement {
                key: expression["key"].as_str().unwrap_or_default().to_owned(),
                operator,
                values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
            });
        }
        Ok(Self(requirements))
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// `labels` is `metadata.labels`, or null.
    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| requirement.matches(labels[&requirement.key].as_str()))
    }
}

impl Requirement {
    fn matches(&self, label: Option<&str>) -> bool {
        let is_one = |label: &str| self.values.iter().any(|value| value == label);
        let compared = |label: &str, wanted: std::cmp::Ordering| {
            let own = self.values.first().and_then(|value| value.parse::<i64>().ok());
            label.parse::<i64>().ok().zip(own).is_some_and(|(label, own)| label.cmp(&own) == wanted)
        };
        match self.operator {
            Operator::In => label.is_some_and(is_one),
            Operator::NotIn => !label.is_some_and(is_one),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::Greater => label.is_some_and(|label| compared(label, std::cmp::Ordering::Greater)),
            Operator::Less => label.is_some_and(|label| compared(label, std::cmp::Ordering::Less)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_selects_as_kubernetes_does() {
        let labels = json!({"app": "web", "tier": "gold", "n": "5", "empty": ""});
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier = gold", true),
            ("app=api", false),
            ("app!=api", true),
            ("none!=x", true),
            ("none=x", false),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("none notin (x)", true),
            ("app", true),
            ("none", false),
            ("!none", true),
            ("!app", false),
            ("n>4", true),
            ("n<5", false),
            ("app>4", false),
            ("empty=", true),
            ("app in (api),tier", false),
        ] {
            assert_eq!(LabelSelector::parse(text).unwrap().matches(&labels), expected, "{text}");
        }
        assert!(LabelSelector::parse("!a").unwrap().matches(&Value::Null));
        for wrong in
            ["a in (b", "a,", "=b", "a b", "a>b", "a in b", "a=b=c", "a=b/c", "a/b/c=d", "A/b", "a=-b"]
        {
            assert!(LabelSelector::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_form_of_specs_says_the_same() {
        let labels = json!({"app": "web"});
        let selects = |selector: Value| LabelSelector::from_json(&selector).unwrap().matches(&labels);
        assert!(selects(json!({})) && selects(json!({"matchLabels": {"app": "web"}})));
        let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        assert!(selects(expression("In", json!(["web"]))) && !selects(expression("NotIn", json!(["web"]))));
        assert!(selects(expression("Exists", json!([]))) && !selects(expression("DoesNotExist", json!([]))));
        assert!(LabelSelector::from_json(&expression("Is", json!([]))).is_err());
    }
}
