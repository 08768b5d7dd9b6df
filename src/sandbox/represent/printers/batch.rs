//! Jobs, and what starts them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::columns::{
    AGE, NAME, age, at, boolean, integer, is_terminating, items_at, name, number_at, or, selector, text,
};
use super::super::duration::{human, since};
use super::Printer;
use super::workload::containers;

pub(super) static JOB: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Completions"),
        text("Duration"),
        AGE,
        text("Containers").wide(),
        text("Images").wide(),
        text("Selector").wide(),
    ],
    cells: |job, now| {
        let mut cells = vec![
            name(job),
            status(job).into(),
            completions(job).into(),
            lasted(job, now).into(),
            age(job, now),
        ];
        cells.extend(containers(job, "/spec/template/spec/containers"));
        cells.push(selector(job.pointer("/spec/selector")).into());
        cells
    },
};

fn status(job: &Value) -> &'static str {
    let has = |kind: &str| {
        let mut conditions = items_at(job, "/status/conditions").iter();
        conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if is_terminating(job) => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let succeeded = number_at(job, "/status/succeeded");
    let parallelism = number_at(job, "/spec/parallelism");
    match job.pointer("/spec/completions").and_then(Value::as_i64) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

fn lasted(job: &Value, now: Timestamp) -> String {
    let moment = |pointer: &str| at(job, pointer).parse::<Timestamp>().ok();
    let duration: Option<SignedDuration> = moment("/status/startTime")
        .map(|from| moment("/status/completionTime").unwrap_or(now).duration_since(from));
    duration.map(human).unwrap_or_default()
}

pub(super) static CRON_JOB: Printer = Printer {
    columns: &[
        NAME,
        text("Schedule"),
        text("Timezone"),
        boolean("Suspend"),
        integer("Active"),
        text("Last Schedule"),
        AGE,
        text("Containers").wide(),
        text("Images").wide(),
        text("Selector").wide(),
    ],
    cells: |job, now| {
        let suspend = match job.pointer("/spec/suspend").and_then(Value::as_bool) {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        let last = match at(job, "/status/lastScheduleTime") {
            "" => "<none>".to_owned(),
            last => since(last, now),
        };
        let mut cells = vec![
            name(job),
            at(job, "/spec/schedule").into(),
            or(at(job, "/spec/timeZone"), "<none>").into(),
            suspend.into(),
            items_at(job, "/status/active").len().into(),
            last.into(),
            age(job, now),
        ];
        cells.extend(containers(job, "/spec/jobTemplate/spec/template/spec/containers"));
        cells.push(selector(job.pointer("/spec/jobTemplate/spec/selector")).into());
        cells
    },
};
