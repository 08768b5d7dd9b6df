//! A proxy between a client under test and its API server that records what passes and breaks it on
//! demand: plain HTTP/1.1 on loopback in front, the real kubeconfig's credentials behind. It runs in a
//! thread of its own, so that a test that blocks does not hold it up.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::cluster::{self, Cluster};
use super::faults::{Answer, Fault, Seen};
use super::forward::{Rule, Shared, serve};
use super::process::free_port;
use super::relay::State;

/// Ended when dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
    folder: TempDir,
    audit: Option<PathBuf>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    pub fn start(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shared = Arc::new(Shared {
            state: watch::Sender::new(State::default()),
            seen: Mutex::default(),
            rules: Mutex::default(),
            open_watches: Arc::default(),
        });
        let (port_sender, port_receiver) = mpsc::channel();
        let (kubeconfig, in_thread) = (cluster.kubeconfig().to_owned(), Arc::clone(&shared));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(in_thread, &kubeconfig, &port_sender));
        });
        let port: u16 = port_receiver.recv().expect("the proxy's thread has bound its port");
        let server = json!({"server": format!("http://127.0.0.1:{port}")});
        cluster::write_kubeconfig(&folder.path().join("kubeconfig"), &server, &json!({}));
        Self { shared, port, folder, audit: cluster.audit_file(), thread: Some(thread) }
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The cluster through the proxy.
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.kubeconfig(), self.audit.clone())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that came so far, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn seen_that(&self, matches: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        self.seen().into_iter().filter(matches).collect()
    }

    /// How many came so far: `proxy.seen()[mark..]` is what came after.
    pub fn mark(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }

    /// Do this to the next requests that match, so many times. The oldest fault that matches is taken.
    pub fn inject(&self, matches: impl Fn(&Seen) -> bool + Send + 'static, fault: Fault, times: usize) {
        let rule = Rule { matches: Box::new(matches), fault, left: times };
        self.shared.rules.lock().unwrap().push(rule);
    }

    pub fn answer(&self, matches: impl Fn(&Seen) -> bool + Send + 'static, answer: Answer, times: usize) {
        self.inject(matches, Fault::Answer(answer), times);
    }

    /// Take back every fault that [`Self::inject`] put in.
    pub fn clear_faults(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// How many watches clients have open now.
    pub fn open_watches(&self) -> usize {
        self.shared.open_watches.load(Ordering::SeqCst)
    }

    /// Break off all open watches in the middle of a line.
    pub fn cut_watches(&self) {
        self.shared.state.send_modify(|state| state.cuts += 1);
    }

    /// End all open watches in good order, as a server does at their time-out.
    pub fn end_watches(&self) {
        self.shared.state.send_modify(|state| state.ends += 1);
    }

    /// While silent, watches, open and new, stay open and say nothing; what came meanwhile follows after.
    pub fn silence_watches(&self, silent: bool) {
        self.shared.state.send_modify(|state| state.silent = silent);
    }

    /// While refusing, nobody listens on the port; open connections are torn down at once.
    pub fn refuse_connections(&self, refusing: bool) {
        self.shared.state.send_modify(|state| state.refusing = refusing);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state.send_modify(|state| state.stopped = true);
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, has been printed; a second one here would abort the test process.
            thread.join().ok();
        }
    }
}

async fn run(shared: Arc<Shared>, kubeconfig: &Path, port: &mpsc::Sender<u16>) {
    let mut config = cluster::config(kubeconfig).await;
    // Bodies pass as they are, compressed or not.
    config.disable_compression = true;
    let upstream = Client::try_from(config).unwrap();
    let mut chosen = free_port();
    let mut state = shared.state.subscribe();
    let mut announced = false;
    loop {
        let State { stopped, refusing, .. } = *state.borrow_and_update();
        if stopped {
            return;
        }
        if refusing {
            state.changed().await.unwrap();
            continue;
        }
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, chosen)).await {
            Ok(listener) => listener,
            // Somebody was faster, and nobody knows this one yet.
            Err(error) if error.kind() == ErrorKind::AddrInUse && !announced => {
                chosen = free_port();
                continue;
            }
            Err(error) => panic!("the proxy's port: {error}"),
        };
        if !announced {
            port.send(chosen).unwrap();
            announced = true;
        }
        let mut broken = shared.state.subscribe();
        let broken = broken.wait_for(|state| state.stopped || state.refusing);
        tokio::select! {
            () = accept(&listener, &shared, &upstream) => {}
            _ = broken => {}
        }
    }
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>, upstream: &Client) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(shared), upstream.clone()));
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, upstream: Client) {
    let mut state = shared.state.subscribe();
    let service = service_fn(move |request| serve(request, Arc::clone(&shared), upstream.clone()));
    tokio::select! {
        // Its errors are the faults we injected and clients that went away.
        _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
        _ = state.wait_for(|state| state.stopped || state.refusing) => {}
    }
}
