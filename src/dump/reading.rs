//! From values to objects: lists are opened, items of a typed list get their kind, what is no object is passed over,
//! and of an object that comes several times the newest stays. Whatever is read goes through here, in order.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::problem::{Flaw, Place, Position, Problem, STANDARD_INPUT};
use super::window::{LARGEST, Window};
use super::{Item, Summary, times};

/// So many problems of a file say what is wrong with it.
const MOST_OF_FILE: usize = 20;
/// So many of a dump.
const MOST: usize = 1000;
/// Text of items whose kind stands behind them, and which have to wait for it.
const MOST_WAITING: usize = 16 << 20;

/// What goes wrong with a piece over the limit.
pub(super) fn too_large() -> Flaw {
    let message = format!("what begins here is larger than {} MiB", LARGEST >> 20);
    Flaw::new(0, message, "no object of Kubernetes is; a list is read if it is written as kubectl does it")
}

/// What is being read.
pub(super) struct Reading<'e> {
    each: &'e mut dyn FnMut(Item),
    path: Arc<Path>,
    /// The file was named, and not found in a folder: it should hold objects.
    is_named: bool,
    list: Option<List>,
    seen: Seen,
    summary: Summary,
    problems: Vec<Problem>,
    /// Of the file under way.
    file: Counts,
}

#[derive(Default)]
struct Counts {
    problems: usize,
    documents: usize,
    objects: usize,
    lists: usize,
}

/// The list under way.
struct List {
    begin: Position,
    head: Map<String, Value>,
    waiting: Vec<(Value, Position)>,
    waiting_bytes: usize,
}

impl List {
    /// What its items are, where they do not say it.
    fn kind_of_items(&self) -> Option<(String, String)> {
        let kind = text(&self.head, "kind")?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some((text(&self.head, "apiVersion")?.to_owned(), kind.to_owned()))
    }

    fn knows_its_kind(&self) -> bool {
        text(&self.head, "kind").is_some()
    }
}

impl<'e> Reading<'e> {
    pub(super) fn new(each: &'e mut dyn FnMut(Item)) -> Self {
        Self {
            each,
            path: Arc::from(Path::new(STANDARD_INPUT)),
            is_named: true,
            list: None,
            seen: Seen::default(),
            summary: Summary::default(),
            problems: Vec::new(),
            file: Counts::default(),
        }
    }

    pub(super) fn file_begins(&mut self, path: &Path, is_named: bool) {
        self.path = Arc::from(path);
        self.is_named = is_named;
        self.list = None;
        self.file = Counts::default();
    }

    pub(super) fn file_ends(&mut self) {
        self.summary.files += 1;
        let Counts { problems, documents, objects, lists } = self.file;
        if problems > 0 || objects > 0 || lists > 0 {
            return;
        }
        if !self.is_named {
            self.summary.skipped += usize::from(documents == 0);
        } else if documents == 0 {
            let help = "see that the command that writes it succeeds";
            self.of_file("there is nothing in it", help);
        } else {
            let help =
                "give what `kubectl get -o json` or `-o yaml` prints, a folder of it, or a must-gather";
            self.of_file("no object of Kubernetes is in it", help);
        }
    }

