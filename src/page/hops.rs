//! A packet's journey as one reads it: hops grouped by where they happen, headers
//! before and after with what changed, the next hop and the one before.

use crate::sim::trace::{Hop, Journey, Layer, Leg, LegKind, Name, Place, Site, Traffic, Verdict};
use std::ops::Range;

/// Hops of a leg that follow each other at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Where: a node's name, or what lies outside of the nodes.
    pub place: String,
    /// What happens there, in a few words.
    pub role: &'static str,
    /// The hops by number.
    pub hops: Range<usize>,
}

/// Groups a leg's hops by node.
pub fn groups(leg: &Leg) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, hop) in leg.hops.iter().enumerate() {
        let place = region(&hop.place);
        match groups.last_mut() {
            Some(group) if group.place == place => group.hops.end = number + 1,
            _ => groups.push(Group {
                place,
                role: "",
                hops: number..number + 1,
            }),
        }
    }
    let count = groups.len();
    for (number, group) in groups.iter_mut().enumerate() {
        let hop = leg.hops.get(group.hops.start);
        group.role = match hop.map(|hop| hop.place.site) {
            Some(Site::Underlay) => "the cables between the nodes",
            _ if count == 1 => "it never leaves this place",
            _ if number == 0 => "where it starts",
            _ if number + 1 == count => "where it ends",
            _ => "on its way",
        };
    }
    groups
}

fn region(place: &Place) -> String {
    match (place.site, &place.node) {
        (Site::Underlay, _) => "Underlay".into(),
        (_, Some(node)) => node.to_string(),
        (Site::LoadBalancer, None) => "Load balancer".into(),
        (_, None) => "Outside".into(),
    }
}

/// Where a hop happens, without its node: `pod web-1 · eth0`, `cni0`.
pub fn place(place: &Place) -> String {
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
    let device = match &*place.device {
        "" => site,
        device => device,
    };
    match &place.pod {
        Some(pod) => {
            let name = pod.rsplit('/').next().unwrap_or(pod);
            format!("{name} · {device}")
        }
        None => device.to_owned(),
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

/// What became of a header at a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is as it was.
    Kept,
    /// It is another than before.
    Changed,
    /// It was put on.
    Added,
    /// It was taken off.
    Removed,
}

/// A header field before and after a hop.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Name.
    pub name: Name,
    /// As it came, or empty.
    pub before: String,
    /// As it went on, or empty.
    pub after: String,
    /// What became of it.
    pub fate: Fate,
}

/// A protocol layer before and after a hop.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerChange {
    /// Protocol.
    pub protocol: Name,
    /// What became of it as a whole.
    pub fate: Fate,
    /// Its fields in the order of the wire.
    pub fields: Vec<FieldChange>,
}

/// Lays a hop's headers side by side. Layers are matched from the payload
/// outward, as encapsulation adds them outside.
pub fn changes(hop: &Hop) -> Vec<LayerChange> {
    if hop.after.is_empty() {
        return hop
            .before
            .iter()
            .map(|layer| one_side(layer, Fate::Kept))
            .collect();
    }
    let mut out: Vec<LayerChange> = Vec::new();
    let (mut old, mut new) = (hop.before.len(), hop.after.len());
    while let (Some(before), Some(after)) = (up(&hop.before, old), up(&hop.after, new)) {
        if before.protocol == after.protocol {
            out.push(both_sides(before, after));
            (old, new) = (old - 1, new - 1);
        } else if has(&hop.after, new, &before.protocol) {
            out.push(one_side(after, Fate::Added));
            new -= 1;
        } else {
            out.push(one_side(before, Fate::Removed));
            old -= 1;
        }
    }
    while let Some(layer) = up(&hop.before, old) {
        out.push(one_side(layer, Fate::Removed));
        old -= 1;
    }
    while let Some(layer) = up(&hop.after, new) {
        out.push(one_side(layer, Fate::Added));
        new -= 1;
    }
    out.reverse();
    out
}

fn up(layers: &[Layer], end: usize) -> Option<&Layer> {
    layers.get(end.checked_sub(1)?)
}

fn has(layers: &[Layer], end: usize, protocol: &Name) -> bool {
    layers
        .iter()
        .take(end)
        .any(|layer| layer.protocol == *protocol)
}

fn one_side(layer: &Layer, fate: Fate) -> LayerChange {
    let fields = layer.fields.iter().map(|field| FieldChange {
        name: field.name.clone(),
        before: match fate {
            Fate::Added => String::new(),
            _ => field.value.clone(),
        },
        after: match fate {
            Fate::Removed => String::new(),
            _ => field.value.clone(),
        },
        fate,
    });
    LayerChange {
        protocol: layer.protocol.clone(),
        fate,
        fields: fields.collect(),
    }
}

