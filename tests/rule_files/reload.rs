//! From a file to a decision: what the daemon does with what it is told.

use std::fs;
use std::pin::pin;
use std::task::Poll;

use jiff::Timestamp;
use k8s_healer::daemon::reload::decision::{AskedBy, Decision, Decisions};
use k8s_healer::daemon::reload::files::RuleFiles;
use k8s_healer::daemon::reload::{InForce, prepare};
use k8s_healer::rules::{Input, LoadOptions, Texts};
use tokio::time::timeout;

use super::{PATIENCE, follow, next, nothing, pack, told, until, world};

/// A daemon's rules, without the daemon.
struct Running {
    in_force: InForce,
    decisions: Decisions,
}

impl Running {
    fn new(texts: Texts) -> Self {
        let mut running = Self { in_force: InForce::default(), decisions: Decisions::default() };
        assert_eq!(running.take(texts, AskedBy::File), Decision::Apply);
        running
    }

    fn take(&mut self, texts: Texts, asked_by: AskedBy) -> Decision {
        let candidate = prepare(texts, &LoadOptions::default(), &self.in_force);
        let difference = candidate.sound.as_ref().map(|(_, difference)| difference);
        let count = self.in_force.rules.rules.len();
        let now = Timestamp::UNIX_EPOCH;
        let decision = self.decisions.decide(asked_by, candidate.content, difference, count, now);
        if decision == Decision::Apply {
            self.in_force = candidate.sound.unwrap().0;
        }
        decision
    }

    fn rules(&self) -> usize {
        self.in_force.rules.rules.len()
    }
}

#[tokio::test]
async fn a_file_that_lost_most_of_its_rules_takes_none_away_until_somebody_says_so() {
    const COMMAND: AskedBy = AskedBy::Command { accept_removals: false };
    let (_folder, file) = world();
    let whole = pack(&["one", "two", "three", "four"]);
    fs::write(&file, &whole).unwrap();
    let mut files = follow(&file).await;
    let mut running = Running::new(files.read().await);
    // Cut off at the end of a line: sound by itself.
    fs::write(&file, pack(&["one"])).unwrap();
    let cut = timeout(PATIENCE, files.changed()).await.unwrap();
    assert_eq!((running.take(cut, AskedBy::File), running.rules()), (Decision::Unconfirmed, 4));
    fs::write(&file, &whole).unwrap();
    let healed = timeout(PATIENCE, files.changed()).await.unwrap();
    assert_eq!((running.take(healed, AskedBy::File), running.rules()), (Decision::Unchanged, 4));
    fs::write(&file, pack(&["one"])).unwrap();
    assert_eq!(running.take(files.read().await, COMMAND), Decision::Unconfirmed);
    assert_eq!((running.take(files.read().await, COMMAND), running.rules()), (Decision::Apply, 1));
    fs::write(&file, "rules: [").unwrap();
    assert_eq!((running.take(files.read().await, COMMAND), running.rules()), (Decision::Invalid, 1));
}

#[tokio::test]
async fn a_question_is_answered_by_what_stands_there_when_it_is_asked() {
    let (_folder, file) = world();
    let mut files = follow(&file).await;
    for number in 0..20 {
        let rule = format!("rule-{number}");
        fs::write(&file, pack(&[&rule])).unwrap();
        assert_eq!(told(timeout(PATIENCE, files.read()).await.unwrap()), rule);
    }
    // What was answered is not told again.
    nothing(&mut files).await;
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let (_folder, file) = world();
    let mut files = follow(&file).await;
    fs::write(&file, pack(&["second"])).unwrap();
    let changed = once(files.changed()).await;
    let read = once(files.read()).await;
    // On a fast machine one of them has it already.
    let found = match changed.or(read) {
        Some(texts) => told(texts),
        None => next(&mut files).await,
    };
    assert_eq!(found, "second");
}

/// Polls once, and gives up.
async fn once<Wait: Future>(wait: Wait) -> Option<Wait::Output> {
    let mut wait = pin!(wait);
    std::future::poll_fn(|context| match wait.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn what_changed_before_it_was_followed_is_told() {
    let (_folder, file) = world();
    let inputs = vec![Input::Path(file.clone())];
    let known = Texts::read(&inputs).digest();
    fs::write(&file, pack(&["second"])).unwrap();
    let mut files = RuleFiles::follow(inputs, known).unwrap();
    assert_eq!(next(&mut files).await, "second");
}

#[tokio::test]
async fn a_text_that_is_no_file_stays_and_files_beside_it_are_followed() {
    let (_folder, file) = world();
    let text = pack(&["typed"]).replace("name: p ", "name: q ").into_bytes();
    let inputs =
        vec![Input::Text { name: "standard input".to_owned(), bytes: text }, Input::Path(file.clone())];
    let known = Texts::read(&inputs).digest();
    let mut files = RuleFiles::follow(inputs, known).unwrap();
    fs::write(&file, pack(&["second"])).unwrap();
    assert_eq!(next(&mut files).await, "typed second");
}

#[tokio::test]
async fn where_nothing_can_be_watched_the_files_are_read_again_and_again() {
    let (folder, file) = world();
    let inputs = vec![Input::Path(folder.path().join("rules"))];
    let known = Texts::read(&inputs).digest();
    let mut files = RuleFiles::poll(inputs, known).unwrap();
    fs::write(&file, pack(&["second"])).unwrap();
    until(&mut files, "second").await;
    fs::remove_dir_all(folder.path().join("rules")).unwrap();
    until(&mut files, "unreadable").await;
}
