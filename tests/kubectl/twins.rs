//! The same lines, typed on the sandbox and on a real API server: the same is read, and the same said to
//! whoever made a mistake. Neither has controllers here.
//!
//! The lines are in `lines/`, the files that they name in `files/`; NAMESPACE in them is the namespace. A line
//! after `!` ends with status 1, others with 0. After a line with `~` and a reason the next one is known to
//! print something else on the sandbox: once it does not, it belongs to the others.

use std::path::{Path, PathBuf};
use std::{fs, thread};

use crate::normal::normal;
use crate::person::{Person, Served, kubectl_or_skip};
use crate::support::{shared_cluster, unique};

/// Somebody before two screens.
struct Twins {
    sandbox: Person,
    /// Without it they see one screen alone, and only how each line ends is known.
    real: Option<Person>,
}

impl Twins {
    async fn new(word: &str) -> Option<Self> {
        kubectl_or_skip()?;
        let namespace = unique(word);
        let sandbox = Person::at(&Served::shared_without_controllers().kubeconfig, &namespace)?;
        let real = match shared_cluster().await {
            Some(cluster) => Person::at(cluster.kubeconfig(), &namespace),
            None => None,
        };
        for file in fs::read_dir(folder("files")).unwrap().map(|file| file.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap().replace("NAMESPACE", &namespace);
            let name = file.file_name().unwrap().to_str().unwrap();
            [Some(&sandbox), real.as_ref()].iter().flatten().for_each(|person| person.file(name, &text));
        }
        Some(Self { sandbox, real })
    }

    /// What is read on the sandbox, and on the real server, if there is one.
    fn types(&self, line: &str) -> (String, Option<String>) {
        let show = |person: &Person| {
            let said = person.types(line);
            format!("status {:?}\n{}{}", said.code, normal(&said.out), normal(&said.err))
        };
        thread::scope(|scope| {
            let there = self.real.as_ref().map(|real| scope.spawn(move || show(real)));
            (show(&self.sandbox), there.map(|there| there.join().unwrap()))
        })
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl").join(name)
}

/// Types all lines of a file; all that surprised is told at the end.
async fn type_lines(name: &str) {
    let Some(twins) = Twins::new(name).await else { return };
    let text = fs::read_to_string(folder("lines").join(format!("{name}.txt"))).unwrap();
    let text = text.replace("NAMESPACE", &twins.sandbox.namespace);
    let mut surprises = String::new();
    let mut reason = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(why) = line.strip_prefix("~ ") {
            reason = Some(why);
            continue;
        }
        let (code, line) = line.strip_prefix("! ").map_or((0, line), |line| (1, line));
        let (here, there) = twins.types(line);
        let ended = here.starts_with(&format!("status Some({code})\n"));
        let surprise = match (reason.take(), there) {
            (Some(why), Some(there)) if here == there => format!("the same now, though {why}"),
            (None, Some(there)) if here != there => format!("a real server: {there}"),
            (None, _) if !ended => "not the status that was expected".to_owned(),
            _ => continue,
        };
        surprises.push_str(&format!("$ {line}\n{here}--- {surprise}\n\n"));
    }
    assert!(surprises.is_empty(), "{surprises}");
}

#[tokio::test]
async fn a_config_map_is_made_shown_changed_and_removed() {
    type_lines("maps").await;
}

#[tokio::test]
async fn mistakes_are_told_in_the_same_words() {
    type_lines("mistakes").await;
}

#[tokio::test]
async fn pods_and_deployments_are_printed_alike() {
    type_lines("loads").await;
}

#[tokio::test]
async fn a_custom_kind_is_defined_applied_and_explained() {
    type_lines("custom").await;
}
