//! Group `kubectl`: commands with all that they wrote, one file a topic.
//!
//! What differs from run to run is taken out of both sides: ages, addresses,
//! random parts of names, versions and uids, and the width of columns.

use super::world::{ADMIN_TOKEN, World};
use super::{Group, entries, file_name, read_text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tabernetes::apiserver::http::{Answer, HttpResponse};
use tabernetes::apiserver::{Request, Response};
use tabernetes::kubectl::{self, Door};
use tabernetes::sim::Instant;

/// Replays every file of the folder.
pub fn play(folder: &Path) -> Group {
    let mut group = Group::default();
    for path in entries(folder) {
        let name = file_name(&path);
        if let Some(part) = name.strip_suffix(".jsonl") {
            let text = read_text(&path.with_extension("txt"));
            play_file(&read_text(&path), &text, part, &mut group);
        }
    }
    group
}

/// The world of the recorded commands, with the files that lay beside them.
struct Desk {
    world: World,
    files: BTreeMap<String, String>,
}

impl Door for Desk {
    fn http(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> HttpResponse {
        let mut headers = headers.to_vec();
        let token = format!("Bearer {ADMIN_TOKEN}");
        headers.push(("Authorization".to_owned(), token));
        match self.world.open(method, path, &headers, body) {
            Answer::Whole(response) => response,
            Answer::Stream(stream) => {
                self.world.cluster.close(stream);
                super::world::nobody()
            }
            Answer::Connect(_) => super::world::nobody(),
        }
    }

    fn request(&mut self, request: Request) -> Response {
        self.world.cluster.request(request)
    }

    fn wait(&mut self, span: Duration) {
        self.world.advance(span);
    }

    fn now(&self) -> Instant {
        self.world.cluster.now()
    }

    fn read(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }
}

/// What stands in the readable form before each command: files, and when it ran.
struct Before {
    files: Vec<(String, String)>,
    at: f64,
}

fn read_before(text: &str) -> Vec<Before> {
    let (mut all, mut files) = (Vec::new(), Vec::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("## file ") {
            let mut body = String::new();
            while let Some(inside) = lines.next_if(|line| line.starts_with('|')) {
                let inside = inside.trim_start_matches('|');
                body.push_str(inside.strip_prefix(' ').unwrap_or(inside));
                body.push('\n');
            }
            files.push((name.trim_end_matches(':').to_owned(), body));
        }
        let stamp = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("s] $ "));
        if let Some((seconds, _)) = stamp
            && let Ok(at) = seconds.trim().parse()
        {
            all.push(Before {
                files: std::mem::take(&mut files),
                at,
            });
        }
    }
    all
}

fn play_file(text: &str, readable: &str, part: &str, group: &mut Group) {
    let mut desk = Desk {
        world: World::new(),
        files: BTreeMap::new(),
    };
    let number = part.split('-').next().unwrap_or_default();
    let namespace = format!("kc-{number}");
    set_up(&mut desk.world, &namespace);
    let start = desk.now();
    let before = read_before(readable);
    for (index, line) in text.lines().filter(|line| !line.is_empty()).enumerate() {
        let case: Value = serde_json::from_str(line).unwrap_or_default();
        let command = case["cmd"].as_str().unwrap_or_default();
        if let Some(before) = before.get(index) {
            desk.files.extend(before.files.iter().cloned());
            // Recorded when it was over: most take a tenth of a second.
            let due = start + Duration::from_secs_f64((before.at - 0.1).max(0.0));
            if due > desk.now() {
                let span = due.since(desk.now());
                desk.wait(span);
            }
        }
        desk.wait(super::wait::BETWEEN);
        let id = format!("{number}-{:03}", index + 1);
        let difference = replay(&mut desk, &namespace, command, &case);
        group.add(
            part,
            id,
            difference.map(|why| format!("$ {command}: {why}")),
        );
    }
}

/// Three nodes and the namespace.
fn set_up(world: &mut World, namespace: &str) {
    for (index, zone) in ["zone-a", "zone-b", "zone-c"].iter().enumerate() {
        let name = format!("node-{}", index + 1);
        let amounts =
            json!({"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi"});
        let condition = |of: &str, status: &str, reason: &str| {
            json!({"type": of, "status": status, "reason": reason,
                "lastHeartbeatTime": "2026-01-05T09:15:00Z",
                "lastTransitionTime": "2026-01-05T09:15:00Z"})
        };
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {"sim/node": "true"},
                "labels": {
                    "beta.kubernetes.io/arch": "amd64",
                    "beta.kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/hostname": name,
                    "topology.kubernetes.io/zone": zone,
                },
            },
            "status": {
                "capacity": amounts,
                "allocatable": amounts,
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                    condition("Ready", "True", "KubeletReady"),
                ],
                "addresses": [
                    {"type": "InternalIP", "address": format!("192.168.77.1{}", index + 1)},
                    {"type": "Hostname", "address": name},
                ],
                "nodeInfo": {
                    "architecture": "amd64", "bootID": "b",
                    "containerRuntimeVersion": "containerd://1.7.0", "kernelVersion": "6.1.0",
                    "kubeProxyVersion": "v1.36.2", "kubeletVersion": "v1.36.2",
                    "machineID": "m", "operatingSystem": "linux",
                    "osImage": "Debian GNU/Linux 12 (bookworm)", "systemUUID": "u",
                },
            },
        });
        world.call("POST", "/api/v1/nodes", &node);
    }
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    world.call("POST", "/api/v1/namespaces", &space);
    // Topic 14 begins with pods that are there to be deleted.
    let names = "a1 a2 a3 a4 b1 b2 c1 c2 d1 d2 e1 e2 f1 g1 h1 h2";
    for name in names.split(' ').filter(|_| namespace == "kc-14") {
        let app = name.get(..1);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": app}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        });
        world.advance(Duration::from_millis(50));
        world.call(
            "POST",
            &format!("/api/v1/namespaces/{namespace}/pods"),
            &pod,
        );
    }
    world.advance(Duration::from_secs(3));
}

