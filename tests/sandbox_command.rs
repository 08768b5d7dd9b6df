//! `sandbox` as a process: what it prints and writes, how it ends, and what those cannot do to it who send
//! it anything at all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use support::process::{Leash, kill_group, pid_of};
use support::{Objects, cluster};
use tempfile::TempDir;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// It says that it ends "within a second".
const PROMPT: Duration = Duration::from_secs(1);

struct Sandbox {
    child: Child,
    folder: TempDir,
    _leash: Leash,
}

impl Sandbox {
    /// With a kubeconfig in its folder.
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.current_dir(folder.path()).args(["sandbox", "--write-kubeconfig", "kubeconfig"]).args(flags);
        command.stdout(Stdio::piped()).stderr(fs::File::create(folder.path().join("log")).unwrap());
        command.process_group(0);
        let child = command.spawn().unwrap();
        let leash = Leash::on_group(child.id());
        let sandbox = Self { child, folder, _leash: leash };
        let start = Instant::now();
        while !sandbox.said().contains("Ctrl-C ends it") {
            assert!(start.elapsed() < PATIENCE, "it says {:?}", sandbox.said());
            std::thread::sleep(Duration::from_millis(5));
        }
        sandbox
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    async fn objects(&self) -> Objects {
        Objects::new(cluster::client(&self.folder.path().join("kubeconfig")).await)
    }

    fn address(&self) -> String {
        let text = self.text("kubeconfig");
        let rest = text.split_once("http://").unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Whatever comes back until the server closes.
    fn sends(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may have heard enough, and closed.
        let _sent = stream.write_all(bytes);
        Self::comes_back(stream)
    }

    /// As it sends, and says that no more comes.
    fn sends_no_more_than(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        let _sent = stream.write_all(bytes);
        let _shut = stream.shutdown(Shutdown::Write);
        Self::comes_back(stream)
    }

    fn comes_back(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        let _read = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn posts(&self, path: &str, body: &[u8]) -> String {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.sends(&[head.as_bytes(), body].concat())
    }

    #[track_caller]
    fn answers(&self) {
        let start = Instant::now();
        let answer = self.sends(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:?}");
        assert!(start.elapsed() < PROMPT, "{:?}", start.elapsed());
    }

    /// Ends it: exit code, and how long that took.
    fn end(&mut self, signal: Signal) -> (Option<i32>, Duration) {
        let start = Instant::now();
        kill_process(pid_of(self.child.id()).unwrap(), signal).unwrap();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        kill_group(self.child.id());
        self.child.wait().ok();
    }
}

#[test]
fn its_kubeconfig_goes_to_standard_output_and_what_it_says_to_standard_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.arg("sandbox").stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let _leash = Leash::on_group(child.id());
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = notes.next().unwrap().unwrap();
    assert!(first.ends_with("; above is its kubeconfig"), "{first}");
    assert_eq!(notes.next().unwrap().unwrap(), "Ctrl-C ends it, and all that is in it");
    kill_process(pid_of(child.id()).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut kubeconfig = String::new();
    child.stdout.take().unwrap().read_to_string(&mut kubeconfig).unwrap();
    let kubeconfig: Value =
        serde_json::to_value(kube::config::Kubeconfig::from_yaml(&kubeconfig).unwrap()).unwrap();
    assert!(
        kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap().starts_with("http://127.0.0.1:")
    );
    assert_eq!(notes.next().map(Result::unwrap), None, "it says no more");
}

#[tokio::test]
async fn it_ends_at_once_whichever_signal_comes_and_whoever_still_watches() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut sandbox = Sandbox::start(&[]);
        let mut watcher = sandbox.connect();
        watcher.write_all(b"GET /api/v1/pods?watch=true HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut start = [0; 15];
        watcher.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        let (code, took) = sandbox.end(signal);
        assert_eq!(code, Some(0));
        assert!(took < PROMPT, "{took:?}");
    }
}

#[test]
fn a_port_that_is_taken_a_file_that_cannot_be_written_and_a_wrong_number_are_told() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flags, told) in [
        (vec!["--port", &port], format!("127.0.0.1:{port}")),
        (vec!["--write-kubeconfig", "/nowhere/kubeconfig"], "/nowhere/kubeconfig: ".to_owned()),
        (vec!["--audit", "/nowhere/audit"], "/nowhere/audit: ".to_owned()),
        (vec!["--port", "65536"], "'--port <PORT>'".to_owned()),
        (vec!["--pods", "many"], "'--pods <PODS>'".to_owned()),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        let output = command.arg("sandbox").args(&flags).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains(&told), "{flags:?}: {said}");
        assert_eq!(output.stdout, b"", "{flags:?}");
    }
}

