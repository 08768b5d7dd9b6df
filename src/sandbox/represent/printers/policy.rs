//! What limits others: disruption budgets, quotas, priorities.

use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, boolean, integer, name, number_at, or, text};
use super::Printer;

pub(super) static BUDGET: Printer = Printer {
    columns: &[NAME, text("Min Available"), text("Max Unavailable"), integer("Allowed Disruptions"), AGE],
    cells: |budget, now| {
        vec![
            name(budget),
            number_or_share(&budget["spec"]["minAvailable"]).into(),
            number_or_share(&budget["spec"]["maxUnavailable"]).into(),
            number_at(budget, "/status/disruptionsAllowed").into(),
            age(budget, now),
        ]
    },
};

fn number_or_share(value: &Value) -> String {
    match value {
        Value::Null => "N/A".to_owned(),
        Value::String(share) => share.clone(),
        number => number.to_string(),
    }
}

pub(super) static QUOTA: Printer = Printer {
    columns: &[NAME, text("Request"), text("Limit"), AGE],
    cells: |quota, now| {
        vec![name(quota), used(quota, false).into(), used(quota, true).into(), age(quota, now)]
    },
};

/// `pods: 1/10, requests.cpu: 0/4`.
fn used(quota: &Value, limits: bool) -> String {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let of_these = hard.into_iter().flatten().filter(|(name, _)| name.starts_with("limits.") == limits);
    let shown = of_these.map(|(name, hard)| {
        let used = or(quota["status"]["used"][name].as_str().unwrap_or_default(), "0");
        format!("{name}: {used}/{}", at(hard, ""))
    });
    shown.collect::<Vec<_>>().join(", ")
}

pub(super) static PRIORITY_CLASS: Printer = Printer {
    columns: &[NAME, integer("Value"), boolean("Global-Default"), AGE, text("PreemptionPolicy")],
    cells: |class, now| {
        vec![
            name(class),
            number_at(class, "/value").into(),
            (class["globalDefault"] == true).into(),
            age(class, now),
            or(at(class, "/preemptionPolicy"), "PreemptLowerPriority").into(),
        ]
    },
};
