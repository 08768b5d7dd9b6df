//! What the store remembers, and what it does not.

use super::*;
use serde_json::json;

fn pods() -> Resource {
    Resource::core("pods")
}

fn put(store: &mut Store, name: &str, value: i32) {
    store.put(&pods(), &Key::new("a", name), json!({"metadata": {"name": name}, "value": value}));
}

fn shown(objects: &[Arc<Object>]) -> Vec<(String, i64)> {
    let one = |object: &Arc<Object>| {
        let value = object.value();
        (value["metadata"]["name"].as_str().unwrap().to_owned(), value["value"].as_i64().unwrap())
    };
    objects.iter().map(one).collect()
}

#[test]
fn an_older_state_is_put_together_from_the_changes_since() {
    let mut store = Store::default();
    for (name, value) in [("one", 1), ("two", 1), ("three", 1)] {
        put(&mut store, name, value);
    }
    let then = store.revision();
    put(&mut store, "one", 2);
    put(&mut store, "one", 3);
    store.remove(&pods(), &Key::new("a", "two"));
    put(&mut store, "four", 1);
    store.remove(&pods(), &Key::new("a", "four"));
    let at = |revision, behind: Option<&Key>| {
        shown(&store.at(&pods(), "a", revision, behind, usize::MAX).unwrap())
    };
    let all = [("one".to_owned(), 1), ("three".to_owned(), 1), ("two".to_owned(), 1)];
    assert_eq!(at(then, None), all);
    assert_eq!(at(then, Some(&Key::new("a", "one"))), all[1..]);
    assert_eq!(at(store.revision(), None), [("one".to_owned(), 3), ("three".to_owned(), 1)]);
    assert_eq!(store.at(&pods(), "b", then, None, usize::MAX).unwrap().len(), 0);
}

#[test]
fn what_was_compacted_is_refused_and_the_newest_state_is_not() {
    let mut store = Store::default();
    put(&mut store, "one", 1);
    let then = store.revision();
    put(&mut store, "one", 2);
    assert_eq!(store.changes(&pods(), then).unwrap().count(), 1);
    store.compact();
    assert_eq!(
        store.at(&pods(), "", then, None, usize::MAX).err(),
        Some(Forgotten { oldest: store.revision() })
    );
    assert!(store.changes(&pods(), then).is_err());
    assert_eq!(store.changes(&pods(), store.revision()).unwrap().count(), 0);
    assert_eq!(
        shown(&store.at(&pods(), "", store.revision(), None, usize::MAX).unwrap()),
        [("one".to_owned(), 2)]
    );
}

#[test]
fn only_so_much_is_remembered() {
    let mut store = Store::default();
    let text = "x".repeat(MEMORY / 4);
    for _ in 0..6 {
        store.put(&pods(), &Key::new("a", "one"), json!({"metadata": {}, "text": text}));
    }
    assert!(store.changes(&pods(), 2).is_err());
    assert!(store.changes(&pods(), store.revision() - 2).is_ok());
    assert!(store.weight <= MEMORY);
}

#[test]
fn pages_of_an_older_state_are_parts_of_it() {
    let mut store = Store::default();
    for name in ["b", "d", "f", "h"] {
        put(&mut store, name, 1);
    }
    store.put(&pods(), &Key::new("a-b", "z"), json!({"metadata": {"name": "z"}, "value": 1}));
    let then = store.revision();
    for name in ["a", "c", "h"] {
        put(&mut store, name, 2);
    }
    store.remove(&pods(), &Key::new("a", "d"));
    let page = |revision, behind: &str, most| {
        let behind = (!behind.is_empty()).then(|| Key::new("a", behind));
        let count = store.count(&pods(), "a", revision, behind.as_ref()).unwrap();
        let page = store.at(&pods(), "a", revision, behind.as_ref(), most).unwrap();
        (shown(&page).into_iter().map(|(name, _)| name).collect::<String>(), count)
    };
    assert_eq!(page(then, "", 2), ("bd".to_owned(), 4));
    assert_eq!(page(then, "d", 2), ("fh".to_owned(), 2));
    assert_eq!(page(then, "h", 2), (String::new(), 0));
    assert_eq!(page(store.revision(), "", 9), ("abcfh".to_owned(), 5));
    let all: Vec<&Key> = store.all(&pods(), "").map(|(key, _)| key).collect();
    assert_eq!(all[0].as_str(), "a-b/z", "all namespaces are in the order of their keys as text");
    assert_eq!(store.all(&pods(), "a").count(), 5);
}
