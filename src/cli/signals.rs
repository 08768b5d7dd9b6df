//! The signals by which a person or a process manager ends a command.

use tokio::signal::unix::{SignalKind, signal};

/// Ends at the first SIGINT or SIGTERM from this call on, which must be made within a runtime; never where
/// signals cannot be caught, which then end the process by themselves.
pub(super) fn ended() -> impl Future<Output = ()> {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
