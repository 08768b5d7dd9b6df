//! (being written)

use std::sync::Arc;

use super::server::Server;

/// Running controllers.
#[derive(Debug)]
pub struct Controllers;

/// Starts them.
pub fn start(_: &Arc<Server>, _: u32) -> Controllers {
    Controllers
}
