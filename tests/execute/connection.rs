//! The client as the daemon makes it: which cluster, and that it repeats nothing by itself. A real
//! socket stands behind it, since the library's retries sit below every service that a test hands in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use k8s_healer::cluster::client::{ConnectOptions, Connection, connect};
use k8s_healer::cluster::execute::{Outcome, execute};
use serde_json::json;
use tempfile::TempDir;

use crate::wire::{pods, transport};
use crate::writes::{DELETE, label, strip, web};

/// Answers every request with these bytes (none: hangs up), and notes the heads.
fn server(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heads);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let head: String = reader
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .map(|line| line + "\n")
                .collect();
            if head.is_empty() {
                continue;
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut body).unwrap();
            noted.lock().unwrap().push(head);
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, heads)
}

fn kubeconfig(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("kubeconfig");
    fs::write(&file, text).unwrap();
    file
}

fn contexts(port: u16, current: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": current,
        "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}/")}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "test-b"}},
        ],
    })
    .to_string()
}

async fn to(file: PathBuf, context: Option<&str>) -> Result<Connection, String> {
    let options = ConnectOptions { kubeconfig: Some(file), context: context.map(str::to_owned) };
    connect(options).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_write_is_sent_once_whatever_the_server_answers() {
    let answers = [
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{",
        "",
    ];
    for answer in answers {
        for effect in [DELETE, strip(&["a/b"], &["a/b"]), label("a", "b")] {
            let folder = TempDir::new().unwrap();
            let (port, heads) = server(answer);
            let connection = to(kubeconfig(folder.path(), &contexts(port, "one")), None).await.unwrap();
            let outcome = execute(&transport(connection.client), &pods(), &web(), &effect, false).await;
            assert!(matches!(outcome, Outcome::Refused { .. } | Outcome::Unknown { .. }), "{outcome:?}");
            // The library's first retry would come within this time.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let heads = heads.lock().unwrap();
            assert_eq!(heads.len(), 1, "{answer}");
            let agent = format!("user-agent: k8s-healer/{}", env!("CARGO_PKG_VERSION"));
            assert!(heads[0].lines().any(|line| line.eq_ignore_ascii_case(&agent)), "{}", heads[0]);
        }
    }
}

#[tokio::test]
async fn the_context_says_server_and_namespace() {
    let folder = TempDir::new().unwrap();
    let file = kubeconfig(folder.path(), &contexts(6443, "one"));
    let connection = to(file.clone(), None).await.unwrap();
    let found = (
        connection.server_url.as_str(),
        connection.context.as_deref(),
        connection.default_namespace.as_str(),
    );
    assert_eq!(found, ("http://127.0.0.1:6443", Some("one"), "default"));
    let connection = to(file, Some("two")).await.unwrap();
    assert_eq!((connection.context.as_deref(), &*connection.default_namespace), (Some("two"), "test-b"));
}

#[tokio::test]
async fn a_kubeconfig_that_does_not_fit_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing");
    let error = to(missing.clone(), None).await.err().unwrap();
    assert_eq!(
        error,
        format!("there is no kubeconfig {}: check --kubeconfig or KUBECONFIG", missing.display())
    );
    for (text, context, expected) in [
        (contexts(1, ""), None, "the kubeconfig has no current context: write --context, one of one, two"),
        (contexts(1, "one"), Some("six"), "there is no context \"six\" in the kubeconfig, one of one, two"),
        (contexts(1, "gone"), None, "there is no context \"gone\" in the kubeconfig, one of one, two"),
        ("{}".to_owned(), None, "the kubeconfig has no current context: write --context"),
    ] {
        assert_eq!(to(kubeconfig(folder.path(), &text), context).await.err().unwrap(), expected);
    }
    let broken = to(kubeconfig(folder.path(), "clusters: ["), None).await.err().unwrap();
    assert!(broken.starts_with("the kubeconfig cannot be used: "), "{broken}");
}

/// What is printed goes to logs that many can read.
#[tokio::test]
async fn a_broken_kubeconfig_does_not_give_away_what_stands_in_it() {
    let folder = TempDir::new().unwrap();
    for text in [
        "users: [{name: a, user: {token: S3CRET}}\nfoo: 1\n",
        "users:\n- name: a\n  user: S3CRET\n",
        "users:\n- name: a\n  user: { token: [S3CRET] }\n",
        "users:\n- name: a\n  user: { token: S3CRET, exec: { interactiveMode: S3CRET } }\n",
        "users: { S3CRET: S3CRET, S3CRET: S3CRET }\n",
        "users:\n- name: a\n  user:\n    token: S3CRET\n   password: S3CRET\n",
        "apiVersion: v1\nusers:\n- name: a\n  user: { token: *S3CRET }\n",
    ] {
        let error = to(kubeconfig(folder.path(), text), None).await.err().unwrap();
        assert!(!error.contains("S3CRET") && error.contains("line "), "{error}");
    }
}

#[tokio::test]
async fn the_token_of_an_exec_plugin_is_sent() {
    let folder = TempDir::new().unwrap();
    let (port, heads) = server("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "from-the-plugin"},
    });
    let plugin = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [credential.to_string()],
        "interactiveMode": "Never",
    }});
    let text = contexts(port, "one").replace("{\"token\":\"t\"}", &plugin.to_string());
    let connection = to(kubeconfig(folder.path(), &text), None).await.unwrap();
    execute(&transport(connection.client), &pods(), &web(), &DELETE, false).await;
    let heads = heads.lock().unwrap();
    assert!(heads[0].to_lowercase().contains("authorization: bearer from-the-plugin"), "{}", heads[0]);
}
