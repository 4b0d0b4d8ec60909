//! When a toleration covers a taint (`component-helpers/scheduling/corev1`).

use crate::api::core::{Taint, Toleration};

/// Whether one of the tolerations covers the taint.
pub(in crate::scheduler) fn tolerates<'a>(
    tolerations: impl IntoIterator<Item = &'a Toleration>,
    taint: &Taint,
) -> bool {
    tolerations
        .into_iter()
        .any(|toleration| covers(toleration, taint))
}

fn covers(toleration: &Toleration, taint: &Taint) -> bool {
    let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
    if given(&toleration.effect).is_some_and(|effect| effect != taint.effect) {
        return false;
    }
    if given(&toleration.key).is_some_and(|key| key != taint.key) {
        return false;
    }
    let value = toleration.value.as_deref().unwrap_or_default();
    let found = taint.value.as_deref().unwrap_or_default();
    match toleration.operator.as_deref().unwrap_or_default() {
        "" | "Equal" => value == found,
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toleration_covers_by_key_value_and_effect() {
        let taint: Taint =
            serde_json::from_value(json!({"key": "a", "value": "b", "effect": "NoSchedule"}))
                .expect("a taint");
        for (toleration, covered) in [
            (
                json!({"key": "a", "value": "b", "effect": "NoSchedule"}),
                true,
            ),
            (json!({"key": "a", "operator": "Equal", "value": "b"}), true),
            (
                json!({"key": "a", "operator": "Equal", "value": "c"}),
                false,
            ),
            (json!({"key": "a", "operator": "Exists"}), true),
            (json!({"key": "x", "operator": "Exists"}), false),
            (json!({"operator": "Exists"}), true),
            (json!({"operator": "Exists", "effect": "NoExecute"}), false),
            (json!({"key": "a", "operator": "Near", "value": "b"}), false),
        ] {
            let one: Toleration = serde_json::from_value(toleration.clone()).expect("a toleration");
            assert_eq!(tolerates([&one], &taint), covered, "{toleration}");
        }
    }
}
