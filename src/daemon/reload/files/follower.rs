//! The thread that reads: it waits until the file system has been quiet for a moment, reads everything, and
//! hands over what differs from what was read before. It sleeps without a time-out as long as everything is
//! there and can be watched.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ears::{Ears, Message};
use super::places::Places;
use super::watching::Watching;
use crate::rules::{Digest, Input, Texts};

/// So long it must have been quiet: an editor, or a `git checkout`, writes file after file.
const QUIET: Duration = Duration::from_millis(200);
/// So long it is waited for, be there a storm of writes or a file that is not closed.
const LONGEST_STORM: Duration = Duration::from_secs(2);
/// How often it is looked for what is not there: a folder may come back in a way that nobody tells, such as
/// a file system that is mounted.
const WHILE_MISSING: Duration = Duration::from_secs(2);
/// How often everything is read where nothing can be watched.
const WHILE_BLIND: Duration = Duration::from_secs(5);
/// So often the places may change while they are looked at, before they are left alone for a while.
const ROUNDS: usize = 5;

/// What was read last, if nobody has taken it yet.
#[derive(Debug, Default)]
pub(super) struct Slot {
    content: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    content: Option<Content>,
    ended: bool,
}

/// What was read, and which question it answers.
#[derive(Debug)]
struct Content {
    texts: Texts,
    answers: u64,
}

impl Slot {
    /// Waits for what answers this question or a later one; 0: for anything new. `None`: nobody reads any
    /// more. What it waited for stays if the wait is given up.
    pub(super) async fn take(&self, question: u64) -> Option<Texts> {
        loop {
            {
                let mut state = self.state();
                if let Some(content) = state.content.take_if(|content| content.answers >= question) {
                    return Some(content.texts);
                }
                if state.ended {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn put(&self, texts: Texts, answers: u64) {
        let mut state = self.state();
        // What answers a question answers it until it is taken, by what is newer too.
        let answers = state.content.as_ref().map_or(answers, |content| content.answers.max(answers));
        state.content = Some(Content { texts, answers });
        drop(state);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.state().ended = true;
        self.changed.notify_one();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's own.
pub(super) struct Follower {
    pub(super) inputs: Arc<[Input]>,
    pub(super) messages: Receiver<Message>,
    pub(super) ears: Arc<Ears>,
    pub(super) watching: Watching,
    pub(super) slot: Arc<Slot>,
    /// What was handed over last.
    pub(super) known: Digest,
    /// Whether the files were to be watched, so that it is worth a word if they cannot be.
    pub(super) watches: bool,
    /// Whether that word was said.
    pub(super) told: bool,
}

impl Follower {
    /// Runs until nobody listens any more.
    pub(super) fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.slot));
        let mut answers = None;
        loop {
            let again = self.look(answers.take());
            let message = match again {
                Some(time) => self.messages.recv_timeout(time),
                None => self.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Heard) => match self.settled() {
                    Some(Message::Read(question)) => answers = Some(question),
                    Some(Message::Stop) => return,
                    Some(Message::Heard) | None => {}
                },
                Ok(Message::Read(question)) => answers = Some(question),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits until nothing has happened for a while, or something else is asked.
    #[expect(
        clippy::disallowed_methods,
        reason = "people write files in real time, whatever the rules' clock"
    )]
    fn settled(&self) -> Option<Message> {
        let start = Instant::now();
        let message = loop {
            self.ears.taken_in();
            let left = LONGEST_STORM.saturating_sub(start.elapsed());
            match self.messages.recv_timeout(QUIET.min(left)) {
                Ok(Message::Heard) if !left.is_zero() => {}
                Ok(Message::Heard) => break None,
                Ok(message) => break Some(message),
                Err(RecvTimeoutError::Disconnected) => break Some(Message::Stop),
                Err(RecvTimeoutError::Timeout) if left > QUIET && self.ears.somebody_writes() => {}
                Err(RecvTimeoutError::Timeout) => break None,
            }
        };
        self.ears.forget_writers();
        message
    }

    /// Reads everything, and hands it over if it is new or asked for. Returns when to look again, if not
    /// only when something happens.
    fn look(&mut self, question: Option<u64>) -> Option<Duration> {
        let mut texts = Texts::read(&self.inputs);
        let mut steady = false;
        let mut lacking = false;
        for _ in 0..ROUNDS {
            let places = Arc::new(Places::of(&self.inputs, &texts));
            lacking = places.lack_something();
            // Whatever happens from here on is heard, or the places are new ones.
            let lost = self.ears.take_lost();
            self.ears.listen_to(Arc::clone(&places));
            steady = !self.watching.follow(&places, &lost);
            if steady {
                break;
            }
            texts = Texts::read(&self.inputs);
        }
        let digest = texts.digest();
        if digest != self.known || question.is_some() {
            self.known = digest;
            self.slot.put(texts, question.unwrap_or_default());
        }
        self.tell_trouble();
        match self.watching.trouble() {
            Some(_) => Some(WHILE_BLIND),
            None => (lacking || !steady).then_some(WHILE_MISSING),
        }
    }

    fn tell_trouble(&mut self) {
        match self.watching.trouble() {
            Some(reason) if self.watches && !self.told => {
                let every = WHILE_BLIND.as_secs();
                tracing::warn!(reason, "rule files cannot be watched: they are read every {every} s instead");
                self.told = true;
            }
            None if self.told => {
                tracing::info!("rule files are watched again");
                self.told = false;
            }
            _ => {}
        }
    }
}

/// Tells whoever waits that nobody reads any more.
struct Ended(Arc<Slot>);

impl Drop for Ended {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("rule files are followed no longer: ask for a reload after a change");
        }
        self.0.end();
    }
}
