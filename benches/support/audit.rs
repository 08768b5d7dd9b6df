//! The server's own record of who asked for what, with both of its times.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Record {
    pub verb: String,
    pub uri: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub user_agent: String,
    pub code: u64,
    /// When it came, by the server's clock, which on one machine is everybody's.
    pub received: Timestamp,
    /// When it was answered; a watch: when it began.
    pub answered: Timestamp,
}

impl Record {
    pub fn is_the_daemons(&self) -> bool {
        self.user_agent.starts_with("k8s-healer/")
    }

    /// How long the server took, in milliseconds.
    pub fn took(&self) -> f64 {
        between(self.received, self.answered)
    }
}

/// Milliseconds; negative where the second moment is the earlier one.
pub fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1e3
}

/// Where the file ends now.
pub fn end(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

/// What was answered since, but for watches' ends.
pub fn since(file: &Path, mut from: u64) -> Vec<Record> {
    next(file, &mut from)
}

/// The same, up to the last whole line; `from` is then where that ends.
pub fn next(file: &Path, from: &mut u64) -> Vec<Record> {
    let mut file = File::open(file).unwrap();
    file.seek(SeekFrom::Start(*from)).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    *from += whole as u64;
    // A server that is killed may leave the beginning of a line.
    let lines = bytes[..whole].split(|byte| *byte == b'\n');
    let events = lines.filter_map(|line| serde_json::from_slice(line).ok());
    events
        .filter(|event: &Value| event["verb"] != "watch" || event["stage"] == "ResponseStarted")
        .map(parse)
        .collect()
}

fn parse(event: Value) -> Record {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let time = |value: &Value| value.as_str().unwrap_or_default().parse().expect("a time");
    let object = &event["objectRef"];
    Record {
        verb: text(&event["verb"]),
        uri: text(&event["requestURI"]),
        resource: text(&object["resource"]),
        subresource: text(&object["subresource"]),
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
        user_agent: text(&event["userAgent"]),
        code: event["responseStatus"]["code"].as_u64().unwrap_or_default(),
        received: time(&event["requestReceivedTimestamp"]),
        answered: time(&event["stageTimestamp"]),
    }
}
