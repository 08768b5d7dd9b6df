//! Follows the files of rules: tells when they read otherwise than before, whichever way that came about
//! (written in place, renamed over, deleted and made anew, a link that leads elsewhere, a folder that was
//! gone for a while), and not when they were only touched. What is told is what was read: nothing can change
//! between the two.
//!
//! The file system is watched (`watching`) where it matters (`places`), heard on the watcher's thread (`ears`),
//! and read on one of its own (`follower`): a slow disk keeps no deadline waiting.

mod ears;
mod follower;
mod places;
mod watching;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use notify::{RecommendedWatcher, Watcher};

use self::ears::{Ears, Handler, Message};
use self::follower::{Follower, Slot};
use self::watching::Watching;
use crate::rules::{Digest, Input, Texts};

/// The files of rules, followed until it is dropped.
#[derive(Debug)]
pub struct RuleFiles {
    inputs: Arc<[Input]>,
    follower: Sender<Message>,
    slot: Arc<Slot>,
    questions: u64,
}

impl RuleFiles {
    /// Follows these inputs, of which what has this digest is known; texts that are no files stay as they
    /// are. Fails where no thread can be started.
    pub fn follow(inputs: Vec<Input>, known: Digest) -> io::Result<Self> {
        Self::start(inputs, known, true)
    }

    /// The same by reading them again and again, for file systems that tell nothing of what others write,
    /// such as NFS.
    pub fn poll(inputs: Vec<Input>, known: Digest) -> io::Result<Self> {
        Self::start(inputs, known, false)
    }

    fn start(inputs: Vec<Input>, known: Digest, watch: bool) -> io::Result<Self> {
        let (sender, messages) = channel();
        let (inputs, slot): (Arc<[Input]>, Arc<Slot>) = (inputs.into(), Arc::default());
        let ears = Arc::new(Ears::new(sender.clone()));
        let heard_by = Arc::clone(&ears);
        let watching = Watching::new(Box::new(move || {
            if watch {
                RecommendedWatcher::new(Handler(Arc::clone(&heard_by)), notify::Config::default())
            } else {
                Err(notify::Error::generic("polling was asked for"))
            }
        }));
        let follower = Follower {
            inputs: Arc::clone(&inputs),
            messages,
            ears,
            watching,
            slot: Arc::clone(&slot),
            known,
            watches: watch,
            told: false,
        };
        thread::Builder::new().name("rule-files".to_owned()).spawn(|| follower.run())?;
        Ok(Self { inputs, follower: sender, slot, questions: 0 })
    }

    /// Waits until they read otherwise than what was handed over last, and hands that over. Nothing is lost
    /// if the wait is given up.
    pub async fn changed(&mut self) -> Texts {
        match self.slot.take(0).await {
            Some(texts) => texts,
            None => std::future::pending().await,
        }
    }

    /// Reads them now, whether they have changed or not.
    pub async fn read(&mut self) -> Texts {
        self.questions += 1;
        if self.follower.send(Message::Read(self.questions)).is_ok()
            && let Some(texts) = self.slot.take(self.questions).await
        {
            return texts;
        }
        Texts::read(&self.inputs)
    }
}

impl Drop for RuleFiles {
    fn drop(&mut self) {
        // Fails where the follower has ended before.
        drop(self.follower.send(Message::Stop));
    }
}
