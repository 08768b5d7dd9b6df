//! `terminating`: the object's deletion was asked for, and how long ago.

use std::time::Duration;

use jiff::Timestamp;

use crate::asked;
use crate::demand::{DELETION, Demand};
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Implied, Matcher};
use crate::moment::elapsed;
use crate::projection::Projection;
use crate::value_from::Sourced;
use crate::values::format_age;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "terminating",
    summary: "The deletion of the object was asked for (deletionTimestamp is set), or was not.",
    shape: Shape::ValueOrKeys(
        ValueKind::Bool,
        &[Key::asking(
            "over",
            ValueKind::Sourced(&ValueKind::Duration),
            "It was asked for at least this long ago (deletionTimestamp less the grace).",
            "10m",
        )],
    ),
    unknown_when: "`over` is asked of an object that is terminating, and since when it is, or a `valueFrom`, cannot be \
                   read",
    examples: &["terminating: true", "terminating: { over: 10m }"],
    kinds: &[],
    build: |mut arguments| {
        let asked = match (arguments.boolean(""), arguments.sourced_duration("over")) {
            (_, Some(over)) => Asked::Over(over),
            (Some(terminating), None) => Asked::Whether(terminating),
            (None, None) => {
                let help = "write `terminating: true`, `terminating: false` or `terminating: { over: 10m }`";
                return Err(Fault::new(FaultKind::MissingKey, "`terminating` asks nothing", help));
            }
        };
        Ok(Box::new(Terminating { asked }))
    },
};

#[derive(Debug)]
enum Asked {
    Whether(bool),
    Over(Sourced<Duration>),
}

#[derive(Debug)]
struct Terminating {
    asked: Asked,
}

impl Matcher for Terminating {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let terminating = context.object.is_terminating();
        let past = |moment: Option<Timestamp>| moment.filter(|moment| *moment <= context.now);
        match &self.asked {
            // Nothing takes a deletionTimestamp back: it has held since the deletion was asked for.
            Asked::Whether(true) if terminating => {
                Verdict::fixed(true).since(past(context.object.deletion_asked()))
            }
            Asked::Whether(false) if !terminating => {
                Verdict::fixed(true).since(past(context.object.created()))
            }
            Asked::Whether(asked) => Verdict::fixed(*asked == terminating),
            Asked::Over(_) if !terminating => Verdict::fixed(false),
            Asked::Over(over) => match context.object.deletion_asked() {
                Some(since) => over.aged_since(since, context),
                None => Verdict::unknown(),
            },
        }
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "creationTimestamp"]);
        projection.read_members(&["metadata", "deletionTimestamp"]);
        projection.read_members(&["metadata", "deletionGracePeriodSeconds"]);
        if let Asked::Over(over) = &self.asked {
            over.reads(projection);
        }
    }

    fn explain(&self, context: &Context<'_>) -> String {
        match (context.object.is_terminating(), context.object.deletion_asked()) {
            (false, _) => "not terminating".to_owned(),
            (true, Some(since)) => {
                let age = format_age(elapsed(since, context.now));
                let object = context.watched.object();
                match &self.asked {
                    Asked::Over(over) if over.read(object).is_none() => {
                        format!("terminating for {age} of {}", over.shown(object))
                    }
                    _ => format!("terminating for {age}"),
                }
            }
            (true, None) => "terminating, $.metadata.deletionTimestamp is no time".to_owned(),
        }
    }

    fn asks(&self) -> Vec<asked::Asked<'_>> {
        match &self.asked {
            Asked::Over(over) => over.asks("over", asked::Types::STRING).into_iter().collect(),
            Asked::Whether(_) => Vec::new(),
        }
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::presence(DELETION, !matches!(self.asked, Asked::Whether(false)))]
    }

    fn implies(&self) -> Implied {
        let terminating = !matches!(self.asked, Asked::Whether(false));
        let (terminating_for, patient) = match &self.asked {
            Asked::Over(over) => (over.least(), true),
            Asked::Whether(_) => (None, false),
        };
        Implied { terminating, terminating_for, patient, ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{at, verdict};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn terminating() -> Value {
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}})
    }

    #[test]
    fn it_is_known_of_every_object() {
        for (asked, object, truth) in [
            (true, terminating(), Truth::True),
            (false, terminating(), Truth::False),
            (true, json!({"metadata": {}}), Truth::False),
            (false, json!({}), Truth::True),
            (true, json!({"metadata": {"deletionTimestamp": null}}), Truth::False),
        ] {
            assert_eq!(verdict("terminating", json!(asked), &object, "00:01:00").truth, truth, "{object}");
        }
    }

    #[test]
    fn over_counts_from_the_request_not_from_the_end_of_the_grace() {
        let before = verdict("terminating", json!({"over": "1m"}), &terminating(), "00:00:59");
        assert_eq!((before.truth, before.changes_at), (Truth::False, Some(at("00:01:00"))));
        assert_eq!(
            verdict("terminating", json!({"over": "1m"}), &terminating(), "00:01:00").truth,
            Truth::True
        );
    }

    #[test]
    fn an_unreadable_deletion_time_is_terminating_for_an_unknown_time() {
        let object = json!({"metadata": {"deletionTimestamp": "soon"}});
        assert_eq!(verdict("terminating", json!(true), &object, "00:00:00").truth, Truth::True);
        assert_eq!(verdict("terminating", json!({"over": "1s"}), &object, "00:00:00").truth, Truth::Unknown);
    }
}
