//! The copies of kubeconfigs: whose they are, when they are made, and what is never copied.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::checkout::{Checkout, Ran, Shell, program, shells};

const CONFIG: &str = "kind: Config\nusers:\n- user: { token: secret }\n";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn copies(checkout: &Checkout) -> Vec<PathBuf> {
    let entries = fs::read_dir(checkout.file(".kubeconfigs"));
    let mut paths: Vec<PathBuf> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[track_caller]
fn start(checkout: &Checkout, shell: Shell, source: &str) -> Ran {
    let ran = checkout.run(shell, &["start", "--rules", "a", "--source-kubeconfig", source]);
    assert_eq!(ran.code, Some(0), "{shell:?} {source}: {ran:?}");
    ran
}

/// The copy that it was started with.
#[track_caller]
fn copy_of(checkout: &Checkout, shell: Shell, source: &str) -> PathBuf {
    let given = start(checkout, shell, source).given.unwrap();
    let [daemon, start, option, copy, rest @ ..] = &given[..] else { panic!("{given:?}") };
    assert_eq!([daemon, start, option], ["daemon", "start", "--kubeconfig"]);
    assert_eq!(rest, ["--rules", "a"]);
    PathBuf::from(copy)
}

#[test]
fn a_copy_is_its_owners_alone_whatever_the_umask_and_the_folder_were() {
    for shell in shells() {
        for umask in ["000", "022", "277"] {
            let checkout = Checkout::new();
            fs::write(checkout.here("config"), CONFIG).unwrap();
            // What there is before the file has its name.
            let looks = format!(
                "#!/bin/sh\nfor file; do last=$file; done\n'{}' -L -c %a \"${{last%/*}}\" \"$3\" >\"$RECORD.modes\"\n\
                 exec '{}' \"$@\"\n",
                program("stat").unwrap().display(),
                program("mv").unwrap().display()
            );
            checkout.replace("mv", &looks);
            let mut command = checkout.call_by(&program("sh").unwrap());
            command.args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask]);
            command.arg(program(shell[0]).unwrap()).args(&shell[1..]).arg(checkout.script());
            let ran = checkout.ends(command, &["start", "--source-kubeconfig=config"]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(fs::read_to_string(checkout.outside("record.modes")).unwrap(), "700\n600\n");
            let copies = copies(&checkout);
            assert_eq!(copies.len(), 1, "{copies:?}");
            assert_eq!(fs::read_to_string(&copies[0]).unwrap(), CONFIG);
            assert_eq!((mode(&copies[0]), mode(&checkout.file(".kubeconfigs"))), (0o600, 0o700));
            // Opened to others by somebody, it is closed again.
            fs::set_permissions(&copies[0], Permissions::from_mode(0o644)).unwrap();
            fs::set_permissions(checkout.file(".kubeconfigs"), Permissions::from_mode(0o755)).unwrap();
            start(&checkout, shell, "config");
            assert_eq!((mode(&copies[0]), mode(&checkout.file(".kubeconfigs"))), (0o600, 0o700));
        }
    }
}

#[test]
fn a_copy_is_made_anew_when_the_content_has_changed_and_else_not_touched() {
    let checkout = Checkout::new();
    let source = checkout.here("config");
    let at = |second| {
        let file = fs::File::options().write(true).open(&source).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    };
    for shell in shells() {
        fs::write(&source, CONFIG).unwrap();
        let copy = copy_of(&checkout, shell, "config");
        let identity = |path: &Path| {
            let meta = fs::metadata(path).unwrap();
            (meta.ino(), meta.mtime(), meta.mtime_nsec())
        };
        let before = identity(&copy);
        at(4_000_000_000);
        let ran = start(&checkout, shell, "config");
        assert_eq!(identity(&copy), before, "newer, and the same");
        assert!(!ran.err.contains("copied"), "{ran:?}");
        // As long as before, and older.
        let changed = CONFIG.replace("secret", "SECRET");
        fs::write(&source, &changed).unwrap();
        at(1);
        let ran = start(&checkout, shell, "config");
        assert!(ran.err.contains("copied config to "), "{ran:?}");
        assert_eq!(fs::read_to_string(&copy).unwrap(), changed);
        assert_ne!(identity(&copy).0, before.0, "another file took its place: a reader never sees a half");
        assert_eq!(copies(&checkout), [copy]);
    }
}

