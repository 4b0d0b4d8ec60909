//! `kubectl exec` and `kubectl attach` over WebSockets
//! (`v4.channel.k8s.io`, `v5.channel.k8s.io`).

use super::body::{self, Body, Inbox, Outbox};
use super::engine::{Engine, Handle};
use super::follow::{Follow, Next};
use super::log::{self, Live};
use super::route::{self, Asked};
use super::websocket::{self, Socket, message};
use crate::api::Name;
use crate::api::status::{self, ApiError};
use crate::apiserver::http::{ContainerAt, Streams};
use crate::cluster::Cluster;
use crate::kubelet::{ExecError, ExecRequest};
use futures_util::{SinkExt, StreamExt};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// Channels (`k8s.io/apimachinery/pkg/util/remotecommand`).
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
/// Version 5: the second byte names the channel that is closed.
const CLOSE: u8 = 255;

/// Answers a request to run a command.
pub(super) async fn run(
    engine: &Handle,
    mut asked: Asked,
    at: ContainerAt,
    command: Vec<String>,
    streams: Streams,
) -> Response<Body> {
    if !(streams.stdin || streams.stdout || streams.stderr) {
        let why = "you must specify at least 1 of stdin, stdout, stderr";
        return route::failure(status::bad_request(why));
    }
    let request = ExecRequest {
        command,
        stdin: streams.stdin,
        tty: streams.tty,
    };
    let node = at.node.clone();
    let begun = engine.ask(move |engine| begin(engine, &at, &request, streams));
    let Ok(begun) = begun.await else {
        return route::gone();
    };
    let (command, inbox) = match begun {
        Ok(begun) => begun,
        Err(answer) => return *answer,
    };
    match websocket::handshake(&mut asked, &PROTOCOLS) {
        Err(answer) => *answer,
        Ok(handshake) => {
            let engine = engine.clone();
            handshake.accept(move |socket| {
                let input = command.map(|id| Input::new(engine, node, id));
                pass(socket, inbox, input)
            })
        }
    }
}

/// Begins the command. One that cannot be started says so on its error channel.
fn begin(
    engine: &mut Engine,
    at: &ContainerAt,
    request: &ExecRequest,
    streams: Streams,
) -> Result<(Option<u64>, Inbox), Box<Response<Body>>> {
    let cluster = &mut engine.cluster;
    reachable(cluster, at)?;
    cluster.note_connection(&at.pod, "exec");
    let (outbox, inbox) = body::queue();
    match cluster.exec(&at.node, &at.pod, &at.container, request) {
        Ok(id) => {
            engine.keep(Box::new(Command {
                node: at.node.clone(),
                id,
                streams,
                outbox,
            }));
            Ok((Some(id), inbox))
        }
        Err(ExecError::NoContainer(why)) => Err(refused(why)),
        Err(ExecError::Runtime(why)) => {
            let mut error = status::internal(format!("Internal error occurred: {why}"));
            error.reason = Some("InternalError".to_owned());
            let text = json!({
                "metadata": {}, "status": "Failure", "message": error.message,
                "reason": error.reason, "code": 500,
                "details": { "causes": [{ "message": why }] },
            });
            // A new queue takes a first piece.
            let _new = outbox.send(message(ERROR, text.to_string().as_bytes()));
            Ok((None, inbox))
        }
    }
}

/// What the kubelet answers instead of an upgrade.
fn refused(why: String) -> Box<Response<Body>> {
    let mut answer = Response::new(body::whole(why));
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    Box::new(answer)
}

/// An error where the node has no power.
pub(super) fn reachable(cluster: &Cluster, at: &ContainerAt) -> Result<(), Box<Response<Body>>> {
    if cluster.is_powered(&at.node) {
        return Ok(());
    }
    let address = &at.address;
    let error: ApiError = status::internal(format!(
        "error dialing backend: dial tcp {address}:10250: connect: no route to host"
    ));
    Err(Box::new(route::failure(error)))
}

/// A command that runs, as somebody listens to it.
struct Command {
    node: Name,
    id: u64,
    streams: Streams,
    outbox: Outbox,
}

impl Follow for Command {
    fn follow(&mut self, cluster: &mut Cluster) -> Next {
        let Some(news) = cluster.exec_news(&self.node, self.id) else {
            return Next::End;
        };
        for (is_error, text) in &news.pieces {
            let channel = match (is_error, self.streams.stdout, self.streams.stderr) {
                (false, true, _) => STDOUT,
                (true, _, true) => STDERR,
                _ => continue,
            };
            if self.outbox.send(message(channel, text.as_bytes())).is_err() {
                return Next::End;
            }
        }
        let Some(code) = news.code else {
            return Next::Stay;
        };
        let outcome = outcome(code).to_string();
        // The end of the queue tells the rest, where this is lost.
        let _lost = self.outbox.send(message(ERROR, outcome.as_bytes()));
        Next::End
    }

