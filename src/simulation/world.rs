//! The objects that there are, as an API server has them: with a uid, and a resourceVersion that rises with each
//! change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::ObjectKey;
use serde_json::{Map, Value, json};

use super::knowledge::Knowledge;

/// A kind of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldKind {
    /// `virtualmachines.kubevirt.io`.
    pub resource: String,
    /// Empty for the core group.
    pub group: String,
    /// `VirtualMachine`.
    pub kind: String,
    /// What else it is called: `vm`, `virtualmachine`.
    pub names: Vec<String>,
}

/// One object: the index of its kind, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// The index of its kind.
    pub kind: usize,
    /// Where it lies and what it is called.
    pub key: ObjectKey,
}

/// What a change made of an object.
#[derive(Debug)]
pub struct Change {
    /// As it is now.
    pub object: Arc<Observation>,
    /// Another object of this name, which is gone.
    pub replaced: Option<Arc<Observation>>,
}

/// An object as it is kept: of thousands that are looked at once, the text takes a tenth of what the parsed one does.
#[derive(Clone, Debug)]
enum Stored {
    Parsed(Arc<Observation>),
    Text(Arc<[u8]>),
}

impl Stored {
    fn object(&self) -> Arc<Observation> {
        match self {
            Self::Parsed(object) => Arc::clone(object),
            // It was written here.
            Self::Text(text) => Arc::new(Observation::new(serde_json::from_slice(text).unwrap_or_default())),
        }
    }
}

/// So begins the uid of an object that came without one.
const GIVEN: &str = "00000000-0000-4000-8000-";

/// All objects. A copy of it shares them.
#[derive(Clone, Debug, Default)]
pub struct World {
    kinds: Vec<WorldKind>,
    objects: BTreeMap<ObjectId, Stored>,
    /// How many objects have a uid.
    uids: HashMap<Box<str>, usize>,
    version: u64,
    /// What actions have removed, as it was when it went.
    departed: BTreeMap<ObjectId, Stored>,
    /// What is known of what it does not have.
    pub(super) knowledge: Knowledge,
}

impl World {
    /// Without objects; what it does not have does not exist.
    #[must_use]
    pub fn new(kinds: Vec<WorldKind>) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// The same, where what it does not have may exist all the same.
    #[must_use]
    pub fn partial(kinds: Vec<WorldKind>) -> Self {
        Self { kinds, knowledge: Knowledge::partial(), ..Self::default() }
    }

    /// An object as it is now, or was when an action removed it.
    pub(super) fn last_of(&self, id: &ObjectId) -> Option<Arc<Observation>> {
        self.get(id).or_else(|| Some(self.departed.get(id)?.object()))
    }

    /// Whether an action removed it, and nothing of its name has come since.
    pub(super) fn has_departed(&self, id: &ObjectId) -> bool {
        self.departed.contains_key(id)
    }

    /// Whether finalizers keep it once its deletion was asked for.
    pub(super) fn is_held(&self, id: &ObjectId, object: &Observation) -> bool {
        object.is_held(&self.kinds[id.kind].resource)
    }

    /// A kind more; returns its index. One that is there already stays as it is.
    pub fn add_kind(&mut self, kind: WorldKind) -> usize {
        if let Some(known) = self.kind(&kind.group, &kind.kind) {
            return known;
        }
        self.kinds.push(kind);
        self.kinds.len() - 1
    }

    /// A kind is called otherwise than was thought.
    pub(super) fn rename(&mut self, index: usize, kind: WorldKind) {
        if let Some(known) = self.kinds.get_mut(index) {
            *known = kind;
        }
    }

    /// An object more, as it was listed; nobody is told of it.
    pub fn add(&mut self, kind: usize, value: Value) {
        let object = self.put(kind, value).object;
        let text = serde_json::to_vec(object.object()).unwrap_or_default();
        self.objects.insert(id_of(kind, &object), Stored::Text(text.into()));
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Whether there is an object with this uid.
    #[must_use]
    pub fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains_key(uid)
    }

    /// The kinds.
    #[must_use]
    pub fn kinds(&self) -> &[WorldKind] {
        &self.kinds
    }

    /// The index of a kind.
    #[must_use]
    pub fn kind(&self, group: &str, kind: &str) -> Option<usize> {
        self.kinds.iter().position(|known| known.group == group && known.kind == kind)
    }

