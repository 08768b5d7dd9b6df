//! Links: what they lead to counts, and so does where they lead.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{follow, next, nothing, pack, until, world};

/// As `ln -sfn` does, and Kubernetes: a new link is renamed over the old one.
fn lead(link: &Path, target: &str) {
    let fresh = link.with_file_name("..fresh");
    symlink(target, &fresh).unwrap();
    fs::rename(&fresh, link).unwrap();
}

/// A `ConfigMap` as the kubelet mounts it: `a.yaml -> ..data/a.yaml`, `..data -> ..1`.
#[tokio::test]
async fn a_mounted_config_map_is_told_of_when_its_data_are_swapped() {
    for named in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let version = |number: usize| {
            fs::create_dir(at(&format!("..{number}"))).unwrap();
            fs::write(at(&format!("..{number}/a.yaml")), pack(&[&format!("version-{number}")])).unwrap();
        };
        version(1);
        symlink("..1", at("..data")).unwrap();
        symlink("..data/a.yaml", at("a.yaml")).unwrap();
        let mut files = follow(&if named { at("a.yaml") } else { folder.path().to_owned() }).await;
        for number in 2..5 {
            version(number);
            lead(&at("..data"), &format!("..{number}"));
            fs::remove_dir_all(at(&format!("..{}", number - 1))).unwrap();
            assert_eq!(next(&mut files).await, format!("version-{number}"));
        }
        nothing(&mut files).await;
    }
}

#[tokio::test]
async fn a_link_to_a_file_is_told_of_when_the_file_or_the_link_changes() {
    for named in [false, true] {
        let (folder, file) = world();
        let targets = tempfile::tempdir().unwrap();
        let target = |name: &str| targets.path().join(name);
        fs::write(target("one"), pack(&["one"])).unwrap();
        fs::write(target("two"), pack(&["two"])).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(target("one"), &file).unwrap();
        let mut files = follow(if named { &file } else { file.parent().unwrap() }).await;
        assert!(folder.path().exists());
        fs::write(target("one"), pack(&["one-in-place"])).unwrap();
        assert_eq!(next(&mut files).await, "one-in-place");
        fs::write(target("fresh"), pack(&["one-replaced"])).unwrap();
        fs::rename(target("fresh"), target("one")).unwrap();
        assert_eq!(next(&mut files).await, "one-replaced");
        lead(&file, target("two").to_str().unwrap());
        assert_eq!(next(&mut files).await, "two");
        fs::write(target("one"), pack(&["of-no-concern"])).unwrap();
        nothing(&mut files).await;
        fs::write(target("two"), pack(&["two-in-place"])).unwrap();
        assert_eq!(next(&mut files).await, "two-in-place");
    }
}

/// `current -> release-1`, as deployments do.
#[tokio::test]
async fn a_link_in_the_middle_of_the_path_is_told_of_when_it_leads_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for number in 1..4 {
        fs::create_dir_all(at(&format!("release-{number}/rules"))).unwrap();
        fs::write(at(&format!("release-{number}/rules/a.yaml")), pack(&[&format!("release-{number}")]))
            .unwrap();
    }
    symlink("release-1", at("current")).unwrap();
    let mut files = follow(&at("current/rules")).await;
    for number in 2..4 {
        lead(&at("current"), &format!("release-{number}"));
        assert_eq!(next(&mut files).await, format!("release-{number}"));
    }
    fs::write(at("current/rules/a.yaml"), pack(&["patched"])).unwrap();
    assert_eq!(next(&mut files).await, "patched");
}

#[tokio::test]
async fn a_link_to_a_folder_that_is_put_into_a_folder_of_rules_is_looked_through() {
    let (folder, file) = world();
    let team = folder.path().join("team");
    fs::create_dir(&team).unwrap();
    fs::write(team.join("t.yaml"), pack(&["team"]).replace("name: p ", "name: team ")).unwrap();
    let mut files = follow(file.parent().unwrap()).await;
    symlink("../team", folder.path().join("rules/team")).unwrap();
    assert_eq!(next(&mut files).await, "first team");
    fs::write(team.join("t.yaml"), pack(&["changed"]).replace("name: p ", "name: team ")).unwrap();
    assert_eq!(next(&mut files).await, "first changed");
    fs::remove_file(folder.path().join("rules/team")).unwrap();
    assert_eq!(next(&mut files).await, "first");
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_an_error_until_it_leads_somewhere() {
    let (folder, file) = world();
    let mut files = follow(file.parent().unwrap()).await;
    symlink(folder.path().join("not/yet.yaml"), folder.path().join("rules/b.yaml")).unwrap();
    assert_eq!(next(&mut files).await, "unreadable");
    fs::create_dir(folder.path().join("not")).unwrap();
    fs::write(folder.path().join("not/yet.yaml"), pack(&["now"]).replace("name: p ", "name: q ")).unwrap();
    until(&mut files, "first now").await;
}

#[tokio::test]
async fn a_link_to_itself_is_an_error_and_no_endless_loop() {
    let (folder, file) = world();
    let mut files = follow(file.parent().unwrap()).await;
    symlink("loop.yaml", folder.path().join("rules/loop.yaml")).unwrap();
    assert_eq!(next(&mut files).await, "unreadable");
    fs::remove_file(folder.path().join("rules/loop.yaml")).unwrap();
    assert_eq!(next(&mut files).await, "first");
}
