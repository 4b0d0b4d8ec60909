//! `tabernetes serve` over loopback, and the other native commands.

mod clients;

use clients::{Folder, Server, tabernetes};
use serde_json::{Value, json};
use std::io::Read;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
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
";

/// A server whose clock stands: it goes on when a test says so.
fn paused(arguments: &[&str]) -> Server {
    let server = Server::start(arguments);
    let (status, clock) = server.call("PUT", "/sim/clock", &json!({"paused": true}));
    assert_eq!((status, &clock["paused"]), (200, &json!(true)));
    server
}

fn pods(server: &Server) -> Vec<Value> {
    let list = server.get("/api/v1/namespaces/default/pods");
    list["items"].as_array().cloned().unwrap_or_default()
}

fn ready(pods: &[Value]) -> usize {
    let is_ready = |pod: &&Value| {
        let conditions = pod["status"]["conditions"].as_array();
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    pods.iter().filter(is_ready).count()
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    for signal in ["-INT", "-TERM"] {
        let server = Server::start(&["--nodes", "1", "--seed", "7"]);
        let text = std::fs::read_to_string(&server.kubeconfig).expect("a kubeconfig");
        assert!(text.contains(&server.url), "{text}");
        let nodes = server.get("/api/v1/nodes");
        assert_eq!(nodes["items"].as_array().map(Vec::len), Some(2), "{nodes}");
        // Somebody watches: that keeps nobody from leaving.
        let mut watch = server.stream("/api/v1/nodes?watch=true");
        assert_eq!(watch.next()["type"], "ADDED");
        assert_eq!(server.stop(signal), Some(0));
    }
}

#[test]
fn time_goes_as_it_is_steered() {
    let server = paused(&["--nodes", "1"]);
    let seconds = || {
        server.get("/sim/clock")["seconds"]
            .as_f64()
            .unwrap_or_default()
    };
    let begun = seconds();
    assert_eq!(seconds(), begun);
    server.advance("1m30s");
    assert_eq!((seconds() - begun).round(), 90.0);
    let (_, clock) = server.call("PUT", "/sim/clock", &json!({"speed": 10, "paused": true}));
    assert_eq!(
        (&clock["speed"], &clock["paused"]),
        (&json!(10.0), &json!(true))
    );
    let (status, clock) = server.call("PUT", "/sim/clock", &json!({"now": "2026-01-05T12:00:00Z"}));
    assert_eq!(
        (status, &clock["now"]),
        (200, &json!("2026-01-05T12:00:00Z"))
    );
    let refused = [
        (
            "PUT",
            "/sim/clock",
            json!({"now": "2026-01-05T11:00:00Z"}),
            400,
        ),
        ("PUT", "/sim/clock", json!({"speed": -1}), 400),
        ("PUT", "/sim/clock", json!({"sped": 1}), 400),
        ("POST", "/sim/clock/advance", json!({"for": "soon"}), 400),
        ("POST", "/sim/clock/advance", json!({"for": "999999h"}), 400),
        ("DELETE", "/sim/clock", Value::Null, 405),
        ("GET", "/sim/nothing", Value::Null, 404),
    ];
    for (method, path, body, expected) in refused {
        let (status, answer) = server.call(method, path, &body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        assert_eq!(answer["kind"], "Status", "{answer}");
    }
    let (_, clock) = server.call(
        "PUT",
        "/sim/clock",
        &json!({"speed": "max", "paused": false}),
    );
    assert_eq!(clock["speed"], "max");
}

#[test]
fn manifests_are_applied_before_anybody_connects() {
    let folder = Folder::new();
    let file = folder.write("web.yaml", WEB);
    let server = paused(&["--manifest", &file.display().to_string()]);
    server.advance("20s");
    assert_eq!(ready(&pods(&server)), 2);
    let wrong = folder.write(
        "wrong.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
    );
    let refused = tabernetes()
        .args(["serve", "--manifest"])
        .arg(wrong)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("wrong.yaml:1"),
        "{told}"
    );
}

#[test]
fn watches_bring_every_change() {
    let server = paused(&["--nodes", "1"]);
    let path = "/api/v1/namespaces/default/configmaps";
    let revision = server.get(path)["metadata"]["resourceVersion"].clone();
    let revision = revision.as_str().unwrap_or_default();
    let mut watch = server.stream(&format!("{path}?watch=true&resourceVersion={revision}"));
    let mut labelled = server.stream(&format!(
        "{path}?watch=true&resourceVersion={revision}&labelSelector=a%3Db"
    ));
    let object = json!({"metadata": {"name": "one"}, "data": {"k": "v"}});
    assert_eq!(server.call("POST", path, &object).0, 201);
    let one = format!("{path}/one");
    assert_eq!(
        server
            .call("PATCH", &one, &json!({"metadata": {"labels": {"a": "b"}}}))
            .0,
        200
    );
    assert_eq!(server.call("DELETE", &one, &Value::Null).0, 200);
    let seen: Vec<Value> = (0..3).map(|_| watch.next()["type"].clone()).collect();
    assert_eq!(seen, ["ADDED", "MODIFIED", "DELETED"]);
    let seen: Vec<Value> = (0..2).map(|_| labelled.next()["type"].clone()).collect();
    assert_eq!(seen, ["ADDED", "DELETED"]);
    // One that asks for an end gets it, in virtual time.
    let short = server.stream(&format!("{path}?watch=true&timeoutSeconds=5"));
    server.advance("10s");
    short.rest();
}

#[test]
fn who_does_not_read_is_cut_off_and_holds_nobody_up() {
    let server = paused(&["--nodes", "1"]);
    let path = "/api/v1/namespaces/default/configmaps";
    let idle = server.stream(&format!("{path}?watch=true"));
    let mut reader = server.stream(&format!(
        "{path}?watch=true&fieldSelector=metadata.name%3Dlast"
    ));
    let large = "x".repeat(900_000);
    for number in 0..40 {
        let object = json!({"metadata": {"name": format!("c{number}")}, "data": {"k": large}});
        assert_eq!(server.call("POST", path, &object).0, 201);
    }
    let last = json!({"metadata": {"name": "last"}});
    assert_eq!(server.call("POST", path, &last).0, 201);
    assert_eq!(reader.next()["object"]["metadata"]["name"], "last");
    let read = idle.rest();
    assert!(read < 40 * large.len(), "it heard everything: {read} bytes");
}

#[test]
fn broken_requests_get_an_answer_or_an_end() {
    let server = paused(&["--nodes", "0"]);
    let half =
        server.send(b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    for garbage in [
        &b"\x16\x03\x01\x00\xff nonsense\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /api HTTP/9.9\r\n\r\n",
    ] {
        let mut text = Vec::new();
        let _cut = server.send(garbage).read_to_end(&mut text);
        assert!(!String::from_utf8_lossy(&text).contains(" 200 "));
    }
    let head = format!(
        "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        5_000_000
    );
    let mut large = server.send(&[head.as_bytes(), &vec![b' '; 5_000_000]].concat());
    let mut text = Vec::new();
    let _cut = large.read_to_end(&mut text);
    assert!(String::from_utf8_lossy(&text).contains(" 413 "));
    assert_eq!(
        server
            .call("GET", "/api/v1/namespaces/default", &Value::Null)
            .0,
        200
    );
    assert_eq!(server.call("GET", "/nothing", &Value::Null).0, 404);
    drop(half);
}

#[test]
fn faults_and_packets_can_be_asked_for() {
    let folder = Folder::new();
    let file = folder.write("web.yaml", WEB);
    let server = paused(&["--manifest", &file.display().to_string()]);
    server.advance("20s");
    let names: Vec<String> = pods(&server)
        .iter()
        .filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    let (from, to) = (&names[0], &names[1]);
    let ask = json!({"from": {"pod": from}, "to": {"service": "default/web"}});
    let (status, journey) = server.call("POST", "/sim/journeys", &ask);
    assert_eq!(
        (status, &journey["answered"]),
        (200, &json!(true)),
        "{journey}"
    );
    assert_eq!(journey["heard"]["status"], 200);
    assert!(
        journey["legs"]
            .as_array()
            .is_some_and(|legs| legs.len() >= 3),
        "{journey}"
    );
    let outside = json!({"from": "outside", "to": {"service": "default/web"}});
    assert_eq!(server.call("POST", "/sim/journeys", &outside).0, 400);
    let page = server.raw("GET", "/api/v1/namespaces/default/services/web/proxy/", "");
    assert!(page.1.contains("Welcome to nginx!"), "{page:?}");
    let crash = json!({"fault": "crashContainer", "pod": to});
    assert_eq!(server.call("POST", "/sim/faults", &crash).0, 200);
    server.advance("20s");
    let pod = server.get(&format!("/api/v1/namespaces/default/pods/{to}"));
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 1);
    let node = pod["spec"]["nodeName"].clone();
    let stop = json!({"fault": "stopNode", "node": node});
    assert_eq!(server.call("POST", "/sim/faults", &stop).0, 200);
    assert_eq!(
        server.call("POST", "/sim/faults", &stop).0,
        400,
        "it has no power already"
    );
    let log = server.get(&format!("/api/v1/namespaces/default/pods/{to}/log"));
    let told = log["message"].as_str().unwrap_or_default();
    assert!(told.contains(":10250/containerLogs/default/"), "{told}");
    let start = json!({"fault": "startNode", "node": node});
    assert_eq!(server.call("POST", "/sim/faults", &start).0, 200);
}

#[test]
fn without_an_api_server_nobody_is_answered() {
    let server = paused(&["--nodes", "1"]);
    let watch = server.stream("/api/v1/nodes?watch=true");
    let fault = |fault: &str| json!({"fault": fault, "node": "control-plane"});
    assert_eq!(
        server.call("POST", "/sim/faults", &fault("stopNode")).0,
        200
    );
    server.advance("1s");
    watch.rest();
    assert_eq!(server.raw("GET", "/api/v1/nodes", ""), (0, String::new()));
    assert_eq!(
        server.call("POST", "/sim/faults", &fault("startNode")).0,
        200
    );
    server.advance("2m");
    assert_eq!(server.call("GET", "/api/v1/nodes", &Value::Null).0, 200);
}

#[test]
fn check_tells_the_verdict_of_every_document() {
    let folder = Folder::new();
    folder.write("good.yaml", WEB);
    let good = tabernetes()
        .arg("check")
        .arg(&folder.0)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success(), "{text}");
    assert!(
        text.contains("good.yaml:1: Deployment/web: accepted"),
        "{text}"
    );
    folder.write(
        "bad.yaml",
        "kind: Pod\napiVersion: v1\nmetadata: {name: p}\nspec: {containers: []}\n",
    );
    let bad = tabernetes()
        .args(["check", "-o", "json"])
        .arg(&folder.0)
        .output()
        .expect("it runs");
    assert_eq!(bad.status.code(), Some(1));
    let judged: Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    assert_eq!(judged[0]["verdict"], "rejected");
    assert_eq!(
        judged[0]["message"],
        "Pod \"p\" is invalid: spec.containers: Required value"
    );
    assert_eq!(judged.as_array().map(Vec::len), Some(3));
    let missing = tabernetes()
        .args(["check", "nowhere.yaml"])
        .output()
        .expect("it runs");
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn run_prints_what_became_of_manifests_and_scenarios() {
    let folder = Folder::new();
    let web = folder.write("web.yaml", WEB);
    let run = tabernetes()
        .args(["run", "--for", "30s", "-o", "json"])
        .arg(&web)
        .output()
        .expect("it runs");
    assert!(run.status.success());
    let state: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let objects = state["objects"].as_array().expect("objects");
    let of_kind: Vec<Value> = objects
        .iter()
        .filter(|it| it["kind"] == "Pod")
        .cloned()
        .collect();
    assert_eq!(ready(&of_kind), 2);
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/five-replicas.yaml");
    let played = tabernetes()
        .args(["run", scenario])
        .output()
        .expect("it runs");
    assert!(
        played.status.success(),
        "{}",
        String::from_utf8_lossy(&played.stderr)
    );
    assert!(String::from_utf8_lossy(&played.stdout).contains("Deployment:"));
    let hopeless = "title: x\ngoal: y\nsteps:\n- title: a\n  words: b\n  within: 5\n  expect:\n  - text: a pod\n    pods: {selector: app=none, count: 1}\n";
    let hopeless = folder.write("hopeless.yaml", hopeless);
    let failed = tabernetes()
        .arg("run")
        .arg(hopeless)
        .output()
        .expect("it runs");
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("not within 5 s: a pod"));
}
