//! NodePorts: a port of the node is held by one pod at a time.

use crate::scheduler::framework::{Filter, Rejected, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::{HostPort, PodInfo};

words! {
    TAKEN = "node(s) didn't have free ports for the requested pod ports";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct NodePorts<'a> {
    wanted: &'a [HostPort],
}

impl<'a> NodePorts<'a> {
    /// For `pod`, where it asks for ports of its node.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo) -> Option<Self> {
        (!pod.ports.is_empty()).then_some(NodePorts { wanted: &pod.ports })
    }
}

impl Filter for NodePorts<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        let taken = self
            .wanted
            .iter()
            .any(|wanted| node.ports.iter().any(|held| held.clashes(wanted)));
        match taken {
            true => Err(Rejected::resolvable(&TAKEN)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::node_info::GroupId;
    use crate::scheduler::testing::{info, pod};
    use serde_json::json;

    #[test]
    fn address_protocol_and_number_make_a_port() {
        let asks = |port: i32, protocol: &str, ip: &str| {
            pod(
                &format!("p{port}"),
                json!({"containers": [{"name": "c", "ports": [{
                    "containerPort": 80, "hostPort": port, "protocol": protocol, "hostIP": ip}]}]}),
            )
        };
        for (held, wanted, fits) in [
            ((80, "TCP", ""), (80, "TCP", ""), false),
            ((80, "TCP", ""), (81, "TCP", ""), true),
            ((80, "TCP", ""), (80, "UDP", ""), true),
            ((80, "TCP", "10.0.0.1"), (80, "TCP", "10.0.0.2"), true),
            ((80, "TCP", "10.0.0.1"), (80, "TCP", "0.0.0.0"), false),
            ((80, "TCP", "0.0.0.0"), (80, "TCP", "10.0.0.2"), false),
        ] {
            let mut node = info("n1", json!({}));
            node.add_pod(&asks(held.0, held.1, held.2), GroupId(0));
            let pod = asks(wanted.0, wanted.1, wanted.2);
            let plugin = NodePorts::new(&pod).expect("it asks for a port");
            assert_eq!(plugin.filter(&node).is_ok(), fits, "{held:?} {wanted:?}");
        }
        let none = json!({"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]});
        assert!(NodePorts::new(&pod("p", none)).is_none());
    }
}
