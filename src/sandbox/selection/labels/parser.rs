//! Label selectors as text, read as Kubernetes' `labels.Parse` reads them, and refused in its words.

use std::collections::BTreeSet;

use super::super::super::metadata::names;
use super::tokens::{Token, Tokens};
use super::{Operator, Requirement};

/// All requirements of a selector.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut tokens = Tokens::of(text);
    let mut requirements = Vec::new();
    loop {
        match tokens.peek() {
            Token::Word(_) | Token::Sign("!") => {
                let requirement = requirement(&mut tokens)
                    .map_err(|what| format!("unable to parse requirement: {what}"))?;
                requirements.push(requirement);
            }
            Token::End => return Ok(requirements),
            other @ Token::Sign(_) => {
                let found = other.text();
                return Err(format!("found '{found}', expected: !, identifier, or 'end of string'"));
            }
        }
        match tokens.next() {
            Token::End => return Ok(requirements),
            Token::Sign(",") => match tokens.peek() {
                Token::Word(_) | Token::Sign("!") => {}
                other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
            },
            other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
        }
    }
}

fn requirement(tokens: &mut Tokens) -> Result<Requirement, String> {
    let absent = tokens.next_is("!");
    if absent {
        tokens.next();
    }
    let key = match tokens.next() {
        Token::Word(key) => key,
        other => return Err(format!("found '{}', expected: identifier", other.text())),
    };
    let told = names::wrong_key(&key);
    if !told.is_empty() {
        return Err(format!("<nil>: Invalid value: {key:?}: {}", told.join("; ")));
    }
    if absent {
        return Ok(Requirement { key, operator: Operator::DoesNotExist, values: Vec::new() });
    }
    if *tokens.peek() == Token::End || tokens.next_is(",") {
        return Ok(Requirement { key, operator: Operator::Exists, values: Vec::new() });
    }
    let sign = tokens.next();
    let operator = match sign.text() {
        "in" | "=" | "==" => Operator::In,
        "notin" | "!=" => Operator::NotIn,
        ">" => Operator::Greater,
        "<" => Operator::Less,
        other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
    };
    let values = if matches!(sign, Token::Word(_)) { list(tokens)? } else { vec![value(tokens)?] };
    check_values(&key, operator, &values)?;
    Ok(Requirement { key, operator, values })
}

/// What stands behind `=`: nothing is a value too.
fn value(tokens: &mut Tokens) -> Result<String, String> {
    if *tokens.peek() == Token::End || tokens.next_is(",") {
        return Ok(String::new());
    }
    match tokens.next() {
        Token::Word(value) => Ok(value),
        other => Err(format!("found '{}', expected: identifier", other.text())),
    }
}

/// `(a, b)`; where nothing stands between commas, that is a value.
fn list(tokens: &mut Tokens) -> Result<Vec<String>, String> {
    match tokens.next() {
        Token::Sign("(") => {}
        other => return Err(format!("found '{}' expected: '('", other.text())),
    }
    if !matches!(tokens.peek(), Token::Word(_) | Token::Sign("," | ")")) {
        return Err(format!("found '{}', expected: ',', ')' or identifier", tokens.peek().text()));
    }
    // In order: that is how mistakes are numbered.
    let mut values = BTreeSet::new();
    loop {
        let value = match tokens.peek() {
            Token::Word(_) => tokens.next().text().to_owned(),
            _ => String::new(),
        };
        values.insert(value);
        match tokens.next() {
            Token::Sign(")") => return Ok(values.into_iter().collect()),
            Token::Sign(",") => {}
            other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
        }
    }
}

