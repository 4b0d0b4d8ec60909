//! `kubectl port-forward`: SPDY inside a WebSocket, as kubectl speaks it since
//! 1.31, and the older form with two channels a port.

use super::body::Body;
use super::engine::Handle;
use super::exec::reachable;
use super::route::{self, Asked};
use super::spdy::{self, Frame};
use super::tunnel::{Reply, Tunnel};
use super::websocket::{self, Socket, message};
use crate::api::Key;
use crate::apiserver::http::ContainerAt;
use futures_util::{SinkExt, StreamExt};
use hyper::Response;
use std::collections::BTreeMap;
use tokio_tungstenite::tungstenite::Message;

const SPDY: &str = "SPDY/3.1+portforward.k8s.io";
const PROTOCOLS: [&str; 3] = [SPDY, "v4.channel.k8s.io", "portforward.k8s.io"];
/// Connections at once over one WebSocket.
const TUNNELS_MAX: usize = 256;

/// Answers a request to forward ports.
pub(super) async fn answer(
    engine: &Handle,
    mut asked: Asked,
    at: ContainerAt,
    ports: Vec<u16>,
) -> Response<Body> {
    let pod = at.pod.clone();
    let there = engine.ask(move |engine| {
        reachable(&engine.cluster, &at)?;
        engine.cluster.note_connection(&at.pod, "portforward");
        Ok::<_, Box<Response<Body>>>(())
    });
    match there.await {
        Ok(Ok(())) => {}
        Ok(Err(answer)) => return *answer,
        Err(_) => return route::gone(),
    }
    let handshake = match websocket::handshake(&mut asked, &PROTOCOLS) {
        Ok(handshake) => handshake,
        Err(answer) => return *answer,
    };
    let engine = engine.clone();
    match handshake.protocol {
        SPDY => handshake.accept(move |socket| {
            let session = Session {
                engine,
                pod,
                socket,
                writer: spdy::Writer::default(),
                errors: BTreeMap::new(),
                tunnels: BTreeMap::new(),
            };
            session.serve()
        }),
        _ => handshake.accept(move |socket| channels(engine, pod, ports, socket)),
    }
}

/// The connection is over.
struct Over;

/// A SPDY session of one client.
struct Session {
    engine: Handle,
    pod: Key,
    socket: Socket,
    writer: spdy::Writer,
    /// Error streams by the number of their request.
    errors: BTreeMap<String, u32>,
    /// Connections by their data stream, with their error stream.
    tunnels: BTreeMap<u32, (Tunnel, Option<u32>)>,
}

impl Session {
    async fn serve(mut self) {
        let mut reader = spdy::Reader::new();
        while let Some(Ok(message)) = self.socket.next().await {
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Close(_) => break,
                _ => continue,
            };
            let Ok(frames) = reader.take(&bytes) else {
                break;
            };
            for frame in frames {
                if self.take(frame).await.is_err() {
                    return;
                }
            }
        }
        // The client may be gone already.
        let _gone = self.socket.close(None).await;
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Over> {
        match bytes.is_empty() {
            true => Ok(()),
            false => {
                let sent = self.socket.send(Message::binary(bytes)).await;
                sent.map_err(|_| Over)
            }
        }
    }

    async fn take(&mut self, frame: Frame) -> Result<(), Over> {
        match frame {
            Frame::Open(stream, headers) => self.open(stream, &headers).await,
            Frame::Data(stream, bytes, ends) => self.data(stream, &bytes, ends).await,
            Frame::Reset(stream) => {
                self.tunnels.remove(&stream);
                self.errors.retain(|_, error| *error != stream);
                Ok(())
            }
            Frame::Ping(id) => self.send(spdy::pong(id)).await,
            Frame::GoAway => Err(Over),
        }
    }

    async fn open(&mut self, stream: u32, headers: &[(String, String)]) -> Result<(), Over> {
        let reply = self.writer.reply(stream);
        self.send(reply).await?;
        let header = |name: &str| {
            let mut headers = headers.iter();
            let found = headers.find(|(found, _)| found == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let request = header("requestid");
        if header("streamtype") == "error" {
            if self.errors.len() < TUNNELS_MAX {
                self.errors.insert(request, stream);
            }
            return Ok(());
        }
        let error = self.errors.remove(&request);
        let port = header("port").parse().unwrap_or(0);
        let opened = match self.tunnels.len() < TUNNELS_MAX {
            true => Tunnel::open(&self.engine, &self.pod, port)
                .await
                .map_err(|_| Over)?,
            false => Err("too many connections".to_owned()),
        };
        match opened {
            Ok((tunnel, reply)) => {
                self.tunnels.insert(stream, (tunnel, error));
                self.answer(stream, reply).await
            }
            Err(why) => {
                if let Some(error) = error {
                    self.send(spdy::data(error, why.as_bytes(), true)).await?;
                }
                self.send(spdy::data(stream, &[], true)).await
            }
        }
    }

    async fn data(&mut self, stream: u32, bytes: &[u8], ends: bool) -> Result<(), Over> {
        let Some((tunnel, _)) = self.tunnels.get_mut(&stream) else {
            return Ok(());
        };
        let mut reply = match bytes.is_empty() {
            true => Reply::default(),
            false => tunnel.write(bytes).await.map_err(|_| Over)?,
        };
        reply.closes |= ends;
        self.answer(stream, reply).await
    }

    async fn answer(&mut self, stream: u32, reply: Reply) -> Result<(), Over> {
        self.send(spdy::data(stream, &reply.bytes, reply.closes))
            .await?;
        if !reply.closes {
            return Ok(());
        }
        match self.tunnels.remove(&stream) {
            Some((_, Some(error))) => self.send(spdy::data(error, &[], true)).await,
            _ => Ok(()),
        }
    }
}

/// The older form: channel 2n carries the data of port n, 2n+1 its errors; the
/// first message of each is the port's number.
async fn channels(engine: Handle, pod: Key, ports: Vec<u16>, mut socket: Socket) {
    let mut tunnels = BTreeMap::new();
    for (number, port) in (0..=126u8).zip(ports) {
        let (data, error) = (number * 2, number * 2 + 1);
        for channel in [data, error] {
            let first = message(channel, &port.to_le_bytes());
            if socket.send(Message::binary(first)).await.is_err() {
                return;
            }
        }
        let Ok(opened) = Tunnel::open(&engine, &pod, port).await else {
            return;
        };
        let (channel, text) = match opened {
            Ok((tunnel, reply)) => {
                tunnels.insert(data, tunnel);
                (data, reply.bytes)
            }
            Err(why) => (error, why.into_bytes()),
        };
        if !text.is_empty()
            && socket
                .send(Message::binary(message(channel, &text)))
                .await
                .is_err()
        {
            return;
        }
    }
    while let Some(Ok(received)) = socket.next().await {
        let bytes = match received {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => break,
            _ => continue,
        };
        let Some((channel, bytes)) = bytes.split_first() else {
            continue;
        };
        let Some(tunnel) = tunnels.get_mut(channel) else {
            continue;
        };
        let Ok(reply) = tunnel.write(bytes).await else {
            return;
        };
        let answer = message(*channel, &reply.bytes);
        if !reply.bytes.is_empty() && socket.send(Message::binary(answer)).await.is_err() {
            return;
        }
        if reply.closes {
            break;
        }
    }
    // The client may be gone already.
    let _gone = socket.close(None).await;
}
