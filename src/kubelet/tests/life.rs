//! The life of a pod that goes well.

use super::*;

#[test]
fn a_node_registers_and_becomes_ready_once_it_has_a_pod_range() {
    let mut world = World::bare(NodeConfig::default());
    world.run(SECOND);
    let ready = |world: &mut World| {
        let node = world.get(Kind::Node, "", "node-1").unwrap();
        let node = node.as_kind::<Node>().unwrap().clone();
        let status = node.status.clone().unwrap();
        let ready = status
            .conditions
            .unwrap()
            .into_iter()
            .find(|c| c.type_ == "Ready")
            .unwrap();
        (ready.status, ready.reason.unwrap())
    };
    assert_eq!(
        ready(&mut world),
        ("False".into(), "KubeletNotReady".into())
    );
    world.give_range();
    world.run(SECOND);
    assert_eq!(ready(&mut world), ("True".into(), "KubeletReady".into()));
    assert_eq!(
        world.events("node-1"),
        [
            "Normal Starting: Starting kubelet.",
            "Normal NodeHasSufficientMemory: Node node-1 status is now: NodeHasSufficientMemory",
            "Normal NodeHasNoDiskPressure: Node node-1 status is now: NodeHasNoDiskPressure",
            "Normal NodeHasSufficientPID: Node node-1 status is now: NodeHasSufficientPID",
            "Normal NodeReady: Node node-1 status is now: NodeReady",
        ]
    );
}

#[test]
fn an_idle_node_writes_its_lease_and_nothing_else() {
    let mut world = World::new();
    let since = world.sim.now;
    world.run(100 * SECOND);
    assert_eq!(world.calls(since), ["Update leases"; 10]);
}

#[test]
fn a_pod_runs_and_goes() {
    let mut world = World::new();
    world.pod("web", one(json!({"image": "nginx", "name": "web"})));
    let since = world.sim.now;
    world.run(SECOND);
    assert_eq!(world.word("web"), "ContainerCreating");
    world.run(5 * SECOND);
    assert_eq!(world.word("web"), "Running");
    assert!(world.ready("web"));
    let status = world.status("web");
    assert_eq!(status.pod_ip.as_deref(), Some("10.244.1.2"));
    assert_eq!(
        world.events("web"),
        [
            "Normal Pulling: Pulling image \"nginx\"",
            "Normal Pulled: Successfully pulled image \"nginx\" in 1.891s (1.891s including waiting). Image size: 72080558 bytes.",
            "Normal Created: Container created",
            "Normal Started: Container started",
        ]
    );
    world.delete("web", 30);
    world.run(5 * SECOND);
    assert!(world.stored("web").is_none());
    assert_eq!(
        world.events("web").last().unwrap(),
        "Normal Killing: Stopping container web"
    );
    let pods: Vec<_> = world
        .calls(since)
        .into_iter()
        .filter(|call| call.contains("pods"))
        .collect();
    assert!(pods.len() <= 6, "{pods:?}");
}
