//! How large each `ReplicaSet` of a deployment is to be next, within what the strategy allows.

use serde_json::Value;

use super::super::{fields, quantity};

/// The sizes to bring about now.
#[derive(Debug, PartialEq)]
pub(super) struct Sizes {
    pub(super) newest: i64,
    /// In the order of the sets.
    pub(super) old: Vec<i64>,
}

/// How many pods more than wanted there may be, and how many fewer available ones.
pub(super) fn limits(deployment: &Value) -> (i64, i64) {
    let wanted = fields::number(deployment, "/spec/replicas");
    let strategy = &deployment["spec"]["strategy"];
    if strategy["type"] == "Recreate" {
        return (0, wanted);
    }
    let limits = &strategy["rollingUpdate"];
    let quarter = Value::from("25%");
    let given = |member: &str, up| {
        let value = if limits[member].is_null() { &quarter } else { &limits[member] };
        quantity::share(value, wanted, up).unwrap_or_default().max(0)
    };
    match (given("maxSurge", true), given("maxUnavailable", false)) {
        // It could never move.
        (0, 0) => (0, 1),
        (surge, unavailable) => (surge, unavailable.min(wanted)),
    }
}

pub(super) fn sizes(deployment: &Value, newest: Option<&Value>, old: &[Value]) -> Sizes {
    let wanted = fields::number(deployment, "/spec/replicas");
    let size = |set: &Value| fields::number(set, "/spec/replicas");
    let available = |set: &Value| fields::number(set, "/status/availableReplicas");
    let exist = |set: &Value| fields::number(set, "/status/replicas");
    if deployment["spec"]["strategy"]["type"] == "Recreate" {
        let are_gone = old.iter().all(|set| size(set) == 0 && exist(set) == 0);
        let newest = if are_gone { wanted } else { newest.map_or(0, size) };
        return Sizes { newest, old: vec![0; old.len()] };
    }
    let (surge, unavailable) = limits(deployment);
    let now = newest.map_or(0, size);
    let old_sum: i64 = old.iter().map(size).sum();
    let room = (wanted + surge - now - old_sum).max(0);
    let next = if old_sum == 0 || now > wanted { wanted } else { now + room.min(wanted - now) };
    // Pods of the newest set that are not available yet are not to be counted upon.
    let all_available: i64 = newest.into_iter().chain(old).map(available).sum();
    let unavailable_of_old: i64 = old.iter().map(|set| (size(set) - available(set)).max(0)).sum();
    let mut spare = (all_available - (wanted - unavailable)).max(0) + unavailable_of_old;
    let sizes = old.iter().map(|set| {
        // Those that are not available go for nothing.
        let fewer = size(set).min(spare);
        spare -= fewer;
        size(set) - fewer
    });
    Sizes { newest: next, old: sizes.collect() }
}

/// Of a template, in the letters and digits that a real one is made of.
pub(super) fn hash(template: &Value) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    // FNV-1a.
    let mixed = template
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    mixed.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(size: i64, available: i64) -> Value {
        json!({"spec": {"replicas": size}, "status": {"replicas": size, "availableReplicas": available}})
    }

    #[test]
    fn a_rollout_stays_within_its_limits_and_ends() {
        let rolling = |replicas: i64| json!({"spec": {"replicas": replicas}});
        let recreate = json!({"spec": {"replicas": 3, "strategy": {"type": "Recreate"}}});
        for (deployment, newest, old, expected) in [
            (rolling(4), None, vec![], (4, vec![])),
            (rolling(4), Some(set(4, 4)), vec![set(0, 0)], (4, vec![0])),
            (rolling(2), Some(set(4, 4)), vec![], (2, vec![])),
            // One more, one fewer, of four.
            (rolling(4), None, vec![set(4, 4)], (1, vec![3])),
            (rolling(4), Some(set(1, 0)), vec![set(4, 4)], (1, vec![3])),
            (rolling(4), Some(set(1, 1)), vec![set(3, 3)], (2, vec![2])),
            // Those that do not run go first, whatever the limit.
            (rolling(4), Some(set(1, 0)), vec![set(4, 0)], (1, vec![0])),
            (rolling(1), Some(set(1, 0)), vec![set(1, 1)], (1, vec![1])),
            (rolling(1), Some(set(1, 1)), vec![set(1, 1)], (1, vec![0])),
            (recreate.clone(), None, vec![set(3, 3)], (0, vec![0])),
            (recreate, None, vec![set(0, 0)], (3, vec![0])),
        ] {
            let sizes = sizes(&deployment, newest.as_ref(), &old);
            assert_eq!((sizes.newest, sizes.old), expected, "{deployment} {newest:?} {old:?}");
        }
    }

    #[test]
    fn a_template_has_one_hash() {
        let template = json!({"spec": {"containers": [{"name": "main"}]}});
        assert_eq!(hash(&template), hash(&template.clone()));
        assert_ne!(hash(&template), hash(&json!({})));
    }
}
