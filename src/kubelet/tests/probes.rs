//! Probes, and what they lead to.

use super::*;

#[test]
fn the_liveness_tutorial_restarts_its_container() {
    let mut world = World::new();
    world.pod("live", one(json!({
        "name": "liveness",
        "image": "registry.k8s.io/busybox:1.27.2",
        "args": ["/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
        "livenessProbe": {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
    })));
    world.run(30 * SECOND);
    assert_eq!(
        (world.word("live").as_str(), world.restarts("live")),
        ("Running", 0)
    );
    world.run(60 * SECOND);
    assert_eq!(world.restarts("live"), 1);
    let events = world.events("live");
    assert!(events.contains(&"Warning Unhealthy: Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n".to_owned()), "{events:?}");
    assert!(events.contains(
        &"Normal Killing: Container liveness failed liveness probe, will be restarted".to_owned()
    ));
    // A shell as process 1 ignores TERM: killed after thirty seconds.
    let status = world.status("live");
    let last = status.container_statuses.unwrap()[0]
        .last_state
        .clone()
        .unwrap();
    assert_eq!(last.terminated.unwrap().exit_code, 137);
}

#[test]
fn readiness_gates_traffic_but_not_the_container() {
    let mut world = World::new();
    world.pod(
        "ready",
        one(json!({
            "image": "nginx",
            "readinessProbe": {"httpGet": {"path": "/nothing", "port": 80}, "periodSeconds": 2},
        })),
    );
    world.run(20 * SECOND);
    assert_eq!(world.word("ready"), "Running");
    assert!(!world.ready("ready"));
    let status = world.status("ready");
    let condition = status
        .conditions
        .unwrap()
        .into_iter()
        .find(|c| c.type_ == "Ready")
        .unwrap();
    assert_eq!(condition.reason.as_deref(), Some("ContainersNotReady"));
    assert_eq!(
        condition.message.as_deref(),
        Some("containers with unready status: [c]")
    );
    assert_eq!(
        world.events("ready").last().unwrap(),
        "Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404"
    );
}

#[test]
fn steady_probes_cost_no_calls() {
    let mut world = World::new();
    world.pod(
        "steady",
        one(json!({
            "image": "redis:alpine",
            "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 5},
            "livenessProbe": {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5},
        })),
    );
    world.run(20 * SECOND);
    assert!(world.ready("steady"));
    let since = world.sim.now;
    world.run(100 * SECOND);
    assert_eq!(world.calls(since), ["Update leases"; 10]);
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let mut world = World::new();
    world.pod("slow", one(json!({
        "image": "mysql",
        "env": [{"name": "MYSQL_ROOT_PASSWORD", "value": "x"}],
        "startupProbe": {"tcpSocket": {"port": 3306}, "periodSeconds": 1, "failureThreshold": 30},
        "livenessProbe": {"tcpSocket": {"port": 3306}, "periodSeconds": 1, "failureThreshold": 1},
    })));
    world.run(12 * SECOND);
    let started = |world: &mut World| world.status("slow").container_statuses.unwrap()[0].started;
    assert_eq!(started(&mut world), Some(false));
    assert!(!world.ready("slow"));
    world.run(8 * SECOND);
    assert_eq!(started(&mut world), Some(true));
    assert!(world.ready("slow"));
    assert_eq!(world.restarts("slow"), 0);
}

#[test]
fn probes_that_kill_follow_the_recorded_back_off() {
    // As recorded: two restarts at once, then ten seconds, twenty, forty.
    let mut world = World::new();
    world.pod("probed", one(json!({
        "image": "registry.k8s.io/pause:3.9",
        "livenessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2, "failureThreshold": 2},
    })));
    world.run(18 * SECOND);
    assert_eq!(world.restarts("probed"), 2);
    let back_offs: Vec<u32> = {
        world.run(110 * SECOND);
        let transitions = world.transitions().into_iter();
        transitions
            .filter_map(|(_, _, transition)| match transition {
                crate::sim::trace::Transition::BackOff { seconds, .. } => Some(seconds),
                _ => None,
            })
            .collect()
    };
    assert_eq!(back_offs[..3], [10, 20, 40]);
}
