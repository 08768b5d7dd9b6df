//! Who must not speak to it, and what comes in that is no question.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::geteuid;

use crate::house::*;
use crate::support::skip;

/// `nobody`.
const STRANGER: u32 = 65534;

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn another_user_is_refused_by_the_modes_of_the_files_and_where_those_are_opened_by_the_daemon() {
    if !geteuid().is_root() {
        return skip("only root can be another user");
    }
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    // A place from which a stranger may run the program.
    let public = tempfile::tempdir().unwrap();
    open(public.path(), 0o755);
    let program = public.path().join("k8s-healer");
    fs::copy(PROGRAM, &program).unwrap();
    open(&program, 0o755);
    let asked_by_stranger = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("daemon").args(arguments).arg("--pid-file").arg(house.path("daemon.pid"));
        command.current_dir("/").uid(STRANGER).gid(STRANGER);
        ran(command)
    };
    asked_by_stranger(&["status"]).ends_with(2).says("permission denied");
    assert_eq!(fs::metadata(house.path("daemon.sock")).unwrap().mode() & 0o777, 0o600);

    open(house.folder.path(), 0o755);
    asked_by_stranger(&["status"]).ends_with(2).says("permission denied");
    asked_by_stranger(&["stop"]).ends_with(2).says("belongs to the user 0");

    open(&house.path("daemon.sock"), 0o666);
    for question in [&["status"][..], &["pause"], &["reload"], &["resume"]] {
        asked_by_stranger(question).ends_with(2).says("the user 65534 may not ask");
    }
    wait_for("the log tells it", || house.log().contains("\"user\":\"65534\""));
    let status = house.status();
    assert!(status["paused"].is_null() && status["ready"] == true, "{status}");
    house.heals("map").await;
}

#[tokio::test]
async fn garbage_on_the_socket_harms_nothing() {
    let house = House::new().await;
    house.start(&[]).ends_with(0);
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(house.path("daemon.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).ok();
        stream.shutdown(Shutdown::Write).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let zeros = vec![0; 70_000];
    let random: Vec<u8> = (0..200_000).map(|_| fastrand::u8(..)).collect();
    for bytes in [&random[..], b"\n", b"{\"version\":1,\"comm", b"GET /metrics HTTP/1.1\r\n\r\n", &zeros] {
        let answer = say(bytes);
        assert!(answer.contains("\"answer\":\"error\"") && answer.ends_with('\n'), "{answer:?}");
    }
    let other = say(b"{\"version\":99,\"command\":\"status\"}\n");
    assert!(other.contains("version 99") && other.contains("version 1"), "{other}");
    let hanging: Vec<_> = (0..40).map(|_| UnixStream::connect(house.path("daemon.sock"))).collect();
    drop(hanging);
    wait_for("it answers", || house.run(&["status"]).code == Some(0));
    house.heals("map").await;
}

#[tokio::test]
async fn by_default_it_lives_in_a_folder_that_nobody_else_has_a_hand_in() {
    let house = House::new().await;
    let surroundings = tempfile::tempdir().unwrap();
    let at_home = |arguments: &[&str]| {
        let flags = house.flags();
        let flags = if arguments == ["start"] { flags } else { Vec::new() };
        let mut command = house.command(arguments);
        command.args(flags).args(["--no-config"]).env_remove("K8S_HEALER_PID_FILE");
        for variable in ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"] {
            command.env(variable, surroundings.path());
        }
        if arguments == ["start"] {
            command.arg("--log-file").arg(house.path("daemon.log"));
        }
        ran(command)
    };
    let folder = surroundings.path().join("k8s-healer");
    let trap = tempfile::tempdir().unwrap();
    symlink(trap.path(), &folder).unwrap();
    at_home(&["start"]).ends_with(2).says("is no folder");
    assert_eq!(fs::read_dir(trap.path()).unwrap().count(), 0);
    fs::remove_file(&folder).unwrap();

    let _end = End::of(folder.join("daemon.pid"));
    at_home(&["start"]).ends_with(0);
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(folder.join("daemon.sock")).unwrap().mode() & 0o777, 0o600);
    at_home(&["status"]).ends_with(0);
    at_home(&["stop"]).ends_with(0);
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_refused_and_said_to_be() {
    let house = House::new().await;
    let deep = house.path(&"x".repeat(100));
    fs::create_dir(&deep).unwrap();
    let pid_file = deep.join("daemon.pid");
    house.start(&["--pid-file", pid_file.to_str().unwrap()]).ends_with(2).says("too long");
    assert!(!pid_file.exists(), "nothing is left");
}
