//! What each pod takes: the slope between two sizes.

use super::rules::RULES;
use crate::support::numbers::median;
use crate::support::report::Report;

/// Resident bytes by rules: the median of some daemons, at each size.
#[derive(Default)]
pub struct Memories(Vec<(String, f64)>);

impl Memories {
    /// Returns the median.
    pub fn add(&mut self, what: &str, resident: impl IntoIterator<Item = u64>) -> f64 {
        let resident: Vec<f64> = resident.into_iter().map(|bytes| bytes as f64).collect();
        let median = median(&resident);
        self.0.push((what.to_owned(), median));
        median
    }

    /// What each pod more takes: what the daemon takes without any is not in it.
    pub fn tell_slopes(&self, report: &mut Report, server: &str, sizes: &[u32]) {
        let [smallest, .., largest] = sizes else { return };
        let more = f64::from(largest - smallest);
        for (what, _) in RULES {
            let of_it: Vec<f64> =
                self.0.iter().filter(|(name, _)| name == what).map(|(_, bytes)| *bytes).collect();
            let [least, .., most] = of_it[..] else { continue };
            let slope = (most - least) / more / 1024.0;
            let reach = if what == "idle" { 0.2 } else { 0.4 };
            let name = format!("{server}, {smallest} to {largest} pods: each pod {what}");
            report.at_most(&name, slope, reach, "KiB");
        }
    }
}