#[test]
fn a_file_has_one_copy_by_whatever_path_and_two_files_have_two() {
    let checkout = Checkout::new();
    for folder in ["some where/ann", "some where/bob"] {
        fs::create_dir(checkout.outside(folder)).unwrap();
        fs::write(checkout.outside(folder).join("config"), format!("{CONFIG}# {folder}\n")).unwrap();
    }
    symlink("ann", checkout.here("link")).unwrap();
    let absolute = checkout.here("ann/config");
    for shell in shells() {
        let [ann, again, linked, dotted] =
            ["ann/config", absolute.to_str().unwrap(), "link/config", "./bob/../ann/config"]
                .map(|source| copy_of(&checkout, shell, source));
        assert!([&again, &linked, &dotted].iter().all(|copy| **copy == ann));
        let bob = copy_of(&checkout, shell, "bob/config");
        assert_ne!(ann, bob);
        assert_eq!(copies(&checkout).len(), 2);
        assert!(fs::read_to_string(bob).unwrap().ends_with("bob\n"));
        for copy in [&ann, &linked] {
            assert!(copy.file_name().unwrap().to_str().unwrap().starts_with("config-"), "{copy:?}");
        }
    }
}

#[test]
fn names_that_mean_something_to_a_shell_are_but_names() {
    let checkout = Checkout::new();
    for name in ["a b", "*", "-f", "$HOME", "it's", "ä", "%s", "a\\b", "x'; exit 9; '"] {
        fs::write(checkout.here(name), format!("{CONFIG}# {name}\n")).unwrap();
        for shell in shells() {
            let copy = copy_of(&checkout, shell, name);
            assert_eq!(fs::read_to_string(copy).unwrap(), format!("{CONFIG}# {name}\n"));
        }
    }
}

#[test]
fn a_source_that_is_no_kubeconfig_starts_nothing_and_leaves_the_copy_alone() {
    let checkout = Checkout::new();
    for shell in shells() {
        fs::write(checkout.here("config"), CONFIG).unwrap();
        let copy = copy_of(&checkout, shell, "config");
        for verb in ["start", "restart", "run"] {
            let run = |source: &str| checkout.run(shell, &[verb, "--source-kubeconfig", source]);
            fs::remove_file(checkout.here("config")).unwrap();
            run("config").failed("--source-kubeconfig: there is no config");
            run("no/such/folder").failed("--source-kubeconfig: there is no no/such/folder");
            run(".").failed("is a folder");
            fs::write(checkout.here("config"), "").unwrap();
            run("config").failed("config is empty");
            if !rustix::process::geteuid().is_root() {
                fs::set_permissions(checkout.here("config"), Permissions::from_mode(0o000)).unwrap();
                run("config").failed("config cannot be read");
            }
            assert_eq!(copies(&checkout), std::slice::from_ref(&copy));
            assert_eq!(fs::read_to_string(&copy).unwrap(), CONFIG);
            fs::remove_file(checkout.here("config")).unwrap();
            fs::write(checkout.here("config"), CONFIG).unwrap();
        }
    }
}

