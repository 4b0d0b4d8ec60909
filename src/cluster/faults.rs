//! What befalls a cluster from outside Kubernetes.

use super::{CONTROL_PLANE, Cluster};
use crate::api::{Key, Kind, Name, Pod};
use crate::etcd::StoreKey;
use crate::sim::Actor;
use crate::sim::trace::{Fault, RecordId, What};
use std::fmt;
use std::sync::Arc;

/// Why a fault could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultError {
    /// There is no such node.
    NoNode(Name),
    /// The node has power already, or has none already.
    Already,
    /// The pod has no running container of that name on its node.
    NoContainer(Key),
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultError::NoNode(name) => write!(f, "there is no node \"{name}\""),
            FaultError::Already => f.write_str("the node is in that state already"),
            FaultError::NoContainer(pod) => {
                write!(f, "pod \"{pod}\" has no such running container")
            }
        }
    }
}

impl std::error::Error for FaultError {}

impl Cluster {
    /// Pulls a node's plug. Its containers are gone at once; the API server
    /// learns of it only when the heartbeats stay away, or never, where it ran on
    /// that very node.
    pub fn stop_node(&mut self, node: &str) -> Result<(), FaultError> {
        let (index, name) = self.find(node)?;
        if !self.machines[index].powered {
            return Err(FaultError::Already);
        }
        self.machines[index].powered = false;
        for actor in [Actor::Kubelet(name.clone()), Actor::KubeProxy(name.clone())] {
            self.core.api.unwatch_all(&actor);
        }
        self.network.node_down(&name);
        let cause = self.record(name, Fault::NodeStopped);
        if node == CONTROL_PLANE {
            self.lose_control_plane(Some(cause));
        }
        Ok(())
    }

    /// Gives a node its power again; it boots with nothing running.
    pub fn start_node(&mut self, node: &str) -> Result<(), FaultError> {
        let (index, name) = self.find(node)?;
        if self.machines[index].powered {
            return Err(FaultError::Already);
        }
        self.network.node_up(&name);
        let cause = self.record(name, Fault::NodeStarted);
        let machine = &mut self.machines[index];
        machine.powered = true;
        machine.boot += 1;
        self.restart_agents(index as u32, Some(cause));
        self.core.send_deliveries();
        Ok(())
    }

    /// Kills the main process of a container, as `kill -9` on its node would.
    /// The first container is taken where the name is empty.
    pub fn kill_container(&mut self, pod: &Key, container: &str) -> Result<(), FaultError> {
        let refused = || FaultError::NoContainer(pod.clone());
        let node = self.node_of(pod).ok_or_else(refused)?;
        let container = match container {
            "" => self.first_container(pod).ok_or_else(refused)?,
            name => name.into(),
        };
        let fault = Fault::ContainerKilled {
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
            container: container.clone(),
        };
        let at = self.boot_of(&node).ok_or_else(refused)?;
        let kubelet = self.kubelet(&node).ok_or_else(refused)?;
        if !kubelet.is_running(pod, &container) {
            return Err(refused());
        }
        let cause = self.record(node, fault);
        let mut killed = false;
        self.step_kubelet(at, Some(cause), |kubelet, ctx, net| {
            killed = kubelet.kill_container(pod, &container, SIGKILL_EXIT, ctx, net);
        });
        debug_assert!(killed, "the container was running a moment ago");
        self.core.send_deliveries();
        Ok(())
    }

    fn find(&self, node: &str) -> Result<(usize, Name), FaultError> {
        match self.machine_by_name.get_key_value(node) {
            Some((name, index)) => Ok((*index as usize, name.clone())),
            None => Err(FaultError::NoNode(node.into())),
        }
    }

    fn pod(&self, pod: &Key) -> Option<Arc<Pod>> {
        let key = StoreKey {
            kind: Kind::Pod,
            key: pod.clone(),
        };
        let entry = self.core.api.etcd().get(&key)?;
        entry.object.as_kind::<Pod>().cloned()
    }

    fn node_of(&self, pod: &Key) -> Option<Name> {
        self.pod(pod)?
            .spec
            .as_ref()?
            .node_name
            .as_deref()
            .map(Name::from)
    }

    fn first_container(&self, pod: &Key) -> Option<Name> {
        let pod = self.pod(pod)?;
        let first = pod.spec.as_ref()?.containers.first()?;
        Some(first.name.as_str().into())
    }

    fn record(&mut self, node: Name, fault: Fault) -> RecordId {
        let what = What::Fault { node, fault };
        self.core
            .sim
            .trace
            .push(self.core.sim.now, None, Actor::World, what)
    }
}

/// What a process killed by SIGKILL leaves behind: 128 + 9.
const SIGKILL_EXIT: i32 = 137;
