//! Processes that never outlive the test that started them: ended when dropped, and, where the test
//! process itself is killed, by a keeper that notices.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};

/// A keeper waits for the end of its standard input, which the kernel closes with the test process,
/// however that ended, and then does what it was left to do.
pub struct Leash {
    keeper: Child,
}

impl Leash {
    /// Kill the process group of `pid` when this process is gone.
    pub fn on_group(pid: u32) -> Self {
        Self::new("read -r _; kill -s KILL -- \"-$1\"", &pid.to_string())
    }

    /// Remove the folder when this process is gone. The wait lets the processes that write to it go first.
    pub fn on_folder(folder: &Path) -> Self {
        Self::new("read -r _; sleep 1; rm -rf -- \"$1\"", folder.to_str().unwrap())
    }

    /// End the daemon that runs in the background at this pid file when this process is gone.
    pub fn on_daemon(program: &str, pid_file: &Path) -> Self {
        let script =
            format!("read -r _; '{program}' daemon stop --no-config --force --timeout 1s --pid-file \"$1\"");
        Self::new(&script, pid_file.to_str().unwrap())
    }

    fn new(script: &str, argument: &str) -> Self {
        let keeper = Command::new("sh")
            .args(["-c", script, "leash", argument])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal goes to its foreground group: not to the keeper.
            .process_group(0)
            .spawn()
            .expect("sh");
        Self { keeper }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // Killed while its input is still open, so that it does nothing. The whole group: it may sleep.
        kill_group(self.keeper.id());
        self.keeper.wait().ok();
    }
}

/// A child process, its output in a log file.
pub struct Process {
    child: Child,
    // Dropped after the child has been ended and reaped.
    _leash: Leash,
}

impl Process {
    /// Appends to the log, so that a restart does not wipe what came before.
    pub fn spawn(mut command: Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
        let leash = Leash::on_group(child.id());
        Self { child, _leash: leash }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(self.child.id());
        self.child.wait().ok();
    }
}

/// Kill a group whose leader is `pid`, at once.
pub fn kill_group(pid: u32) {
    if let Some(group) = pid_of(pid) {
        // It may have ended by itself.
        kill_process_group(group, Signal::KILL).ok();
    }
}

pub fn pid_of(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// Whether the process exists, an unreaped one included.
pub fn exists(id: u32) -> bool {
    pid_of(id).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// A port that is free now and stays so: below the range from which the kernel serves outgoing
/// connections, so that a server that is down for a while finds its port free again.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let start = u16::try_from(std::process::id() % 10_000).unwrap();
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (start.wrapping_mul(7).wrapping_add(step)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
