//! Status updates at a steady pace. Most change nothing that a rule asks for; every twelfth makes a rule
//! true of a pod, which the daemon then reads and deletes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::traces::{tell, traces};
use crate::harness::{Objects, shapes};
use crate::support::audit::{self, Record};
use crate::support::daemon::{pack, start};
use crate::support::load;
use crate::support::report::Report;
use crate::support::server::Server;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Events")]
pub struct Events {
    /// For so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    seconds: u32,
    /// Status updates a second
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Every so many-th calls for a delete: fewer than the fifty a second that the daemon does at most
    #[arg(long, default_value_t = 12)]
    every: u32,
}

/// Pods that are only updated.
const OTHERS: u32 = 500;

/// DESIGN 9: what the daemon adds.
const MOST: f64 = 10.0;

const RULES: &str = "
  - name: failed
    watch: pods
    match: [ { phase: [Failed] } ]
    actions: [ { delete: {} } ]
";

/// The last deletes.
const AFTERWARDS: Duration = Duration::from_secs(3);

pub async fn measure(server: &Server, arguments: &Events, report: &mut Report) {
    let objects = server.objects().await;
    load::create_namespaces(&objects).await;
    let variables = load::variables_for(&objects, 13_000).await;
    let updates = arguments.rate * arguments.seconds;
    let patients = updates.div_ceil(arguments.every);
    load::create_pods(&objects, 0..OTHERS + patients, move |_, name| bare_pod(name, variables)).await;
    let synced = start(server, &pack(RULES), &[]).await;

    let from = audit::end(&server.audit_file());
    let began = Instant::now();
    let failed = drive(&objects, arguments, updates).await;
    let took = began.elapsed().as_secs_f64();
    tokio::time::sleep(AFTERWARDS).await;
    let records = audit::since(&server.audit_file(), from);
    drop(synced);

    let calls = records.iter().filter(|record| is_update(record) && is_patient(&record.name));
    let moments: HashMap<String, Timestamp> =
        calls.map(|record| (record.name.clone(), record.answered)).collect();
    let name = server.name().await;
    let rate = f64::from(updates) / took;
    println!("\n{rate:.0} status updates a second on {name}, {} of them call for a delete", moments.len());
    report.tell("status updates a second", rate, "");
    report.tell("of them the server did not do", failed as f64, "");
    tell("event", traces(&records, &moments), MOST, report);
}

/// Nobody's, so that the daemon reads no owners: those would be the server's time, not the daemon's.
pub fn bare_pod(name: &str, variables: usize) -> Value {
    let mut pod = load::pod(name, variables);
    pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    pod
}

fn is_update(record: &Record) -> bool {
    record.verb == "patch" && record.subresource == "status" && record.code == 200
}

/// The pods after the others.
fn is_patient(name: &str) -> bool {
    name >= load::name(OTHERS).as_str()
}

/// At a steady pace, whether or not the server keeps up; returns how many updates it refused or gave up.
async fn drive(objects: &Objects, arguments: &Events, updates: u32) -> usize {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / arguments.rate);
    let mut tasks = JoinSet::<bool>::new();
    let mut failed = 0;
    for update in 0..updates {
        ticks.tick().await;
        while let Some(done) = tasks.try_join_next() {
            failed += usize::from(!done.unwrap());
        }
        let (number, status) = if update % arguments.every == 0 {
            (OTHERS + update / arguments.every, json!({"phase": "Failed"}))
        } else {
            (update % OTHERS, json!({"message": format!("update {update}")}))
        };
        let path = shapes::path("pods", &load::namespace(number), &load::name(number)) + "/status";
        let objects = objects.clone();
        tasks.spawn(async move {
            let (code, _) = objects.send(Method::PATCH, &path, Some(&json!({"status": status}))).await;
            code == 200
        });
    }
    while let Some(done) = tasks.join_next().await {
        failed += usize::from(!done.unwrap());
    }
    failed
}
