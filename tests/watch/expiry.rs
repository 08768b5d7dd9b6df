//! Lost positions: in all their forms they lead to a fresh list, so that nothing is missed.

use std::time::Duration;

use serde_json::json;

use crate::script::{Answer, failure, object, ok, page};
use crate::server::Server;

const WATCH: &str = "watch=1&allowWatchBookmarks=true&resourceVersion=";

/// A list of version 5 with `a` and `gone`; a watch that ends like this; that it leads to a list of
/// version 20 with `a`, and to a watch from there. What was told in between, and the seconds that the
/// ending took.
async fn assert_listed_afresh(ending: Answer, told: &[&str]) -> f64 {
    let answers =
        vec![page(&["a", "gone"], 5, ""), ending.clone(), page(&["a"], 20, ""), ok().added("b", 21).hang()];
    let server = Server::of_pages(answers);
    let mut events = server.run();
    events.expect(&["list started", "listed a", "listed gone", "synced"]).await;
    events.expect(told).await;
    events.expect(&["interrupted: ", "list started", "listed a", "synced", "applied b 21"]).await;
    let expected =
        ["limit=100".to_owned(), format!("{WATCH}5"), "limit=100".to_owned(), format!("{WATCH}20")];
    assert_eq!(server.queries(), expected, "{ending:?}");
    let times = server.times();
    times[2] - times[1]
}

fn status(code: u16, reason: &str, message: &str) -> serde_json::Value {
    json!({"kind": "Status", "code": code, "reason": reason, "message": message})
}

#[tokio::test(start_paused = true)]
async fn an_expired_version_told_in_the_stream() {
    for reason in ["Expired", "Gone", ""] {
        let ending = ok().event("ERROR", &status(410, reason, "too old resource version: 5 (10)")).hang();
        let seconds = assert_listed_afresh(ending, &[]).await;
        assert!(seconds < 1.1, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_version_told_as_the_http_status() {
    assert_listed_afresh(failure(410, "Expired", "too old resource version"), &[]).await;
}

#[tokio::test(start_paused = true)]
async fn an_expired_version_told_without_a_status_object() {
    let mut bare = failure(410, "", "");
    bare = bare.bytes("gone");
    assert_listed_afresh(bare, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_the_server_has_not_reached() {
    let cause = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
    let mut too_large = status(504, "Timeout", "Too large resource version: 5, current: 3");
    assert_listed_afresh(ok().event("ERROR", &too_large).hang(), &[]).await;
    too_large["details"] = json!({"causes": cause});
    too_large["message"] = "timed out".into();
    assert_listed_afresh(ok().event("ERROR", &too_large).hang(), &[]).await;
    assert_listed_afresh(failure(504, "Timeout", "Too large resource version: 5, current: 3"), &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_the_server_cannot_read() {
    assert_listed_afresh(failure(400, "BadRequest", "invalid resource version"), &[]).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_stream_that_may_have_eaten_an_event() {
    assert_listed_afresh(
        ok().added("b", 6).event("ERROR", &status(500, "", "unable to decode")),
        &["applied b"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn lines_that_cannot_be_read_where_a_deletion_may_be_lost() {
    let lines = [
        "not json",
        r#"{"type":"DELETED","object":{"metadata":{"name":"gone"}}}"#,
        r#"{"type":"NEW","object":{}}"#,
    ];
    for line in lines {
        assert_listed_afresh(ok().added("b", 6).bytes(&format!("{line}\n")).hang(), &["applied b"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_word_until_its_end_proves_nothing() {
    let seconds = assert_listed_afresh(ok().wait(290), &[]).await;
    assert!(seconds >= 290.0, "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_word_that_the_server_does_not_end() {
    let seconds = assert_listed_afresh(ok().hang(), &[]).await;
    assert!((290.0..330.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_had_bookmarks_and_falls_silent() {
    let seconds = assert_listed_afresh(ok().wait(60).bookmark(6).wait(60).bookmark(7).hang(), &[]).await;
    assert!((270.0..273.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn blank_bytes_are_no_events_but_no_silence_either() {
    let trickle = (0..20).fold(ok().bookmark(6), |answer, _| answer.wait(100).bytes("\n"));
    let seconds = assert_listed_afresh(trickle.hang(), &[]).await;
    assert!((290.0..330.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn watches_that_are_ended_early_and_without_a_word_again_and_again() {
    let answers =
        [vec![page(&["a"], 5, "")], vec![ok().wait(60); 5], vec![page(&[], 20, ""), ok().hang()]].concat();
    let server = Server::of_pages(answers);
    let mut events = server.run();
    events.expect(&["list started", "listed a", "synced"]).await;
    for _ in 0..4 {
        events.expect(&["interrupted: the server ended the watch early", "resumed"]).await;
    }
    events.expect(&["interrupted: the watch ended without", "list started", "synced"]).await;
    assert_eq!(server.queries()[6], "limit=100");
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_told_in_the_stream_costs_no_list() {
    let busy = ok().added("b", 6).event("ERROR", &status(429, "TooManyRequests", "busy"));
    let server =
        Server::of_pages(vec![page(&[], 5, ""), busy, ok().event("DELETED", &object("b", 7)).hang()]);
    let mut events = server.run();
    events.expect(&["list started", "synced", "applied b", "interrupted: ", "resumed", "deleted b"]).await;
    assert_eq!(server.queries()[2], format!("{WATCH}6"));
}

#[tokio::test(start_paused = true)]
async fn an_expired_streaming_list_is_streamed_anew() {
    let expired = ok().added("a", 3).event("ERROR", &status(410, "Expired", "too old"));
    let server = Server::streaming(vec![expired, ok().added("a", 3).end_of_initial_events(9).hang()]);
    let told = ["list started", "listed a", "interrupted: ", "list started", "listed a", "synced"];
    let mut events = server.run();
    tokio::time::timeout(Duration::from_secs(5), events.expect(&told)).await.expect("soon");
}
