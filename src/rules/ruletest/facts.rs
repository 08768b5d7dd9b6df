//! `facts` of a moment: what becomes of the nodes and namespaces that rules ask about. It is the short form of an
//! `apply`, a `patch` or a `remove` of these objects.

use std::sync::Arc;

use k8s_healer_engine::rule::WatchTarget;
use serde_json::{Value, json};

use super::{Event, FACTS, Object, Reference};
use crate::rules::later;
use crate::rules::lowering::{Keys, Lowering};
use crate::rules::node::{Data, Entry, Node};

const EXAMPLE: &str = "{ nodes: { node-1: { spec: { unschedulable: true } } } }";

impl Lowering<'_> {
    /// In the order in which they are written; none at all is nothing that happens.
    pub(super) fn facts(&mut self, node: &Node) -> Vec<Event> {
        let known: Vec<&str> = FACTS.iter().map(|(key, _)| *key).collect();
        let example = format!("`facts: {EXAMPLE}`");
        let keys = Keys { of: "`facts`", known: &known, later: later::TEST_FACTS, example: &example };
        if node.is_null() {
            self.wrong_type(node, "`facts`", "a mapping", format!("write {example}"));
            return Vec::new();
        }
        if self.fields(node, &keys).is_none() {
            return Vec::new();
        }
        let mut events = Vec::new();
        for Entry { key, value } in node.entries().unwrap_or_default() {
            let Some((resource, kind)) = FACTS.iter().find(|(resource, _)| *resource == key.text) else {
                continue;
            };
            let Data::Map(objects) = &value.data else {
                self.wrong_type(value, &format!("`{resource}`"), "a mapping", format!("write {example}"));
                continue;
            };
            events.extend(objects.iter().filter_map(|object| self.fact(object, resource, kind)));
        }
        events
    }

    fn fact(&mut self, Entry { key, value }: &Entry, resource: &str, kind: &str) -> Option<Event> {
        let (name, place) = (key.text.clone(), key.place);
        if value.is_null() {
            let resource = WatchTarget::Resource { name: resource.to_owned(), group: None };
            return Some(Event::Remove(Reference { resource, namespace: None, name, place }));
        }
        let Data::Map(_) = &value.data else {
            let what = format!("`{name}`");
            let help =
                "write what changes of it, such as `{ metadata: { labels: { a: b } } }`; null takes it away";
            self.wrong_type(value, &what, "a mapping", help);
            return None;
        };
        let merge = self.json(value)?;
        let mut whole = json!({"apiVersion": "v1", "kind": kind});
        json_patch::merge(&mut whole, &merge);
        json_patch::merge(&mut whole, &json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}));
        Some(Event::Set(Object { value: Arc::<Value>::new(whole), place }, Arc::new(merge)))
    }
}
