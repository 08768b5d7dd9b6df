//! How long a list or a watch may take, and how much it asks for at once. Tests hand in short ones.

use std::time::Duration;

/// The times of one watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// After this long the server is asked to end a watch, so that it is renewed in peace.
    pub server_time_out: Duration,
    /// A watch that sends bookmarks and has had no byte for this long is dead.
    pub silence: Duration,
    /// The initial events of a streaming list end within this long, or pages are used.
    pub list_time_out: Duration,
    /// A list that has had no byte for this long is dead.
    pub list_silence: Duration,
    /// Objects on one page of a list.
    pub page_size: u32,
    /// The pause after the first failure.
    pub back_off_first: Duration,
    /// The longest pause, however many failures.
    pub back_off_longest: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            // Load balancers and NAT tables commonly forget a connection after five minutes or more.
            server_time_out: Duration::from_secs(290),
            // Bookmarks come about once a minute: two of them are missing.
            silence: Duration::from_secs(150),
            // The API server itself gives up a plain list after this long (--request-timeout).
            list_time_out: Duration::from_secs(60),
            // Once its head has come, a page only has to cross the network. A server too old for
            // streaming lists is silent after the last object; this is how long that costs at start.
            list_silence: Duration::from_secs(15),
            // Measured on 10,000 pods of 10 KB: 13 MiB at the peak instead of 27 MiB with pages of
            // 500, in the same time.
            page_size: 100,
            // Those of client-go's reflector, whose behaviour API servers are run for.
            back_off_first: Duration::from_secs(1),
            back_off_longest: Duration::from_secs(30),
        }
    }
}
