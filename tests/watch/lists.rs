//! Lists in pages.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer::cluster::watch::Watch;
use k8s_healer_engine::projection::Projection;
use serde_json::json;

use crate::script::{failure, object, ok, page};
use crate::server::{Events, Server};

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_page_by_page_and_then_watched_from_its_version() {
    let watch = ok().added("d", 8).hang();
    let server = Server::of_pages(vec![page(&["a", "b"], 7, "x/y=="), page(&["c"], 7, ""), watch]);
    server.run().expect(&["list started", "listed a", "listed b", "listed c", "synced", "applied d 8"]).await;
    let expected =
        ["limit=100", "limit=100&continue=x%2Fy%3D%3D", "watch=1&allowWatchBookmarks=true&resourceVersion=7"];
    assert_eq!(server.queries(), expected);
}

#[tokio::test(start_paused = true)]
async fn one_object_alone_is_listed_and_watched_by_its_name() {
    let server = Server::of_pages(vec![page(&["a"], 7, ""), ok().added("a", 8).hang()]);
    let watch = Watch { name: Some("a.b:c".to_owned()), ..server.watch() };
    Events::of(watch).expect(&["list started", "listed a", "synced", "applied a 8"]).await;
    let name = "fieldSelector=metadata.name%3Da.b%3Ac";
    let watched = format!("watch=1&allowWatchBookmarks=true&resourceVersion=7&{name}");
    assert_eq!(server.queries(), [format!("limit=100&{name}"), watched]);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_told_before_the_rest_of_its_page_has_come() {
    let first = format!(r#"{{"kind":"PodList","items":[{},{{"metadata":"#, object("a", 1));
    let server = Server::of_pages(vec![ok().bytes(&first).wait(5).hang()]);
    let mut events = server.run();
    let told = events.expect(&["list started", "listed a"]);
    tokio::time::timeout(Duration::from_secs(1), told).await.expect("at once");
}

#[tokio::test(start_paused = true)]
async fn an_expired_continue_token_begins_the_list_anew() {
    let answers = vec![
        page(&["a", "gone"], 5, "token"),
        failure(410, "Expired", "the provided continue parameter is too old"),
        page(&["a"], 9, "token"),
        page(&["b"], 9, ""),
        ok().hang(),
    ];
    let server = Server::of_pages(answers);
    let mut events = server.run();
    events
        .expect(&[
            "list started",
            "listed a",
            "listed gone",
            "list started",
            "listed a",
            "listed b",
            "synced",
        ])
        .await;
    assert_eq!(server.queries()[1..4], ["limit=100&continue=token", "limit=100", "limit=100&continue=token"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_every_time_is_broken_off_and_told() {
    let expired = || vec![page(&["a"], 5, "token"), failure(410, "Expired", "too old")];
    let server = Server::of_pages((0..4).flat_map(|_| expired()).collect());
    let mut events = server.run();
    for _ in 0..4 {
        events.expect(&["list started", "listed a"]).await;
    }
    events.expect(&["interrupted: the server answered 410"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_goes_round_in_circles_is_broken_off_and_told() {
    let answers =
        vec![page(&["a"], 5, "1"), page(&["b"], 5, "2"), page(&["a"], 5, "1"), page(&["b"], 5, "2")];
    let server = Server::of_pages(answers);
    let expected =
        ["list started", "listed a", "listed b", "listed a", "listed b", "interrupted: the list goes round"];
    server.run().expect(&expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_cut_never_completes_a_list() {
    let text = json!({"metadata": {"resourceVersion": "5"}, "items": [object("a", 1)]}).to_string();
    let ends = [
        ok().bytes(&text[..text.len() - 1]),
        ok().bytes(&text[..text.len() / 2]).cut(),
        ok().bytes("{\"message\":\"welcome to the login page\"}"),
        ok().bytes("<html>"),
        ok().bytes(&json!({"items": [object("a", 1)], "metadata": {}}).to_string()),
        ok().bytes(&json!({"metadata": {"resourceVersion": "5"}}).to_string()),
        ok().bytes(&json!({"kind": "Status", "code": 500, "message": "no"}).to_string()),
        ok().bytes("").hang(),
    ];
    for end in ends {
        let server = Server::of_pages(vec![end.clone()]);
        let mut events = server.run();
        events.expect(&["list started"]).await;
        loop {
            let event = crate::server::in_words(&events.next().await);
            match event.as_str() {
                "listed a" => {}
                told => {
                    assert!(told.starts_with("interrupted: "), "{told} at {end:?}");
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_unreadable_object_costs_that_object_and_not_the_page() {
    let items = json!([object("a", 1), {"metadata": {"name": "x"}}, null, object("b", 2)]).to_string();
    let page = format!(r#"{{"items":{items},"metadata":{{"resourceVersion":"5"}}}}"#);
    let server = Server::of_pages(vec![ok().bytes(&page)]);
    let unreadable = "undecodable: an object has no `metadata.";
    server.run().expect(&["list started", "listed a", unreadable, unreadable, "listed b", "synced"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_given_the_time_it_asks_for() {
    let busy = || failure(429, "TooManyRequests", "storage is (re)initializing").header("retry-after", "40");
    let server = Server::of_pages(vec![busy(), page(&["a"], 5, "token"), ok().hang()]);
    server.run().expect(&["interrupted: the server answered 429: storage", "list started", "listed a"]).await;
    assert!(server.times()[1] >= 40.0, "{:?}", server.times());
}

#[tokio::test(start_paused = true)]
async fn a_busy_moment_between_two_pages_costs_no_new_list() {
    let answers = vec![
        page(&["a"], 5, "token"),
        failure(429, "TooManyRequests", "busy").header("retry-after", "3"),
        failure(503, "", "busy"),
        page(&["b"], 5, ""),
    ];
    let server = Server::of_pages(answers);
    server.run().expect(&["list started", "listed a", "listed b", "synced"]).await;
    let token = "limit=100&continue=token";
    assert_eq!(server.queries()[..4], ["limit=100", token, token, token]);
    assert!(server.times()[2] >= 3.0, "{:?}", server.times());
}

#[tokio::test(start_paused = true)]
async fn at_most_two_lists_run_at_once_over_all_watches() {
    let server = Server::of_pages(vec![ok().hang(); 4]);
    let mut watches: Vec<Events> = (0..4).map(|_| server.run()).collect();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(server.queries(), ["limit=100"; 2]);
    // A watch that is given up gives its turn to the next.
    watches.remove(0).task.abort();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.queries(), ["limit=100"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_follows_or_pauses_takes_no_turn_from_the_lists() {
    let listed = page(&["a"], 5, "");
    let refused = failure(403, "Forbidden", "no");
    let server =
        Server::of_pages(vec![listed.clone(), ok().hang(), refused, listed.clone(), ok().hang(), listed]);
    server.permits.forget_permits(1);
    let mut watches = Vec::new();
    for _ in 0..3 {
        watches.push(server.run());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    watches[0].expect(&["list started", "listed a", "synced"]).await;
    watches[1].expect(&["forbidden"]).await;
    watches[2].expect(&["list started", "listed a", "synced"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_identity_is_read_whatever_the_projection() {
    let server = Server::of_pages(vec![page(&["a"], 5, "")]);
    let mut watch = server.watch();
    watch.projection = Arc::new(Projection::default());
    Events::of(watch).expect(&["list started", "listed a", "synced"]).await;
}
