//! Scripts as manifests have them, and what comes of them.

use super::super::catalogue::Image;
use super::super::files::{Files, View};
use super::super::log::Log;
use super::super::process::{Step, World};
use super::super::reference::Reference;
use super::super::serving::Socket;
use super::{Machine, NoAddress, Reach, Reached};
use crate::sim::Instant;
use std::collections::BTreeMap;

/// A world in which `web` answers HTTP from the thirtieth second on.
struct Web(Instant);

impl Reach for Web {
    fn connect(&mut self, _now: Instant, host: &str, port: u16, _path: &str) -> Reached {
        match (host, port) {
            ("web", 80) if self.0 >= Instant::from_secs(30) => Reached::Http(200, "hi\n".into()),
            ("web", 80) => Reached::Refused("Connection refused"),
            ("lost", _) => Reached::NoAddress(NoAddress::Silence),
            _ => Reached::NoAddress(NoAddress::NoSuchName),
        }
    }
    fn resolve(&mut self, _now: Instant, host: &str) -> Result<Vec<String>, NoAddress> {
        match host {
            "web" if self.0 >= Instant::from_secs(30) => Ok(vec!["10.96.3.4".into()]),
            "lost" => Err(NoAddress::Silence),
            _ => Err(NoAddress::NoSuchName),
        }
    }
    fn nameserver(&self) -> String {
        "10.96.0.10".into()
    }
}

struct Ran {
    /// The exit code and second of the end; none for what runs on.
    end: Option<(i32, u64)>,
    lines: Vec<String>,
    opened: Vec<Socket>,
    files: Files,
    steps: u32,
}

fn run_until(script: &str, image: &str, seconds: u64, stop_at: Option<u64>) -> Ran {
    let (image, _) = Image::find(&Reference::parse(image).unwrap());
    let argv: Vec<String> = ["sh", "-c", script].map(str::to_owned).into();
    let env = BTreeMap::from([("NAME".to_owned(), "world".to_owned())]);
    let mut machine = Machine::new(&argv, &env, image, Vec::new());
    let (mut files, mut volumes, mut log) = (Files::default(), BTreeMap::new(), Log::default());
    let (mut now, mut opened, mut steps) = (Instant::ZERO, Vec::new(), 0);
    let mut stopped = false;
    let end = loop {
        steps += 1;
        let mut reach = Web(now);
        let mut world = World {
            now,
            hostname: "pod-1",
            files: View {
                own: &mut files,
                volumes: &mut volumes,
                mounts: &[],
            },
            log: &mut log,
            reach: &mut reach,
            opened: &mut opened,
        };
        if !stopped && stop_at.is_some_and(|at| now >= Instant::from_secs(at)) {
            stopped = true;
            machine.terminate();
        }
        let next = match machine.step(&mut world) {
            Step::Exits(code) => break Some((code, now.0 / 1_000_000_000)),
            Step::Runs if stop_at.is_some() && !stopped => Instant::from_secs(stop_at.unwrap_or(0)),
            Step::Runs => break None,
            Step::Sleeps(at) => at,
        };
        let stop = stop_at.filter(|_| !stopped).map(Instant::from_secs);
        now = stop.map_or(next, |stop| next.min(stop.max(now)));
        if now > Instant::from_secs(seconds) {
            break None;
        }
    };
    Ran {
        end,
        lines: log.lines().map(|line| line.text.clone()).collect(),
        opened,
        files,
        steps,
    }
}

fn run(script: &str) -> Ran {
    run_until(script, "busybox", 10_000, None)
}

