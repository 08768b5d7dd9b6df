//! What happens to a pod, by its annotation `simulate`, as far as its status and the time tell:
//!
//! - none: it runs;
//! - `complete`: it runs for a second, then has succeeded;
//! - `crash-loop`: it runs for a second, fails, and is restarted after a longer and longer back-off;
//! - `image-pull`: its image is not found, again and again;
//! - `hold`: nothing; its status is set by whoever made it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::server::time;
use super::fields;

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Nothing, by itself.
    Never,
    /// Something, then.
    At(Timestamp),
    /// This status, now.
    Become(Value),
}

const LONGEST_BACK_OFF: i64 = 300;
const FIRST_BACK_OFF: i64 = 10;
/// So long `ErrImagePull` is shown before it becomes `ImagePullBackOff`.
const PULLING: i64 = 3;

/// `start` is when a pod of which nothing runs yet is to start.
pub(super) fn next(pod: &Value, simulate: &str, start: Timestamp, now: Timestamp) -> Next {
    let statuses = fields::list(pod, "/status/containerStatuses");
    let state = statuses.first().map_or(&Value::Null, |first| &first["state"]);
    let running = fields::text(state, "/running/startedAt");
    let at = |due: Timestamp, status: &dyn Fn() -> Value| {
        if due > now { Next::At(due) } else { Next::Become(status()) }
    };
    let second_after = |moment: &str| parsed(moment, now) + SignedDuration::from_secs(1);
    match (simulate, pod["status"]["phase"].as_str().unwrap_or_default()) {
        ("hold", _) | (_, "Succeeded" | "Failed") => Next::Never,
        ("image-pull", "Pending") => image_pull(pod, start, now),
        (_, "Pending") => at(start, &|| runs(pod, 0, now)),
        ("complete", _) if !running.is_empty() => at(second_after(running), &|| ended(pod, "Succeeded", now)),
        ("crash-loop", _) if !running.is_empty() => at(second_after(running), &|| crashed(pod, now)),
        ("crash-loop", _) => {
            let restarts = statuses.first().map_or(0, |first| fields::number(first, "/restartCount"));
            let ended = statuses.first().map_or("", |first| {
                match fields::text(first, "/state/terminated/finishedAt") {
                    "" => fields::text(first, "/lastState/terminated/finishedAt"),
                    moment => moment,
                }
            });
            // The first restart comes at once.
            let pause = if restarts == 0 { 1 } else { back_off(restarts - 1) };
            at(parsed(ended, now) + SignedDuration::from_secs(pause), &|| runs(pod, restarts + 1, now))
        }
        _ => Next::Never,
    }
}

/// 10 s, 20 s, 40 s … 5 min.
fn back_off(failures: i64) -> i64 {
    let doubled =
        u32::try_from(failures).ok().and_then(|failures| FIRST_BACK_OFF.checked_shl(failures.min(10)));
    doubled.map_or(LONGEST_BACK_OFF, |seconds| seconds.min(LONGEST_BACK_OFF))
}

/// As Go writes it: `40s`, `1m20s`.
fn in_words(seconds: i64) -> String {
    match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m{}s", seconds % 60),
    }
}

fn parsed(moment: &str, otherwise: Timestamp) -> Timestamp {
    moment.parse().unwrap_or(otherwise)
}

/// A status with this phase and these containers, and the conditions that go with them.
fn status(pod: &Value, phase: &str, reason: &str, containers: Vec<Value>, now: Timestamp) -> Value {
    let mut status = pod["status"].clone();
    let moment = time(now);
    if status["startTime"].is_null() {
        status["startTime"] = moment.as_str().into();
    }
    status["phase"] = phase.into();
    let unready: Vec<&str> = containers
        .iter()
        .filter(|container| container["ready"] != true)
        .map(|container| fields::text(container, "/name"))
        .collect();
    let told = match reason {
        "ContainersNotReady" => format!("containers with unready status: [{}]", unready.join(" ")),
        _ => String::new(),
    };
    let ready = if unready.is_empty() { "True" } else { "False" };
    let has_ended = phase == "Succeeded" || phase == "Failed";
    let initialized = if phase == "Succeeded" { reason } else { "" };
    for condition in [
        ["PodReadyToStartContainers", if has_ended { "False" } else { "True" }, "", ""],
        ["Initialized", "True", initialized, ""],
        ["Ready", ready, reason, &told],
        ["ContainersReady", ready, reason, &told],
        ["PodScheduled", "True", "", ""],
    ] {
        fields::set_condition(&mut status, condition, &moment, &json!({"lastProbeTime": null}));
    }
    status["containerStatuses"] = containers.into();
    status
}

