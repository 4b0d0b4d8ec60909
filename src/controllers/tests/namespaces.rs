//! Namespaces come with an account and a certificate, and go when empty.

use super::seconds;
use crate::api::{ConfigMap, Deployment, Key, Namespace, Pod, ServiceAccount};
use crate::controllers::harness::World;
use serde_json::json;

#[test]
fn a_namespace_gets_its_account_and_certificate() {
    let mut world = World::new(1);
    world.create::<Namespace>(json!({"metadata": {"name": "shop"}}));
    world.run(seconds(1));
    let (account, certificate) = (
        Key::new("shop", "default"),
        Key::new("shop", "kube-root-ca.crt"),
    );
    assert!(
        world
            .user(|ctx| ctx.get::<ServiceAccount>(&account))
            .is_ok()
    );
    let published = world
        .user(|ctx| ctx.get::<ConfigMap>(&certificate))
        .expect("published");
    let data = published.data.clone().unwrap_or_default();
    assert!(data["ca.crt"].starts_with("-----BEGIN CERTIFICATE-----"));
    // Both come back when somebody deletes them.
    world.user(|ctx| {
        ctx.delete::<ServiceAccount>(&account, Default::default())
            .expect("deleted");
        ctx.delete::<ConfigMap>(&certificate, Default::default())
            .expect("deleted");
    });
    world.run(seconds(1));
    assert!(
        world
            .user(|ctx| ctx.get::<ServiceAccount>(&account))
            .is_ok()
    );
    assert!(world.user(|ctx| ctx.get::<ConfigMap>(&certificate)).is_ok());
}

#[test]
fn a_namespace_goes_when_it_is_empty() {
    let mut world = World::new(1);
    world.create::<Namespace>(json!({"metadata": {"name": "shop"}}));
    world.create::<Deployment>(json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]}
            }
        }
    }));
    world.run(seconds(3));
    world.create::<ConfigMap>(json!({"metadata": {"name": "note", "namespace": "shop"}}));
    world.delete::<Namespace>("shop");
    world.run(seconds(4));
    // Nothing happens for five seconds.
    assert_eq!(world.active_pods().len(), 3);
    world.run(std::time::Duration::from_millis(1100));
    let going = world.get::<Namespace>("shop").expect("not gone yet");
    let conditions = going
        .status
        .clone()
        .unwrap_or_default()
        .conditions
        .unwrap_or_default();
    let remaining = conditions
        .iter()
        .find(|condition| condition.type_ == "NamespaceContentRemaining")
        .and_then(|condition| condition.message.clone());
    assert_eq!(
        remaining.as_deref(),
        Some("Some resources are remaining: pods. has 3 resource instances")
    );
    world.run(seconds(60));
    assert!(world.get::<Namespace>("shop").is_none());
    assert_eq!(world.list::<Pod>().len(), 0);
    assert_eq!(world.list::<Deployment>().len(), 0);
    // No controller recreated a pod meanwhile.
    assert_eq!(world.events("SuccessfulCreate").len(), 0);
}
