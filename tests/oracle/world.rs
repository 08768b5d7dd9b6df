//! A world of two names: objects come, change, go and come again, what is seen of them comes late or twice, and
//! a clock that is set by hand. It feeds a tracker and the model alike.

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::{Origin, Tracker};
use serde_json::Value;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::choices::Choices;
use crate::moment;
use crate::objects::{NOON, object, seconds};
use crate::pool::Made;
use crate::sequence_model::{Believed, selects};

pub(crate) const NAMES: [&str; 2] = ["web-1", "test"];
pub(crate) const SECOND: i128 = 1_000_000_000;

/// What a watch tells.
pub(crate) enum Event {
    Seen(Value),
    Gone(Value),
}

pub(crate) struct World {
    pub(crate) rules: Vec<&'static Made>,
    pub(crate) tracker: Tracker,
    /// What is really there.
    pub(crate) there: BTreeMap<&'static str, Value>,
    /// What the watch has not told yet.
    pub(crate) untold: VecDeque<Event>,
    /// What the tracker should believe.
    pub(crate) believed: BTreeMap<String, Believed>,
    pub(crate) now: i128,
    version: u64,
    /// All that was ever there.
    past: Vec<Value>,
    /// What has happened, for a person.
    pub(crate) history: Vec<String>,
}

impl World {
    pub(crate) fn new(rules: Vec<&'static Made>) -> Self {
        let mut tracker = Tracker::new(rules.iter().map(|made| Arc::clone(&made.rule)).collect());
        tracker.list_started();
        tracker.list_completed();
        Self {
            rules,
            tracker,
            there: BTreeMap::new(),
            untold: VecDeque::new(),
            believed: BTreeMap::new(),
            now: i128::from(NOON) * SECOND,
            version: 9,
            past: Vec::new(),
            history: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, what: &str) {
        self.history.push(format!("{} {what}", moment(self.now)));
    }

    /// An object of this name changes, or comes to be.
    pub(crate) fn change(&mut self, choices: &mut Choices<'_>, name: &'static str) {
        let before = self.there.get(name).cloned();
        let mut after = object(choices);
        if let Some(before) = &before {
            for key in ["uid", "creationTimestamp"] {
                after["metadata"][key] = before["metadata"][key].clone();
            }
            match choices.below(6) {
                // Nothing but its version, only its marks, or all is as it once was.
                2 | 3 => after = before.clone(),
                4 => after["status"] = before["status"].clone(),
                5 => after = self.past[choices.below(self.past.len())].clone(),
                _ => {}
            }
            after["metadata"]["uid"] = before["metadata"]["uid"].clone();
        } else {
            after["metadata"]["uid"] = format!("u{}", self.version).into();
        }
        self.put(name, after);
    }

    /// An object is as it is now; the watch will tell.
    fn put(&mut self, name: &'static str, mut object: Value) {
        self.version += 1;
        object["metadata"]["name"] = name.into();
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.note(&format!("is {object}"));
        self.past.push(object.clone());
        self.untold.push_back(Event::Seen(object.clone()));
        self.there.insert(name, object);
    }

    /// Its deletion is asked for: it goes at once, or first says that it is going.
    pub(crate) fn deleted(&mut self, name: &'static str, at_once: bool) {
        let Some(mut object) = self.there.get(name).cloned() else { return };
        if at_once {
            self.note(&format!("{name} goes"));
            self.there.remove(name);
            self.untold.push_back(Event::Gone(object));
        } else {
            let second = i64::try_from(self.now / SECOND).expect("a time");
            object["metadata"]["deletionTimestamp"] = seconds(second);
            self.put(name, object);
        }
    }

    /// The watch tells the next of what it has not told.
    pub(crate) fn tell(&mut self) {
        match self.untold.pop_front() {
            None => {}
            Some(Event::Seen(object)) => self.observe(&object, Origin::Event),
            Some(Event::Gone(object)) => self.gone(&object),
        }
    }

    pub(crate) fn gone(&mut self, object: &Value) {
        let (name, uid) = (text(object, "name"), text(object, "uid"));
        self.note(&format!("told: {name} ({uid}) is gone"));
        let key = self.tracker.key(object["metadata"]["namespace"].as_str(), &name);
        self.tracker.gone(&key, &uid);
        self.believed.retain(|known, believed| *known != name || believed.text("uid") != uid);
    }

    pub(crate) fn observe(&mut self, object: &Value, origin: Origin) {
        let (name, uid) = (text(object, "name"), text(object, "uid"));
        self.note(&format!("told: {name} ({uid}) version {} {origin:?}", text(object, "resourceVersion")));
        self.tracker.observe(&Observation::new(object.clone()), origin, moment(self.now));
        self.look(object, origin);
    }

    /// The model looks too.
    pub(crate) fn look(&mut self, object: &Value, origin: Origin) {
        let (name, uid) = (text(object, "name"), text(object, "uid"));
        if !self.rules.iter().any(|made| selects(made, &text(object, "namespace"))) {
            return;
        }
        let version = |text: &str| text.parse::<u64>().expect("a number");
        let known = self.believed.get(&name).filter(|believed| believed.text("uid") == uid);
        let late = known.is_some_and(|known| {
            version(known.text("resourceVersion")) > version(&text(object, "resourceVersion"))
        });
        // A watch may be behind what was read meanwhile.
        if late && origin == Origin::Event {
            return;
        }
        let new = || Believed::new(object.clone(), self.rules.len());
        let mut believed = known.cloned().unwrap_or_else(new);
        believed.look(&self.rules, object, origin == Origin::Listed, self.now);
        self.believed.insert(name, believed);
    }

    /// The watch broke and everything is listed again; what was not told before is in the list.
    pub(crate) fn relist(&mut self, choices: &mut Choices<'_>) {
        self.note("the list begins");
        self.tracker.list_started();
        self.now += i128::try_from(choices.below(3)).expect("small") * SECOND;
        self.untold.clear();
        let there: Vec<Value> = self.there.values().cloned().collect();
        there.iter().for_each(|object| self.observe(object, Origin::Listed));
        self.tracker.list_completed();
        self.note("the list ends");
        self.believed.retain(|name, _| there.iter().any(|object| object["metadata"]["name"] == **name));
    }
}

fn text(object: &Value, key: &str) -> String {
    object["metadata"][key].as_str().expect("a text").to_owned()
}
