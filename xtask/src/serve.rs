//! `cargo xtask serve`: the page on 127.0.0.1, rebuilt and reloaded when a file changes.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use crate::checkout::{self, Checkout};
use crate::setup;
use crate::shell::{self, Failure, Result};

const PORT_DEFAULT: u16 = 8080;
/// How many ports after the wanted one are tried when it is taken.
const PORTS_TRIED: u16 = 20;
/// How often it is looked whether the server is up.
const LOOK_EVERY: Duration = Duration::from_millis(200);

struct Options {
    /// `None`: the default port, or the next free one.
    port: Option<u16>,
    open: bool,
}

/// Sets up, builds and serves until interrupted.
///
/// # Errors
/// When the set-up fails or the server ends.
pub fn run(checkout: &Checkout, arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    setup::for_the_page(checkout)?;
    let port = choose_port(options.port)?;
    shell::say(
        "build the page, serve it, rebuild when a file changes",
        "first build 2 to 4 minutes, later ones seconds",
    );
    let mut trunk = checkout.command("trunk");
    checkout::quick_wasm(&mut trunk)
        .args([
            "serve",
            "--dist",
            "build/serve",
            "--port",
            &port.to_string(),
        ])
        .env_remove("NO_COLOR");
    if options.open {
        trunk.arg("--open");
    }
    announce_when_up(port);
    shell::run(&mut trunk)
}

/// Says the address once somebody answers there: the first build comes before.
fn announce_when_up(port: u16) {
    std::thread::spawn(move || {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            std::thread::sleep(LOOK_EVERY);
        }
        println!("\n    The page is at  http://127.0.0.1:{port}/  (Ctrl-C ends it)\n");
    });
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        port: None,
        open: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--open" => options.open = true,
            "--port" => {
                let port = rest.next().and_then(|text| text.parse().ok());
                options.port = Some(
                    port.ok_or_else(|| Failure::new("`--port` needs a number from 1 to 65535"))?,
                );
            }
            other => {
                return Err(Failure::new(format!(
                    "`serve` does not know `{other}`; it takes `--port N` and `--open`"
                )));
            }
        }
    }
    Ok(options)
}

fn choose_port(wanted: Option<u16>) -> Result<u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    match wanted {
        Some(port) if is_free(port) => Ok(port),
        Some(port) => Err(Failure::new(format!(
            "port {port} is taken by another program; choose another with `--port N`"
        ))),
        None => {
            let mut ports = PORT_DEFAULT..PORT_DEFAULT + PORTS_TRIED;
            ports.find(|port| is_free(*port)).ok_or_else(|| {
                Failure::new(format!(
                    "no free port from {PORT_DEFAULT} on; choose one with `--port N`"
                ))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read_and_wrong_ones_named() {
        let options = parse(&words("--port 9000 --open")).expect("valid");
        assert_eq!(options.port, Some(9000));
        assert!(options.open);
        assert_eq!(parse(&[]).expect("valid").port, None);
        for wrong in ["--port", "--port x", "--port 70000", "--prot 1"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
