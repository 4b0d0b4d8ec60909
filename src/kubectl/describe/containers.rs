//! Containers, of pods and of templates.

use super::{Lines, or, time};
use crate::kubectl::value::{entries, items, number, plain, text};
use serde_json::Value;

/// Containers with what became of them; templates have no statuses.
pub(super) fn containers(
    lines: &mut Lines,
    title: &str,
    specs: &[Value],
    statuses: &[Value],
    level: usize,
    pod: &Value,
) {
    let none = if specs.is_empty() { " <none>" } else { "" };
    lines.put(level, format!("{title}:{none}"));
    let indent = if level == 0 { "  " } else { " " };
    for spec in specs {
        let status = statuses
            .iter()
            .find(|status| status["name"] == spec["name"]);
        lines.put(level, format!("{indent}{}:", text(spec, "/name")));
        container(
            lines,
            spec,
            status,
            level + usize::from(level == 0),
            pod,
            indent,
        );
    }
}

fn container(
    lines: &mut Lines,
    spec: &Value,
    status: Option<&Value>,
    level: usize,
    _pod: &Value,
    _indent: &str,
) {
    let at = level + 1;
    if let Some(status) = status {
        lines.put(
            at,
            format!("Container ID:\t{}", text(status, "/containerID")),
        );
    }
    lines.put(at, format!("Image:\t{}", text(spec, "/image")));
    if let Some(status) = status {
        lines.put(at, format!("Image ID:\t{}", text(status, "/imageID")));
    }
    ports(lines, spec, at);
    for (key, field) in [("Command", "command"), ("Args", "args")] {
        let words = items(spec, &format!("/{field}"));
        if !words.is_empty() {
            lines.put(at, format!("{key}:"));
            for word in words {
                for line in plain(word).split('\n') {
                    lines.put(at + 1, line);
                }
            }
        }
    }
    if let Some(status) = status {
        state(lines, "State", &status["state"], at);
        let last = &status["lastState"];
        if last.get("terminated").is_some() {
            state(lines, "Last State", last, at);
        }
        let ready = status["ready"] == true;
        lines.put(
            at,
            format!("Ready:\t{}", if ready { "True" } else { "False" }),
        );
        lines.put(
            at,
            format!("Restart Count:\t{}", number(status, "/restartCount")),
        );
    }
    for (key, field) in [("Limits", "limits"), ("Requests", "requests")] {
        let amounts = entries(spec, &format!("/resources/{field}"));
        if !amounts.is_empty() {
            lines.put(at, format!("{key}:"));
            for (resource, amount) in amounts {
                lines.put(at + 1, format!("{resource}:\t{}", plain(amount)));
            }
        }
    }
    for (key, field) in [
        ("Liveness", "livenessProbe"),
        ("Readiness", "readinessProbe"),
        ("Startup", "startupProbe"),
    ] {
        if let Some(it) = spec.get(field) {
            lines.put(at, format!("{key}:\t{}", probe(it)));
        }
    }
    environment(lines, spec, at);
    mounts(lines, spec, at);
}

fn ports(lines: &mut Lines, spec: &Value, at: usize) {
    let all = items(spec, "/ports");
    let of = |field: &str| {
        let texts: Vec<String> = all
            .iter()
            .map(|port| {
                let named = text(port, "/name");
                let name = match (field, named) {
                    ("containerPort", named) if !named.is_empty() => format!(" ({named})"),
                    _ => String::new(),
                };
                let number = number(port, &format!("/{field}"));
                format!("{number}/{}{name}", text(port, "/protocol"))
            })
            .collect();
        match texts.is_empty() {
            true => "<none>".to_owned(),
            false => texts.join(", "),
        }
    };
    let many = if all.len() > 1 { "s" } else { "" };
    lines.put(at, format!("Port{many}:\t{}", of("containerPort")));
    lines.put(at, format!("Host Port{many}:\t{}", of("hostPort")));
}

fn state(lines: &mut Lines, key: &str, state: &Value, at: usize) {
    if let Some(running) = state.get("running") {
        lines.put(at, format!("{key}:\tRunning"));
        lines.put(
            at + 1,
            format!("Started:\t{}", time(text(running, "/startedAt"))),
        );
    } else if let Some(waiting) = state.get("waiting") {
        lines.put(at, format!("{key}:\tWaiting"));
        let reason = text(waiting, "/reason");
        if !reason.is_empty() {
            lines.put(at + 1, format!("Reason:\t{reason}"));
        }
    } else if let Some(ended) = state.get("terminated") {
        lines.put(at, format!("{key}:\tTerminated"));
        for (key, pointer) in [("Reason", "/reason"), ("Message", "/message")] {
            if !text(ended, pointer).is_empty() {
                lines.put(at + 1, format!("{key}:\t{}", text(ended, pointer)));
            }
        }
        lines.put(
            at + 1,
            format!("Exit Code:\t{}", number(ended, "/exitCode")),
        );
        lines.put(
            at + 1,
            format!("Started:\t{}", time(text(ended, "/startedAt"))),
        );
        lines.put(
            at + 1,
            format!("Finished:\t{}", time(text(ended, "/finishedAt"))),
        );
    } else {
        lines.put(at, format!("{key}:\tWaiting"));
    }
}

