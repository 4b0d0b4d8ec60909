//! A packet's journey as one reads it: hops grouped by where they happen, headers
//! before and after with what changed, the next hop and the one before.

use crate::sim::trace::{Hop, Journey, Layer, Leg, LegKind, Name, Place, Site, Traffic, Verdict};
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

/// Bytes as `tcpdump -XX` prints them: offset, sixteen in hex, the same as
/// letters.
pub fn hex_dump(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match *byte {
        0x20..0x7f => char::from(*byte),
        _ => '.',
    };
    let line = |(number, bytes): (usize, &[u8])| {
        let pairs: Vec<String> = bytes
            .chunks(2)
            .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        let letters: String = bytes.iter().map(letter).collect();
        format!("0x{:04x}:  {:<39}  {letters}", number * 16, pairs.join(" "))
    };
    let lines: Vec<String> = bytes.chunks(16).enumerate().map(line).collect();
    lines.join("\n")
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

    #[test]
    fn bytes_are_printed_as_tcpdump_does() {
        let bytes: Vec<u8> = (0x40..0x51).collect();
        assert_eq!(
            hex_dump(&bytes),
            "0x0000:  4041 4243 4445 4647 4849 4a4b 4c4d 4e4f  @ABCDEFGHIJKLMNO\n\
             0x0010:  50                                       P"
        );
        assert_eq!(hex_dump(&[]), "");
    }
}
