//! The door as a client sees it: HTTP in, HTTP out, with the controllers at
//! work behind it.

use serde_json::{Value, json};
use std::time::Duration;
use tabernetes::apiserver::http::Answer;
use tabernetes::cluster::Cluster;

/// Long enough for every controller to have done its work.
const SOON: Duration = Duration::from_secs(2);

struct Client(Cluster);

impl Client {
    /// A control plane with one namespace, `team`.
    fn new() -> Client {
        let mut client = Client(Cluster::without_machines(1));
        client.wait();
        let namespace = json!({"metadata": {"name": "team"}});
        client.post("/api/v1/namespaces", namespace);
        client.wait();
        client
    }

    fn wait(&mut self) {
        let until = self.0.now() + SOON;
        self.0.advance(until, u32::MAX);
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let content = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut all = vec![("Content-Type".to_owned(), content.to_owned())];
        all.extend(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.0.http(method, path, &all, text.as_bytes())
    }

    fn call(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        match self.send(method, path, &[], &body) {
            Answer::Whole(answer) => (
                answer.status,
                serde_json::from_str(&answer.body).unwrap_or_default(),
            ),
            Answer::Stream(stream) => {
                self.0.close(stream);
                (200, Value::Null)
            }
            Answer::Connect(_) => (0, Value::Null),
        }
    }

    fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, body)
    }

    fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, Value::Null).1
    }

    /// Status and message of a refusal.
    fn refused(&mut self, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.post(path, body);
        let message = answer["message"].as_str().unwrap_or_default();
        (status, message.to_owned())
    }
}

fn pod(name: &str, resources: Value) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {
            "schedulerName": "none",
            "containers": [{"name": "c", "image": "nginx", "resources": resources}],
        },
    })
}

const PODS: &str = "/api/v1/namespaces/team/pods";

#[test]
fn a_limit_range_fills_in_and_refuses() {
    let mut client = Client::new();
    let limits = json!([{
        "type": "Container",
        "default": {"cpu": "200m"},
        "defaultRequest": {"cpu": "100m"},
        "max": {"cpu": "1"},
    }]);
    let range = json!({"metadata": {"name": "limits"}, "spec": {"limits": limits}});
    client.post("/api/v1/namespaces/team/limitranges", range);
    let (status, made) = client.post(PODS, pod("silent", json!({})));
    let resources = &made["spec"]["containers"][0]["resources"];
    assert_eq!(
        (status, &resources["requests"]["cpu"]),
        (201, &json!("100m"))
    );
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    );
    let greedy = pod("greedy", json!({"limits": {"cpu": "2"}}));
    assert_eq!(
        client.refused(PODS, greedy),
        (
            403,
            "pods \"greedy\" is forbidden: maximum cpu usage per Container is 1, but limit is 2"
                .to_owned()
        )
    );
}

#[test]
fn a_quota_is_counted_charged_and_freed() {
    let mut client = Client::new();
    client.post(PODS, pod("early", json!({})));
    let quotas = "/api/v1/namespaces/team/resourcequotas";
    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": {"pods": "2"}}});
    client.post(quotas, quota);
    client.wait();
    let few = format!("{quotas}/few");
    assert_eq!(client.get(&few)["status"]["used"]["pods"], "1");
    assert_eq!(client.post(PODS, pod("second", json!({}))).0, 201);
    assert_eq!(client.get(&few)["status"]["used"]["pods"], "2");
    assert_eq!(
        client.refused(PODS, pod("third", json!({}))),
        (
            403,
            "pods \"third\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2"
                .to_owned()
        )
    );
    client.call("DELETE", &format!("{PODS}/early"), Value::Null);
    client.wait();
    assert_eq!(client.get(&few)["status"]["used"]["pods"], "1");
}

#[test]
fn the_labels_of_a_namespace_keep_dangerous_pods_out() {
    let mut client = Client::new();
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline"});
    let path = "/api/v1/namespaces/team";
    client.call("PATCH", path, json!({"metadata": {"labels": labels}}));
    let mut dangerous = pod("root", json!({}));
    dangerous["spec"]["hostNetwork"] = true.into();
    assert_eq!(
        client.refused(PODS, dangerous),
        (
            403,
            "pods \"root\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"
                .to_owned()
        )
    );
    assert_eq!(client.post(PODS, pod("plain", json!({}))).0, 201);
}

#[test]
fn a_budget_stands_in_the_way_of_evictions() {
    let mut client = Client::new();
    for name in ["one", "two"] {
        client.post(PODS, pod(name, json!({})));
        let conditions = json!([{"type": "Ready", "status": "True"}]);
        let status = json!({"status": {"phase": "Running", "conditions": conditions}});
        client.call("PATCH", &format!("{PODS}/{name}/status"), status);
    }
    let selector = json!({"matchLabels": {"app": "web"}});
    let budget = json!({
        "metadata": {"name": "most"},
        "spec": {"minAvailable": 1, "selector": selector},
    });
    client.post(
        "/apis/policy/v1/namespaces/team/poddisruptionbudgets",
        budget,
    );
    client.wait();
    let path = "/apis/policy/v1/namespaces/team/poddisruptionbudgets/most";
    let status = client.get(path)["status"].clone();
    assert_eq!(status["disruptionsAllowed"], 1);
    assert_eq!(status["conditions"][0]["reason"], "SufficientPods");
    let evict = |name: &str| json!({"metadata": {"name": name}});
    assert_eq!(
        client.post(&format!("{PODS}/one/eviction"), evict("one")).0,
        201
    );
    assert_eq!(
        client.refused(&format!("{PODS}/two/eviction"), evict("two")),
        (
            429,
            "Cannot evict pod as it would violate the pod's disruption budget.".to_owned()
        )
    );
}

