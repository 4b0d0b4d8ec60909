//! Init containers, sidecars, restart policies, termination, configuration.

use super::*;

fn sh(script: &str) -> Value {
    json!({"name": "c", "image": "busybox", "command": ["sh", "-c", script]})
}

#[test]
fn restart_policies_decide_the_phase() {
    let table = [
        ("Never", "exit 0", "Succeeded", 0),
        ("Never", "exit 3", "Failed", 0),
        ("OnFailure", "exit 0", "Succeeded", 0),
        ("OnFailure", "sleep 1; exit 3", "Running", 2),
        ("Always", "sleep 1; exit 0", "Running", 2),
    ];
    for (index, (policy, script, phase, restarts)) in table.into_iter().enumerate() {
        let mut world = World::new();
        let name = format!("p{index}");
        let mut spec = one(sh(script));
        spec["restartPolicy"] = json!(policy);
        world.pod(&name, spec);
        world.run(22 * SECOND);
        assert_eq!(
            world.status(&name).phase.as_deref(),
            Some(phase),
            "{policy} {script}"
        );
        assert_eq!(world.restarts(&name), restarts, "{policy} {script}");
    }
}

#[test]
fn init_containers_run_one_after_the_other() {
    let mut world = World::new();
    let init = |name: &str, script: &str| json!({"name": name, "image": "busybox", "command": ["sh", "-c", script], "volumeMounts": [{"name": "work", "mountPath": "/shared"}]});
    world.pod("init", json!({
        "initContainers": [init("first", "sleep 5; echo one > /shared/a"), init("second", "cat /shared/a; sleep 5")],
        "containers": [{"name": "c", "image": "nginx"}],
        "volumes": [{"name": "work", "emptyDir": {}}],
    }));
    world.run(4 * SECOND);
    let status = world.status("init");
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    let condition = status
        .conditions
        .unwrap()
        .into_iter()
        .find(|c| c.type_ == "Initialized")
        .unwrap();
    assert_eq!(
        condition.message.as_deref(),
        Some("containers with incomplete status: [first second]")
    );
    world.run(16 * SECOND);
    assert!(world.ready("init"));
    let log = world
        .kubelet
        .log(&Key::new("default", "init"), "second", false)
        .unwrap();
    assert_eq!(log.tail(5), "one");
}

#[test]
fn a_failed_init_container_fails_a_pod_that_never_restarts() {
    let mut world = World::new();
    world.pod(
        "bad",
        json!({
            "restartPolicy": "Never",
            "initContainers": [sh("exit 1")],
            "containers": [{"name": "main", "image": "nginx"}],
        }),
    );
    world.run(10 * SECOND);
    assert_eq!(world.status("bad").phase.as_deref(), Some("Failed"));
}

#[test]
fn a_sidecar_runs_beside_and_ends_with_the_work() {
    let mut world = World::new();
    world.pod(
        "job",
        json!({
            "restartPolicy": "Never",
            "initContainers": [{"name": "proxy", "image": "nginx", "restartPolicy": "Always"}],
            "containers": [sh("sleep 10")],
        }),
    );
    world.run(8 * SECOND);
    assert_eq!(world.word("job"), "Running");
    assert!(world.ready("job"));
    world.run(20 * SECOND);
    assert_eq!(world.status("job").phase.as_deref(), Some("Succeeded"));
}

#[test]
fn process_one_without_a_handler_is_killed_after_its_grace() {
    let mut world = World::new();
    world.pod(
        "sleeper",
        one(json!({"image": "busybox", "command": ["sleep", "3600"]})),
    );
    world.run(5 * SECOND);
    world.delete("sleeper", 30);
    world.run(29 * SECOND);
    assert!(world.stored("sleeper").is_some());
    world.run(3 * SECOND);
    assert!(world.stored("sleeper").is_none());
    let exits: Vec<_> = world
        .transitions()
        .into_iter()
        .filter_map(|(_, _, transition)| match transition {
            crate::sim::trace::Transition::Exited { code, .. } => Some(code),
            _ => None,
        })
        .collect();
    assert_eq!(exits, [137]);
}

#[test]
fn a_pre_stop_hook_delays_the_end() {
    let mut world = World::new();
    world.pod(
        "hooked",
        one(json!({
            "image": "nginx",
            "lifecycle": {"preStop": {"exec": {"command": ["sleep", "10"]}}},
        })),
    );
    world.run(5 * SECOND);
    world.delete("hooked", 30);
    world.run(9 * SECOND);
    assert!(
        world
            .kubelet
            .is_running(&Key::new("default", "hooked"), "c")
    );
    world.run(3 * SECOND);
    assert!(world.stored("hooked").is_none());
}

#[test]
fn programs_that_are_not_there_cannot_be_started() {
    let mut world = World::new();
    world.pod(
        "typo",
        one(json!({"image": "nginx", "command": ["ngnix", "-g", "daemon off;"]})),
    );
    world.run(20 * SECOND);
    let events = world.events("typo");
    assert!(
        events
            .iter()
            .any(|event| event.contains("exec: \"ngnix\": executable file not found in $PATH")),
        "{events:?}"
    );
    let last = world.status("typo").container_statuses.unwrap()[0]
        .last_state
        .clone()
        .unwrap();
    let last = last.terminated.unwrap();
    assert_eq!(
        (last.exit_code, last.reason.as_deref()),
        (128, Some("StartError"))
    );
}

