//! The body of an answer on its way through the proxy. A watch's can be cut, ended or silenced while it
//! is open; any other passes as it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use tokio::sync::watch;

/// What the proxy does at present.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// How often all open watches were cut, and ended, so far.
    pub cuts: usize,
    pub ends: usize,
    pub silent: bool,
    pub refusing: bool,
    pub stopped: bool,
}

pub type RelayBody = UnsyncBoxBody<Bytes, Broken>;

/// Why an answer breaks off.
#[derive(Debug)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// What a cut leaves on the wire: the beginning of a line that never ends.
const HALF_A_LINE: &[u8] = br#"{"type":"MODIFIED","object":{"kind":"#;

/// Long enough for the half line to leave before the connection is torn down.
const TIME_TO_LEAVE: Duration = Duration::from_millis(30);

pub fn whole(text: String) -> RelayBody {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

pub fn pass(upstream: Body) -> RelayBody {
    upstream.map_err(|error| Broken(error.to_string())).boxed_unsync()
}

struct Relay {
    upstream: Body,
    state: watch::Receiver<State>,
    cuts: usize,
    ends: usize,
    broken: bool,
    _open: Open,
}

/// Counts itself among the open watches while it lives.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub fn pass_watch(upstream: Body, state: watch::Receiver<State>, open: Arc<AtomicUsize>) -> RelayBody {
    open.fetch_add(1, Ordering::SeqCst);
    let State { cuts, ends, .. } = *state.borrow();
    let relay = Relay { upstream, state, cuts, ends, broken: false, _open: Open(open) };
    StreamBody::new(stream::unfold(relay, next)).boxed_unsync()
}

async fn next(mut relay: Relay) -> Option<(Result<Frame<Bytes>, Broken>, Relay)> {
    loop {
        if relay.broken {
            tokio::time::sleep(TIME_TO_LEAVE).await;
            return Some((Err(Broken("cut by the proxy".into())), relay));
        }
        let State { cuts, ends, silent, .. } = *relay.state.borrow_and_update();
        if cuts > relay.cuts {
            relay.broken = true;
            return Some((Ok(Frame::data(Bytes::from_static(HALF_A_LINE))), relay));
        }
        if ends > relay.ends {
            return None;
        }
        if silent {
            relay.state.changed().await.ok()?;
            continue;
        }
        tokio::select! {
            biased;
            changed = relay.state.changed() => changed.ok()?,
            frame = relay.upstream.frame() => {
                let frame = frame?.map_err(|error| Broken(error.to_string()));
                return Some((frame, relay));
            }
        }
    }
}
