//! Events, of the older and of the newer API.

use jiff::Timestamp;
use serde_json::Value;

use super::super::columns::{NAME, at, name, number_at, or, text};
use super::super::duration::since;
use super::Printer;

pub(super) static EVENT: Printer = Printer {
    columns: &[
        text("Last Seen"),
        text("Type"),
        text("Reason"),
        text("Object"),
        text("Subobject").wide(),
        text("Source").wide(),
        text("Message"),
        text("First Seen").wide(),
        text("Count").wide(),
        NAME.wide(),
    ],
    cells,
};

fn cells(event: &Value, now: Timestamp) -> Vec<Value> {
    let first = or(at(event, "/firstTimestamp"), at(event, "/eventTime"));
    let series = event.get("series").filter(|series| !series.is_null());
    let (last, count) = match series {
        Some(series) => (at(series, "/lastObservedTime"), number_at(series, "/count")),
        None => (or(at(event, "/lastTimestamp"), first), number_at(event, "/count").max(1)),
    };
    vec![
        since(last, now).into(),
        at(event, "/type").into(),
        at(event, "/reason").into(),
        object(event).into(),
        at(event, "/involvedObject/fieldPath").into(),
        source(event).into(),
        at(event, "/message").trim().into(),
        since(first, now).into(),
        count.into(),
        name(event),
    ]
}

fn object(event: &Value) -> String {
    let kind = at(event, "/involvedObject/kind").to_lowercase();
    match at(event, "/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let component = or(at(event, "/source/component"), at(event, "/reportingComponent"));
    match or(at(event, "/source/host"), at(event, "/reportingInstance")) {
        "" => component.to_owned(),
        instance => format!("{component}, {instance}"),
    }
}
