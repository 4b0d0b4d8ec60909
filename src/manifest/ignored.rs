//! Fields that are stored and have no effect in this simulation. An honest table:
//! whoever gives a field an effect removes its row.

use super::Document;
use super::yaml::{Inside, Place, Span};
use crate::api::Kind;

/// Path inside a pod spec (`*` is any item), and what is missing.
const OF_POD_SPEC: &[(&str, &str)] = &[
    (
        "volumes.*",
        "volumes hold nothing here: containers have no files",
    ),
    ("containers.*.volumeMounts", "containers have no files here"),
    (
        "initContainers.*.volumeMounts",
        "containers have no files here",
    ),
    (
        "containers.*.volumeDevices",
        "containers have no devices here",
    ),
    (
        "securityContext",
        "no process runs here that it could confine",
    ),
    (
        "containers.*.securityContext",
        "no process runs here that it could confine",
    ),
    (
        "initContainers.*.securityContext",
        "no process runs here that it could confine",
    ),
    ("containers.*.lifecycle", "hooks are not run"),
    (
        "affinity.podAffinity",
        "the scheduler here weighs node affinity only",
    ),
    (
        "affinity.podAntiAffinity",
        "the scheduler here weighs node affinity only",
    ),
    (
        "topologySpreadConstraints",
        "the scheduler here does not spread by topology",
    ),
    (
        "priorityClassName",
        "pods of higher priority evict none here",
    ),
    (
        "preemptionPolicy",
        "pods of higher priority evict none here",
    ),
    ("runtimeClassName", "all containers run alike"),
    ("imagePullSecrets", "every registry is open here"),
    ("dnsConfig", "the resolver is always the cluster's"),
    ("hostAliases", "containers have no hosts file"),
    ("hostPID", "there are no processes to share"),
    ("hostIPC", "there are no processes to share"),
    ("shareProcessNamespace", "there are no processes to share"),
    ("readinessGates", "nobody sets their conditions here"),
    ("resourceClaims", "there are no devices to claim"),
    ("containers.*.workingDir", "containers have no files here"),
    ("containers.*.stdin", "nothing is typed into containers"),
    ("containers.*.tty", "nothing is typed into containers"),
    ("containers.*.resizePolicy", "pods are not resized in place"),
    (
        "automountServiceAccountToken",
        "there are no tokens to mount",
    ),
    ("os", "every node runs Linux"),
];

const OF_SERVICE: &[(&str, &str)] = &[
    ("spec.externalIPs", "no router sends these addresses here"),
    (
        "spec.loadBalancerSourceRanges",
        "the load balancer lets everyone in",
    ),
    ("spec.loadBalancerClass", "there is one load balancer only"),
    ("spec.trafficDistribution", "endpoints have no zones here"),
    (
        "spec.healthCheckNodePort",
        "the load balancer asks no node for its health",
    ),
];

const OF_SERVICE_ACCOUNT: &[(&str, &str)] = &[
    ("secrets", "there are no tokens"),
    ("imagePullSecrets", "every registry is open here"),
    (
        "automountServiceAccountToken",
        "there are no tokens to mount",
    ),
];

const OF_DEPLOYMENT: &[(&str, &str)] = &[];

/// A field without effect: its path, its place, and why.
pub(super) struct Ignored {
    pub(super) path: String,
    pub(super) span: Span,
    pub(super) why: &'static str,
}

/// The fields of a document that have no effect.
pub(super) fn fields(kind: Kind, document: &Document) -> Vec<Ignored> {
    let mut found = Vec::new();
    let (own, spec): (&[(&str, &'static str)], Option<&str>) = match kind {
        Kind::Pod => (&[], Some("spec")),
        Kind::Deployment | Kind::ReplicaSet => (OF_DEPLOYMENT, Some("spec.template.spec")),
        Kind::Service => (OF_SERVICE, None),
        Kind::ServiceAccount => (OF_SERVICE_ACCOUNT, None),
        _ => (&[], None),
    };
    for (pattern, why) in own {
        search(&document.place, pattern, String::new(), why, &mut found);
    }
    if let Some(spec) = spec {
        for (pattern, why) in OF_POD_SPEC {
            let pattern = format!("{spec}.{pattern}");
            search(&document.place, &pattern, String::new(), why, &mut found);
        }
    }
    found
}

fn search(place: &Place, pattern: &str, path: String, why: &'static str, found: &mut Vec<Ignored>) {
    let (step, rest) = match pattern.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (pattern, None),
    };
    match &place.inside {
        Inside::Items(items) if step == "*" => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match rest {
                    Some(rest) => search(item, rest, path, why, found),
                    None => found.push(Ignored {
                        path,
                        span: name_of(item),
                        why,
                    }),
                }
            }
        }
        Inside::Fields(fields) => {
            let Some((name, span, inner)) = fields.iter().find(|(name, _, _)| name == step) else {
                return;
            };
            let path = match path.as_str() {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            match rest {
                Some(rest) => search(inner, rest, path, why, found),
                None => found.push(Ignored {
                    path,
                    span: *span,
                    why,
                }),
            }
        }
        _ => {}
    }
}

/// An item is shown by its first field.
fn name_of(item: &Place) -> Span {
    match &item.inside {
        Inside::Fields(fields) => fields.first().map_or(item.span, |(_, span, _)| *span),
        _ => item.span,
    }
}