#[test]
fn a_kubeconfig_that_needs_files_beside_it_is_refused_and_its_credentials_are_not_shown() {
    let checkout = Checkout::new();
    for shell in shells() {
        for (text, named) in [
            ("    certificate-authority: ca.crt\n", "certificate-authority: ca.crt"),
            ("    client-certificate: './my.crt'\n", "client-certificate: './my.crt"),
            ("- client-key: \"keys/my.key\" # mine\n", "client-key: \"keys/my.key"),
            ("    tokenFile: token\n", "tokenFile: token"),
            ("      command: ./log-in\n", "command: ./log-in"),
            ("      command: bin/log-in\n", "command: bin/log-in"),
            ("user: {token: secret, client-key: my.key, password: secret}\n", "client-key: my.key"),
            (r#"{"token":"secret","tokenFile":"t","password":"secret"}"#, r#""tokenFile":"t"#),
        ] {
            fs::write(checkout.here("config"), text).unwrap();
            let ran = checkout.run(shell, &["start", "--source-kubeconfig", "config"]);
            ran.failed(
                "use --kubeconfig, or a kubeconfig that holds it all: kubectl config view --raw --flatten",
            );
            assert!(ran.err.contains(named), "{named}: {ran:?}");
            assert!(!ran.err.contains("secret"), "{ran:?}");
            assert!(copies(&checkout).is_empty());
        }
    }
}

#[test]
fn a_kubeconfig_that_stands_alone_is_taken() {
    let checkout = Checkout::new();
    let text = "
clusters:
- cluster:
    certificate-authority: /etc/ca.crt
    certificate-authority-data: YWJj
    server: https://127.0.0.1:6443
users:
- user:
    client-certificate: \"/etc/my.crt\"
    client-key: '/etc/my.key'
    client-key-data: YWJj
    tokenFile:
    username: \"\"
- user: {client-certificate: /a, tokenFile: \"/b\", client-key: ''}
- user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: aws
      args: [eks, --cluster=a/b]
- user: {exec: {command: /usr/bin/log-in}}
- {\"user\":{\"client-key\":\"/x\",\"exec\":{\"command\":\"gke-gcloud-auth-plugin\",\"args\":[\"a/b\"]}}}
";
    fs::write(checkout.here("config"), text).unwrap();
    for shell in shells() {
        assert_eq!(fs::read_to_string(copy_of(&checkout, shell, "config")).unwrap(), text);
    }
}

#[test]
fn a_source_that_can_be_read_but_once_is_read_but_once() {
    let checkout = Checkout::new();
    fs::write(checkout.outside("piped"), CONFIG).unwrap();
    for shell in shells() {
        let mut cat =
            Command::new("cat").arg(checkout.outside("piped")).stdout(Stdio::piped()).spawn().unwrap();
        let mut command = checkout.call(shell);
        command.stdin(cat.stdout.take().unwrap());
        let ran = checkout.ends(command, &["start", "--source-kubeconfig", "/dev/stdin"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        cat.wait().unwrap();
        let copies = copies(&checkout);
        assert_eq!(fs::read_to_string(&copies[0]).unwrap(), CONFIG);
        assert_eq!(copies.len(), 1);
    }
}

#[test]
fn an_interrupted_copy_leaves_nothing_behind() {
    let checkout = Checkout::new();
    let pipe = checkout.here("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for shell in shells() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            if is_ignored(signal) {
                continue;
            }
            let mut command = checkout.call(shell);
            command.args(["start", "--source-kubeconfig", "pipe"]).process_group(0);
            let mut child = command.stderr(Stdio::null()).spawn().unwrap();
            until(|| copies(&checkout).len() == 1);
            // Again and again: a process that is about to become another may lose one.
            let group = Pid::from_child(&child);
            until(|| {
                kill_process_group(group, signal).ok();
                child.try_wait().unwrap().is_some_and(|status| !status.success())
                    && copies(&checkout).is_empty()
            });
        }
    }
    assert!(!checkout.outside("record").exists(), "and starts nothing");
}

/// Whether whoever runs the tests has the signal ignored, as `nohup` does: then no shell can catch it.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    let mask = u64::from_str_radix(mask, 16).unwrap_or_default();
    mask & (1 << (signal.as_raw() - 1)) != 0
}

#[track_caller]
fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_the_option_no_copy_is_made_or_used() {
    let checkout = Checkout::new();
    fs::write(checkout.here("config"), CONFIG).unwrap();
    for shell in shells() {
        start(&checkout, shell, "config");
        checkout.run(shell, &["start", "--rules=a"]).passed_on(&["daemon", "start", "--rules=a"]);
        checkout.run(shell, &["restart"]).passed_on(&["daemon", "restart"]);
        let ran = checkout.run(shell, &["start", "--rules=a", "--kubeconfig", "config"]);
        ran.passed_on(&["daemon", "start", "--rules=a", "--kubeconfig", "config"]);
    }
}
