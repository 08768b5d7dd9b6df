//! `sandbox`: an API server in memory, for kubectl, for the daemon, and for whoever wants to try a rule.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::signals;
use crate::cluster::clock::{Clock, SeededRandom, SystemClock};
use crate::sandbox::audit::Audit;
use crate::sandbox::server::{Behaviour, Server};
use crate::sandbox::synthetic::{Load, fill};
use crate::sandbox::{Sandbox, controllers, kubevirt};

/// Serve an API server in memory and print its kubeconfig, until Ctrl-C
///
/// It is a model of Kubernetes for trying rules without a cluster: kubectl and the daemon speak to it as to
/// a real one. It serves this machine alone, knows no passwords, and forgets everything when it ends.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The port to listen on; 0: one that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Write the kubeconfig to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    write_kubeconfig: Option<PathBuf>,
    /// Write a record of every request to this file, as kube-apiserver's audit log
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// How many simulated nodes there are; 0: no nodes, and no controllers either
    #[arg(long, default_value_t = 1)]
    nodes: u32,
    /// Without KubeVirt's kinds
    #[arg(long)]
    bare: bool,
    /// The seed of its uids and generated names; else the time
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    load: LoadArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Synthetic pods, made whenever they are read")]
struct LoadArguments {
    /// How many there are
    #[arg(long, default_value_t = 0)]
    pods: u32,
    /// Over how many namespaces, test-0 and on
    #[arg(long, default_value_t = 20)]
    pod_namespaces: u32,
    /// Bytes of JSON each
    #[arg(long, default_value_t = 13_000)]
    pod_size: usize,
    /// Every so many-th is in `CrashLoopBackOff`; 0: none
    #[arg(long, default_value_t = 0)]
    crashing_every: u32,
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    match serve(arguments) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("k8s-healer: {error}");
            2
        }
    }
}

fn serve(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = {
        // Before it is said how to end it.
        let _within = runtime.enter();
        signals::ended()
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seed = arguments.seed.unwrap_or_else(|| clock.now().as_millisecond().unsigned_abs());
    let audit = match &arguments.audit {
        Some(file) => Audit::to_file(file).map_err(|error| named(&error, file))?,
        None => Audit::none(),
    };
    let server = Server::new(clock, Arc::new(SeededRandom::new(seed)), audit, Behaviour::default());
    if !arguments.bare {
        kubevirt::install(&server);
    }
    let LoadArguments { pods, pod_namespaces, pod_size, crashing_every } = arguments.load;
    if pods > 0 {
        fill(&server, Load { pods, namespaces: pod_namespaces, size: pod_size, crashing_every });
    }
    let sandbox = Sandbox::start(Arc::clone(&server), arguments.port)?;
    let controllers = (arguments.nodes > 0).then(|| controllers::start(&server, arguments.nodes));
    let kubeconfig = sandbox.kubeconfig();
    let mut notes = io::stderr().lock();
    match &arguments.write_kubeconfig {
        Some(file) => {
            std::fs::write(file, kubeconfig).map_err(|error| named(&error, file))?;
            writeln!(
                notes,
                "the sandbox listens on {}: kubectl --kubeconfig {} get all -A",
                sandbox.url(),
                file.display()
            )?;
        }
        None => {
            write!(io::stdout().lock(), "{kubeconfig}")?;
            io::stdout().flush()?;
            writeln!(notes, "the sandbox listens on {}; above is its kubeconfig", sandbox.url())?;
        }
    }
    writeln!(notes, "Ctrl-C ends it, and all that is in it")?;
    drop(notes);
    runtime.block_on(ended);
    drop(controllers);
    Ok(())
}

fn named(error: &io::Error, file: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}
