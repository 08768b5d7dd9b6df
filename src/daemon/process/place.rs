//! Where a daemon keeps what is its own: the pid file, the control socket, the log. One place holds one
//! daemon; `--pid-file` names another place.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::reason;

/// What the folders are called.
const NAME: &str = "k8s-healer";
/// What the files are called where nobody names them.
const DEFAULT_STEM: &str = "daemon";
/// Read, written and entered by its owner alone.
const OWNER_ONLY: u32 = 0o700;
const BY_OTHERS: u32 = 0o077;
const WRITTEN_BY_ALL: u32 = 0o002;
/// What others made there, nobody but they may replace.
const STICKY: u32 = 0o1000;

/// The files of one daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Who runs; locked while it runs.
    pub pid_file: PathBuf,
    /// Where it answers.
    pub socket: PathBuf,
    /// What it writes, where it runs in the background and nobody named another file.
    pub log_file: PathBuf,
    /// That it pauses, across restarts.
    pub pause_file: PathBuf,
    /// Whether somebody named the pid file.
    pub named: bool,
}

/// Why there can be no daemon there.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The folder cannot be made or looked at.
    #[error("the folder {} cannot be used: {reason}; name another one with --pid-file", .path.display())]
    UseFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something else has its name, or a link does.
    #[error("{} is no folder: take it away, or name another place with --pid-file", .path.display())]
    FindFolder {
        /// What is there.
        path: PathBuf,
    },
    /// Somebody else made it.
    #[error("{} belongs to the user {owner}, who could put anything there: name another place with --pid-file", .path.display())]
    OwnFolder {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Anybody could put another pid file there.
    #[error("anybody may write to {}: name a folder of your own with --pid-file", .path.display())]
    TrustFolder {
        /// The folder.
        path: PathBuf,
    },
}

/// What the environment says about places.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    user: u32,
    /// `XDG_RUNTIME_DIR`, where it is ours.
    runtime: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    state: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Surroundings {
    fn found() -> Self {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user = geteuid().as_raw();
        // After `su` it may still be another user's.
        let ours = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.uid() == user);
        let runtime = folder("XDG_RUNTIME_DIR").filter(ours);
        Self { user, runtime, state: folder("XDG_STATE_HOME"), home: folder("HOME") }
    }

    /// Gone after the next start of the machine, as the processes are.
    fn fleeting(&self) -> PathBuf {
        match &self.runtime {
            Some(runtime) => runtime.join(NAME),
            None if self.user == 0 => Path::new("/run").join(NAME),
            None => Path::new("/tmp").join(format!("{NAME}-{}", self.user)),
        }
    }

    /// What is kept: `log` or `lib` of the machine for root.
    fn lasting(&self, of_root: &str) -> PathBuf {
        if self.user == 0 {
            return Path::new("/var").join(of_root).join(NAME);
        }
        let state = self.state.clone().or_else(|| Some(self.home.as_ref()?.join(".local/state")));
        state.map_or_else(|| self.fleeting(), |state| state.join(NAME))
    }

    fn place(&self) -> Place {
        let fleeting = self.fleeting();
        Place {
            pid_file: fleeting.join(format!("{DEFAULT_STEM}.pid")),
            socket: fleeting.join(format!("{DEFAULT_STEM}.sock")),
            log_file: self.lasting("log").join(format!("{DEFAULT_STEM}.log")),
            pause_file: self.lasting("lib").join(format!("{DEFAULT_STEM}.pause")),
            named: false,
        }
    }
}

impl Place {
    /// Beside this pid file, else where this user's daemon is by default.
    pub fn of(pid_file: Option<&Path>) -> io::Result<Self> {
        let Some(pid_file) = pid_file else { return Ok(Surroundings::found().place()) };
        let pid_file = std::path::absolute(pid_file)?;
        let name = pid_file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.strip_suffix(".pid").unwrap_or(&name);
        let beside = |suffix: &str| pid_file.with_file_name(format!("{stem}.{suffix}"));
        let (socket, log_file, pause_file) = (beside("sock"), beside("log"), beside("pause"));
        Ok(Self { socket, log_file, pause_file, pid_file, named: true })
    }

