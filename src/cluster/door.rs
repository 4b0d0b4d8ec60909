//! What a listener does with a cluster: it hears which of its watches have news,
//! and fetches pages from pods.

use super::Cluster;
use crate::api::{Key, Name};
use crate::apiserver::WatcherId;
use crate::client::Ctx;
use crate::kubelet::{self, ExecError, ExecNews, ExecRequest, Kubelet};
use crate::network::{Network, Reached, Send};
use crate::sim::Actor;
use crate::sim::trace::{Journey, Verb, What};
use std::sync::Arc;

impl Cluster {
    /// Tells of a watch's news from now on ([`Cluster::take_observers_with_news`]).
    pub fn follow(&mut self, watcher: WatcherId) {
        self.core.followed.insert(watcher);
    }

    /// Tells of it no more.
    pub fn unfollow(&mut self, watcher: WatcherId) {
        self.core.followed.remove(&watcher);
        self.core.with_news.remove(&watcher);
    }

    /// The followed watches that have got something since the last call.
    pub fn take_observers_with_news(&mut self) -> Vec<WatcherId> {
        self.core.send_deliveries();
        std::mem::take(&mut self.core.with_news)
            .into_iter()
            .collect()
    }

    /// Sends a packet; answers with its whole way, and with what the sender heard.
    pub fn fetch(&mut self, send: Send) -> (Arc<Journey>, Option<Reached>) {
        self.network.fetch(&mut self.core.sim, None, send)
    }

    /// One of several, by chance.
    pub fn choose<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(among.len()).ok().filter(|count| *count > 0)?;
        among.get((self.core.sim.chance.next_u32() % count) as usize)
    }

    /// Writes to the trace that somebody was connected to a pod.
    pub fn note_connection(&mut self, pod: &Key, subresource: &str) {
        let what = What::Call {
            verb: Verb::Get,
            resource: "pods".into(),
            subresource: subresource.into(),
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            code: 200,
            revision: self.core.api.etcd().revision(),
            message: "".into(),
        };
        let sim = &mut self.core.sim;
        sim.trace.push(sim.now, None, Actor::User, what);
    }

    /// Begins a command in a container of a pod on a node.
    pub fn exec(
        &mut self,
        node: &Name,
        pod: &Key,
        container: &str,
        request: &ExecRequest,
    ) -> Result<u64, ExecError> {
        let begun = self.at_kubelet(node, |kubelet, ctx, net| {
            kubelet.exec(pod, container, request, ctx, net)
        });
        begun.unwrap_or_else(|| Err(ExecError::NoContainer("the node has no power".to_owned())))
    }

    /// Gives a command input.
    pub fn exec_input(&mut self, node: &Name, id: u64, text: &str) {
        self.at_kubelet(node, |kubelet, ctx, net| {
            kubelet.exec_input(id, text, ctx, net);
        });
    }

    /// Ends a command's input.
    pub fn exec_input_end(&mut self, node: &Name, id: u64) {
        self.at_kubelet(node, |kubelet, ctx, net| {
            kubelet.exec_input_end(id, ctx, net);
        });
    }

    /// What became of a command since the last call; none where it is unknown.
    pub fn exec_news(&mut self, node: &Name, id: u64) -> Option<ExecNews> {
        let index = *self.machine_by_name.get(node)?;
        let machine = self.machines.get_mut(index as usize)?;
        machine.kubelet.exec_news(id)
    }

    /// Nobody wants to hear of a command any more.
    pub fn exec_end(&mut self, node: &Name, id: u64) {
        let index = self.machine_by_name.get(node);
        let machine = index.and_then(|index| self.machines.get_mut(*index as usize));
        if let Some(machine) = machine {
            machine.kubelet.exec_end(id);
        }
    }

    fn at_kubelet<R>(
        &mut self,
        node: &Name,
        act: impl FnOnce(&mut Kubelet, &mut Ctx<'_, kubelet::Timer>, &mut Network) -> R,
    ) -> Option<R> {
        let at = self.boot_of(node)?;
        let mut result = None;
        self.step_kubelet(at, None, |kubelet, ctx, net| {
            result = Some(act(kubelet, ctx, net));
        });
        self.core.send_deliveries();
        result
    }
}
