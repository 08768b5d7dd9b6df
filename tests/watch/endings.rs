//! How watches end, and how they go on.

use std::time::Duration;

use serde_json::json;

use crate::script::{Answer, failure, object, ok, page};
use crate::server::{Server, in_words};

const LISTED: [&str; 3] = ["list started", "listed a", "synced"];
const FROM_5: &str = "watch=1&allowWatchBookmarks=true&resourceVersion=5";

/// A list of version 5, and then this.
fn after_a_list(answers: Vec<Answer>) -> Server {
    Server::of_pages([vec![page(&["a"], 5, "")], answers].concat())
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_in_its_time_is_renewed_from_the_last_version_and_nothing_is_told() {
    let server = after_a_list(vec![
        ok().wait(140).added("b", 8).wait(140),
        ok().wait(140).bookmark(12).wait(140),
        ok().wait(140).event("DELETED", &object("b", 15)).wait(140),
        ok().added("c", 16).hang(),
    ]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["applied b 8", "deleted b", "applied c 16"]).await;
    let versions = server.queries()[1..].to_vec();
    let from = |version: u32| format!("watch=1&allowWatchBookmarks=true&resourceVersion={version}");
    assert_eq!(versions, [5, 8, 12, 15].map(from));
    assert!(server.times()[4] <= 840.1, "at once: {:?}", server.times());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_in_mid_line_goes_on_from_the_last_whole_one() {
    let cut = ok().added("b", 8).bytes("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"c\"").cut();
    let server = after_a_list(vec![cut, ok().added("c", 9).hang()]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["applied b 8", "interrupted: ", "resumed", "applied c 9"]).await;
    assert_eq!(server.queries()[2], "watch=1&allowWatchBookmarks=true&resourceVersion=8");
}

#[tokio::test(start_paused = true)]
async fn a_last_line_without_its_end_is_read_again() {
    let torn = format!(r#"{{"type":"ADDED","object":{}}}"#, object("b", 8));
    let server = after_a_list(vec![ok().bytes(&torn), ok().added("b", 8).hang()]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["interrupted: the server ended the watch early", "resumed", "applied b 8"]).await;
    assert_eq!(server.queries()[2], FROM_5);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_is_resumed_as_soon_as_it_is_not_refused() {
    let server = after_a_list(vec![ok().wait(100).cut(), ok().hang()]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["interrupted: "]).await;
    tokio::time::timeout(Duration::from_secs(3), events.expect(&["resumed"])).await.expect("soon");
}

#[tokio::test(start_paused = true)]
async fn failures_are_repeated_with_growing_pauses_and_told_once() {
    let down = failure(503, "", "down");
    let server = after_a_list([vec![down; 8], vec![ok().added("b", 8).wait(40).cut(), ok().hang()]].concat());
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["interrupted: the server answered 503: down", "resumed", "applied b 8"]).await;
    let times = server.times();
    let pauses: Vec<f64> = times[1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, full) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]) {
        assert!(*pause >= full / 2.0 && *pause <= full + 0.1, "{pauses:?}");
    }
    assert!(server.queries()[1..].iter().all(|query| query == FROM_5));
    // It lasted: failures count from one again.
    events.expect(&["interrupted: ", "resumed"]).await;
    let times = server.times();
    assert!(times[10] - times[9] <= 41.1, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_again_and_again_is_not_asked_for_in_a_rush() {
    let answers = (6..26).map(|version| ok().added("b", version)).collect();
    let server = after_a_list(answers);
    let mut events = server.run();
    while server.seen().len() < 20 {
        events.next().await;
    }
    assert!(server.times()[19] > 150.0, "{:?}", server.times());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_every_minute_is_never_away_for_more_than_a_moment() {
    let answers = (6..26).map(|version| ok().added("b", version).wait(60).cut()).collect();
    let server = after_a_list(answers);
    let mut events = server.run();
    while server.seen().len() < 20 {
        events.next().await;
    }
    let times = server.times();
    assert!(times[1..].windows(2).all(|pair| pair[1] - pair[0] <= 61.1), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_served_ends_the_watch() {
    let not_found = || failure(404, "NotFound", "the server could not find the requested resource");
    let server = Server::of_pages(vec![not_found()]);
    let mut events = server.run();
    events.expect(&["absent"]).await;
    events.expect_end().await;
    events.task.await.unwrap();

    let server = Server::streaming(vec![not_found()]);
    server.run().expect(&["absent"]).await;

    let server = after_a_list(vec![not_found()]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["absent"]).await;
    events.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_forbidden_for_a_while_is_told_once_and_goes_on_where_it_was() {
    let forbidden = || failure(403, "Forbidden", "no");
    let server = after_a_list(vec![
        ok().wait(60).added("b", 8).wait(210),
        failure(401, "Unauthorized", "Unauthorized"),
        forbidden(),
        forbidden(),
        ok().added("c", 9).hang(),
    ]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    let expected = [
        "applied b",
        "forbidden: the server answered 401",
        "forbidden: the server answered 403: no",
        "resumed",
    ];
    events.expect(&expected).await;
    events.expect(&["applied c 9"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_forbidden_is_tried_again_and_nothing_is_taken_for_gone() {
    let forbidden = || failure(403, "Forbidden", "no");
    let server = Server::streaming(vec![forbidden(), forbidden(), forbidden(), page(&["a"], 5, "")]);
    let mut events = server.run();
    events.expect(&["forbidden: the server answered 403: no"]).await;
    events.expect(&LISTED).await;
}

#[tokio::test(start_paused = true)]
async fn one_unreadable_object_of_a_watch_is_left_out_and_the_watch_goes_on() {
    let answer = ok().event("MODIFIED", &json!({"metadata": {"name": "x"}})).added("b", 9).hang();
    let server = after_a_list(vec![answer]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    events.expect(&["undecodable: an object has no `metadata.uid`: `x`", "applied b 9"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_away_ends_the_watch() {
    let server = after_a_list(vec![ok().hang()]);
    let mut events = server.run();
    events.expect(&LISTED).await;
    tokio::time::timeout(Duration::from_secs(1), events.leave()).await.expect("at once").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_goes_well_is_left_alone() {
    let hour = (0..12).map(|at| (1..=4).fold(ok(), |answer, _| answer.wait(60).bookmark(100 + at)).wait(20));
    let server = after_a_list(hour.collect());
    let mut events = server.run();
    events.expect(&LISTED).await;
    let quiet = tokio::time::timeout(Duration::from_secs(3_100), events.next()).await;
    assert!(quiet.is_err(), "{}", in_words(&quiet.unwrap()));
}
