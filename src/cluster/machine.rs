//! The machines of a cluster and the agents on them.

use super::event::{Boot, Event};
use super::{CONTROL_PLANE, Cluster};
use crate::api::Name;
use crate::client::Ctx;
use crate::kubelet::{self, Kubelet, NodeConfig};
use crate::network::Network;
use crate::network::proxy::{self, KubeProxy};
use crate::sim::{Actor, Cause};

/// One machine with the agents on it.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub name: Name,
    pub kubelet: Kubelet,
    pub proxy: KubeProxy,
    pub powered: bool,
    /// Counts power-ons; timers set before the last one are void.
    pub boot: u32,
}

impl Cluster {
    pub(super) fn machine(&self, node: &str) -> Option<&Machine> {
        self.machines.get(*self.machine_by_name.get(node)? as usize)
    }

    /// A machine as it is since its last power-on; none where it has no power.
    pub(super) fn boot_of(&self, node: &str) -> Option<Boot> {
        let index = *self.machine_by_name.get(node)?;
        let machine = self.machines.get(index as usize);
        let machine = machine.filter(|machine| machine.powered)?;
        Some(Boot {
            node: index,
            boot: machine.boot,
        })
    }

    pub(super) fn add_machine(&mut self, config: NodeConfig) {
        let name = config.name.clone();
        let index = self.machines.len() as u32;
        self.machine_by_name.insert(name.clone(), index);
        self.machines.push(Machine {
            name: name.clone(),
            kubelet: Kubelet::new(config),
            proxy: KubeProxy::new(name),
            powered: true,
            boot: 0,
        });
        self.start_agents(index, None, Kubelet::start);
    }

    /// Starts kubelet and kube-proxy of a machine that has got power again: the
    /// kubelet finds its pods bound and nothing running.
    pub(super) fn restart_agents(&mut self, index: u32, cause: Cause) {
        if let Some(machine) = self.machines.get_mut(index as usize) {
            machine.proxy = KubeProxy::new(machine.name.clone());
        }
        self.start_agents(index, cause, Kubelet::power_on);
    }

    fn start_agents(
        &mut self,
        index: u32,
        cause: Cause,
        begin: fn(&mut Kubelet, &mut Ctx<'_, kubelet::Timer>, &mut Network),
    ) {
        let Some(machine) = self.machines.get(index as usize) else {
            return;
        };
        let at = Boot {
            node: index,
            boot: machine.boot,
        };
        self.step_kubelet(at, cause, begin);
        self.step_proxy(at, cause, KubeProxy::start);
    }

    /// Steps a kubelet, if its machine still has the power that it had then.
    pub(super) fn step_kubelet(
        &mut self,
        at: Boot,
        cause: Cause,
        act: impl FnOnce(&mut Kubelet, &mut Ctx<'_, kubelet::Timer>, &mut Network),
    ) {
        let (core, net) = (&mut self.core, &mut self.network);
        let Some(machine) = at.machine(&mut self.machines) else {
            return;
        };
        core.step(
            Actor::Kubelet(machine.name.clone()),
            cause,
            |timer| Event::Kubelet(at, timer),
            |ctx| act(&mut machine.kubelet, ctx, net),
        );
        if *machine.name == *CONTROL_PLANE {
            self.follow_control_plane(cause);
        }
    }

    /// The same for a kube-proxy.
    pub(super) fn step_proxy(
        &mut self,
        at: Boot,
        cause: Cause,
        act: impl FnOnce(&mut KubeProxy, &mut Ctx<'_, proxy::Timer>, &mut Network),
    ) {
        let (core, net) = (&mut self.core, &mut self.network);
        let Some(machine) = at.machine(&mut self.machines) else {
            return;
        };
        core.step(
            Actor::KubeProxy(machine.name.clone()),
            cause,
            |timer| Event::Proxy(at, timer),
            |ctx| act(&mut machine.proxy, ctx, net),
        );
    }
}
