//! Learns the server's clock better than its answers happen to tell it: they give whole seconds, so one
//! that comes just as a second begins there says most. Deadlines are never early whatever is known; this
//! makes them exact.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tracing::debug;

use super::Shared;

/// What is not known of the server's clock is waited out at every deadline, which is to be met within 20 ms
/// (DESIGN 9): so much of them may go here.
const ENOUGH: Duration = Duration::from_millis(5);
/// Each halves what is not known: a second becomes 4 ms.
const QUESTIONS: usize = 8;
/// Clocks run apart, 12 ms a minute at the worst: when so much is not known any more, it is asked again before
/// the next deadline.
const TOO_LITTLE: Duration = Duration::from_millis(12);
/// At most so often.
const PAUSE: Duration = Duration::from_secs(30);

/// Client required; never ends. Asks a few times at the start, and again only once too little is known
/// for a deadline that is near: a cluster in which nothing is due gets no question.
pub(super) async fn learn_the_servers_clock(shared: Arc<Shared>) {
    let clock = shared.transport.server_clock();
    // A slow network does not let it be known better than so: no reason to ask for ever.
    let mut reached = ENOUGH;
    loop {
        let unknown = clock.unknown();
        if unknown.is_none_or(|unknown| unknown > TOO_LITTLE.max(reached * 2)) && ask(&shared).await {
            reached = clock.unknown().unwrap_or_default().max(ENOUGH);
            debug!(unknown = ?reached, "the server's clock is known but for this");
        }
        clock.local().sleep(PAUSE).await;
        shared.deadline_near.notified().await;
    }
}

/// Client required. Returns whether every question was answered.
async fn ask(shared: &Shared) -> bool {
    let clock = shared.transport.server_clock();
    for _ in 0..QUESTIONS {
        clock.local().sleep(clock.best_moment_to_ask()).await;
        let Ok(request) = Request::get("/version").body(Vec::new()) else { return false };
        // The answer's date is all that counts, and the transport has read it.
        if shared.transport.fetch(request).await.is_err() {
            return false;
        }
        if clock.unknown().is_some_and(|unknown| unknown <= ENOUGH) {
            break;
        }
    }
    true
}
