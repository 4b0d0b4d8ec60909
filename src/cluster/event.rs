//! Everything that can happen next: the engine's one closed list.

use super::machine::Machine;
use crate::apiserver::WatcherId;
use crate::{controllers, kubelet, network, scheduler};

/// One event of the queue.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// What waits for a watcher reaches it.
    Deliver(WatcherId),
    /// A timer of the scheduler, set after so many starts of it.
    Scheduler(u32, scheduler::Timer),
    /// A timer of the controller manager, likewise.
    Controllers(u32, controllers::Timer),
    /// A timer of the cloud's controller manager.
    Cloud(controllers::cloud::Timer),
    /// A timer of CoreDNS.
    Dns(network::dns::Timer),
    /// A timer of a kubelet.
    Kubelet(Boot, kubelet::Timer),
    /// A timer of a kube-proxy.
    Proxy(Boot, network::proxy::Timer),
}

/// A machine since one of its power-ons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// Index of the machine.
    pub node: u32,
    /// Which power-on.
    pub boot: u32,
}

impl Boot {
    /// The machine, if it still has the power that it had then.
    pub(super) fn machine(self, machines: &mut [Machine]) -> Option<&mut Machine> {
        machines
            .get_mut(self.node as usize)
            .filter(|machine| machine.powered && machine.boot == self.boot)
    }
}
