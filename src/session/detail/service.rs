//! A Service, looked at closely.

use super::super::mirror::Mirror;
use super::super::protocol::{Detail, ServiceView, Why};
use super::super::view;
use super::{fact, object, pairs};
use crate::api::{Key, Kind, Resource, Service};
use crate::cluster::Cluster;
use std::collections::BTreeMap;

pub(super) fn write(cluster: &Cluster, mirror: &Mirror, service: &Service, detail: &mut Detail) {
    let seen = view::service(mirror, service);
    detail.headline = match (&*seen.service_type, seen.endpoints.len()) {
        ("ExternalName", _) => "A DNS alias for a name outside the cluster.".into(),
        (_, 0) => "Has no ready endpoints: whoever calls it is refused.".into(),
        (_, 1) => "Leads to 1 ready pod.".into(),
        (_, ready) => format!("Leads to one of {ready} ready pods, each as likely as the others."),
    };
    fact(detail, "Type", &*seen.service_type);
    fact(detail, "Cluster IP", &*seen.cluster_ip);
    fact(detail, "External IP", &*seen.external_ip);
    fact(detail, "Ports", seen.ports.join(", "));
    let selector = service
        .spec
        .as_ref()
        .and_then(|spec| spec.selector.as_ref());
    fact(detail, "Selector", selector.map(pairs).unwrap_or_default());
    fact(
        detail,
        "DNS name",
        format!(
            "{}.{}.svc.cluster.local",
            service.name(),
            service.namespace()
        ),
    );
    detail.why.push(why_these(mirror, service, &seen, selector));
    if !matches!(&*seen.cluster_ip, "" | "None") {
        detail.why.push(Why {
            question: "Which interface has its address?".into(),
            answer: vec![format!(
                "None. {} is virtual: on every node kube-proxy's nat rules rewrite it to a pod's address before routing.",
                seen.cluster_ip
            )],
        });
    }
    for pod in mirror.pods.in_namespace(service.namespace()) {
        let uid = pod.uid();
        if seen.endpoints.iter().any(|endpoint| &**endpoint == uid) {
            detail
                .related
                .push(("leads to".into(), object(Kind::Pod, pod.key())));
        }
    }
    if let Some(rules) = rules_of(cluster, &service.key()) {
        detail.texts.push(("Rules of kube-proxy".into(), rules));
    }
}

/// The rules that a node's kube-proxy wrote for a service. Any node will do, the
/// rules are alike on all but for policies.
fn rules_of(cluster: &Cluster, service: &Key) -> Option<String> {
    let node = cluster.node_names().find(|node| cluster.is_powered(node))?;
    let rules = cluster.network().service_rules(&node, service);
    (!rules.is_empty()).then(|| rules.join("\n"))
}

fn why_these(
    mirror: &Mirror,
    service: &Service,
    seen: &ServiceView,
    selector: Option<&BTreeMap<String, String>>,
) -> Why {
    let question = if seen.endpoints.is_empty() {
        "Why no endpoints?"
    } else {
        "Why these backends?"
    };
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
        let answer = vec!["It has no selector: its endpoints are written by hand.".to_owned()];
        return Why {
            question: question.into(),
            answer,
        };
    };
    let matching = mirror.pods.in_namespace(service.namespace()).filter(|pod| {
        let labels = pod.metadata.labels.as_ref();
        selector
            .iter()
            .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    });
    let total = matching.count();
    let mut answer = vec![format!(
        "{total} pods in {} carry {}.",
        service.namespace(),
        pairs(selector)
    )];
    answer.push(format!(
        "{} of them are Ready and get traffic.",
        seen.endpoints.len()
    ));
    if !seen.endpoints_not_ready.is_empty() {
        answer.push(format!(
            "{} are not Ready and are left out.",
            seen.endpoints_not_ready.len()
        ));
    }
    if total == 0 {
        answer.push("Compare the service's selector with the labels of the pods.".into());
    }
    Why {
        question: question.into(),
        answer,
    }
}
