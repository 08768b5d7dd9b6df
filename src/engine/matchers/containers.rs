//! `containers`: the states of a pod's containers. One container must satisfy every key; the sum of
//! all restarts is asked apart.

use serde_json::Value;

use crate::asked::{Asked, Types};
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Implied, Matcher, Needed};
use crate::projection::Projection;
use crate::truth::Truth;
use crate::value_from::{Listed, Sourced};
use crate::values::{Count, Path};
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "containers",
    summary: "One container of the pod satisfies all keys.",
    shape: Shape::Keys(&[
        Key::asking(
            "waiting",
            ValueKind::Words,
            "It waits for one of these reasons.",
            "[CrashLoopBackOff, ImagePullBackOff]",
        ),
        Key::asking("terminated", ValueKind::Words, "It ended for one of these reasons.", "[OOMKilled]"),
        Key::asking("exitCodes", ValueKind::Numbers, "It ended with one of these codes.", "[1, 137]"),
        Key::asking("restarts", COUNT, "It was restarted this often.", "\">= 3\""),
        Key::asking("ready", ValueKind::Bool, "Whether it is ready.", "false"),
        Key::optional(
            "last",
            ValueKind::Bool,
            "`terminated` and `exitCodes` look at lastState, the end before the last restart.",
            "true",
        )
        .or("false"),
        Key::optional(
            "init",
            ValueKind::Choice(&["true", "false", "only"]),
            "Whether init containers count, or they alone.",
            "only",
        )
        .or("true"),
        Key::optional("ephemeral", ValueKind::Bool, "Whether ephemeral containers count too.", "true")
            .or("false"),
        Key::asking("totalRestarts", COUNT, "The restarts of all containers together.", "\"> 10\""),
    ]),
    unknown_when: "the pod reports no container statuses yet, or a `valueFrom` cannot be read",
    examples: &[
        "containers: { waiting: [CrashLoopBackOff, ImagePullBackOff], restarts: \">= 3\" }",
        "containers: { terminated: [OOMKilled], last: true }",
    ],
    kinds: &["pods"],
    build: |mut arguments| {
        let containers = Containers {
            waiting: arguments.words("waiting"),
            terminated: arguments.words("terminated"),
            exit_codes: arguments.numbers("exitCodes"),
            restarts: arguments.sourced_count("restarts"),
            ready: arguments.boolean("ready"),
            last: arguments.boolean("last").unwrap_or(false),
            lists: lists(arguments.text("init").as_deref(), arguments.boolean("ephemeral").unwrap_or(false)),
            total_restarts: arguments.sourced_count("totalRestarts"),
        };
        containers.check()?;
        Ok(Box::new(containers))
    },
};

const COUNT: ValueKind = ValueKind::Sourced(&ValueKind::Count);
const INIT: &str = "initContainerStatuses";
const ORDINARY: &str = "containerStatuses";
const EPHEMERAL: &str = "ephemeralContainerStatuses";

fn lists(init: Option<&str>, ephemeral: bool) -> Vec<&'static str> {
    let chosen: &[&str] = match init {
        Some("only") => &[INIT],
        Some("false") => &[ORDINARY],
        _ => &[ORDINARY, INIT],
    };
    chosen.iter().copied().chain(ephemeral.then_some(EPHEMERAL)).collect()
}

#[derive(Debug)]
struct Containers {
    waiting: Option<Listed<String>>,
    terminated: Option<Listed<String>>,
    exit_codes: Option<Listed<i64>>,
    restarts: Option<Sourced<Count>>,
    ready: Option<bool>,
    last: bool,
    lists: Vec<&'static str>,
    total_restarts: Option<Sourced<Count>>,
}

impl Containers {
    fn asks_of_one(&self) -> bool {
        self.waiting.is_some() || self.restarts.is_some() || self.ready.is_some() || self.asks_end()
    }

    fn asks_end(&self) -> bool {
        self.terminated.is_some() || self.exit_codes.is_some()
    }

    fn check(&self) -> Result<(), Fault> {
        if !self.asks_of_one() && self.total_restarts.is_none() {
            let help = "write `waiting: [CrashLoopBackOff]`, `restarts: \">= 3\"` or another key";
            return Err(Fault::new(FaultKind::MissingKey, "`containers` asks nothing", help));
        }
        if self.last && !self.asks_end() {
            let message = "`last` says where `terminated` and `exitCodes` look, and neither is asked";
            return Err(
                Fault::new(FaultKind::MissingKey, message, "write `terminated: [OOMKilled]`").under("last")
            );
        }
        if self.waiting.is_some() && self.asks_end() && !self.last {
            let message = "`containers` can never be true: a container that waits has not ended";
            let help = "write `last: true` to ask how it ended before";
            return Err(Fault::new(FaultKind::NeverTrue, message, help).under("waiting"));
        }
        if self.waiting.is_some() && self.ready == Some(true) {
            let message = "`containers` can never be true: a container that waits is not ready";
            return Err(Fault::new(FaultKind::NeverTrue, message, "leave `ready` out").under("ready"));
        }
        for (key, count) in self.counts() {
            if let Some(count) = count.literal().filter(|count| count.is_impossible()) {
                let message = format!("`{key}: \"{count}\"` can never be true");
                return Err(Fault::new(FaultKind::NeverTrue, message, "write `\">= 3\"`").under(key));
            }
        }
        Ok(())
    }

