//! Programs that ask the network.

use super::super::process::World;
use super::machine::{Machine, Outcome};
use crate::sim::Instant;
use std::time::Duration;

/// What came of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An HTTP answer.
    Http(u16, String),
    /// Connected, something else than HTTP listens.
    Open,
    /// Refused, and why (`Connection refused`, `No route to host`).
    Refused(&'static str),
    /// No answer.
    Silence,
    /// The name has no address.
    NoAddress(NoAddress),
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// It does not exist.
    NoSuchName,
    /// Nobody listens where the nameserver should be.
    Refused,
    /// The nameserver does not answer.
    Silence,
}

impl NoAddress {
    /// How long a program waits for its resolver: two attempts of five seconds
    /// (`resolv.conf(5)`) where nobody answers.
    fn takes(self) -> Duration {
        match self {
            NoAddress::Silence => RESOLVER_PATIENCE * 2,
            NoAddress::NoSuchName | NoAddress::Refused => EXCHANGE,
        }
    }
}

/// The world as a process can reach it.
pub trait Reach {
    /// Connects to a host by name or address, and asks for a path where HTTP is
    /// spoken there.
    fn connect(&mut self, now: Instant, host: &str, port: u16, path: &str) -> Reached;
    /// The addresses of a name.
    fn resolve(&mut self, now: Instant, host: &str) -> Result<Vec<String>, NoAddress>;
    /// Who is asked for names.
    fn nameserver(&self) -> String;
}

/// How long a question to the nameserver waits for its answer.
const RESOLVER_PATIENCE: Duration = Duration::from_secs(5);
/// What an exchange takes.
const EXCHANGE: Duration = Duration::from_millis(5);
/// When a client gives up a silent peer, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(120);

struct Url {
    host: String,
    port: u16,
    path: String,
}

fn url(text: &str) -> Url {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let default = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(default)),
        None => (authority, default),
    };
    Url {
        host: host.to_owned(),
        port,
        path: path.to_owned(),
    }
}

/// Options that take a value, for programs whose other words are targets.
fn split_options<'a>(
    args: &'a [String],
    with_value: &[&'a str],
) -> (Vec<(&'a str, &'a str)>, Vec<&'a str>) {
    let (mut options, mut rest) = (Vec::new(), Vec::new());
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if let Some((name, value)) = arg
            .split_once('=')
            .filter(|(name, _)| name.starts_with("--"))
        {
            options.push((name, value));
        } else if with_value.contains(&arg) {
            options.push((arg, args.next().unwrap_or_default()));
        } else if let Some(name) = with_value
            .iter()
            .find(|name| !name.starts_with("--") && arg.starts_with(**name))
        {
            options.push((*name, arg.get(name.len()..).unwrap_or_default()));
        } else if arg.starts_with('-') && arg.len() > 1 {
            options.push((arg, ""));
        } else {
            rest.push(arg);
        }
    }
    (options, rest)
}

fn given<'a>(options: &[(&str, &'a str)], names: &[&str]) -> Option<&'a str> {
    options
        .iter()
        .find(|(name, _)| names.contains(name))
        .map(|(_, value)| *value)
}

/// Whether a short option is there, alone or among others (`-qO-`).
fn has(options: &[(&str, &str)], letter: char) -> bool {
    options
        .iter()
        .any(|(name, _)| name.starts_with('-') && !name.starts_with("--") && name.contains(letter))
}

fn patience(options: &[(&str, &str)], names: &[&str]) -> Duration {
    let seconds = given(options, names).and_then(|value| value.parse::<f64>().ok());
    seconds
        .filter(|seconds| *seconds > 0.0 && *seconds < 1e6)
        .map_or(PATIENCE, Duration::from_secs_f64)
}