/// `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3`.
fn probe(probe: &Value) -> String {
    let of = |field: &str, default: i64| {
        let found = probe.get(field).and_then(Value::as_i64);
        found.unwrap_or(default)
    };
    let rest = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        of("initialDelaySeconds", 0),
        of("timeoutSeconds", 1),
        of("periodSeconds", 10),
        of("successThreshold", 1),
        of("failureThreshold", 3)
    );
    let what = if let Some(get) = probe.get("httpGet") {
        let scheme = or(text(get, "/scheme"), "HTTP").to_lowercase();
        let port = get.get("port").map(plain).unwrap_or_default();
        format!(
            "http-get {scheme}://{}:{port}{}",
            text(get, "/host"),
            text(get, "/path")
        )
    } else if let Some(socket) = probe.get("tcpSocket") {
        let port = socket.get("port").map(plain).unwrap_or_default();
        format!("tcp-socket {}:{port}", text(socket, "/host"))
    } else if let Some(grpc) = probe.get("grpc") {
        format!(
            "grpc <pod>:{} {}",
            number(grpc, "/port"),
            text(grpc, "/service")
        )
    } else {
        let words: Vec<String> = items(probe, "/exec/command").iter().map(plain).collect();
        format!("exec [{}]", words.join(" "))
    };
    format!("{what} {rest}")
}

fn environment(lines: &mut Lines, spec: &Value, at: usize) {
    let from = items(spec, "/envFrom");
    if !from.is_empty() {
        lines.put(at, "Environment Variables from:");
    }
    for it in from {
        let (kind, source) = match it.get("configMapRef") {
            Some(source) => ("ConfigMap", source),
            None => ("Secret", &it["secretRef"]),
        };
        let prefix = match text(it, "/prefix") {
            "" => String::new(),
            prefix => format!(" with prefix '{prefix}'"),
        };
        let optional = source["optional"] == true;
        let name = text(source, "/name");
        lines.put(
            at + 1,
            format!("{name}\t{kind}{prefix}\tOptional: {optional}"),
        );
    }
    let env = items(spec, "/env");
    if env.is_empty() {
        return lines.put(at, "Environment:\t<none>");
    }
    lines.put(at, "Environment:");
    for it in env {
        let name = text(it, "/name");
        let Some(source) = it.get("valueFrom") else {
            for (index, line) in text(it, "/value").split('\n').enumerate() {
                match index {
                    0 => lines.put(at + 1, format!("{name}:\t{line}")),
                    _ => lines.put(at + 1, format!("\t{line}")),
                }
            }
            continue;
        };
        let of = |field: &str, word: &str| {
            let it = source.get(field)?;
            let optional = it["optional"] == true;
            let (key, from) = (text(it, "/key"), text(it, "/name"));
            Some(format!(
                "<set to the key '{key}' {word} '{from}'>\tOptional: {optional}"
            ))
        };
        let told = if let Some(field) = source.get("fieldRef") {
            let version = or(text(field, "/apiVersion"), "v1");
            format!(" ({version}:{})", text(field, "/fieldPath"))
        } else if let Some(field) = source.get("resourceFieldRef") {
            format!(" ({})", text(field, "/resource"))
        } else {
            of("configMapKeyRef", "of config map")
                .or_else(|| of("secretKeyRef", "in secret"))
                .unwrap_or_default()
        };
        lines.put(at + 1, format!("{name}:\t{told}"));
    }
}

fn mounts(lines: &mut Lines, spec: &Value, at: usize) {
    let mut all: Vec<&Value> = items(spec, "/volumeMounts").iter().collect();
    if all.is_empty() {
        return lines.put(at, "Mounts:\t<none>");
    }
    all.sort_by_key(|mount| text(mount, "/mountPath"));
    lines.put(at, "Mounts:");
    for mount in all {
        let mut flags = vec![
            if mount["readOnly"] == true {
                "ro"
            } else {
                "rw"
            }
            .to_owned(),
        ];
        let sub = text(mount, "/subPath");
        if !sub.is_empty() {
            flags.push(format!("path={sub:?}"));
        }
        let (path, name) = (text(mount, "/mountPath"), text(mount, "/name"));
        lines.put(at + 1, format!("{path} from {name} ({})", flags.join(",")));
    }
}
