//! Node IPAM (`pkg/controller/nodeipam`): each node gets a range of its own for
//! its pods' addresses.

use super::desk::{Controller, Desk, StepCtx, Synced, explain};
use super::informers::{Informers, Seen, object_of};
use super::{Config, errors};
use crate::api::status::{ApiError, conflict};
use crate::api::{Key, Kind, Node};
use crate::apiserver::WatchEvent;
use crate::client::EventType;
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The allocator's memory.
#[derive(Clone, Debug)]
pub(super) struct NodeIpamController {
    cluster: Ipv4Net,
    mask: u8,
    taken: BTreeSet<u32>,
    /// Ranges by node, so that they are given back even if the node's last
    /// version did not tell.
    by_node: BTreeMap<Key, u32>,
    /// Where the search goes on: ranges are not given out again at once.
    next: u32,
}

impl NodeIpamController {
    pub(super) fn new(config: &Config) -> Self {
        let mut ipam = NodeIpamController {
            cluster: config.cluster_cidr,
            mask: config
                .node_cidr_mask_size
                .clamp(config.cluster_cidr.prefix_len(), 32),
            taken: BTreeSet::new(),
            by_node: BTreeMap::new(),
            next: 0,
        };
        ipam.keep_free_for_services(config.service_cidr);
        ipam
    }

    /// Ranges that services' addresses lie in are never given out.
    fn keep_free_for_services(&mut self, services: Ipv4Net) {
        if !self.cluster.contains(&services) && !services.contains(&self.cluster) {
            return;
        }
        let overlaps = |range: &Ipv4Net| range.contains(&services) || services.contains(range);
        let taken =
            (0..self.count()).filter(|index| self.range(*index).as_ref().is_some_and(overlaps));
        self.taken = taken.collect();
    }

    fn count(&self) -> u32 {
        1u32.checked_shl(u32::from(self.mask - self.cluster.prefix_len()))
            .unwrap_or(u32::MAX)
    }

    fn size(&self) -> u32 {
        1u32.checked_shl(32 - u32::from(self.mask)).unwrap_or(0)
    }

    fn range(&self, index: u32) -> Option<Ipv4Net> {
        let first =
            u32::from(self.cluster.network()).checked_add(index.checked_mul(self.size())?)?;
        Ipv4Net::new(Ipv4Addr::from(first), self.mask).ok()
    }

    fn index(&self, range: Ipv4Net) -> Option<u32> {
        let offset = u32::from(range.network()).checked_sub(u32::from(self.cluster.network()))?;
        offset
            .checked_div(self.size())
            .filter(|index| *index < self.count())
    }

    fn allocate(&mut self) -> Option<u32> {
        let count = self.count();
        let found = (0..count)
            .map(|step| self.next.wrapping_add(step) % count)
            .find(|index| !self.taken.contains(index))?;
        self.next = (found + 1) % count;
        self.taken.insert(found);
        Some(found)
    }

    fn occupy(&mut self, key: &Key, node: &Node) {
        let text = node.spec.as_ref().and_then(|spec| spec.pod_cidr.as_deref());
        let range = text.and_then(|text| text.parse::<Ipv4Net>().ok());
        if let Some(index) = range.and_then(|range| self.index(range)) {
            self.taken.insert(index);
            self.by_node.insert(key.clone(), index);
        }
    }
}

impl Controller for NodeIpamController {
    const NAME: &'static str = "node-ipam-controller";
    const EVENT_SOURCE: &'static str = "cidrAllocator";
    /// A node.
    type Item = Key;

    fn observe(
        &mut self,
        event: &WatchEvent,
        seen: &Seen,
        _: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) {
        let Seen::Node(change) = seen else {
            return;
        };
        let key = event.object.key();
        let Some(node) = &change.after else {
            if let Some(index) = self.by_node.remove(&key) {
                self.taken.remove(&index);
            }
            return;
        };
        let has_range = node
            .spec
            .as_ref()
            .is_some_and(|spec| spec.pod_cidr.is_some());
        if !has_range {
            desk.add(key, ctx);
        } else if !self.by_node.contains_key(&key) {
            self.occupy(&key, node);
        }
    }

    fn sync(
        &mut self,
        key: &Key,
        informers: &Informers,
        desk: &mut Desk<Key>,
        ctx: &mut StepCtx<'_, Key>,
    ) -> Result<Synced, ApiError> {
        let Some(known) = informers.nodes.get(key) else {
            return Ok(Synced::Done);
        };
        if known
            .spec
            .as_ref()
            .is_some_and(|spec| spec.pod_cidr.is_some())
        {
            return Ok(Synced::Done);
        }
        let index = match self.by_node.get(key) {
            Some(index) => Some(*index),
            None => self.allocate(),
        };
        let Some((index, range)) = index.and_then(|index| Some((index, self.range(index)?))) else {
            let message = format!("Node {} status is now: CIDRNotAvailable", key.name);
            desk.event(
                ctx,
                &object_of(known),
                EventType::Normal,
                "CIDRNotAvailable",
                &message,
            );
            let why = "CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range";
            return Err(conflict(Kind::Node, &key.name, why));
        };
        self.by_node.insert(key.clone(), index);
        explain(ctx, key, format!("has no pod range: gives it {range}"));
        let mut node = match ctx.get::<Node>(key) {
            Ok(node) => Node::clone(&node),
            Err(error) => return errors::ignore_not_found(Err(error)).map(|()| Synced::Done),
        };
        let spec = node.spec.get_or_insert_default();
        spec.pod_cidr = Some(range.to_string());
        spec.pod_cidrs = Some(vec![range.to_string()]);
        ctx.update(node)?;
        Ok(Synced::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_in_turn_and_run_out() {
        let net = |text: &str| text.parse::<Ipv4Net>().expect("a range");
        let mut ipam = NodeIpamController::new(&Config {
            cluster_cidr: net("10.244.0.0/22"),
            node_cidr_mask_size: 24,
            service_cidr: net("10.244.1.0/24"),
        });
        let mut take = || {
            let index = ipam.allocate()?;
            ipam.range(index).map(|range| range.to_string())
        };
        let given: Vec<_> = std::iter::from_fn(&mut take).collect();
        assert_eq!(given, ["10.244.0.0/24", "10.244.2.0/24", "10.244.3.0/24"]);
    }
}
