//! What the matchers share that look at another object: the matchers of that object, and what its absence means.

use serde_json::Value as Json;

use crate::asked::Asked;
use crate::descriptor::{Arguments, Fault, MatcherDescriptor, Value};
use crate::facts::Fact;
use crate::matcher::{Context, Matcher};
use crate::observation::Observation;
use crate::projection::Projection;
use crate::verdict::Verdict;

/// What is known of the other object.
pub(super) enum Asks<'a> {
    /// It is there.
    Object(&'a Observation),
    /// It is known not to be there.
    Gone,
}

/// The verdict on what is known of a fact. It hangs on the fact, and since when it has been so for this object, no
/// other object can tell.
pub(super) fn of_other(
    fact: Fact,
    context: &Context<'_>,
    verdict: impl FnOnce(Asks<'_>) -> Verdict,
) -> Verdict {
    let found = match context.facts.get(&fact) {
        None => Verdict::unknown(),
        Some(Json::Null) => verdict(Asks::Gone),
        Some(known) => verdict(Asks::Object(&Observation::new(known.clone()))),
    };
    Verdict { holds_since: None, waits_for: vec![fact], ..found }
}

/// Matchers of the other object; all must hold.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// Each with the key that it stands under.
    parts: Vec<(&'static str, Box<dyn Matcher>)>,
}

impl Inner {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The matcher of a block, where it is written.
    pub(super) fn add_block(
        &mut self,
        arguments: &mut Arguments,
        key: &'static str,
        descriptor: &MatcherDescriptor,
    ) -> Result<(), Fault> {
        let Some(block) = arguments.block(key) else { return Ok(()) };
        self.add(key, descriptor.build, block).map_err(|fault| fault.under(key))
    }

    /// The matcher of a list of words, or of where the object carries them, where it is written.
    pub(super) fn add_texts(
        &mut self,
        arguments: &mut Arguments,
        key: &'static str,
        descriptor: &MatcherDescriptor,
    ) -> Result<(), Fault> {
        let Some(words) = arguments.words(key) else { return Ok(()) };
        let mut alone = Arguments::default();
        alone.insert("", Value::Words(words));
        self.add(key, descriptor.build, alone).map_err(|fault| fault.under(key))
    }

    pub(super) fn add(
        &mut self,
        key: &'static str,
        build: fn(Arguments) -> Result<Box<dyn Matcher>, Fault>,
        arguments: Arguments,
    ) -> Result<(), Fault> {
        self.parts.push((key, build(arguments)?));
        Ok(())
    }

    pub(super) fn evaluate(&self, context: &Context<'_>) -> Verdict {
        Verdict::all(self.parts.iter().map(|(_, part)| part.evaluate(context)))
    }

    /// What is read of the other object.
    pub(super) fn reads(&self, projection: &mut Projection) {
        self.parts.iter().for_each(|(_, part)| part.reads(projection));
    }

    /// What is read of the object that leads there.
    pub(super) fn reads_of_watched(&self, projection: &mut Projection) {
        let carried = self.parts.iter().flat_map(|(_, part)| part.carried());
        carried.flat_map(|asked| asked.paths).for_each(|path| projection.read(path));
    }

    /// What is asked of that.
    pub(super) fn carried(&self) -> Vec<Asked<'_>> {
        let carried = self.parts.iter().map(|(key, part)| (*key, part.carried()));
        carried.flat_map(|(key, all)| all.into_iter().map(move |asked| asked.under(key))).collect()
    }

    pub(super) fn explain(&self, name: &str, fact: &Fact, context: &Context<'_>) -> String {
        match context.facts.get(fact) {
            None => format!("{name} could not be looked up"),
            Some(Json::Null) => format!("{name} is gone"),
            Some(known) => {
                let object = Observation::new(known.clone());
                let context = context.at(&object);
                let parts: Vec<String> = self.parts.iter().map(|(_, part)| part.explain(&context)).collect();
                if parts.is_empty() {
                    format!("{name} is there")
                } else {
                    format!("{name}: {}", parts.join(", "))
                }
            }
        }
    }
}