fn replay(desk: &mut Desk, namespace: &str, command: &str, case: &Value) -> Option<String> {
    let Some(words) = words(command) else {
        return Some("more than a kubectl command".to_owned());
    };
    let Some(("kubectl", args)) = words
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    else {
        return Some("not a kubectl command".to_owned());
    };
    let stdin = case["stdin"].as_str().unwrap_or_default();
    let finished = kubectl::run(desk, namespace, args, stdin);
    let streams = [
        ("stderr", finished.stderr.as_str()),
        ("stdout", finished.stdout.as_str()),
    ];
    for (stream, found) in streams {
        let wanted = case[stream].as_str().unwrap_or_default();
        let (wanted, found) = (steady(wanted), steady(found));
        if wanted != found {
            let mut pairs = wanted.lines().zip(found.lines());
            let differing = pairs.find(|(wanted, found)| wanted != found);
            return Some(match differing {
                Some((wanted, found)) => format!("{stream}: {wanted:?} but {found:?}"),
                None => format!(
                    "{stream}: {} lines but {}: {found:?}",
                    wanted.lines().count(),
                    found.lines().count()
                ),
            });
        }
    }
    let wanted = case["exit"].as_u64().unwrap_or(0);
    (wanted != u64::from(finished.exit)).then(|| format!("exit {wanted} but {}", finished.exit))
}

/// The words of a shell's line; none where it does more than call one program.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(characters.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(inside) = characters.next() {
                    match inside {
                        '"' => break,
                        '\\' => match characters.next() {
                            Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                            Some(other) => word.extend(['\\', other]),
                            None => return None,
                        },
                        other => word.push(other),
                    }
                }
            }
            ';' | '|' | '&' | '>' | '<' | '(' | ')' | '`' => return None,
            '\\' => word.get_or_insert_default().extend(characters.next()),
            ' ' => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// Text without what differs from run to run.
pub fn steady(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(steady_line).collect();
    lines.join("\n")
}

fn steady_line(line: &str) -> String {
    let line = line.trim_end();
    for field in ["resourceVersion: \"", "\"resourceVersion\": \""] {
        if let Some((before, after)) = line.split_once(field)
            && after.starts_with(|c: char| c.is_ascii_digit())
        {
            return format!("{before}{field}VERSION");
        }
    }
    let mut out = String::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-.:+".contains(c);
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(&steady_word(word));
        let gap = after.find(is_part).unwrap_or(after.len());
        let (between, after) = after.split_at(gap);
        // Columns may have other widths.
        match between.chars().filter(|c| *c == ' ').count() > 1 && !out.trim().is_empty() {
            true => out.push_str("  "),
            false => out.push_str(between),
        }
        rest = after;
    }
    out.trim_end().to_owned()
}

fn steady_word(word: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_age = |text: &str| {
        let mut parts = text.split_inclusive(['s', 'm', 'h', 'd', 'y']);
        !text.is_empty()
            && parts.all(|part| {
                part.strip_suffix(['s', 'm', 'h', 'd', 'y'])
                    .is_some_and(digits)
            })
    };
    if is_age(word) {
        return "AGE".to_owned();
    }
    let host = word.split(':').next().unwrap_or(word);
    let octets: Vec<&str> = host.split('.').collect();
    if octets.len() == 4 && octets.iter().all(|octet| digits(octet)) && host.starts_with("10.") {
        return word.replacen(host, "IP", 1);
    }
    let is_time =
        word.len() >= 19 && word.contains('T') && word.starts_with("20") && word.ends_with('Z');
    if is_time {
        return "TIME".to_owned();
    }
    let is_uid = word.len() == 36 && word.matches('-').count() == 4;
    if is_uid {
        return "UID".to_owned();
    }
    let random = |part: &str| {
        part.len() == 5
            && part
                .chars()
                .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    };
    if word.starts_with("zone-") {
        return "ZONE".to_owned();
    }
    // `80:31234`: a node port was drawn.
    if let Some((port, node_port)) = word.split_once(':')
        && digits(port)
        && node_port.len() == 5
        && digits(node_port)
    {
        return format!("{port}:NODEPORT");
    }
    // Go's way to write a template decides its hash.
    let hash = |part: &str| {
        (8..=10).contains(&part.len())
            && part
                .chars()
                .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    };
    if hash(word) {
        return "HASH".to_owned();
    }
    match word.rsplit_once('-') {
        Some((before, last)) if hash(last) => format!("{before}-HASH"),
        Some((before, last)) if random(last) && before.rsplit('-').next().is_some_and(hash) => {
            let name = before.rsplit_once('-').map_or(before, |(name, _)| name);
            format!("{name}-HASH-RANDOM")
        }
        Some((before, last)) if random(last) => format!("{before}-RANDOM"),
        _ => word.to_owned(),
    }
}
