//! Medians, percentiles, and a histogram of text.

use std::fmt::Write;
use std::time::Duration;

/// Of an odd number the middle one, of an even number the mean of the two.
pub fn median(numbers: &[f64]) -> f64 {
    let sorted = sorted(numbers);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[half],
        _ => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// The nearest rank: the smallest number that so great a share does not exceed.
pub fn percentile(numbers: &[f64], share: f64) -> f64 {
    let sorted = sorted(numbers);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub const MIB: f64 = 1024.0 * 1024.0;

/// Latencies in milliseconds, shown by how many are how long.
pub struct Distribution {
    pub what: String,
    pub milliseconds: Vec<f64>,
}

impl Distribution {
    pub fn new(what: &str, milliseconds: Vec<f64>) -> Self {
        Self { what: what.to_owned(), milliseconds }
    }

    pub fn at(&self, share: f64) -> f64 {
        percentile(&self.milliseconds, share)
    }

    /// `p50 1.2 · p90 …`, then a bar for each step of a scale on which each is a half more than the one before: a
    /// few that are late show beside a thousand that are not.
    pub fn shown(&self) -> String {
        let count = self.milliseconds.len();
        let mut text = format!("{}: {count} samples, in ms\n", self.what);
        if count == 0 {
            return text;
        }
        let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("worst", 1.0)];
        let summary: Vec<String> =
            shares.iter().map(|(name, share)| format!("{name} {:.2}", self.at(*share))).collect();
        writeln!(text, "  {}", summary.join(" · ")).unwrap();
        let steps: Vec<i32> = self.milliseconds.iter().map(|sample| step(*sample)).collect();
        let (first, last) = (*steps.iter().min().unwrap(), *steps.iter().max().unwrap());
        let counts: Vec<usize> =
            (first..=last).map(|step| steps.iter().filter(|other| **other == step).count()).collect();
        let most = *counts.iter().max().unwrap();
        for (step, count) in (first..=last).zip(counts) {
            let bar = "█".repeat((count * 50).div_ceil(most));
            writeln!(text, "  ≤ {:>9.3}  {count:>6}  {bar}", STEP.powi(step)).unwrap();
        }
        text
    }
}

const STEP: f64 = 1.5;

/// The smallest power that is not below the sample; nothing is told apart below 10 µs.
fn step(milliseconds: f64) -> i32 {
    (milliseconds.max(0.01).ln() / STEP.ln()).ceil() as i32
}
