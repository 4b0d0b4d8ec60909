//! What the terms mean, one sentence each.

use super::stage::hit::{Part, Target};
use super::state::World;
use super::words;
use crate::session::protocol::PodState;
use crate::sim::Actor;

/// What a target is called, and what that means: title, facts of the moment,
/// meaning of the term.
pub fn explain(world: &World, target: &Target) -> (String, String, &'static str) {
    match target {
        Target::Pod(uid) => match world.pods.get(uid) {
            Some(pod) => {
                let place = match &pod.node {
                    Some(node) => format!("{} · {node} · {}", pod.status, pod.ip),
                    None => pod.status.to_string(),
                };
                (pod.key.to_string(), place, pod_state(pod.state))
            }
            None => ("Pod".into(), "gone".into(), POD),
        },
        Target::Node(name) => {
            let facts = world.nodes.get(name).map_or(String::new(), |node| {
                format!(
                    "{} · pods {} · {}",
                    words::node_state(node.state),
                    node.pod_cidr,
                    match &*node.zone {
                        "" => format!("address {}", node.ip),
                        zone => format!("zone {zone}"),
                    }
                )
            });
            (name.to_string(), facts, NODE)
        }
        Target::Part(node, part) => {
            let (title, meaning) = match part {
                Part::Bridge => ("cni0", BRIDGE),
                Part::Hooks => ("netfilter and routes", HOOKS),
                Part::Eth0 => ("eth0", ETH0),
            };
            (title.into(), format!("on {node}"), meaning)
        }
        Target::Component(actor) => (words::actor(actor), String::new(), component(actor)),
        Target::Etcd => (
            "etcd".into(),
            format!("revision {}", world.clock.revision),
            ETCD,
        ),
        Target::Client => ("client".into(), String::new(), CLIENT),
        Target::Internet => ("internet".into(), String::new(), INTERNET),
        Target::Balancer => ("load balancer".into(), String::new(), BALANCER),
    }
}

const POD: &str = "A pod is one or more containers that share an address and are placed together.";
const NODE: &str = "A node is a machine that runs pods; its kubelet reports to the API server.";
const BRIDGE: &str = "The bridge is a switch inside the node: every pod's cable ends here.";
const HOOKS: &str =
    "Where the kernel rewrites and routes packets, by rules that kube-proxy writes.";
const ETH0: &str = "The node's network card: the way to other nodes and to the outside.";
const ETCD: &str = "The store that keeps every object; only the API server talks to it.";
const CLIENT: &str = "Someone outside the cluster who calls a service.";
const INTERNET: &str = "What lies between the outside and the cluster's nodes.";
const BALANCER: &str =
    "The cloud's own machine that spreads calls to a Service of type LoadBalancer over the nodes.";

fn pod_state(state: PodState) -> &'static str {
    match state {
        PodState::Pending => "Pending: the scheduler has not found a node for it yet.",
        PodState::Starting => "Starting: its node pulls images and makes its containers.",
        PodState::Running => "Running and Ready: services send it traffic.",
        PodState::NotReady => "Running, but a readiness probe fails: services send it no traffic.",
        PodState::BackOff => {
            "CrashLoopBackOff: a container ended; its kubelet waits, longer each time, and starts it again."
        }
        PodState::Blocked => "It cannot start: its image or its configuration is missing.",
        PodState::Succeeded => "Succeeded: every container ended with code 0.",
        PodState::Failed => "Failed: a container ended badly and is not started again.",
        PodState::Terminating => "Terminating: it was asked to stop and has some seconds to do so.",
        PodState::Unknown => "Unknown: its node does not report, so no one can say how it is.",
    }
}

fn component(actor: &Actor) -> &'static str {
    match actor {
        Actor::User => "You: what you apply or click goes to the API server as kubectl's calls do.",
        Actor::ApiServer => {
            "The one door: it checks every call, writes to etcd, and tells watchers what changed."
        }
        Actor::Scheduler => "Chooses a node for each pod that has none.",
        Actor::Controller(_) => {
            "A controller compares what is wanted with what is, and makes calls until both agree."
        }
        Actor::CloudController => {
            "Asks the cloud for what the cluster needs, such as load balancers."
        }
        Actor::Kubelet(_) => {
            "The node's agent: it starts and stops containers, probes them and reports."
        }
        Actor::KubeProxy(_) => "Writes the node's packet rules that make services' addresses work.",
        Actor::CoreDns => "Answers the names of services with their addresses.",
        Actor::World => "The world outside of Kubernetes: power, cables, faults.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    #[test]
    fn a_pod_is_explained_by_its_whole_name_and_state() {
        let mut world = World::default();
        world.apply(&mut fixture::small());
        let (title, facts, meaning) = explain(&world, &Target::Pod("uid-m5n7t".into()));
        assert_eq!(title, "default/api-7d4b9c6f5-m5n7t");
        assert!(facts.contains("CrashLoopBackOff") && facts.contains("node-1"));
        assert!(meaning.contains("longer each time"));
    }

    #[test]
    fn every_meaning_is_one_sentence() {
        let world = World::default();
        for target in [
            Target::Etcd,
            Target::Client,
            Target::Part("n".into(), Part::Hooks),
            Target::Component(Actor::ApiServer),
            Target::Node("n".into()),
        ] {
            let (title, _, meaning) = explain(&world, &target);
            assert!(!title.is_empty() && meaning.ends_with('.'), "{meaning}");
        }
    }
}
