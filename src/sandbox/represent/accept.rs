//! The `Accept` header: what a client would like, the dearest first.

/// One of the things that a client takes.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Clause {
    media: String,
    parameters: Vec<(String, String)>,
}

impl Clause {
    /// Empty where it is not given.
    pub(in super::super) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(parameter, _)| parameter == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether JSON is one of what it names.
    pub(in super::super) fn takes_json(&self) -> bool {
        ["application/json", "application/*", "*/*"].contains(&self.media.as_str())
    }

    /// Whether a real server has what it names.
    pub(in super::super) fn is_known(&self) -> bool {
        let known = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "*/*"];
        known.contains(&self.media.as_str())
    }

    fn quality(&self) -> f64 {
        self.parameter("q").parse().unwrap_or(1.0)
    }
}

/// All that is taken: by quality, then in the order in which it stands.
pub(in super::super) fn clauses(accept: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> =
        accept.split(',').filter(|text| !text.trim().is_empty()).map(clause).collect();
    clauses.sort_by(|one, other| other.quality().total_cmp(&one.quality()));
    clauses
}

fn clause(text: &str) -> Clause {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let parameters = parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        .collect();
    Clause { media, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_comes_first_and_the_order_decides_between_equals() {
        let clauses = clauses("text/html;q=0.5, application/json;as=Table;v=v1 , */*;q=0.9,application/yaml");
        let media: Vec<&str> = clauses.iter().map(|clause| clause.media.as_str()).collect();
        assert_eq!(media, ["application/json", "application/yaml", "*/*", "text/html"]);
        assert_eq!((clauses[0].parameter("as"), clauses[0].parameter("v")), ("Table", "v1"));
        assert!(clauses[0].takes_json() && !clauses[1].takes_json() && clauses[2].takes_json());
    }
}
