//! Follows a log file as it grows, is set aside and begun anew, is emptied, or is away for a while: each line
//! once, in order.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Read from the end by so much until there are enough lines.
const BLOCK: u64 = 64 * 1024;

/// How far a file has been read.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    file: File,
    position: u64,
}

impl Follower {
    /// From the beginning of the file. I/O.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)?, position: 0 })
    }

    /// From the last so many lines on. I/O.
    pub(super) fn skip_to_last(&mut self, lines: usize) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let (mut start, mut found) = (length, 0);
        let mut block = Vec::new();
        'blocks: while start > 0 {
            let from = start.saturating_sub(BLOCK);
            self.file.seek(SeekFrom::Start(from))?;
            block.clear();
            (&mut self.file).take(start - from).read_to_end(&mut block)?;
            for (at, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
                let after = from + at as u64 + 1;
                // The end of the last line begins none.
                if after < length {
                    found += 1;
                }
                if found >= lines.max(1) || (lines == 0 && after == length) {
                    self.position = if lines == 0 { length } else { after };
                    break 'blocks;
                }
            }
            start = from;
        }
        if lines == 0 {
            self.position = length;
        }
        self.file.seek(SeekFrom::Start(self.position)).map(drop)
    }

    /// From this byte on. I/O.
    pub(super) fn skip_to(&mut self, position: u64) -> io::Result<()> {
        self.position = self.file.seek(SeekFrom::Start(position))?;
        Ok(())
    }

    /// Writes out what has come since. I/O.
    pub(super) fn pass_on(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.drain(out)?;
        let Ok(next) = File::open(&self.path) else {
            // Away for a moment: what still comes, comes to the open file.
            return out.flush();
        };
        // Who sets a file aside may go on writing to it until the new one is begun (logrotate).
        if !is_same(&next, &self.file) && next.metadata()?.len() > 0 {
            self.drain(out)?;
            for between in self.set_aside_since() {
                io::copy(&mut File::open(between)?, out)?;
            }
            (self.file, self.position) = (next, 0);
            self.drain(out)?;
        }
        out.flush()
    }

    fn drain(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.file.metadata()?.len() < self.position {
            // Somebody emptied it.
            self.skip_to(0)?;
        }
        self.position += io::copy(&mut self.file, out)?;
        Ok(())
    }

    /// Where the open file is `NAME.3` by now: `NAME.2` and `NAME.1`, the older one first.
    fn set_aside_since(&self) -> Vec<PathBuf> {
        let numbered = |number: u32| {
            let mut name = OsString::from(&self.path);
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        let mut younger = Vec::new();
        for path in (1..).map(numbered).take_while(|path| path.exists()) {
            if File::open(&path).is_ok_and(|file| is_same(&file, &self.file)) {
                younger.reverse();
                return younger;
            }
            younger.push(path);
        }
        Vec::new()
    }
}

fn is_same(a: &File, b: &File) -> bool {
    let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino())).ok();
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Whether there is a file to follow.
pub(super) fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    struct Log(TempDir);

    impl Log {
        fn new(text: &str) -> Self {
            let log = Self(tempfile::tempdir().unwrap());
            fs::write(log.path(), text).unwrap();
            log
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("log")
        }

        fn append(&self, text: &str) {
            let mut file = File::options().append(true).create(true).open(self.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        /// As the daemon does it.
        fn set_aside(&self) {
            let numbered = |number: u32| self.0.path().join(format!("log.{number}"));
            for number in (1..5).rev().filter(|number| numbered(*number).exists()) {
                fs::rename(numbered(number), numbered(number + 1)).unwrap();
            }
            fs::rename(self.path(), numbered(1)).unwrap();
        }
    }

    fn new_in(follower: &mut Follower) -> String {
        let mut out = Vec::new();
        follower.pass_on(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        let text = "one\ntwo\nthree\n";
        for (lines, expected) in
            [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (3, text), (4, text), (usize::MAX, text)]
        {
            let log = Log::new(text);
            let mut follower = Follower::open(&log.path()).unwrap();
            follower.skip_to_last(lines).unwrap();
            assert_eq!(new_in(&mut follower), expected, "{lines}");
        }
        let unfinished = Log::new("one\ntwo");
        let mut follower = Follower::open(&unfinished.path()).unwrap();
        follower.skip_to_last(1).unwrap();
        assert_eq!(new_in(&mut follower), "two");

        let long: String = (0..20_000).map(|number| format!("line {number:>20}\n")).collect();
        let log = Log::new(&long);
        let mut follower = Follower::open(&log.path()).unwrap();
        follower.skip_to_last(15_000).unwrap();
        let tail = new_in(&mut follower);
        assert_eq!(tail.lines().count(), 15_000);
        assert!(long.ends_with(&tail));
    }

    #[test]
    fn each_line_comes_once_across_files_that_are_set_aside_however_many() {
        let log = Log::new("one\n");
        let mut follower = Follower::open(&log.path()).unwrap();
        assert_eq!(new_in(&mut follower), "one\n");
        log.append("two\n");
        log.set_aside();
        assert_eq!(new_in(&mut follower), "two\n");
        for line in ["three\n", "four\n", "five\n"] {
            log.append(line);
            log.set_aside();
        }
        log.append("six\n");
        assert_eq!(new_in(&mut follower), "three\nfour\nfive\nsix\n");
        assert_eq!(new_in(&mut follower), "");
    }

    #[test]
    fn a_file_that_is_moved_is_read_until_the_new_one_is_begun() {
        let log = Log::new("one\n");
        let mut follower = Follower::open(&log.path()).unwrap();
        let mut writer = File::options().append(true).open(log.path()).unwrap();
        fs::rename(log.path(), log.0.path().join("elsewhere")).unwrap();
        writer.write_all(b"two\n").unwrap();
        assert_eq!(new_in(&mut follower), "one\ntwo\n");
        fs::write(log.path(), "").unwrap();
        writer.write_all(b"three\n").unwrap();
        assert_eq!(new_in(&mut follower), "three\n");
        log.append("four\n");
        assert_eq!(new_in(&mut follower), "four\n");
    }

    #[test]
    fn a_file_that_was_emptied_is_read_from_its_beginning() {
        let log = Log::new("a long line\n");
        let mut follower = Follower::open(&log.path()).unwrap();
        new_in(&mut follower);
        fs::write(log.path(), "short\n").unwrap();
        assert_eq!(new_in(&mut follower), "short\n");
    }
}
