//! Where a watch begins, by its query.

use super::super::api::{Call, options};
use super::super::failure::Failure;
use super::super::server::Server;

/// Where a watch begins.
pub(super) enum Start {
    /// What came after this version.
    After(u64),
    /// With all objects as they are, told as added.
    WithAll,
    /// The same, with a bookmark behind them that says that these were all.
    Streaming,
    /// Not at all: it is told why.
    Refused(Failure),
}

pub(super) fn start(server: &Server, call: &Call) -> Result<Start, Failure> {
    let query = &call.query;
    options::check_watch(query)?;
    let asked = options::version(query)?;
    let current = server.read(|state| state.store.revision());
    if !query.text("sendInitialEvents").is_empty() {
        return Ok(match asked.filter(|asked| *asked > current) {
            _ if !query.is_set("sendInitialEvents") => {
                Start::After(asked.filter(|asked| *asked > 0).unwrap_or(current))
            }
            Some(asked) => Start::Refused(options::too_new(asked, current)),
            None if query.is_set("allowWatchBookmarks") => Start::Streaming,
            None => Start::WithAll,
        });
    }
    Ok(asked.filter(|asked| *asked > 0).map_or(Start::WithAll, Start::After))
}
