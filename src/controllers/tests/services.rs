//! Services, their endpoints, their load balancers.

use super::seconds;
use crate::api::{EndpointSlice, Endpoints, Pod, Resource, Service};
use crate::controllers::harness::World;
use serde_json::json;

/// `name ready serving terminating` of each endpoint, in order.
fn endpoints(world: &mut World) -> Vec<String> {
    let slices = world.list::<EndpointSlice>();
    let all = slices
        .iter()
        .flat_map(|slice| slice.endpoints.iter().flatten());
    all.map(|endpoint| {
        let conditions = endpoint.conditions.clone().unwrap_or_default();
        let target = endpoint.target_ref.clone().unwrap_or_default();
        let letter = |value: Option<bool>, letter: &'static str| {
            if value == Some(true) { letter } else { "-" }
        };
        format!(
            "{} {}{}{}",
            target.name.unwrap_or_default(),
            letter(conditions.ready, "r"),
            letter(conditions.serving, "s"),
            letter(conditions.terminating, "t"),
        )
    })
    .collect()
}

/// Names of ready and of unready addresses.
fn addresses(world: &mut World, name: &str) -> (Vec<String>, Vec<String>) {
    let object = world.get::<Endpoints>(name).expect("the endpoints");
    let subsets = object.subsets.clone().unwrap_or_default();
    let names = |of: fn(
        &crate::api::core::EndpointSubset,
    ) -> &Option<Vec<crate::api::core::EndpointAddress>>| {
        let list = subsets
            .iter()
            .flat_map(|subset| of(subset).iter().flatten());
        let mut names: Vec<_> = list
            .filter_map(|address| address.target_ref.clone()?.name)
            .collect();
        names.sort();
        names
    };
    (
        names(|subset| &subset.addresses),
        names(|subset| &subset.not_ready_addresses),
    )
}

fn pod(world: &mut World, name: &str, annotations: serde_json::Value, port: i32) {
    world.create::<Pod>(json!({
        "metadata": {"name": name, "labels": {"app": "web"}, "annotations": annotations},
        "spec": {"containers": [{
            "name": "c", "image": "nginx",
            "ports": [{"name": "web", "containerPort": port}]
        }]}
    }));
}

fn service(world: &mut World, ports: serde_json::Value) {
    world.create::<Service>(json!({
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": ports}
    }));
}

/// After recorded case svc/01.
#[test]
fn endpoints_follow_readiness() {
    let mut world = World::new(1);
    world.runner.end = seconds(4);
    service(
        &mut world,
        json!([{"name": "http", "port": 80, "targetPort": 8080}]),
    );
    world.run(seconds(1));
    let placeholder = world.list::<EndpointSlice>();
    assert_eq!(placeholder.len(), 1);
    assert_eq!(placeholder[0].ports, None);
    for (name, annotations) in [
        ("a", json!({})),
        ("b", json!({"sim/ready": "false"})),
        ("d", json!({})),
    ] {
        pod(&mut world, name, annotations, 8080);
    }
    world.run(seconds(2));
    // The empty slice was filled, not replaced.
    let slices = world.list::<EndpointSlice>();
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0].name(), placeholder[0].name());
    let trigger = |slice: &EndpointSlice| {
        let annotations = slice.metadata.annotations.clone().unwrap_or_default();
        annotations.contains_key("endpoints.kubernetes.io/last-change-trigger-time")
    };
    assert!(trigger(&slices[0]));
    assert_eq!(endpoints(&mut world), ["a rs-", "b ---", "d rs-"]);
    let annotate = |world: &mut World, name: &str, value: &str| {
        world.edit::<Pod>(name, |pod| {
            let annotations = pod.metadata.annotations.get_or_insert_default();
            annotations.insert("sim/ready".to_owned(), value.to_owned());
        });
        world.run(seconds(1));
    };
    annotate(&mut world, "b", "true");
    annotate(&mut world, "a", "false");
    assert_eq!(endpoints(&mut world), ["a ---", "b rs-", "d rs-"]);
    world.delete::<Pod>("d");
    world.run(seconds(1));
    assert_eq!(endpoints(&mut world), ["a ---", "b rs-", "d -st"]);
    assert!(!trigger(&world.list::<EndpointSlice>()[0]));
    let lists = |ready: &[&str], unready: &[&str]| {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        (owned(ready), owned(unready))
    };
    assert_eq!(addresses(&mut world, "web"), lists(&["b"], &["a"]));
    world.run(seconds(5));
    assert_eq!(endpoints(&mut world), ["a ---", "b rs-"]);
    world.delete::<Service>("web");
    world.run(seconds(2));
    assert!(world.list::<EndpointSlice>().is_empty());
    assert!(world.get::<Endpoints>("web").is_none());
}

