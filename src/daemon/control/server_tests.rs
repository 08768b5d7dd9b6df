use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

use super::super::client::{AskError, ask};
use super::super::protocol::Paused;
use super::*;

/// A socket behind which somebody answers `resume` with "not paused", `pause` never, and `status` by an error.
struct Served {
    folder: TempDir,
    _held: PidFile,
    serving: Vec<AbortOnDropHandle<()>>,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let held = PidFile::acquire(&folder.path().join("a.pid")).unwrap();
        let socket = ControlSocket::open(&folder.path().join("a.sock"), &held).unwrap();
        let (sender, mut calls) = mpsc::channel::<Call>(4);
        let serving = tokio::spawn(async move { socket.serve(sender).await.unwrap() });
        let answering = tokio::spawn(async move {
            let mut unanswered = Vec::new();
            while let Some(call) = calls.recv().await {
                match call.request {
                    Request::Resume { .. } => drop(call.reply.send(Response::Pause { paused: None })),
                    Request::Pause { .. } => unanswered.push(call.reply),
                    _ => drop(call.reply.send(Response::Error { message: "no".into() })),
                }
            }
        });
        Self { folder, _held: held, serving: [serving, answering].map(AbortOnDropHandle::new).into() }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("a.sock")
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// What comes back for these bytes, off the runtime.
    async fn hears(&self, bytes: Vec<u8>) -> Value {
        let mut stream = self.connect();
        let heard = tokio::task::spawn_blocking(move || {
            stream.write_all(&bytes).ok();
            stream.shutdown(Shutdown::Write).ok();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).ok();
            heard
        });
        let heard = heard.await.unwrap();
        serde_json::from_str(&heard).unwrap_or_else(|error| panic!("{heard:?}: {error}"))
    }

    async fn asked(&self, request: Request, patience: Duration) -> Result<Response, AskError> {
        let socket = self.socket();
        tokio::task::spawn_blocking(move || ask(&socket, request, patience)).await.unwrap()
    }

    async fn answers(&self) {
        let answer = self.asked(Request::Resume { rule: None }, Duration::from_secs(20)).await.unwrap();
        assert_eq!(answer, Response::Pause { paused: None });
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_by_what_is_wrong_with_it() {
    let served = Served::start();
    let long = json!({"version": 1, "command": "pause", "reason": "x".repeat(LONGEST_REQUEST)}).to_string();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\n".to_vec(), "not understood"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "not understood"),
        (b"{\"version\":1,\"command\":\"sta".to_vec(), "not understood"),
        (b"{\"version\":1}\n".to_vec(), "command"),
        (b"{\"command\":\"status\"}\n".to_vec(), "version"),
        (b"{\"version\":-1,\"command\":\"status\"}\n".to_vec(), "not understood"),
        (b"{\"version\":1,\"command\":\"fly\"}\n".to_vec(), "fly"),
        (b"[[[[[[[[\n".to_vec(), "not understood"),
        (b"[".repeat(50_000), "not understood"),
        ((0..=255u8).cycle().take(60_000).collect(), "not understood"),
        (b"\0\0\0\0".to_vec(), "not understood"),
        (long.into_bytes(), "longer than 65536 bytes"),
        (vec![b'x'; 5_000_000], "longer than 65536 bytes"),
        (b"{\"version\":7,\"command\":\"dance\"}\n".to_vec(), "version 7"),
        (b"{\"version\":7,\"command\":\"dance\"}\n".to_vec(), "speaks version 1"),
    ];
    for (bytes, expected) in cases {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let heard = served.hears(bytes).await;
        assert_eq!(heard["answer"], "error", "{shown}: {heard}");
        let message = heard["message"].as_str().unwrap();
        assert!(message.contains(expected) && message.len() < 600, "{shown}: {message}");
    }
    served.answers().await;
}

#[tokio::test]
async fn a_whole_request_is_understood_without_the_end_of_its_line_and_with_keys_of_the_future() {
    let served = Served::start();
    for line in [
        "{\"version\":1,\"command\":\"resume\"}",
        "{\"command\":\"resume\",\"version\":1,\"colour\":\"green\"}\n",
        " { \"version\": 1, \"command\": \"resume\" }\r\nand more\n",
    ] {
        assert_eq!(served.hears(line.into()).await, json!({"answer": "pause", "paused": null}), "{line}");
    }
}

