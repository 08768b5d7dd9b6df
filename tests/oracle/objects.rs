//! Makes objects as odd as real ones: most fields are there, some are missing, null or of another type; times
//! are written in every way, lists are empty, counts are left out.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::field_rules::{DURATIONS, QUANTITIES, WORDS};
use crate::rules::{
    ANNOTATIONS, CODES, FINALIZERS, LABEL_VALUES, LABELS, NAMES, OWNERS, PHASES, REASONS, TYPES,
};

/// 2026-01-01T12:00:00Z, about which everything happens.
pub(crate) const NOON: i64 = 1_767_268_800;

/// How long before noon things happened, in seconds; some are still to come.
const AGO: [i64; 12] = [3600, 0, 1, 90, 360, 359, 5400, 172_800, 604_800, -60, 1800, -7200];

/// A whole object.
pub(crate) fn object(choices: &mut Choices<'_>) -> Value {
    let mut object = Map::new();
    object.insert("metadata".to_owned(), metadata(choices));
    put(&mut object, choices, 12, "status", status);
    put(&mut object, choices, 8, "spec", spec);
    object.into()
}

/// Puts a field there, but in one of `often` cases leaves it out, or puts nothing or something else there.
fn put(
    object: &mut Map<String, Value>,
    choices: &mut Choices<'_>,
    often: usize,
    key: &str,
    make: impl Fn(&mut Choices<'_>) -> Value,
) {
    let value = match choices.below(often + 2) {
        // By itself an object has next to nothing.
        0 => return,
        1 => choices
            .pick(&[&json!(null), &json!("odd"), &json!(7), &json!([]), &json!({}), &json!([null])])
            .clone(),
        _ => make(choices),
    };
    object.insert(key.to_owned(), value);
}

/// A time in one of the ways in which times are written, some of them not readable by any rule.
pub(crate) fn time(choices: &mut Choices<'_>) -> Value {
    let second = NOON - choices.pick(&AGO);
    let text = |second: i64| Timestamp::from_second(second).expect("a time").to_string();
    let bare = |second: i64| text(second).trim_end_matches('Z').to_owned();
    match choices.below(26) {
        10 => format!("{}.5Z", bare(second)).into(),
        11 => format!("{}.123456789Z", bare(second)).into(),
        12 => format!("{}+02:00", bare(second + 7200)).into(),
        13 => format!("{}.25-05:30", bare(second - 19_800)).into(),
        14 => text(second)[..10].into(),
        15 => text(second)[..16].into(),
        16 => text(second).replace(['-', ':'], "").into(),
        17 => second.into(),
        18 => second.to_string().into(),
        19 => text(second).to_lowercase().into(),
        20 => text(second).replace('T', " ").into(),
        21 => "2026-02-30T00:00:00Z".into(),
        22 => "soon".into(),
        23 => format!("{}.1234567899z", bare(second)).into(),
        24 => format!("{}+24:00", bare(second + 86_400)).into(),
        _ => text(second).into(),
    }
}

/// As the API server writes it.
fn stamp(choices: &mut Choices<'_>) -> Value {
    if choices.one_in(10) { time(choices) } else { seconds(NOON - choices.pick(&AGO)) }
}

pub(crate) fn seconds(second: i64) -> Value {
    Timestamp::from_second(second).expect("a time").to_string().into()
}

fn metadata(choices: &mut Choices<'_>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), choices.pick(&NAMES).into());
    metadata.insert("namespace".to_owned(), "test-a".into());
    metadata.insert("uid".to_owned(), "u".into());
    metadata.insert("resourceVersion".to_owned(), "1".into());
    put(&mut metadata, choices, 14, "creationTimestamp", stamp);
    put(&mut metadata, choices, 6, "labels", |choices| {
        let mut labels = Map::new();
        LABELS.iter().for_each(|key| put(&mut labels, choices, 2, key, |c| c.pick(&LABEL_VALUES).into()));
        labels.into()
    });
    put(&mut metadata, choices, 6, "annotations", |choices| {
        let mut annotations = Map::new();
        for key in ANNOTATIONS {
            put(&mut annotations, choices, 3, key, |choices| match key {
                "janitor/ttl" if choices.one_in(6) => "forever".into(),
                "janitor/ttl" => choices.pick(&DURATIONS).into(),
                "a.b/expires" => time(choices),
                _ => choices.pick(&LABEL_VALUES).into(),
            });
        }
        annotations.into()
    });
    if choices.one_in(3) {
        put(&mut metadata, choices, 14, "deletionTimestamp", stamp);
        put(&mut metadata, choices, 3, "deletionGracePeriodSeconds", |c| c.pick(&[30, 0, 3600, -5]).into());
    }
    put(&mut metadata, choices, 2, "finalizers", |choices| json!(choices.some(&FINALIZERS, 3)));
    put(&mut metadata, choices, 2, "ownerReferences", |choices| {
        let owner = |choices: &mut Choices<'_>| {
            let mut owner = Map::new();
            put(&mut owner, choices, 8, "kind", |choices| choices.pick(&OWNERS).into());
            put(&mut owner, choices, 2, "controller", |choices| choices.mostly(3).into());
            owner.into()
        };
        (0..=choices.below(2)).map(|_| owner(choices)).collect::<Vec<Value>>().into()
    });
    put(&mut metadata, choices, 4, "generation", |choices| choices.pick(&[3, 0, 7]).into());
    metadata.insert(
        "managedFields".to_owned(),
        json!([{ "manager": "kubelet", "fieldsV1": { "f:status": {} } }]),
    );
    metadata.into()
}

