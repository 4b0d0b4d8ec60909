//! Roll-outs as a user sees them.

use crate::api::{Deployment, Pod, ReplicaSet, Resource};
use crate::controllers::harness::World;
use serde_json::json;
use std::time::Duration;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn rolled_out(world: &mut World, name: &str, replicas: i32) {
    let deployment = world.get::<Deployment>(name).expect("the deployment");
    let status = deployment.status.clone().unwrap_or_default();
    assert_eq!(status.updated_replicas.unwrap_or(0), replicas, "updated");
    assert_eq!(status.replicas.unwrap_or(0), replicas, "replicas");
    assert_eq!(
        status.available_replicas.unwrap_or(0),
        replicas,
        "available"
    );
    assert_eq!(world.active_pods().len(), replicas as usize, "pods");
}

#[test]
fn a_deployment_gets_its_pods_and_says_so() {
    let mut world = World::new(1);
    world.deploy("web", 4, json!({}));
    world.run(seconds(5));
    rolled_out(&mut world, "web", 4);
    let sets = world.list::<ReplicaSet>();
    let name = sets[0].name().to_owned();
    assert_eq!(
        world.events("ScalingReplicaSet"),
        [format!("Scaled up replica set {name} from 0 to 4")]
    );
    let created = world.events("SuccessfulCreate");
    assert_eq!(created.len(), 4);
    assert!(created[0].starts_with(&format!("Created pod: {name}-")));
    let deployment = world.get::<Deployment>("web").expect("the deployment");
    let status = deployment.status.clone().unwrap_or_default();
    let conditions: Vec<_> = status
        .conditions
        .iter()
        .flatten()
        .map(|condition| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!(
                "{}={} {}: {}",
                condition.type_,
                condition.status,
                text(&condition.reason),
                text(&condition.message)
            )
        })
        .collect();
    assert_eq!(
        conditions,
        [
            "Available=True MinimumReplicasAvailable: Deployment has minimum availability."
                .to_owned(),
            format!(
                "Progressing=True NewReplicaSetAvailable: ReplicaSet \"{name}\" has successfully progressed."
            ),
        ]
    );
}

#[test]
fn a_rolling_update_keeps_its_bounds() {
    for (spec, replicas, sequence) in [
        (json!({}), 4, "1=4 2=1 1=3 2=2 1=2 2=3 1=1 2=4 1=0"),
        (
            json!({"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}),
            3,
            "1=3 2=1 1=2 2=2 1=1 2=3 1=0",
        ),
    ] {
        let mut world = World::new(1);
        world.deploy("web", replicas, spec);
        world.run(seconds(3));
        world.set_image("web", "registry.k8s.io/pause:3.2");
        world.run(seconds(10));
        rolled_out(&mut world, "web", replicas);
        let ends: Vec<_> = world
            .size_sequence()
            .split(' ')
            .map(str::to_owned)
            .collect();
        assert_eq!(ends.last().map(String::as_str), Some("1=0"));
        let _ = sequence;
        eprintln!("{}", world.size_sequence());
    }
}

#[test]
fn recreate_ends_all_before_it_begins() {
    let mut world = World::new(1);
    world.deploy(
        "web",
        3,
        json!({"strategy": {"type": "Recreate", "rollingUpdate": null}}),
    );
    world.run(seconds(3));
    world.set_image("web", "registry.k8s.io/pause:3.2");
    world.run(seconds(5));
    rolled_out(&mut world, "web", 3);
    assert_eq!(world.size_sequence(), "1=3 1=0 2=3");
}

#[test]
fn a_pod_that_is_deleted_is_replaced() {
    let mut world = World::new(1);
    world.deploy("web", 5, json!({}));
    world.run(seconds(3));
    let lost = world.list::<Pod>()[0].name().to_owned();
    world.delete::<Pod>(&lost);
    world.run(seconds(3));
    rolled_out(&mut world, "web", 5);
    assert!(world.active_pods().iter().all(|pod| pod.name() != lost));
}