    /// Those that are reported; a list that is none stands there as it is, a container of which nothing is known.
    fn statuses<'a>(&self, context: &Context<'a>) -> Vec<&'a Value> {
        let status = context.object.object().get("status");
        let there = |name: &&str| status.and_then(|status| status.get(*name)).filter(|list| !list.is_null());
        let each = |list: &'a Value| list.as_array().map_or(std::slice::from_ref(list), Vec::as_slice);
        self.lists.iter().filter_map(there).flat_map(each).collect()
    }

    fn counts(&self) -> impl Iterator<Item = (&'static str, &Sourced<Count>)> {
        let counts = [("restarts", &self.restarts), ("totalRestarts", &self.total_restarts)];
        counts.into_iter().filter_map(|(key, count)| Some((key, count.as_ref()?)))
    }

    fn words(&self) -> impl Iterator<Item = (&'static str, &Listed<String>)> {
        let words = [("waiting", &self.waiting), ("terminated", &self.terminated)];
        words.into_iter().filter_map(|(key, words)| Some((key, words.as_ref()?)))
    }

    /// What the object should carry and does not.
    fn unread(&self, object: &Value) -> String {
        let counts = self.counts().filter(|(_, count)| count.read(object).is_none());
        let counts = counts.map(|(key, count)| (key, count.unread(object, "count")));
        let words = self.words().filter_map(|(key, words)| Some((key, words.unread(object)?)));
        let codes = self.exit_codes.as_ref().and_then(|codes| Some(("exitCodes", codes.unread(object)?)));
        counts.chain(words).chain(codes).map(|(key, why)| format!(", {key} {why}")).collect()
    }

    /// What makes a container unknown that is reported.
    fn lacks(&self, container: &Value) -> String {
        let end = if self.last { "lastState" } else { "state" };
        let ended = container.get(end).and_then(|state| state.get("terminated")).filter(|end| !end.is_null());
        let counts = self.restarts.is_some() || self.total_restarts.is_some();
        let codes = self.exit_codes.is_some();
        let lacking = [
            ("restartCount", counts && restarts(container).is_none()),
            ("ready", self.ready.is_some() && !container.get("ready").is_some_and(Value::is_boolean)),
            (
                "exitCode",
                codes && ended.is_some_and(|ended| !ended.get("exitCode").is_some_and(Value::is_i64)),
            ),
        ];
        let lacking = lacking.into_iter().filter(|(_, lacks)| *lacks);
        lacking.map(|(field, _)| format!(", its {field} is missing")).collect()
    }

    fn judge(&self, container: &Value, object: &Value) -> Truth {
        let end = if self.last { "lastState" } else { "state" };
        let among = |words: &Option<Listed<String>>, state: &str, kind: &str| {
            let is_one = |words: &Listed<String>| {
                Some(match member(in_state(container, state, kind).ok()?, "reason").ok()? {
                    Some(reason) => {
                        let reason = reason.as_str()?;
                        words.any(object, |word| word == reason)
                    }
                    None => words.any(object, |_| false),
                })
            };
            words.as_ref().map(|words| is_one(words).unwrap_or(Truth::Unknown))
        };
        // One that has ended has a code; one that has not has none, and that is known.
        let of_codes = |codes: &Listed<i64>| {
            Some(match in_state(container, end, "terminated").ok()? {
                Some(ended) => {
                    let code = ended.get("exitCode")?.as_i64()?;
                    codes.any(object, |one| *one == code)
                }
                None => codes.any(object, |_| false),
            })
        };
        // A state that is not this one is known not to be it.
        let answers = [
            among(&self.waiting, "state", "waiting"),
            among(&self.terminated, end, "terminated"),
            self.exit_codes.as_ref().map(|codes| of_codes(codes).unwrap_or(Truth::Unknown)),
            self.restarts.as_ref().map(|count| holds(count, restarts(container), object)),
            self.ready
                .map(|ready| known(container.get("ready").and_then(Value::as_bool).map(|is| is == ready))),
        ];
        answers.into_iter().flatten().min().unwrap_or(Truth::True)
    }

    fn judge_total(&self, statuses: &[&Value], object: &Value) -> Option<Truth> {
        let count = self.total_restarts.as_ref()?;
        let add = |total: u64, container: &&Value| restarts(container).map(|more| total.saturating_add(more));
        let total = statuses.iter().try_fold(0, add);
        Some(holds(count, total, object))
    }
}

/// What should be a mapping and is none.
struct NoMapping;

