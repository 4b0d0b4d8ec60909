//! DefaultTolerationSeconds: pods stay five minutes on a node that fails.

use crate::api::Pod;
use crate::api::core::Toleration;

/// `--default-not-ready-toleration-seconds`, and the same for unreachable.
const DEFAULT_SECONDS: i64 = 300;

/// Adds the tolerations that the pod does not have in some form.
pub(super) fn default_toleration_seconds(pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    let tolerations = spec.tolerations.get_or_insert_default();
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        if tolerations.iter().any(|toleration| covers(toleration, key)) {
            continue;
        }
        tolerations.push(Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some("NoExecute".to_owned()),
            toleration_seconds: Some(DEFAULT_SECONDS),
            ..Toleration::default()
        });
    }
}

fn covers(toleration: &Toleration, key: &str) -> bool {
    let own_key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    (own_key == key || own_key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}
