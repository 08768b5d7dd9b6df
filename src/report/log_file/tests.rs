use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

const NEVER: Rotation = Rotation { max_size: None, max_age: None, keep: 2 };

/// A folder, and a clock that a test moves.
struct Place {
    folder: TempDir,
    seconds: Arc<AtomicI64>,
}

impl Place {
    fn new() -> Self {
        // A file's own times are those of the machine.
        let seconds = Arc::new(AtomicI64::new(Timestamp::from_second(0).unwrap().as_second()));
        let place = Self { folder: tempfile::tempdir().unwrap(), seconds };
        place.seconds.store(place.created(), Ordering::Relaxed);
        place
    }

    /// The machine's time, as the file system tells it.
    fn created(&self) -> i64 {
        let modified = fs::metadata(self.folder.path()).unwrap().modified().unwrap();
        Timestamp::try_from(modified).unwrap().as_second()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, rotation: Rotation) -> LogFile {
        let seconds = Arc::clone(&self.seconds);
        let now = move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap();
        let log = LogFile::open(&self.path("log"), rotation, now).unwrap();
        log.speak_json(false);
        log
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| format!("({error})"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn say(log: &LogFile, line: &str) {
    log.make_writer().write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[test]
fn lines_are_appended_to_a_file_that_others_cannot_read() {
    let place = Place::new();
    say(&place.open(NEVER), "a");
    say(&place.open(NEVER), "b");
    assert_eq!(place.text("log"), "a\nb\n");
    assert_eq!(fs::metadata(place.path("log")).unwrap().permissions().mode() & 0o777 & !0o640, 0);
}

#[test]
fn a_line_that_does_not_fit_begins_a_new_file_and_the_oldest_goes() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(8), ..NEVER });
    for line in ["one", "two", "three", "four", "a line that is longer than any file may be", "six"] {
        say(&log, line);
    }
    assert_eq!(place.names(), ["log", "log.1", "log.2"]);
    assert_eq!(place.text("log"), "six\n");
    assert_eq!(place.text("log.1"), "a line that is longer than any file may be\n");
    assert_eq!(place.text("log.2"), "four\n");
    assert_eq!(log.trouble(), None);
}

#[test]
fn what_is_in_the_file_already_counts() {
    let place = Place::new();
    say(&place.open(NEVER), "one");
    say(&place.open(Rotation { max_size: Some(6), ..NEVER }), "two");
    assert_eq!((place.text("log").as_str(), place.text("log.1").as_str()), ("two\n", "one\n"));
}

#[test]
fn a_file_is_set_aside_when_it_is_old_across_restarts_too() {
    let place = Place::new();
    let rotation = Rotation { max_age: Some(Duration::from_secs(3600)), ..NEVER };
    let log = place.open(rotation);
    place.pass(7200);
    // The first line begins the file, however late.
    say(&log, "a");
    place.pass(3500);
    say(&log, "b");
    assert_eq!(place.names(), ["log"]);
    place.pass(200);
    say(&log, "c");
    assert_eq!((place.text("log").as_str(), place.text("log.1").as_str()), ("c\n", "a\nb\n"));

    // A daemon that is started every hour has an old file too. The file's age is the file system's.
    drop(log);
    place.seconds.store(place.created() + 3700, Ordering::Relaxed);
    say(&place.open(rotation), "d");
    assert_eq!((place.text("log").as_str(), place.text("log.1").as_str()), ("d\n", "c\n"));
}

#[test]
fn with_none_to_keep_there_is_one_file() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(4), max_age: None, keep: 0 });
    say(&log, "one");
    say(&log, "two");
    assert_eq!(place.names(), ["log"]);
    assert_eq!(place.text("log"), "two\n");
}

#[test]
fn a_file_that_was_moved_away_is_left_when_asked_to() {
    let place = Place::new();
    let log = place.open(NEVER);
    say(&log, "a");
    fs::rename(place.path("log"), place.path("log-2026")).unwrap();
    say(&log, "b");
    log.reopen();
    say(&log, "c");
    assert_eq!(place.text("log-2026"), "a\nb\n");
    assert_eq!(place.text("log"), "c\n");
}

#[test]
fn a_file_that_was_emptied_by_somebody_begins_anew() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(8), ..NEVER });
    say(&log, "one");
    say(&log, "two");
    fs::write(place.path("log"), "").unwrap();
    say(&log, "new");
    assert_eq!(place.names(), ["log"]);
    assert_eq!(place.text("log"), "new\n");
}

