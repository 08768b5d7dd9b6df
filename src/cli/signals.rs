//! The signals by which a person or a process manager ends a command.

use tokio::signal::unix::{SignalKind, signal};

/// Ends at the first SIGINT or SIGTERM; never where signals cannot be caught, which then end the process
/// by themselves.
pub(super) async fn ended() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
