//! A path that no object has: a person is told once, not too early, and not for each list.

use std::fmt;
use std::sync::{Arc, Mutex};

use k8s_healer_engine::rule::Mode;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::world::{World, after_start};

const RULE: &str = "- name: misspelt\n  watch: pods\n  match:\n    - field: { path: $.status.phse, equals: Failed }\n    \
                    - field: { path: $.status.phase, equals: Failed }\n  actions: [ log: { message: a } ]\n";

/// The lines of the log that speak of paths.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if line.0.contains("path never seen") {
            self.0.lock().unwrap().push(line.0);
        }
    }
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

/// What the log says of paths while `work` runs beside a daemon for so long.
async fn said(world: &World, seconds: u64, work: impl Future<Output = ()>) -> Vec<String> {
    let lines = Lines::default();
    let log = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    tokio::join!(world.heal(Mode::Observe, RULE, seconds), work);
    drop(log);
    lines.0.lock().unwrap().clone()
}

fn pods(world: &World, names: &[&str]) {
    names.iter().for_each(|name| world.put(name, &json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_path_that_no_object_has_is_said_once_however_often_the_kind_is_listed() {
    let world = World::good();
    pods(&world, &["a", "b", "c", "d"]);
    let lines = said(&world, 86_400, async {
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_secs(600)).await;
            world.cut_watches();
            pods(&world, &["a", "e"]);
        }
    });
    let lines = lines.await;
    let [line] = lines.as_slice() else { panic!("{lines:#?}") };
    for part in ["kind=\"pods\"", "rule=\"pack/misspelt\"", "path=\"$.status.phse\"", "objects=4"] {
        assert!(line.contains(part), "{line} lacks {part}");
    }
}

#[tokio::test(start_paused = true)]
async fn objects_that_have_just_been_made_are_given_time() {
    let world = World::good();
    pods(&world, &["a", "b", "c"]);
    assert_eq!(said(&world, 25, async {}).await.len(), 0);
    assert_eq!(said(&world, 60, async {}).await.len(), 1, "they are old when the next daemon starts");
}

#[tokio::test(start_paused = true)]
async fn of_two_objects_nothing_is_said_until_a_third_has_been_there_for_a_while() {
    let world = World::good();
    pods(&world, &["a", "b"]);
    assert_eq!(said(&world, 3600, async {}).await.len(), 0);
    let third = |seconds| async move {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    };
    let later = async {
        third(100).await;
        world.put("c", &json!({"metadata": {"creationTimestamp": after_start(3700)}}));
    };
    assert_eq!(said(&world, 125, later).await.len(), 0);
    world.remove("c");
    let later = async {
        third(100).await;
        world.put("d", &json!({}));
    };
    assert_eq!(said(&world, 140, later).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_one_object_has_is_never_said() {
    let world = World::good();
    pods(&world, &["a", "b", "c"]);
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        world.put("b", &json!({"status": {"phse": "x"}}));
    };
    assert_eq!(said(&world, 3600, later).await.len(), 0);
}
