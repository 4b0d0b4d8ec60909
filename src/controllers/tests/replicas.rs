//! As many pods as wanted, whatever happens.

use super::seconds;
use crate::api::{Deployment, Pod, ReplicaSet, Resource};
use crate::controllers::harness::World;
use crate::sim::trace::{Actor, Verb, What};
use serde_json::json;

/// After recorded case deploy/15.
#[test]
fn a_set_adopts_what_matches_and_releases_what_does_not() {
    let mut world = World::new(1);
    let pod = |name: &str| {
        json!({
            "metadata": {"name": name, "labels": {"app": "rs1"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]}
        })
    };
    world.create::<Pod>(pod("orphan"));
    world.run(seconds(1));
    world.create::<ReplicaSet>(json!({
        "metadata": {"name": "rs1"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "rs1"}},
            "template": {
                "metadata": {"labels": {"app": "rs1"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]}
            }
        }
    }));
    world.run(seconds(2));
    let owners = |world: &mut World| -> Vec<(String, usize)> {
        let pods = world.active_pods();
        let of =
            |pod: &std::sync::Arc<Pod>| pod.metadata.owner_references.as_ref().map_or(0, Vec::len);
        pods.iter()
            .map(|pod| (pod.name().to_owned(), of(pod)))
            .collect()
    };
    let found = owners(&mut world);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(_, owners)| *owners == 1), "{found:?}");
    world.edit::<Pod>("orphan", |pod| {
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert("app".to_owned(), "other".to_owned());
    });
    world.run(seconds(2));
    let found = owners(&mut world);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], ("orphan".to_owned(), 0));
    // One too many: the youngest goes, which is the newcomer.
    world.run(seconds(10));
    world.create::<Pod>(pod("extra"));
    world.run(seconds(2));
    assert_eq!(owners(&mut world), found);
}

/// After recorded case deploy/13.
#[test]
fn the_least_dear_pods_go_first() {
    let mut world = World::new(1);
    world.deploy("web", 2, json!({}));
    world.run(seconds(5));
    for (replicas, wait) in [(4, 40), (6, 2)] {
        world.scale("web", replicas);
        world.run(seconds(wait));
    }
    let mut pods = world.active_pods();
    pods.sort_by_key(|pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0));
    let names: Vec<String> = pods.iter().map(|pod| pod.name().to_owned()).collect();
    let annotate = |world: &mut World, name: &str, key: &str, value: &str| {
        world.edit::<Pod>(name, |pod| {
            let annotations = pod.metadata.annotations.get_or_insert_default();
            annotations.insert(key.to_owned(), value.to_owned());
        });
    };
    let cost = "controller.kubernetes.io/pod-deletion-cost";
    annotate(&mut world, &names[0], "sim/ready", "false");
    annotate(&mut world, &names[1], cost, "-5");
    annotate(&mut world, &names[5], cost, "100");
    world.run(seconds(2));
    let mut order = Vec::new();
    for replicas in (1..6).rev() {
        let before = world.active_pods();
        world.scale("web", replicas);
        world.run(seconds(2));
        let after = world.active_pods();
        let gone = before
            .iter()
            .find(|pod| after.iter().all(|other| other.name() != pod.name()));
        order.extend(gone.map(|pod| pod.name().to_owned()));
    }
    assert_eq!(order[..2], names[..2]);
    assert!(!order.contains(&names[5]), "the dearest stays");
}

#[test]
fn a_refused_pod_is_refused_once_not_five_hundred_times() {
    let mut world = World::new(1);
    world.deploy(
        "web",
        500,
        json!({"template": {"spec": {"serviceAccountName": "nobody"}}}),
    );
    world.run(seconds(1));
    let attempts = world
        .sim
        .trace
        .since(crate::sim::RecordId(0))
        .filter(|record| matches!(&record.what, What::Call { verb: Verb::Create, resource, code: 403, .. } if &**resource == "pods"))
        .count();
    assert!((1..=12).contains(&attempts), "{attempts}");
    let set = world.list::<ReplicaSet>()[0].clone();
    let conditions = set
        .status
        .clone()
        .unwrap_or_default()
        .conditions
        .unwrap_or_default();
    assert_eq!(conditions[0].reason.as_deref(), Some("FailedCreate"));
    let deployment = world.get::<Deployment>("web").expect("the deployment");
    let conditions = deployment
        .status
        .clone()
        .unwrap_or_default()
        .conditions
        .unwrap_or_default();
    assert!(
        conditions
            .iter()
            .any(|condition| condition.type_ == "ReplicaFailure")
    );
}