#[test]
fn missing_configuration_is_named() {
    let mut world = World::new();
    world.pod("env", one(json!({
        "image": "nginx",
        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "nosuch", "key": "k"}}}],
    })));
    world.pod("volume", json!({
        "containers": [{"name": "c", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
        "volumes": [{"name": "v", "configMap": {"name": "nosuch"}}],
    }));
    world.run(20 * SECOND);
    assert_eq!(world.word("env"), "CreateContainerConfigError");
    assert!(
        world
            .events("env")
            .contains(&"Warning Failed: Error: configmap \"nosuch\" not found".to_owned())
    );
    assert_eq!(world.word("volume"), "ContainerCreating");
    assert_eq!(
        world.events("volume"),
        [
            "Warning FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"nosuch\" not found"
        ]
    );
    world.create(
        Kind::ConfigMap,
        json!({"metadata": {"name": "nosuch"}, "data": {"k": "v"}}),
    );
    world.run(40 * SECOND);
    assert!(world.ready("env") && world.ready("volume"));
}

#[test]
fn pods_that_do_not_fit_are_refused() {
    let mut world = World::new();
    let mut spec = one(json!({"image": "nginx", "resources": {"requests": {"cpu": "9999"}}}));
    world.pod("cpu", spec.clone());
    spec = one(json!({"image": "nginx"}));
    spec["nodeSelector"] = json!({"disk": "ssd"});
    world.pod("selector", spec);
    for name in ["port1", "port2"] {
        world.pod(
            name,
            one(json!({"image": "nginx", "ports": [{"containerPort": 80, "hostPort": 80}]})),
        );
    }
    world.run(5 * SECOND);
    let rejected = |world: &mut World, name: &str| {
        let status = world.status(name);
        (
            status.reason.unwrap_or_default(),
            status.message.unwrap_or_default(),
        )
    };
    assert_eq!(
        rejected(&mut world, "cpu"),
        ("OutOfcpu".into(), "Pod was rejected: Node didn't have enough resource: cpu, requested: 9999000, used: 0, capacity: 4000".into())
    );
    assert_eq!(rejected(&mut world, "selector").0, "NodeAffinity");
    assert_eq!(
        rejected(&mut world, "port2"),
        ("NodePorts".into(), "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports".into())
    );
}

#[test]
fn a_killed_container_comes_back() {
    let mut world = World::new();
    world.pod("web", one(json!({"image": "nginx"})));
    world.run(5 * SECOND);
    let key = Key::new("default", "web");
    assert!(world.with(|kubelet, ctx, net| kubelet.kill_container(&key, "c", 137, ctx, net)));
    world.run(3 * SECOND);
    assert_eq!(
        (world.word("web").as_str(), world.restarts("web")),
        ("Running", 1)
    );
}

#[test]
fn after_a_reboot_containers_start_again() {
    let mut world = World::new();
    world.pod("web", one(json!({"image": "nginx"})));
    world.run(5 * SECOND);
    world.with(|kubelet, ctx, net| kubelet.power_on(ctx, net));
    world.run(5 * SECOND);
    assert_eq!(
        (world.word("web").as_str(), world.restarts("web")),
        ("Running", 1)
    );
    let last = world.status("web").container_statuses.unwrap()[0]
        .last_state
        .clone()
        .unwrap();
    assert_eq!(last.terminated.unwrap().reason.as_deref(), Some("Unknown"));
    assert!(world.events("web").contains(
        &"Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.".to_owned()
    ));
}

#[test]
fn static_pods_have_mirrors_that_come_back() {
    let manifest = json!({
        "metadata": {"name": "etcd", "namespace": "default"},
        "spec": {"hostNetwork": true, "containers": [{"name": "etcd", "image": "registry.k8s.io/etcd:3.6.6-0"}]},
    });
    let manifest = Object::from_json(Kind::Pod, manifest).unwrap();
    let config = NodeConfig {
        static_pods: vec![(**manifest.as_kind::<Pod>().unwrap()).clone()],
        ..NodeConfig::default()
    };
    let mut world = World::bare(config);
    world.run(8 * SECOND);
    assert!(world.ready("etcd-node-1"));
    let before = world.stored("etcd-node-1").unwrap();
    assert!(
        before
            .metadata
            .annotations
            .unwrap()
            .contains_key("kubernetes.io/config.mirror")
    );
    assert_eq!(before.metadata.owner_references.unwrap()[0].kind, "Node");
    world.delete("etcd-node-1", 30);
    world.run(3 * SECOND);
    let after = world.stored("etcd-node-1").unwrap();
    assert_ne!(before.metadata.uid, after.metadata.uid);
    assert!(world.ready("etcd-node-1"));
    assert_eq!(world.restarts("etcd-node-1"), 0);
}