    fn is_deserted(&self) -> bool {
        self.outbox.is_closed()
    }

    fn end(&mut self, cluster: &mut Cluster) {
        cluster.exec_end(&self.node, self.id);
    }
}

/// The `Status` on the error channel.
fn outcome(code: i32) -> Value {
    match code {
        0 => json!({ "metadata": {}, "status": "Success" }),
        code => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "reason": "NonZeroExitCode",
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
    }
}

/// Answers a request for the streams of a container's own process.
pub(super) async fn attach(
    engine: &Handle,
    mut asked: Asked,
    at: ContainerAt,
    streams: Streams,
) -> Response<Body> {
    let begun = engine.ask(move |engine| {
        reachable(&engine.cluster, &at)?;
        let runs = log::source(&engine.cluster, &at, false).is_ok()
            && engine
                .cluster
                .kubelet(&at.node)
                .is_some_and(|kubelet| kubelet.is_running(&at.pod, &at.container));
        if !runs {
            return Err(refused(format!(
                "container {} not found in pod {}_{}",
                at.container, at.pod.name, at.pod.namespace
            )));
        }
        engine.cluster.note_connection(&at.pod, "attach");
        let (outbox, inbox) = body::queue();
        let live = Live::new(&engine.cluster, at);
        engine.keep(Box::new(Attached {
            live,
            streams,
            outbox,
        }));
        Ok(inbox)
    });
    let inbox = match begun.await {
        Ok(Ok(inbox)) => inbox,
        Ok(Err(answer)) => return *answer,
        Err(_) => return route::gone(),
    };
    match websocket::handshake(&mut asked, &PROTOCOLS) {
        Err(answer) => *answer,
        Ok(handshake) => handshake.accept(move |socket| pass(socket, inbox, None)),
    }
}

struct Attached {
    live: Live,
    streams: Streams,
    outbox: Outbox,
}

impl Follow for Attached {
    fn follow(&mut self, cluster: &mut Cluster) -> Next {
        let Some(pieces) = self.live.more(cluster) else {
            let outcome = outcome(0).to_string();
            // The end of the queue tells the rest, where this is lost.
            let _lost = self.outbox.send(message(ERROR, outcome.as_bytes()));
            return Next::End;
        };
        for (is_error, text) in pieces {
            let channel = match (is_error, self.streams.stdout, self.streams.stderr) {
                (false, true, _) => STDOUT,
                (true, _, true) => STDERR,
                _ => continue,
            };
            if self.outbox.send(message(channel, text.as_bytes())).is_err() {
                return Next::End;
            }
        }
        Next::Stay
    }

    fn is_deserted(&self) -> bool {
        self.outbox.is_closed()
    }
}

/// The input of a command.
struct Input {
    engine: Handle,
    node: Name,
    id: u64,
    /// The beginning of a character whose rest has not come.
    rest: Vec<u8>,
}

impl Input {
    fn new(engine: Handle, node: Name, id: u64) -> Input {
        Input {
            engine,
            node,
            id,
            rest: Vec::new(),
        }
    }

    async fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            // Only the end may be a part of a character.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.rest.len(),
        };
        let text = self.rest.get(..whole).unwrap_or_default();
        let text = String::from_utf8_lossy(text).into_owned();
        self.rest.drain(..whole);
        let (node, id) = (self.node.clone(), self.id);
        let given = self.engine.ask(move |engine| {
            engine.cluster.exec_input(&node, id, &text);
        });
        // Without an engine the queue of output ends, too.
        let _ended = given.await;
    }

    async fn end(&mut self) {
        let (node, id) = (self.node.clone(), self.id);
        let ended = self.engine.ask(move |engine| {
            engine.cluster.exec_input_end(&node, id);
        });
        // As above.
        let _ended = ended.await;
    }
}

/// Passes messages between a client and what it is connected to.
async fn pass(mut socket: Socket, mut inbox: Inbox, mut input: Option<Input>) {
    loop {
        tokio::select! {
            piece = inbox.next() => {
                let Some(piece) = piece else { break };
                if socket.send(Message::Binary(piece)).await.is_err() {
                    return;
                }
            }
            message = socket.next() => {
                let bytes = match message {
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Text(text))) => text.into(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                };
                match (bytes.split_first(), &mut input) {
                    (Some((&STDIN, text)), Some(input)) => input.take(text).await,
                    (Some((&CLOSE, [STDIN])), Some(input)) => input.end().await,
                    _ => {}
                }
            }
        }
    }
    let goodbye = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    if socket.close(Some(goodbye)).await.is_ok() {
        // Until the client has closed its half; what it still says is of no use.
        while let Some(Ok(_)) = socket.next().await {}
    }
}
