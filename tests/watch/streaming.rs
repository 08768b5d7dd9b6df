//! Streaming lists, and the way back to pages.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::projection::Projection;

use crate::script::{Answer, failure, object, ok, page};
use crate::server::{Events, Server, pods};

const STREAMING: &str =
    "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
const IN_PAGES: [&str; 4] = ["list started", "listed a", "synced", "applied b"];

/// A list in one page, and a watch.
fn pages() -> [Answer; 2] {
    [page(&["a"], 5, ""), ok().added("b", 6).hang()]
}

#[tokio::test(start_paused = true)]
async fn a_streaming_list_is_one_request_and_goes_over_into_the_watch() {
    let answer = ok().added("a", 3).added("b", 9).end_of_initial_events(9).added("c", 10);
    let server = Server::streaming(vec![answer.event("DELETED", &object("a", 11)).hang()]);
    let expected = ["list started", "listed a", "listed b", "synced", "applied c 10", "deleted a"];
    server.run().expect(&expected).await;
    assert_eq!(server.queries(), [STREAMING]);
    let uri = &server.seen()[0].uri;
    let seconds: u64 = uri.rsplit_once("timeoutSeconds=").unwrap().1.parse().unwrap();
    assert!(uri.starts_with("/api/v1/pods?") && (261..=290).contains(&seconds), "{uri}");
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_it_is_streamed_belongs_to_the_list() {
    let answer = ok().added("a", 3).added("b", 4).event("MODIFIED", &object("a", 10));
    let answer = answer.event("DELETED", &object("b", 11)).end_of_initial_events(11).hang();
    let server = Server::streaming(vec![answer]);
    let expected = ["list started", "listed a", "listed b", "listed a", "deleted b", "synced"];
    server.run().expect(&expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_streaming_list_goes_on_from_its_bookmark_and_not_from_its_objects() {
    let cut = ok().added("new", 50).added("old", 3).end_of_initial_events(60).cut();
    let server = Server::streaming(vec![cut, ok().added("b", 61).hang()]);
    let expected =
        ["list started", "listed new", "listed old", "synced", "interrupted: ", "resumed", "applied b"];
    server.run().expect(&expected).await;
    assert_eq!(server.queries()[1], "watch=1&allowWatchBookmarks=true&resourceVersion=60");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_to_stream_is_asked_in_pages_and_never_again() {
    for status in [400, 422] {
        let refused = failure(status, "Invalid", "sendInitialEvents is forbidden");
        let answers = [vec![refused], pages().to_vec(), pages().to_vec()].concat();
        let server = Server::streaming(answers);
        server.run().expect(&IN_PAGES).await;
        server.run().expect(&IN_PAGES).await;
        let watch = "watch=1&allowWatchBookmarks=true&resourceVersion=5";
        assert_eq!(server.queries(), [STREAMING, "limit=100", watch, "limit=100", watch]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_extension_server_that_refuses_to_stream_speaks_for_its_group_alone() {
    let refused = failure(400, "BadRequest", "unknown parameter");
    let answers = [vec![refused], pages().to_vec(), vec![ok().end_of_initial_events(1).hang()]].concat();
    let server = Server::streaming(answers);
    let mut watch = server.watch();
    let mut resource = pods();
    resource.group = "extension.example".to_owned();
    watch.resource = Arc::new(resource);
    Events::of(watch).expect(&IN_PAGES).await;
    server.run().expect(&["list started", "synced"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_server_that_streams_without_end_is_asked_in_pages_and_so_is_every_group() {
    let answers = [vec![ok().added("a", 1).hang()], pages().to_vec()].concat();
    let server = Server::streaming(answers);
    let mut events = server.run();
    events.expect(&["list started", "listed a"]).await;
    events.expect(&IN_PAGES).await;
    assert!(server.times()[1] <= 16.0, "{:?}", server.times());
    assert!(!server.streaming.worth_asking("") && !server.streaming.worth_asking("apps"));
}

#[tokio::test(start_paused = true)]
async fn an_old_server_where_something_always_happens_is_recognised_all_the_same() {
    let busy = (0..100).fold(ok(), |answer, version| answer.wait(1).event("MODIFIED", &object("a", version)));
    let server = Server::streaming([vec![busy.hang()], pages().to_vec()].concat());
    let mut events = server.run();
    while server.seen().len() < 2 {
        events.next().await;
    }
    assert!((server.times()[1] - 60.0).abs() < 2.0, "{:?}", server.times());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_cut_while_it_is_streamed_begins_anew() {
    let answers =
        vec![ok().added("a", 3).added("b", 4).cut(), ok().added("b", 4).end_of_initial_events(9).hang()];
    let server = Server::streaming(answers);
    let expected =
        ["list started", "listed a", "listed b", "interrupted: ", "list started", "listed b", "synced"];
    server.run().expect(&expected).await;
    assert_eq!(server.queries(), [STREAMING, STREAMING]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_cuts_every_streaming_list_gets_pages() {
    let cut = ok().added("a", 3);
    let server = Server::streaming([vec![cut.clone(), cut], pages().to_vec()].concat());
    let mut events = server.run();
    events
        .expect(&["list started", "listed a", "interrupted: the list broke off", "list started", "listed a"])
        .await;
    events.expect(&IN_PAGES).await;
    assert!(server.streaming.worth_asking(""), "it was not the server that refused");
}

#[tokio::test(start_paused = true)]
async fn rules_that_read_metadata_alone_are_sent_metadata_alone() {
    let answers = [vec![failure(422, "Invalid", "")], pages().to_vec()].concat();
    let server = Server::streaming(answers);
    let mut watch = server.watch();
    watch.projection = Arc::new(Projection::of_identity());
    watch.namespace = Some("test-a".to_owned());
    Events::of(watch).expect(&IN_PAGES).await;
    let accepted: Vec<String> = server.seen().into_iter().map(|seen| seen.accept).collect();
    let object = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    let list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    assert_eq!(accepted, [object, list, object]);
    assert!(server.seen().iter().all(|seen| seen.uri.starts_with("/api/v1/namespaces/test-a/pods?")));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_is_not_taken_for_a_server_that_is_silent() {
    let flood = (0..50).fold(ok(), |answer, version| answer.added("a", version));
    let server = Server::streaming(vec![flood.end_of_initial_events(50).hang()]);
    let mut events = server.run();
    events.expect(&["list started"]).await;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        events.expect(&["listed a"]).await;
    }
    events.expect(&["synced"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_follows_on_the_connection_of_its_list_takes_no_turn_from_the_lists() {
    let listed = ok().added("a", 3).end_of_initial_events(9).hang();
    let server = Server::streaming(vec![listed; 3]);
    for _ in 0..3 {
        let mut events = server.run();
        events.expect(&["list started", "listed a", "synced"]).await;
        // It goes on following.
        tokio::spawn(async move { events.next().await });
    }
}
