//! What the service manager that started the daemon is told (`sd_notify(3)`): that it works, what it does, and
//! that it still turns. Where nobody asks for that, nothing happens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;

/// Tells the service manager, if there is one that listens (`NOTIFY_SOCKET`).
#[derive(Debug)]
pub struct Notifier {
    watchdog: Option<Duration>,
    /// It could not be told, and that was said.
    is_deaf: AtomicBool,
}

impl Notifier {
    /// Asks the environment whether the manager wants signs of life, and how often (`WATCHDOG_USEC`).
    #[must_use]
    pub fn of_environment() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|interval| !interval.is_zero());
        Self { watchdog, is_deaf: AtomicBool::new(false) }
    }

    /// The daemon works: after the start once all kinds are listed, and again after each [`Self::reloading`],
    /// whatever came of it.
    pub fn ready(&self, status: &str) {
        // The process that was started is not the one that works where a shell or `daemon start` stands between.
        let pid = NotifyState::MainPid(std::process::id());
        self.tell(&[NotifyState::Ready, pid, NotifyState::Status(&one_line(status))]);
    }

    /// The rules are read again.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => {
                self.tell(&[NotifyState::Reloading, now, NotifyState::Status("reading the rules again")]);
            }
            // Without its time the manager would take it for a mistake.
            Err(_) => self.status("reading the rules again"),
        }
    }

    /// The daemon was told to end.
    pub fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("ending")]);
    }

    /// What it does, in a line, for `systemctl status`.
    pub fn status(&self, text: &str) {
        self.tell(&[NotifyState::Status(&one_line(text))]);
    }

    /// Gives signs of life, twice as often as they are asked for, for as long as it is polled: poll it in the
    /// task that the daemon runs in, which then cannot hang unseen. It never ends.
    pub async fn keep_alive(&self) {
        let Some(interval) = self.watchdog else { return std::future::pending().await };
        loop {
            self.tell(&[NotifyState::Watchdog]);
            tokio::time::sleep(interval / 2).await;
        }
    }

    fn tell(&self, state: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(state)
            && !self.is_deaf.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the service manager (NOTIFY_SOCKET) cannot be told how the daemon is");
        }
    }
}

/// Each line is a message of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
