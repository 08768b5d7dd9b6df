//! The raw download: the same requests as the daemon's, with the same client, their answers read and thrown
//! away. It runs as a process of its own, which is the bench itself started once more, so that its time and
//! CPU compare with the daemon's.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::audit::Record;
use super::block_on;
use super::proc::Reading;
use crate::harness::cluster;

const FLAG: &str = "--raw-download";
const PODS: &str = "/api/v1/pods";

/// What the daemon asks for when it lists (src/cluster/collection.rs).
const STREAMING: &str = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
                         &allowWatchBookmarks=true&timeoutSeconds=290";

/// The last event of a streaming list says so; after it the stream is silent.
const END: &[u8] = b"k8s.io/initial-events-end";

/// Longer than that event.
const TAIL: usize = 4096;

/// How the pods are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Streaming,
    Pages(u32),
}

impl Way {
    /// As the daemon did it.
    pub fn of(records: &[Record]) -> Self {
        let lists = records.iter().filter(|record| record.is_the_daemons() && record.code == 200);
        let pods: Vec<&Record> = lists.filter(|record| record.uri.starts_with(PODS)).collect();
        let limit = |record: &&Record| {
            let rest = record.uri.split("limit=").nth(1)?;
            rest.split('&').next()?.parse().ok()
        };
        pods.iter().find_map(limit).map_or(Self::Streaming, Self::Pages)
    }

    pub fn shown(self) -> String {
        match self {
            Self::Streaming => "one streaming list".to_owned(),
            Self::Pages(limit) => format!("pages of {limit}"),
        }
    }
}

/// One download.
#[derive(Clone, Copy, Debug)]
pub struct Download {
    /// From the start of the process.
    pub took: Duration,
    pub cpu: Duration,
    pub bytes: u64,
}

/// In a process of its own.
pub fn download(kubeconfig: &Path, way: Way) -> Download {
    let limit = match way {
        Way::Streaming => 0,
        Way::Pages(limit) => limit,
    };
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(FLAG).arg(kubeconfig).arg(limit.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().expect("this executable");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let took = began.elapsed();
    child.wait().unwrap();
    let said: Value = serde_json::from_str(&line).expect("what the download says");
    let cpu = Duration::from_secs_f64(said["cpu"].as_f64().unwrap());
    Download { took, cpu, bytes: said["bytes"].as_u64().unwrap() }
}

/// Whether this process is a download: it is over then.
pub fn was_asked_for() -> bool {
    let arguments: Vec<String> = env::args().collect();
    let [_, flag, kubeconfig, limit] = &arguments[..] else { return false };
    if flag != FLAG {
        return false;
    }
    let bytes = block_on(async {
        let client = cluster::client(&PathBuf::from(kubeconfig)).await;
        match limit.parse().unwrap() {
            0 => stream(&client).await,
            limit => pages(&client, limit).await,
        }
    });
    let cpu = Reading::of(std::process::id()).cpu.as_secs_f64();
    println!("{}", json!({"bytes": bytes, "cpu": cpu}));
    true
}

async fn open(client: &Client, query: &str) -> Body {
    let mut request = Request::get(format!("{PODS}?{query}")).header("accept", "application/json");
    if query == STREAMING {
        // As the daemon's, which says why.
        request = request.header("accept-encoding", "identity");
    }
    let answer = client.send(request.body(Body::empty()).unwrap()).await.expect("an answer");
    assert_eq!(answer.status(), 200, "{query}");
    answer.into_body()
}

async fn stream(client: &Client) -> u64 {
    let mut body = open(client, STREAMING).await;
    let (mut bytes, mut tail) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.expect("the list goes on").into_data() else { continue };
        bytes += data.len() as u64;
        tail.extend_from_slice(&data[data.len().saturating_sub(TAIL)..]);
        tail.drain(..tail.len().saturating_sub(TAIL));
        if tail.windows(END.len()).any(|part| part == END) {
            return bytes;
        }
    }
    panic!("the list broke off after {bytes} bytes");
}

async fn pages(client: &Client, limit: u32) -> u64 {
    let (mut bytes, mut query) = (0, format!("limit={limit}"));
    loop {
        let mut body = open(client, &query).await;
        // The list's own metadata come first.
        let mut head = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.expect("the page goes on").into_data() else { continue };
            bytes += data.len() as u64;
            head.extend_from_slice(&data[..data.len().min(TAIL.saturating_sub(head.len()))]);
        }
        let head = String::from_utf8_lossy(&head);
        let metadata = head.split("\"items\"").next().unwrap_or_default();
        let token = metadata.split("\"continue\":\"").nth(1).and_then(|rest| rest.split('"').next());
        match token {
            Some(token) if !token.is_empty() => query = format!("limit={limit}&continue={}", escaped(token)),
            _ => return bytes,
        }
    }
}

fn escaped(token: &str) -> String {
    token.replace('%', "%25").replace('+', "%2B").replace('=', "%3D").replace('/', "%2F")
}
