//! What `cargo xtask bench` measures, the same natively and in Wasm.

use crate::api::{Key, Kind};
use crate::cluster::{Cluster, ClusterSpec};
use crate::etcd::StoreKey;
use crate::kubectl;
use crate::network::{Destination, Endpoint, Send, Transport};
use crate::sim::SECOND;
use serde_json::{Value, json};
use std::time::Duration;

/// A roll-out: its name, replicas, worker nodes.
const ROLL_OUTS: [(&str, u32, u32); 5] = [
    ("ready-10x3", 10, 3),
    ("ready-100x3", 100, 3),
    ("ready-300x5", 300, 5),
    ("ready-1000x10", 1_000, 10),
    ("ready-10000x200", 10_000, 200),
];

/// Nothing to do but heartbeats: its name, worker nodes.
const IDLE: [(&str, u32); 2] = [("idle-3", 3), ("idle-100", 100)];

const JOURNEYS: &str = "journeys";

/// Virtual time in which a roll-out must be done.
const ROLL_OUT_MAX: Duration = Duration::from_secs(3600);
/// Virtual time that an idle cluster is let run.
const IDLE_SPAN: Duration = Duration::from_secs(600);
/// Requests sent.
const JOURNEYS_SENT: u32 = 2_000;

/// The names of all cases, in the order in which they run.
pub fn cases() -> Vec<&'static str> {
    let roll_outs = ROLL_OUTS.iter().map(|case| case.0);
    roll_outs
        .chain(IDLE.iter().map(|case| case.0))
        .chain([JOURNEYS])
        .collect()
}

/// Runs one case and returns its figures as a flat JSON object of numbers and plain words.
///
/// `clock` tells wall time in milliseconds: the engine itself has no clock.
pub fn run(case: &str, clock: &mut dyn FnMut() -> f64) -> String {
    let roll_out_case = ROLL_OUTS.iter().find(|(name, ..)| *name == case);
    let idle_case = IDLE.iter().find(|(name, _)| *name == case);
    let figures = match (roll_out_case, idle_case) {
        (Some((_, replicas, nodes)), _) => roll_out(*replicas, *nodes, clock),
        (_, Some((_, nodes))) => idle(*nodes, clock),
        _ if case == JOURNEYS => journeys(clock),
        _ => json!({"error": "there is no such case"}),
    };
    figures.to_string()
}

fn settled(nodes: u32) -> Cluster {
    Cluster::settled(ClusterSpec {
        nodes,
        ..ClusterSpec::default()
    })
}

fn apply(cluster: &mut Cluster, manifest: &Value) {
    // A refused manifest shows as a case that never gets ready.
    let _ = kubectl::apply(&mut |request| cluster.request(request), manifest, "default");
}

fn ready_replicas(cluster: &Cluster) -> i32 {
    let key = StoreKey {
        kind: Kind::Deployment,
        key: Key::new("default", "web"),
    };
    let object = cluster.api().etcd().get(&key).map(|entry| &entry.object);
    let deployment = object.and_then(|object| object.as_kind::<crate::api::Deployment>());
    deployment
        .and_then(|deployment| deployment.status.as_ref()?.ready_replicas)
        .unwrap_or(0)
}

fn roll_out(replicas: u32, nodes: u32, clock: &mut dyn FnMut() -> f64) -> Value {
    let mut cluster = settled(nodes);
    let (begun, wall) = (cluster.now(), clock());
    apply(&mut cluster, &deployment(replicas));
    let mut events = 0u64;
    while ready_replicas(&cluster) < replicas as i32 {
        if cluster.now().since(begun) > ROLL_OUT_MAX {
            return json!({"error": "not ready in an hour", "ready": ready_replicas(&cluster)});
        }
        let until = cluster.now() + SECOND / 10;
        events += u64::from(cluster.advance(until, u32::MAX).events);
    }
    json!({
        "wall_ms": clock() - wall,
        "virtual_s": cluster.now().since(begun).as_secs_f64(),
        "events": events,
    })
}

fn idle(nodes: u32, clock: &mut dyn FnMut() -> f64) -> Value {
    let mut cluster = settled(nodes);
    let wall = clock();
    let until = cluster.now() + IDLE_SPAN;
    let events = cluster.advance(until, u32::MAX).events;
    let wall_ms = clock() - wall;
    json!({
        "wall_ms": wall_ms,
        "events": events,
        "virtual_s_per_wall_s": IDLE_SPAN.as_secs_f64() / (wall_ms / 1000.0).max(1e-9),
    })
}

fn journeys(clock: &mut dyn FnMut() -> f64) -> Value {
    let mut cluster = settled(3);
    for manifest in [deployment(6), service(), client()] {
        apply(&mut cluster, &manifest);
    }
    let until = cluster.now() + 60 * SECOND;
    cluster.advance(until, u32::MAX);
    let wall = clock();
    let mut answered = 0;
    for _ in 0..JOURNEYS_SENT {
        let journey = cluster.send(Send {
            from: Endpoint::Pod {
                pod: Key::new("default", "client"),
                container: "".into(),
            },
            to: Destination::Name("web".to_owned()),
            port: 80,
            protocol: Transport::Tcp,
            path: "/".to_owned(),
        });
        answered += u32::from(journey.answered);
    }
    let wall_ms = clock() - wall;
    json!({
        "wall_ms": wall_ms,
        "answered": answered,
        "journeys_per_s": f64::from(JOURNEYS_SENT) / (wall_ms / 1000.0).max(1e-9),
    })
}

fn deployment(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "nginx", "image": "nginx:1.29",
                    "ports": [{"containerPort": 80}],
                }]},
            },
        },
    })
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    })
}

fn client() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "client"},
        "spec": {"containers": [{
            "name": "shell", "image": "busybox:1.37", "command": ["sleep", "infinity"],
        }]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_runs_and_gives_figures() {
        let mut ticks = 0.0;
        let mut clock = || {
            ticks += 1.0;
            ticks
        };
        for case in ["ready-10x3", "idle-3", "journeys"] {
            assert!(cases().contains(&case));
            let figures: Value = serde_json::from_str(&run(case, &mut clock)).unwrap_or_default();
            assert!(figures["wall_ms"].as_f64() > Some(0.0), "{case}: {figures}");
        }
        assert!(run("nonsense", &mut clock).contains("error"));
    }
}
