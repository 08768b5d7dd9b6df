//! An in-memory Kubernetes API server over HTTP, for the demo, the tests and whoever wants to try a rule
//! without a cluster. A model: what it answers is held against a real server by `tests/conformance`.
//!
//! A request comes in by [`http`], [`dispatch`] finds out what it names and whether its sender may;
//! [`api`] does what it asks on the [`store`], and the answer is put in the form that was asked for by [`represent`].
//! It listens on this machine alone, and whoever comes without credentials is its administrator.

pub mod answer;
pub mod api;
pub mod audit;
mod built_in;
pub mod controllers;
pub mod definitions;
pub mod discovery;
pub mod dispatch;
pub mod failure;
pub mod http;
pub mod kinds;
pub mod kubeconfig;
pub mod kubevirt;
pub mod metadata;
pub mod object;
pub mod openapi;
mod pages;
pub mod patch;
pub mod protobuf;
pub mod represent;
pub mod request;
pub mod rights;
pub mod schema;
pub mod selection;
pub mod server;
pub mod store;
pub mod synthetic;
pub mod watch;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch::Sender;
use tokio_util::sync::CancellationToken;

use server::Server;

/// A sandbox that runs, on a thread of its own; ended when dropped.
#[derive(Debug)]
pub struct Sandbox {
    server: Arc<Server>,
    address: SocketAddr,
    listens: Sender<bool>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Listens on this port of the loopback interface; 0: one that is free.
    pub fn start(server: Arc<Server>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| io::Error::new(error.kind(), format!("127.0.0.1:{port}: {error}")))?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, listens) = (CancellationToken::new(), Sender::new(true));
        let work = run(Arc::clone(&server), listener, address, listens.clone(), stop.clone());
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(work);
            runtime.shutdown_background();
        })?;
        Ok(Self { server, address, listens, stop, thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What kubectl needs to find it.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        kubeconfig::kubeconfig(&self.url(), "sandbox-admin", None)
    }

    /// What it answers from.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Closes every connection and refuses new ones, until [`Sandbox::come_back`].
    pub fn go_away(&self) {
        self.listens.send_replace(false);
    }

    /// Listens again, on the same port.
    pub fn come_back(&self) {
        self.listens.send_replace(true);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the sandbox ended by a panic");
        }
    }
}

async fn run(
    server: Arc<Server>,
    listener: TcpListener,
    address: SocketAddr,
    listens: Sender<bool>,
    stop: CancellationToken,
) {
    let mut listener = Some(listener);
    let mut wanted = listens.subscribe();
    while !stop.is_cancelled() {
        if *wanted.borrow_and_update() {
            let bound = match listener.take() {
                Some(listener) => tokio::net::TcpListener::from_std(listener),
                None => tokio::net::TcpListener::bind(address).await,
            };
            let pause = stop.child_token();
            match bound {
                Ok(bound) => tokio::select! {
                    () = http::serve(Arc::clone(&server), bound, pause) => {}
                    _ = wanted.changed() => server.cut_connections(),
                },
                Err(error) => {
                    tracing::warn!(%error, "the sandbox cannot listen on {address}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        } else {
            tokio::select! {
                _ = wanted.changed() => {}
                () = stop.cancelled() => {}
            }
        }
    }
}
