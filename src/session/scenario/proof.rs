//! Finds out whether an expectation has come true.

use super::file::Proof;
use super::pick;
use crate::api::{Key, Kind};
use crate::cluster::Cluster;
use crate::session::mirror::Mirror;
use crate::session::{actions, view};
use crate::sim::trace::{Journey, LegKind, Verdict};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn holds(
    cluster: &Cluster,
    mirror: &Mirror,
    journey: Option<&Journey>,
    proof: &Proof,
) -> bool {
    match proof {
        Proof::Pods {
            selector,
            state,
            count,
        } => {
            let found = pick::pods(mirror, selector)
                .filter(|pod| state.is_none_or(|state| view::pod(mirror, pod).state == state))
                .count();
            found == *count
        }
        Proof::Restarts { selector, at_least } => {
            pick::pods(mirror, selector)
                .map(|pod| view::restarts(pod))
                .sum::<u32>()
                >= *at_least
        }
        Proof::Field {
            kind,
            name,
            path,
            equals,
        } => field(cluster, kind, name, path).as_ref() == Some(equals),
        Proof::Event { reason, contains } => mirror.events.iter().any(|event| {
            let text = |found: &Option<String>| found.clone().unwrap_or_default();
            text(&event.reason) == *reason && text(&event.message).contains(contains.as_str())
        }),
        Proof::Rules { service, endpoints } => every_node_leads_to(cluster, service, *endpoints),
        Proof::Journey {
            answered,
            nodes,
            rewritten,
        } => journey.is_some_and(|journey| {
            journey.answered == *answered
                && nodes.is_none_or(|nodes| passed_nodes(journey) == nodes)
                && rewritten.is_none_or(|rewritten| was_rewritten(journey) == rewritten)
        }),
    }
}

/// kube-proxy names the endpoint in the comment of each rule that leads to one
/// (`default/web -> 10.244.1.2:80`).
fn every_node_leads_to(cluster: &Cluster, service: &str, endpoints: usize) -> bool {
    let service = Key::new("default", service);
    cluster
        .node_names()
        .filter(|node| cluster.is_powered(node))
        .all(|node| {
            let rules = cluster.network().service_rules(&node, &service);
            let targets: BTreeSet<&str> = rules
                .iter()
                .filter(|line| line.starts_with("-A KUBE-SVC-"))
                .filter_map(|line| line.split_once(" -> ")?.1.split('"').next())
                .collect();
            targets.len() == endpoints
        })
}

fn field(cluster: &Cluster, kind: &str, name: &str, path: &str) -> Option<Value> {
    let kind = Kind::ALL
        .iter()
        .copied()
        .find(|found| found.info().kind == kind)?;
    let namespace = if kind.info().namespaced {
        "default"
    } else {
        ""
    };
    let object = actions::look(cluster, kind, &Key::new(namespace, name))?;
    at(&object.to_json(), path).cloned()
}

/// The value at a path: a JSON pointer whose steps may also find an element of a
/// list by one of its fields (`[type=Ready]`).
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut steps = path.split('/').skip(1);
    steps.try_fold(value, |value, step| {
        let found = step
            .strip_prefix('[')
            .and_then(|step| step.strip_suffix(']'));
        match found.and_then(|pair| pair.split_once('=')) {
            Some((field, wanted)) => {
                let mut elements = value.as_array()?.iter();
                elements.find(|element| element.get(field).and_then(Value::as_str) == Some(wanted))
            }
            None => value.pointer(&format!("/{step}")),
        }
    })
}

fn passed_nodes(journey: &Journey) -> usize {
    let request = journey
        .legs
        .iter()
        .filter(|leg| leg.kind == LegKind::Request);
    let nodes: BTreeSet<_> = request
        .flat_map(|leg| &leg.hops)
        .filter_map(|hop| hop.place.node.clone())
        .collect();
    nodes.len()
}

fn was_rewritten(journey: &Journey) -> bool {
    let mut request = journey
        .legs
        .iter()
        .filter(|leg| leg.kind == LegKind::Request);
    request.any(|leg| {
        leg.hops
            .iter()
            .any(|hop| hop.verdict == Verdict::Rewritten && &*hop.stage != "route")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_finds_elements_by_place_and_by_field() {
        let node = json!({"status": {"conditions": [
            {"type": "MemoryPressure", "status": "False"},
            {"type": "Ready", "status": "True"},
        ]}, "a/b": 1});
        for (path, found) in [
            (
                "/status/conditions/[type=Ready]/status",
                Some(json!("True")),
            ),
            ("/status/conditions/0/status", Some(json!("False"))),
            ("/status/conditions/[type=Nothing]/status", None),
            ("/status/[type=Ready]", None),
            ("/a~1b", Some(json!(1))),
            ("", Some(node.clone())),
        ] {
            assert_eq!(at(&node, path), found.as_ref(), "{path}");
        }
    }
}
