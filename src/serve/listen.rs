//! Sockets: who connects is served by a task of its own.

use super::certificate::Certificate;
use super::engine::{Engine, Handle};
use super::{Failure, Options, kubeconfig, route};
use crate::cluster::Cluster;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 8192;
/// How long a client may take to write the head of a request, or to shake hands.
const HEAD_MAX: Duration = Duration::from_secs(30);
/// How long answers under way may take once the server is told to stop.
const FAREWELL_MAX: Duration = Duration::from_millis(300);

/// Serves until it is told to stop.
pub(super) async fn serve(
    options: Options,
    cluster: Cluster,
    ready: impl FnOnce(&str),
) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| Failure::new(&options.listen.to_string(), error))?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new("listen", error))?;
    let certificate = match options.tls {
        true => Some(Certificate::for_address(address.ip())?),
        false => None,
    };
    let scheme = if options.tls { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    let mut line = format!("tabernetes is ready at {url}");
    if let Some(path) = &options.kubeconfig {
        let trust = certificate.as_ref().map(Certificate::trust);
        std::fs::write(path, kubeconfig::text(&url, trust))
            .map_err(|error| Failure::new(&path.display().to_string(), error))?;
        line.push_str(&format!(", kubeconfig {}", path.display()));
    }
    let (engine, mut ended) =
        Engine::start(cluster, options.speed).map_err(|error| Failure::new("engine", error))?;
    let acceptor = certificate
        .as_ref()
        .map(Certificate::acceptor)
        .transpose()?;
    ready(&line);
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = places.clone().acquire_owned().await;
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that broke before it was taken is no reason to stop.
                if let Ok((stream, _)) = accepted {
                    let (engine, acceptor) = (engine.clone(), acceptor.clone());
                    connections.spawn(async move {
                        connection(stream, acceptor, engine).await;
                        drop(place);
                    });
                }
            }
            Some(_) = connections.join_next() => {}
            () = stop.asked() => break,
            _ = &mut ended => return Err(Failure::new("engine", "it has ended")),
        }
    }
    drop(listener);
    let farewell = async { while connections.join_next().await.is_some() {} };
    // Watches and logs would never end by themselves.
    if engine.ask(Engine::close).await.is_ok() {
        // Clients keep idle connections open: what is left then is cut.
        let _cut = timeout(FAREWELL_MAX, farewell).await;
    }
    Ok(())
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, engine: Handle) {
    // Small answers go out at once; where that cannot be asked for, they go later.
    let _later = stream.set_nodelay(true);
    match acceptor {
        None => requests(stream, engine).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(HEAD_MAX, acceptor.accept(stream)).await {
                requests(stream, engine).await;
            }
        }
    }
}

async fn requests<S>(stream: S, engine: Handle)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let engine = engine.clone();
        async move { route::answer(engine, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // The client broke it off: nobody is left to be told.
    let _broken = connection.await;
}

/// SIGINT and SIGTERM.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Result<Stop, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let of = |kind| signal(kind).map_err(|error| Failure::new("signals", error));
        Ok(Stop {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
