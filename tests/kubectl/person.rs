//! A person with a shell, kubectl and a namespace of their own, and the sandboxes that they share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{Leash, Process, kill_group};
use crate::support::{Daemon, cluster, skip, unique};

/// No line here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sandbox, served by the built executable.
pub(crate) struct Served {
    pub(crate) kubeconfig: PathBuf,
    _process: Process,
    // Statics are never dropped: the folder goes with the test process.
    _leash: Leash,
}

impl Served {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let (kubeconfig, log) = (folder.join("kubeconfig"), folder.join("log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.args(["sandbox", "--write-kubeconfig"]).arg(&kubeconfig).args(flags);
        let leash = Leash::on_folder(&folder);
        let process = Process::spawn(command, &log);
        let start = Instant::now();
        while !fs::read_to_string(&log).is_ok_and(|text| text.contains("Ctrl-C ends it")) {
            assert!(start.elapsed() < PATIENCE, "the sandbox says: {:?}", fs::read_to_string(&log));
            thread::sleep(Duration::from_millis(10));
        }
        Self { kubeconfig, _process: process, _leash: leash }
    }

    /// With a node and controllers.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Served> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["--nodes", "1"]))
    }

    /// The API server alone, as the real one is that stands beside it.
    pub(crate) fn shared_without_controllers() -> &'static Self {
        static SHARED: OnceLock<Served> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["--nodes", "0"]))
    }
}

/// What a line came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Somebody who types.
pub(crate) struct Person {
    home: TempDir,
    /// The folder of kubectl, before all others.
    path: String,
    pub(crate) namespace: String,
    // Two lines at a time would write to the same files.
    typing: Mutex<()>,
}

impl Person {
    /// On the shared sandbox, in a namespace that they create; None, said aloud, where there is no kubectl.
    pub(crate) fn new(word: &str) -> Option<Self> {
        kubectl_or_skip()?;
        Self::at(&Served::shared().kubeconfig, &unique(word))
    }

    pub(crate) fn at(kubeconfig: &Path, namespace: &str) -> Option<Self> {
        let folder = kubectl_or_skip()?;
        let home = tempfile::tempdir().unwrap();
        fs::copy(kubeconfig, home.path().join("config")).unwrap();
        let rest = env::var("PATH").unwrap_or_default();
        let path = format!("{}:{rest}", folder.display());
        let person = Self { home, path, namespace: namespace.to_owned(), typing: Mutex::default() };
        person.reads(&format!("kubectl create namespace {namespace}"));
        person.reads(&format!("kubectl config set-context --current --namespace={namespace}"));
        Some(person)
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.home.path()).env_clear();
        command.env("PATH", &self.path).env("KUBECONFIG", self.home.path().join("config"));
        command.env("HOME", self.home.path()).env("TMPDIR", self.home.path());
        command
    }

    /// A file beside them.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.home.path().join(name), text).unwrap();
    }

    /// A line for the shell, and its end.
    pub(crate) fn types(&self, line: &str) -> Said {
        use std::os::unix::process::CommandExt;
        let _typing = self.typing.lock().unwrap();
        let [out, err] = ["out", "err"].map(|name| self.home.path().join(name));
        let mut command = self.shell(line);
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        let code = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if start.elapsed() > PATIENCE => {
                    kill_group(child.id());
                    child.wait().unwrap();
                    break None;
                }
                None => thread::sleep(Duration::from_millis(3)),
            }
        };
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Said { code, out: read(&out), err: read(&err) }
    }

    /// What a line that succeeds prints.
    #[track_caller]
    pub(crate) fn reads(&self, line: &str) -> String {
        let said = self.types(line);
        assert_eq!(said.code, Some(0), "{line}\n{}{}", said.out, said.err);
        said.out
    }

    /// What a line that succeeds prints, in JSON.
    #[track_caller]
    pub(crate) fn reads_json(&self, line: &str) -> Value {
        serde_json::from_str(&self.reads(line)).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The complaint of a line that fails, as with kubectl with status 1.
    #[track_caller]
    pub(crate) fn is_refused(&self, line: &str) -> String {
        let said = self.types(line);
        assert_eq!(said.code, Some(1), "{line}\n{}{}", said.out, said.err);
        said.err
    }

    /// A line that goes on until it is dropped.
    pub(crate) fn leaves_running(&self, line: &str) -> Daemon {
        Daemon::spawn(self.shell(&format!("exec {line}")))
    }

    /// Types it again until it prints this and nothing else.
    #[track_caller]
    pub(crate) fn waits_to_read(&self, line: &str, wanted: &str) {
        let start = Instant::now();
        loop {
            let said = self.types(line);
            if said.out == wanted {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{line}: not {wanted:?} but {said:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The folder of kubectl: that of the real API server, or one of PATH.
pub(crate) fn kubectl_or_skip() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = cluster::assets().into_iter().chain(env::split_paths(&path));
    let found = folders.into_iter().find(|folder| folder.join("kubectl").is_file());
    if found.is_none() {
        skip("there is no kubectl, neither in KUBEBUILDER_ASSETS nor on PATH");
    }
    found
}
