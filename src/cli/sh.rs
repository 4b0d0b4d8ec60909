//! `tabernetes sh`: one command line against a cluster made for it.

use super::{ClusterArguments, print, trouble};
use crate::apiserver::http::{Answer, HttpResponse};
use crate::apiserver::{Request, Response};
use crate::cluster::Cluster;
use crate::kubectl::{self, Door};
use crate::manifest;
use crate::sim::Instant;
use clap::Args;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Args)]
pub(super) struct Sh {
    /// Apply this first (may be repeated)
    #[arg(long, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    /// How long what was applied is let run before the command, in virtual time
    #[arg(long = "for", default_value = "60s", value_parser = super::duration, value_name = "DURATION")]
    span: Duration,
    #[command(flatten)]
    cluster: ClusterArguments,
    /// The command: kubectl and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// A cluster in this process, and the files around it.
struct Here {
    cluster: Cluster,
}

impl Door for Here {
    fn http(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> HttpResponse {
        match self.cluster.http(method, path, headers, body) {
            Answer::Whole(response) => response,
            Answer::Stream(mut stream) => {
                let lines = self.cluster.poll(&mut stream);
                self.cluster.close(stream);
                HttpResponse {
                    status: 200,
                    headers: Vec::new(),
                    body: lines.join("\n"),
                }
            }
            Answer::Connect(_) => HttpResponse {
                status: 501,
                headers: Vec::new(),
                body: String::new(),
            },
        }
    }

    fn request(&mut self, request: Request) -> Response {
        self.cluster.request(request)
    }

    fn wait(&mut self, span: Duration) {
        let until = self.cluster.now() + span;
        self.cluster.advance(until, u32::MAX);
    }

    fn now(&self) -> Instant {
        self.cluster.now()
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
}

pub(super) fn run(arguments: &Sh) -> ExitCode {
    let Some(("kubectl", rest)) = arguments
        .command
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    else {
        return trouble("the command begins with kubectl");
    };
    let mut here = Here {
        cluster: Cluster::settled(arguments.cluster.spec()),
    };
    for file in &arguments.manifest {
        if let Err(why) = apply(&mut here, file) {
            return trouble(&why);
        }
    }
    here.wait(arguments.span);
    let mut stdin = String::new();
    if rest.iter().any(|argument| argument == "-") {
        let _read = std::io::stdin().read_to_string(&mut stdin);
    }
    let finished = kubectl::run(&mut here, "default", rest, &stdin);
    print(&finished.stdout);
    eprint!("{}", finished.stderr);
    ExitCode::from(finished.exit)
}

fn apply(here: &mut Here, file: &PathBuf) -> Result<(), String> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let documents = manifest::read(&text).map_err(|found| {
        let told: Vec<String> = found
            .iter()
            .map(|it| format!("{name}:{}: {}", it.line, it.message))
            .collect();
        told.join("\n")
    })?;
    for document in documents {
        let call = &mut |request| here.cluster.request(request);
        kubectl::apply(call, &document.value, "default").map_err(|error| {
            let told = kubectl::error_text(&error, "");
            format!("{name}:{}: {told}", document.line)
        })?;
    }
    Ok(())
}
