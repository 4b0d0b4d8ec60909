//! NodeName: a pod that names its node goes there only. (Pods whose `nodeName` is
//! set never come to the scheduler; this holds for whoever tries such a pod out.)

use crate::scheduler::framework::{Filter, Rejected, words};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

words! {
    OTHER_NAME = "node(s) didn't match the requested node name";
}

/// The plugin for one pod.
pub(in crate::scheduler) struct NodeName<'a> {
    wanted: &'a str,
}

impl<'a> NodeName<'a> {
    /// For `pod`, where it names a node.
    pub(in crate::scheduler) fn new(pod: &'a PodInfo) -> Option<Self> {
        let spec = pod.pod.spec.as_ref()?;
        let wanted = spec.node_name.as_deref().filter(|name| !name.is_empty())?;
        Some(NodeName { wanted })
    }
}

impl Filter for NodeName<'_> {
    fn filter(&self, node: &NodeInfo) -> Result<(), Rejected> {
        match self.wanted == &*node.name {
            true => Ok(()),
            false => Err(Rejected::unresolvable(&OTHER_NAME)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{info, pod};
    use serde_json::json;

    #[test]
    fn only_the_named_node_fits() {
        let named = pod("p", json!({"containers": [], "nodeName": "n1"}));
        let plugin = NodeName::new(&named).expect("it names a node");
        assert!(plugin.filter(&info("n1", json!({}))).is_ok());
        assert!(plugin.filter(&info("n2", json!({}))).is_err());
        assert!(NodeName::new(&pod("p", json!({"containers": []}))).is_none());
    }
}