fn both_sides(before: &Layer, after: &Layer) -> LayerChange {
    let value = |layer: &Layer, name: &Name| {
        let field = layer.fields.iter().find(|field| field.name == *name);
        field.map(|field| field.value.clone())
    };
    let mut names: Vec<&Name> = before.fields.iter().map(|field| &field.name).collect();
    for field in &after.fields {
        if !names.contains(&&field.name) {
            names.push(&field.name);
        }
    }
    let fields: Vec<FieldChange> = names
        .into_iter()
        .map(|name| {
            let (old, new) = (value(before, name), value(after, name));
            let fate = match (&old, &new) {
                (Some(old), Some(new)) if old == new => Fate::Kept,
                (Some(_), Some(_)) => Fate::Changed,
                (None, _) => Fate::Added,
                (_, None) => Fate::Removed,
            };
            FieldChange {
                name: name.clone(),
                before: old.unwrap_or_default(),
                after: new.unwrap_or_default(),
                fate,
            }
        })
        .collect();
    let kept = fields.iter().all(|field| field.fate == Fate::Kept);
    LayerChange {
        protocol: before.protocol.clone(),
        fate: if kept { Fate::Kept } else { Fate::Changed },
        fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixture;
    use crate::sim::trace::Field;

    fn layer(protocol: &str, fields: &[(&str, &str)]) -> Layer {
        let fields = fields.iter().map(|(name, value)| Field {
            name: (*name).into(),
            value: (*value).into(),
        });
        Layer {
            protocol: protocol.into(),
            fields: fields.collect(),
        }
    }

    fn changed(before: Vec<Layer>, after: Vec<Layer>) -> Vec<(String, Fate)> {
        let mut hop = fixture::journey().legs.remove(0).hops.remove(0);
        hop.before = before;
        hop.after = after;
        changes(&hop)
            .into_iter()
            .map(|layer| (layer.protocol.to_string(), layer.fate))
            .collect()
    }

    #[test]
    fn hops_are_grouped_by_node() {
        let journey = fixture::journey();
        let groups = groups(&journey.legs[0]);
        let seen: Vec<(&str, &str, usize)> = groups
            .iter()
            .map(|group| (&*group.place, group.role, group.hops.len()))
            .collect();
        assert_eq!(
            seen,
            [
                ("node-1", "where it starts", 7),
                ("node-2", "where it ends", 4)
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
    fn a_rewritten_destination_is_told_from_what_stays() {
        let ip = |dst| layer("IPv4", &[("src", "10.244.1.4"), ("dst", dst)]);
        let mut hop = fixture::journey().legs.remove(0).hops.remove(0);
        hop.before = vec![ip("10.96.0.17")];
        hop.after = vec![ip("10.244.2.9")];
        let layers = changes(&hop);
        assert_eq!(layers[0].fields[0].fate, Fate::Kept);
        assert_eq!(layers[0].fields[1].fate, Fate::Changed);
        assert_eq!(layers[0].fields[1].before, "10.96.0.17");
        assert_eq!(layers[0].fields[1].after, "10.244.2.9");
    }

    #[test]
    fn encapsulation_adds_outside_and_decapsulation_takes_off() {
        let ip = || layer("IPv4", &[("ttl", "64")]);
        let outer = || layer("Ethernet", &[("dst", "aa")]);
        let named = |list: &[(&str, Fate)]| {
            let named = list.iter().map(|(name, fate)| ((*name).to_owned(), *fate));
            named.collect::<Vec<_>>()
        };
        assert_eq!(
            changed(vec![ip()], vec![outer(), ip()]),
            named(&[("Ethernet", Fate::Added), ("IPv4", Fate::Kept)])
        );
        assert_eq!(
            changed(vec![outer(), ip()], vec![ip()]),
            named(&[("Ethernet", Fate::Removed), ("IPv4", Fate::Kept)])
        );
        assert_eq!(changed(vec![ip()], vec![]), named(&[("IPv4", Fate::Kept)]));
    }

    #[test]
    fn places_are_named_by_pod_and_device() {
        let journey = fixture::journey();
        let hops = &journey.legs[0].hops;
        assert_eq!(place(&hops[1].place), "web-7d4b9c6f5-x2x9z · eth0");
        assert_eq!(place(&hops[3].place), "cni0");
        assert_eq!(place(&hops[4].place), "network stack");
    }
}