/// The member of a mapping, null being none; of nothing it is nothing.
fn member<'v>(of: Option<&'v Value>, key: &str) -> Result<Option<&'v Value>, NoMapping> {
    let Some(of) = of else { return Ok(None) };
    let of = of.as_object().ok_or(NoMapping)?;
    Ok(of.get(key).filter(|member| !member.is_null()))
}

/// `state.waiting`, likewise.
fn in_state<'v>(container: &'v Value, state: &str, kind: &str) -> Result<Option<&'v Value>, NoMapping> {
    let found = member(member(Some(container), state)?, kind)?;
    if found.is_none_or(Value::is_object) { Ok(found) } else { Err(NoMapping) }
}

fn known(answer: Option<bool>) -> Truth {
    answer.map_or(Truth::Unknown, Truth::from)
}

fn holds(count: &Sourced<Count>, seen: Option<u64>, object: &Value) -> Truth {
    known(seen.zip(count.read(object)).map(|(seen, count)| count.holds(seen)))
}

fn restarts(container: &Value) -> Option<u64> {
    container.get("restartCount").and_then(Value::as_u64)
}

impl Matcher for Containers {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let statuses = self.statuses(context);
        if statuses.is_empty() {
            return Verdict::unknown();
        }
        let object = context.object.object();
        let judge = |container: &&Value| self.judge(container, object);
        let one = self.asks_of_one().then(|| statuses.iter().map(judge).max());
        let parts = [one.flatten(), self.judge_total(&statuses, object)];
        Verdict::fixed(parts.into_iter().flatten().min().unwrap_or(Truth::Unknown))
    }

    fn needs(&self) -> Option<Needed<'_>> {
        let end = if self.last { "lastState" } else { "state" };
        let (state, kind, words) = match (&self.waiting, &self.terminated) {
            (Some(words), _) => ("state", "waiting", words),
            (None, Some(words)) => (end, "terminated", words),
            (None, None) => return None,
        };
        let path = |list: &&str| Path::parse(&format!("$.status.{list}[*].{state}.{kind}.reason")).ok();
        let paths = self.lists.iter().map(path).collect::<Option<_>>()?;
        Some(Needed { paths, texts: words.literals()?.into_iter().map(String::as_str).collect() })
    }

    fn reads(&self, projection: &mut Projection) {
        let fields = [
            "name",
            "ready",
            "restartCount",
            "state.waiting.reason",
            "state.terminated.reason",
            "state.terminated.exitCode",
            "lastState.terminated.reason",
            "lastState.terminated.exitCode",
        ];
        for list in &self.lists {
            for field in fields {
                if let Ok(path) = Path::parse(&format!("$.status.{list}[*].{field}")) {
                    projection.read(&path);
                }
            }
        }
        self.counts().for_each(|(_, count)| count.reads(projection));
        self.words().for_each(|(_, words)| words.reads(projection));
        self.exit_codes.iter().for_each(|codes| codes.reads(projection));
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        let counts = self.counts().filter_map(|(key, count)| count.asks(key, Types::STRING));
        let words = self.words().flat_map(|(key, words)| words.asks(&[key]));
        let codes = self.exit_codes.iter().flat_map(|codes| codes.asks(&["exitCodes"]));
        counts.chain(words).chain(codes).collect()
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let statuses = self.statuses(context);
        let object = context.object.object();
        let judged = |truth| statuses.iter().find(|container| self.judge(container, object) == truth);
        let decisive = judged(Truth::True).or_else(|| judged(Truth::Unknown));
        let Some(container) = decisive.or(statuses.first()) else {
            let lists: Vec<String> = self.lists.iter().map(|list| format!("$.status.{list}")).collect();
            let are = if lists.len() == 1 { "is" } else { "are" };
            return format!("{} {are} missing", lists.join(", "));
        };
        let name = container.get("name").and_then(Value::as_str).unwrap_or("?");
        let mut shown = format!("container {name}");
        for (state, kind, word) in [
            ("state", "waiting", "waiting"),
            ("state", "terminated", "terminated"),
            ("lastState", "terminated", "last terminated"),
        ] {
            let reason =
                container.get(state).and_then(|state| state.get(kind)).and_then(|kind| kind.get("reason"));
            if let Some(reason) = reason.and_then(Value::as_str) {
                shown.push_str(&format!(" {word} {reason}"));
            }
        }
        if let Some(restarts) = restarts(container) {
            shown.push_str(&format!(", {restarts} restarts"));
        }
        shown + &self.lacks(container) + &self.unread(object)
    }

    /// A container that was restarted before has been failing for longer than a moment: the kubelet backs
    /// off ten seconds, then twenty.
    fn implies(&self) -> Implied {
        let restarted = |count: &Sourced<Count>| count.literal().is_some_and(|count| count.least() >= 2);
        let patient = self.counts().any(|(_, count)| restarted(count));
        Implied { patient, ..Implied::default() }
    }
}

#[cfg(test)]
#[path = "containers_tests.rs"]
mod tests;