#[tokio::test]
async fn those_who_hang_are_counted_those_beyond_are_turned_away_and_all_of_it_passes() {
    let served = Served::start();
    let mut hanging: Vec<UnixStream> = (0..CONNECTIONS).map(|_| served.connect()).collect();
    hanging[0].write_all(b"{\"version\":").unwrap();
    // The sixteen may not have been taken yet: until they are, others are answered.
    loop {
        let heard = served.hears(b"{\"version\":1,\"command\":\"resume\"}\n".to_vec()).await;
        if heard["answer"] == "error" {
            assert!(heard["message"].as_str().unwrap().contains("16 others"), "{heard}");
            break;
        }
    }
    let told = tokio::task::spawn_blocking(move || {
        let texts = hanging.iter_mut().map(|stream| {
            let mut text = String::new();
            stream.read_to_string(&mut text).map(|_| text).unwrap()
        });
        texts.collect::<Vec<_>>()
    });
    for text in told.await.unwrap() {
        assert!(text.contains("no line came within 5 s"), "{text:?}");
    }
    served.answers().await;
}

#[tokio::test]
async fn a_flood_of_connections_harms_nothing() {
    let served = Served::start();
    let socket = served.socket();
    let flood = move || {
        for number in 0..300 {
            let Ok(mut stream) = UnixStream::connect(&socket) else { continue };
            if number % 3 == 0 {
                stream.write_all(b"\xff\xfe{\n").ok();
            }
        }
    };
    let floods: Vec<_> = (0..3).map(|_| thread::spawn(flood.clone())).collect();
    tokio::task::spawn_blocking(|| floods.into_iter().for_each(|flood| flood.join().unwrap())).await.unwrap();
    // Those that came last may still be answered.
    let answered = async {
        while served.hears(b"{\"version\":1,\"command\":\"resume\"}\n".to_vec()).await["answer"] == "error" {}
    };
    timeout(Duration::from_secs(20), answered).await.unwrap();
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_replaces_a_stale_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let held = PidFile::acquire(&folder.path().join("a.pid")).unwrap();
    let path = folder.path().join("a.sock");
    let socket = ControlSocket::open(&path, &held).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(socket);
    assert!(!path.exists(), "it went with the daemon");

    // As after `kill -9`.
    drop(Blocking::bind(&path).unwrap());
    assert!(path.exists());
    ControlSocket::open(&path, &held).unwrap();

    fs::write(&path, "precious").unwrap();
    assert!(matches!(ControlSocket::open(&path, &held), Err(SocketError::Replace { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

    let long = folder.path().join("x".repeat(120));
    let error = ControlSocket::open(&long, &held).unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn who_asks_is_told_what_is_the_matter() {
    let second = Duration::from_secs(1);
    let served = Served::start();
    let refused = served.asked(Request::Status, 20 * second).await.unwrap();
    assert_eq!(refused, Response::Error { message: "no".into() });
    let silent = served.asked(Request::Pause { reason: None }, second).await.unwrap_err();
    assert!(matches!(silent, AskError::Wait { .. }) && !silent.is_absence(), "{silent}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let says = |text: &'static [u8]| {
        fs::remove_file(&path).ok();
        let listener = Blocking::bind(&path).unwrap();
        let speaker = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(text).unwrap();
        });
        let heard = ask(&path, Request::Status, 20 * second);
        speaker.join().unwrap();
        heard.unwrap_err()
    };
    assert!(matches!(says(b""), AskError::Listen { .. }));
    assert!(matches!(says(b"{\"answer\":"), AskError::Listen { .. }));
    assert!(matches!(says(b"hello\n"), AskError::Understand { .. }));
    // Nobody listens any more, and then there is not even a file.
    for _ in 0..2 {
        assert!(ask(&path, Request::Status, 20 * second).unwrap_err().is_absence());
        fs::remove_file(&path).ok();
    }
}

#[tokio::test]
async fn when_the_daemon_ends_whoever_waits_hears_of_it() {
    let mut served = Served::start();
    // Who answers.
    drop(served.serving.pop());
    let ending = served.asked(Request::Resume { rule: None }, Duration::from_secs(20)).await.unwrap();
    assert!(matches!(&ending, Response::Error { message } if message.contains("ending")), "{ending:?}");
    // Who listens.
    served.serving.clear();
    let gone = async || {
        served
            .asked(Request::Resume { rule: None }, Duration::from_secs(20))
            .await
            .is_err_and(|e| e.is_absence())
    };
    while !gone().await {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_daemons_own_user_and_root_are_trusted_and_nobody_else() {
    let own = geteuid().as_raw();
    assert!(is_trusted(own) && is_trusted(0));
    assert!(!is_trusted(own + 1) && !is_trusted(65534));
    assert!(not_for("65534").contains("65534"));
}

#[test]
fn what_others_cause_is_said_ever_more_seldom() {
    let mut seldom = Seldom::default();
    let said: Vec<u64> = (0..1000).filter_map(|_| seldom.again()).collect();
    assert_eq!(said, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
}

#[test]
fn an_answer_is_one_line_whatever_it_holds() {
    let response = Response::Pause {
        paused: Some(Paused { since: jiff::Timestamp::UNIX_EPOCH, reason: Some("a\nb\u{1b}".into()) }),
    };
    let line = line_of(&response);
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
    assert_eq!(serde_json::from_slice::<Response>(&line).unwrap(), response);
}