#[tokio::test]
async fn pods_are_made_as_asked_and_the_same_seed_gives_the_same_uids() {
    let flags = [
        "--seed",
        "7",
        "--pods",
        "120",
        "--pod-namespaces",
        "3",
        "--pod-size",
        "5000",
        "--crashing-every",
        "40",
    ];
    let (first, again) = (Sandbox::start(&flags), Sandbox::start(&flags));
    let pods = first.objects().await.list("pods", "").await;
    assert_eq!(pods.len(), 120);
    let crashing = pods.iter().filter(|pod| pod.to_string().contains("CrashLoopBackOff")).count();
    assert_eq!(crashing, 3);
    let in_one = pods.iter().filter(|pod| pod["metadata"]["namespace"] == "test-2").count();
    assert_eq!(in_one, 40);
    for pod in &pods {
        assert!((4500..=5500).contains(&pod.to_string().len()), "{} bytes", pod.to_string().len());
    }
    let uids = |pods: &[Value]| pods.iter().map(|pod| pod["metadata"]["uid"].clone()).collect::<Vec<_>>();
    assert_eq!(uids(&pods), uids(&again.objects().await.list("pods", "").await));
    let mut other = Vec::new();
    for sandbox in [&first, &again] {
        let made = json!({"metadata": {"generateName": "map-", "namespace": "default"}});
        let made = sandbox.objects().await.create("configmaps", "default", &made).await;
        other.push((made["metadata"]["uid"].clone(), made["metadata"]["name"].clone()));
    }
    assert_eq!(other[0], other[1]);
}

#[tokio::test]
async fn its_audit_file_has_a_line_for_every_request() {
    let sandbox = Sandbox::start(&["--audit", "audit.jsonl", "--bare", "--nodes", "0"]);
    let map = json!({"metadata": {"name": "map", "namespace": "default"}, "data": {"a": "b"}});
    sandbox.objects().await.create("configmaps", "default", &map).await;
    let events: Vec<Value> =
        sandbox.text("audit.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let created = events.iter().find(|event| event["verb"] == "create").unwrap();
    assert_eq!(created["objectRef"]["name"], "map");
    assert_eq!(created["responseStatus"]["code"], 201);
    assert_eq!(created["requestObject"]["data"]["a"], "b");
    let kinds = sandbox.sends(b"GET /apis HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(!kinds.contains("kubevirt.io"), "--bare");
}

#[test]
fn whatever_is_sent_to_it_the_others_are_answered() {
    let sandbox = Sandbox::start(&[]);
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], b"GET", b"\0\0\0\r\n\r\n", &vec![b'x'; 1 << 20]]
    {
        let answer = sandbox.sends_no_more_than(bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:?}");
        sandbox.answers();
    }
    let maps = "/api/v1/namespaces/default/configmaps";
    let head = |answer: &str| answer.lines().next().unwrap_or_default().to_owned();
    let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    for (what, body, status) in [
        ("four MiB", vec![b' '; 4 << 20], "413"),
        ("deep", deep(200_000), "400"),
        ("cut", br#"{"metadata": {"name": "m"#.to_vec(), "400"),
        ("no text", vec![0xff; 100], "400"),
        ("no object", b"[]".to_vec(), "400"),
        ("nothing", Vec::new(), "400"),
    ] {
        let answer = sandbox.posts(maps, &body);
        assert!(head(&answer).starts_with(&format!("HTTP/1.1 {status}")), "{what}: {}", head(&answer));
        assert!(answer.contains(r#""kind":"Status""#), "{what}: {answer}");
        sandbox.answers();
    }
    // Nobody has to wait for somebody who is slow, stays away, or stops in the middle.
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = sandbox.connect();
            stream
                .write_all(b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                .unwrap();
            stream
        })
        .collect();
    sandbox.answers();
    drop(slow);
    for _ in 0..50 {
        let mut watcher = sandbox.connect();
        watcher.write_all(b"GET /api/v1/pods?watch=true HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    }
    sandbox.answers();
    let encoded = |path: &str| {
        sandbox.sends(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    };
    for path in [
        "/api/v1/namespaces/..%2f..%2f/pods",
        "/%ff",
        "/api/v1/pods?limit=-1",
        "/api/v1/pods?continue=%00",
        "/api/v1/pods?labelSelector=((",
        "//",
        "/api/v1/pods?watch=true&labelSelector=((",
    ] {
        let answer = encoded(path);
        assert!(
            head(&answer).starts_with("HTTP/1.1 4") || head(&answer).starts_with("HTTP/1.1 200"),
            "{path}: {}",
            head(&answer)
        );
        sandbox.answers();
    }
    let log = sandbox.said();
    assert!(!log.contains("panicked"), "{log}");
}
