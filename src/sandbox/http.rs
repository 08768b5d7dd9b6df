//! The wire: connections, requests in, answers and streams out, each with its record.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Collected, Full, Limited, StreamBody};
use hyper::body::{Body as HttpBody, Frame};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Body};
use super::dispatch::{Asked, dispatch};
use super::failure::Failure;
use super::server::Server;

/// As kube-apiserver's limit.
const LARGEST_BODY: usize = 3 << 20;

/// What an answer is sent as.
pub type Sent = UnsyncBoxBody<Bytes, Infallible>;

/// Answers until it is told to stop, or the listener breaks.
pub async fn serve(server: Arc<Server>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return server.cut_connections(),
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, most likely: others close theirs.
                tracing::warn!(%error, "a connection was not accepted");
                server.clock.sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        // An event is a small write that somebody waits for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its small writes back");
        }
        let cut = server.connections();
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(respond(&server, request).await) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                },
                () = cut.cancelled() => {}
            }
        });
    }
}

/// The answer to one request, however it came: for whoever speaks to the server without a connection.
pub async fn respond<B>(server: &Arc<Server>, request: Request<B>) -> Response<Sent>
where
    B: HttpBody,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let received = server.now();
    let (head, body) = request.into_parts();
    let asked = Asked::new(head.method, &head.uri, head.headers, received);
    let body = Limited::new(body, LARGEST_BODY).collect().await.map(Collected::to_bytes);
    let body = body.map_err(|_| {
        let message = format!("Request entity too large: limit is {LARGEST_BODY}");
        Failure::new(413, "RequestEntityTooLarge", message)
    });
    on_the_wire(server, dispatch(server, asked, body))
}

fn on_the_wire(server: &Server, answer: Answer) -> Response<Sent> {
    let Answer { status, headers, body } = answer;
    let (content_type, body) = match body {
        Body::Json(value) => ("application/json", whole(format!("{value}\n"))),
        Body::Bytes(bytes) => ("application/json", whole(bytes)),
        Body::Text(content_type, text) => (content_type, whole(text)),
        Body::Watch(watch) => {
            let events = stream::unfold(watch, |mut watch| async move {
                let bytes = watch.next().await?;
                Some((Ok::<_, Infallible>(Frame::data(bytes)), watch))
            });
            ("application/json", StreamBody::new(events).boxed_unsync())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let date = server.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let all = response.headers_mut();
    if status != 304 {
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    all.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    all.extend(HeaderValue::from_str(&date).ok().map(|date| (header::DATE, date)));
    for (name, value) in headers {
        if name == header::WARNING {
            all.append(name, value)
        } else {
            all.insert(name, value).is_some()
        };
    }
    response
}

fn whole(body: impl Into<Bytes>) -> Sent {
    Full::new(body.into()).boxed_unsync()
}
