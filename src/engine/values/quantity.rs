//! Kubernetes quantities (`500m`, `1.5`, `1Gi`, `2e3`), compared exactly.
//! Grammar: apimachinery `pkg/api/resource/quantity.go`.

use std::cmp::Ordering;
use std::fmt;

use super::ParseError;

/// A quantity as a whole number of nano-units, rounded up as Kubernetes does with finer ones.
#[derive(Clone, Debug)]
pub struct Quantity {
    source: String,
    nanos: i128,
}

impl Quantity {
    /// Reads a signed decimal with an optional suffix: `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei`, or an
    /// exponent `e3` / `E3`. Like Kubernetes, it is capped at ±(2^63 − 1).
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        nanos(source).map(|nanos| Self { source: source.to_owned(), nanos }).ok_or_else(|| {
            ParseError::new(
                "is not a quantity",
                "write a Kubernetes quantity: a number with an optional suffix, such as `500m`, `1.5` or `1Gi`",
            )
        })
    }
}

fn nanos(source: &str) -> Option<i128> {
    let (negative, unsigned) = match source.as_bytes().first()? {
        b'-' => (true, &source[1..]),
        b'+' => (false, &source[1..]),
        _ => (false, source),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) || number.len() > 64 {
        return None;
    }
    let (binary, mut exponent) = scale(suffix)?;
    let mut mantissa: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        // Past 2^100 every further digit only says "very large"; the cap below cuts it anyway.
        if mantissa > (1 << 100) {
            exponent += 1;
        } else {
            mantissa = mantissa * 10 + i128::from(digit - b'0');
        }
    }
    exponent += 9 - i32::try_from(fraction.len()).ok()?;
    let capped = scaled(mantissa, binary, exponent).min(i128::from(i64::MAX) * 1_000_000_000);
    Some(if negative { -capped } else { capped })
}

/// `mantissa × 2^binary × 10^exponent`, rounded up, saturating.
fn scaled(mantissa: i128, binary: u32, exponent: i32) -> i128 {
    let value = mantissa.saturating_mul(1 << binary);
    match u32::try_from(exponent) {
        Ok(_) if value == 0 => 0,
        Ok(power) => 10_i128.checked_pow(power).map_or(i128::MAX, |factor| value.saturating_mul(factor)),
        Err(_) => match 10_i128.checked_pow(exponent.unsigned_abs()) {
            Some(divisor) => value / divisor + i128::from(value % divisor != 0),
            None => i128::from(value != 0),
        },
    }
}

/// The power of two and the power of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    let decimal = |exponent| Some((0, exponent));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => Some((10, 0)),
        "Mi" => Some((20, 0)),
        "Gi" => Some((30, 0)),
        "Ti" => Some((40, 0)),
        "Pi" => Some((50, 0)),
        "Ei" => Some((60, 0)),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            let magnitude = digits.strip_prefix(['-', '+']).unwrap_or(digits);
            let valid = (1..=4).contains(&magnitude.len()) && magnitude.bytes().all(|b| b.is_ascii_digit());
            valid.then(|| digits.parse().ok()).flatten().map(|exponent| (0, exponent))
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn equal_quantities_have_many_spellings() {
        for (a, b) in [
            ("500m", "0.5"),
            ("1Gi", "1073741824"),
            ("2e3", "2k"),
            ("1.5", "1500m"),
            ("1E", "1e18"),
            (".5", "500m"),
            ("1.", "1"),
            ("-1", "-1000m"),
            ("0.5Gi", "512Mi"),
            ("+1u", "1000n"),
            ("1n", "0.1n"),
        ] {
            assert_eq!(quantity(a), quantity(b), "{a} {b}");
        }
    }

    #[test]
    fn quantities_are_ordered_by_value() {
        let texts = ["-1Gi", "-1", "0", "1n", "1m", "999m", "1", "1k", "1Ki", "1M", "1Mi", "1E", "1Ei"];
        for pair in texts.windows(2) {
            assert!(quantity(pair[0]) < quantity(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "-", ".", "1 Gi", "1gi", "1KI", "Gi", "1.2.3", "1e", "1e+", "1mm", "0x10", "1e99999"]
        {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn huge_quantities_are_capped_and_do_not_overflow() {
        assert_eq!(quantity("9e9999"), quantity("100E"));
        assert_eq!(quantity("0e9999"), quantity("0"));
        assert!(quantity("1e-9999") > quantity("0"));
        assert!(quantity(&"9".repeat(64)) > quantity("1E"));
    }
}
