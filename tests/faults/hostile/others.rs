//! What else is asked of a server: one object before it is acted on, and what it serves at all.

use std::time::Duration;

use http::Method;

use super::bodies::odd_objects;
use super::patient::{Case, bad_secret};
use crate::support::{Flood, Seen};

fn is_live_read(seen: &Seen) -> bool {
    seen.method == Method::GET && seen.path.ends_with("/secrets/patient")
}

#[tokio::test]
async fn a_live_read_that_is_no_object_acts_on_nothing() {
    let mut case = Case::new().await;
    for flood in [
        Flood::once("{").for_ever(vec![b'x'; 1 << 16]),
        Flood::once("{\"a\":").for_ever("[".repeat(1 << 16)),
        Flood::once("").for_ever(" ").each_after(Duration::from_millis(100)),
        Flood::once(odd_objects().remove(0)),
        Flood::once("[]"),
        Flood::once(""),
    ] {
        case.attack(is_live_read, flood);
    }
    case.scene.create("secrets", &bad_secret("patient")).await;
    case.bears("cannot be read").await;
    assert!(case.scene.exists("secrets", "patient").await, "nothing that was read says that it may go");
    case.recovers().await;
}

#[tokio::test]
async fn discovery_of_one_group_that_never_ends_costs_that_group() {
    fn is_discovery(seen: &Seen) -> bool {
        seen.path == "/apis" || seen.path.starts_with("/apis/apps")
    }
    let mut case = Case::under(is_discovery, Flood::once("{\"kind\":\"").for_ever(vec![b'x'; 1 << 16])).await;
    case.daemon.wait_for_line("larger than", Duration::from_secs(30)).await;
    assert!(!case.daemon.lines().iter().any(|line| line.contains("panicked")));
}
