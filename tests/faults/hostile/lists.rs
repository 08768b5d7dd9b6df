//! Lists: in pages, since the proxy refuses to stream them.

use std::time::Duration;

use serde_json::json;

use super::bodies::{PAGE, bomb, odd_objects, page, secret};
use super::patient::Case;
use crate::support::{Answer, Flood, Seen};

fn is_page(seen: &Seen) -> bool {
    seen.is_list_of("secrets")
}

/// The daemon, which has to ask for pages.
async fn paged(flood: Flood) -> Case {
    let case = Case::under(is_page, flood).await;
    let streams =
        |seen: &Seen| seen.is_watch_of("secrets") && seen.has_parameter("sendInitialEvents", "true");
    case.proxy.answer(streams, Answer::status(400), usize::MAX);
    case
}

#[tokio::test]
async fn an_object_without_end() {
    let mut case = paged(Flood::once(format!("{PAGE}{{\"data\":\"")).for_ever(vec![b'x'; 1 << 16])).await;
    case.bears("an item without end").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_page_without_end() {
    // The same object again and again, then ever new ones.
    let object = format!("{},", secret("same", &json!({})));
    let mut case = paged(Flood::once(PAGE).for_ever(object.repeat(100))).await;
    case.bears("more than 100000 objects").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_page_of_blanks_and_one_of_no_list_at_all() {
    let mut case = paged(Flood::once(PAGE).for_ever(vec![b'\n'; 1 << 16])).await;
    case.bears("an item without end").await;
    case.proxy.clear_faults();
    case.attack(is_page, Flood::once("{\"kind\":\"").for_ever(vec![b'x'; 1 << 16]));
    case.proxy.cut_watches();
    case.bears("more than 65536 bytes beside its items").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_continue_token_that_never_ends_the_list() {
    let metadata = json!({"resourceVersion": "1", "continue": "again"});
    let body = json!({"kind": "SecretList", "metadata": metadata, "items": [secret("a", &json!({}))]});
    let mut case = paged(Flood::once(body.to_string())).await;
    case.bears("goes round in circles").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_page_that_comes_a_byte_at_a_time() {
    let mut case = paged(Flood::once(PAGE).for_ever(" ").each_after(Duration::from_millis(200))).await;
    case.bears("connected to").await;
    case.recovers().await;
}

#[tokio::test]
async fn odd_objects_are_left_out_and_told_in_a_line() {
    let mut case = paged(Flood::once(page(&odd_objects()))).await;
    case.bears("an object cannot be read").await;
    case.recovers().await;
}

#[tokio::test]
async fn a_thousand_broken_objects_are_told_in_a_line() {
    let broken = vec![b"{\"metadata\":{}}".to_vec(); 5_000];
    let mut case = paged(Flood::once(page(&broken))).await;
    case.bears("an object cannot be read").await;
    assert_eq!(case.daemon.lines_with("an object cannot be read").len(), 1);
    case.recovers().await;
}

#[tokio::test]
async fn a_gzip_bomb() {
    let mut case = paged(Flood::once(bomb(2_000)).header("content-encoding", "gzip")).await;
    case.bears("an item without end").await;
    case.recovers().await;
}

#[tokio::test]
async fn gzip_that_is_none() {
    let mut case = paged(Flood::once(page(&[])).header("content-encoding", "gzip")).await;
    case.bears("secrets").await;
    case.recovers().await;
}
