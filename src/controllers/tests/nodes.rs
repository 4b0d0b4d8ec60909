//! Nodes that fall silent, and what becomes of their pods
//! (after recorded cases node/01 to node/03).

use super::seconds;
use crate::api::{Node, Pod, Resource};
use crate::controllers::harness::World;
use serde_json::json;

fn ready(world: &mut World, name: &str) -> String {
    let node = world.get::<Node>(name).expect("the node");
    let status = node.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let ready = conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    ready.map_or_else(String::new, |ready| {
        format!(
            "{}/{}",
            ready.status,
            ready.reason.clone().unwrap_or_default()
        )
    })
}

fn taints(world: &mut World, name: &str) -> Vec<String> {
    let node = world.get::<Node>(name).expect("the node");
    let taints = node
        .spec
        .clone()
        .unwrap_or_default()
        .taints
        .unwrap_or_default();
    taints
        .iter()
        .map(|taint| format!("{}:{}", taint.key, taint.effect))
        .collect()
}

fn patient(seconds: u64) -> serde_json::Value {
    let toleration = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds});
    json!([
        toleration("node.kubernetes.io/not-ready"),
        toleration("node.kubernetes.io/unreachable"),
    ])
}

fn two_nodes() -> World {
    let mut world = World::new(1);
    world.runner.nodes = vec!["dead-1"];
    world.add_node("dead-1");
    world.add_node("dead-2");
    world.run(seconds(1));
    world
}

#[test]
fn each_node_gets_a_range_of_its_own() {
    let mut world = two_nodes();
    let mut ranges = ["dead-1", "dead-2"].map(|name| {
        let spec = world.get::<Node>(name).and_then(|node| node.spec.clone());
        spec.and_then(|spec| spec.pod_cidr).unwrap_or_default()
    });
    ranges.sort();
    assert_eq!(ranges, ["10.244.0.0/24", "10.244.1.0/24"]);
}

#[test]
fn pods_of_a_silent_node_are_replaced_elsewhere() {
    let mut world = two_nodes();
    world.deploy(
        "web",
        1,
        json!({"template": {"spec": {"tolerations": patient(10)}}}),
    );
    world.create::<Pod>(json!({
        "metadata": {"name": "default300"},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}
    }));
    world.run_with(&["dead-1", "dead-2"], 20);
    let lost = world
        .active_pods()
        .iter()
        .map(|pod| pod.name().to_owned())
        .find(|name| name.starts_with("web"))
        .expect("a pod");
    world.runner.nodes = vec!["dead-2"];
    world.runner.silent = vec!["dead-1"];

    // Within the grace period of 50 s nothing is said.
    world.run_with(&["dead-2"], 40);
    assert_eq!(ready(&mut world, "dead-1"), "True/KubeletReady");
    world.run_with(&["dead-2"], 15);
    assert_eq!(ready(&mut world, "dead-1"), "Unknown/NodeStatusUnknown");
    assert_eq!(
        taints(&mut world, "dead-1"),
        [
            "node.kubernetes.io/unreachable:NoExecute",
            "node.kubernetes.io/unreachable:NoSchedule"
        ]
    );
    assert_eq!(world.events("NodeNotReady").len(), 3);
    let pod = world.get::<Pod>(&lost).expect("the pod");
    assert!(!crate::controllers::pods::is_ready(&pod));
    assert!(!crate::controllers::pods::is_terminating(&pod));

    // After its ten seconds of patience the pod is replaced; the other, with five
    // minutes of patience, stays.
    world.run_with(&["dead-2"], 15);
    assert_eq!(
        world.events("TaintManagerEviction"),
        [format!("Marking for deletion Pod default/{lost}")]
    );
    let pod = world.get::<Pod>(&lost).expect("its kubelet cannot end it");
    assert!(crate::controllers::pods::is_terminating(&pod));
    let why = crate::controllers::pods::condition(&pod, "DisruptionTarget").expect("a reason");
    assert_eq!(
        why.message.as_deref(),
        Some("Taint manager: deleting due to NoExecute taint")
    );
    let names: Vec<_> = world
        .active_pods()
        .iter()
        .map(|pod| {
            (
                pod.name() == "default300",
                crate::controllers::pods::node_name(pod).map(str::to_owned),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            (true, Some("dead-1".to_owned())),
            (false, Some("dead-2".to_owned()))
        ]
    );

    // The node comes back.
    world.set_ready("dead-1", "True", "KubeletReady");
    world.run_with(&["dead-1", "dead-2"], 10);
    assert_eq!(taints(&mut world, "dead-1"), Vec::<String>::new());
    assert_eq!(
        world
            .events("TaintManagerEviction")
            .last()
            .map(String::as_str),
        Some("Cancelling deletion of Pod default/default300")
    );
}

#[test]
fn taints_follow_conditions_and_cordoning() {
    let mut world = two_nodes();
    world.set_ready("dead-1", "False", "KubeletNotReady");
    world.run(std::time::Duration::from_millis(100));
    assert_eq!(
        taints(&mut world, "dead-1"),
        ["node.kubernetes.io/not-ready:NoSchedule"]
    );
    world.set_ready("dead-1", "True", "KubeletReady");
    world.run(seconds(10));
    assert_eq!(taints(&mut world, "dead-1"), Vec::<String>::new());
    for (cordoned, expected) in [
        (true, vec!["node.kubernetes.io/unschedulable:NoSchedule"]),
        (false, vec![]),
    ] {
        world.edit::<Node>("dead-1", |node| {
            node.spec.get_or_insert_default().unschedulable = Some(cordoned);
        });
        world.run(seconds(1));
        assert_eq!(taints(&mut world, "dead-1"), expected);
    }
}

#[test]
fn pods_of_a_node_that_was_deleted_are_collected() {
    let mut world = two_nodes();
    world.create::<Pod>(json!({
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}
    }));
    world.run_with(&["dead-1", "dead-2"], 5);
    world.delete::<Node>("dead-1");
    world.runner.silent = vec!["dead-1"];
    world.run_with(&["dead-2"], 35);
    assert!(world.get::<Pod>("p").is_some());
    world.run_with(&["dead-2"], 45);
    assert!(world.get::<Pod>("p").is_none());
    let removing = world.events("RemovingNode");
    assert_eq!(
        removing,
        ["Node dead-1 event: Removing Node dead-1 from Controller"]
    );
}