#[test]
fn every_write_is_explained() {
    let mut world = World::new(1);
    world.deploy("web", 3, json!({}));
    world.run(seconds(3));
    let trace = &world.sim.trace;
    let creations = trace.since(crate::sim::RecordId(0)).filter(|record| {
        matches!(&record.what, What::Call { verb: Verb::Create, resource, .. } if &**resource == "pods")
            && matches!(record.actor, Actor::Controller(_))
    });
    let mut count = 0;
    for record in creations {
        count += 1;
        let chain = trace.causes(record.id);
        let sentences: Vec<String> = chain
            .iter()
            .filter_map(|record| match &record.what {
                What::Reconcile { outcome, .. } => Some(outcome.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(sentences[0], "wants 3, has 0: creates 3");
        assert!(sentences[1].starts_with("template has no ReplicaSet yet: creates web-"));
        // It all began with the user.
        assert_eq!(
            chain.last().map(|record| record.actor.clone()),
            Some(Actor::User)
        );
    }
    assert_eq!(count, 3);
}

/// A roll-out of n pods must not cost n looks at n pods.
#[test]
fn a_thousand_pods_cost_few_status_writes() {
    let mut world = World::new(1);
    world.deploy("web", 1000, json!({}));
    world.run(seconds(30));
    assert_eq!(world.active_pods().len(), 1000);
    let set = world.list::<ReplicaSet>()[0].clone();
    let status = set.status.clone().unwrap_or_default();
    assert_eq!(status.ready_replicas, Some(1000));
    let writes = world
        .sim
        .trace
        .since(crate::sim::RecordId(0))
        .filter(|record| matches!(&record.what, What::Call { verb: Verb::Update, resource, .. } if &**resource == "replicasets"))
        .count();
    assert!(writes < 150, "{writes} writes of the set");
}

#[cfg(not(target_arch = "wasm32"))]
mod chance {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Act {
        Scale(i32),
        Delete(usize),
        Image(u8),
        Wait(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..25i32).prop_map(Act::Scale),
            (0..25usize).prop_map(Act::Delete),
            (0..4u8).prop_map(Act::Image),
            (0..1500u64).prop_map(Act::Wait),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_always_ends_at_what_is_wanted(seed in 0..1000u64, acts in prop::collection::vec(act(), 1..15)) {
            let mut world = World::new(seed);
            world.deploy("web", 3, json!({}));
            let mut wanted = 3;
            for act in acts {
                match act {
                    Act::Scale(replicas) => {
                        wanted = replicas;
                        world.scale("web", replicas);
                    }
                    Act::Delete(at) => {
                        let pods = world.active_pods();
                        if !pods.is_empty() {
                            let name = pods[at % pods.len()].name().to_owned();
                            world.delete::<Pod>(&name);
                        }
                    }
                    Act::Image(version) => world.set_image("web", &format!("nginx:{version}")),
                    Act::Wait(millis) => world.run(std::time::Duration::from_millis(millis)),
                }
            }
            // Short of the minute after which pods on nodes that are not there go.
            world.run(seconds(30));
            let pods = world.list::<Pod>();
            prop_assert_eq!(pods.len(), wanted as usize);
            prop_assert!(pods.iter().all(|pod| crate::controllers::pods::is_ready(pod)));
            let deployment = world.get::<Deployment>("web").expect("the deployment");
            let status = deployment.status.clone().unwrap_or_default();
            prop_assert_eq!(status.available_replicas.unwrap_or(0), wanted);
            prop_assert_eq!(status.updated_replicas.unwrap_or(0), wanted);
            prop_assert_eq!(status.replicas.unwrap_or(0), wanted);
            prop_assert_eq!(status.observed_generation, deployment.metadata.generation);
        }
    }
}
