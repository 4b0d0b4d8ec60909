//! A control plane as the recordings had it: API server, scheduler and
//! controllers, no machine but those that a fake kubelet speaks for.

use super::kubelet::FakeKubelet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tabernetes::apiserver::http::{Answer, HttpResponse};
use tabernetes::apiserver::{Config, User};
use tabernetes::cluster::Cluster;
use tabernetes::sim::Instant;

/// What requests carry unless they say otherwise.
pub const ADMIN_TOKEN: &str = "oracle-admin-token";
/// How often the fake kubelet looks.
const KUBELET_STEP: Duration = Duration::from_millis(100);
/// The recorded server had been running for so long, and had compacted its
/// history.
const AGE: Instant = Instant::from_secs(900);

/// The control plane and its fake kubelet.
pub struct World {
    /// The control plane.
    pub cluster: Cluster,
    kubelet: FakeKubelet,
}

impl World {
    /// Fresh for every file.
    pub fn new() -> World {
        let mut cluster = Cluster::without_machines(1);
        cluster.configure_api(recorded_flags());
        cluster.advance(AGE, u32::MAX);
        let mut world = World {
            cluster,
            kubelet: FakeKubelet::default(),
        };
        // Where the recorded server listened.
        let ports = json!([{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 16443}]);
        let path = "/api/v1/namespaces/default/services/kubernetes";
        world.call("PATCH", path, &json!({"spec": {"ports": ports}}));
        world
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        let until = self.cluster.now() + by;
        while self.cluster.now() < until {
            let next = (self.cluster.now() + KUBELET_STEP).min(until);
            self.cluster.advance(next, u32::MAX);
            self.kubelet.look(&mut self.cluster);
        }
    }

    /// Sends a request of a user.
    pub fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Answer {
        self.cluster.http(method, path, headers, body)
    }

    /// Sends a request with a JSON body and answers status and body.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let content = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let headers = [
            ("Content-Type".to_owned(), content.to_owned()),
            ("Authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}")),
        ];
        let text = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        match self.open(method, path, &headers, text.as_bytes()) {
            Answer::Whole(response) => (response.status, json_of(&response)),
            Answer::Connect(_) => (500, Value::Null),
            Answer::Stream(stream) => {
                self.cluster.close(stream);
                (200, Value::Null)
            }
        }
    }
}

/// The flags of the recorded server: its users and its address.
fn recorded_flags() -> Config {
    let admin = (ADMIN_TOKEN.to_owned(), User::admin());
    let groups = ["system:nodes", "system:masters", "system:authenticated"];
    let node = User::new("system:node:hollow", "node", &groups);
    Config {
        static_tokens: BTreeMap::from([admin, ("oracle-node-token".to_owned(), node)]),
        address: "192.0.2.10:16443".to_owned(),
    }
}

/// A body as JSON, or as a JSON string where it is none.
pub fn json_of(response: &HttpResponse) -> Value {
    serde_json::from_str(&response.body).unwrap_or(Value::String(response.body.clone()))
}

/// What a request hears that is for a kubelet: none is recorded that one answered.
pub fn nobody() -> HttpResponse {
    HttpResponse {
        status: 500,
        headers: Vec::new(),
        body: String::new(),
    }
}
