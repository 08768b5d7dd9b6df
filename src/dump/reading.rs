//! From values to objects: lists are opened, items of a typed list get their kind, what is no object is passed over,
//! and of an object that comes several times the newest stays. Whatever is read goes through here, in order.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::list::List;
use super::problem::{Flaw, Place, Position, Problem, STANDARD_INPUT};
use super::said::{goes_on, has_unquoted_name, namespace_of, reason_of_refusal, says_its_kind, text};
use super::seen::{Coming, Seen};
use super::window::{LARGEST, Window};
use super::{Empty, Item, PassedOver, Summary, times};

/// So many problems of a file say what is wrong with it.
const MOST_OF_FILE: usize = 20;
/// So many of a dump.
const MOST: usize = 1000;

/// What nests as deep as nothing does.
pub(super) fn too_deep(offset: usize) -> Flaw {
    Flaw::new(offset, "the object nests deeper than 128 levels", "no object of Kubernetes does")
}

/// What is being read.
pub(super) struct Reading<'e> {
    each: &'e mut dyn FnMut(Item),
    /// How many have been read.
    bytes: &'e Cell<u64>,
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

impl<'e> Reading<'e> {
    pub(super) fn new(each: &'e mut dyn FnMut(Item), bytes: &'e Cell<u64>) -> Self {
        Self {
            each,
            bytes,
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

    /// Files of a folder that were not looked at.
    pub(super) fn passed_over(&mut self, passed: &PassedOver) {
        self.summary.passed.add(passed);
    }

    pub(super) fn finish(self) -> Result<Summary, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self.summary) } else { Err(self.problems) }
    }

    pub(super) fn bytes(&self) -> &'e Cell<u64> {
        self.bytes
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

    /// A piece that begins like this is over the limit. In folders there is all sorts of files: what is none of
    /// Kubernetes' is passed over there.
    pub(super) fn too_large(&mut self, begin: Position, piece: &[u8]) {
        let may_be_foreign = !self.is_named && self.list.as_ref().is_none_or(List::may_be_foreign);
        if may_be_foreign && memchr::memmem::find(piece, b"apiVersion").is_none() {
            return self.skip();
        }
        let message = format!("what begins here is larger than {} MiB", LARGEST >> 20);
        let help = "no object of Kubernetes is; a list is read if it is written as kubectl does it";
        self.flaw(Flaw::new(0, message, help), begin, piece);
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
            Value::Array(items) if items.is_empty() => self.list_counts(true, &Map::new()),
            Value::Array(items) => items.into_iter().for_each(|item| self.document(item, begin)),
            Value::Object(map) => self.object(map, begin),
            _ => self.skip(),
        }
    }

    pub(super) fn list_begins(&mut self, head: Map<String, Value>, begin: Position) {
        self.list = Some(List::new(head, false, begin));
    }

    /// A list with nothing around it.
    pub(super) fn array_begins(&mut self, begin: Position) {
        self.list = Some(List::new(Map::new(), true, begin));
    }

    /// A key that the list under way has said before its items, or that stands for them.
    pub(super) fn is_said_twice(&self, key: &str) -> bool {
        key == "items" || self.list.as_ref().is_some_and(|list| list.head.contains_key(key))
    }

    /// An item of the list under way.
    pub(super) fn element(&mut self, value: Value, begin: Position) {
        let Some(list) = &mut self.list else { return self.document(value, begin) };
        list.any = true;
        match value {
            Value::Object(map) if says_its_kind(&map) => self.object(map, begin),
            Value::Object(map) if list.kind_of_items().is_some() => {
                let kind = list.kind_of_items();
                self.of_list(map, kind, begin);
            }
            _ if list.knows_its_kind() => self.skip(),
            value => {
                let (is_first, begin_of_list) = (!list.is_full(), list.begin);
                let is_foreign = !self.is_named && list.may_be_foreign();
                match list.wait(&value, begin) {
                    Ok(()) => {}
                    Err(passed) if is_foreign => self.skip_all(passed),
                    Err(_) if is_first => self.too_many_wait(begin_of_list),
                    Err(_) => {}
                }
            }
        }
    }

    fn too_many_wait(&mut self, begin: Position) {
        let message = "the items of this list do not say what they are, and the list says it behind them";
        let help = "take the dump with `kubectl get -o json` or `-o yaml`";
        self.flaw(Flaw::new(0, message, help), begin, b"");
    }

    /// Whether the list under way says that it is one of Kubernetes', and not which, neither before its items nor here.
    /// Where something else is wrong with the file, that is told instead.
    pub(super) fn is_cut_off(&self, tail: &Map<String, Value>) -> bool {
        let says = |key: &str| {
            let head = self.list.as_ref().map(|list| &list.head);
            head.into_iter().chain([tail]).any(|map| text(map, key).is_some())
        };
        self.file.problems == 0 && says("apiVersion") && !says("kind")
    }

    /// The list ends; it says this beside its items.
    pub(super) fn list_ends(&mut self, tail: Map<String, Value>) {
        let Some(mut list) = self.list.take() else { return };
        if list.is_full() && list.may_be_foreign() && says_its_kind(&tail) && !self.is_named {
            // It was passed over for something else.
            self.too_many_wait(list.begin);
        }
        list.head.extend(tail);
        let is_list = text(&list.head, "kind").is_some_and(|kind| kind.ends_with("List"));
        self.list_counts(is_list || list.is_empty_array(), &list.head);
        let kind = list.kind_of_items();
        if is_list && !list.any && !goes_on(&list.head) {
            let namespace = namespace_of(&self.path);
            let empty = kind.clone().map(|(api_version, kind)| Empty { api_version, kind, namespace });
            self.summary.empty.extend(empty);
        }
        let waiting = list.take_waiting();
        if !is_list && says_its_kind(&list.head) {
            // An object that has a field of this name.
            match waiting.into_values() {
                Ok(items) => list.head.insert("items".to_owned(), Value::Array(items)),
                Err(flaw) => return self.flaw(flaw, list.begin, b""),
            };
            return self.object(list.head, list.begin);
        }
        let before = self.summary.skipped;
        for (value, begin) in waiting.into_items() {
            match value {
                Ok(Value::Object(map)) if kind.is_some() => self.of_list(map, kind.clone(), begin),
                Ok(_) => self.skip(),
                Err(flaw) => self.flaw(flaw, begin, b""),
            }
        }
        if is_list {
            self.summary.items_skipped += self.summary.skipped - before;
        }
    }

    fn list_counts(&mut self, is_list: bool, head: &Map<String, Value>) {
        self.file.lists += usize::from(is_list);
        self.summary.lists += usize::from(is_list);
        self.summary.pages += usize::from(is_list && goes_on(head));
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
        if (&*api_version, &*kind) == ("v1", "Status") && text(&map, "status") != Some("Success") {
            return self.refused(&map, begin);
        }
        let metadata = map.get("metadata").and_then(Value::as_object);
        if metadata.is_some_and(has_unquoted_name) {
            let message = format!("the name of this {kind} is a number, and a name is a string");
            return self.flaw(Flaw::new(0, message, "put it into quotes"), begin, b"");
        }
        let name = metadata.and_then(|metadata| text(metadata, "name"));
        // Go writes a list that was never filled as null.
        let is_list = |items: &Value| items.is_array() || (items.is_null() && name.is_none());
        if kind.ends_with("List") && map.get("items").is_some_and(is_list) {
            return self.nested(&mut map, begin);
        }
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

    /// A server said why it gives no objects. Where they were asked for by name, there is nothing else to read.
    fn refused(&mut self, status: &Map<String, Value>, begin: Position) {
        let message = reason_of_refusal(status);
        if self.is_named {
            let help = "take the dump with an account that may read it, and see that the command succeeds";
            let message = format!("the server refused it: {message}");
            return self.flaw(Flaw::new(0, message, help), begin, b"");
        }
        self.summary.refusals.insert(message);
        self.skip();
    }

    /// A list inside a list, or one that was parsed as a whole.
    fn nested(&mut self, map: &mut Map<String, Value>, begin: Position) {
        let items = map.remove("items");
        let outer = self.list.take();
        self.list_begins(std::mem::take(map), begin);
        let items = items.and_then(|items| if let Value::Array(items) = items { Some(items) } else { None });
        items.into_iter().flatten().for_each(|item| self.element(item, begin));
        self.list_ends(Map::new());
        self.list = outer;
    }

    fn skip(&mut self) {
        self.skip_all(1);
    }

    fn skip_all(&mut self, count: usize) {
        self.file.documents += count;
        self.summary.skipped += count;
        if self.list.as_ref().is_some_and(|list| list.kind_of_items().is_some() || list.is_generic()) {
            self.summary.items_skipped += count;
        }
    }
}
