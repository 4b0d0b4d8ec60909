//! The first packet: it travels at the start without a click. The page sends it,
//! and says so.

use super::state::World;
use crate::session::protocol::{Action, Destination, NodeState, NodeView, SendPacket, Source};

/// Where the API server listens.
const API_PORT: u16 = 6443;

/// What the page says about it.
pub const WORDS: &str = "A packet to begin with, sent by this page: a node calls the API server, \
as its kubelet does for every heartbeat. Click it to follow it hop by hop.";

/// A call from a worker to the API server, on the control plane's node. None
/// before both are up.
pub fn first_packet(world: &World) -> Option<Action> {
    let up = |node: &&NodeView| node.powered && node.state == NodeState::Ready;
    let worker = world
        .nodes
        .values()
        .filter(up)
        .find(|it| !it.control_plane)?;
    let door = world
        .nodes
        .values()
        .filter(up)
        .find(|it| it.control_plane)?;
    Some(Action::Send(SendPacket {
        from: Source::Node(worker.name.clone()),
        to: Destination::Host(door.ip.to_string()),
        port: Some(API_PORT),
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
        let action = first_packet(&world).expect("a fresh cluster has a worker and an API server");
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
