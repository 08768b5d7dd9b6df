//! A checkout with no more in it than the script looks at, and a PATH with no more on it than it needs.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use tempfile::TempDir;

/// All that the script may call, git not among it.
const PROGRAMS: &str = "basename cat chmod cksum cmp dirname find grep head mkdir mv readlink rm tr";

const FAKES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run_healer");

/// How a shell is called that runs the script.
pub(crate) type Shell = &'static [&'static str];

/// The shells of this machine, /bin/sh at least. They differ in what they forgive.
pub(crate) fn shells() -> Vec<Shell> {
    let all: [Shell; 5] = [&["sh"], &["dash"], &["bash"], &["bash", "--posix"], &["busybox", "sh"]];
    let shells: Vec<Shell> = all.into_iter().filter(|shell| program(shell[0]).is_some()).collect();
    assert!(!shells.is_empty(), "there is no sh");
    shells
}

/// Where the tests' own PATH has it.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The packs that the script takes where nobody names any.
pub(crate) const PACKS: [&str; 2] = ["rules/kubevirt-ui", "rules/pods"];

pub(crate) struct Checkout {
    folder: TempDir,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// What k8s-healer was given; none if it was not run.
    pub(crate) given: Option<Vec<String>>,
    /// Where cargo was called, and with what.
    pub(crate) cargo: Option<Vec<String>>,
}

impl Checkout {
    pub(crate) fn new() -> Self {
        let checkout = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["the check out/src/deep", "the check out/rules", "some where", "bin"] {
            fs::create_dir_all(checkout.folder.path().join(folder)).unwrap();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("run-healer.sh");
        // By a program: a file that this process wrote may be `busy` when it is run, where another test
        // has just started a process.
        assert!(Command::new("cp").arg(script).arg(checkout.script()).status().unwrap().success());
        for file in ["Cargo.toml", "Cargo.lock", "src/deep/main.rs"] {
            checkout.write(file, "");
            checkout.is_of(file, 100);
        }
        for name in PROGRAMS.split(' ') {
            let found = program(name).unwrap_or_else(|| panic!("there is no {name}"));
            symlink(found, checkout.bin().join(name)).unwrap();
        }
        symlink(Path::new(FAKES).join("fake-cargo"), checkout.bin().join("cargo")).unwrap();
        checkout
    }

    /// The folder that holds it all, and a file `name` in it.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A file of the checkout.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.outside("the check out").join(name)
    }

    /// The flags that name the packs which are taken where nobody names any.
    pub(crate) fn packs(&self) -> Vec<String> {
        PACKS
            .iter()
            .flat_map(|pack| ["--rules".to_owned(), self.file(pack).to_str().unwrap().to_owned()])
            .collect()
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.file("run-healer.sh")
    }

    /// The only folder of the PATH.
    pub(crate) fn bin(&self) -> PathBuf {
        self.outside("bin")
    }

    /// Where the person is.
    pub(crate) fn here(&self, name: &str) -> PathBuf {
        self.outside("some where").join(name)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.file(file), text).unwrap();
    }

    /// A file of the checkout was written at this second of a day long ago.
    pub(crate) fn is_of(&self, file: &str, second: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second);
        fs::File::options().write(true).open(self.file(file)).unwrap().set_modified(time).unwrap();
    }

    /// A program in the place of one of those that the script calls, by its text.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        let path = self.bin().join(name);
        fs::remove_file(&path).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "printf '%s' \"$1\" >\"$2\" && chmod 755 \"$2\"", "sh", text]).arg(path);
        assert!(shell.status().unwrap().success());
    }

    /// The script by a shell, in the environment of somebody who has set nothing but the binary.
    pub(crate) fn call(&self, shell: Shell) -> Command {
        let mut command = self.call_by(&program(shell[0]).unwrap());
        command.args(&shell[1..]).arg(self.script());
        command
    }

    /// Any program, in that environment.
    pub(crate) fn call_by(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.bin()).env("HOME", self.outside("")).env("LC_ALL", "C");
        command.env("RECORD", self.outside("record")).env("FAKE", Path::new(FAKES).join("fake-k8s-healer"));
        command.env("K8S_HEALER_BIN", Path::new(FAKES).join("fake-k8s-healer"));
        command.current_dir(self.here("")).stdin(Stdio::null());
        command
    }

    /// Runs what [`Self::call`] returned, with more arguments.
    pub(crate) fn ends(&self, mut command: Command, arguments: &[impl AsRef<OsStr>]) -> Ran {
        let record = self.outside("record");
        let cargo = record.with_extension("cargo");
        for file in [&record, &cargo] {
            fs::remove_file(file).ok();
        }
        let output = command.args(arguments).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            given: words(&record).map(|words| words[1..].to_vec()),
            cargo: words(&cargo),
        }
    }

    pub(crate) fn run(&self, shell: Shell, arguments: &[impl AsRef<OsStr>]) -> Ran {
        self.ends(self.call(shell), arguments)
    }
}

impl Ran {
    /// It said what is wrong, and ran nothing.
    #[track_caller]
    pub(crate) fn failed(&self, why: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.contains(why), "{why}: {self:?}");
        assert!(self.given.is_none(), "{self:?}");
        assert_eq!(self.out, "");
    }

    #[track_caller]
    pub(crate) fn passed_on(&self, arguments: &[&str]) {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert_eq!(self.given.as_deref().unwrap_or_default(), arguments, "{self:?}");
    }
}

/// What a fake kept: texts, each ended by a zero byte.
pub(crate) fn words(file: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.strip_suffix('\0')?.split('\0').map(str::to_owned).collect())
}
