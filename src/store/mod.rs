//! What the daemon remembers on disk: that it was told to do nothing.

pub mod pause;
