//! The flags of `daemon run`, `start` and `restart`. Each of them can be set by a variable and in the config file
//! too (`config_file`), which know them by what stands here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::{Globs, parse_duration};

pub(super) use super::instance::Instance;
use super::size::Size;
use crate::report::log;
use crate::report::log_file::Rotation;

#[derive(Clone, Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) rules: RuleFlags,
    #[command(flatten)]
    pub(super) cluster: ClusterFlags,
    #[command(flatten)]
    pub(super) log: LogFlags,
    #[command(flatten)]
    pub(super) instance: Instance,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleFlags {
    /// Rule files, or folders of them; PATH=NAMESPACES lets no rule in it look elsewhere (team-a/=team-a-*); may be
    /// repeated
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(super) rules: Vec<PathBuf>,
    /// Set a parameter of a pack, or of every pack that has it; may be repeated
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// How far rules may go; a rule's own mode can only weaken it
    #[arg(long, value_enum, default_value_t)]
    pub(super) mode: ModeArgument,
    /// Namespaces that no rule selects, whatever it says: globs; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub(super) exclude_namespaces: Vec<String>,
    /// Take changed rules also where more than half of the rules would go
    #[arg(long)]
    pub(super) accept_removals: bool,
    /// Do not follow changes of the rule files; `daemon reload` and SIGHUP read them again
    #[arg(long)]
    pub(super) no_watch: bool,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ClusterFlags {
    /// The kubeconfig; else KUBECONFIG, ~/.kube/config, or the pod's own account
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; else its current one
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
    /// Where namespaces may be listed but not watched, list them so often
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(super) namespace_poll_interval: Duration,
}

#[expect(clippy::struct_field_names, reason = "the flags are called so")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Log")]
pub(super) struct LogFlags {
    /// How log lines are written: text on a terminal, JSON elsewhere, unless this says otherwise
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) log_format: log::Format,
    /// Log what is less or more important too
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub(super) log_level: Level,
    /// Where the log goes; else `run` writes to standard error, and `start` to a file that it names
    #[arg(long, value_name = "FILE")]
    pub(super) log_file: Option<PathBuf>,
    /// Set the log file aside before it grows larger; 0: never
    #[arg(long, value_name = "SIZE", default_value = "10MiB")]
    pub(super) log_max_size: Size,
    /// Set the log file aside when it is older; 0s: never
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    pub(super) log_max_age: Duration,
    /// Keep so many files that were set aside: FILE.1 is the youngest
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(super) log_keep: u32,
}

impl LogFlags {
    pub(super) fn rotation(&self) -> Rotation {
        let Size(max_size) = self.log_max_size;
        Rotation {
            max_size: Some(max_size).filter(|size| *size > 0),
            max_age: Some(self.log_max_age).filter(|age| !age.is_zero()),
            keep: self.log_keep,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(in crate::cli) enum ModeArgument {
    /// Log and count.
    Observe,
    /// Send the first due step with the server's dry run, tell the later ones.
    DryRun,
    /// Act.
    #[default]
    Enforce,
}

impl From<ModeArgument> for Mode {
    fn from(argument: ModeArgument) -> Self {
        match argument {
            ModeArgument::Observe => Self::Observe,
            ModeArgument::DryRun => Self::DryRun,
            ModeArgument::Enforce => Self::Enforce,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Level {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// `90s`, `1h30m`.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| format!("it {}; {}", error.problem, error.help))
}

/// `kube-*`; an exclusion of an exclusion is none.
pub(in crate::cli) fn glob(text: &str) -> Result<String, String> {
    match Globs::parse(&[text]) {
        Ok(_) => Ok(text.to_owned()),
        Err((_, error)) => Err(format!("it {}; {}", error.problem, error.help)),
    }
}
