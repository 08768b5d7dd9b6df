//! Connections that stop: before TLS has begun, in the middle of it, in the middle of an answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Daemon, cluster};

const RULES: &str = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: test }
rules:
  - { name: r, watch: configmaps, namespaces: [test-*], match: [ { age: { over: 1h } } ], actions: [ { log: {} } ] }
";

/// Does this to everyone who connects, for ever; the URL.
fn listens(scheme: &str, serve: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    format!("{scheme}://{address}")
}

fn hangs(stream: TcpStream) {
    thread::sleep(Duration::from_secs(300));
    drop(stream);
}

async fn is_told(url: String) {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let server = json!({"server": url, "insecure-skip-tls-verify": true});
    cluster::write_kubeconfig(&kubeconfig, &server, &json!({}));
    let mut daemon = Daemon::start(&kubeconfig, RULES, &[]);
    let host = url.split("//").nth(1).unwrap();
    daemon.wait_for_line(host, Duration::from_secs(60)).await;
    let lines = daemon.lines();
    assert!(!lines.iter().any(|line| line.contains("panicked")) && lines.len() < 20, "{lines:#?}");
    daemon.terminate();
}

#[tokio::test]
async fn a_server_that_never_shakes_hands() {
    is_told(listens("https", hangs)).await;
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_of_shaking_hands() {
    is_told(listens("https", |mut stream| {
        // The head of a ServerHello of 16 KiB, and a byte of it now and then.
        stream.write_all(&[22, 3, 3, 0x3f, 0xff, 2, 0]).unwrap();
        while stream.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(500));
        }
    }))
    .await;
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    is_told(listens("https", |mut stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")))).await;
}

#[tokio::test]
async fn a_server_whose_headers_never_end() {
    is_told(listens("http", |mut stream| {
        let mut start = [0; 16];
        stream.read_exact(&mut start).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
        while stream.write_all(b"x-a: bbbbbbbbbbbbbbbb\r\n").is_ok() {}
    }))
    .await;
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_of_an_answer() {
    is_told(listens("http", |mut stream| {
        let mut start = [0; 16];
        stream.read_exact(&mut start).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"major\"").unwrap();
        hangs(stream);
    }))
    .await;
}
