//! Watches: streamed lists, and what follows them.

use std::time::Duration;

use serde_json::json;

use super::bodies::{line, odd_objects, secret};
use super::patient::Case;
use crate::support::{Flood, Seen};

fn is_stream(seen: &Seen) -> bool {
    seen.is_watch_of("secrets")
}

fn resumes(seen: &Seen) -> bool {
    is_stream(seen) && !seen.has_parameter("sendInitialEvents", "true")
}

/// The daemon follows; then its watch is cut, and the next one is this.
async fn followed_by(flood: Flood) -> Case {
    let case = Case::new().await;
    case.attack(resumes, flood);
    case.proxy.cut_watches();
    case
}

#[tokio::test]
async fn a_line_without_end_in_a_streamed_list() {
    let mut case =
        Case::under(is_stream, Flood::once("{\"type\":\"ADDED\",").for_ever(vec![b'x'; 1 << 16])).await;
    case.bears("a line of the watch has no end").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_line_without_end_in_a_watch() {
    let mut case = followed_by(Flood::once("").for_ever(vec![b'{'; 1 << 16])).await;
    case.bears("a line of the watch has no end").await;
    case.recovers().await;
}

// What is neither silent nor wrong is borne for as long as a watch may last, five minutes: the next three do not
// wait for that.

#[tokio::test]
async fn a_line_that_comes_a_byte_at_a_time() {
    let mut case = followed_by(Flood::once("").for_ever("{").each_after(Duration::from_millis(100))).await;
    case.bears("the watch was interrupted").await;
}

#[tokio::test]
async fn blank_lines_for_ever() {
    let mut case =
        followed_by(Flood::once("").for_ever(vec![b'\n'; 1 << 10]).each_after(Duration::from_millis(1)))
            .await;
    case.bears("the watch was interrupted").await;
}

#[tokio::test]
async fn the_same_event_for_ever() {
    let event = line("MODIFIED", secret("same", &json!({})).to_string().as_bytes());
    let mut case =
        followed_by(Flood::once("").for_ever(event.repeat(50)).each_after(Duration::from_millis(1))).await;
    case.bears("the watch was interrupted").await;
}

#[tokio::test]
async fn odd_objects_are_left_out_and_what_cannot_be_followed_is_listed_afresh() {
    let events: Vec<u8> = odd_objects().iter().flat_map(|object| line("ADDED", object)).collect();
    let mut case = followed_by(Flood::once(events)).await;
    case.bears("an object cannot be read").await;
    case.recovers().await;
}

#[tokio::test]
async fn lines_that_are_no_events() {
    for (text, told) in [
        ("[]\n", "cannot be read"),
        ("{\"type\":\"ADDED\"}\n", "cannot be read"),
        ("{\"object\":{}}\n", "cannot be read"),
        ("{\"type\":\"NEW\",\"object\":{}}\n", "cannot be read"),
        ("{\"type\":\"DELETED\",\"object\":7}\n", "cannot be read"),
        ("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":[]}}\n", "cannot be read"),
        ("{\"type\":\"ERROR\",\"object\":[1]}\n", "the watch was interrupted"),
        ("\u{0}\u{0}\n", "cannot be read"),
    ] {
        let mut case = followed_by(Flood::once(text)).await;
        case.daemon.wait_for_line(told, Duration::from_secs(20)).await;
        assert!(case.daemon.has_ended().is_none(), "{text}");
    }
}
