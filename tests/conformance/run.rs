//! A case, run on a server: its script with the answers of that server.

use std::time::{Duration, Instant};

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use kube::Client;
use kube::client::Body as Bytes;
use kube::config::AuthInfo;
use serde_json::{Value, json};

use crate::case::{Action, Amount, Body, Case, Request};
use crate::exchange::{Answer, Line, Stream, open, send};
use crate::normal::Names;
use crate::prune::holds;
use crate::record::Record;
use crate::support::Cluster;
use crate::support::cluster::config;
use crate::targets::Target;

/// For an event that must come, and for what `@until` waits for: a server remembers for 10 seconds whose a token is.
const SOON: Duration = Duration::from_secs(20);

/// For an event that must not come.
const A_MOMENT: Duration = Duration::from_millis(400);

/// The transcript.
pub(crate) async fn transcript(case: &Case, target: &Target) -> String {
    let cluster = &target.cluster;
    let objects = cluster.objects().await;
    let namespace = objects.namespace("case").await;
    let mut run = Run {
        cluster,
        client: objects.client().clone(),
        names: Names::new(&namespace),
        watch: None,
        record: Record::default(),
    };
    for step in &case.steps {
        run.record.script(step);
        match &step.action {
            None => {}
            Some(Action::Send(request)) => run.send(&run.filled(request)).await,
            Some(Action::Watch(request)) => run.open(&run.filled(request)).await,
            Some(Action::Compact) => match &target.compact {
                Some(compact) => compact().await,
                None => run.record.line("(this server cannot forget)"),
            },
            Some(Action::Events(amount)) => run.events(amount).await,
        }
    }
    run.record.finish()
}

struct Run<'a> {
    cluster: &'a Cluster,
    client: Client,
    names: Names,
    watch: Option<(Stream, Request)>,
    record: Record,
}

impl Run<'_> {
    /// What is looked at, in the words of this run. The path, the headers and the body are kept as they
    /// are written until they are sent.
    fn filled(&self, request: &Request) -> Request {
        let fill = |paths: &[String]| paths.iter().map(|path| self.names.fill(path)).collect();
        Request {
            only: fill(&request.only),
            without: fill(&request.without),
            until: request.until.as_deref().map(|text| self.names.fill(text)),
            ..request.clone()
        }
    }

    async fn send(&mut self, request: &Request) {
        let client = self.client_for(request).await;
        let start = Instant::now();
        loop {
            let answer = send(&client, self.built(request)).await;
            let enough = request
                .until
                .as_ref()
                .is_none_or(|text| answer.as_ref().is_ok_and(|answer| fits(answer, text)));
            if !enough && start.elapsed() < SOON {
                tokio::time::sleep(Duration::from_millis(30)).await;
                continue;
            }
            return match answer {
                Ok(answer) => self.record.answer(&answer, request, &mut self.names),
                Err(error) => self.record.line(&format!("(no answer: {error})")),
            };
        }
    }

    async fn open(&mut self, request: &Request) {
        self.watch = None;
        let client = self.client_for(request).await;
        match open(&client, self.built(request)).await {
            Err(error) => self.record.line(&format!("(no answer: {error})")),
            Ok((answer, stream)) if answer.status == 200 => {
                self.record.answer(&answer, request, &mut self.names);
                self.watch = stream.map(|stream| (stream, request.clone()));
            }
            Ok((answer, stream)) => {
                let text = match stream {
                    Some(stream) => stream.text().await,
                    None => String::new(),
                };
                self.record.answer(&Answer { text, ..answer }, request, &mut self.names);
            }
        }
    }

    async fn events(&mut self, amount: &Amount) {
        let Some((stream, request)) = &mut self.watch else {
            return self.record.line("(there is no watch)");
        };
        let (count, patience) = match amount {
            Amount::Some(count) => (*count, SOON),
            Amount::None => (usize::MAX, A_MOMENT),
            Amount::All => (usize::MAX, SOON),
        };
        let mut skips = *amount != Amount::All;
        let mut left = count;
        while left > 0 {
            match stream.line(patience).await {
                Line::Text(line) if skips && is_timed(&line) => {}
                Line::Text(line) => {
                    skips |= is_timed(&line);
                    self.record.event(&line, request, &mut self.names);
                    left -= 1;
                }
                Line::End => return self.record.line("(end)"),
                Line::Broken(error) => return self.record.line(&format!("(broken: {error})")),
                Line::Silence => return self.record.line("(silence)"),
            }
        }
    }

    /// A client of its own for credentials of its own.
    async fn client_for(&self, request: &Request) -> Client {
        let given = request.headers.iter().find(|(name, _)| name == "Authorization");
        let Some((_, value)) = given else { return self.client.clone() };
        let mut config = config(self.cluster.kubeconfig()).await;
        let mut auth = AuthInfo::default();
        if let Some(token) = self.names.fill(value).strip_prefix("Bearer ") {
            auth = serde_json::from_value(json!({"token": token})).unwrap();
        }
        config.auth_info = auth;
        Client::try_from(config).unwrap()
    }

    fn built(&self, request: &Request) -> http::Request<Bytes> {
        let (media, body) = match &request.body {
            Body::None => (None, Vec::new()),
            Body::Raw(text) => (Some("application/json"), self.names.fill(text).into_bytes()),
            Body::Object(body) => {
                let media = match (request.method.as_str(), body) {
                    ("PATCH", Value::Array(_)) => "application/json-patch+json",
                    ("PATCH", _) => "application/merge-patch+json",
                    _ => "application/json",
                };
                (Some(media), self.names.fill_in(body).to_string().into_bytes())
            }
        };
        let uri = encode(&self.names.fill(&request.path));
        let mut built = http::Request::builder().method(request.method.as_str()).uri(uri);
        let headers = built.headers_mut().unwrap();
        headers.insert(USER_AGENT, "test".parse().unwrap());
        // A streaming list is compressed in one piece for each flush, of which the client reads the first.
        headers.insert(ACCEPT_ENCODING, "identity".parse().unwrap());
        if let Some(media) = media {
            headers.insert(CONTENT_TYPE, media.parse().unwrap());
        }
        for (name, value) in request.headers.iter().filter(|(name, _)| name != "Authorization") {
            let name: http::HeaderName = name.parse().unwrap();
            headers.insert(name, self.names.fill(value).parse().unwrap());
        }
        built.body(Bytes::from(body)).unwrap()
    }
}

/// A bookmark, but not the one that ends a list: when such come, and how many, is a matter of timers.
fn is_timed(line: &str) -> bool {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    let ends_list = event.pointer("/object/metadata/annotations/k8s.io~1initial-events-end").is_some();
    event["type"] == "BOOKMARK" && !ends_list
}

/// `200`, `/path/of/a/part=text`, or any text that the answer contains.
fn fits(answer: &Answer, until: &str) -> bool {
    if let Ok(status) = until.parse::<u16>() {
        return answer.status == status;
    }
    match until.rsplit_once('=').filter(|_| until.starts_with('/')) {
        Some((path, text)) => answer.json().is_some_and(|body| holds(&body, path, text)),
        None => answer.text.contains(until),
    }
}

/// What may not stand in a URI; `%` may, for what a case encodes itself.
fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?&=%!,();@+*'$".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
