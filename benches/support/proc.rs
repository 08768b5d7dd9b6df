//! What the kernel tells of a process.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Of one process at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Bytes in memory.
    pub resident: u64,
    /// Of these, those that no file backs: heap and stacks, without the executable itself.
    pub anonymous: u64,
    /// The most that was resident at once.
    pub peak: u64,
    /// On a core, user and kernel.
    pub cpu: Duration,
    /// How often one of its threads went to sleep, and so how often one was woken.
    pub sleeps: u64,
    pub threads: usize,
    /// Files, sockets and whatever else it has open.
    pub descriptors: usize,
}

impl Reading {
    /// Percent of a core between an earlier reading and this one.
    pub fn share_of_a_core(&self, before: &Self, between: Duration) -> f64 {
        self.cpu.saturating_sub(before.cpu).as_secs_f64() / between.as_secs_f64().max(1.0) * 100.0
    }

    /// Panics where the process has ended.
    pub fn of(pid: u32) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let status = fs::read_to_string(folder.join("status")).expect("the process runs");
        let tasks: Vec<PathBuf> =
            fs::read_dir(folder.join("task")).unwrap().map(|task| task.unwrap().path()).collect();
        let text = |task: &PathBuf, file: &str| fs::read_to_string(task.join(file)).unwrap_or_default();
        // To the microsecond where the kernel tells it, but without the threads that have ended.
        let precise: f64 =
            tasks.iter().filter_map(|task| field::<f64>(&text(task, "sched"), "se.sum_exec_runtime")).sum();
        let ticks = ticks(&fs::read_to_string(folder.join("stat")).unwrap());
        Self {
            resident: kilobytes(&status, "VmRSS"),
            anonymous: kilobytes(&status, "RssAnon"),
            peak: kilobytes(&status, "VmHWM"),
            cpu: Duration::from_secs_f64(precise / 1e3).max(ticks),
            sleeps: tasks
                .iter()
                .filter_map(|task| field::<u64>(&text(task, "status"), "voluntary_ctxt_switches"))
                .sum(),
            threads: tasks.len(),
            descriptors: fs::read_dir(folder.join("fd")).unwrap().count(),
        }
    }
}

fn kilobytes(text: &str, name: &str) -> u64 {
    field::<u64>(text, name).map_or(0, |kilobytes| kilobytes * 1024)
}

/// The number of the line `name : number unit`.
fn field<Number: FromStr>(text: &str, name: &str) -> Option<Number> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|word| word.trim() == name))?;
    line.split(':').nth(1)?.split_whitespace().next()?.parse().ok()
}

/// utime and stime, the 14th and 15th field; the second may hold spaces and ends with the last bracket.
/// Linux shows a hundred ticks a second, whatever it counts in.
fn ticks(stat: &str) -> Duration {
    let after_the_name = stat.rsplit(')').next().unwrap();
    let fields: Vec<&str> = after_the_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// The machine, in a line.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": an unknown CPU");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

/// How many processes wanted a core in the minute past.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
