//! A component of the cluster, looked at closely.

use super::super::mirror::Mirror;
use super::super::protocol::{Detail, Subject};
use super::{blank, fact, object};
use crate::api::{Key, Kind, Resource};
use crate::cluster::Cluster;
use crate::sim::Actor;

pub(super) fn of(cluster: &Cluster, mirror: &Mirror, actor: &Actor) -> Detail {
    let mut detail = blank(Subject::Component(actor.clone()));
    detail.headline = meaning(actor).into();
    let etcd = cluster.api().etcd();
    match actor {
        Actor::ApiServer => {
            fact(
                &mut detail,
                "Revision of the store",
                etcd.revision().to_string(),
            );
            fact(&mut detail, "Pods stored", mirror.pods.len().to_string());
        }
        Actor::Scheduler => {
            let waiting = mirror.pods.iter().filter(|pod| {
                pod.spec
                    .as_ref()
                    .is_some_and(|spec| spec.node_name.is_none())
            });
            for pod in waiting.take(50) {
                detail
                    .related
                    .push(("waits for a node".into(), object(Kind::Pod, pod.key())));
            }
        }
        Actor::Kubelet(node) | Actor::KubeProxy(node) => {
            fact(&mut detail, "Node", &**node);
            let power = if cluster.is_powered(node) {
                "on"
            } else {
                "off"
            };
            fact(&mut detail, "Power", power);
            detail.related.push((
                "runs on".into(),
                object(Kind::Node, Key::new("", node.clone())),
            ));
            if let Actor::KubeProxy(_) = actor {
                super::node::write_network(cluster, node, &mut detail);
            }
        }
        _ => {}
    }
    detail
        .texts
        .push(("What it did last".into(), last_records(cluster, actor)));
    detail
}

fn meaning(actor: &Actor) -> &'static str {
    match actor {
        Actor::User => {
            "You: kubectl, or this page's buttons. You talk to the API server like everybody else."
        }
        Actor::ApiServer => {
            "The one door. Every component reads and writes the cluster's state through it; it alone talks to etcd."
        }
        Actor::Scheduler => {
            "Finds a node for every pod that has none: first it filters, then it scores."
        }
        Actor::Controller(_) => {
            "Runs the controllers: each compares what is wanted with what is, and asks the API server for the difference."
        }
        Actor::CloudController => "Speaks with the cloud: gives LoadBalancer services an address.",
        Actor::Kubelet(_) => {
            "The agent on a node: starts and probes the containers of the pods bound to it, and reports."
        }
        Actor::KubeProxy(_) => "Turns Services into rules of the node's netfilter.",
        Actor::CoreDns => "Answers names of services and pods.",
        Actor::World => "The world outside Kubernetes: power and cables.",
    }
}

/// Lines shown of what a component did.
const RECORDS_SHOWN: usize = 30;

fn last_records(cluster: &Cluster, actor: &Actor) -> String {
    let mut lines: Vec<String> = cluster
        .trace()
        .latest()
        .filter(|record| same_component(&record.actor, actor))
        .take(RECORDS_SHOWN)
        .filter_map(|record| {
            Some(format!(
                "{:>9.3} s  {}",
                record.at.as_secs_f64(),
                super::super::marks::line(record)?
            ))
        })
        .collect();
    lines.reverse();
    lines.join("\n")
}

/// The controller manager stands for all its controllers.
fn same_component(one: &Actor, other: &Actor) -> bool {
    match (one, other) {
        (Actor::Controller(_), Actor::Controller(name)) if &**name == "kube-controller-manager" => {
            true
        }
        _ => one == other,
    }
}
