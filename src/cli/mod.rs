//! The native command: `serve`, `check`, `run`, `sh`.

mod check;
mod run;
mod sh;

use crate::cluster::ClusterSpec;
use crate::serve::{self, Speed};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What could not even be begun (a file that is not there) exits with this.
const EXIT_TROUBLE: u8 = 2;

/// Kubernetes, simulated: control plane, nodes and network, computed from manifests.
#[derive(Parser)]
#[command(name = "tabernetes", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API of a simulated cluster: point kubectl at it
    Serve(Serve),
    /// Say what the API server would say to manifests
    Check(Check),
    /// Run manifests or a scenario in virtual time, and print what became of them
    Run(Run),
    /// Run one kubectl command against a cluster made for it
    Sh(sh::Sh),
}

#[derive(Args)]
struct Serve {
    /// Address to listen on; with port 0 the system chooses one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    #[command(flatten)]
    cluster: ClusterArguments,
    /// Virtual seconds a second: a number, or "max"
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Write a kubeconfig here
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Apply this before anybody can connect (may be repeated)
    #[arg(long, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    /// Serve HTTPS, with a certificate made for the occasion
    #[arg(long)]
    tls: bool,
}

#[derive(Args)]
struct ClusterArguments {
    /// Worker nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    nodes: u32,
    /// The seed of all chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How kube-proxy does its work
    #[arg(long, value_enum, default_value = "iptables")]
    kube_proxy_mode: ProxyMode,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProxyMode {
    Iptables,
}

impl ClusterArguments {
    fn spec(&self) -> ClusterSpec {
        let ProxyMode::Iptables = self.kube_proxy_mode;
        ClusterSpec {
            nodes: self.nodes,
            seed: self.seed,
            ..ClusterSpec::default()
        }
    }
}

#[derive(Args)]
struct Check {
    /// Files, or folders with manifests
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Args)]
struct Run {
    /// Manifests, or one scenario
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How long manifests are let run, in virtual time
    #[arg(long = "for", default_value = "5m", value_parser = duration, value_name = "DURATION")]
    span: Duration,
    #[command(flatten)]
    cluster: ClusterArguments,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Output {
    Text,
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    serve::duration(text).ok_or_else(|| format!("{text:?} is no duration (90s, 5m, 1h30m)"))
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => listen(arguments),
        Command::Check(arguments) => check::run(&arguments.paths, arguments.output),
        Command::Run(arguments) => run::run(&arguments),
        Command::Sh(arguments) => sh::run(&arguments),
    }
}

fn listen(arguments: Serve) -> ExitCode {
    let options = serve::Options {
        listen: arguments.listen,
        cluster: arguments.cluster.spec(),
        speed: arguments.speed,
        kubeconfig: arguments.kubeconfig,
        manifests: arguments.manifest,
        tls: arguments.tls,
    };
    match serve::run(options, |line| print(&format!("{line}\n"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => trouble(&failure.to_string()),
    }
}

/// Writes to standard output. Whoever read it may have gone, which is no trouble.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn trouble(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(EXIT_TROUBLE)
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }
}