    /// An object as it is now.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Option<Arc<Observation>> {
        self.objects.get(id).map(Stored::object)
    }

    /// All of them, kind by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, Arc<Observation>)> {
        self.objects.iter().map(|(id, stored)| (id, stored.object()))
    }

    /// What they are called, kind by kind.
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.objects.keys()
    }

    /// Those of a kind in a namespace, in the order of their names.
    pub(super) fn in_namespace(
        &self,
        kind: usize,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = (&ObjectId, Arc<Observation>)> {
        let namespace: Option<Arc<str>> = namespace.map(Into::into);
        let first = ObjectId { kind, key: ObjectKey { namespace: namespace.clone(), name: "".into() } };
        self.objects
            .range(first..)
            .take_while(move |(id, _)| id.kind == kind && id.key.namespace == namespace)
            .map(|(id, stored)| (id, stored.object()))
    }

    /// `virtualmachines.kubevirt.io/test-a/vm-1`.
    #[must_use]
    pub fn name_of(&self, id: &ObjectId) -> String {
        let resource = &self.kinds[id.kind].resource;
        match &id.key.namespace {
            Some(namespace) => format!("{resource}/{namespace}/{}", id.key.name),
            None => format!("{resource}/{}", id.key.name),
        }
    }

    /// An object as it is written, but for its uid and version, which the server gives.
    pub(super) fn put(&mut self, kind: usize, value: Value) -> Change {
        self.version += 1;
        let version = self.version;
        let given = Observation::new(value);
        let id = id_of(kind, &given);
        let known = self.get(&id);
        let uid = match (given.uid(), &known) {
            ("", Some(known)) => known.uid().to_owned(),
            ("", None) => format!("{GIVEN}{version:012x}"),
            (given, _) => given.to_owned(),
        };
        let mut value = given.into_object();
        if let Some(metadata) = metadata(&mut value) {
            metadata.insert("uid".to_owned(), uid.into());
            metadata.insert("resourceVersion".to_owned(), version.to_string().into());
        }
        let object = Arc::new(Observation::new(value));
        if let Some(known) = &known {
            self.forget_uid(known.uid());
        }
        *self.uids.entry(object.uid().into()).or_default() += 1;
        let replaced = known.filter(|known| known.uid() != object.uid());
        self.departed.remove(&id);
        self.objects.insert(id, Stored::Parsed(Arc::clone(&object)));
        Change { object, replaced }
    }

    /// What an apply makes of an object: one that is new was created at this moment, unless it says otherwise;
    /// one that was there keeps the time of its creation.
    pub(super) fn as_applied(&self, kind: usize, value: Value, now: Timestamp) -> Value {
        let given = Observation::new(value);
        let known = self.get(&id_of(kind, &given));
        let known = known.filter(|known| given.uid().is_empty() || given.uid() == known.uid());
        let created = known.map_or_else(
            || Some(in_seconds(now).into()),
            |known| known.object().get("metadata")?.get("creationTimestamp").cloned(),
        );
        let mut value = given.object().clone();
        if let (Some(metadata), Some(created)) = (metadata(&mut value), created) {
            metadata.entry("creationTimestamp").or_insert(created);
        }
        value
    }

    /// An object by a merge patch.
    pub(super) fn patch(&mut self, id: &ObjectId, merge: &Value) -> Option<Change> {
        let mut value = self.get(id)?.object().clone();
        json_patch::merge(&mut value, merge);
        self.replace(id, value)
    }

    /// An object as it is from now on; nothing renames it.
    pub(super) fn replace(&mut self, id: &ObjectId, mut value: Value) -> Option<Change> {
        let uid = self.get(id)?.uid().to_owned();
        if let Some(metadata) = metadata(&mut value) {
            metadata.insert("uid".to_owned(), uid.into());
            metadata.insert("name".to_owned(), (*id.key.name).into());
            match &id.key.namespace {
                Some(namespace) => drop(metadata.insert("namespace".to_owned(), (**namespace).into())),
                None => drop(metadata.remove("namespace")),
            }
        }
        Some(self.put(id.kind, value))
    }

    pub(super) fn remove(&mut self, id: &ObjectId) -> Option<Arc<Observation>> {
        self.take(id).map(|(_, removed)| removed)
    }

    /// An action removes it: what rules ask of it is answered as of what is not there, and what protects others still
    /// as it was. On a cluster it takes its time to go, and what hangs on it is looked at meanwhile.
    pub(super) fn depart(&mut self, id: &ObjectId) -> Option<Arc<Observation>> {
        let (stored, removed) = self.take(id)?;
        self.departed.insert(id.clone(), stored);
        Some(removed)
    }

    fn take(&mut self, id: &ObjectId) -> Option<(Stored, Arc<Observation>)> {
        let stored = self.objects.remove(id)?;
        let removed = stored.object();
        self.forget_uid(removed.uid());
        Some((stored, removed))
    }

    fn forget_uid(&mut self, uid: &str) {
        if let Some(count) = self.uids.get_mut(uid) {
            *count -= 1;
            if *count == 0 {
                self.uids.remove(uid);
            }
        }
    }
}

/// Whether the object came without a uid, and was given one here.
pub(super) fn has_given_uid(object: &Observation) -> bool {
    object.uid().starts_with(GIVEN)
}

/// The name of an object of a kind.
#[must_use]
pub fn id_of(kind: usize, object: &Observation) -> ObjectId {
    let namespace = object.namespace().map(Into::into);
    ObjectId { kind, key: ObjectKey { namespace, name: object.name().into() } }
}

/// A time as an API server writes it.
pub(super) fn in_seconds(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
}

fn metadata(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut()?.entry("metadata").or_insert_with(|| json!({})).as_object_mut()
}
