//! The list under way: what it says of itself, and those of its items that leave it to the list to say what they are,
//! where it says so behind them. They wait as text, which takes a fraction of the memory that values take.

use serde_json::{Map, Value};

use super::problem::{Flaw, Position};
use super::said::text;
use super::weight;

/// What items that wait may take.
const MOST_WAITING: usize = 16 << 20;

pub(super) struct List {
    pub(super) begin: Position,
    pub(super) head: Map<String, Value>,
    /// Nothing stands around its items: nobody will say what they are.
    is_bare: bool,
    waiting: Waiting,
    /// More items would have to wait than may.
    is_full: bool,
    /// It has had items.
    pub(super) any: bool,
}

impl List {
    pub(super) fn new(head: Map<String, Value>, is_bare: bool, begin: Position) -> Self {
        Self { begin, head, is_bare, waiting: Waiting::default(), is_full: false, any: false }
    }

    /// What its items are, where they do not say it.
    pub(super) fn kind_of_items(&self) -> Option<(String, String)> {
        let kind = text(&self.head, "kind")?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some((text(&self.head, "apiVersion")?.to_owned(), kind.to_owned()))
    }

    /// `kind: List`, as kubectl writes it.
    pub(super) fn is_generic(&self) -> bool {
        text(&self.head, "kind") == Some("List")
    }

    /// Whether it has said what its items are, or never will.
    pub(super) fn knows_its_kind(&self) -> bool {
        self.is_bare || text(&self.head, "kind").is_some()
    }

    /// Whether it has said nothing so far that an object of Kubernetes says.
    pub(super) fn may_be_foreign(&self) -> bool {
        text(&self.head, "kind").is_none() && text(&self.head, "apiVersion").is_none()
    }

    pub(super) fn is_empty_array(&self) -> bool {
        self.is_bare && !self.any
    }

    /// Whether items were passed over, since more would have to wait than may.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Keeps an item until the list ends; an error: there are too many by now. So many of them are gone, with this one.
    pub(super) fn wait(&mut self, value: &Value, begin: Position) -> Result<(), usize> {
        if !self.is_full && self.waiting.add(value, begin) {
            return Ok(());
        }
        self.is_full = true;
        Err(std::mem::take(&mut self.waiting).items.len().max(1))
    }

    /// Those that wait, each with where it began.
    pub(super) fn take_waiting(&mut self) -> Waiting {
        std::mem::take(&mut self.waiting)
    }
}

/// Texts of items one behind the other, each with its end.
#[derive(Default)]
pub(super) struct Waiting {
    text: Vec<u8>,
    items: Vec<(usize, Position)>,
}

impl Waiting {
    /// Whether it had room.
    fn add(&mut self, value: &Value, begin: Position) -> bool {
        let is_written = serde_json::to_writer(&mut self.text, value).is_ok();
        self.items.push((self.text.len(), begin));
        is_written && self.text.len() + size_of_val(&*self.items) <= MOST_WAITING
    }

    /// As values, all of which are in memory at once.
    pub(super) fn into_values(self) -> Result<Vec<Value>, Flaw> {
        weight::check(&self.text)?;
        self.into_items().map(|(value, _)| value).collect()
    }

    /// One after the other.
    pub(super) fn into_items(self) -> impl Iterator<Item = (Result<Value, Flaw>, Position)> {
        let Self { text, items } = self;
        let mut start = 0;
        items.into_iter().map(move |(end, begin)| {
            let item = &text[start..end];
            start = end;
            (serde_json::from_slice(item).map_err(|_| super::reading::too_deep(0)), begin)
        })
    }
}
