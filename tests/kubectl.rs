//! The real kubectl against `tabernetes serve` on loopback. Where there is no
//! kubectl on the PATH, every case counts as skipped, and says so.

mod clients;

use clients::{Folder, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};

/// What it is about, and how it is tried.
type Case = (&'static str, fn(&Kubectl));

/// The cases, in the order in which they run.
const CASES: &[Case] = &[
    (
        "objects are created, read in every form and deleted",
        objects,
    ),
    ("typed clients create in protobuf", typed),
    (
        "what the server knows is listed, and who may do what",
        knowledge,
    ),
    ("deployments roll out, scale, go back", deployments),
    ("labels, annotations and patches", labels),
    (
        "logs: tails, times, the instance before, upstream's errors",
        logs,
    ),
    (
        "commands run in containers, with exit codes and input",
        commands,
    ),
    ("small files are copied in and out", copies),
    ("ports are forwarded to a pod", forwards),
    (
        "proxies reach pods, services and nodes through the network",
        proxies,
    ),
    ("a running container is attached to", attaches),
    ("nodes are cordoned, tainted and drained", nodes),
    ("changes are watched", watches),
    ("describe tells of pods and nodes", describes),
    ("over HTTPS, with the certificate of the kubeconfig", https),
];

const MANIFEST: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: \"nginx:1.27\", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {app: box}}
spec:
  containers:
  - name: box
    image: busybox:1.36
    command: [sh, -c, \"i=0; while true; do echo tick $i; i=$((i+1)); sleep 1; done\"]
---
apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  containers:
  - {name: a, image: \"busybox:1.36\", command: [sh, -c, \"echo from a; sleep 3600\"]}
  - {name: b, image: \"busybox:1.36\", command: [sh, -c, \"echo from b; sleep 3600\"]}
---
apiVersion: v1
kind: Pod
metadata: {name: crash}
spec:
  containers:
  - {name: c, image: \"busybox:1.36\", command: [sh, -c, \"echo dying; exit 3\"]}
";

/// A kubectl that talks to one server.
struct Kubectl {
    server: Server,
    files: Folder,
}

impl Kubectl {
    fn start(arguments: &[&str]) -> Kubectl {
        let files = Folder::new();
        let file = files.write("manifest.yaml", MANIFEST);
        let file = file.display().to_string();
        let mut all = vec!["--speed", "10", "--manifest", &file];
        all.extend(arguments);
        let kubectl = Kubectl {
            server: Server::start(&all),
            files,
        };
        kubectl.server.advance("30s");
        kubectl
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command
            .env("KUBECONFIG", &self.server.kubeconfig)
            .env("HOME", &self.files.0)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("kubectl runs")
    }

    /// What a command prints that succeeds.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {error}{text}"
        );
        text
    }

    /// What a command tells that fails.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            !output.status.success(),
            "kubectl {arguments:?} succeeded: {text}"
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A command that is given input.
    fn with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("kubectl runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    }

    fn pod_of(&self, selector: &str) -> String {
        let path = "jsonpath={.items[0].metadata.name}";
        self.run(&["get", "pods", "-l", selector, "-o", path])
    }
}

fn assert_has(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

fn objects(kubectl: &Kubectl) {
    let file = kubectl.files.write(
        "config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue}\n",
    );
    let file = file.display().to_string();
    let create = ["create", "-f", &file];
    assert_eq!(kubectl.run(&create), "configmap/settings created\n");
    assert_has(&kubectl.fails(&create), "Error from server (AlreadyExists)");
    let apply = ["apply", "-f", &file];
    assert_has(&kubectl.run(&apply), "configmap/settings configured");
    assert_eq!(kubectl.run(&apply), "configmap/settings unchanged\n");
    let misspelled = kubectl.files.write(
        "misspelled.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndate: {color: blue}\n",
    );
    let misspelled = ["apply", "-f", &misspelled.display().to_string()];
    let refused = "strict decoding error: unknown field \"date\"";
    assert_has(&kubectl.fails(&misspelled), refused);
    let get = |form: &str| kubectl.run(&["get", "configmap", "settings", "-o", form]);
    assert_eq!(get("name"), "configmap/settings\n");
    assert_eq!(get("jsonpath={.data.color}"), "blue");
    assert_has(&get("json"), "\"color\": \"blue\"");
    assert_has(&get("yaml"), "color: blue");
    assert_has(
        &get("custom-columns=N:.metadata.name,C:.data.color"),
        "settings   blue",
    );
    assert_has(&kubectl.run(&["get", "pods", "-A"]), "kube-system");
    let table = kubectl.run(&["get", "pod", "box", "-o", "wide"]);
    let heads: Vec<&str> = table
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    assert_eq!(
        heads.get(..6),
        Some(&["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"][..])
    );
    assert_has(&table, "1/1     Running");
    let delete = ["delete", "configmap", "settings"];
    assert_eq!(kubectl.run(&delete), "configmap \"settings\" deleted\n");
    assert_has(&kubectl.fails(&delete), "configmaps \"settings\" not found");
    assert_has(
        &kubectl.run(&["create", "namespace", "shop"]),
        "namespace/shop created",
    );
    let secret = [
        "create",
        "secret",
        "generic",
        "s",
        "--from-literal=a=b",
        "-n",
        "shop",
    ];
    assert_has(&kubectl.run(&secret), "secret/s created");
    assert_has(&kubectl.run(&["delete", "namespace", "shop"]), "deleted");
    assert_has(
        &kubectl.fails(&["get", "secret", "s", "-n", "shop"]),
        "not found",
    );
}

fn typed(kubectl: &Kubectl) {
    let create = |rest: &[&str]| {
        let all: Vec<&str> = ["create"].iter().chain(rest).copied().collect();
        kubectl.run(&all)
    };
    let made = create(&[
        "deployment",
        "many",
        "--image=nginx:1.27",
        "--replicas=2",
        "--port=80",
    ]);
    assert_eq!(made, "deployment.apps/many created\n");
    kubectl.run(&["rollout", "status", "deploy/many", "--timeout=60s"]);
    create(&["service", "clusterip", "many", "--tcp=8080:80"]);
    let target = "jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}";
    assert_eq!(
        kubectl.run(&["get", "service", "many", "-o", target]),
        "8080 80 many"
    );
    create(&[
        "job",
        "once",
        "--image=busybox:1.36",
        "--",
        "sh",
        "-c",
        "echo done",
    ]);
    create(&[
        "cronjob",
        "often",
        "--image=busybox:1.36",
        "--schedule=*/5 * * * *",
    ]);
    create(&["serviceaccount", "worker"]);
    create(&["role", "reader", "--verb=get,list", "--resource=pods"]);
    create(&[
        "rolebinding",
        "readers",
        "--role=reader",
        "--serviceaccount=default:worker",
    ]);
    create(&["quota", "small", "--hard=pods=100"]);
    create(&["priorityclass", "low", "--value=10"]);
    create(&["ingress", "door", "--rule=example.com/*=many:8080"]);
    create(&[
        "poddisruptionbudget",
        "kept",
        "--selector=app=many",
        "--min-available=1",
    ]);
    let verbs = kubectl.run(&["get", "role", "reader", "-o", "jsonpath={.rules[0].verbs}"]);
    assert_eq!(verbs, r#"["get","list"]"#);
    let data = "--from-literal=password=s3cret";
    create(&["secret", "generic", "login", data]);
    let password = kubectl.run(&["get", "secret", "login", "-o", "jsonpath={.data.password}"]);
    assert_eq!(password, "czNjcmV0");
    assert_has(
        &kubectl.run(&["run", "single", "--image=nginx:1.27"]),
        "pod/single created",
    );
    kubectl.run(&[
        "delete",
        "deploy/many",
        "service/many",
        "pod/single",
        "quota/small",
    ]);
}

fn knowledge(kubectl: &Kubectl) {
    let known = kubectl.run(&["api-resources"]);
    for word in [
        "deployments",
        "apps/v1",
        "po ",
        "PodDisruptionBudget",
        "events.k8s.io/v1",
    ] {
        assert_has(&known, word);
    }
    assert_has(&kubectl.run(&["api-versions"]), "networking.k8s.io/v1");
    assert_has(&kubectl.run(&["version"]), "Server Version: v1.36");
    assert_eq!(kubectl.run(&["auth", "can-i", "delete", "pods"]), "yes\n");
    assert_has(&kubectl.run(&["events"]), "Scheduled");
    assert_eq!(kubectl.run(&["get", "--raw", "/readyz"]), "ok");
    assert_has(&kubectl.run(&["cluster-info"]), "Kubernetes control plane");
}

fn deployments(kubectl: &Kubectl) {
    let status = |timeout: &str| kubectl.run(&["rollout", "status", "deploy/web", timeout]);
    assert_has(&status("--timeout=60s"), "successfully rolled out");
    assert_has(
        &kubectl.run(&["scale", "deploy/web", "--replicas=3"]),
        "scaled",
    );
    assert_has(&status("--timeout=60s"), "successfully rolled out");
    let ready = [
        "wait",
        "--for=condition=Ready",
        "pod",
        "-l",
        "app=web",
        "--timeout=60s",
    ];
    assert_eq!(kubectl.run(&ready).lines().count(), 3);
    assert_has(
        &kubectl.run(&["set", "image", "deploy/web", "nginx=nginx:1.26"]),
        "image updated",
    );
    assert_has(&status("--timeout=60s"), "successfully rolled out");
    assert_has(
        &kubectl.run(&["rollout", "history", "deploy/web"]),
        "REVISION",
    );
    assert_has(
        &kubectl.run(&["rollout", "undo", "deploy/web"]),
        "rolled back",
    );
    assert_has(&status("--timeout=60s"), "successfully rolled out");
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    assert_eq!(
        kubectl.run(&["get", "deploy", "web", "-o", image]),
        "nginx:1.27"
    );
    assert_has(
        &kubectl.run(&["rollout", "restart", "deploy/web"]),
        "restarted",
    );
    assert_has(&status("--timeout=60s"), "successfully rolled out");
    assert_has(&kubectl.run(&["rollout", "pause", "deploy/web"]), "paused");
    assert_has(
        &kubectl.run(&["rollout", "resume", "deploy/web"]),
        "resumed",
    );
    assert_has(
        &kubectl.run(&["expose", "deploy/web", "--name=again", "--port=80"]),
        "exposed",
    );
}

fn labels(kubectl: &Kubectl) {
    assert_has(
        &kubectl.run(&["label", "pod", "box", "tier=low"]),
        "labeled",
    );
    assert_has(
        &kubectl.fails(&["label", "pod", "box", "tier=high"]),
        "--overwrite",
    );
    let of_tier = ["get", "pods", "-l", "tier=low", "-o", "name"];
    assert_eq!(kubectl.run(&of_tier), "pod/box\n");
    assert_has(&kubectl.run(&["label", "pod", "box", "tier-"]), "unlabeled");
    assert_has(
        &kubectl.run(&["annotate", "pod", "box", "why=test"]),
        "annotated",
    );
    let patch = r#"{"metadata":{"annotations":{"why":"patched"}}}"#;
    for kind in ["strategic", "merge"] {
        kubectl.run(&["patch", "pod", "box", "--type", kind, "-p", patch]);
    }
    let json = r#"[{"op":"remove","path":"/metadata/annotations/why"}]"#;
    assert_has(
        &kubectl.run(&["patch", "pod", "box", "--type", "json", "-p", json]),
        "patched",
    );
    let why = kubectl.run(&[
        "get",
        "pod",
        "box",
        "-o",
        "jsonpath={.metadata.annotations.why}",
    ]);
    assert_eq!(why, "");
}

fn logs(kubectl: &Kubectl) {
    let tail = kubectl.run(&["logs", "box", "--tail=2"]);
    assert!(
        tail.lines().count() == 2 && tail.starts_with("tick "),
        "{tail}"
    );
    let timed = kubectl.run(&["logs", "box", "--tail=1", "--timestamps"]);
    assert!(
        timed.starts_with("2026-01-05T09:") && timed.contains("Z tick "),
        "{timed}"
    );
    let since = kubectl.run(&["logs", "box", "--since=5s"]);
    assert!((3..=7).contains(&since.lines().count()), "{since}");
    assert_eq!(kubectl.run(&["logs", "box", "--limit-bytes=4"]), "tick");
    assert_eq!(kubectl.run(&["logs", "pair", "-c", "b"]), "from b\n");
    let both = kubectl.run(&["logs", "pair", "--all-containers", "--tail=9"]);
    assert!(
        both.contains("from a\n") && both.contains("from b\n"),
        "{both}"
    );
    let previous = kubectl.fails(&["logs", "box", "--previous"]);
    assert_has(
        &previous,
        "Error from server (BadRequest): previous terminated container \"box\" in pod \"box\" not found",
    );
    assert_has(
        &kubectl.fails(&["logs", "pair", "-c", "z"]),
        "container z is not valid for pod pair",
    );
    assert_eq!(kubectl.run(&["logs", "crash", "--previous"]), "dying\n");
    let mut follow = kubectl
        .command(&["logs", "-f", "box", "--tail=0"])
        .spawn()
        .expect("it runs");
    let out = follow.stdout.take().expect("it is piped");
    let lines = BufReader::new(out).lines().take(3);
    let ticks: Vec<String> = lines.map_while(Result::ok).collect();
    let _ended = follow.kill().and_then(|()| follow.wait());
    assert!(
        ticks.len() == 3 && ticks.iter().all(|line| line.starts_with("tick ")),
        "{ticks:?}"
    );
}

fn commands(kubectl: &Kubectl) {
    let exec = |rest: &[&str]| {
        let all: Vec<&str> = ["exec", "box", "--"].iter().chain(rest).copied().collect();
        kubectl.output(&all)
    };
    let told = exec(&["sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert_eq!(told.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&told.stdout), "out\n");
    let error = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(error, "err\ncommand terminated with exit code 3\n");
    assert_eq!(exec(&["hostname"]).stdout, b"box\n");
    let unknown = exec(&["nosuch"]);
    let error = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_has(
        &error,
        "exec: \"nosuch\": executable file not found in $PATH: unknown",
    );
    let slow = exec(&["sh", "-c", "sleep 20; echo awake"]);
    assert_eq!(slow.stdout, b"awake\n", "it goes on in virtual time");
    let typed = kubectl.with_input(
        &["exec", "-i", "box", "--", "sh"],
        "cd /tmp\npwd\necho $((2+3))\nexit 4\n",
    );
    assert_eq!(String::from_utf8_lossy(&typed.stdout), "/tmp\n5\n");
    assert_eq!(typed.status.code(), Some(4));
    let piped = kubectl.with_input(&["exec", "-i", "box", "--", "wc", "-l"], "a\nb\n");
    assert_eq!(String::from_utf8_lossy(&piped.stdout).trim(), "2");
    let asked = kubectl.run(&["exec", "box", "--", "wget", "-q", "-O", "-", "http://web/"]);
    assert_has(&asked, "Welcome to nginx!");
    assert_has(
        &kubectl.fails(&["exec", "none", "--", "ls"]),
        "pods \"none\" not found",
    );
}

fn copies(kubectl: &Kubectl) {
    let text = "first line\nzweite Zeile: é\n";
    let file = kubectl.files.write("sent.txt", text).display().to_string();
    kubectl.run(&["cp", &file, "box:/tmp/got.txt"]);
    assert_eq!(
        kubectl.run(&["exec", "box", "--", "cat", "/tmp/got.txt"]),
        text
    );
    let back = kubectl.files.0.join("back.txt");
    kubectl.run(&["cp", "box:/tmp/got.txt", &back.display().to_string()]);
    assert_eq!(std::fs::read_to_string(&back).expect("it was copied"), text);
}

fn forwards(kubectl: &Kubectl) {
    let pod = kubectl.pod_of("app=web");
    let arguments = ["port-forward", "--address=127.0.0.1", &pod, ":80"];
    let mut forward = kubectl.command(&arguments).spawn().expect("kubectl runs");
    let out = forward.stdout.take().expect("it is piped");
    let mut line = String::new();
    // Kept open: kubectl tells of every connection.
    let mut out = BufReader::new(out);
    out.read_line(&mut line).expect("it says where");
    let address = line.split(' ').nth(2).unwrap_or_default().to_owned();
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut text = String::new();
        let _closed = stream.read_to_string(&mut text);
        text
    };
    let pages = [ask("/"), ask("/nope"), ask("/")];
    let _ended = forward.kill().and_then(|()| forward.wait());
    assert!(pages[0].starts_with("HTTP/1.1 200 OK") && pages[0].contains("Welcome to nginx!"));
    assert!(pages[2].contains("Welcome to nginx!"), "{:?}", pages[2]);
}

fn proxies(kubectl: &Kubectl) {
    let raw = |path: &str| kubectl.run(&["get", "--raw", path]);
    let pod = kubectl.pod_of("app=web");
    let root = "/api/v1/namespaces/default";
    for path in [
        format!("{root}/pods/{pod}/proxy/"),
        format!("{root}/pods/http:{pod}:80/proxy/"),
        format!("{root}/services/web/proxy/"),
        format!("{root}/services/web:80/proxy/"),
    ] {
        assert_has(&raw(&path), "Welcome to nginx!");
    }
    assert_eq!(raw("/api/v1/nodes/node-1/proxy/healthz"), "ok");
    let closed = kubectl.fails(&["get", "--raw", &format!("{root}/pods/box:99/proxy/")]);
    assert_has(&closed, "error trying to reach service: dial tcp");
    assert_has(&closed, "connect: connection refused");
}

fn attaches(kubectl: &Kubectl) {
    let mut attach = kubectl
        .command(&["attach", "box"])
        .spawn()
        .expect("kubectl runs");
    let out = attach.stdout.take().expect("it is piped");
    let lines = BufReader::new(out).lines().take(2);
    let ticks: Vec<String> = lines.map_while(Result::ok).collect();
    let _ended = attach.kill().and_then(|()| attach.wait());
    assert!(
        ticks.iter().all(|line| line.starts_with("tick ")),
        "{ticks:?}"
    );
    assert_eq!(ticks.len(), 2);
}

fn nodes(kubectl: &Kubectl) {
    assert_has(&kubectl.run(&["cordon", "node-3"]), "node/node-3 cordoned");
    let flag = [
        "get",
        "node",
        "node-3",
        "-o",
        "jsonpath={.spec.unschedulable}",
    ];
    assert_eq!(kubectl.run(&flag), "true");
    assert_has(&kubectl.run(&["uncordon", "node-3"]), "uncordoned");
    assert_has(
        &kubectl.run(&["taint", "node", "node-3", "a=b:NoSchedule"]),
        "tainted",
    );
    assert_has(
        &kubectl.run(&["taint", "node", "node-3", "a-"]),
        "untainted",
    );
    let node = "jsonpath={.items[0].spec.nodeName}";
    let node = kubectl.run(&["get", "pods", "-l", "app=web", "-o", node]);
    let drain = [
        "drain",
        &node,
        "--ignore-daemonsets",
        "--force",
        "--timeout=60s",
    ];
    assert_has(&kubectl.run(&drain), "drained");
    let left = format!("spec.nodeName={node}");
    let left = [
        "get",
        "pods",
        "-l",
        "app=web",
        "--field-selector",
        &left,
        "-o",
        "name",
    ];
    assert_eq!(kubectl.run(&left), "");
    kubectl.run(&["uncordon", &node]);
}

fn watches(kubectl: &Kubectl) {
    let arguments = [
        "get",
        "configmaps",
        "-w",
        "--output-watch-events",
        "-o",
        "name",
    ];
    let mut watch = kubectl.command(&arguments).spawn().expect("kubectl runs");
    let mut lines = BufReader::new(watch.stdout.take().expect("it is piped")).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    assert_has(&first, "kube-root-ca.crt");
    kubectl.run(&["create", "configmap", "seen", "--from-literal=a=b"]);
    let second = lines.next().and_then(Result::ok).unwrap_or_default();
    assert_has(&second, "configmap/seen");
    let _ended = watch.kill().and_then(|()| watch.wait());
}

fn describes(kubectl: &Kubectl) {
    // One that a controller keeps: draining a node takes others away.
    let name = kubectl.pod_of("app=web");
    let pod = kubectl.run(&["describe", "pod", &name]);
    let named = format!("Name:             {name}");
    for part in [named.as_str(), "Image:", "Conditions:", "Events:"] {
        assert_has(&pod, part);
    }
    assert_has(
        &kubectl.run(&["describe", "node", "node-1"]),
        "Allocated resources:",
    );
}

fn https(_: &Kubectl) {
    let files = Folder::new();
    let file = files.write("manifest.yaml", MANIFEST).display().to_string();
    let server = Server::start(&["--speed", "10", "--tls", "--manifest", &file]);
    assert!(server.url.starts_with("https://"));
    let kubectl = Kubectl { server, files };
    kubectl.run(&["wait", "--for=condition=Ready", "pod/box", "--timeout=60s"]);
    assert_has(&kubectl.run(&["get", "pods", "-o", "name"]), "pod/box");
    assert_eq!(kubectl.run(&["exec", "box", "--", "hostname"]), "box\n");
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let chosen: Vec<_> = CASES
        .iter()
        .filter(|(name, _)| {
            wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()))
        })
        .collect();
    println!("\nrunning {} tests", chosen.len());
    if !is_on_path("kubectl") {
        println!("there is no kubectl on the PATH: nothing was tried with it");
        println!(
            "test result: ok. 0 passed; 0 failed; {} ignored; 0 measured",
            chosen.len()
        );
        return ExitCode::SUCCESS;
    }
    if chosen.is_empty() {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured");
        return ExitCode::SUCCESS;
    }
    let kubectl = Kubectl::start(&[]);
    let mut failed = 0;
    for (name, case) in &chosen {
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&kubectl)));
        failed += usize::from(outcome.is_err());
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("test {name} ... {word}");
    }
    let passed = chosen.len() - failed;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured");
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}
