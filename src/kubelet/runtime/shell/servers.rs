//! Programs that are started from a script and run on, and the few others that
//! images bring.

use super::super::catalogue::Does;
use super::super::launch::Launch;
use super::super::process::World;
use super::super::serving::{Protocol, Serves, Site, Socket};
use super::machine::{Machine, Outcome};
use super::network::Reached;
use std::time::Duration;

/// Programs of package managers and builders: they take a while, and succeed.
const BUSY: &[&str] = &[
    "apt-get", "apt", "apk", "yum", "dnf", "pip", "pip3", "npm", "yarn", "gem", "bundle", "mvn",
    "gradle", "make", "git", "unzip", "gzip", "gunzip", "dd", "openssl", "install", "kubectl",
    "helm",
];
/// Interpreters: they leave TERM to the script, and most scripts leave it alone.
const INTERPRETERS: &[&str] = &[
    "python", "python3", "node", "perl", "ruby", "php", "npm", "yarn",
];
/// How long those of [`BUSY`] take.
const BUSY_TIME: Duration = Duration::from_secs(4);

impl Machine {
    fn open_port(
        &self,
        protocol: Protocol,
        port: u16,
        serves: Serves,
        after: Duration,
        world: &mut World<'_>,
    ) {
        world.opened.push(Socket {
            protocol,
            port,
            loopback: false,
            serves,
            opens_at: world.now + after,
        });
    }

    /// A server on one port, for good.
    pub(super) fn serve_port(&mut self, port: u16, world: &mut World<'_>) -> Outcome {
        self.open_port(Protocol::Tcp, port, Serves::Silent, Duration::ZERO, world);
        Outcome::Forever
    }

    /// The program that the image is made for.
    pub(super) fn own_program(
        &mut self,
        name: &str,
        args: &[String],
        world: &mut World<'_>,
    ) -> Outcome {
        let asks = |arg: &str| args.iter().any(|other| other == arg);
        if name == "nginx" && (asks("-s") || asks("-t") || asks("-T") || asks("-v")) {
            return Outcome::Sleep(Duration::from_millis(20), 0);
        }
        let env = self.vars.clone();
        let launch = Launch {
            image: self.image,
            tag: "",
            command: Vec::new(),
            args: args.to_vec(),
            env: &env,
            ports: self.ports.clone(),
            now: world.now,
        };
        match (self.image.does)(&launch) {
            Does::End(after, code, says) => {
                self.err(world, &format!("{says}\n"));
                Outcome::Sleep(after, code)
            }
            Does::Serve(ports) => {
                let after = Duration::from_millis(self.image.starts_in_millis);
                for (protocol, port, serves) in ports {
                    self.open_port(protocol, port, serves, after, world);
                }
                self.out(world, self.image.says);
                self.replaced |= self.is_last();
                Outcome::Forever
            }
        }
    }

    /// A program that is there, but not part of the shell.
    pub(super) fn other_program(
        &mut self,
        name: &str,
        args: &[String],
        world: &mut World<'_>,
    ) -> Outcome {
        let text = args.join(" ");
        match name {
            "redis-cli" => self.client(
                6379,
                "PONG\n",
                "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n",
                world,
            ),
            "mysqladmin" | "mysql" | "mariadb" => self.client(
                3306,
                "mysqld is alive\n",
                "ERROR 2002 (HY000): Can't connect to local MySQL server\n",
                world,
            ),
            "pg_isready" | "psql" => self.client(
                5432,
                "/var/run/postgresql:5432 - accepting connections\n",
                "/var/run/postgresql:5432 - no response\n",
                world,
            ),
            "mongo" | "mongosh" => self.client(
                27017,
                "{ ok: 1 }\n",
                "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017\n",
                world,
            ),
            "rabbitmq-diagnostics" | "rabbitmqctl" => self.client(
                5672,
                "Ping succeeded\n",
                "Error: unable to perform an operation on node\n",
                world,
            ),
            "npm" | "yarn" if matches!(args.first().map(String::as_str), Some("start" | "run")) => {
                self.server(args, world)
            }
            name if BUSY.contains(&name) => Outcome::Sleep(BUSY_TIME, 0),
            name if INTERPRETERS.contains(&name) && script_ends(&text) => {
                self.inline_script(&text, world)
            }
            "stress" | "watch" | "vi" | "less" | "more" | "dmesg" | "tail" => Outcome::Forever,
            name => {
                self.replaced |= self.is_last() && !INTERPRETERS.contains(&name);
                self.server(args, world)
            }
        }
    }

    /// A client of a server in this pod.
    fn client(&mut self, port: u16, good: &str, bad: &str, world: &mut World<'_>) -> Outcome {
        match world.reach.connect(world.now, "127.0.0.1", port, "/") {
            Reached::Open | Reached::Http(..) => {
                self.out(world, good);
                Outcome::Sleep(Duration::from_millis(20), 0)
            }
            _ => {
                self.err(world, bad);
                Outcome::Sleep(Duration::from_millis(20), 1)
            }
        }
    }

    /// A server that nothing is known of: it listens where its arguments, or
    /// else the pod's ports, say.
    fn server(&mut self, args: &[String], world: &mut World<'_>) -> Outcome {
        let after = Duration::from_millis(self.image.starts_in_millis.max(200));
        let http_module = args
            .iter()
            .any(|arg| matches!(arg.as_str(), "http.server" | "SimpleHTTPServer"));
        let flag = args.iter().position(|arg| arg == "-p" || arg == "--port");
        let named = match (http_module, flag) {
            (true, _) => args.last().and_then(|arg| arg.parse().ok()).or(Some(8000)),
            (_, Some(at)) => args.get(at + 1).and_then(|arg| arg.parse().ok()),
            _ => None,
        };
        let ports: Vec<(Protocol, u16)> = match named {
            Some(port) => vec![(Protocol::Tcp, port)],
            None => self.ports.clone(),
        };
        for (protocol, port) in ports {
            let serves = match protocol {
                Protocol::Tcp => Serves::Http(Site::Text("ok".into())),
                Protocol::Udp => Serves::Plain,
            };
            self.open_port(protocol, port, serves, after, world);
        }
        Outcome::Forever
    }

    /// `python -c …`: ends, with the code that it names itself where it does so
    /// without a condition.
    fn inline_script(&mut self, text: &str, world: &mut World<'_>) -> Outcome {
        if text.contains("while True") || text.contains("serve_forever") {
            return self.server(&[], world);
        }
        let index = self
            .vars
            .get("JOB_COMPLETION_INDEX")
            .and_then(|index| index.parse::<i64>().ok());
        let exits: Vec<i32> = text
            .match_indices("exit(")
            .filter_map(|(at, found)| {
                let rest = text.get(at + found.len()..)?;
                rest.split(')').next()?.trim().parse().ok()
            })
            .collect();
        let code = match (index, exits.as_slice()) {
            (_, []) => 0,
            (Some(index), [odd]) if text.contains("% 2 == 0") => {
                if index % 2 == 0 {
                    *odd
                } else {
                    0
                }
            }
            (Some(index), many) => {
                let at = usize::try_from(index).unwrap_or(0).min(many.len() - 1);
                many.get(at).copied().unwrap_or(0)
            }
            (None, [only]) if !text.contains("if ") => *only,
            (None, many) => many.last().copied().unwrap_or(0),
        };
        Outcome::Sleep(Duration::from_millis(60), code)
    }
}

/// Whether an interpreter was given a script that ends.
fn script_ends(text: &str) -> bool {
    ["-c ", "-e ", "-Mbignum", "--version", "-V"]
        .iter()
        .any(|flag| text.starts_with(flag))
}
