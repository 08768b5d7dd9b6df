//! The ways in which editors and tools write a file.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::{PATIENCE, follow, next, nothing, pack, until, world};

type Way = fn(&Path, &str);

/// Each ends with the text in the file.
const WAYS: [(&str, Way); 6] = [
    ("in place", |path, text| fs::write(path, text).unwrap()),
    ("renamed over, as editors and `kubectl cp` do", |path, text| {
        let other = path.with_file_name("a.yaml.tmp");
        fs::write(&other, text).unwrap();
        fs::rename(&other, path).unwrap();
    }),
    ("with a backup, as vim does", |path, text| {
        let backup = path.with_file_name("a.yaml~");
        fs::write(path.with_file_name("4913"), "").unwrap();
        fs::remove_file(path.with_file_name("4913")).unwrap();
        fs::rename(path, &backup).unwrap();
        fs::write(path, text).unwrap();
        fs::remove_file(&backup).unwrap();
    }),
    ("deleted and made anew", |path, text| {
        fs::remove_file(path).unwrap();
        fs::write(path, text).unwrap();
    }),
    ("from another folder", |path, text| {
        let other = path.parent().unwrap().with_file_name("other.yaml");
        fs::write(&other, text).unwrap();
        fs::rename(&other, path).unwrap();
    }),
    ("line by line", |path, text| {
        let mut file = fs::File::create(path).unwrap();
        text.lines().for_each(|line| writeln!(file, "{line}").unwrap());
    }),
];

async fn every_way_is_told_twice(of_folder: bool) {
    let (_folder, file) = world();
    let followed = if of_folder { file.parent().unwrap() } else { &file };
    let mut files = follow(followed).await;
    // Each twice: a watch that was lost by the first would not tell of the second.
    for (number, (way, write)) in WAYS.iter().flat_map(|way| [way, way]).enumerate() {
        let rule = format!("rule-{number}");
        write(&file, &pack(&[&rule]));
        assert_eq!(next(&mut files).await, rule, "{way}");
    }
}

#[tokio::test]
async fn a_file_that_was_named_is_told_of_whichever_way_it_is_written() {
    every_way_is_told_twice(false).await;
}

#[tokio::test]
async fn a_file_of_a_folder_is_told_of_whichever_way_it_is_written() {
    every_way_is_told_twice(true).await;
}

#[tokio::test]
async fn a_file_that_comes_or_goes_is_told() {
    let (folder, file) = world();
    let mut files = follow(&folder.path().join("rules")).await;
    let second = folder.path().join("rules/b.yml");
    fs::write(&second, pack(&["second"]).replace("name: p ", "name: q ")).unwrap();
    assert_eq!(next(&mut files).await, "first second");
    fs::remove_file(&second).unwrap();
    assert_eq!(next(&mut files).await, "first");
    let below = folder.path().join("rules/team/new/C.YAML");
    fs::create_dir_all(below.parent().unwrap()).unwrap();
    fs::write(&below, pack(&["third"]).replace("name: p ", "name: r ")).unwrap();
    until(&mut files, "first third").await;
    fs::write(&below, pack(&["fourth"]).replace("name: p ", "name: r ")).unwrap();
    assert_eq!(next(&mut files).await, "first fourth");
    fs::remove_file(&file).unwrap();
    assert_eq!(next(&mut files).await, "fourth");
}

#[tokio::test]
async fn a_file_that_is_written_in_two_halves_is_read_when_it_is_whole() {
    let (_folder, file) = world();
    let mut files = follow(&file).await;
    let text = pack(&["one", "two", "three"]);
    // The first half is sound by itself: nothing but patience tells that there is more to come.
    let half = pack(&["one"]).len();
    let mut open = fs::File::create(&file).unwrap();
    open.write_all(&text.as_bytes()[..half]).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    open.write_all(&text.as_bytes()[half..]).unwrap();
    drop(open);
    assert_eq!(next(&mut files).await, "one two three");
    nothing(&mut files).await;
}

#[tokio::test]
async fn a_file_that_is_never_closed_is_read_all_the_same() {
    let (_folder, file) = world();
    let mut files = follow(&file).await;
    let mut open = fs::File::create(&file).unwrap();
    open.write_all(pack(&["open"]).as_bytes()).unwrap();
    assert_eq!(next(&mut files).await, "open");
    drop(open);
    nothing(&mut files).await;
}

#[tokio::test]
async fn a_file_that_is_mounted_by_itself_is_told_of() {
    let (folder, file) = world();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    // The file of another folder, under another name: nothing happens in the folder of the one that is read.
    fs::hard_link(&file, elsewhere.join("mounted")).unwrap();
    let mut files = follow(&file).await;
    for rule in ["second", "third"] {
        fs::write(elsewhere.join("mounted"), pack(&[rule])).unwrap();
        assert_eq!(next(&mut files).await, rule);
    }
}

#[tokio::test]
async fn a_storm_of_a_thousand_writes_is_a_handful_of_readings_and_the_last_one_counts() {
    let (_folder, file) = world();
    let mut files = follow(file.parent().unwrap()).await;
    let writer = tokio::task::spawn_blocking(move || {
        for number in 0..1_000 {
            fs::write(&file, pack(&[&format!("rule-{number}")])).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    });
    let mut readings = 0;
    tokio::time::timeout(PATIENCE, async {
        loop {
            readings += 1;
            if next(&mut files).await == "rule-999" {
                break;
            }
        }
    })
    .await
    .unwrap();
    writer.await.unwrap();
    assert!(readings < 20, "{readings}");
    nothing(&mut files).await;
}
