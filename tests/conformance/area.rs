//! One folder of transcripts, run on one server, its cases side by side, each in a namespace of its own.

use std::path::{Path, PathBuf};
use std::{env, fs};

use futures::StreamExt;
use futures::stream;

use crate::case::{Action, Case};
use crate::diff::difference;
use crate::run::transcript;
use crate::targets::Target;

/// Cases at once: the machine is shared with the server.
const AT_ONCE: usize = 6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/transcripts")
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The areas that have transcripts, in order.
pub(crate) fn folders() -> Vec<String> {
    entries(&root())
}

/// The cases of which not every request has its recorded answer.
pub(crate) fn unrecorded(area: &str) -> Vec<String> {
    let folder = root().join(area);
    let is_whole = |file: &String| {
        let case = Case::parse(file, &fs::read_to_string(folder.join(file)).unwrap());
        let mut steps = case.steps.iter();
        steps.all(|step| step.is_recorded || matches!(step.action, None | Some(Action::Compact)))
    };
    entries(&folder).into_iter().filter(|file| !is_whole(file)).collect()
}

/// Every case of the area answers as it is recorded; all that differ are shown.
pub(crate) async fn check(area: &str, target: &Target) {
    let wanted = env::var("K8S_HEALER_CASE").unwrap_or_default();
    let folder = root().join(area);
    let cases = entries(&folder).into_iter().filter(|file| file.contains(&wanted));
    // Who makes the server forget does so for all.
    let at_once = if target.compact.is_some() { 1 } else { AT_ONCE };
    let wrong: Vec<String> = stream::iter(cases)
        .map(|file| check_case(folder.join(file), area, target))
        .buffered(at_once)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} case(s) of {area} differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

async fn check_case(file: PathBuf, area: &str, target: &Target) -> Option<String> {
    let name = format!("{area}/{}", file.file_stem().unwrap().to_str().unwrap());
    let recorded = fs::read_to_string(&file).unwrap();
    let seen = transcript(&Case::parse(&name, &recorded), target).await;
    if target.is_truth && env::var_os("K8S_HEALER_REWRITE").is_some() {
        fs::write(&file, &seen).unwrap();
        return None;
    }
    let known = target.differs.iter().find(|(case, _)| *case == name);
    match (seen == recorded, known) {
        (true, None) | (false, Some(_)) => None,
        (true, Some((_, why))) => {
            Some(format!("{name} is listed as different ({why}), and is not: take it off the list\n"))
        }
        (false, None) => Some(format!("── {name}\n{}", difference(&recorded, &seen))),
    }
}
