//! Cases that the generators have found, as small as they became, each with the name of what was wrong.

use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::pool::{known, loaded, shown};
use crate::{model, rules};

/// What the engine and the model say of one matcher.
fn agree(matcher: Value, object: Value, now: &str) {
    let now = now.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
    let mut tree = rules::rule(&mut Choices::new(&[]), "rule");
    tree["match"] = json!([matcher]);
    let made = loaded(&[tree]).remove(0);
    let verdict = made.evaluate(&Observation::new(object.clone()), now);
    let said = model::rule(&made.tree, &object, now);
    let shown = shown(&format!("{verdict:?}"), &made.tree, &object, now);
    assert_eq!(known(verdict.truth), said.truth, "{shown}");
    assert_eq!(verdict.holds_since.map(jiff::Timestamp::as_nanosecond), said.since, "{shown}");
    assert!(said.since.is_none_or(|since| since <= now), "{shown}");
}

/// `for` then counted from that time, and the rule waited too long.
#[test]
fn what_is_created_in_the_future_has_not_been_alive_since_then() {
    let object = json!({ "metadata": { "creationTimestamp": "2026-01-01T12:01:00Z" } });
    agree(json!({ "terminating": false }), object, "2026-01-01T12:00:00Z");
}
