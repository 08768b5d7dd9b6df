//! What becomes of single pods. Each story says in the server's audit log what it did to its pod, by the name of
//! a field manager, and waits until the daemon has done its part.

use std::time::{Duration, Instant};

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::wire::Wire;
use crate::harness::shapes;
use crate::support::load;

/// In the audit log: from here on a rule is true of the pod, and no longer.
pub const BAD: &str = "soak-bad";
pub const WELL: &str = "soak-well";

/// A third of what the rules ask for.
const FOR_A_MOMENT: Duration = Duration::from_secs(1);

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A server that starts again, a list, and a machine that builds something: what is not done by then, is not.
const DONE_WITHIN: Duration = Duration::from_secs(120);

const SEEN: &str = "soak.example/seen";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plot {
    /// A new pod, left bad: the daemon deletes it.
    LeftBad,
    /// The same, but it was bad and well before.
    Relapsing,
    /// A pod that is well again before its time.
    Cured,
    /// A new pod, deleted by its owner before its time.
    Withdrawn,
    /// A pod that the daemon annotates once, and that is well then.
    Marked,
}

/// Four a second: two of five pods are new ones, so as many come as go.
pub const PLOTS: [Plot; 8] = [
    Plot::LeftBad,
    Plot::Cured,
    Plot::Marked,
    Plot::Relapsing,
    Plot::LeftBad,
    Plot::Cured,
    Plot::Marked,
    Plot::Withdrawn,
];

impl Plot {
    /// Whether it is about a pod that was there before, and stays.
    pub fn is_of_the_old(self) -> bool {
        matches!(self, Self::Cured | Self::Marked)
    }

    pub fn calls_for_a_step(self) -> bool {
        !matches!(self, Self::Cured | Self::Withdrawn)
    }
}

/// How one went.
#[derive(Clone, Debug)]
pub struct Story {
    pub plot: Plot,
    pub pod: u32,
    /// When its pod was bad for good: answered.
    pub bad: Timestamp,
    /// When the bench saw that the daemon had done its part.
    pub seen: Option<Timestamp>,
    /// When its writes were answered.
    pub answers: Vec<Timestamp>,
    /// Each of its writes was answered at once: the audit log has them all.
    pub smooth: bool,
    /// The pod is there and well.
    pub remains: bool,
}

/// Nobody's, so that no replacement has to wait for a cooldown.
pub fn pod(name: &str) -> Value {
    let mut pod = load::pod(name, 10);
    pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    pod
}

impl Story {
    pub async fn play(wire: Wire, plot: Plot, pod: u32) -> Self {
        let mut story = Self {
            plot,
            pod,
            bad: Timestamp::now(),
            seen: None,
            answers: Vec::new(),
            smooth: true,
            remains: false,
        };
        let sick =
            if plot == Plot::Marked { json!({"reason": "Unwell"}) } else { json!({"phase": "Failed"}) };
        if !plot.is_of_the_old() {
            story.create(&wire).await;
        }
        if plot == Plot::Relapsing {
            story.turn(&wire, BAD, &sick).await;
            tokio::time::sleep(FOR_A_MOMENT).await;
            story.turn(&wire, WELL, &json!({"phase": "Running"})).await;
        }
        story.turn(&wire, BAD, &sick).await;
        story.bad = Timestamp::now();
        match plot {
            Plot::LeftBad | Plot::Relapsing => story.wait(&wire, |pod| pod.is_none()).await,
            Plot::Cured => {
                tokio::time::sleep(FOR_A_MOMENT).await;
                // On a machine that took its time it may be gone by now.
                story.remains = story.turn(&wire, WELL, &json!({"phase": "Running"})).await == 200;
            }
            Plot::Withdrawn => {
                tokio::time::sleep(FOR_A_MOMENT).await;
                story.write(&wire, Method::DELETE, &story.path(), None).await;
            }
            Plot::Marked => {
                story
                    .wait(&wire, |pod| pod.is_some_and(|pod| pod["metadata"]["annotations"][SEEN] == "true"))
                    .await;
                story.turn(&wire, WELL, &json!({"reason": null})).await;
                let patch = json!({"metadata": {"annotations": {SEEN: null}}});
                story.remains = story.write(&wire, Method::PATCH, &story.path(), Some(&patch)).await == 200;
            }
        }
        story
    }

    fn path(&self) -> String {
        shapes::path("pods", &load::namespace(self.pod), &load::name(self.pod))
    }

    async fn create(&mut self, wire: &Wire) {
        let path = shapes::path("pods", &load::namespace(self.pod), "");
        self.write(wire, Method::POST, &path, Some(&pod(&load::name(self.pod)))).await;
        let status = json!({"status": load::running()});
        self.write(wire, Method::PATCH, &format!("{}/status", self.path()), Some(&status)).await;
    }

    async fn turn(&mut self, wire: &Wire, manager: &str, status: &Value) -> u16 {
        let path = format!("{}/status?fieldManager={manager}", self.path());
        self.write(wire, Method::PATCH, &path, Some(&json!({"status": status}))).await
    }

    async fn write(&mut self, wire: &Wire, method: Method, path: &str, body: Option<&Value>) -> u16 {
        let written = wire.write(method, path, body).await;
        self.answers.push(written.at);
        self.smooth &= written.at_once;
        written.code
    }

    /// Until the pod is so.
    async fn wait(&mut self, wire: &Wire, is_so: impl Fn(Option<&Value>) -> bool) {
        let (began, path) = (Instant::now(), self.path());
        while began.elapsed() < DONE_WITHIN {
            tokio::time::sleep(LOOK_EVERY).await;
            let there = match wire.send(Method::GET, &path, None).await {
                Some((200, pod)) => Some(pod),
                Some((404, _)) => None,
                _ => continue,
            };
            if is_so(there.as_ref()) {
                self.seen = Some(Timestamp::now());
                return;
            }
        }
    }
}
