//! The schema of a rule's `limits` and `breaker`: their numbers and shares have a form that no kind of value of the engine has.

use k8s_healer_engine::limits::GroupBy;
use serde_json::{Value, json};

use super::super::breaker::{BREAKER, OFF};
use super::super::limits::{IN_FLIGHT, LIMITS};
use super::presence::mapping;
use super::values::{insert, or_filled_in, property, reference, value};

/// A whole number or a share, and not none (`Most::parse`).
const MOST: &str = "^0*([1-9][0-9]*|([1-9][0-9]?|100)%)$";

/// A share, and not none.
const SHARE: &str = "^0*([1-9][0-9]?|100)%$";

/// The schema of a rule's `breaker`.
pub(super) fn breaker() -> Value {
    let mut schema = mapping(BREAKER, |key| {
        let schema = match key.name {
            "share" => or_filled_in(json!({"type": "string", "pattern": SHARE})),
            _ => value(key.kind),
        };
        property(key, schema)
    });
    insert(&mut schema, "minProperties", 1.into());
    // By `if`, not by `anyOf`: a mistake is shown at its own place. A plain `off` is a boolean to other readers of YAML.
    json!({"if": {"type": "object"}, "then": schema, "else": {"anyOf": [{"enum": [OFF, false]}, reference("parameter")]}})
}

pub(super) fn limits() -> Value {
    let in_flight = mapping(IN_FLIGHT, |key| {
        let schema = match key.name {
            "max" => json!({"anyOf": [{"type": "integer", "minimum": 1}, reference("parameter")]}),
            "groupBy" => json!({"anyOf": [{"enum": GroupBy::WORDS}, reference("path")]}),
            _ => value(key.kind),
        };
        property(key, schema)
    });
    mapping(LIMITS, |key| {
        let schema = match key.name {
            "maxUnhealthy" => {
                or_filled_in(json!({"type": ["string", "integer"], "pattern": MOST, "minimum": 1}))
            }
            "inFlight" => in_flight.clone(),
            _ => value(key.kind),
        };
        property(key, schema)
    })
}