    pub(super) fn finish(self) -> Result<Summary, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self.summary) } else { Err(self.problems) }
    }

    pub(super) fn path(&self) -> Arc<Path> {
        Arc::clone(&self.path)
    }

    /// Enough is wrong with the file, or with the dump.
    pub(super) fn is_full(&self) -> bool {
        self.file.problems >= MOST_OF_FILE || self.is_over()
    }

    /// Enough is wrong with the dump.
    pub(super) fn is_over(&self) -> bool {
        self.problems.len() >= MOST
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        if self.is_full() {
            return;
        }
        self.file.problems += 1;
        self.problems.push(problem);
        if self.file.problems == MOST_OF_FILE {
            let message = format!("{MOST_OF_FILE} problems are enough: the rest of the file was not read");
            self.problems.push(Problem::of_file(&self.path, message, ""));
        } else if self.is_over() {
            let message = format!("{MOST} problems are enough: the rest of the dump was not read");
            self.problems.push(Problem::of_file(&self.path, message, ""));
        }
    }

    pub(super) fn of_file(&mut self, message: &str, help: &str) {
        let path = self.path();
        self.problem(Problem::of_file(&path, message, help));
    }

    pub(super) fn flaw(&mut self, flaw: Flaw, begin: Position, piece: &[u8]) {
        let path = self.path();
        self.problem(flaw.at(&path, begin, piece));
    }

    /// The file cannot be read behind what is in the window.
    pub(super) fn unreadable(&mut self, window: &Window<'_>, error: &io::Error) {
        let help = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                "the compressed file is broken or cut off: take it again"
            }
            _ => "",
        };
        let rest = window.rest();
        self.flaw(
            Flaw::new(rest.len(), format!("cannot be read further: {error}"), help),
            window.position(),
            rest,
        );
    }

    /// A thread that parses has ended before its time.
    pub(super) fn broken(&mut self) {
        self.of_file("a part of it could not be parsed, since the parser failed", "please report it");
    }

    /// A document of its own.
    pub(super) fn document(&mut self, value: Value, begin: Position) {
        match value {
            Value::Null => {}
            Value::Array(items) => items.into_iter().for_each(|item| self.document(item, begin)),
            Value::Object(map) => self.object(map, begin),
            _ => self.skip(),
        }
    }

    pub(super) fn list_begins(&mut self, head: Map<String, Value>, begin: Position) {
        self.list = Some(List { begin, head, waiting: Vec::new(), waiting_bytes: 0 });
    }

    /// An item of the list under way, written in so many bytes.
    pub(super) fn element(&mut self, value: Value, begin: Position, bytes: usize) {
        let Some(list) = &mut self.list else { return self.document(value, begin) };
        match value {
            Value::Object(map) if says_its_kind(&map) => self.object(map, begin),
            Value::Object(map) if list.kind_of_items().is_some() => {
                let kind = list.kind_of_items();
                self.of_list(map, kind, begin);
            }
            _ if list.knows_its_kind() => self.skip(),
            value => {
                list.waiting_bytes += bytes;
                if list.waiting_bytes <= MOST_WAITING {
                    list.waiting.push((value, begin));
                } else {
                    list.waiting.clear();
                    let help = "take the dump with `kubectl get -o json` or `-o yaml`";
                    self.of_file(
                        "its items do not say what they are, and the list says it behind them",
                        help,
                    );
                }
            }
        }
    }

    /// The list ends; it says this beside its items.
    pub(super) fn list_ends(&mut self, tail: Map<String, Value>) {
        let Some(mut list) = self.list.take() else { return };
        list.head.extend(tail);
        let is_list = text(&list.head, "kind").is_some_and(|kind| kind.ends_with("List"));
        self.file.lists += usize::from(is_list);
        let kind = list.kind_of_items();
        let waiting = std::mem::take(&mut list.waiting);
        if !is_list && says_its_kind(&list.head) {
            // An object that has a field of this name.
            let items = waiting.into_iter().map(|(value, _)| value).collect();
            list.head.insert("items".to_owned(), Value::Array(items));
            return self.object(list.head, list.begin);
        }
        for (value, begin) in waiting {
            match value {
                Value::Object(map) if kind.is_some() => self.of_list(map, kind.clone(), begin),
                _ => self.skip(),
            }
        }
    }

    /// An item that leaves it to its list to say what it is.
    fn of_list(&mut self, mut map: Map<String, Value>, kind: Option<(String, String)>, begin: Position) {
        if let Some((api_version, kind)) = kind {
            map.insert("apiVersion".to_owned(), api_version.into());
            map.insert("kind".to_owned(), kind.into());
        }
        self.object(map, begin);
    }

    fn object(&mut self, mut map: Map<String, Value>, begin: Position) {
        let (Some(api_version), Some(kind)) = (text(&map, "apiVersion"), text(&map, "kind")) else {
            return self.skip();
        };
        let (api_version, kind) = (api_version.to_owned(), kind.to_owned());
        if kind.ends_with("List") && map.get("items").is_some_and(Value::is_array) {
            return self.nested(&mut map, begin);
        }
        let metadata = map.get("metadata").and_then(Value::as_object);
        let name = metadata.and_then(|metadata| text(metadata, "name"));
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        // A kustomization is read by kubectl and known to no cluster.
        let (Some(metadata), Some(name), false) = (metadata, name, group == "kustomize.config.k8s.io") else {
            return self.skip();
        };
        let namespace = text(metadata, "namespace").unwrap_or_default();
        let seen = self.seen.take((group, &kind, namespace, name), text(metadata, "resourceVersion"));
        self.file.documents += 1;
        self.file.objects += 1;
        match seen {
            Coming::First => self.summary.objects += 1,
            Coming::Newer => self.summary.repeated += 1,
            Coming::Older => {
                self.summary.repeated += 1;
                return;
            }
        }
        self.summary.newest = self.summary.newest.max(times::newest(&map));
        let place = Place { path: Arc::clone(&self.path), position: begin };
        let replaces = seen == Coming::Newer;
        (self.each)(Item { api_version, kind, value: Value::Object(map), place, replaces });
    }

    /// A list inside a list, or one that was parsed as a whole.
    fn nested(&mut self, map: &mut Map<String, Value>, begin: Position) {
        let Some(Value::Array(items)) = map.remove("items") else { return };
        let outer = self.list.take();
        self.list_begins(std::mem::take(map), begin);
        items.into_iter().for_each(|item| self.element(item, begin, 0));
        self.list_ends(Map::new());
        self.list = outer;
    }

    fn skip(&mut self) {
        self.file.documents += 1;
        self.summary.skipped += 1;
    }
}

/// A text that is not empty.
fn text<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn says_its_kind(map: &Map<String, Value>) -> bool {
    text(map, "apiVersion").is_some() && text(map, "kind").is_some()
}

/// Which objects have come, by two hashes of what they are called, and in which version: some forty bytes each.
#[derive(Default)]
struct Seen {
    hashers: (RandomState, RandomState),
    versions: HashMap<(u64, u64), Option<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    First,
    /// Again, and newer, as far as that can be told.
    Newer,
    /// Again, and not newer.
    Older,
}

impl Seen {
    fn take(&mut self, name: (&str, &str, &str, &str), version: Option<&str>) -> Coming {
        let key = (self.hashers.0.hash_one(name), self.hashers.1.hash_one(name));
        // A number in every cluster there is; where it is none, the last one that comes is taken for the newest.
        let version = version.and_then(|version| version.parse().ok());
        match self.versions.insert(key, version) {
            None => Coming::First,
            Some(known) if known.is_some() && version.is_some() && version <= known => {
                self.versions.insert(key, known);
                Coming::Older
            }
            Some(_) => Coming::Newer,
        }
    }
}
