//! What to type next, without the program. What narrowed the plan goes along, so that nothing is looked at, and nothing
//! done, that the plan left out.

use std::path::Path;
use std::time::Duration;

use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::values::format_duration;

use super::Arguments;
use crate::cli::init::in_a_shell;
use crate::simulation::plan::{Plan, Row};

/// What `plan` looks ahead without `--within`.
const USUAL: Duration = Duration::from_secs(600);

/// What finds out why not all could be told; else what does what is due; else what tells more, or runs from here on.
pub(super) fn of_cluster(arguments: &Arguments, plan: &Plan, is_complete: bool) -> String {
    if !is_complete {
        return Line::of("doctor").rules(arguments).cluster(arguments).0;
    }
    let explain = explained(plan).filter(|_| plan.done() == 0);
    let line = match explain {
        Some(object) => Line::of(&format!("explain {object}")).rules(arguments).mode(arguments.mode()),
        // A daemon cannot be held to some namespaces by a flag: it would go further than what was planned.
        None if plan.done() > 0 || !arguments.namespace.is_empty() => Line::of("sweep")
            .flag("--mode", &[Mode::DryRun.min(arguments.mode()).to_string()])
            .rules(arguments)
            .flag("--namespace", &arguments.namespace),
        None => Line::of("daemon run").rules(arguments).mode(arguments.mode()),
    };
    line.excluded(arguments).cluster(arguments).0
}

/// What tells more; else the same on the cluster itself.
pub(super) fn of_dump(arguments: &Arguments, plan: &Plan) -> String {
    // What came through a pipe is not there any more.
    let is_there = |path: &std::path::PathBuf| path.as_os_str() != "-" && !path.starts_with("/dev/fd");
    let Some(object) = explained(plan).filter(|_| arguments.from.iter().all(is_there)) else {
        let within = Some(arguments.within).filter(|within| *within != USUAL);
        let line = Line::of("plan").rules(arguments).mode(arguments.mode());
        let line = line.flag("--namespace", &arguments.namespace).excluded(arguments);
        let within: Vec<String> = within.map(format_duration).into_iter().collect();
        return line.flag("--within", &within).cluster(arguments).0;
    };
    let line = Line::of(&format!("explain {object}")).rules(arguments).mode(arguments.mode());
    let at: Vec<String> = arguments.at.iter().map(ToString::to_string).collect();
    let line = line.excluded(arguments).flag("--from", &shown(&arguments.from));
    let line = if arguments.complete { Line(line.0 + " --complete") } else { line };
    line.flag("--at", &at).0
}

/// An object of which something is not known, or that is held back, as `explain` takes it.
fn explained(plan: &Plan) -> Option<String> {
    // What is unknown now before what will be.
    let unknown = plan.unknown.iter().min_by_key(|one| one.at).and_then(|one| one.examples.first().cloned());
    let object = unknown.or_else(|| plan.rows.iter().find(|row| row.is_held()).map(Row::object))?;
    let parts: Vec<&str> = object.split('/').collect();
    Some(match parts.as_slice() {
        [resource, namespace, name] => format!("{resource}/{name} -n {namespace}"),
        _ => object,
    })
}

struct Line(String);

impl Line {
    fn of(command: &str) -> Self {
        Self(command.to_owned())
    }

    /// With its values, as a shell takes them; without any, nothing.
    fn flag(self, name: &str, values: &[String]) -> Self {
        let values: String =
            values.iter().map(|value| format!(" {}", in_a_shell(Path::new(value)))).collect();
        if values.is_empty() { self } else { Self(format!("{} {name}{values}", self.0)) }
    }

    fn rules(self, arguments: &Arguments) -> Self {
        let line = self.flag("--rules", &shown(&arguments.rules));
        arguments.set.iter().fold(line, |line, value| line.flag("--set", std::slice::from_ref(value)))
    }

    fn mode(self, mode: Mode) -> Self {
        let weaker = Some(mode).filter(|mode| *mode != Mode::Enforce);
        let weaker: Vec<String> = weaker.iter().map(ToString::to_string).collect();
        self.flag("--mode", &weaker)
    }

    fn excluded(self, arguments: &Arguments) -> Self {
        let excluded = arguments.exclude_namespaces.iter();
        excluded.fold(self, |line, glob| line.flag("--exclude-namespaces", std::slice::from_ref(glob)))
    }

    fn cluster(self, arguments: &Arguments) -> Self {
        let kubeconfig = arguments.cluster.kubeconfig.iter().map(|path| path.display().to_string());
        let context: Vec<String> = arguments.cluster.context.iter().cloned().collect();
        self.flag("--kubeconfig", &kubeconfig.collect::<Vec<_>>()).flag("--context", &context)
    }
}

fn shown(paths: &[std::path::PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}
