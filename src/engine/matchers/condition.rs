//! `condition`: an entry of `status.conditions`, with how long it has had its status.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::asked::{Asked, Types};
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Implied, Matcher};
use crate::moment::elapsed;
use crate::projection::Projection;
use crate::truth::Truth;
use crate::value_from::Sourced;
use crate::values::{Globs, format_age, parse_time};
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "condition",
    summary: "An entry of `status.conditions` has this type, status and reason.",
    shape: Shape::Keys(&[
        Key::asking(
            "type",
            ValueKind::Globs,
            "The condition's type; may be left out if `reason` is given.",
            "Ready",
        ),
        Key::optional(
            "status",
            ValueKind::Choices(&["True", "False", "Unknown"]),
            "Its status.",
            "\"False\"",
        )
        .or("True"),
        Key::asking("reason", ValueKind::Globs, "Its reason.", "[ErrorUnschedulable]"),
        Key::optional(
            "for",
            ValueKind::Sourced(&ValueKind::Duration),
            "It has had that status for at least this long, by its lastTransitionTime.",
            "5m",
        ),
    ]),
    unknown_when: "there is no condition of that type, or `for` is asked and it has no lastTransitionTime or its \
                   `valueFrom` cannot be read",
    examples: &["condition: { type: Ready, status: \"False\", for: 5m }"],
    kinds: &[],
    build: |mut arguments| {
        let (kind, reason) = (arguments.globs("type"), arguments.globs("reason"));
        if kind.is_none() && reason.is_none() {
            let help = "write `type: Ready`, or a `reason`";
            return Err(Fault::new(FaultKind::MissingKey, "`condition` asks for no `type`", help));
        }
        let status = arguments.texts("status").unwrap_or_else(|| vec!["True".to_owned()]);
        Ok(Box::new(Condition { kind, status, reason, hold: arguments.sourced_duration("for") }))
    },
};

#[derive(Debug)]
struct Condition {
    kind: Option<Globs>,
    status: Vec<String>,
    reason: Option<Globs>,
    hold: Option<Sourced<Duration>>,
}

fn text<'a>(condition: &'a Value, key: &str) -> Option<&'a str> {
    condition.get(key).and_then(Value::as_str)
}

fn transition(condition: &Value) -> Option<Timestamp> {
    parse_time(text(condition, "lastTransitionTime")?, &[])
}

impl Condition {
    fn candidates<'a>(&self, context: &Context<'a>) -> Vec<&'a Value> {
        let conditions = context.object.object().get("status").and_then(|status| status.get("conditions"));
        let of_type = |condition: &&Value| match (&self.kind, text(condition, "type")) {
            (None, _) => true,
            (Some(kind), Some(name)) => kind.matches(name),
            (Some(_), None) => false,
        };
        conditions.and_then(Value::as_array).into_iter().flatten().filter(of_type).collect()
    }

    fn judge(&self, condition: &Value, context: &Context<'_>) -> Verdict {
        let Some(status) = text(condition, "status") else { return Verdict::unknown() };
        let status_fits = Verdict::fixed(self.status.iter().any(|word| word == status));
        let since = transition(condition);
        let held = self.hold.as_ref().map(|hold| match since {
            Some(since) => hold.aged_since(since, context),
            None => Verdict::unknown(),
        });
        // One without a reason has none that was asked for.
        let seen = text(condition, "reason");
        let reason =
            self.reason.as_ref().map(|reason| Verdict::fixed(seen.is_some_and(|seen| reason.matches(seen))));
        // The transition time vouches for type and status; a reason changes without it.
        let status_fits = status_fits.since(since.filter(|since| *since <= context.now));
        Verdict::all([Some(status_fits), reason, held].into_iter().flatten())
    }
}

impl Condition {
    /// What is not there where no condition is looked at.
    fn unreported(&self, context: &Context<'_>) -> String {
        let reported = context.object.object().pointer("/status/conditions").and_then(Value::as_array);
        match (&self.kind, reported.is_some_and(|conditions| !conditions.is_empty())) {
            (Some(kind), true) => format!("$.status.conditions has no {kind}"),
            (Some(kind), false) => format!("$.status.conditions is missing, so {kind} is not reported"),
            (None, _) => "$.status.conditions is missing".to_owned(),
        }
    }

    /// What makes a condition unknown that is there.
    fn lacks(&self, condition: &Value, context: &Context<'_>) -> String {
        if self.judge(condition, context).truth != Truth::Unknown {
            return String::new();
        }
        let missing = |key| match text(condition, key) {
            None => format!(", and its {key} is missing"),
            Some(_) => format!(", and its {key} cannot be read"),
        };
        let mut lacks = String::new();
        if text(condition, "status").is_none() {
            lacks += &missing("status");
        }
        if let Some(hold) = &self.hold {
            if transition(condition).is_none() {
                lacks += &missing("lastTransitionTime");
            } else if hold.read(context.watched.object()).is_none() {
                lacks += &format!(", asked for {}", hold.shown(context.watched.object()));
            }
        }
        lacks
    }
}