/// After recorded case svc/03.
#[test]
fn a_port_by_name_is_another_number_in_each_pod() {
    let mut world = World::new(1);
    service(
        &mut world,
        json!([
            {"name": "http", "port": 80, "targetPort": "web"},
            {"name": "m", "port": 9090, "targetPort": 9100}
        ]),
    );
    pod(&mut world, "a", json!({}), 8080);
    pod(&mut world, "b", json!({}), 9999);
    world.run(seconds(2));
    let mut ports: Vec<String> = world
        .list::<EndpointSlice>()
        .iter()
        .map(|slice| {
            let numbers = slice.ports.iter().flatten().filter_map(|port| port.port);
            let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
            numbers.join(",")
        })
        .collect();
    ports.sort();
    assert_eq!(ports, ["8080,9100", "9999,9100"]);
    let object = world.get::<Endpoints>("web").expect("the endpoints");
    let mut subsets: Vec<(usize, i32)> = object
        .subsets
        .iter()
        .flatten()
        .map(|subset| {
            let port = subset.ports.as_ref().and_then(|ports| ports.first());
            (
                subset.addresses.as_ref().map_or(0, Vec::len),
                port.map_or(0, |port| port.port),
            )
        })
        .collect();
    subsets.sort();
    assert_eq!(subsets, [(1, 8080), (1, 9999), (2, 9100)]);
}

#[test]
fn two_hundred_and_fifty_pods_fill_three_slices() {
    let mut world = World::new(1);
    service(&mut world, json!([{"port": 80}]));
    world.deploy("web", 250, json!({}));
    world.run(seconds(20));
    let mut sizes: Vec<_> = world
        .list::<EndpointSlice>()
        .iter()
        .map(|slice| slice.endpoints.as_ref().map_or(0, Vec::len))
        .collect();
    sizes.sort();
    assert_eq!(sizes.iter().sum::<usize>(), 250);
    assert!(sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    assert!(
        endpoints(&mut world)
            .iter()
            .all(|endpoint| endpoint.ends_with(" rs-"))
    );
}

/// After recorded case svc/05.
#[test]
fn hand_written_endpoints_are_mirrored() {
    let mut world = World::new(1);
    world.create::<Service>(json!({
        "metadata": {"name": "ext"},
        "spec": {"ports": [{"port": 80, "targetPort": 8080}]}
    }));
    world.create::<Endpoints>(json!({
        "metadata": {"name": "ext"},
        "subsets": [{
            "addresses": [{"ip": "198.51.100.7"}],
            "ports": [{"port": 8080, "protocol": "TCP"}]
        }]
    }));
    world.run(seconds(1));
    let slices = world.list::<EndpointSlice>();
    assert_eq!(slices.len(), 1);
    let labels = slices[0].metadata.labels.clone().unwrap_or_default();
    assert_eq!(labels["kubernetes.io/service-name"], "ext");
    let value = serde_json::to_value(&*slices[0]).expect("json");
    assert_eq!(
        value["endpoints"],
        json!([{"addresses": ["198.51.100.7"], "conditions": {"ready": true}}])
    );
    assert_eq!(
        value["ports"],
        json!([{"name": "", "port": 8080, "protocol": "TCP"}])
    );
    world.delete::<Endpoints>("ext");
    world.run(seconds(1));
    assert!(world.list::<EndpointSlice>().is_empty());
}

#[test]
fn a_load_balancer_comes_and_goes() {
    let mut world = World::new(1);
    for name in ["one", "two"] {
        world.create::<Service>(json!({
            "metadata": {"name": name},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}
        }));
    }
    let ip = |world: &mut World, name: &str| {
        let service = world.get::<Service>(name).expect("the service");
        let status = service.status.clone().unwrap_or_default();
        let ingress = status
            .load_balancer
            .unwrap_or_default()
            .ingress
            .unwrap_or_default();
        ingress.first().and_then(|ingress| ingress.ip.clone())
    };
    world.run(seconds(1));
    assert_eq!(ip(&mut world, "one"), None);
    world.run(seconds(4));
    assert_eq!(ip(&mut world, "one").as_deref(), Some("203.0.113.1"));
    assert_eq!(ip(&mut world, "two").as_deref(), Some("203.0.113.2"));
    assert_eq!(world.events("EnsuredLoadBalancer").len(), 2);
    world.delete::<Service>("one");
    // The cloud gives it back before the service goes.
    assert!(world.get::<Service>("one").is_some());
    world.run(seconds(2));
    assert!(world.get::<Service>("one").is_none());
    assert_eq!(
        world.events("DeletedLoadBalancer"),
        ["Deleted load balancer"]
    );
    world.edit::<Service>("two", |service| {
        service.spec.get_or_insert_default().type_ = Some("ClusterIP".to_owned());
    });
    world.run(seconds(2));
    assert_eq!(ip(&mut world, "two"), None);
    let service = world.get::<Service>("two").expect("the service");
    assert_eq!(service.metadata.finalizers, None);
}
