//! How the kubelet asks a container: by a command inside it, by HTTP, TCP or
//! gRPC. Probes ask in all ways, hooks in some.

use super::Timer;
use super::host::Host;
use super::runtime::{Protocol, Serves, Socket};
use super::worker::PodWorker;
use crate::api::core::{HTTPGetAction, Probe};
use crate::client::Ctx;
use crate::network::{Destination, Endpoint, Network, Reached, Send, Transport, Unresolved};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::time::Duration;

/// What came of asking once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub passed: bool,
    pub message: String,
    /// How long it took.
    pub took: Duration,
}

fn passes(message: impl Into<String>) -> Answer {
    Answer {
        passed: true,
        message: message.into(),
        took: Duration::ZERO,
    }
}

fn fails(message: impl Into<String>) -> Answer {
    Answer {
        passed: false,
        ..passes(message)
    }
}

/// Whom a probe or hook asks over the network, and for how long it waits.
struct Target<'a> {
    host: Option<&'a str>,
    port: u16,
    timeout: Duration,
}

impl Host {
    /// Asks once.
    pub(super) fn ask(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        probe: &Probe,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Answer {
        let seconds = probe.timeout_seconds.unwrap_or(1).max(1);
        let timeout = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
        if let Some(exec) = &probe.exec {
            let command = exec.command.clone().unwrap_or_default();
            return self.ask_exec(worker, index, &command, timeout, ctx, net);
        }
        if let Some(http) = &probe.http_get {
            return match self.get(worker, index, http, timeout, ctx, net) {
                Ok((status @ 200..400, body)) => Answer {
                    message: body,
                    ..passes(status.to_string())
                },
                Ok((status, _)) => fails(format!("HTTP probe failed with statuscode: {status}")),
                Err(unanswered) => unanswered,
            };
        }
        if let Some(tcp) = &probe.tcp_socket {
            let target = Target {
                host: tcp.host.as_deref(),
                port: port(worker, index, &tcp.port),
                timeout,
            };
            return match self.connect(worker, &target, "", ctx, net) {
                Ok(_) => passes(""),
                Err(unanswered) => unanswered,
            };
        }
        match &probe.grpc {
            Some(grpc) => ask_grpc(worker, u16::try_from(grpc.port).unwrap_or(0), timeout, ctx),
            None => passes(""),
        }
    }

    fn ask_exec(
        &mut self,
        worker: &mut PodWorker,
        index: usize,
        command: &[String],
        timeout: Duration,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Answer {
        let (code, output, took) = self.exec(worker, index, command, ctx, net);
        if took > timeout {
            let seconds = timeout.as_secs();
            return Answer {
                took: timeout,
                ..fails(format!(
                    "command timed out: \"{}\" timed out after {seconds}s",
                    command.join(" ")
                ))
            };
        }
        Answer {
            took,
            passed: code == 0,
            message: output,
        }
    }

    /// GET from the kubelet: status and body, or why there was no answer.
    pub(super) fn get(
        &mut self,
        worker: &PodWorker,
        index: usize,
        http: &HTTPGetAction,
        timeout: Duration,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Result<(u16, String), Answer> {
        let secure = http.scheme.as_deref() == Some("HTTPS");
        let path = http.path.as_deref().unwrap_or("/");
        let target = Target {
            host: http.host.as_deref(),
            port: port(worker, index, &http.port),
            timeout,
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{}{slash}{path}", address(worker, &target));
        let unanswered = |answer: Answer| Answer {
            message: format!("Get \"{url}\": {}", answer.message),
            ..answer
        };
        let connected = self.connect(worker, &target, path, ctx, net);
        let site = match (connected.map_err(unanswered)?, secure) {
            (Connected::Answered(status, body), _) => return Ok((status, body)),
            (Connected::Socket(Serves::Http(site)), false) => site,
            (Connected::Socket(Serves::Https(site)), true) => site,
            (Connected::Socket(Serves::Https(_)), false) => return Ok((400, String::new())),
            (Connected::Socket(Serves::Silent), _) => {
                let why =
                    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
                return Err(unanswered(Answer {
                    took: timeout,
                    ..fails(why)
                }));
            }
            (Connected::Socket(_), true) => {
                return Err(unanswered(fails(
                    "http: server gave HTTP response to HTTPS client",
                )));
            }
            (Connected::Socket(_) | Connected::Open, _) => return Err(unanswered(fails("EOF"))),
        };
        let since = find(worker, target.port, ctx).map_or(ctx.now(), |socket| socket.opens_at);
        let age = ctx.now().since(since).as_secs();
        Ok(site.answer(path, age, &worker.key.name))
    }

    /// Connects to the pod, or to the host that the probe names instead.
    fn connect(
        &self,
        worker: &PodWorker,
        target: &Target<'_>,
        path: &str,
        ctx: &mut Ctx<'_, Timer>,
        net: &mut Network,
    ) -> Result<Connected, Answer> {
        let dialled = address(worker, target);
        let refused = || format!("dial tcp {dialled}: connect: connection refused");
        let own = worker.ip().map(|ip| ip.to_string());
        let Some(host) = target
            .host
            .filter(|host| !host.is_empty() && Some(*host) != own.as_deref())
        else {
            let socket = find(worker, target.port, ctx);
            return match socket {
                Some(socket) => Ok(Connected::Socket(socket.serves.clone())),
                None => Err(fails(refused())),
            };
        };
        let request = Send {
            from: Endpoint::Node(self.config.name.clone()),
            to: Destination::Name(host.to_owned()),
            port: target.port,
            protocol: Transport::Tcp,
            path: path.to_owned(),
        };
        let now = ctx.now();
        match net.reach(&mut ctx.sim.chance, now, &request) {
            Reached::Http(status, body) => Ok(Connected::Answered(status, body.to_string())),
            Reached::Open => Ok(Connected::Open),
            Reached::Refused(why) => Err(fails(format!(
                "dial tcp {dialled}: connect: {}",
                why.to_lowercase()
            ))),
            Reached::Silence => Err(Answer {
                took: target.timeout,
                ..fails(format!("dial tcp {dialled}: i/o timeout"))
            }),
            Reached::Unresolved(Unresolved::NoSuchName(_)) => {
                let server = net.config().router;
                Err(fails(format!(
                    "dial tcp: lookup {host} on {server}:53: no such host"
                )))
            }
            Reached::Unresolved(Unresolved::NoServer { .. }) => Err(Answer {
                took: target.timeout,
                ..fails(format!("dial tcp: lookup {host}: i/o timeout"))
            }),
        }
    }
}

/// What a connection led to.
enum Connected {
    /// A socket of the pod itself.
    Socket(Serves),
    /// An HTTP answer from elsewhere.
    Answered(u16, String),
    /// Something elsewhere that speaks no HTTP.
    Open,
}

/// The number of a port that may be given by name.
fn port(worker: &PodWorker, index: usize, port: &IntOrString) -> u16 {
    let name = match port {
        IntOrString::Int(port) => return u16::try_from(*port).unwrap_or(0),
        IntOrString::String(name) => name,
    };
    let container = worker.containers.get(index);
    let spec = container.and_then(|container| container.spec(&worker.pod));
    let ports = spec.and_then(|spec| spec.ports.as_ref());
    let mut ports = ports.into_iter().flatten();
    let declared = ports.find(|port| port.name.as_ref() == Some(name));
    let number = declared.and_then(|port| u16::try_from(port.container_port).ok());
    number.or_else(|| name.parse().ok()).unwrap_or(0)
}

/// The socket of the pod that listens on a TCP port now.
fn find<'a>(worker: &'a PodWorker, port: u16, ctx: &Ctx<'_, Timer>) -> Option<&'a Socket> {
    let running = worker
        .containers
        .iter()
        .filter(|container| container.is_running());
    running
        .flat_map(|container| container.sockets.iter())
        .find(|socket| {
            socket.port == port
                && socket.protocol == Protocol::Tcp
                && !socket.loopback
                && socket.opens_at <= ctx.now()
        })
}

fn address(worker: &PodWorker, target: &Target<'_>) -> String {
    let own = worker.ip().map(|ip| ip.to_string()).unwrap_or_default();
    let host = target.host.filter(|host| !host.is_empty()).unwrap_or(&own);
    format!("{host}:{}", target.port)
}

/// Asks the gRPC health service.
fn ask_grpc(worker: &PodWorker, port: u16, timeout: Duration, ctx: &Ctx<'_, Timer>) -> Answer {
    let target = Target {
        host: None,
        port,
        timeout,
    };
    match find(worker, port, ctx).map(|socket| &socket.serves) {
        Some(Serves::Grpc) => passes(""),
        Some(_) | None => Answer {
            took: timeout,
            ..fails(format!(
                "timeout: failed to connect service \"{}\" within {}s: context deadline exceeded",
                address(worker, &target),
                timeout.as_secs()
            ))
        },
    }
}
