//! Which part of the server answers a request.

use super::body::{self, Body};
use super::engine::Handle;
use super::{exec, forward, log, proxy, sim, watch};
use crate::api::status::{self, ApiError};
use crate::api::{Key, Kind};
use crate::apiserver::http::{self, Answer, Connect, HttpResponse};
use crate::apiserver::{Subresource, Target};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use std::time::Duration;
use tokio::time::timeout;

/// The longest body of a request (`MaxRequestBodyBytes`).
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;
/// How long a client may take to write it.
const BODY_MAX: Duration = Duration::from_secs(60);

/// A request with its body read.
pub(super) struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Where the client would speak another protocol.
    pub upgrade: Option<OnUpgrade>,
}

impl Asked {
    /// A header by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    fn target(&self) -> String {
        match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }
}

/// Nobody listens: the API server's process, or its machine, is down.
#[derive(Debug)]
pub(super) struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the API server is down")
    }
}

impl std::error::Error for Refused {}

/// Answers a request. The error closes the connection.
pub(super) async fn answer(
    engine: Handle,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refused> {
    let is_head = request.method() == hyper::Method::HEAD;
    let asked = match read(request).await {
        Ok(asked) => asked,
        Err(error) => return Ok(failure(error)),
    };
    let answer = match asked.path.strip_prefix("/sim/") {
        Some(rest) => {
            let rest = rest.to_owned();
            sim::answer(&engine, &rest, asked).await
        }
        None => api(&engine, asked).await?,
    };
    Ok(match is_head {
        true => answer.map(|_| body::whole("")),
        false => answer,
    })
}

async fn read(request: Request<Incoming>) -> Result<Asked, ApiError> {
    let mut request = request;
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, incoming) = request.into_parts();
    let reading = timeout(BODY_MAX, Limited::new(incoming, BODY_BYTES_MAX).collect());
    let body = match reading.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("Request entity too large: limit is {BODY_BYTES_MAX}");
            let mut status = status::bad_request(message);
            status.code = Some(413);
            status.reason = Some("RequestEntityTooLarge".to_owned());
            return Err(status);
        }
        _ => return Err(status::bad_request("the body of the request did not come")),
    };
    let method = match head.method {
        hyper::Method::HEAD => hyper::Method::GET,
        other => other,
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Asked {
        method: method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body,
        upgrade: Some(upgrade),
    })
}

/// What the engine says to a request at once.
enum Said {
    Answer(Response<Body>),
    /// Somebody behind it answers.
    Connect(Box<Connect>),
    Nothing,
}

async fn api(engine: &Handle, asked: Asked) -> Result<Response<Body>, Refused> {
    let target = asked.target();
    let (method, headers, body) = (
        asked.method.clone(),
        asked.headers.clone(),
        asked.body.clone(),
    );
    let said = engine.ask(move |engine| {
        if !engine.cluster.api().is_serving() {
            return Said::Nothing;
        }
        let answer = engine.cluster.http(&method, &target, &headers, &body);
        Said::Answer(match answer {
            Answer::Whole(answer) => response(answer),
            Answer::Stream(stream) => streaming(watch::begin(engine, stream)),
            Answer::Connect(Connect::Log { container, options }) => {
                log::answer(engine, container, &options)
            }
            Answer::Connect(Connect::Proxy { to, path }) => proxy::answer(engine, &to, path),
            Answer::Connect(other) => return Said::Connect(Box::new(other)),
        })
    });
    Ok(match said.await {
        Ok(Said::Answer(answer)) => answer,
        Ok(Said::Connect(connect)) => self::connect(engine, asked, *connect).await,
        Ok(Said::Nothing) => return Err(Refused),
        Err(_) => gone(),
    })
}

async fn connect(engine: &Handle, asked: Asked, connect: Connect) -> Response<Body> {
    match connect {
        Connect::Exec {
            container,
            command,
            streams,
        } => exec::run(engine, asked, container, command, streams).await,
        Connect::Attach { container, streams } => {
            exec::attach(engine, asked, container, streams).await
        }
        Connect::PortForward { container, ports } => {
            forward::answer(engine, asked, container, ports).await
        }
        Connect::MovedTo(path) => proxy::moved(&path),
        Connect::Log { .. } | Connect::Proxy { .. } | Connect::Nothing => {
            failure(status::no_such_path())
        }
    }
}

/// The head of a stream of JSON lines.
fn streaming(body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(
        hyper::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}

/// The engine has ended, and with it the server will.
pub(super) fn gone() -> Response<Body> {
    let mut error = status::internal("the cluster has ended");
    error.code = Some(503);
    failure(error)
}

/// An error as the API server writes it.
pub(super) fn failure(error: ApiError) -> Response<Body> {
    let target = Target {
        kind: Kind::Pod,
        key: Key::new("", ""),
        subresource: Subresource::None,
    };
    response(http::render(&target, Err(error)))
}

/// An answer of the door for the wire.
pub(super) fn response(answer: HttpResponse) -> Response<Body> {
    let mut response = Response::new(body::whole(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        // What no header can hold (a line break in a warning) is left out.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers.insert(
        hyper::header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    response
}
