//! What happens on the cluster: updates that make no difference at a steady pace, and four stories a second.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::stories::{PLOTS, Plot, Story};
use super::wire::Wire;
use crate::harness::shapes;
use crate::support::load;

const STORIES_EVERY: Duration = Duration::from_millis(250);

/// More updates on their way mean that the server does not keep up, or is away: those are left out.
const ON_THEIR_WAY: usize = 50;

pub struct Churn {
    wire: Wire,
    pods: u32,
    rate: u32,
    updates: Arc<AtomicU32>,
    stories: AtomicU32,
}

impl Churn {
    pub fn new(wire: Wire, pods: u32, rate: u32) -> Self {
        Self { wire, pods, rate, updates: Arc::default(), stories: AtomicU32::default() }
    }

    /// Done so far.
    pub fn updates(&self) -> u32 {
        self.updates.load(Ordering::Relaxed)
    }

    /// Begun so far.
    pub fn stories(&self) -> u32 {
        self.stories.load(Ordering::Relaxed)
    }

    /// Begins nothing more at the end, but waits for the stories that are under way.
    pub async fn run(&self, end: Instant) -> Vec<Story> {
        let ((), stories) = tokio::join!(self.update(end), self.tell_stories(end));
        stories
    }

    async fn update(&self, end: Instant) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / self.rate.max(1));
        let mut tasks = JoinSet::new();
        while Instant::now() < end {
            ticks.tick().await;
            while tasks.try_join_next().is_some() {}
            if tasks.len() >= ON_THEIR_WAY {
                continue;
            }
            let (pod, wire, updates) =
                (fastrand::u32(..self.pods), self.wire.clone(), Arc::clone(&self.updates));
            tasks.spawn(async move {
                let path = shapes::path("pods", &load::namespace(pod), &load::name(pod)) + "/status";
                let body = json!({"status": {"message": format!("update {}", fastrand::u32(..))}});
                // A pod may be gone, or the server.
                if let Some((200, _)) = wire.send(Method::PATCH, &path, Some(&body)).await {
                    updates.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tasks.join_all().await;
    }

    async fn tell_stories(&self, end: Instant) -> Vec<Story> {
        let mut ticks = tokio::time::interval(STORIES_EVERY);
        let mut tasks = JoinSet::new();
        let (mut old, mut new): (VecDeque<u32>, u32) = ((0..self.pods).collect(), self.pods);
        let mut told = Vec::new();
        for plot in PLOTS.into_iter().cycle() {
            if Instant::now() >= end {
                break;
            }
            ticks.tick().await;
            while let Some(story) = tasks.try_join_next() {
                told.push(returned(story.unwrap(), &mut old));
            }
            let pod = if Plot::is_of_the_old(plot) {
                // The one that has been left in peace for longest.
                let Some(pod) = old.pop_front() else { continue };
                pod
            } else {
                new += 1;
                new
            };
            self.stories.fetch_add(1, Ordering::Relaxed);
            tasks.spawn(Story::play(self.wire.clone(), plot, pod));
        }
        while let Some(story) = tasks.join_next().await {
            told.push(returned(story.unwrap(), &mut old));
        }
        told
    }
}

/// Its pod is free for another story.
fn returned(story: Story, old: &mut VecDeque<u32>) -> Story {
    if story.remains {
        old.push_back(story.pod);
    }
    story
}
