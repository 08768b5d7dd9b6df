//! Folders that vanish for a while, and those that take their place.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{follow, next, nothing, pack, until, world};

fn write(path: &Path, rule: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, pack(&[rule])).unwrap();
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_anew_is_followed_again() {
    let (folder, file) = world();
    let rules = folder.path().join("rules");
    for followed in [&file, &rules] {
        write(&file, "first");
        let mut files = follow(followed).await;
        for round in 0..2 {
            fs::remove_dir_all(&rules).unwrap();
            assert_eq!(next(&mut files).await, "unreadable", "{round}");
            write(&file, "again");
            until(&mut files, "again").await;
            write(&file, "later");
            assert_eq!(next(&mut files).await, "later", "{round}");
        }
    }
}

#[tokio::test]
async fn a_folder_that_vanishes_with_all_above_it_comes_back() {
    let (folder, _) = world();
    let file = folder.path().join("a/b/c/d.yaml");
    write(&file, "first");
    let mut files = follow(file.parent().unwrap()).await;
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    assert_eq!(next(&mut files).await, "unreadable");
    write(&file, "again");
    until(&mut files, "again").await;
    write(&file, "later");
    assert_eq!(next(&mut files).await, "later");
}

#[tokio::test]
async fn what_is_not_there_at_the_start_is_waited_for() {
    let (folder, _) = world();
    let file = folder.path().join("later/a.yaml");
    let mut files = follow(&file).await;
    nothing(&mut files).await;
    write(&file, "here");
    until(&mut files, "here").await;
}

#[tokio::test]
async fn a_folder_that_another_takes_the_place_of_is_no_longer_followed() {
    let (folder, file) = world();
    let at = |name: &str| folder.path().join(name);
    let mut files = follow(&at("rules")).await;
    for round in 0..3 {
        write(&at("next/a.yaml"), &format!("new-{round}"));
        fs::rename(at("rules"), at(&format!("old-{round}"))).unwrap();
        fs::rename(at("next"), at("rules")).unwrap();
        until(&mut files, &format!("new-{round}")).await;
        write(&at(&format!("old-{round}/a.yaml")), "of-the-old-one");
        nothing(&mut files).await;
        write(&file, "written");
        assert_eq!(next(&mut files).await, "written", "{round}");
    }
}

#[tokio::test]
async fn a_folder_that_is_moved_away_and_back_at_once_is_followed_on() {
    let (folder, file) = world();
    let (rules, away) = (folder.path().join("rules"), folder.path().join("away"));
    for followed in [&file, &rules] {
        let mut files = follow(followed).await;
        fs::rename(&rules, &away).unwrap();
        fs::rename(&away, &rules).unwrap();
        nothing(&mut files).await;
        for rule in ["second", "third"] {
            write(&file, rule);
            assert_eq!(next(&mut files).await, rule);
        }
    }
}

/// A folder that somebody stands in does not tell that it was deleted, and in one that is open to all, such as
/// `/tmp`, nobody listens.
#[tokio::test]
async fn a_folder_that_somebody_stands_in_is_followed_to_its_successor() {
    let (folder, file) = world();
    let rules = folder.path().join("rules");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let mut files = follow(&rules).await;
    let stands_in_it = fs::File::open(&rules).unwrap();
    fs::remove_dir_all(&rules).unwrap();
    write(&file, "second");
    until(&mut files, "second").await;
    write(&file, "third");
    assert_eq!(next(&mut files).await, "third");
    drop(stands_in_it);
}

#[tokio::test]
async fn a_folder_further_up_that_is_replaced_is_noticed() {
    let (folder, _) = world();
    let at = |name: &str| folder.path().join(name);
    write(&at("app/config/rules/a.yaml"), "first");
    write(&at("app.new/config/rules/a.yaml"), "second");
    let mut files = follow(&at("app/config/rules")).await;
    fs::rename(at("app"), at("app.old")).unwrap();
    fs::rename(at("app.new"), at("app")).unwrap();
    until(&mut files, "second").await;
    write(&at("app/config/rules/a.yaml"), "third");
    assert_eq!(next(&mut files).await, "third");
}

#[tokio::test]
async fn a_file_that_becomes_a_folder_is_read_as_one() {
    let (folder, file) = world();
    let mut files = follow(&file).await;
    fs::rename(&file, folder.path().join("b.yaml")).unwrap();
    fs::create_dir(&file).unwrap();
    fs::rename(folder.path().join("b.yaml"), file.join("b.yaml")).unwrap();
    until(&mut files, "first").await;
    write(&file.join("b.yaml"), "below");
    assert_eq!(next(&mut files).await, "below");
}

#[tokio::test]
async fn relative_paths_and_dots_lead_where_they_lead() {
    let (folder, file) = world();
    fs::create_dir(folder.path().join("deep")).unwrap();
    symlink(folder.path().join("deep"), folder.path().join("link")).unwrap();
    // Behind the link, `..` is the folder above `deep`.
    let mut files = follow(&folder.path().join("link/.././rules/a.yaml")).await;
    write(&file, "second");
    assert_eq!(next(&mut files).await, "second");
}
