//! Numbers: bounds, multiples, and what fits into the format.

use serde_json::{Number, Value};

use super::super::failure::Cause;
use super::validate::invalid;

/// Whether it has no fraction: `2.0` is an integer too.
pub(super) fn is_whole(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// What the server says of a number that it cannot hold.
pub(super) fn unchecked(path: &str, format: &str) -> Cause {
    let message = format!("Invalid value: \"\": Checked value must be of type integer {format} in {path}");
    Cause::new("FieldValueInvalid", "<nil>", message)
}

pub(super) fn check(schema: &Value, number: &Number, path: &str) -> Vec<Cause> {
    let value = Value::Number(number.clone());
    let number = number.as_f64().unwrap_or_default();
    let limit = |name: &str| schema[name].as_f64();
    let mut causes = Vec::new();
    let too_large = !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    if schema["type"] == "integer" && schema["format"] == "int32" && too_large {
        causes.push(unchecked(path, "with format int32"));
    }
    if let Some(step) = limit("multipleOf").filter(|step| *step > 0.0)
        && (number / step).fract() != 0.0
    {
        causes.push(invalid(path, &value, &format!("should be a multiple of {}", schema["multipleOf"])));
    }
    if let Some(most) = limit("maximum") {
        let exclusive = schema["exclusiveMaximum"] == true;
        if number > most || (exclusive && number >= most) {
            let told = if exclusive { "less than" } else { "less than or equal to" };
            causes.push(invalid(path, &value, &format!("should be {told} {}", schema["maximum"])));
        }
    }
    if let Some(least) = limit("minimum") {
        let exclusive = schema["exclusiveMinimum"] == true;
        if number < least || (exclusive && number <= least) {
            let told = if exclusive { "greater than" } else { "greater than or equal to" };
            causes.push(invalid(path, &value, &format!("should be {told} {}", schema["minimum"])));
        }
    }
    causes
}
