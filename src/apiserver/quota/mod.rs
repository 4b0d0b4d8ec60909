//! What objects use of a quota: `pkg/quota/v1/evaluator/core`. Admission charges
//! it, the controller counts it anew.

mod pods;
mod scopes;

pub(super) use pods::totals;

pub use pods::missing_resources;
pub use scopes::matches_scopes;

use crate::api::quantity::{self, Amount, Format};
use crate::api::{Kind, Object, Service};
use serde_json::Value;
use std::collections::BTreeMap;

/// Amounts by resource name (`pods`, `requests.cpu`, `count/jobs.batch`).
pub type Usage = BTreeMap<String, Amount>;

/// One of something.
pub(super) fn one() -> Amount {
    Amount::from_value(1, Format::DecimalSi)
}

fn some(count: usize) -> Amount {
    Amount::from_value(i64::try_from(count).unwrap_or(i64::MAX), Format::DecimalSi)
}

/// Kinds that are also counted under their plain name.
const PLAIN: [Kind; 7] = [
    Kind::ConfigMap,
    Kind::ResourceQuota,
    Kind::ReplicationController,
    Kind::Secret,
    Kind::Service,
    Kind::PersistentVolumeClaim,
    Kind::Pod,
];

/// `count/pods`, `count/deployments.apps`.
pub fn count_name(kind: Kind) -> String {
    format!("count/{}", kind.group_resource())
}

/// What an object uses.
pub fn usage(object: &Object) -> Usage {
    let kind = object.kind();
    let mut usage = Usage::from([(count_name(kind), one())]);
    match object {
        Object::Pod(pod) => pods::add(pod, &mut usage),
        Object::Service(service) => add_service(service, &mut usage),
        Object::Other(Kind::PersistentVolumeClaim, claim) => {
            usage.insert("persistentvolumeclaims".to_owned(), one());
            add_claim(&claim.rest, &mut usage);
        }
        _ if PLAIN.contains(&kind) => {
            usage.insert(kind.info().plural.to_owned(), one());
        }
        _ => {}
    }
    usage
}

fn add_service(service: &Service, usage: &mut Usage) {
    usage.insert("services".to_owned(), one());
    let Some(spec) = &service.spec else { return };
    let ports = spec.ports.as_ref().map_or(0, Vec::len);
    let node_ports = match spec.type_.as_deref() {
        Some("NodePort") => ports,
        Some("LoadBalancer") => {
            usage.insert("services.loadbalancers".to_owned(), one());
            match spec.allocate_load_balancer_node_ports {
                Some(false) => {
                    let given = spec.ports.iter().flatten();
                    given
                        .filter(|port| port.node_port.unwrap_or(0) != 0)
                        .count()
                }
                _ => ports,
            }
        }
        _ => return,
    };
    usage.insert("services.nodeports".to_owned(), some(node_ports));
}

fn add_claim(fields: &serde_json::Map<String, Value>, usage: &mut Usage) {
    let Some(spec) = fields.get("spec") else {
        return;
    };
    let text = spec.pointer("/resources/requests/storage");
    let size = text
        .and_then(Value::as_str)
        .and_then(|text| quantity::parse(text).ok());
    let class = spec.get("storageClassName").and_then(Value::as_str);
    if let Some(size) = size {
        usage.insert("requests.storage".to_owned(), size);
    }
    if let Some(class) = class.filter(|class| !class.is_empty()) {
        let prefix = format!("{class}.storageclass.storage.k8s.io");
        usage.insert(format!("{prefix}/persistentvolumeclaims"), one());
        if let Some(size) = size {
            usage.insert(format!("{prefix}/requests.storage"), size);
        }
    }
}

/// Whether objects of a kind can use a resource at all.
pub fn is_of(kind: Kind, resource: &str) -> bool {
    if resource == count_name(kind) {
        return true;
    }
    match kind {
        Kind::Pod => pods::is_of(resource),
        Kind::Service => {
            matches!(
                resource,
                "services" | "services.nodeports" | "services.loadbalancers"
            )
        }
        Kind::PersistentVolumeClaim => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
                || resource.contains(".storageclass.storage.k8s.io/")
        }
        kind => PLAIN.contains(&kind) && resource == kind.info().plural,
    }
}

/// Amounts of a JSON map.
pub fn amounts(list: Option<&Value>) -> Usage {
    let map = list.and_then(Value::as_object).into_iter().flatten();
    map.filter_map(|(name, value)| {
        let amount = quantity::parse(value.as_str()?).ok()?;
        Some((name.clone(), amount))
    })
    .collect()
}
