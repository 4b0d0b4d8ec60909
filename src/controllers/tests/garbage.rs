//! What is owned, and its owners.

use super::seconds;
use crate::api::{ConfigMap, Deployment, Pod, ReplicaSet, Resource};
use crate::apiserver::Propagation;
use crate::controllers::harness::World;
use serde_json::json;

fn counts(world: &mut World) -> (usize, usize, usize) {
    (
        world.list::<Deployment>().len(),
        world.list::<ReplicaSet>().len(),
        world.list::<Pod>().len(),
    )
}

#[test]
fn a_deployment_that_is_deleted_takes_its_pods_along() {
    let mut world = World::new(1);
    world.deploy("db", 2, json!({}));
    world.run(seconds(3));
    assert_eq!(counts(&mut world), (1, 1, 2));
    world.delete_with::<Deployment>("db", Some(Propagation::Background));
    assert_eq!(counts(&mut world), (0, 1, 2));
    world.run(seconds(3));
    assert_eq!(counts(&mut world), (0, 0, 0));
}

#[test]
fn in_the_foreground_the_owner_goes_last() {
    let mut world = World::new(1);
    world.deploy("df", 2, json!({}));
    world.run(seconds(3));
    world.delete_with::<Deployment>("df", Some(Propagation::Foreground));
    world.run(std::time::Duration::from_millis(200));
    // The pods are being ended; everything above them waits.
    assert_eq!(counts(&mut world), (1, 1, 2));
    world.run(seconds(3));
    assert_eq!(counts(&mut world), (0, 0, 0));
}

#[test]
fn orphans_stay_and_lose_their_owner() {
    let mut world = World::new(1);
    world.deploy("do", 2, json!({}));
    world.run(seconds(3));
    world.delete_with::<Deployment>("do", Some(Propagation::Orphan));
    world.run(seconds(3));
    assert_eq!(counts(&mut world), (0, 1, 2));
    let set = world.list::<ReplicaSet>()[0].clone();
    assert_eq!(set.metadata.owner_references, None);
    // A Deployment with the same selector and template takes it over.
    world.deploy("do", 2, json!({}));
    world.run(seconds(3));
    assert_eq!(counts(&mut world), (1, 1, 2));
    let adopted = world.get::<ReplicaSet>(set.name()).expect("the set");
    let owners = adopted
        .metadata
        .owner_references
        .clone()
        .unwrap_or_default();
    assert_eq!(owners.len(), 1);
}

#[test]
fn an_owner_that_never_was_takes_its_dependents_along() {
    let mut world = World::new(1);
    let owned_by = |uids: &[(&str, &str)]| {
        let references: Vec<_> = uids
            .iter()
            .map(|(name, uid)| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid}))
            .collect();
        json!(references)
    };
    let owner = world.create::<ConfigMap>(json!({"metadata": {"name": "owner"}}));
    let there = ("owner", owner.uid());
    let never = ("never", "00000000-0000-4000-8000-000000000000");
    for (name, owners) in [
        ("kept", vec![there]),
        ("both", vec![there, never]),
        ("lost", vec![never]),
    ] {
        let meta = json!({"name": name, "ownerReferences": owned_by(&owners)});
        world.create::<ConfigMap>(json!({"metadata": meta}));
    }
    world.run(seconds(2));
    assert!(world.get::<ConfigMap>("kept").is_some());
    assert!(world.get::<ConfigMap>("lost").is_none());
    let both = world.get::<ConfigMap>("both").expect("still owned");
    assert_eq!(
        both.metadata.owner_references.as_ref().map(Vec::len),
        Some(1)
    );
    world.delete::<ConfigMap>("owner");
    world.run(seconds(2));
    assert!(world.get::<ConfigMap>("kept").is_none());
    assert!(world.get::<ConfigMap>("both").is_none());
}
