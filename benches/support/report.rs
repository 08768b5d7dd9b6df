//! What a bench says: the machine, then a line for each figure beside what it should reach, and the same
//! as JSON for programs.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::proc::{load_average, machine};

/// The flags that every bench has. Cargo adds `--bench`.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<std::path::PathBuf>,
    /// Exit with 1 if a figure is not what it should reach
    #[arg(long)]
    pub check: bool,
    #[arg(long, hide = true)]
    bench: bool,
}

/// The figures of one bench.
#[derive(Default)]
pub struct Report {
    rows: Vec<[String; 4]>,
    figures: Map<String, Value>,
    missed: bool,
}

impl Report {
    pub fn new(bench: &str) -> Self {
        let machine = machine();
        println!("{bench}: {machine}");
        let busy = load_average();
        if busy > 0.5 {
            println!("something else runs here, load average {busy}: the times below have that in them");
        }
        let mut report = Self::default();
        report.figure("machine", machine);
        report.figure("load average before", busy);
        report
    }

    /// For programs only.
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// A figure that nothing is asked of.
    pub fn tell(&mut self, what: &str, value: f64, unit: &str) {
        self.figure(what, value);
        self.rows.push([what.to_owned(), shown(value, unit), String::new(), String::new()]);
    }

    /// A figure that should be at most so much.
    pub fn at_most(&mut self, what: &str, value: f64, most: f64, unit: &str) {
        self.figures.insert(what.to_owned(), json!({"measured": value, "at most": most}));
        // What could not be measured is not reached.
        let reached = value <= most;
        self.missed |= !reached;
        let verdict = if reached { "reached" } else { "MISSED" };
        let most = format!("≤ {}", shown(most, unit));
        self.rows.push([what.to_owned(), shown(value, unit), most, verdict.to_owned()]);
    }

    /// A part that cannot be run here.
    pub fn skip(&mut self, what: &str, because: &str) {
        println!("skipped: {what}, because {because}");
        self.rows.push([what.to_owned(), "skipped".to_owned(), because.to_owned(), String::new()]);
    }

    /// Prints the table and writes the file.
    pub fn finish(self, common: &Common) -> ExitCode {
        let header = ["WHAT", "MEASURED", "REACH", ""].map(str::to_owned);
        let lines = || [&header].into_iter().chain(&self.rows);
        let widths: [usize; 4] =
            std::array::from_fn(|column| lines().map(|line| line[column].chars().count()).max().unwrap_or(0));
        println!();
        for line in lines() {
            let [what, measured, reach, verdict] = line;
            let row = format!(
                "{what:<w0$}  {measured:>w1$}  {reach:<w2$}  {verdict}",
                w0 = widths[0],
                w1 = widths[1],
                w2 = widths[2]
            );
            println!("{}", row.trim_end());
        }
        if let Some(file) = &common.json {
            write(file, &Value::Object(self.figures));
        }
        if self.missed && common.check { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

fn write(file: &Path, figures: &Value) {
    let text = serde_json::to_string_pretty(figures).unwrap();
    std::fs::write(file, text + "\n").unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

fn shown(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        whole if whole.fract() == 0.0 => 0,
        small if small < 1.0 => 3,
        middle if middle < 100.0 => 2,
        _ => 0,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}
