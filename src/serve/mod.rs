//! `tabernetes serve`: the same door over HTTP, for clients that are not ours.
//!
//! The engine lives on a thread of its own ([`engine`]); connections are tasks
//! that hand it closures through a bounded channel and wait for their results.
//! What a connection is slow to read waits in a bounded queue, and the connection
//! is closed when that is full.
//!
//! **Invariant:** the engine never waits for a connection.

mod body;
mod certificate;
mod engine;
mod exec;
mod follow;
mod forward;
mod inflate;
mod kubeconfig;
mod listen;
mod log;
mod pace;
mod proxy;
mod route;
mod sim;
mod spdy;
mod tunnel;
mod watch;
mod websocket;

pub use engine::{Engine, Gone, Handle};
pub use pace::Speed;
pub(crate) use sim::duration;

use crate::cluster::{Cluster, ClusterSpec};
use crate::{kubectl, manifest};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on; with port 0 the system chooses one.
    pub listen: SocketAddr,
    /// The cluster to begin with.
    pub cluster: ClusterSpec,
    /// How fast time runs.
    pub speed: Speed,
    /// Where a kubeconfig is written.
    pub kubeconfig: Option<PathBuf>,
    /// Manifests to apply before anybody can connect.
    pub manifests: Vec<PathBuf>,
    /// HTTPS with a certificate made for the occasion.
    pub tls: bool,
}

/// Why nothing is served.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    fn new(what: &str, why: impl fmt::Display) -> Self {
        Failure(format!("{what}: {why}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Serves until SIGINT or SIGTERM comes. `ready` is told the line to print when
/// requests are taken.
pub fn run(options: Options, ready: impl FnOnce(&str)) -> Result<(), Failure> {
    let mut cluster = Cluster::settled(options.cluster.clone());
    for path in &options.manifests {
        apply(&mut cluster, path)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("runtime", error))?;
    runtime.block_on(listen::serve(options, cluster, ready))
}

/// `kubectl apply -f`.
fn apply(cluster: &mut Cluster, path: &std::path::Path) -> Result<(), Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::new(&name, error))?;
    let documents = manifest::read(&text).map_err(|found| {
        let first = found.first();
        let line = first.map_or(1, |diagnostic| diagnostic.line);
        let message = first.map_or("", |diagnostic| diagnostic.message.as_str());
        Failure::new(&format!("{name}:{line}"), message)
    })?;
    for document in &documents {
        kubectl::apply(
            &mut |request| cluster.request(request),
            &document.value,
            "default",
        )
        .map_err(|error| {
            let place = format!("{name}:{}", document.line);
            Failure::new(&place, kubectl::error_text(&error, ""))
        })?;
    }
    Ok(())
}