impl Matcher for Condition {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let candidates = self.candidates(context);
        if candidates.is_empty() {
            return Verdict::unknown();
        }
        Verdict::any(candidates.into_iter().map(|condition| self.judge(condition, context)))
    }

    fn reads(&self, projection: &mut Projection) {
        let path = crate::values::Path::parse;
        for field in ["type", "status", "reason", "lastTransitionTime"] {
            if let Ok(path) = path(&format!("$.status.conditions[*].{field}")) {
                projection.read(&path);
            }
        }
        self.hold.iter().for_each(|hold| hold.reads(projection));
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let candidates = self.candidates(context);
        let judged =
            |truth| candidates.iter().find(|condition| self.judge(condition, context).truth == truth);
        let decisive = judged(Truth::True).or_else(|| judged(Truth::Unknown));
        let Some(condition) = decisive.or(candidates.first()) else {
            return self.unreported(context);
        };
        let shown = |key| text(condition, key).unwrap_or("unknown");
        let reason = text(condition, "reason").map(|reason| format!(" ({reason})")).unwrap_or_default();
        let since = transition(condition)
            .map(|since| format!(" for {}", format_age(elapsed(since, context.now))))
            .unwrap_or_default();
        let lacks = self.lacks(condition, context);
        format!("condition {}={}{reason}{since}{lacks}", shown("type"), shown("status"))
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.hold.as_ref().and_then(|hold| hold.asks("for", Types::STRING)).into_iter().collect()
    }

    fn implies(&self) -> Implied {
        Implied { patient: self.hold.is_some(), ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{at, explained, matcher, verdict};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn object(status: &str, since: Value) -> Value {
        json!({"status": {"conditions": [
            {"type": "Other", "status": "False"},
            {"type": "Ready", "status": status, "reason": "Why", "lastTransitionTime": since}]}})
    }

    #[test]
    fn the_status_defaults_to_true() {
        let ready = || json!({"type": "Ready"});
        assert_eq!(
            verdict("condition", ready(), &object("True", json!(null)), "00:00:00").truth,
            Truth::True
        );
        assert_eq!(
            verdict("condition", ready(), &object("False", json!(null)), "00:00:00").truth,
            Truth::False
        );
    }

    #[test]
    fn it_has_held_since_its_transition_where_only_type_and_status_are_asked() {
        let object = object("True", json!("2026-01-01T00:01:00Z"));
        let plain = verdict("condition", json!({"type": "Ready"}), &object, "00:05:00");
        assert_eq!(plain.holds_since, Some(at("00:01:00")));
        let reason = verdict("condition", json!({"type": "Ready", "reason": "Why"}), &object, "00:05:00");
        assert_eq!((reason.truth, reason.holds_since), (Truth::True, None));
    }

    #[test]
    fn for_is_reached_at_exactly_its_time() {
        let object = object("True", json!("2026-01-01T00:00:00Z"));
        let rule = || json!({"type": "Ready", "for": "5m"});
        let before = verdict("condition", rule(), &object, "00:04:59.9");
        assert_eq!((before.truth, before.changes_at), (Truth::False, Some(at("00:05:00"))));
        let due = verdict("condition", rule(), &object, "00:05:00");
        assert_eq!((due.truth, due.holds_since), (Truth::True, Some(at("00:05:00"))));
    }

    #[test]
    fn what_is_not_reported_is_unknown() {
        for object in
            [json!({}), json!({"status": {"conditions": []}}), json!({"status": {"conditions": {}}})]
        {
            assert_eq!(
                verdict("condition", json!({"type": "Ready"}), &object, "00:00:00").truth,
                Truth::Unknown
            );
        }
        let timeless = object("True", json!(null));
        let rule = json!({"type": "Ready", "for": "1s"});
        assert_eq!(verdict("condition", rule, &timeless, "00:00:00").truth, Truth::Unknown);
        // A status that does not fit is false, whatever the time.
        let other = json!({"type": "Ready", "status": "False", "for": "1s"});
        assert_eq!(verdict("condition", other, &timeless, "00:00:00").truth, Truth::False);
    }

    #[test]
    fn what_is_missing_of_a_condition_is_told() {
        let told =
            |since: Value, rule: Value| explained("condition", rule, &object("False", since), "00:01:00.011");
        let asked = || json!({"type": "Ready", "status": "False", "for": "1m"});
        let head = "condition Ready=False (Why)";
        assert_eq!(told(json!(null), asked()), format!("{head}, and its lastTransitionTime is missing"));
        assert_eq!(
            told(json!("soon"), asked()),
            format!("{head}, and its lastTransitionTime cannot be read")
        );
        assert_eq!(told(json!("2026-01-01T00:00:00Z"), asked()), format!("{head} for 1m"));
        assert_eq!(told(json!(null), json!({"type": "Ready", "status": "False"})), head);
        let carried = json!({"type": "Ready", "status": "False", "for": {"valueFrom": "$.ttl"}});
        let unread = format!("{head} for 1m, asked for unknown ($.ttl is missing)");
        assert_eq!(told(json!("2026-01-01T00:00:00Z"), carried), unread);
    }

    #[test]
    fn a_type_may_be_a_glob_or_left_out_beside_a_reason() {
        let object = object("True", json!(null));
        assert_eq!(verdict("condition", json!({"type": "Rea*"}), &object, "00:00:00").truth, Truth::True);
        assert_eq!(verdict("condition", json!({"reason": "Why"}), &object, "00:00:00").truth, Truth::True);
        assert!(matcher("condition", json!({"status": "True"})).is_err());
    }
}
