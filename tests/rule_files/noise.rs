//! What is no change: nothing is told of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{follow, next, nothing, pack, touch, world};

#[tokio::test]
async fn a_file_that_is_only_touched_or_written_as_it_was_is_not_told_of() {
    let (_folder, file) = world();
    for followed in [file.as_path(), file.parent().unwrap()] {
        let mut files = follow(followed).await;
        touch(&file);
        nothing(&mut files).await;
        let text = fs::read(&file).unwrap();
        fs::write(&file, &text).unwrap();
        nothing(&mut files).await;
        fs::remove_file(&file).unwrap();
        fs::write(&file, &text).unwrap();
        nothing(&mut files).await;
    }
}

#[tokio::test]
async fn what_no_rule_is_read_from_is_not_told_of() {
    let (folder, file) = world();
    let mut files = follow(file.parent().unwrap()).await;
    for name in [".a.yaml.swp", ".hidden.yaml", "notes.txt", "tests/case.yaml", ".git/HEAD", "../beside.yaml"]
    {
        let path = folder.path().join("rules").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    nothing(&mut files).await;
    fs::write(&file, pack(&["second"])).unwrap();
    assert_eq!(next(&mut files).await, "second");
}

#[tokio::test]
async fn a_broken_file_is_told_once_and_its_healing_too() {
    let (_folder, file) = world();
    let mut files = follow(&file).await;
    fs::write(&file, "rules: [").unwrap();
    assert_eq!(next(&mut files).await, "yaml-syntax");
    touch(&file);
    nothing(&mut files).await;
    fs::write(&file, pack(&["first"])).unwrap();
    assert_eq!(next(&mut files).await, "first");
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_told_and_when_it_may_again() {
    let (_folder, file) = world();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut files = follow(&file).await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(next(&mut files).await, "unreadable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(next(&mut files).await, "first");
}
