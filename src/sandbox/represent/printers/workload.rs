//! What keeps pods alive: deployments, replica sets, stateful sets, daemon sets.

use jiff::Timestamp;
use serde_json::Value;

use super::super::columns::{
    AGE, Heading, NAME, age, integer, items_at, joined, labels, name, number_at, selector, text,
};
use super::Printer;

const CONTAINERS: Heading = text("Containers").wide();
const IMAGES: Heading = text("Images").wide();
const SELECTOR: Heading = text("Selector").wide();

/// The names and the images of the containers at a JSON pointer.
pub(super) fn containers(object: &Value, pointer: &str) -> [Value; 2] {
    let containers = items_at(object, pointer);
    [joined(containers, "/name", ",").into(), joined(containers, "/image", ",").into()]
}

/// What the `-o wide` columns of most have.
fn wide(object: &Value) -> [Value; 3] {
    let [names, images] = containers(object, "/spec/template/spec/containers");
    [names, images, selector(object.pointer("/spec/selector")).into()]
}

/// As many as are wanted: one, where nothing is said.
fn wanted(object: &Value) -> i64 {
    match object.pointer("/spec") {
        Some(spec) => spec["replicas"].as_i64().unwrap_or(1),
        None => 0,
    }
}

pub(super) static DEPLOYMENT: Printer = Printer {
    columns: &[NAME, text("Ready"), text("Up-to-date"), text("Available"), AGE, CONTAINERS, IMAGES, SELECTOR],
    cells: |deployment, now| {
        let ready = format!("{}/{}", number_at(deployment, "/status/readyReplicas"), wanted(deployment));
        let mut cells = vec![
            name(deployment),
            ready.into(),
            number_at(deployment, "/status/updatedReplicas").into(),
            number_at(deployment, "/status/availableReplicas").into(),
            age(deployment, now),
        ];
        cells.extend(wide(deployment));
        cells
    },
};

const REPLICA_COLUMNS: &[Heading] =
    &[NAME, integer("Desired"), integer("Current"), integer("Ready"), AGE, CONTAINERS, IMAGES, SELECTOR];

fn replicas(set: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(set),
        wanted(set).into(),
        number_at(set, "/status/replicas").into(),
        number_at(set, "/status/readyReplicas").into(),
        age(set, now),
    ]
}

pub(super) static REPLICA_SET: Printer = Printer {
    columns: REPLICA_COLUMNS,
    cells: |set, now| {
        let mut cells = replicas(set, now);
        cells.extend(wide(set));
        cells
    },
};

pub(super) static REPLICATION_CONTROLLER: Printer = Printer {
    columns: REPLICA_COLUMNS,
    cells: |controller, now| {
        let mut cells = replicas(controller, now);
        cells.extend(containers(controller, "/spec/template/spec/containers"));
        cells.push(labels(controller.pointer("/spec/selector")).into());
        cells
    },
};

pub(super) static STATEFUL_SET: Printer = Printer {
    columns: &[NAME, text("Ready"), AGE, CONTAINERS, IMAGES],
    cells: |set, now| {
        let ready = format!("{}/{}", number_at(set, "/status/readyReplicas"), wanted(set));
        let mut cells = vec![name(set), ready.into(), age(set, now)];
        cells.extend(containers(set, "/spec/template/spec/containers"));
        cells
    },
};

pub(super) static DAEMON_SET: Printer = Printer {
    columns: &[
        NAME,
        integer("Desired"),
        integer("Current"),
        integer("Ready"),
        integer("Up-to-date"),
        integer("Available"),
        text("Node Selector"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |set, now| {
        let mut cells = vec![name(set)];
        let counts = [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        ];
        cells.extend(counts.map(|count| Value::from(number_at(set, &format!("/status/{count}")))));
        cells.push(labels(set.pointer("/spec/template/spec/nodeSelector")).into());
        cells.push(age(set, now));
        cells.extend(wide(set));
        cells
    },
};
