//! Counts: an operator and a whole number, `">= 3"`.

use std::fmt;

use super::ParseError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// Longest spelling first, so that `>=` is not read as `>` and rubbish.
const OPERATORS: [(&str, Comparison); 6] = [
    (">=", Comparison::GreaterOrEqual),
    ("<=", Comparison::LessOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
];

/// A condition on a whole number, such as `>= 3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    comparison: Comparison,
    number: u64,
}

impl Count {
    /// Reads an operator and a whole number, with or without a space between.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let trimmed = text.trim();
        let help = if trimmed.parse::<u64>().is_ok() {
            format!("write the operator too: `\">= {trimmed}\"` or `\"== {trimmed}\"`")
        } else {
            "write an operator (`>=`, `>`, `==`, `!=`, `<`, `<=`) and a whole number, such as `\">= 3\"`"
                .to_owned()
        };
        let error = || ParseError::new("is not a count", help.clone());
        let (comparison, rest) = OPERATORS
            .iter()
            .find_map(|(sign, comparison)| trimmed.strip_prefix(sign).map(|rest| (*comparison, rest.trim())))
            .ok_or_else(error)?;
        if !rest.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let number = rest.parse().map_err(|_| error())?;
        Ok(Self { comparison, number })
    }

    /// Whether `number` satisfies it.
    #[must_use]
    pub fn holds(self, number: u64) -> bool {
        match self.comparison {
            Comparison::Less => number < self.number,
            Comparison::LessOrEqual => number <= self.number,
            Comparison::Equal => number == self.number,
            Comparison::NotEqual => number != self.number,
            Comparison::GreaterOrEqual => number >= self.number,
            Comparison::Greater => number > self.number,
        }
    }

    /// The same, its number raised to this one.
    #[must_use]
    pub fn with_at_least(self, number: i64) -> Self {
        Self { number: self.number.max(number.try_into().unwrap_or_default()), ..self }
    }

    /// The least number that satisfies it.
    #[must_use]
    pub fn least(self) -> u64 {
        match self.comparison {
            Comparison::GreaterOrEqual | Comparison::Equal => self.number,
            Comparison::Greater => self.number.saturating_add(1),
            Comparison::NotEqual if self.number == 0 => 1,
            Comparison::NotEqual | Comparison::Less | Comparison::LessOrEqual => 0,
        }
    }

    /// `< 0` holds for no number of things.
    #[must_use]
    pub fn is_impossible(self) -> bool {
        (self.comparison == Comparison::Less && self.number == 0)
            || (self.comparison == Comparison::Greater && self.number == u64::MAX)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPERATORS.iter().find(|(_, comparison)| *comparison == self.comparison);
        write!(f, "{} {}", sign.map_or("", |(sign, _)| sign), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_compare_as_written() {
        for (text, holds, fails) in
            [(">= 3", 3, 2), ("> 0", 1, 0), ("== 1", 1, 2), ("< 5", 4, 5), ("<=5", 5, 6), ("!= 2", 1, 2)]
        {
            let count = Count::parse(text).unwrap();
            assert!(count.holds(holds) && !count.holds(fails), "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_refused_with_what_to_write() {
        assert!(Count::parse("3").unwrap_err().help.contains("`\">= 3\"`"));
        for text in ["", ">", ">= -1", ">= 1.5", "=> 3", "= 3", ">= +3", ">= 99999999999999999999999"] {
            assert!(Count::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn less_than_none_is_impossible() {
        assert!(Count::parse("< 0").unwrap().is_impossible());
        assert!(!Count::parse("<= 0").unwrap().is_impossible());
    }
}
