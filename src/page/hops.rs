//! A packet's journey as one reads it: hops grouped by where they happen, the next
//! hop and the one before.

use crate::sim::trace::{Hop, Journey, Leg, LegKind, Place, Site, Traffic, Verdict};
use std::ops::Range;

/// Hops of a leg that follow each other at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Where: a pod, a node, or what lies outside of both.
    pub place: String,
    /// What that is, in a few words.
    pub role: String,
    /// The hops by number.
    pub hops: Range<usize>,
}

/// Groups a leg's hops: those in the sender's pod, on its node, between the
/// nodes, on the other node, in the other pod.
pub fn groups(leg: &Leg) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, hop) in leg.hops.iter().enumerate() {
        let (place, role) = region(&hop.place);
        match groups.last_mut() {
            Some(group) if group.place == place => group.hops.end = number + 1,
            _ => groups.push(Group {
                place,
                role,
                hops: number..number + 1,
            }),
        }
    }
    let last = groups.len().saturating_sub(1);
    for (number, group) in groups.iter_mut().enumerate() {
        group.role += match number {
            0 if last == 0 => ", which it never leaves",
            0 => ", where it starts",
            _ if number == last => ", where it ends",
            _ => "",
        };
    }
    groups
}

fn region(place: &Place) -> (String, String) {
    match (place.site, &place.pod, &place.node) {
        (Site::Underlay, ..) => ("Underlay".into(), "the cables between the nodes".into()),
        (_, Some(pod), Some(node)) => (short(pod).to_owned(), format!("pod on {node}")),
        (_, None, Some(node)) => (node.to_string(), "node".into()),
        (Site::LoadBalancer, ..) => ("Load balancer".into(), "the cloud's".into()),
        (_, _, None) => ("Outside".into(), "beyond the cluster".into()),
    }
}

/// A pod's name without its namespace.
fn short(pod: &str) -> &str {
    pod.rsplit('/').next().unwrap_or(pod)
}

/// Where a hop happens within its group: `eth0`, `cni0`, `process`.
pub fn place(place: &Place) -> &str {
    let site = match place.site {
        Site::Process => "process",
        Site::PodEth0 => "eth0",
        Site::Loopback => "lo",
        Site::Veth => "veth",
        Site::Bridge => "cni0",
        Site::Stack => "network stack",
        Site::NodeEth0 => "eth0",
        Site::Underlay => "switch",
        Site::LoadBalancer => "load balancer",
        Site::Client => "client",
    };
    // A process is called like its pod, which the heading says already.
    let named = place.pod.as_deref().map(short);
    match &*place.device {
        "" => site,
        device if named == Some(device) => site,
        device => device,
    }
}

/// What the thing at a place is, in a newcomer's words.
pub fn meaning(site: Site) -> &'static str {
    match site {
        Site::Process => "a process and its socket",
        Site::PodEth0 => "the pod's own network card",
        Site::Loopback => "the loopback: it stays inside",
        Site::Veth => "the node's end of the pod's cable",
        Site::Bridge => "the switch inside the node",
        Site::Stack => "the node's kernel: rules and routes",
        Site::NodeEth0 => "the node's network card",
        Site::Underlay => "the network between the nodes",
        Site::LoadBalancer => "the cloud's load balancer",
        Site::Client => "a client outside the cluster",
    }
}

/// Glyph, word and class of a verdict.
pub fn verdict(verdict: Verdict) -> (&'static str, &'static str, &'static str) {
    match verdict {
        Verdict::Forwarded => ("→", "goes on", "is-gone"),
        Verdict::Rewritten => ("✎", "rewritten", "is-waiting"),
        Verdict::Delivered => ("✓", "delivered", "is-running"),
        Verdict::Dropped => ("✕", "dropped", "is-failed"),
        Verdict::Rejected => ("⊘", "refused", "is-failed"),
    }
}

