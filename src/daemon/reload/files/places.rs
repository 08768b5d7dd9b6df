//! Which places of the file system decide what the rules are: the folders that are looked through, and, on
//! the way to each of them and to each file, every folder with the one name in it that leads on. A link in
//! the middle (`current -> release-2`, the `..data` of a mounted `ConfigMap`) is such a name; so is one that is
//! not there yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use notify::event::{EventKind, ModifyKind};

use crate::rules::{Input, Texts, may_hold_rules};

/// As many as the kernel follows.
const MOST_LINKS: usize = 40;

/// Where to listen, and to what. All paths are real: without links and without `..`.
#[derive(Debug, Default)]
pub(super) struct Places {
    folders: BTreeMap<PathBuf, Interest>,
    /// Files that were named. A file that is mounted by itself is written without a word to its folder.
    files: BTreeSet<PathBuf>,
    /// Whether something that was named, or that a link leads to, is not there.
    missing: bool,
}

#[derive(Debug, Default)]
struct Interest {
    /// Whether its rule files are read, whatever they are called.
    rules: bool,
    /// Other names that matter.
    names: BTreeSet<OsString>,
    /// What happens in it is lost if it cannot be watched; of a folder further up only that it is moved.
    needed: bool,
    /// Anybody may write to it (`/tmp`): it is loud, and nobody's to move.
    public: bool,
}

impl Places {
    /// The places of what was just read.
    pub(super) fn of(inputs: &[Input], texts: &Texts) -> Self {
        let mut places = Self::default();
        for input in inputs {
            if let Some(path) = input.path()
                && let Some(real) = places.way_to(path)
                && real.is_file()
            {
                places.files.insert(real);
            }
        }
        for folder in &texts.places().folders {
            if let Some(real) = places.way_to(folder) {
                let interest = places.folders.entry(real).or_insert_with_key(|folder| Interest::new(folder));
                (interest.rules, interest.needed) = (true, true);
            }
        }
        // A file of a folder is reached by the folder; a link leads elsewhere.
        let is_link =
            |path: &&PathBuf| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        for link in texts.places().files.iter().filter(is_link) {
            places.way_to(link);
        }
        places
    }

    /// Walks as the kernel does, and notes each step. `None`: the path leads nowhere, so far.
    fn way_to(&mut self, path: &Path) -> Option<PathBuf> {
        let path = std::path::absolute(path).ok()?;
        let mut here = PathBuf::from("/");
        let mut rest: VecDeque<OsString> =
            path.components().map(|part| part.as_os_str().to_owned()).collect();
        let mut links = MOST_LINKS;
        while let Some(part) = rest.pop_front() {
            let name = match Path::new(&part).components().next() {
                Some(Component::Normal(name)) => name.to_owned(),
                Some(Component::RootDir) => {
                    here = PathBuf::from("/");
                    continue;
                }
                Some(Component::ParentDir) => {
                    here.pop();
                    continue;
                }
                _ => continue,
            };
            let next = here.join(&name);
            let metadata = fs::symlink_metadata(&next);
            let is_link = metadata.as_ref().is_ok_and(fs::Metadata::is_symlink);
            let interest =
                self.folders.entry(here.clone()).or_insert_with_key(|folder| Interest::new(folder));
            interest.names.insert(name);
            // A folder tells by itself that it was moved or deleted.
            let leads_to_folder = metadata.as_ref().is_ok_and(fs::Metadata::is_dir);
            interest.needed |= !leads_to_folder;
            let target = if is_link { fs::read_link(&next).ok().filter(|_| links > 0) } else { None };
            if metadata.is_err() || (is_link && target.is_none()) {
                self.missing = true;
                return None;
            }
            match target {
                Some(target) => {
                    links -= 1;
                    let parts = target.components().map(|part| part.as_os_str().to_owned());
                    parts.rev().for_each(|part| rest.push_front(part));
                }
                None => here = next,
            }
        }
        Some(here)
    }

    /// Whether something that should be there is not.
    pub(super) fn lack_something(&self) -> bool {
        self.missing
    }

    /// Every path to watch, and whether it would be missed.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (&Path, bool)> {
        let counts = |(_, interest): &(&PathBuf, &Interest)| interest.needed || !interest.public;
        let folders = self.folders.iter().filter(counts);
        let folders = folders.map(|(path, interest)| (path.as_path(), interest.needed));
        folders.chain(self.files.iter().map(|path| (path.as_path(), false)))
    }

    /// Whether one of them is this path or lies below it.
    pub(super) fn are_below(&self, path: &Path) -> bool {
        let is_below = |known: Option<&PathBuf>| known.is_some_and(|known| known.starts_with(path));
        is_below(self.folders.range(path.to_owned()..).next().map(|(known, _)| known))
            || is_below(self.files.range(path.to_owned()..).next())
    }

    /// Whether the rules may read otherwise after this.
    pub(super) fn concern(&self, kind: EventKind, path: &Path) -> bool {
        if self.folders.contains_key(path) || self.files.contains(path) {
            return true;
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let interest = self.folders.get(folder);
        interest.is_some_and(|interest| {
            interest.names.contains(name) || (interest.rules && is_of_rules(kind, name))
        })
    }
}

impl Interest {
    fn new(folder: &Path) -> Self {
        const STICKY: u32 = 0o1000;
        let mode = fs::metadata(folder).map_or(0, |metadata| metadata.permissions().mode());
        Self { public: mode & STICKY != 0, ..Self::default() }
    }
}

/// What a folder of rules is looked through for: rule files, and other folders with some in them. Whatever
/// else is new may be a folder, or a link to one.
fn is_of_rules(kind: EventKind, name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    if name.starts_with('.') || name == "tests" {
        return false;
    }
    may_hold_rules(&name) || !matches!(kind, EventKind::Modify(ModifyKind::Data(_)))
}
