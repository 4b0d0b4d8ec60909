//! The first packet: it travels at the start without a click. The page sends it,
//! and says so.

use super::state::World;
use crate::session::protocol::{
    Action, Destination, NodeState, NodeView, PodState, PodView, SendPacket, Source,
};

/// What the page says about it.
pub const WORDS: &str = "A packet to begin with, sent by this page: a node asks CoreDNS for a \
name. Click it to follow it hop by hop.";

/// A question to the cluster's DNS, by its virtual address, from a node that has
/// to reach another for the answer. None before all that is there.
pub fn first_packet(world: &World) -> Option<Action> {
    let dns = world.services.values();
    let mut dns = dns.filter(|it| it.system && &*it.key.name == "kube-dns");
    let dns = dns.find(|it| !it.endpoints.is_empty())?;
    let answers = |pod: &&PodView| dns.endpoints.contains(&pod.uid);
    let backends: Vec<&PodView> = world.pods.values().filter(answers).collect();
    let up = |pod: &&PodView| pod.state == PodState::Running;
    if backends.is_empty() || !backends.iter().all(up) {
        return None;
    }
    let free = |node: &&NodeView| {
        let here = |pod: &&PodView| pod.node.as_ref() == Some(&node.name);
        node.powered && node.state == NodeState::Ready && !backends.iter().any(here)
    };
    let from = world.nodes.values().filter(free);
    // A worker rather than the control plane.
    let from = from.min_by_key(|node| node.control_plane)?;
    Some(Action::Send(SendPacket {
        from: Source::Node(from.name.clone()),
        to: Destination::Service(dns.key.clone()),
        port: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;
    use crate::session::protocol::{Answer, ClusterSpec, Command};
    use crate::sim::trace::Site;

    #[test]
    fn the_first_packet_crosses_nodes_and_is_answered() {
        let mut world = World::default();
        assert_eq!(first_packet(&world), None);
        let mut session = Session::new(ClusterSpec::default());
        world.apply(&mut session.update());
        let action =
            first_packet(&world).expect("a fresh cluster has DNS, and a node without a part in it");
        session.command(Command::Act { ticket: 1, action });
        let answers = session.update().answers;
        let [(1, Answer::Journey(journey))] = &answers[..] else {
            panic!("no journey: {answers:?}");
        };
        assert!(journey.answered, "{}", journey.summary);
        let hops = journey.legs.iter().flat_map(|leg| &leg.hops);
        assert!(
            hops.clone().any(|hop| hop.place.site == Site::Underlay),
            "{hops:?}"
        );
    }
}