fn spec(choices: &mut Choices<'_>) -> Value {
    let mut spec = Map::new();
    put(&mut spec, choices, 4, "replicas", |choices| {
        choices
            .pick(&[&json!(3), &json!(0), &json!(2.5), &json!("3"), &json!(1_767_261_600), &json!(-1)])
            .clone()
    });
    put(&mut spec, choices, 4, "paused", |choices| choices.one_in(2).into());
    put(&mut spec, choices, 4, "limit", quantity);
    put(&mut spec, choices, 4, "epoch", time);
    put(&mut spec, choices, 4, "items", |choices| {
        let item = |choices: &mut Choices<'_>| if choices.one_in(9) { Value::Null } else { word(choices) };
        (0..choices.below(4)).map(|_| item(choices)).collect::<Vec<_>>().into()
    });
    put(&mut spec, choices, 4, "node", |choices| json!({ "name": word(choices), "zone": word(choices) }));
    put(&mut spec, choices, 4, "containers", |choices| {
        let container = |choices: &mut Choices<'_>| {
            let mut container = Map::new();
            put(&mut container, choices, 6, "name", word);
            put(
                &mut container,
                choices,
                6,
                "resources",
                |choices| json!({ "requests": { "cpu": quantity(choices), "memory": "1Gi" } }),
            );
            container.into()
        };
        (0..choices.below(4)).map(|_| container(choices)).collect::<Vec<Value>>().into()
    });
    spec.into()
}

fn word(choices: &mut Choices<'_>) -> Value {
    choices.pick(&WORDS).into()
}

fn quantity(choices: &mut Choices<'_>) -> Value {
    match choices.below(8) {
        6 => choices.pick(&[1, 0, 2000]).into(),
        7 => choices.pick(&["1.2.3", "m", "1 Gi", "", "1e"]).into(),
        _ => choices.pick(&QUANTITIES).into(),
    }
}

fn status(choices: &mut Choices<'_>) -> Value {
    let mut status = Map::new();
    put(&mut status, choices, 6, "phase", |choices| choices.pick(&PHASES).into());
    put(&mut status, choices, 5, "printableStatus", word);
    put(&mut status, choices, 6, "conditions", |choices| {
        (0..choices.below(6)).map(|_| condition(choices)).collect::<Vec<_>>().into()
    });
    for (key, often) in
        [("containerStatuses", 6), ("initContainerStatuses", 2), ("ephemeralContainerStatuses", 1)]
    {
        put(&mut status, choices, often, key, |choices| {
            (0..=choices.below(3)).map(|_| container(choices)).collect::<Vec<_>>().into()
        });
    }
    put(&mut status, choices, 4, "startTime", time);
    put(&mut status, choices, 2, "completionTime", time);
    status.into()
}

fn condition(choices: &mut Choices<'_>) -> Value {
    let mut condition = Map::new();
    put(&mut condition, choices, 14, "type", |choices| choices.pick(&TYPES).into());
    put(&mut condition, choices, 10, "status", |choices| choices.pick(&["False", "True", "Unknown"]).into());
    put(&mut condition, choices, 4, "reason", |choices| choices.pick(&REASONS).into());
    put(&mut condition, choices, 8, "lastTransitionTime", stamp);
    condition.into()
}

fn container(choices: &mut Choices<'_>) -> Value {
    let mut container = Map::new();
    let ended = |choices: &mut Choices<'_>| {
        let mut ended = Map::new();
        put(&mut ended, choices, 8, "reason", |choices| choices.pick(&REASONS).into());
        put(&mut ended, choices, 6, "exitCode", |choices| choices.pick(&CODES).into());
        put(&mut ended, choices, 2, "startedAt", time);
        Value::Object(ended)
    };
    put(&mut container, choices, 8, "state", |choices| match choices.below(4) {
        0 => json!({ "running": { "startedAt": time(choices) } }),
        1 => json!({ "terminated": ended(choices) }),
        _ => json!({ "waiting": { "reason": choices.pick(&REASONS) } }),
    });
    put(&mut container, choices, 2, "lastState", |choices| json!({ "terminated": ended(choices) }));
    put(&mut container, choices, 6, "restartCount", |choices| choices.pick(&[3, 0, 1, 12, 5]).into());
    put(&mut container, choices, 6, "ready", |choices| choices.one_in(2).into());
    container.into()
}