#[test]
fn a_claim_stays_while_a_pod_uses_it() {
    let mut client = Client::new();
    let claims = "/api/v1/namespaces/team/persistentvolumeclaims";
    let resources = json!({"requests": {"storage": "1Gi"}});
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources},
    });
    client.post(claims, claim);
    let mut user = pod("user", json!({}));
    user["spec"]["volumes"] =
        json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
    client.post(PODS, user);
    client.wait();
    let data = format!("{claims}/data");
    client.call("DELETE", &data, Value::Null);
    client.wait();
    assert_eq!(client.call("GET", &data, Value::Null).0, 200);
    client.call("DELETE", &format!("{PODS}/user"), Value::Null);
    client.wait();
    assert_eq!(client.call("GET", &data, Value::Null).0, 404);
}

#[test]
fn a_watch_tells_what_is_there_and_where_that_ends() {
    let mut client = Client::new();
    let maps = "/api/v1/namespaces/team/configmaps";
    client.post(
        maps,
        json!({"metadata": {"name": "a", "labels": {"w": "1"}}}),
    );
    let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=w&timeoutSeconds=1";
    let path = format!("{maps}?{query}");
    let Answer::Stream(mut stream) = client.send("GET", &path, &[], &Value::Null) else {
        panic!("a watch is a stream");
    };
    client.call("PATCH", &format!("{maps}/a"), json!({"data": {"k": "v"}}));
    client.wait();
    let lines: Vec<Value> = client
        .0
        .poll(&mut stream)
        .iter()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let types: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["type"].as_str())
        .collect();
    assert_eq!(types, ["ADDED", "BOOKMARK", "MODIFIED"]);
    let end = &lines[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"];
    assert_eq!(end, "true");
    assert!(stream.is_over());
    client.0.close(stream);
}

#[test]
fn a_token_says_who_asks() {
    let mut client = Client::new();
    let path = "/api/v1/namespaces/team/serviceaccounts/default/token";
    let (status, answer) = client.post(path, json!({"spec": {}}));
    assert_eq!(status, 201);
    let token = answer["status"]["token"].as_str().unwrap_or_default();
    let bearer = format!("Bearer {token}");
    let review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let mut ask = |authorization: &str| {
        let headers = [("Authorization", authorization)];
        match client.send("POST", review, &headers, &json!({})) {
            Answer::Whole(answer) => (
                answer.status,
                serde_json::from_str::<Value>(&answer.body).unwrap_or_default(),
            ),
            Answer::Stream(_) | Answer::Connect(_) => (0, Value::Null),
        }
    };
    let (_, known) = ask(&bearer);
    assert_eq!(
        known["status"]["userInfo"]["username"],
        "system:serviceaccount:team:default"
    );
    assert_eq!(ask("Bearer forged").0, 401);
}

#[test]
fn an_autoscaler_is_served_in_both_versions() {
    let mut client = Client::new();
    let target = json!({"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"});
    let spec =
        json!({"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70});
    let old = "/apis/autoscaling/v1/namespaces/team/horizontalpodautoscalers";
    let (status, made) = client.post(old, json!({"metadata": {"name": "web"}, "spec": spec}));
    assert_eq!(
        (status, &made["apiVersion"]),
        (201, &json!("autoscaling/v1"))
    );
    let new = "/apis/autoscaling/v2/namespaces/team/horizontalpodautoscalers/web";
    let metric = client.get(new)["spec"]["metrics"][0].clone();
    assert_eq!(metric["resource"]["target"]["averageUtilization"], 70);
}

#[test]
fn a_runtime_class_costs_what_it_says() {
    let mut client = Client::new();
    let mut sandboxed = pod("sandboxed", json!({}));
    sandboxed["spec"]["runtimeClassName"] = "kata".into();
    assert_eq!(
        client.refused(PODS, sandboxed.clone()),
        (
            403,
            "pods \"sandboxed\" is forbidden: pod rejected: RuntimeClass \"kata\" not found"
                .to_owned()
        )
    );
    let class = json!({
        "metadata": {"name": "kata"},
        "handler": "kata",
        "overhead": {"podFixed": {"memory": "120Mi"}},
    });
    client.post("/apis/node.k8s.io/v1/runtimeclasses", class);
    let (status, made) = client.post(PODS, sandboxed);
    assert_eq!(status, 201);
    assert_eq!(made["spec"]["overhead"]["memory"], "120Mi");
}

#[test]
fn a_claim_grows_only_where_its_class_lets_it() {
    let mut client = Client::new();
    let claims = "/api/v1/namespaces/team/persistentvolumeclaims";
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fixed",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    client.post(claims, claim);
    let data = format!("{claims}/data");
    let bound = json!({"status": {"phase": "Bound"}});
    client.call("PATCH", &format!("{data}/status"), bound);
    let more = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    let class = |expands: bool| {
        json!({
            "metadata": {"name": "fixed"},
            "provisioner": "example.com/none",
            "allowVolumeExpansion": expands,
        })
    };
    client.post("/apis/storage.k8s.io/v1/storageclasses", class(false));
    assert_eq!(client.call("PATCH", &data, more.clone()).0, 403);
    let path = "/apis/storage.k8s.io/v1/storageclasses/fixed";
    client.call("PUT", path, class(true));
    assert_eq!(client.call("PATCH", &data, more).0, 200);
}
