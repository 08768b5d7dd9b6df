//! A hundred thousand pods that each have a timer, a year away, and a thousand among them whose time comes
//! within a minute, at moments between whole seconds.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::events::bare_pod;
use super::traces::{tell, traces};
use crate::support::audit;
use crate::support::daemon::{pack, start};
use crate::support::load;
use crate::support::report::Report;
use crate::support::server::Server;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Deadlines")]
pub struct Deadlines {
    /// Pods with a timer that is far away
    #[arg(long, default_value_t = 100_000)]
    armed: u32,
    /// Pods whose time comes
    #[arg(long, default_value_t = 1000)]
    due: u32,
    /// Within so long
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    within: u32,
}

/// DESIGN 9.
const MOST: f64 = 20.0;

const RULES: &str = "
  - name: year-old
    watch: pods
    match: [ { age: { over: 365d } } ]
    actions: [ { delete: {} } ]
  - name: time-has-come
    watch: pods
    match: [ { age: { over: 1h, since: \"$.metadata.annotations['bench/since']\" } } ]
    actions: [ { delete: {} } ]
";

const OVER: SignedDuration = SignedDuration::from_hours(1);

/// The pods are created, and the daemon knows the server's clock.
const LEAD: Duration = Duration::from_secs(20);

/// The last deletes.
const AFTERWARDS: Duration = Duration::from_secs(3);

pub async fn measure(arguments: &Deadlines, report: &mut Report) {
    let server = Server::sandbox(&["--pods", &arguments.armed.to_string()]);
    let objects = server.objects().await;
    let synced = start(&server, &pack(RULES), &[]).await;
    let from = audit::end(&server.audit_file());

    let first = Timestamp::now() + LEAD;
    let apart = Duration::from_secs(arguments.within.into()) / arguments.due.max(1);
    let moment = move |number: u32| first + apart * number;
    // Beside the synthetic pods, whose names the numbers below are.
    let numbers = arguments.armed..arguments.armed + arguments.due;
    let start = numbers.start;
    let make = move |number: u32, name: &str| {
        let mut pod = bare_pod(name, 10);
        pod["metadata"]["annotations"]["bench/since"] = text(moment(number - start) - OVER).into();
        pod
    };
    load::create_pods(&objects, numbers.clone(), make).await;
    assert!(Timestamp::now() < first, "creating the pods took longer than {LEAD:?}");
    let end = moment(arguments.due);
    let rest = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(rest + AFTERWARDS).await;
    let records = audit::since(&server.audit_file(), from);
    let of_the_clock = synced.daemon.lines_with("clock is known");
    drop(synced);

    // As the pods have them: cut to the microsecond.
    let cut = |moment: Timestamp| text(moment).parse().unwrap();
    let moments: HashMap<String, Timestamp> =
        numbers.map(|number| (load::name(number), cut(moment(number - start)))).collect();
    let name = server.name().await;
    println!(
        "\n{} timers on {name}, {} of them within {} s",
        arguments.armed + arguments.due,
        arguments.due,
        arguments.within
    );
    // What is not known of it, the daemon waits.
    for line in of_the_clock {
        let unknown = line.split("\"unknown\":\"").nth(1).and_then(|rest| rest.split('"').next());
        println!("the daemon knew the server's clock but for {}", unknown.unwrap_or("?"));
    }
    let (traces, missing) = traces(&records, &moments);
    let early = traces.iter().filter(|trace| trace.to_write < 0.0).count();
    tell("deadline", (traces, missing), MOST, report);
    report.at_most("deadlines acted on before their time", early as f64, 0.0, "");
}

fn text(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
