//! The packet that is about to be sent: where from, where to, and which end the
//! next click on the stage fills in.

use super::state::World;
use crate::api::{Key, Kind};
use crate::session::protocol::{Destination, SendPacket, Source, Subject};

/// An end of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where it begins.
    From,
    /// Where it goes.
    To,
}

/// The packet as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Where from.
    pub from: Option<Source>,
    /// Where to.
    pub to: Option<Destination>,
    /// The port as typed; empty for the destination's first.
    pub port: String,
    /// The end that the next click fills in.
    pub picking: Option<End>,
}

impl Draft {
    /// Takes what was clicked for the end that is being picked. What cannot be an
    /// end is left alone.
    pub fn pick(&mut self, subject: &Subject) {
        match self.picking {
            Some(End::From) => {
                if let Some(from) = source_of(subject) {
                    self.from = Some(from);
                    self.picking = Some(End::To);
                }
            }
            Some(End::To) => {
                if let Some(to) = destination_of(subject) {
                    self.to = Some(to);
                    self.picking = None;
                }
            }
            None => {}
        }
    }

    /// The request, or what is missing.
    pub fn request(&self) -> Result<SendPacket, &'static str> {
        let from = self.from.clone().ok_or("Choose where it starts.")?;
        let to = self.to.clone().ok_or("Choose where it goes.")?;
        if matches!(&to, Destination::Host(host) if host.trim().is_empty()) {
            return Err("Type a name or an address: web.default, 10.96.0.10, localhost.");
        }
        let port = match self.port.trim() {
            "" => None,
            text => match text.parse::<u16>() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err("A port is a number from 1 to 65535."),
            },
        };
        Ok(SendPacket { from, to, port })
    }

    /// Forgets ends that are gone, such as a deleted pod.
    pub fn still_there(&self, world: &World) -> bool {
        let pod = |key: &Key| world.pod_uids.contains_key(key);
        let node = |name: &str| world.nodes.contains_key(name);
        let from = match &self.from {
            Some(Source::Pod { pod: key, .. }) => pod(key),
            Some(Source::Node(name)) => node(name),
            _ => true,
        };
        let to = match &self.to {
            Some(Destination::Pod(key)) => pod(key),
            Some(Destination::NodePort { node: name, .. }) => node(name),
            _ => true,
        };
        from && to
    }
}

/// What a subject is as a beginning.
pub fn source_of(subject: &Subject) -> Option<Source> {
    match subject {
        Subject::Object {
            kind: Kind::Pod,
            key,
        } => Some(Source::Pod {
            pod: key.clone(),
            container: "".into(),
        }),
        Subject::Object {
            kind: Kind::Node,
            key,
        } => Some(Source::Node(key.name.clone())),
        _ => None,
    }
}

/// What a subject is as a goal.
pub fn destination_of(subject: &Subject) -> Option<Destination> {
    match subject {
        Subject::Object {
            kind: Kind::Pod,
            key,
        } => Some(Destination::Pod(key.clone())),
        Subject::Object {
            kind: Kind::Service,
            key,
        } => Some(Destination::Service(key.clone())),
        _ => None,
    }
}

/// A source as the value of a choice in a form.
pub fn source_value(from: &Source) -> String {
    match from {
        Source::Pod { pod, .. } => format!("pod {pod}"),
        Source::Node(node) => format!("node {node}"),
        Source::Outside => "outside".into(),
    }
}

/// The source that a form's value names.
pub fn parse_source(value: &str) -> Option<Source> {
    match value.split_once(' ') {
        Some(("pod", key)) => Some(Source::Pod {
            pod: key_of(key)?,
            container: "".into(),
        }),
        Some(("node", node)) => Some(Source::Node(node.into())),
        _ if value == "outside" => Some(Source::Outside),
        _ => None,
    }
}

/// A destination as the value of a choice in a form.
pub fn destination_value(to: &Destination) -> String {
    match to {
        Destination::Pod(key) => format!("pod {key}"),
        Destination::Service(key) => format!("service {key}"),
        Destination::NodePort { service, node } => format!("nodeport {service} {node}"),
        Destination::Host(_) => "host".into(),
    }
}

/// The destination that a form's value names.
pub fn parse_destination(value: &str) -> Option<Destination> {
    let mut words = value.split(' ');
    match (words.next()?, words.next(), words.next()) {
        ("pod", Some(key), None) => Some(Destination::Pod(key_of(key)?)),
        ("service", Some(key), None) => Some(Destination::Service(key_of(key)?)),
        ("nodeport", Some(key), Some(node)) => Some(Destination::NodePort {
            service: key_of(key)?,
            node: node.into(),
        }),
        ("host", None, None) => Some(Destination::Host(String::new())),
        _ => None,
    }
}

fn key_of(text: &str) -> Option<Key> {
    let (namespace, name) = text.split_once('/')?;
    Some(Key::new(namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: Kind, namespace: &str, name: &str) -> Subject {
        let key = Key::new(namespace, name);
        Subject::Object { kind, key }
    }

    #[test]
    fn two_clicks_make_a_packet() {
        let mut draft = Draft {
            picking: Some(End::From),
            ..Draft::default()
        };
        draft.pick(&subject(Kind::Deployment, "default", "web"));
        assert_eq!(draft.picking, Some(End::From));
        draft.pick(&subject(Kind::Pod, "default", "web-1"));
        draft.pick(&subject(Kind::Service, "default", "api"));
        assert_eq!(draft.picking, None);
        let request = draft.request();
        assert!(request.is_ok_and(|packet| {
            packet.to == Destination::Service(Key::new("default", "api")) && packet.port.is_none()
        }));
    }

    #[test]
    fn what_is_missing_is_said() {
        let mut draft = Draft::default();
        assert!(draft.request().is_err_and(|words| words.contains("starts")));
        draft.from = Some(Source::Outside);
        assert!(draft.request().is_err_and(|words| words.contains("goes")));
        draft.to = Some(Destination::Host(" ".into()));
        assert!(draft.request().is_err_and(|words| words.contains("Type")));
        draft.to = Some(Destination::Host("localhost".into()));
        for port in ["0", "70000", "http"] {
            draft.port = port.into();
            assert!(draft.request().is_err_and(|words| words.contains("65535")));
        }
        draft.port = " 8080 ".into();
        assert_eq!(draft.request().map(|packet| packet.port), Ok(Some(8080)));
    }

    #[test]
    fn choices_are_read_back() {
        let web = || Key::new("default", "web");
        for from in [
            Source::Outside,
            Source::Node("node-1".into()),
            Source::Pod {
                pod: web(),
                container: "".into(),
            },
        ] {
            assert_eq!(parse_source(&source_value(&from)), Some(from));
        }
        for to in [
            Destination::Pod(web()),
            Destination::Service(web()),
            Destination::NodePort {
                service: web(),
                node: "node-2".into(),
            },
            Destination::Host(String::new()),
        ] {
            assert_eq!(parse_destination(&destination_value(&to)), Some(to));
        }
        assert_eq!(parse_source("pod nonsense"), None);
        assert_eq!(parse_destination(""), None);
    }
}