fn check_values(key: &str, operator: Operator, values: &[String]) -> Result<(), String> {
    let mut told = Vec::new();
    for (at, value) in values.iter().enumerate() {
        if matches!(operator, Operator::Greater | Operator::Less) && value.parse::<i64>().is_err() {
            told.push(format!(
                "values[{at}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
            ));
        }
        let wrong = names::wrong_label(value);
        if !wrong.is_empty() {
            told.push(format!("values[{at}][{key}]: Invalid value: {value:?}: {}", wrong.join("; ")));
        }
    }
    match &told[..] {
        [] => Ok(()),
        [one] => Err(one.clone()),
        all => Err(format!("[{}]", all.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_as_a_real_server_does() {
        let key = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
        let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
        let within = "unable to parse requirement: ";
        let long = "x".repeat(64);
        for (text, expected) in [
            ("a in (b", format!("{within}found '', expected: ',' or ')'")),
            ("a in (b c)", format!("{within}found 'c', expected: ',' or ')'")),
            ("a in (=)", format!("{within}found '=', expected: ',', ')' or identifier")),
            ("a in b", format!("{within}found 'b' expected: '('")),
            ("a notin", format!("{within}found '' expected: '('")),
            ("a,", "found '', expected: identifier after ','".to_owned()),
            ("a=b,,c", "found ',', expected: identifier after ','".to_owned()),
            ("=b", "found '=', expected: !, identifier, or 'end of string'".to_owned()),
            ("(a)", "found '(', expected: !, identifier, or 'end of string'".to_owned()),
            ("a=b=c", "found '=', expected: ',' or 'end of string'".to_owned()),
            ("!a b", "found 'b', expected: ',' or 'end of string'".to_owned()),
            ("!", format!("{within}found '', expected: identifier")),
            ("!!a", format!("{within}found '!', expected: identifier")),
            ("a===b", format!("{within}found '=', expected: identifier")),
            ("a>=3", format!("{within}found '=', expected: identifier")),
            ("a b", format!("{within}found 'b', expected: in, notin, =, ==, !=, gt, lt")),
            ("a!b", format!("{within}found '!', expected: in, notin, =, ==, !=, gt, lt")),
            (
                "a>b",
                format!(
                    "{within}values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer"
                ),
            ),
            ("a=-b", format!("{within}values[0][a]: Invalid value: \"-b\": {value}")),
            ("a in (-b, c)", format!("{within}values[0][a]: Invalid value: \"-b\": {value}")),
            (
                "a in (-b,-c)",
                format!(
                    "{within}[values[0][a]: Invalid value: \"-b\": {value}, values[1][a]: Invalid value: \"-c\": {value}]"
                ),
            ),
            ("_a", format!("{within}<nil>: Invalid value: \"_a\": {key}")),
            ("/a", format!("{within}<nil>: Invalid value: \"/a\": prefix part must be non-empty")),
            ("a/", format!("{within}<nil>: Invalid value: \"a/\": name part must be non-empty; {key}")),
            (
                &long,
                format!("{within}<nil>: Invalid value: \"{long}\": name part must be no more than 63 bytes"),
            ),
        ] {
            let told = requirements(text).unwrap_err();
            let told = told.replace(" (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')", "");
            let told = told.replace(" (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')", "");
            assert_eq!(told, expected, "{text}");
        }
    }

    #[test]
    fn what_looks_odd_but_is_right_is_read() {
        let read = |text: &str| {
            let requirements = requirements(text).unwrap();
            requirements
                .into_iter()
                .map(|one| (one.key, one.operator, one.values.join(",")))
                .collect::<Vec<_>>()
        };
        let one = |key: &str, operator, values: &str| vec![(key.to_owned(), operator, values.to_owned())];
        assert_eq!(read("in in (in)"), one("in", Operator::In, "in"));
        assert_eq!(read("x=notin"), one("x", Operator::In, "notin"));
        assert_eq!(read("notin"), one("notin", Operator::Exists, ""));
        assert_eq!(read("a in ()"), one("a", Operator::In, ""));
        assert_eq!(read("a in (b,,c)"), one("a", Operator::In, ",b,c"));
        assert_eq!(read(" a != "), one("a", Operator::NotIn, ""));
        assert_eq!(read("a > 3"), one("a", Operator::Greater, "3"));
    }
}
