//! Pods. The status is not the phase: it is the most telling thing that is known of the containers.

use jiff::Timestamp;
use serde_json::Value;

use super::super::columns::{AGE, NAME, age, at, is_terminating, items_at, name, number_at, or, text};
use super::super::duration::since;
use super::Printer;

pub(super) static POD: Printer = Printer {
    columns: &[
        NAME,
        text("Ready"),
        text("Status"),
        text("Restarts"),
        AGE,
        text("IP").wide(),
        text("Node").wide(),
        text("Nominated Node").wide(),
        text("Readiness Gates").wide(),
    ],
    cells,
};

fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let summary = Summary::of(pod);
    let ip = or(at(pod, "/status/podIPs/0/ip"), at(pod, "/status/podIP"));
    vec![
        name(pod),
        format!("{}/{}", summary.ready, summary.containers).into(),
        summary.reason.as_str().into(),
        summary.restarts.shown(now).into(),
        age(pod, now),
        or(ip, "<none>").into(),
        or(at(pod, "/spec/nodeName"), "<none>").into(),
        or(at(pod, "/status/nominatedNodeName"), "<none>").into(),
        gates(pod).into(),
    ]
}

/// How often, and when last.
#[derive(Default)]
struct Restarts<'a> {
    count: i64,
    last: Option<(Timestamp, &'a str)>,
}

impl<'a> Restarts<'a> {
    fn add(&mut self, container: &'a Value) {
        self.count += number_at(container, "/restartCount");
        let ended = at(container, "/lastState/terminated/finishedAt");
        let ended = ended.parse().ok().map(|moment| (moment, ended));
        self.last = self.last.max(ended);
    }

    fn shown(&self, now: Timestamp) -> String {
        match self.last {
            Some((_, last)) if self.count > 0 => format!("{} ({} ago)", self.count, since(last, now)),
            _ => self.count.to_string(),
        }
    }
}

struct Summary<'a> {
    ready: usize,
    containers: usize,
    reason: String,
    restarts: Restarts<'a>,
}

impl<'a> Summary<'a> {
    fn of(pod: &'a Value) -> Self {
        let sidecars = items_at(pod, "/spec/initContainers").iter().filter(|it| is_sidecar(it)).count();
        let mut summary = Self {
            ready: 0,
            containers: items_at(pod, "/spec/containers").len() + sidecars,
            reason: or(at(pod, "/status/reason"), at(pod, "/status/phase")).to_owned(),
            restarts: Restarts::default(),
        };
        let conditions = items_at(pod, "/status/conditions");
        let gated = |it: &&Value| it["type"] == "PodScheduled" && it["reason"] == "SchedulingGated";
        if conditions.iter().any(|condition| gated(&condition)) {
            "SchedulingGated".clone_into(&mut summary.reason);
        }
        let initializing = summary.look_at_init_containers(pod);
        if !initializing || is_true(conditions, "Initialized") {
            summary.look_at_containers(pod);
        }
        let over = ["Succeeded", "Failed"].contains(&at(pod, "/status/phase"));
        if is_terminating(pod) && at(pod, "/status/reason") == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if is_terminating(pod) && !over {
            "Terminating".clone_into(&mut summary.reason);
        }
        summary
    }

    /// Whether one of them is not done.
    fn look_at_init_containers(&mut self, pod: &'a Value) -> bool {
        let specified = items_at(pod, "/spec/initContainers");
        for (index, container) in items_at(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.restarts.add(container);
            let (state, started) = (&container["state"], container["started"] == true);
            let ended = state.get("terminated").filter(|terminated| terminated.is_object());
            if ended.is_some_and(|ended| number_at(ended, "/exitCode") == 0) {
                continue;
            }
            if started && names_sidecar(specified, container) {
                self.ready += usize::from(container["ready"] == true);
                continue;
            }
            let waiting = at(state, "/waiting/reason");
            self.reason = match ended {
                Some(ended) => format!("Init:{}", end(ended)),
                None if !["", "PodInitializing"].contains(&waiting) => format!("Init:{waiting}"),
                None => format!("Init:{index}/{}", specified.len()),
            };
            return true;
        }
        false
    }

    fn look_at_containers(&mut self, pod: &'a Value) {
        // From here on, the restarts of init containers that are done do not count.
        self.restarts = Restarts::default();
        let specified = items_at(pod, "/spec/initContainers");
        items_at(pod, "/status/initContainerStatuses")
            .iter()
            .filter(|container| names_sidecar(specified, container))
            .for_each(|container| self.restarts.add(container));
        let mut running = false;
        for container in items_at(pod, "/status/containerStatuses").iter().rev() {
            self.restarts.add(container);
            let state = &container["state"];
            let waiting = at(state, "/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if state["terminated"].is_object() {
                self.reason = end(&state["terminated"]);
            } else if container["ready"] == true && state["running"].is_object() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            let ready = is_true(items_at(pod, "/status/conditions"), "Ready");
            if ready { "Running" } else { "NotReady" }.clone_into(&mut self.reason);
        }
    }
}

/// How a container ended.
fn end(terminated: &Value) -> String {
    match (at(terminated, "/reason"), number_at(terminated, "/signal")) {
        ("", 0) => format!("ExitCode:{}", number_at(terminated, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn is_true(conditions: &[Value], kind: &str) -> bool {
    conditions.iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// An init container that runs on beside the others.
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

fn names_sidecar(specified: &[Value], status: &Value) -> bool {
    specified.iter().any(|container| container["name"] == status["name"] && is_sidecar(container))
}

/// `1/2`: so many of the readiness gates are open.
fn gates(pod: &Value) -> String {
    let gates = items_at(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let conditions = items_at(pod, "/status/conditions");
    let open = gates.iter().filter(|gate| is_true(conditions, at(gate, "/conditionType"))).count();
    format!("{open}/{}", gates.len())
}