/// The status of each container: `members` tells what differs from one that does not run.
fn containers(pod: &Value, members: impl Fn(&str, &Value) -> Value) -> Vec<Value> {
    let old =
        |name: &str| fields::list(pod, "/status/containerStatuses").iter().find(|one| one["name"] == name);
    let one = |container: &Value| {
        let name = fields::text(container, "/name");
        let old = old(name).cloned().unwrap_or_default();
        let mut status = json!({
            "name": name, "image": container["image"], "imageID": "", "ready": false, "started": false,
            "restartCount": fields::number(&old, "/restartCount"), "lastState": {}, "resources": {},
        });
        for (member, value) in members(name, &old).as_object().into_iter().flatten() {
            status[member] = value.clone();
        }
        status
    };
    fields::list(pod, "/spec/containers").iter().map(one).collect()
}

fn runs(pod: &Value, restarts: i64, now: Timestamp) -> Value {
    let all = containers(pod, |_, old| {
        let mut members = json!({
            "ready": true, "started": true, "restartCount": restarts, "state": {"running": {"startedAt": time(now)}},
        });
        if restarts > 0 {
            let last = if old["state"]["terminated"].is_null() { &old["lastState"] } else { &old["state"] };
            members["lastState"] = last.clone();
        }
        members
    });
    status(pod, "Running", "", all, now)
}

fn ended(pod: &Value, phase: &str, now: Timestamp) -> Value {
    let all = containers(pod, |_, old| json!({"state": terminated(old, phase == "Succeeded", now)}));
    status(pod, phase, if phase == "Succeeded" { "PodCompleted" } else { "PodFailed" }, all, now)
}

fn terminated(old: &Value, well: bool, now: Timestamp) -> Value {
    let (code, reason) = if well { (0, "Completed") } else { (1, "Error") };
    json!({"terminated": {
        "exitCode": code, "reason": reason, "startedAt": old["state"]["running"]["startedAt"], "finishedAt": time(now),
    }})
}

fn crashed(pod: &Value, now: Timestamp) -> Value {
    if pod["spec"]["restartPolicy"] == "Never" {
        return ended(pod, "Failed", now);
    }
    let (metadata, uid) = (&pod["metadata"], fields::text(pod, "/metadata/uid"));
    let all = containers(pod, |name, old| {
        let terminated = terminated(old, false, now);
        let restarts = fields::number(old, "/restartCount");
        if restarts == 0 {
            return json!({"state": terminated});
        }
        let pod =
            format!("{}_{}({uid})", fields::text(metadata, "/name"), fields::text(metadata, "/namespace"));
        let pause = in_words(back_off(restarts - 1));
        let message = format!("back-off {pause} restarting failed container={name} pod={pod}");
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
        json!({"state": waiting, "lastState": terminated})
    });
    status(pod, "Running", "ContainersNotReady", all, now)
}

/// Where the pod is in the row of tries is told by the time since its start alone.
fn image_pull(pod: &Value, start: Timestamp, now: Timestamp) -> Next {
    let begun = match fields::text(pod, "/status/startTime") {
        "" if start > now => return Next::At(start),
        "" => now,
        moment => parsed(moment, now),
    };
    let mut try_begins = begun;
    let mut tries = 0;
    let (reason, until) = loop {
        let gives_up = try_begins + SignedDuration::from_secs(PULLING);
        let next_try = gives_up + SignedDuration::from_secs(back_off(tries));
        if now < gives_up {
            break ("ErrImagePull", gives_up);
        }
        if now < next_try {
            break ("ImagePullBackOff", next_try);
        }
        try_begins = next_try;
        tries += 1;
    };
    let image = |name: &str| {
        let all = fields::list(pod, "/spec/containers").iter();
        all.filter(|one| one["name"] == name)
            .map(|one| fields::text(one, "/image"))
            .next()
            .unwrap_or_default()
    };
    let all = containers(pod, |name, _| {
        let why = "manifest unknown";
        let message = match reason {
            "ErrImagePull" => why.to_owned(),
            _ => format!("Back-off pulling image {:?}: ErrImagePull: {why}", image(name)),
        };
        json!({"state": {"waiting": {"reason": reason, "message": message}}})
    });
    let status = status(pod, "Pending", "ContainersNotReady", all, now);
    if status == pod["status"] { Next::At(until) } else { Next::Become(status) }
}
