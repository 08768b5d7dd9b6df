//! Follows a path through the form of a kind's objects: what can be at its end, and the segments that lead
//! nowhere. What may be anything ends the walk in silence.

use std::collections::BTreeSet;
use std::ops::Range;

use k8s_healer_engine::asked::Types;
use k8s_healer_engine::values::{Path, Query, QuerySegment, Selector};

use super::tree::{FormId, Tree};

/// What can be at the end of a path.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The types; empty where nothing is known, or where it leads nowhere.
    pub(super) types: Types,
    /// The only texts that it can be; empty: any.
    pub(super) choices: BTreeSet<Box<str>>,
    /// The segments that lead nowhere.
    pub(super) misses: Vec<Miss>,
}

/// A segment that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Miss {
    /// Its bytes in the path.
    pub(super) span: Range<usize>,
    /// The field that is not there; `None`: an index or a filter on what is no list.
    pub(super) name: Option<String>,
    /// What is there instead of something with such a field.
    pub(super) types: Types,
    /// The fields that are there.
    pub(super) known: BTreeSet<Box<str>>,
    /// It stands inside a filter, or below `..`.
    pub(super) inside: bool,
}

impl Miss {
    /// Whether it is the same mistake, be it of another kind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.span == other.span && self.name == other.name && self.types == other.types
    }
}

/// Follows a path from the forms of an object.
pub(super) fn follow(tree: &Tree, roots: &[FormId], path: &Path) -> Reached {
    let mut walk = Walk { tree, root: State::of(tree, roots), misses: Vec::new() };
    let end = walk.segments(walk.root.clone(), &path.segments(), false);
    let mut reached = Reached { misses: walk.misses, ..Reached::default() };
    if end.anything || !reached.misses.is_empty() {
        return reached;
    }
    let forms: Vec<_> = end.forms.iter().filter_map(|id| tree.get(*id)).collect();
    reached.types = forms.iter().fold(Types::default(), |types, form| types | form.types);
    // A form of another type beside a choice of texts takes nothing from the choice.
    let texts: Vec<_> = forms.iter().filter(|form| form.types.meets(Types::STRING)).collect();
    if texts.iter().all(|form| !form.choices.is_empty()) {
        reached.choices = texts.iter().flat_map(|form| form.choices.iter().cloned()).collect();
    }
    reached
}

/// The forms that a part of a path can be at.
#[derive(Clone, Debug, Default)]
struct State {
    forms: BTreeSet<FormId>,
    /// It can be anything.
    anything: bool,
}

impl State {
    fn of(tree: &Tree, ids: &[FormId]) -> Self {
        let forms = tree.expanded(ids);
        let anything = forms.is_empty()
            || forms.iter().any(|id| tree.get(*id).is_some_and(|form| form.types == Types::ANY));
        Self { forms, anything }
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    root: State,
    misses: Vec<Miss>,
}

impl Walk<'_> {
    fn segments(&mut self, mut state: State, segments: &[QuerySegment], inside: bool) -> State {
        for segment in segments {
            if state.anything {
                break;
            }
            state = self.segment(&state, segment, inside);
        }
        state
    }

    fn segment(&mut self, state: &State, segment: &QuerySegment, inside: bool) -> State {
        let below;
        let (state, inside) = if segment.descendant {
            let ids: Vec<FormId> = state.forms.iter().copied().collect();
            let forms = self.tree.below(&ids);
            let is_open = |id: &FormId| self.tree.get(*id).is_some_and(|form| form.open);
            let by_name = segment.selectors.iter().all(|selector| matches!(selector, Selector::Name(_)));
            if forms.iter().any(is_open) || !by_name {
                return State { forms: BTreeSet::new(), anything: true };
            }
            below = State { forms, anything: false };
            (&below, true)
        } else {
            (state, inside)
        };
        let mut next = State::default();
        for selector in &segment.selectors {
            let selected = self.select(state, selector, segment, inside);
            next.forms.extend(selected.forms);
            next.anything |= selected.anything;
        }
        // What leads nowhere was told; what follows it is not looked at.
        next.anything |= next.forms.is_empty();
        next
    }

    fn select(&mut self, state: &State, selector: &Selector, segment: &QuerySegment, inside: bool) -> State {
        let (mut ids, mut open) = (Vec::new(), false);
        for form in state.forms.iter().filter_map(|id| self.tree.get(*id)) {
            if form.types.meets(Types::OBJECT) {
                match selector {
                    Selector::Name(name) => {
                        let known = form.members.get(name.as_str()).or(form.every.as_ref());
                        ids.extend(known);
                        open |= known.is_none() && form.open;
                    }
                    Selector::Wildcard | Selector::Filter(_) => {
                        ids.extend(form.members.values().chain(&form.every));
                        open |= form.open;
                    }
                    Selector::Elements => {}
                }
            }
            if form.types.meets(Types::LIST) && !matches!(selector, Selector::Name(_)) {
                ids.extend(form.items);
                open |= form.items.is_none();
            }
        }
        if open {
            return State { forms: BTreeSet::new(), anything: true };
        }
        if ids.is_empty() {
            self.miss(state, selector, segment, inside);
            return State { forms: BTreeSet::new(), anything: true };
        }
        let next = State::of(self.tree, &ids);
        if let Selector::Filter(queries) = selector {
            queries.iter().for_each(|query| self.query(&next, query));
        }
        next
    }

    /// A path inside a filter: of the elements, or from the root.
    fn query(&mut self, elements: &State, query: &Query) {
        let start = if query.from_root { self.root.clone() } else { elements.clone() };
        self.segments(start, &query.segments, true);
    }

    fn miss(&mut self, state: &State, selector: &Selector, segment: &QuerySegment, inside: bool) {
        let forms = || state.forms.iter().filter_map(|id| self.tree.get(*id));
        let name = match selector {
            Selector::Name(name) => Some(name.clone()),
            _ => None,
        };
        let miss = Miss {
            span: segment.span.clone(),
            types: forms().fold(Types::default(), |types, form| types | form.types),
            known: forms().flat_map(|form| form.members.keys().cloned()).collect(),
            name,
            inside,
        };
        if !self.misses.contains(&miss) {
            self.misses.push(miss);
        }
    }
}

/// The forms at the end of a path, for looking around.
pub(super) fn end(tree: &Tree, roots: &[FormId], path: &str) -> Vec<FormId> {
    let Ok(path) = Path::parse(path) else { return Vec::new() };
    let mut walk = Walk { tree, root: State::of(tree, roots), misses: Vec::new() };
    walk.segments(walk.root.clone(), &path.segments(), false).forms.into_iter().collect()
}
