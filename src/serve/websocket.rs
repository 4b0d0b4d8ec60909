//! The handshake of a WebSocket, and the channels that Kubernetes puts into it:
//! the first byte of a message says which stream the rest belongs to.

use super::body::{self, Body};
use super::route::{self, Asked};
use crate::api::status;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// The longest message that is read.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request to become a WebSocket.
pub(super) struct Handshake {
    upgrade: OnUpgrade,
    accept: String,
    /// The protocol that both speak.
    pub protocol: &'static str,
}

/// Reads the request; the error is the answer. The server's protocols come in the
/// order of its liking.
pub(super) fn handshake(
    asked: &mut Asked,
    protocols: &[&'static str],
) -> Result<Handshake, Box<Response<Body>>> {
    let refuse = |code: StatusCode, why: String| {
        let mut answer = Response::new(body::whole(why));
        *answer.status_mut() = code;
        Box::new(answer)
    };
    let is_websocket = asked
        .header("upgrade")
        .is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    if !is_websocket {
        let error = status::bad_request("Upgrade request required");
        return Err(Box::new(route::failure(error)));
    }
    let offered = asked.header("sec-websocket-protocol").unwrap_or_default();
    let offered: Vec<&str> = offered.split(',').map(str::trim).collect();
    let Some(protocol) = protocols.iter().find(|it| offered.contains(*it)) else {
        let why = format!(
            "unable to upgrade: unable to negotiate protocol: client supports {offered:?}, server accepts {protocols:?}"
        );
        return Err(refuse(StatusCode::FORBIDDEN, why));
    };
    let key = asked.header("sec-websocket-key").map(str::to_owned);
    match (key, asked.upgrade.take()) {
        (Some(key), Some(upgrade)) => Ok(Handshake {
            upgrade,
            accept: derive_accept_key(key.as_bytes()),
            protocol,
        }),
        _ => Err(refuse(
            StatusCode::BAD_REQUEST,
            "the request cannot be upgraded".to_owned(),
        )),
    }
}

impl Handshake {
    /// Answers the request; `serve` gets the socket once the client has heard.
    pub(super) fn accept<S, F>(self, serve: S) -> Response<Body>
    where
        S: FnOnce(Socket) -> F + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            // The client may have hung up.
            let Ok(upgraded) = upgrade.await else { return };
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_BYTES_MAX))
                .max_frame_size(Some(MESSAGE_BYTES_MAX));
            let stream = TokioIo::new(upgraded);
            serve(Socket::from_raw_socket(stream, Role::Server, Some(config)).await).await;
        });
        let mut answer = Response::new(body::whole(""));
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let protocol = HeaderValue::from_static(self.protocol);
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        answer
    }
}

/// A message of a channel.
pub(super) fn message(channel: u8, text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.push(channel);
    bytes.extend_from_slice(text);
    bytes
}