    /// Makes the folder of the pid file where it is missing, and refuses one in which others have a hand. I/O.
    pub fn prepare(&self) -> Result<(), PlaceError> {
        let folder = self.pid_file.parent().unwrap_or(Path::new("/"));
        let unusable =
            |error: io::Error| PlaceError::UseFolder { path: folder.to_owned(), reason: reason(&error) };
        let made = DirBuilder::new().mode(OWNER_ONLY).recursive(self.named).create(folder);
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unusable(error)),
            _ => {}
        }
        // Through a link only where somebody named it: in /tmp anybody can lay one.
        let metadata = if self.named { fs::metadata(folder) } else { fs::symlink_metadata(folder) };
        let metadata = metadata.map_err(unusable)?;
        if !metadata.is_dir() {
            return Err(PlaceError::FindFolder { path: folder.to_owned() });
        }
        if self.named { check_shared(folder, &metadata) } else { check_own(folder, &metadata) }
    }
}

fn check_shared(folder: &Path, metadata: &Metadata) -> Result<(), PlaceError> {
    let mode = metadata.mode();
    if mode & WRITTEN_BY_ALL != 0 && mode & STICKY == 0 {
        return Err(PlaceError::TrustFolder { path: folder.to_owned() });
    }
    Ok(())
}

fn check_own(folder: &Path, metadata: &Metadata) -> Result<(), PlaceError> {
    let owner = metadata.uid();
    if owner != geteuid().as_raw() {
        return Err(PlaceError::OwnFolder { path: folder.to_owned(), owner });
    }
    if metadata.mode() & BY_OTHERS != 0 {
        fs::set_permissions(folder, Permissions::from_mode(OWNER_ONLY))
            .map_err(|error| PlaceError::UseFolder { path: folder.to_owned(), reason: reason(&error) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &Path) -> String {
        path.display().to_string()
    }

    #[test]
    fn each_user_has_a_place_and_what_lasts_lies_elsewhere() {
        let user = Surroundings {
            user: 1000,
            runtime: Some("/run/user/1000".into()),
            state: None,
            home: Some("/home/a".into()),
        };
        let place = user.place();
        assert_eq!(told(&place.pid_file), "/run/user/1000/k8s-healer/daemon.pid");
        assert_eq!(told(&place.socket), "/run/user/1000/k8s-healer/daemon.sock");
        assert_eq!(told(&place.log_file), "/home/a/.local/state/k8s-healer/daemon.log");
        assert_eq!(told(&place.pause_file), "/home/a/.local/state/k8s-healer/daemon.pause");

        let bare = Surroundings { user: 1000, ..Surroundings::default() };
        assert_eq!(told(&bare.place().socket), "/tmp/k8s-healer-1000/daemon.sock");
        assert_eq!(told(&bare.place().log_file), "/tmp/k8s-healer-1000/daemon.log");

        let root = Surroundings::default();
        assert_eq!(told(&root.place().pid_file), "/run/k8s-healer/daemon.pid");
        assert_eq!(told(&root.place().log_file), "/var/log/k8s-healer/daemon.log");
        assert_eq!(told(&root.place().pause_file), "/var/lib/k8s-healer/daemon.pause");
    }

    #[test]
    fn all_lies_beside_a_pid_file_that_is_named() {
        for (name, stem) in [("a.pid", "a"), ("a", "a"), ("a.b.pid", "a.b"), ("a.sock", "a.sock")] {
            let place = Place::of(Some(&Path::new("/x").join(name))).unwrap();
            assert_eq!(told(&place.pid_file), format!("/x/{name}"));
            assert_eq!(told(&place.socket), format!("/x/{stem}.sock"));
            assert_eq!(told(&place.log_file), format!("/x/{stem}.log"));
            assert!(place.pid_file != place.socket, "{name}");
        }
        let relative = Place::of(Some(Path::new("a.pid"))).unwrap();
        assert_eq!(relative.socket, std::env::current_dir().unwrap().join("a.sock"));
    }

    fn in_folder(folder: &Path, named: bool) -> Place {
        Place { named, ..Place::of(Some(&folder.join("a.pid"))).unwrap() }
    }

    #[test]
    fn the_folder_is_made_for_the_owner_alone_and_tightened() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("new");
        let place = in_folder(&folder, false);
        place.prepare().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        place.prepare().unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_link_a_file_and_a_folder_that_anybody_may_write_to_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let (real, link) = (temporary.path().join("real"), temporary.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(in_folder(&link, false).prepare(), Err(PlaceError::FindFolder { .. })));
        in_folder(&link, true).prepare().unwrap();

        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = in_folder(&file, true).prepare().unwrap_err();
        assert!(matches!(refused, PlaceError::FindFolder { .. }), "{refused}");

        fs::set_permissions(&real, Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(in_folder(&real, true).prepare(), Err(PlaceError::TrustFolder { .. })));
        fs::set_permissions(&real, Permissions::from_mode(0o1777)).unwrap();
        in_folder(&real, true).prepare().unwrap();
    }
}
