//! How many pods a roll-out may have too many and too few.

use crate::api::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// `spec.replicas`, defaulted.
pub(super) fn replicas(deployment: &Deployment) -> i32 {
    let spec = deployment.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

/// `spec.replicas` of a set, defaulted.
pub(super) fn set_replicas(set: &ReplicaSet) -> i32 {
    let spec = set.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

/// Sums counts of sets; a user may ask for more than an i32 holds.
pub(super) fn total(counts: impl Iterator<Item = i32>) -> i32 {
    counts.fold(0, i32::saturating_add)
}

fn strategy_type(deployment: &Deployment) -> Option<&str> {
    let spec = deployment.spec.as_ref()?;
    spec.strategy.as_ref()?.type_.as_deref()
}

pub(super) fn is_recreate(deployment: &Deployment) -> bool {
    strategy_type(deployment) == Some("Recreate")
}

/// Pods that may be beyond `replicas` while rolling; rounded up.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    if is_recreate(deployment) {
        return 0;
    }
    fence_posts(deployment).0
}

/// Pods that may be missing while rolling; rounded down.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    let replicas = replicas(deployment);
    if is_recreate(deployment) || replicas == 0 {
        return 0;
    }
    fence_posts(deployment).1.min(replicas)
}

/// Surge and unavailable as counts. Where both come to nothing, nothing could
/// move: then one may be unavailable (`ResolveFenceposts`).
fn fence_posts(deployment: &Deployment) -> (i32, i32) {
    let spec = deployment.spec.as_ref();
    let strategy = spec.and_then(|spec| spec.strategy.as_ref());
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let of = |value: Option<&IntOrString>, up: bool| scaled(value, replicas(deployment), up);
    let surge = of(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
    let unavailable = of(
        rolling.and_then(|rolling| rolling.max_unavailable.as_ref()),
        false,
    );
    if surge == 0 && unavailable == 0 {
        return (0, 1);
    }
    (surge, unavailable)
}

/// A count, or a percentage of `total` (`GetScaledValueFromIntOrPercent`); the
/// default is 25%.
fn scaled(value: Option<&IntOrString>, total: i32, up: bool) -> i32 {
    let percent = match value {
        Some(IntOrString::Int(count)) => return *count,
        Some(IntOrString::String(text)) => text
            .strip_suffix('%')
            .and_then(|number| number.parse::<i64>().ok())
            .unwrap_or(0),
        None => 25,
    };
    let product = percent.saturating_mul(i64::from(total));
    let rounded = if up {
        product.saturating_add(99) / 100
    } else {
        product / 100
    };
    i32::try_from(rounded).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn surge_is_rounded_up_and_unavailable_down() {
        for (surge, unavailable, replicas, expected) in [
            (json!("25%"), json!("25%"), 4, (1, 1)),
            (json!("25%"), json!("25%"), 3, (1, 0)),
            (json!("50%"), json!("25%"), 10, (5, 2)),
            (json!(1), json!(0), 3, (1, 0)),
            (json!(0), json!(0), 3, (0, 1)),
            (json!("100%"), json!("100%"), 3, (3, 3)),
            (json!(0), json!("10%"), 5, (0, 1)),
        ] {
            let deployment: Deployment = serde_json::from_value(json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {},
                "spec": {
                    "replicas": replicas, "selector": {}, "template": {},
                    "strategy": {"type": "RollingUpdate", "rollingUpdate": {
                        "maxSurge": surge, "maxUnavailable": unavailable
                    }}
                }
            }))
            .expect("a deployment");
            let found = (max_surge(&deployment), max_unavailable(&deployment));
            assert_eq!(found, expected, "{surge} {unavailable} of {replicas}");
        }
    }
}
