//! Quantities (`500m`, `2Gi`) and shares (`25%`), as far as the controllers reckon with them.

use serde_json::Value;

/// In thousandths, rounded down; 0 for what is no quantity.
pub(super) fn thousandths(value: &Value) -> i128 {
    match value {
        Value::String(text) => parse(text).unwrap_or_default(),
        other => parse(&other.to_string()).unwrap_or_default(),
    }
}

fn parse(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (factor, divisor): (i128, i128) = match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
            let ten = 10_i128.checked_pow(power.unsigned_abs())?;
            if power < 0 { (1, ten) } else { (ten, 1) }
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // More digits than these are below a thousandth of anything.
    let fraction = &fraction[..fraction.len().min(9)];
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    digits.checked_mul(factor)?.checked_mul(1_000).map(|value| value / divisor / scale)
}

/// A number, or a share of `total` such as `25%`, rounded up or down.
pub(super) fn share(value: &Value, total: i64, up: bool) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let percent: i64 = value.as_str()?.strip_suffix('%')?.parse().ok()?;
    let product = total.checked_mul(percent)?;
    Some(if up { (product + 99) / 100 } else { product / 100 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_in_all_their_forms() {
        for (value, expected) in [
            (json!("500m"), 500),
            (json!(2), 2_000),
            (json!(0.5), 500),
            (json!("1.5"), 1_500),
            (json!("1Ki"), 1_024_000),
            (json!("0.5Gi"), (1_i128 << 29) * 1_000),
            (json!("1e3"), 1_000_000),
            (json!("5E"), 5_000_000_000_000_000_000_000),
            (json!("100n"), 0),
            (json!("nonsense"), 0),
            (json!(""), 0),
            (Value::Null, 0),
        ] {
            assert_eq!(thousandths(&value), expected, "{value}");
        }
    }

    #[test]
    fn shares_are_rounded_as_asked() {
        assert_eq!(share(&json!(3), 10, true), Some(3));
        assert_eq!(share(&json!("25%"), 10, true), Some(3));
        assert_eq!(share(&json!("25%"), 10, false), Some(2));
        assert_eq!(share(&json!("x"), 10, true), None);
        assert_eq!(share(&Value::Null, 10, true), None);
    }
}
