//! What the daemon takes, every few seconds, and whether it grows: the median of the last quarter beside that of
//! the first one after a warm-up.

use std::time::{Duration, Instant};

use super::control::Control;
use crate::harness::Daemon;
use crate::support::numbers::{MIB, median};
use crate::support::proc::Reading;
use crate::support::report::Report;

/// Enough in a minute to take medians of, and no burden in half an hour.
const MOST: u32 = 360;
const SHORTEST: Duration = Duration::from_secs(2);

/// A sixth of all: allocations settle.
const WARM_UP: usize = 6;

/// What a measure may differ by, beside a tenth. The daemon does sixteen things at once (`src/daemon/pace.rs`), and
/// for a minute and a half after a rush it keeps that many connections, each of them a descriptor and a task.
const SLACK_MIB: f64 = 2.0;
const SLACK: f64 = 16.0 + SLACK_THREADS;
const SLACK_THREADS: f64 = 4.0;

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    hours: f64,
    reading: Reading,
    tasks: Option<f64>,
}

type Measure = fn(&Sample) -> f64;

pub async fn run(daemon: &mut Daemon, control: &Control, end: Instant) -> Vec<Sample> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval((end.saturating_duration_since(began) / MOST).max(SHORTEST));
    let mut samples = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        assert!(
            daemon.has_ended().is_none(),
            "the daemon has ended; it says:\n{}",
            control.last_words(daemon)
        );
        let tasks = control.status().await.and_then(|status| status["tasks"].as_f64());
        let hours = began.elapsed().as_secs_f64() / 3600.0;
        samples.push(Sample { hours, reading: Reading::of(daemon.id()), tasks });
    }
    samples
}

pub fn tell(samples: &[Sample], report: &mut Report) {
    let resident: Measure = |sample| sample.reading.resident as f64 / MIB;
    let peak = samples.iter().map(resident).fold(0.0, f64::max);
    report.tell("resident, the most that was seen", peak, "MiB");
    let (first, last) = (samples.first(), samples.last());
    if let Some((first, last)) = first.zip(last) {
        let time = Duration::from_secs_f64((last.hours - first.hours) * 3600.0);
        report.tell("CPU", last.reading.share_of_a_core(&first.reading, time), "% of a core");
    }
    report.tell(
        "resident, slope of the second half",
        slope(&samples[samples.len() / 2..], resident),
        "MiB/h",
    );
    let measures: [(&str, &str, f64, Measure); 4] = [
        ("resident", "MiB", SLACK_MIB, resident),
        ("descriptors", "", SLACK, |sample| sample.reading.descriptors as f64),
        ("threads", "", SLACK_THREADS, |sample| sample.reading.threads as f64),
        ("tasks", "", SLACK, |sample| sample.tasks.unwrap_or(f64::NAN)),
    ];
    let warm = &samples[samples.len() / WARM_UP..];
    let quarter = warm.len().div_ceil(4);
    for (what, unit, slack, of) in measures {
        // Of those that were told; where none was, the median is no number, and reaches nothing.
        let told =
            |part: &[Sample]| part.iter().map(of).filter(|value| !value.is_nan()).collect::<Vec<f64>>();
        let middle = |part: &[Sample]| median(&told(part));
        let (first, last) = (middle(&warm[..quarter]), middle(&warm[warm.len() - quarter..]));
        report.tell(&format!("{what}, first quarter"), first, unit);
        report.at_most(&format!("{what}, last quarter"), last, first * 1.1 + slack, unit);
    }
}

/// By least squares.
fn slope(samples: &[Sample], of: Measure) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: Measure| samples.iter().map(of).sum::<f64>() / count;
    let (hours, value) = (mean(|sample| sample.hours), mean(of));
    let along = samples.iter().map(|sample| (sample.hours - hours) * (of(sample) - value)).sum::<f64>();
    along / samples.iter().map(|sample| (sample.hours - hours).powi(2)).sum::<f64>()
}
