//! Label selectors, in the two forms that Kubernetes has: text in a query, and JSON in a spec.

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
        let mut rest = text.trim();
        let mut requirements = Vec::new();
        let refuse = |what: &str| Err(Failure::bad_request(format!("unable to parse requirement: {what}")));
        while !rest.is_empty() {
            let end = end_of_requirement(rest);
            let (one, after) = rest.split_at(end);
            match requirement(one.trim()) {
                Ok(requirement) => requirements.push(requirement),
                Err(what) => return refuse(&what),
            }
            rest = match after.strip_prefix(',') {
                Some(next) if next.trim().is_empty() => {
                    return refuse("found '', expected: identifier after ','");
                }
                Some(next) => next.trim(),
                None => "",
            };
        }
        Ok(Self(requirements))
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

/// At the next comma that is in no parentheses.
fn end_of_requirement(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                     and must start and end with an alphanumeric character";

/// A label's value, and the name of a key: so long at most.
const LONGEST: usize = 63;

/// `name`, or `prefix.example.com/name`.
fn check_key(key: &str) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("<nil>: Invalid value: {key:?}: {what}"));
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if name.contains('/') {
        return refuse("a qualified name must consist of a name, with an optional prefix before a '/'");
    }
    let is_part = |part: &str| {
        part.starts_with(is_plain)
            && part.ends_with(is_plain)
            && part.chars().all(|letter| is_plain(letter) || letter == '-')
    };
    if prefix.is_some_and(|prefix| prefix.len() > 253 || !prefix.split('.').all(is_part)) {
        return refuse("prefix part must be a lowercase RFC 1123 subdomain");
    }
    if name.is_empty() || !is_value(name) {
        return refuse(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
             an alphanumeric character",
        );
    }
    Ok(())
}

/// A letter of the names of hosts.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

fn is_value(value: &str) -> bool {
    let outer = |letter: char| letter.is_ascii_alphanumeric();
    value.len() <= LONGEST
        && value.chars().all(|letter| outer(letter) || "-_.".contains(letter))
        && (value.is_empty() || (value.starts_with(outer) && value.ends_with(outer)))
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let make = |key: &str, operator, values: Vec<String>| {
        let key = key.trim();
        check_key(key)?;
        match values.iter().position(|value| !is_value(value)) {
            Some(at) => Err(format!("values[{at}][{key}]: Invalid value: {:?}: {VALUE}", values[at])),
            None => Ok(Requirement { key: key.to_owned(), operator, values }),
        }
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some(key) = text.strip_prefix('!') {
        return make(key, Operator::DoesNotExist, Vec::new());
    }
    if let Some((head, values)) = text.split_once('(') {
        let values = values.trim_end().strip_suffix(')');
        let values = values.ok_or_else(|| format!("found '', expected: ',' or ')' in {text:?}"))?;
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => make(key, Operator::In, values),
            (Some(key), Some("notin"), None) => make(key, Operator::NotIn, values),
            _ => Err(format!("found '{head}', expected: in, notin, =, ==, !=, gt, lt")),
        };
    }
    for (sign, operator) in [
        ("!=", Operator::NotIn),
        ("==", Operator::In),
        ("=", Operator::In),
        (">", Operator::Greater),
        ("<", Operator::Less),
    ] {
        if let Some((key, value)) = text.split_once(sign) {
            if matches!(operator, Operator::Greater | Operator::Less) && value.trim().parse::<i64>().is_err()
            {
                return Err(format!(
                    "values[0]: Invalid value: {:?}: for 'Gt', 'Lt' operators, the value must be an integer",
                    value.trim()
                ));
            }
            return make(key, operator, one(value));
        }
    }
    make(text, Operator::Exists, Vec::new())
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
