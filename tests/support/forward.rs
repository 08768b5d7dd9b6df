//! One request's way through the proxy: recorded, hit by a fault or passed on, answered.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use http::header;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use tokio::sync::watch;

use super::faults::{Answer, Fault, Seen};
use super::relay::{self, Broken, RelayBody, State};

pub type Matcher = Box<dyn Fn(&Seen) -> bool + Send>;

pub struct Rule {
    pub matches: Matcher,
    pub fault: Fault,
    pub left: usize,
}

/// What the proxy's thread and the test share.
pub struct Shared {
    pub state: watch::Sender<State>,
    pub seen: Mutex<Vec<Seen>>,
    pub rules: Mutex<Vec<Rule>>,
    pub open_watches: Arc<AtomicUsize>,
}

impl Shared {
    fn take_fault(&self, seen: &Seen) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && (rule.matches)(seen))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }

    fn record(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().unwrap();
        all.push(seen);
        all.len() - 1
    }

    fn answered(&self, number: usize, status: u16) {
        self.seen.lock().unwrap()[number].status = Some(status);
    }
}

/// An error closes the connection without an answer.
pub async fn serve(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    upstream: Client,
) -> Result<Response<RelayBody>, Broken> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| Broken(error.to_string()))?.to_bytes();
    let seen = Seen {
        at: Timestamp::now(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: body.clone(),
        status: None,
    };
    let is_watch = seen.is_watch();
    let fault = shared.take_fault(&seen);
    let number = shared.record(seen);
    match &fault {
        Some(Fault::Answer(answer)) => {
            shared.answered(number, answer.status);
            return Ok(injected(answer));
        }
        Some(Fault::Flood(flood)) => {
            shared.answered(number, 200);
            return Ok(flood.clone().response());
        }
        Some(Fault::Reset) => return Err(Broken("reset by the proxy".into())),
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::LoseAnswer) | None => {}
    }

    // Those of the hop, not of the request; the credentials are the upstream client's own.
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::AUTHORIZATION] {
        parts.headers.remove(name);
    }
    parts.headers.remove(header::TRANSFER_ENCODING);
    let answer = match upstream.send(Request::from_parts(parts, Body::from(body))).await {
        Ok(answer) => answer,
        // As a load balancer does whose server is away.
        Err(error) => {
            shared.answered(number, 502);
            return Ok(injected(&Answer::status(502).body(&error.to_string())));
        }
    };
    let (mut parts, body) = answer.into_parts();
    if matches!(fault, Some(Fault::LoseAnswer)) {
        body.collect().await.map_err(|error| Broken(error.to_string()))?;
        return Err(Broken("the answer is lost in the proxy".into()));
    }
    shared.answered(number, parts.status.as_u16());
    parts.headers.remove(header::CONNECTION);
    parts.headers.remove(header::TRANSFER_ENCODING);
    let body = if is_watch && parts.status.is_success() {
        relay::pass_watch(body, shared.state.subscribe(), Arc::clone(&shared.open_watches))
    } else {
        relay::pass(body)
    };
    Ok(Response::from_parts(parts, body))
}

fn injected(answer: &Answer) -> Response<RelayBody> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(relay::whole(answer.body.clone())).unwrap()
}