#[test]
fn the_new_file_of_somebody_who_set_ours_aside_is_not_set_aside_again() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(4), ..NEVER });
    say(&log, "one");
    fs::rename(place.path("log"), place.path("log.1")).unwrap();
    fs::write(place.path("log"), "").unwrap();
    say(&log, "two");
    assert_eq!((place.text("log").as_str(), place.text("log.1").as_str()), ("two\n", "one\n"));
}

#[test]
fn a_full_disk_costs_lines_and_they_are_counted_where_the_next_one_is_written() {
    let place = Place::new();
    symlink("/dev/full", place.path("log")).unwrap();
    let log = place.open(Rotation { max_size: Some(1000), ..NEVER });
    assert_eq!(log.trouble(), None);
    say(&log, "a");
    assert_eq!(log.trouble().unwrap(), "1 line of the log was lost: no space left on device");
    say(&log, "b");
    let trouble = log.trouble().unwrap();
    assert_eq!(trouble, "2 lines of the log were lost: no space left on device");
    fs::remove_file(place.path("log")).unwrap();
    log.reopen();
    say(&log, "c");
    let text = place.text("log");
    let (note, rest) = text.split_once('\n').unwrap();
    assert!(note.ends_with(&format!("Z warn {trouble}")), "{note}");
    assert_eq!(rest, "c\n");
    assert_eq!(log.trouble(), None);
}

#[test]
fn its_own_lines_are_json_among_json() {
    let place = Place::new();
    symlink("/dev/full", place.path("log")).unwrap();
    let log = place.open(NEVER);
    log.speak_json(true);
    say(&log, "{}");
    fs::remove_file(place.path("log")).unwrap();
    log.reopen();
    say(&log, "{}");
    let text = place.text("log");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["message"], "1 line of the log was lost: no space left on device");
    assert!(lines[0]["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
}

#[test]
fn a_file_that_cannot_be_set_aside_grows_and_says_so_once() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(4), max_age: None, keep: 1 });
    fs::create_dir(place.path("log.1")).unwrap();
    say(&log, "one");
    say(&log, "two");
    say(&log, "three");
    let text = place.text("log");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].contains(" warn the log ") && lines[1].ends_with("cannot be set aside: is a directory"));
    assert_eq!(log.trouble().as_deref(), lines[1].split_once(" warn ").map(|(_, said)| said));
    // It is tried again, and not with every line.
    fs::remove_dir(place.path("log.1")).unwrap();
    say(&log, "four");
    assert_eq!(place.names(), ["log"]);
    place.pass(61);
    say(&log, "five");
    assert_eq!(place.text("log"), "five\n");
    assert_eq!(log.trouble(), None);
}

#[test]
fn a_folder_that_is_gone_for_a_while_loses_no_line_and_the_file_comes_back_by_itself() {
    let place = Place::new();
    let log = place.open(NEVER);
    fs::rename(place.folder.path(), place.folder.path().with_extension("gone")).unwrap();
    log.reopen();
    assert!(log.trouble().unwrap().ends_with("cannot be opened: no such file or directory"));
    say(&log, "a");
    fs::create_dir(place.folder.path()).unwrap();
    let before = fs::read_to_string(place.folder.path().with_extension("gone").join("log")).unwrap();
    assert!(before.ends_with("\na\n"), "{before}");
    fs::remove_dir_all(place.folder.path().with_extension("gone")).unwrap();
    place.pass(61);
    say(&log, "b");
    assert_eq!(place.text("log"), "b\n");
    assert_eq!(log.trouble(), None);
}

#[test]
fn what_can_be_no_log_is_refused_at_once() {
    let place = Place::new();
    let refused = |path: &Path| LogFile::open(path, NEVER, || Timestamp::UNIX_EPOCH).err().unwrap();
    assert_eq!(refused(place.folder.path()).kind(), io::ErrorKind::IsADirectory);
    assert_eq!(refused(&place.path("nowhere/log")).kind(), io::ErrorKind::NotFound);
    let pipe = place.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(refused(&pipe).to_string(), "it is a pipe");
}

#[test]
fn many_threads_write_whole_lines_and_no_line_is_lost_across_rotations() {
    let place = Place::new();
    let log = place.open(Rotation { max_size: Some(2000), max_age: None, keep: 1000 });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = log.clone();
            scope.spawn(move || (0..500).for_each(|line| say(&log, &format!("<{thread} {line:>40}>"))));
        }
    });
    let names = place.names();
    assert!(names.len() > 20);
    let all: Vec<String> = names
        .iter()
        .flat_map(|name| place.text(name).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(all.len(), 2000);
    assert!(all.iter().all(|line| line.starts_with('<') && line.ends_with('>')));
    for name in names {
        assert!(fs::metadata(place.path(&name)).unwrap().len() <= 2000, "{name}");
    }
}
