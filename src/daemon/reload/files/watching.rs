//! Keeps as many watches as there are places, and each on the folder that bears the name now: one that was
//! moved away and replaced is watched no longer, its successor is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::places::Places;

/// Makes a watcher when the first one is needed, and anew while that fails.
type Make = Box<dyn Fn() -> notify::Result<RecommendedWatcher> + Send>;

/// The watches.
pub(super) struct Watching {
    make: Make,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, Identity>,
    trouble: Option<String>,
}

/// Device and inode.
type Identity = (u64, u64);

impl Watching {
    pub(super) fn new(make: Make) -> Self {
        Self { make, watcher: None, watched: BTreeMap::new(), trouble: None }
    }

    /// Why not everything that matters is watched, if it is not.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Watches these places and no others. Returns whether there is a new watch: what happened there
    /// before it was set, nobody has heard of.
    pub(super) fn follow(&mut self, places: &Places, lost: &[PathBuf]) -> bool {
        self.trouble = None;
        let wanted: BTreeMap<&Path, bool> = places.wanted().collect();
        let is_stale = |path: &PathBuf, watched: &Identity| {
            !wanted.contains_key(path.as_path())
                || lost.iter().any(|lost| path.starts_with(lost))
                || identity(path) != Some(*watched)
        };
        let stale: Vec<PathBuf> = self
            .watched
            .iter()
            .filter(|(path, id)| is_stale(path, id))
            .map(|(path, _)| path.clone())
            .collect();
        for path in stale {
            self.watched.remove(&path);
            if let Some(watcher) = &mut self.watcher {
                // The watcher may have dropped it before.
                drop(watcher.unwatch(&path));
            }
        }
        let missing: Vec<_> =
            wanted.into_iter().filter(|(path, _)| !self.watched.contains_key(*path)).collect();
        missing.into_iter().fold(false, |new, (path, needed)| self.watch(path, needed) || new)
    }

    /// Returns whether what is there now may not be what was seen.
    fn watch(&mut self, path: &Path, needed: bool) -> bool {
        let Some(identity) = identity(path) else { return true };
        let watcher = match self.watcher.take().map_or_else(&self.make, Ok) {
            Ok(watcher) => self.watcher.insert(watcher),
            Err(error) => {
                self.trouble = Some(error.to_string());
                return false;
            }
        };
        match watcher.watch(path, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(path.to_owned(), identity);
                true
            }
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => true,
            Err(error) => {
                if needed {
                    self.trouble = Some(error.to_string());
                }
                false
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // The watcher itself panics where its thread is gone, and two panics end the process.
        if std::thread::panicking() {
            std::mem::forget(self.watcher.take());
        }
    }
}

fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::rules::{Input, Texts};

    fn places(folder: &Path) -> Places {
        let inputs = [Input::Path(folder.to_owned())];
        Places::of(&inputs, &Texts::read(&inputs))
    }

    #[test]
    fn what_cannot_be_watched_is_told_and_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Arc::new(AtomicBool::new(true));
        let reached = Arc::clone(&limit);
        let mut watching = Watching::new(Box::new(move || {
            if reached.load(Ordering::Relaxed) {
                return Err(notify::Error::new(ErrorKind::MaxFilesWatch));
            }
            RecommendedWatcher::new(|_| {}, notify::Config::default())
        }));
        assert!(!watching.follow(&places(folder.path()), &[]));
        assert!(watching.trouble().is_some());
        limit.store(false, Ordering::Relaxed);
        assert!(watching.follow(&places(folder.path()), &[]), "new watches");
        assert_eq!(watching.trouble(), None);
        assert!(!watching.follow(&places(folder.path()), &[]), "the same watches");
    }

    #[test]
    fn what_was_lost_is_watched_anew_and_what_is_not_asked_for_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let make = || RecommendedWatcher::new(|_| {}, notify::Config::default());
        let mut watching = Watching::new(Box::new(make));
        assert!(watching.follow(&places(folder.path()), &[]));
        assert!(watching.follow(&places(folder.path()), &[folder.path().to_owned()]));
        assert!(!watching.follow(&places(folder.path()), &[folder.path().join("other")]));
        assert!(!watching.follow(&Places::default(), &[]));
        assert!(watching.watched.is_empty());
    }
}