fn status_text(code: u16) -> &'static str {
    match code {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

impl Machine {
    pub(super) fn wget(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let (options, rest) = split_options(
            args,
            &[
                "-O",
                "-T",
                "-t",
                "-U",
                "--header",
                "--post-data",
                "-P",
                "-Y",
            ],
        );
        let Some(target) = rest.first().map(|target| url(target)) else {
            self.err(world, "wget: missing URL\n");
            return Outcome::Code(1);
        };
        let bundled = options
            .iter()
            .find(|(name, _)| name.starts_with("-q") && name.contains('O'));
        let file = given(&options, &["-O", "--output-document"])
            .or_else(|| bundled.map(|(name, _)| name.rsplit('O').next().unwrap_or_default()));
        let file = match file {
            Some("") => rest.get(1).copied(),
            file => file,
        };
        let quiet = has(&options, 'q');
        let shows = given(&options, &["-S", "--server-response"]).is_some();
        if !quiet {
            self.err(
                world,
                &format!("Connecting to {}:{}\n", target.host, target.port),
            );
        }
        let Url { host, port, path } = &target;
        match world.reach.connect(world.now, host, *port, path) {
            Reached::Http(code, body) => {
                if shows {
                    self.err(world, &format!("  HTTP/1.1 {code} {}\n", status_text(code)));
                }
                if code >= 400 {
                    self.err(
                        world,
                        &format!(
                            "wget: server returned error: HTTP/1.1 {code} {}\n",
                            status_text(code)
                        ),
                    );
                    return Outcome::Sleep(EXCHANGE, 1);
                }
                if given(&options, &["--spider"]).is_none() {
                    self.save(file, &target.path, &body, world);
                }
                Outcome::Sleep(EXCHANGE, 0)
            }
            Reached::Open => {
                self.err(world, "wget: error getting response\n");
                Outcome::Sleep(EXCHANGE, 1)
            }
            Reached::Refused(why) => {
                let text = format!("wget: can't connect to remote host ({host}): {why}\n");
                self.err(world, &text);
                Outcome::Sleep(EXCHANGE, 1)
            }
            Reached::NoAddress(why) => {
                self.err(world, &format!("wget: bad address '{host}'\n"));
                Outcome::Sleep(why.takes(), 1)
            }
            Reached::Silence => {
                self.err(world, "wget: download timed out\n");
                Outcome::Sleep(patience(&options, &["-T", "--timeout"]), 1)
            }
        }
    }

    fn save(&mut self, file: Option<&str>, path: &str, body: &str, world: &mut World<'_>) {
        match file {
            Some("-") => self.out(world, body),
            file => {
                let name = file
                    .or_else(|| path.rsplit('/').next())
                    .filter(|name| !name.is_empty());
                let name = self.path(name.unwrap_or("index.html"));
                // A disk that is full loses what does not fit.
                let _lost = world.files.write(&name, body, false);
            }
        }
    }

    pub(super) fn curl(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let with_value = [
            "-o",
            "-w",
            "-H",
            "-X",
            "-d",
            "-m",
            "-u",
            "-A",
            "--max-time",
            "--connect-timeout",
            "--retry",
            "--data",
            "--header",
            "--output",
            "--write-out",
            "--request",
            "--retry-delay",
        ];
        let (options, rest) = split_options(args, &with_value);
        let Some(target) = rest.first().map(|target| url(target)) else {
            self.err(world, "curl: (2) no URL specified\n");
            return Outcome::Code(2);
        };
        let speaks = !has(&options, 's') || has(&options, 'S');
        let Url { host, port, path } = &target;
        let limit = patience(&options, &["-m", "--max-time", "--connect-timeout"]);
        let (takes, code, why) = match world.reach.connect(world.now, host, *port, path) {
            Reached::Http(code, body) => {
                return self.curl_answer(&options, code, &body, path, world);
            }
            Reached::Open => (EXCHANGE, 52, "Empty reply from server".to_owned()),
            Reached::Refused(why) => (
                EXCHANGE,
                7,
                format!("Failed to connect to {host} port {port}: {why}"),
            ),
            Reached::NoAddress(why) if why.takes() > limit => {
                let waited = limit.as_millis();
                let why = format!("Resolving timed out after {waited} milliseconds");
                (limit, 28, why)
            }
            Reached::NoAddress(why) => (why.takes(), 6, format!("Could not resolve host: {host}")),
            Reached::Silence => (limit, 28, "Connection timed out".to_owned()),
        };
        if speaks {
            self.err(world, &format!("curl: ({code}) {why}\n"));
        }
        Outcome::Sleep(takes, code)
    }

    fn curl_answer(
        &mut self,
        options: &[(&str, &str)],
        code: u16,
        body: &str,
        path: &str,
        world: &mut World<'_>,
    ) -> Outcome {
        let strict = has(options, 'f') || given(options, &["--fail"]).is_some();
        if strict && code >= 400 {
            let why = format!("curl: (22) The requested URL returned error: {code}\n");
            self.err(world, &why);
            return Outcome::Sleep(EXCHANGE, 22);
        }
        let head = has(options, 'I') || given(options, &["--head"]).is_some();
        if head || has(options, 'i') {
            self.out(
                world,
                &format!("HTTP/1.1 {code} {}\r\n\r\n", status_text(code)),
            );
        }
        match given(options, &["-o", "--output"]) {
            _ if head => {}
            Some("/dev/null") => {}
            Some(file) => self.save(Some(file), path, body, world),
            None => self.out(world, body),
        }
        if let Some(format) = given(options, &["-w", "--write-out"]) {
            let text = format
                .replace("%{http_code}", &code.to_string())
                .replace("\\n", "\n");
            self.out(world, &text);
        }
        Outcome::Sleep(EXCHANGE, 0)
    }

    pub(super) fn netcat(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let (options, rest) = split_options(args, &["-w", "-p", "-e", "-q", "-s"]);
        if has(&options, 'l') {
            let port = given(&options, &["-p"]).or_else(|| rest.last().copied());
            let port = port.and_then(|port| port.parse().ok()).unwrap_or(0);
            return self.serve_port(port, world);
        }
        let (Some(host), Some(port)) =
            (rest.first(), rest.get(1).and_then(|port| port.parse().ok()))
        else {
            self.err(
                world,
                "BusyBox v1.37.0 multi-call binary.\n\nUsage: nc [IPADDR PORT]\n",
            );
            return Outcome::Code(1);
        };
        let verbose = has(&options, 'v');
        match world.reach.connect(world.now, host, port, "/") {
            Reached::Http(..) | Reached::Open => {
                if verbose {
                    self.err(world, &format!("{host} ({host}:{port}) open\n"));
                }
                Outcome::Sleep(EXCHANGE, 0)
            }
            Reached::Refused(why) => {
                if verbose {
                    self.err(world, &format!("nc: {host} ({host}:{port}): {why}\n"));
                }
                Outcome::Sleep(EXCHANGE, 1)
            }
            Reached::NoAddress(why) => {
                self.err(world, &format!("nc: bad address '{host}'\n"));
                Outcome::Sleep(why.takes(), 1)
            }
            Reached::Silence => {
                self.err(
                    world,
                    &format!("nc: {host} ({host}:{port}): Connection timed out\n"),
                );
                Outcome::Sleep(patience(&options, &["-w"]), 1)
            }
        }
    }

    pub(super) fn nslookup(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else {
            return Outcome::Code(1);
        };
        let found = match world.reach.resolve(world.now, name) {
            Ok(found) => found,
            Err(why) => return self.nslookup_failed(name, why, world),
        };
        self.nameserver(world);
        for address in found {
            self.out(world, &format!("Name:\t{name}\nAddress: {address}\n"));
        }
        Outcome::Sleep(EXCHANGE, 0)
    }

    fn nameserver(&mut self, world: &mut World<'_>) {
        let server = world.reach.nameserver();
        let text = format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n");
        self.out(world, &text);
    }

    /// busybox asks twice in five seconds, whether it is refused or not heard.
    fn nslookup_failed(&mut self, name: &str, why: NoAddress, world: &mut World<'_>) -> Outcome {
        if why == NoAddress::NoSuchName {
            self.nameserver(world);
            self.out(world, &format!("** server can't find {name}: NXDOMAIN\n\n"));
            return Outcome::Sleep(EXCHANGE, 1);
        }
        if why == NoAddress::Refused {
            self.err(world, &"nslookup: read: Connection refused\n".repeat(2));
        }
        let lost = ";; connection timed out; no servers could be reached\n\n";
        self.out(world, lost);
        Outcome::Sleep(RESOLVER_PATIENCE, 1)
    }

    pub(super) fn ping(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let (options, rest) = split_options(args, &["-c", "-W", "-w", "-i", "-s", "-I"]);
        let Some(host) = rest.first() else {
            return Outcome::Code(1);
        };
        if let Err(why) = world.reach.resolve(world.now, host) {
            self.err(world, &format!("ping: bad address '{host}'\n"));
            return Outcome::Sleep(why.takes(), 1);
        }
        self.out(world, &format!("PING {host}: 56 data bytes\n"));
        match given(&options, &["-c"]).and_then(|count| count.parse::<u64>().ok()) {
            Some(count) => {
                Outcome::Sleep(Duration::from_secs(count.saturating_sub(1).min(86_400)), 0)
            }
            None => Outcome::Forever,
        }
    }
}
