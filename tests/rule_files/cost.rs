//! What following costs: nothing while nothing happens, and nothing when it has ended. Read off the kernel's
//! account of this process, so they run one after the other, in the process of their own that they start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{PATIENCE, follow, next, pack, world};

/// Set in the process that a test of this file starts.
const ALONE: &str = "K8S_HEALER_TEST_ALONE";

/// Runs a test alone in a process; returns whether this is it.
fn alone(test: &str) -> bool {
    if !cfg!(target_os = "linux") {
        println!("skipped: there is no /proc");
        return false;
    }
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    false
}

/// The threads that follow, and how often each has been put to sleep by its own will.
fn threads() -> Vec<(String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let one = |task: std::io::Result<fs::DirEntry>| {
        let folder = task.unwrap().path();
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        let follows = name.starts_with("rule-files") || name.starts_with("notify-rs");
        let status = fs::read_to_string(folder.join("status")).ok().filter(|_| follows)?;
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
        Some((name.trim().to_owned(), line.split_whitespace().last()?.parse().ok()?))
    };
    tasks.filter_map(one).collect()
}

fn watches() -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap();
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains("inotify")).count()
}

#[tokio::test]
async fn nothing_wakes_up_while_nothing_happens() {
    if !alone("cost::nothing_wakes_up_while_nothing_happens") {
        return;
    }
    let (_folder, file) = world();
    let mut files = follow(file.parent().unwrap()).await;
    fs::write(&file, pack(&["second"])).unwrap();
    assert_eq!(next(&mut files).await, "second");
    // Its own reading is heard, and is no reason to read again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = threads();
    assert_eq!(before.len(), 2, "{before:?}");
    tokio::time::sleep(Duration::from_secs(6)).await;
    let woken = |before: &[(String, u64)], after: &[(String, u64)]| {
        after.iter().zip(before).map(|((_, after), (_, before))| after - before).sum::<u64>()
    };
    let after = threads();
    assert_eq!(woken(&before[..1], &after[..1]), 0, "{before:?} {after:?}");
    // The other tests make folders beside this one; where all temporary files lie nobody listens.
    let is_public = fs::metadata(std::env::temp_dir()).unwrap().permissions().mode() & 0o1000 != 0;
    assert!(!is_public || woken(&before, &after) < 10, "{before:?} {after:?}");
}

#[tokio::test]
async fn fifty_followers_that_ended_leave_nothing_behind() {
    if !alone("cost::fifty_followers_that_ended_leave_nothing_behind") {
        return;
    }
    let (_folder, file) = world();
    assert_eq!((threads().len(), watches()), (0, 0));
    let files = follow(&file).await;
    assert!(threads().len() == 2 && watches() > 0);
    drop(files);
    for _ in 0..50 {
        drop(follow(&file).await);
    }
    let start = Instant::now();
    while (threads().len(), watches()) != (0, 0) {
        assert!(start.elapsed() < PATIENCE, "{:?} {}", threads(), watches());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