#[test]
fn scripts_end_with_their_code_at_their_time() {
    let table: &[(&str, i32, u64)] = &[
        ("exit 3", 3, 0),
        ("sleep 10; exit 1", 1, 10),
        ("sleep 1m && false", 1, 60),
        ("false || sleep 5", 0, 5),
        ("sh -c 'sleep 5; exit 7'", 7, 5),
        ("for i in 1 2 3; do sleep $i; done", 0, 6),
        (
            "i=0; while [ $i -lt 4 ]; do i=$((i+1)); sleep 2; done; exit $i",
            4,
            8,
        ),
        ("f() { sleep 3; return 9; }; f; exit $?", 9, 3),
        ("set -e; false; exit 5", 1, 0),
        (
            "set -e; if false; then exit 1; fi; false || true; exit 5",
            5,
            0,
        ),
        ("x=$(sleep 4; echo 2); exit $x", 2, 4),
        ("nosuchprogram", 127, 0),
        ("echo x | grep -q y", 1, 0),
        ("sleep 20 & sleep 5; exit 2", 2, 5),
        ("sleep 20 & wait; exit 2", 2, 20),
        ("until nslookup web; do sleep 2; done", 0, 30),
        ("nslookup lost", 1, 5),
        ("wget -q http://lost; exit 3", 3, 10),
        ("until wget -q -O- http://web; do sleep 4; done", 0, 32),
        (
            "while true; do sleep 1; test $((n=n+1)) -ge 6 && break; done; exit 4",
            4,
            6,
        ),
        ("timeout 5 sleep 60", 143, 5),
        ("case $NAME in w*) exit 11;; *) exit 12;; esac", 11, 0),
        ("(exit 6)", 6, 0),
        ("kill -9 1; echo ${MISSING:?gone}; exit 9", 2, 0),
    ];
    for (script, code, second) in table {
        assert_eq!(run(script).end, Some((*code, *second)), "{script}");
    }
}

#[test]
fn output_goes_where_it_is_sent() {
    let table: &[(&str, &[&str])] = &[
        (
            "echo hello $NAME; echo \"a  b\" 'c$NAME'",
            &["hello world", "a  b c$NAME"],
        ),
        (
            "echo one > /tmp/a; echo two >> /tmp/a; cat /tmp/a | wc -l",
            &["2"],
        ),
        ("echo quiet > /dev/null 2>&1", &[]),
        (
            "echo ${NAME#w} ${NAME%ld} ${#NAME} ${NONE:-x}",
            &["orld wor 5 x"],
        ),
        (
            "for i in $(seq 1 3); do echo $i; done | rev",
            &["1", "2", "3"],
        ),
        (
            "cat <<EOF\nhi $NAME\nEOF\necho after",
            &["hi world", "after"],
        ),
        (
            "wget --server-response http://nowhere 2>&1 | awk '/^wget/{print $3}'",
            &["address"],
        ),
        (
            "printf '%s-%d\\n' a 5; hostname; date +%Y",
            &["a-5", "pod-1", "2026"],
        ),
        (
            "mkdir -p /d; touch /d/x /d/y; ls /d; echo /d/*",
            &["x", "y", "/d/x /d/y"],
        ),
        ("a=1; (a=2); echo $a; { a=3; }; echo $a", &["1", "3"]),
    ];
    for (script, lines) in table {
        assert_eq!(run(script).lines, *lines, "{script}");
    }
}

#[test]
fn the_liveness_tutorial_file_comes_and_goes() {
    let script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600";
    let there = |seconds| {
        run_until(script, "busybox", seconds, None)
            .files
            .tree
            .contains_key("/tmp/healthy")
    };
    assert!(there(29));
    assert!(!there(31));
}

#[test]
fn a_loop_that_never_sleeps_is_held_up() {
    let ran = run_until("while true; do :; done", "busybox", 100, None);
    assert_eq!(ran.end, None);
    assert!(ran.steps <= 102, "{}", ran.steps);
    assert_eq!(
        run_until("f() { f; }; f", "busybox", 100, None).end,
        Some((2, 0))
    );
}

#[test]
fn handlers_of_term_run_after_what_is_in_the_foreground() {
    let stopped = |script: &str| run_until(script, "busybox", 1_000, Some(7)).end;
    assert_eq!(
        stopped("trap 'exit 0' TERM; while true; do sleep 5; done"),
        Some((0, 10))
    );
    assert_eq!(
        stopped("trap 'exit 3' TERM; sleep 500 & wait"),
        Some((3, 7))
    );
}

#[test]
fn servers_listen() {
    let ran = run_until(
        "echo hi > /tmp/x && nginx -g 'daemon off;'",
        "nginx",
        100,
        None,
    );
    assert_eq!(ran.end, None);
    assert_eq!(ran.opened[0].port, 80);
    let ran = run_until("python3 -m http.server 8000", "python", 100, None);
    assert_eq!(ran.opened[0].port, 8000);
    let ran = run_until("nc -lk -p 1234", "busybox", 100, None);
    assert_eq!(ran.opened[0].port, 1234);
}
