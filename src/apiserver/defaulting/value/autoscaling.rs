//! HorizontalPodAutoscalers.

use super::{Fields, items, present, quantities, set, struct_in};
use serde_json::{Value, json};

const CPU_PERCENT: i32 = 80;

pub(super) fn autoscaler(fields: &mut Fields) {
    let Some(spec) = struct_in(fields, "spec") else {
        return;
    };
    set(spec, "minReplicas", 1.into());
    let target = json!({"type": "Utilization", "averageUtilization": CPU_PERCENT});
    let cpu = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
    set(spec, "metrics", cpu);
    for metric in items(spec, "metrics") {
        for source in [
            "resource",
            "containerResource",
            "pods",
            "object",
            "external",
        ] {
            if let Some(source) = present(metric, source) {
                canonical_target(source);
            }
        }
    }
    if let Some(behavior) = present(spec, "behavior") {
        let add = json!([
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ]);
        let remove = json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]);
        if let Some(up) = struct_in(behavior, "scaleUp") {
            set(up, "stabilizationWindowSeconds", 0.into());
            rules(up, add);
        }
        if let Some(down) = struct_in(behavior, "scaleDown") {
            rules(down, remove);
        }
    }
}

fn rules(rules: &mut Fields, policies: Value) {
    set(rules, "selectPolicy", "Max".into());
    set(rules, "policies", policies);
}

fn canonical_target(source: &mut Fields) {
    let Some(target) = present(source, "target") else {
        return;
    };
    for name in ["value", "averageValue"] {
        if let Some(value) = target.get_mut(name) {
            let mut list = json!({ "it": value.take() });
            quantities(Some(&mut list));
            *value = list["it"].take();
        }
    }
}
