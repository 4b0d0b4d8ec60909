//! A control plane as the recordings had it: API server, scheduler and
//! controllers, no machine but those that a fake kubelet speaks for.

use super::kubelet::FakeKubelet;
use serde_json::Value;
use std::time::Duration;
use tabernetes::apiserver::http::{Answer, HttpResponse};
use tabernetes::cluster::Cluster;
use tabernetes::sim::Instant;

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
        cluster.advance(AGE, u32::MAX);
        World {
            cluster,
            kubelet: FakeKubelet::default(),
        }
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
        let headers = [("Content-Type".to_owned(), content.to_owned())];
        let text = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        match self.open(method, path, &headers, text.as_bytes()) {
            Answer::Whole(response) => (response.status, json_of(&response)),
            Answer::Stream(stream) => {
                self.cluster.close(stream);
                (200, Value::Null)
            }
        }
    }
}

/// A body as JSON, or as a JSON string where it is none.
pub fn json_of(response: &HttpResponse) -> Value {
    serde_json::from_str(&response.body).unwrap_or(Value::String(response.body.clone()))
}
