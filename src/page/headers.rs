//! A packet's headers before and after a hop, side by side.

use crate::sim::trace::{Hop, Layer, Name, Verdict};

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

/// The addresses and ports that a hop rewrote, as fields.
pub fn rewritten(hop: &Hop) -> Vec<FieldChange> {
    if hop.verdict != Verdict::Rewritten {
        return Vec::new();
    }
    let shown = |field: &FieldChange| {
        field.fate == Fate::Changed && matches!(&*field.name, "src" | "dst" | "sport" | "dport")
    };
    changes(hop)
        .into_iter()
        // Frames are addressed anew at every cable: that is no rewriting.
        .filter(|layer| &*layer.protocol != "Ethernet")
        .flat_map(|layer| layer.fields)
        .filter(shown)
        .collect()
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
        hop.verdict = Verdict::Forwarded;
        assert!(rewritten(&hop).is_empty());
        hop.verdict = Verdict::Rewritten;
        assert_eq!(rewritten(&hop), [layers[0].fields[1].clone()]);
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