/// What a leg is.
pub fn leg(kind: LegKind) -> &'static str {
    match kind {
        LegKind::DnsQuery => "DNS query",
        LegKind::DnsReply => "DNS reply",
        LegKind::Request => "Request",
        LegKind::Reply => "Reply",
    }
}

/// Whether a leg is what one came for: the request itself, or where a packet died.
pub fn worth_a_look(leg: &Leg) -> bool {
    let died = |hop: &Hop| matches!(hop.verdict, Verdict::Dropped | Verdict::Rejected);
    leg.kind == LegKind::Request || leg.hops.iter().any(died)
}

/// Name and class of what a packet carries.
pub fn traffic(traffic: Traffic) -> (&'static str, &'static str) {
    match traffic {
        Traffic::Tcp => ("TCP", "is-tcp"),
        Traffic::Udp => ("UDP", "is-udp"),
        Traffic::Icmp => ("ICMP", "is-icmp"),
        Traffic::Dns => ("DNS", "is-dns"),
        Traffic::Arp => ("ARP", "is-gone"),
    }
}

/// A hop that is looked at, or none where the numbers fit nothing.
pub fn hop(journey: &Journey, leg: usize, hop: usize) -> Option<&Hop> {
    journey.legs.get(leg)?.hops.get(hop)
}

/// Moves by so many hops over the borders of legs, and stops at the ends.
pub fn walk(journey: &Journey, leg: usize, hop: usize, by: isize) -> (usize, usize) {
    let (number, count) = number(journey, leg, hop);
    let last = count.saturating_sub(1);
    let goal = number.saturating_add_signed(by).min(last);
    let mut left = goal;
    for (leg, part) in journey.legs.iter().enumerate() {
        if left < part.hops.len() {
            return (leg, left);
        }
        left -= part.hops.len();
    }
    (leg, hop)
}

/// The number of a hop in the whole journey, from 0, and how many there are.
pub fn number(journey: &Journey, leg: usize, hop: usize) -> (usize, usize) {
    let sizes = || journey.legs.iter().map(|leg| leg.hops.len());
    (sizes().take(leg).sum::<usize>() + hop, sizes().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;

    #[test]
    fn hops_are_grouped_by_pod_and_node() {
        let journey = fixture::journey();
        let groups = groups(&journey.legs[0]);
        let seen: Vec<(&str, &str, usize)> = groups
            .iter()
            .map(|group| (&*group.place, &*group.role, group.hops.len()))
            .collect();
        assert_eq!(
            seen,
            [
                ("web-7d4b9c6f5-x2x9z", "pod on node-1, where it starts", 2),
                ("node-1", "node", 5),
                ("node-2", "node", 3),
                ("web-7d4b9c6f5-p8k4d", "pod on node-2, where it ends", 1),
            ]
        );
    }

    #[test]
    fn one_walks_over_the_border_of_a_leg_and_stops_at_the_ends() {
        let journey = fixture::journey();
        for (from, by, to) in [
            ((0, 0), 1, (0, 1)),
            ((0, 10), 1, (1, 0)),
            ((1, 0), -1, (0, 10)),
            ((0, 0), -1, (0, 0)),
            ((1, 10), 5, (1, 10)),
        ] {
            assert_eq!(walk(&journey, from.0, from.1, by), to);
        }
        assert_eq!(number(&journey, 1, 2), (13, 22));
    }

    #[test]
    fn replies_are_folded_unless_they_die() {
        let mut journey = fixture::journey();
        assert!(worth_a_look(&journey.legs[0]));
        assert!(!worth_a_look(&journey.legs[1]));
        journey.legs[1].hops[2].verdict = Verdict::Dropped;
        assert!(worth_a_look(&journey.legs[1]));
    }

    #[test]
    fn places_are_named_by_their_device() {
        let journey = fixture::journey();
        let hops = &journey.legs[0].hops;
        assert_eq!(place(&hops[0].place), "process");
        assert_eq!(place(&hops[1].place), "eth0");
        assert_eq!(place(&hops[3].place), "cni0");
        assert_eq!(place(&hops[4].place), "network stack");
    }
}
