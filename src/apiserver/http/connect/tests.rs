use super::*;
use crate::apiserver::{Body, Request};
use crate::sim::trace::Verb;
use crate::sim::{Actor, Sim};
use serde_json::{Value, json};

fn world() -> ApiServer {
    let (mut api, mut sim) = (ApiServer::new(), Sim::new(1));
    let mut create = |kind: Kind, namespace: &str, object: Value| {
        let request = Request::new(Actor::User, Verb::Create, kind, Key::new(namespace, ""))
            .body(Body::Json(object));
        api.handle(&mut sim, None, request).expect("it is valid");
    };
    create(Kind::Namespace, "", json!({"metadata": {"name": "d"}}));
    create(
        Kind::ServiceAccount,
        "d",
        json!({"metadata": {"name": "default"}}),
    );
    let addresses = json!([{"type": "InternalIP", "address": "172.18.0.3"}]);
    create(
        Kind::Node,
        "",
        json!({"metadata": {"name": "n"}, "status": {"addresses": addresses}}),
    );
    create(Kind::Node, "", json!({"metadata": {"name": "bare"}}));
    let pod = |name: &str, node: Option<&str>, containers: &[&str]| {
        let containers: Vec<Value> = containers
            .iter()
            .map(|name| json!({"name": name, "image": "x", "ports": [{"containerPort": 8080}]}))
            .collect();
        json!({"metadata": {"name": name}, "spec": {"nodeName": node, "containers": containers}})
    };
    create(Kind::Pod, "d", pod("one", Some("n"), &["a"]));
    create(Kind::Pod, "d", pod("two", Some("bare"), &["a", "b"]));
    create(Kind::Pod, "d", pod("free", None, &["a"]));
    let ports = json!([{"port": 80}]);
    create(
        Kind::Service,
        "d",
        json!({"metadata": {"name": "s"}, "spec": {"ports": ports}}),
    );
    api
}

#[test]
fn what_cannot_be_asked_is_told_in_upstreams_words() {
    let api = world();
    let table = [
        ("pods/none/log", 404, "pods \"none\" not found"),
        (
            "pods/two/log",
            400,
            "a container name must be specified for pod two, choose one of: [a b]",
        ),
        (
            "pods/one/log?container=z",
            400,
            "container z is not valid for pod one",
        ),
        (
            "pods/two/log?container=a",
            500,
            "no preferred addresses found; known addresses: []",
        ),
        (
            "pods/one/log?tailLines=-1",
            422,
            "PodLogOptions \"one\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "pods/one/log?sinceSeconds=1&sinceTime=2026-01-05T09:00:00Z",
            422,
            "PodLogOptions \"one\" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        (
            "pods/one/log?tailLines=x",
            400,
            "strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            "pods/free/exec?command=ls",
            400,
            "pod free does not have a host assigned",
        ),
        (
            "pods/two/exec?command=ls",
            400,
            "a container name must be specified for pod two, choose one of: [a b]",
        ),
        (
            "pods/free/portforward",
            400,
            "pod free does not have a host assigned",
        ),
        ("pods/free/proxy/", 400, "address not allowed"),
        ("services/none/proxy/", 404, "services \"none\" not found"),
        (
            "services/s/proxy/",
            503,
            "no endpoints available for service \"s\"",
        ),
        (
            "services/s:81/proxy/",
            503,
            "no service port 81 found for service \"s\"",
        ),
        (
            "services/a:b:c:d/proxy/",
            400,
            "invalid service request \"a:b:c:d\"",
        ),
    ];
    for (path, code, message) in table {
        let path = format!("/api/v1/namespaces/d/{path}");
        let error = find(&api, "GET", &path)
            .expect("it is one of ours")
            .expect_err(&path);
        assert_eq!(
            (error.code, error.message.as_deref()),
            (Some(code), Some(message)),
            "{path}"
        );
    }
    let node = find(&api, "GET", "/api/v1/nodes/none/proxy/").expect("it is one of ours");
    assert_eq!(node.expect_err("it is not there").code, Some(404));
}

#[test]
fn whom_to_ask_is_read_from_the_path() {
    let api = world();
    let ask = |path: &str| {
        find(&api, "GET", path)
            .expect("it is one of ours")
            .expect(path)
    };
    let log = ask("/api/v1/namespaces/d/pods/one/log?follow=true&tailLines=3");
    let Connect::Log { container, options } = log else {
        panic!("{log:?}");
    };
    assert_eq!((&*container.node, &*container.container), ("n", "a"));
    assert_eq!((options.follow, options.tail_lines), (true, Some(3)));
    let exec =
        ask("/api/v1/namespaces/d/pods/one/exec?command=sh&command=-c&command=a+b&stdin=true");
    let Connect::Exec {
        command, streams, ..
    } = exec
    else {
        panic!("{exec:?}");
    };
    assert_eq!(command, ["sh", "-c", "a b"]);
    assert!(streams.stdin && !streams.tty);
    assert_eq!(ask("/api/v1/namespaces/d/pods/free/log"), Connect::Nothing);
    let kubelet = ask("/api/v1/nodes/n/proxy/healthz?verbose");
    let Connect::Proxy {
        to: ProxyTo::Kubelet { node, .. },
        path,
    } = kubelet
    else {
        panic!("{kubelet:?}");
    };
    assert_eq!((&*node, path.as_str()), ("n", "/healthz?verbose"));
    assert_eq!(
        ask("/api/v1/nodes/n/proxy"),
        Connect::MovedTo("/api/v1/nodes/n/proxy/".to_owned())
    );
    for other in [
        "/api/v1/namespaces/d/pods/one",
        "/api/v1/pods",
        "/apis/apps/v1/x/proxy",
    ] {
        assert!(find(&api, "GET", other).is_none(), "{other}");
    }
}
