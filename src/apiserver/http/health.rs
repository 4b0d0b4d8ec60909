//! `/healthz`, `/livez`, `/readyz` and their single checks
//! (`apiserver/pkg/server/healthz`).

use super::HttpResponse;

/// Checks of the server itself, and of which of the three.
const FIRST: [(&str, bool, bool); 5] = [
    ("ping", true, true),
    ("log", true, true),
    ("loopback-serving-certificate", true, false),
    ("etcd", true, false),
    ("informer-sync", false, true),
];

/// What has to have been started, in its order.
const HOOKS: [&str; 30] = [
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-wait-for-first-sync",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
    "autoregister-completion",
    "apiservice-openapi-controller",
    "apiservice-openapiv3-controller",
];

/// The one of them that is no hook.
const AUTOREGISTER: &str = "autoregister-completion";

/// The names of all checks of `healthz`, `livez` or `readyz`, in order.
pub(super) fn checks(of: &str) -> Vec<String> {
    let ready = of == "readyz";
    let first = FIRST
        .iter()
        .filter(|(_, lives, readies)| if ready { *readies } else { *lives })
        .map(|(name, ..)| (*name).to_owned());
    let hooks = HOOKS.iter().map(|hook| match *hook {
        AUTOREGISTER => AUTOREGISTER.to_owned(),
        hook => format!("poststarthook/{hook}"),
    });
    let last = ready.then(|| "shutdown".to_owned());
    first.chain(hooks).chain(last).collect()
}

/// Answers `/livez?verbose&exclude=etcd` and the like; none where there is no
/// such check.
pub(super) fn serve(of: &str, check: &str, query: &str) -> Option<HttpResponse> {
    let checks = checks(of);
    if !check.is_empty() {
        let known = checks.iter().any(|name| name == check);
        return known.then(|| super::plain(200, "ok"));
    }
    let parameters = || {
        query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (!name.is_empty()).then_some((name, value))
        })
    };
    let excluded: Vec<&str> = parameters()
        .filter(|(name, _)| *name == "exclude")
        .map(|(_, value)| value)
        .collect();
    if !parameters().any(|(name, _)| name == "verbose") {
        return Some(super::plain(200, "ok"));
    }
    let mut text = String::new();
    for name in &checks {
        match excluded.contains(&name.as_str()) {
            true => text.push_str(&format!("[+]{name} excluded: ok\n")),
            false => text.push_str(&format!("[+]{name} ok\n")),
        }
    }
    let unknown: Vec<String> = excluded
        .iter()
        .filter(|name| !checks.iter().any(|known| known == *name))
        .map(|name| format!("{name:?}"))
        .collect();
    if !unknown.is_empty() {
        text.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            unknown.join(", ")
        ));
    }
    text.push_str(&format!("{of} check passed\n"));
    Some(super::plain(200, &text))
}
