//! Marks of the timeline: the few records that one looks for later.

use super::protocol::{Mark, MarkSort, Subject};
use crate::api::{Key, Kind, Name};
use crate::sim::Actor;
use crate::sim::trace::{Fault, Record, Transition, Verb, What};

/// The mark of a record, if it deserves one.
pub(super) fn of(record: &Record) -> Option<Mark> {
    let (sort, text, subject) = match &record.what {
        What::Call {
            verb,
            resource,
            namespace,
            name,
            code,
            ..
        } if record.actor == Actor::User => {
            let word = deed(*verb)?;
            let kind = Kind::ALL
                .iter()
                .find(|kind| kind.info().plural == &**resource)?;
            let failed = if *code < 400 { "" } else { " (refused)" };
            let text = format!("{word} {} {name}{failed}", kind.info().singular);
            let subject = Subject::Object {
                kind: *kind,
                key: Key::new(namespace.clone(), name.clone()),
            };
            (MarkSort::User, text, Some(subject))
        }
        What::Scheduling(decision) => {
            let subject = pod(&decision.namespace, &decision.pod);
            match &decision.node {
                Some(node) => (
                    MarkSort::Placed,
                    format!("{} placed on {node}", decision.pod),
                    Some(subject),
                ),
                None => (
                    MarkSort::Warning,
                    format!("{}: {}", decision.pod, decision.message),
                    Some(subject),
                ),
            }
        }
        What::Container {
            namespace,
            pod: name,
            container,
            transition,
            ..
        } => {
            let text = match transition {
                Transition::Exited { code, .. } if *code != 0 => {
                    format!("{name}: {container} exited with {code}")
                }
                Transition::BackOff { seconds, .. } => {
                    format!("{name}: {container} waits {seconds} s before its restart")
                }
                Transition::PullFailed { image, .. } => format!("{name}: no image {image}"),
                _ => return None,
            };
            (MarkSort::Crash, text, Some(pod(namespace, name)))
        }
        What::Fault { node, fault } => {
            let subject = Subject::Object {
                kind: Kind::Node,
                key: Key::new("", node.clone()),
            };
            match fault {
                Fault::NodeStopped => (MarkSort::Node, format!("{node} lost power"), Some(subject)),
                Fault::NodeStarted => (
                    MarkSort::Node,
                    format!("{node} has power again"),
                    Some(subject),
                ),
                Fault::ContainerKilled {
                    namespace,
                    pod: name,
                    container,
                } => (
                    MarkSort::User,
                    format!("{name}: {container} killed"),
                    Some(pod(namespace, name)),
                ),
            }
        }
        What::Journey(journey) => (MarkSort::Packet, journey.title.clone(), None),
        _ => return None,
    };
    Some(Mark {
        at: record.at,
        sort,
        text: text.into(),
        subject,
    })
}

/// Marks of placements; more than `most` of them become one with their number.
pub(super) fn together(placed: Vec<Mark>, most: usize) -> Vec<Mark> {
    if placed.len() <= most {
        return placed;
    }
    let text = format!("{} pods placed", placed.len()).into();
    let last = placed.into_iter().next_back();
    last.map(|mark| Mark {
        text,
        subject: None,
        ..mark
    })
    .into_iter()
    .collect()
}

fn pod(namespace: &Name, name: &Name) -> Subject {
    Subject::Object {
        kind: Kind::Pod,
        key: Key::new(namespace.clone(), name.clone()),
    }
}

fn deed(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Create => Some("create"),
        Verb::Update | Verb::Patch => Some("change"),
        Verb::Delete | Verb::DeleteCollection => Some("delete"),
        Verb::Get | Verb::List | Verb::Watch => None,
    }
}

/// A record as one line of text, for lists of what a component did.
pub(super) fn line(record: &Record) -> Option<String> {
    Some(match &record.what {
        What::Call {
            verb,
            resource,
            subresource,
            namespace,
            name,
            code,
            ..
        } => {
            let slash = if subresource.is_empty() { "" } else { "/" };
            format!(
                "{verb:?} {resource}{slash}{subresource} {} ({code})",
                Key::new(namespace.clone(), name.clone())
            )
        }
        What::Reconcile { key, outcome } => format!("{key}: {outcome}"),
        What::Scheduling(decision) => match &decision.node {
            Some(node) => format!("{} goes to {node}", decision.pod),
            None => format!("{}: {}", decision.pod, decision.message),
        },
        What::Container {
            pod,
            container,
            transition,
            ..
        } => format!("{pod} {container}: {transition:?}"),
        What::RulesWritten { rules, .. } => format!("wrote {rules} rules"),
        What::Delivered { .. } | What::Journey(_) | What::Fault { .. } => return None,
    })
}
