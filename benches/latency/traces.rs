//! What the daemon asked of the server about one pod, from the audit log.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::support::audit::{Record, between};
use crate::support::numbers::Distribution;
use crate::support::report::Report;

/// What happened to one pod after the moment that called for it; milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// From the moment to the receipt of the first live read.
    pub to_read: f64,
    /// From the moment to the receipt of the delete.
    pub to_write: f64,
    /// Of that, what the server itself took to answer the daemon's reads.
    pub of_it_the_server: f64,
}

/// The traces of the pods that were deleted, by the moment that called for each, and how many were not.
pub fn traces(records: &[Record], moments: &HashMap<String, Timestamp>) -> (Vec<Trace>, usize) {
    let (mut of_pods, mut of_namespaces) = (HashMap::<&str, Vec<&Record>>::new(), BTreeMap::new());
    for record in records.iter().filter(|record| record.is_the_daemons()) {
        match (record.resource.as_str(), record.verb.as_str()) {
            ("pods", "get" | "delete") => of_pods.entry(&record.name).or_default().push(record),
            ("namespaces", "get") => {
                of_namespaces.entry(&*record.name).or_insert_with(Vec::new).push(record);
            }
            _ => {}
        }
    }
    let trace = |(name, moment): (&String, &Timestamp)| {
        let of_pod = of_pods.get(name.as_str())?;
        let delete = of_pod.iter().find(|record| record.verb == "delete" && record.code < 300)?;
        let before = |record: &Record| record.answered <= delete.received;
        let reads: Vec<&&Record> =
            of_pod.iter().filter(|record| record.verb == "get").filter(|read| before(read)).collect();
        let read = reads.first()?;
        // Its namespace is read after the pod; the pods of one namespace seldom fall due together.
        let mut guard = of_namespaces.get(&*delete.namespace).into_iter().flatten();
        let guard = guard.rfind(|record| before(record) && record.received >= read.answered);
        let took = reads.iter().map(|read| read.took()).sum::<f64>() + guard.map_or(0.0, |read| read.took());
        Some(Trace {
            to_read: between(*moment, read.received),
            to_write: between(*moment, delete.received),
            of_it_the_server: took,
        })
    };
    let traces: Vec<Trace> = moments.iter().filter_map(trace).collect();
    let missing = moments.len() - traces.len();
    (traces, missing)
}

/// The histograms, and p50, p99 and the worst; `most` is what the daemon may add in 99 of 100 cases.
pub fn tell(what: &str, (traces, missing): (Vec<Trace>, usize), most: f64, report: &mut Report) {
    let of = |part: fn(&Trace) -> f64| traces.iter().map(part).collect::<Vec<f64>>();
    let read = Distribution::new(&format!("{what} to live read"), of(|trace| trace.to_read));
    let write = Distribution::new(&format!("{what} to write"), of(|trace| trace.to_write));
    // Without the server's part of the live reads.
    let added = Distribution::new(
        &format!("{what} to write, added by the daemon"),
        of(|trace| trace.to_write - trace.of_it_the_server),
    );
    for distribution in [&read, &write, &added] {
        println!("\n{}", distribution.shown());
        report.tell(&format!("{}, p50", distribution.what), distribution.at(0.5), "ms");
        let p99 = format!("{}, p99", distribution.what);
        if std::ptr::eq(distribution, &raw const added) {
            report.at_most(&p99, distribution.at(0.99), most, "ms");
        } else {
            report.tell(&p99, distribution.at(0.99), "ms");
        }
        report.tell(&format!("{}, worst", distribution.what), distribution.at(1.0), "ms");
    }
    report.at_most(&format!("{what}s that nothing was written for"), missing as f64, 0.0, "");
}
